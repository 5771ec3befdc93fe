"""A Tesseract model with the network of network.SPEC: made empty, and filled with trained weights.

    python3 -m models.training.reader.tesseract_model empty --template DIR
    python3 -m models.training.reader.tesseract_model fill --template DIR --weights network.pt --version 0.2.0 \\
        --out models/plate-reader

Debian's tesseract-ocr tools make the empty one (unicharset_extractor, combine_lang_model, lstmtraining for 100 steps).
"""
import argparse
import hashlib
import pathlib
import shutil
import struct
import subprocess

import cv2
import numpy
import torch

from . import line, lstm_file, lstmf, network

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
MARKS = line.TWO_ROW_MARK + "#"  # '#' is never read; Tesseract 5.3 labels its raw time steps rightly only with it at the end
WEIGHTS = "plate.traineddata"


def _call(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{command[0]} failed; apt-get install tesseract-ocr and look at:\n{done.stderr[-2000:]}")


def make_empty(folder):
    """Leaves empty.traineddata and its parts empty.lstm, empty.lstm-unicharset, empty.lstm-recoder in folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "letters.box").write_text("".join(f"{letter} 0 0 10 10 0\n" for letter in LETTERS + MARKS))
    _call("unicharset_extractor", "--norm_mode", "1", "--output_unicharset", folder / "unicharset", folder / "letters.box")
    (folder / "radical-stroke.txt").write_text("19968 1 0\n19969 1 1\n")  # combine_lang_model wants one, used or not
    (folder / "plate").mkdir(exist_ok=True)
    _call("combine_lang_model", "--input_unicharset", folder / "unicharset", "--script_dir", folder, "--output_dir",
          folder, "--lang", "plate")
    sample = numpy.full((line.LINE_HEIGHT_PX, line.LINE_WIDTH_PX), 255, numpy.uint8)
    cv2.putText(sample, "A", (60, 32), cv2.FONT_HERSHEY_SIMPLEX, 1, 0, 3)
    lstmf.write(folder / "one.lstmf", [(sample, "A")])
    (folder / "list").write_text(f"{folder / 'one.lstmf'}\n")
    starter = folder / "plate" / "plate.traineddata"
    _call("lstmtraining", "--traineddata", starter, "--net_spec", network.SPEC, "--model_output", folder / "model",
          "--train_listfile", folder / "list", "--max_iterations", 100)
    _call("lstmtraining", "--stop_training", "--continue_from", folder / "model_checkpoint", "--traineddata", starter,
          "--model_output", folder / "empty.traineddata")
    _call("combine_tessdata", "-u", folder / "empty.traineddata", folder / "empty.")


def codes(folder):
    """Character -> class number, and the class that means no character, of a model's parts in folder."""
    rows = (folder / "empty.lstm-unicharset").read_text(encoding="utf-8").splitlines()
    signs = [row.split(" ")[0] for row in rows[1:1 + int(rows[0])]]
    data, at, found = (folder / "empty.lstm-recoder").read_bytes(), 4, []
    for _ in range(struct.unpack_from("<I", data, 0)[0]):
        length = struct.unpack_from("<I", data, at + 1)[0]
        found.append(struct.unpack_from("<i", data, at + 5)[0])
        at += 5 + 4 * length
    return {sign: code for sign, code in zip(signs, found) if len(sign) == 1}, max(found)


def _card(version, weights):
    return (f"# The plate model; README.md beside it is its card. A program refuses weights with another digest.\n"
            f'[model]\nname = "plate-reader"\nversion = "{version}"\nweights = "{WEIGHTS}"\n'
            f'sha256 = "{hashlib.sha256(weights).hexdigest()}"\nline_height_px = {line.LINE_HEIGHT_PX}\n'
            f'alphabet = "{LETTERS}"\nnetwork = "{network.SPEC}"\n')


def fill(folder, checkpoint, version, out):
    """Writes plate.traineddata and model.toml with the weights of a checkpoint of train_network."""
    model = network.Network(codes(folder)[1] + 1)
    model.load_state_dict(torch.load(checkpoint))
    component = folder / "filled.lstm"
    component.write_bytes(lstm_file.with_weights((folder / "empty.lstm").read_bytes(), model.matrices()))
    out.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(folder / "empty.traineddata", out / WEIGHTS)
    _call("combine_tessdata", "-o", out / WEIGHTS, component)
    _call("combine_tessdata", "-c", out / WEIGHTS)        # integer weights
    (out / f"{WEIGHTS}.__tmp__").unlink(missing_ok=True)  # left behind by combine_tessdata
    (out / "model.toml").write_text(_card(version, (out / WEIGHTS).read_bytes()), encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("empty", "fill"))
    parser.add_argument("--template", required=True, type=pathlib.Path)
    parser.add_argument("--weights", type=pathlib.Path)
    parser.add_argument("--version", default="0.2.0")
    parser.add_argument("--out", type=pathlib.Path)
    options = parser.parse_args()
    if options.what == "empty":
        make_empty(options.template)
        return
    if not options.weights or not options.out:
        parser.error("fill needs --weights and --out")
    fill(options.template, options.weights, options.version, options.out)


if __name__ == "__main__":
    main()
