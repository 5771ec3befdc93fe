"""Holds the passages that the tool reads in drawn films against their truth (make_road.py).

    python3 -m models.training.renderer.score_road --tool build/release/bin/portcullis [--frames] [--json] /tmp/road

Each KIND.mp4 of the folder is walked by `portcullis replay`, the reader's own pipeline. Figures:
  vehicles    showed their plate clearly (45 px wide, hidden by nothing) in at least three frames
  captured    of these: a record shows their plate
  duplicates  records beyond the first of a vehicle
  wrong       records whose best picture shows another vehicle than the one whose text they carry
  false       records that show no vehicle's plate
  voted       captured vehicles whose text is wholly right (O as 0, I as 1)
  best frame  with --frames: the most confident reading of any frame that shows the vehicle is wholly right, each frame
              read by itself (portcullis replay --stills)
"""
import argparse
import collections
import csv
import json
import pathlib
import subprocess
import tempfile

DUE_FRAMES = 3


def folded(text):
    return "".join(sign for sign in text.upper() if sign.isalnum()).replace("O", "0").replace("I", "1")


def distance(a, b):
    """Edit distance."""
    row = list(range(len(b) + 1))
    for i, one in enumerate(a, 1):
        before, row[0] = row[0], i
        for j, other in enumerate(b, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (one != other))
    return row[-1]


class Truth:
    def __init__(self, film):
        with open(film.with_suffix(".csv"), encoding="utf-8") as stream:
            self.passages = {int(row["passage"]): row for row in csv.DictReader(stream)}
        self.plates = collections.defaultdict(list)  # of each frame: (passage, corners)
        with open(film.with_suffix(".quads.csv"), encoding="utf-8") as stream:
            for row in csv.reader(stream):
                if row[0] != "frame":
                    self.plates[int(row[0])].append((int(row[1]), [float(v) for v in row[2:]]))

    def due(self):
        return {number for number, row in self.passages.items() if int(row["clear_frames"]) >= DUE_FRAMES}

    def shown(self, frame, quad):
        """Whose plate the quad lies on, if anyone's."""
        x, y = (sum(corner[axis] for corner in quad) / 4 for axis in (0, 1))
        best = None
        for number, corners in self.plates[frame]:
            middle = sum(corners[0::2]) / 4, sum(corners[1::2]) / 4
            away = ((x - middle[0]) ** 2 + (y - middle[1]) ** 2) ** 0.5 / max(1.0, corners[2] - corners[0])
            if away < 0.6 and (best is None or away < best[0]):
                best = (away, number)
        return best[1] if best else None

    def nearest_text(self, text):
        """The one vehicle whose text this is, but for a third of its letters at most."""
        ranked = sorted((distance(folded(text), folded(row["text"])), number) for number, row in self.passages.items())
        return ranked[0][1] if ranked and ranked[0][0] <= len(text) // 3 else None


def frames_per_second(film):
    told = subprocess.run(["ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", "stream=r_frame_rate", "-of",
                           "csv=p=0", str(film)], check=True, capture_output=True, text=True).stdout.strip()
    count, per = told.split("/")
    return int(count) / int(per)


def replay(tool, arguments):
    return [json.loads(line) for line in subprocess.run([tool, "replay", "--predictions", "-", *arguments], check=True,
                                                        capture_output=True, text=True).stdout.splitlines()]


def best_frames(tool, film, truth):
    """Of each vehicle: the text of the most confident reading of one frame."""
    best = {}
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["ffmpeg", "-loglevel", "error", "-i", str(film), "-q:v", "2", f"{folder}/%06d.jpg"], check=True)
        for line in replay(tool, ["--stills", folder]):
            frame = int(pathlib.Path(line["image"]).stem) - 1
            for read in line["reads"]:
                number = truth.shown(frame, read["quad"])
                if number is not None and read["confidence"] > best.get(number, (0, ""))[0]:
                    best[number] = (read["confidence"], read["text"])
    return {number: text for number, (_, text) in best.items()}


def score(tool, film, with_frames):
    truth = Truth(film)
    fps = frames_per_second(film)
    due = truth.due()
    figures = collections.Counter(vehicles=len(due))
    first = {}
    for record in replay(tool, [str(film)]):
        figures["records"] += 1
        number = truth.shown(round(record["best_s"] * fps), record["quad"])
        if number is None:
            figures["false"] += 1
            continue
        if record["text"]:
            whose = truth.nearest_text(record["text"])
            figures["wrong"] += whose is not None and whose != number
        if number in first:
            figures["duplicates"] += 1
        else:
            first[number] = record["text"]
    captured = due & set(first)
    best = best_frames(tool, film, truth) if with_frames else {}
    for number in captured:
        text = folded(truth.passages[number]["text"])
        figures["captured"] += 1
        figures["voted"] += folded(first[number]) == text
        figures["best frame"] += folded(best.get(number, "")) == text
    return figures


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tool", required=True)
    parser.add_argument("--frames", action="store_true", help="also read each frame by itself, to compare")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("folder")
    options = parser.parse_args()
    films = sorted(path for path in pathlib.Path(options.folder).glob("*.mp4") if path.with_suffix(".quads.csv").exists())
    if not films:
        raise SystemExit(f"{options.folder}: no film with its truth; draw some with make_road")
    report, everything = {}, collections.Counter()
    for film in films:
        report[film.stem] = score(options.tool, film, options.frames)
        everything += report[film.stem]
    report["all"] = everything
    if options.json:
        print(json.dumps(report, indent=2))
        return
    columns = ("vehicles", "captured", "records", "duplicates", "wrong", "false", "voted") + (("best frame",) if options.frames else ())
    print(f"{'film':<12}" + "".join(f"{name:>12}" for name in columns))
    for name, figures in report.items():
        print(f"{name:<12}" + "".join(f"{figures[column]:>12}" for column in columns), flush=True)


if __name__ == "__main__":
    main()
