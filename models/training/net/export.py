#!/usr/bin/env python3
"""Writes the weights as packed ONNX (opset 11) with model.toml beside them: python3 -m models.training.net.export --weights best.pt --out DIR

See packing.publish for what is checked.
"""
import argparse
import os

import torch

from .. import packing
from .network import ALPHABET, HEIGHT, WIDTH, SHAPES, ExportedNetwork, Look, PlateNetwork

TOLERANCE = 0.5      # of the answer, logits of up to 30: the packed weights are rounded
TOML = """# The plate network's weights and how to feed them; README.md beside it is its card. Written by training/net/export.py.
[model]
name = "{name}"
version = "{version}"
weights = "{file}"
sha256 = "{digest}"

[input]
width = {width}          # pixels; the patch is squeezed to it, its contrast spread, grey levels -1 to 1
height = {height}

[output]
name = "steps"       # steps x (alphabet + blank) logits: the upper row's steps, then the lower row's
steps = {steps}
alphabet = "{alphabet}"
"""
LOOK = """
[look]
name = "look"        # a logit for each of these codes of jurisdictions and groups (plate-formats/formats.toml)
codes = [{codes}]
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", required=True, help="best.pt of train.py")
    parser.add_argument("--look", help="what look.py wrote; without it the network tells texts only")
    parser.add_argument("--out", required=True, help="the model's folder")
    parser.add_argument("--shape", choices=SHAPES, default="first")
    parser.add_argument("--version", default="1.0.0")
    options = parser.parse_args()
    network = PlateNetwork(options.shape)
    network.load_state_dict(torch.load(options.weights, map_location="cpu"))
    saved = torch.load(options.look) if options.look else None
    look = saved and Look(len(saved["codes"]), network.body_depth)
    if look:
        look.load_state_dict(saved["look"])
    exported = ExportedNetwork(network, look).eval()
    name = os.path.basename(os.path.normpath(options.out))
    example = torch.rand(1, 1, HEIGHT, WIDTH) * 2 - 1
    file, digest, answer = packing.publish(exported, example, os.path.join(options.out, name + ".onnx"),
                                           ["patch", "steps"] + (["look"] if look else []), TOLERANCE)
    card = TOML.format(name=name, version=options.version, file=file, digest=digest, width=WIDTH, height=HEIGHT,
                       steps=answer.shape[-1], alphabet=ALPHABET)
    if look:
        card += LOOK.format(codes=", ".join(f'"{code}"' for code in saved["codes"]))
    with open(os.path.join(options.out, "model.toml"), "w", encoding="utf-8") as toml:
        toml.write(card)


if __name__ == "__main__":
    main()
