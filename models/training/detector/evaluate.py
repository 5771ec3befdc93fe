#!/usr/bin/env python3
"""Measures exported weights with OpenCV's DNN module on one thread:

  python3 -m models.training.detector.evaluate --data DIR --model DIR                      the held-out part of split_hint=train
  python3 -m models.training.detector.evaluate --data DIR --model DIR --hint dev           split_hint=dev: for the card, never to choose by
  python3 -m models.training.detector.evaluate --data DIR --model DIR --time 300           milliseconds for a 1280x720 picture

A plate counts as found where a candidate's upright box has IoU >= 0.4 (0.7) with its label's; a candidate
is false where it touches no labelled plate (IoU < 0.1 with all). Corner error: mean distance of the corners of found
plates, in parts of the plate's height, only where labels hold true corners.
"""
import argparse
import gzip
import os
import time

import cv2
import numpy as np

from .geometry import decode, iou, letterbox
from .photographs import decode_pixels, held_out, read_labels


class Detector:
    def __init__(self, folder):
        with gzip.open(os.path.join(folder, "plate-detector.onnx.gz")) as packed:
            self.net = cv2.dnn.readNetFromONNX(np.frombuffer(packed.read(), np.uint8))

    def locate(self, picture, threshold):
        canvas, scale = letterbox(picture)
        self.net.setInput(cv2.dnn.blobFromImage(canvas, 1 / 255))
        return [(score, (quad + .5) / scale - .5) for score, quad in decode(self.net.forward()[0], threshold)]


def measure(detector, pictures, threshold):
    """One row of counts a source."""
    rows = {}
    for picture in pictures:
        row = rows.setdefault(picture.source, {"pictures": 0, "plates": 0, "at40": 0, "at70": 0, "false": 0,
                                               "right": 0, "ious": [], "corners": [], "drift": []})
        found = detector.locate(picture.pixels, threshold)
        row["pictures"] += 1
        for _, quad in found:
            best = max((iou(quad, label) for label in picture.quads), default=0)
            row["right"] += best >= .4
            row["false"] += best < .1
        for label, trust in zip(picture.quads, picture.trust):
            row["plates"] += 1
            overlap, quad = max(((iou(q, label), q) for _, q in found), key=lambda pair: pair[0], default=(0, None))
            row["at40"] += overlap >= .4
            row["at70"] += overlap >= .7
            if overlap >= .4:
                row["ious"].append(overlap)
                if trust == 1:
                    height = (np.linalg.norm(label[3] - label[0]) + np.linalg.norm(label[2] - label[1])) / 2
                    row["corners"].append(np.linalg.norm(quad - label, axis=1).mean() / height)
                    row["drift"].append((quad - label).mean(0))
    return rows


def add_up(rows):
    total = {}
    for row in rows.values():
        for key, value in row.items():
            total[key] = total[key] + value if key in total else value
    return total


def print_table(rows):
    print("| source | pictures | plates | recall 0.4 % | recall 0.7 % | mean IoU | precision % | false a picture | corner error |")
    print("|---|---|---|---|---|---|---|---|---|")
    for source, row in list(sorted(rows.items())) + [("**all**", add_up(rows))]:
        part = lambda count: f"{100 * count / row['plates']:.1f}" if row["plates"] else "-"
        judged = row["right"] + row["false"]
        print(f"| {source} | {row['pictures']} | {row['plates']} | {part(row['at40'])} | {part(row['at70'])} | "
              f"{np.mean(row['ious']) if row['ious'] else float('nan'):.3f} | "
              f"{100 * row['right'] / judged if judged else float('nan'):.1f} | {row['false'] / row['pictures']:.3f} | "
              f"{np.mean(row['corners']) if row['corners'] else float('nan'):.3f} |")


def print_time(detector, pictures, count):
    """Letterbox, network and decoding of pictures brought to 1280x720, decoding of files left out."""
    frames = [cv2.resize(p.pixels, (1280, 720)) for p in pictures[:20]]
    spent = []
    for i in range(count):
        start = time.perf_counter()
        detector.locate(frames[i % len(frames)], .5)
        spent.append(1e3 * (time.perf_counter() - start))
    print(f"ms for 1280x720, one thread: "
          f"least {min(spent):.1f} median {np.median(spent):.1f} p95 {np.percentile(spent, 95):.1f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="folder with labels.csv and images/")
    parser.add_argument("--model", required=True, help="folder with plate-detector.onnx.gz")
    parser.add_argument("--hint", choices=("train", "dev"), default="train")
    parser.add_argument("--threshold", type=float, default=.5)
    parser.add_argument("--time", type=int, metavar="COUNT", help="measure time on so many pictures instead")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    pictures = read_labels(options.data, options.hint, {"scene", "negative"})
    pictures = [p for p in pictures if p.source != "easypr-noplate"]  # crops of 136x36, not pictures of a road
    if options.hint == "train":
        pictures = [p for p in pictures if held_out(p)]
    pictures = [decode_pixels(options.data, p, max_side=1280) for p in pictures]
    detector = Detector(options.model)
    if options.time:
        print_time(detector, pictures, options.time)
        return
    rows = measure(detector, pictures, options.threshold)
    print_table(rows)
    drift = add_up(rows)["drift"]
    if drift:
        print("mean drift of the corners, pixels:", np.round(np.mean(drift, 0), 2))


if __name__ == "__main__":
    main()
