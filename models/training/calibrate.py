#!/usr/bin/env python3
"""Fits the calibration of the read's confidence on held-out rows:

    python3 -m models.training.net.held_out --data DATA > held-out.csv
    portcullis bench accuracy --labels held-out.csv --images DATA --predictions held-out.jsonl
    python3 -m models.training.calibrate --labels held-out.csv --predictions held-out.jsonl --out models/plate-formats/calibration.toml

The reads must come from a models folder whose calibration is slope 1, offset 0. Platt's scaling: logistic regression of "wholly
right" (O as 0, I as 1) on the log-odds of the confidence, with his softened targets (Platt 1999).
"""
import argparse
import csv
import json

import numpy

from .detector.geometry import iou
from .detector.photographs import quad_of
from .reader.photographs import normal_text

TOML = """# The calibrated confidence of a read: log-odds = slope * log-odds of the voted confidence + offset.
# Written by models/training/calibrate.py from {count} held-out reads; README.md tells how.
slope = {slope:.4f}
offset = {offset:.4f}
"""
END = 1e-4            # confidences are kept this far from 0 and 1, as in firmware/vision/settler.cpp
FOUND_IOU = 0.4


def folded(text):
    return normal_text(text).replace("O", "0").replace("I", "1")


def pairs_of(labels, predictions):
    """(confidence, wholly right) of the read on each labelled plate that has one."""
    reads = {}
    with open(predictions, encoding="utf-8") as lines:
        for text in lines:
            line = json.loads(text)
            reads[line["image"]] = [read for read in line["reads"] if read["text"]]
    pairs = []
    with open(labels, newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            quad = quad_of(row)
            near = [read for read in reads.get(row["image"], [])
                    if row["kind"] == "crop" or iou(numpy.float32(read["quad"]), quad) >= FOUND_IOU]
            if near:
                best = max(near, key=lambda read: read["confidence"])
                pairs.append((best["confidence"], folded(best["text"]) == folded(row["text"])))
    return pairs


def fit(pairs):
    """Slope and offset by Newton's method on the convex loss."""
    confidence = numpy.clip([pair[0] for pair in pairs], END, 1 - END)
    right = numpy.array([pair[1] for pair in pairs])
    yes, no = right.sum(), (~right).sum()
    target = numpy.where(right, (yes + 1) / (yes + 2), 1 / (no + 2))
    x = numpy.stack([numpy.log(confidence / (1 - confidence)), numpy.ones(len(pairs))], 1)
    weights = numpy.array([1.0, 0.0])
    for _ in range(50):
        p = 1 / (1 + numpy.exp(-x @ weights))
        gradient = x.T @ (p - target)
        hessian = x.T @ (x * (p * (1 - p))[:, None]) + 1e-6 * numpy.eye(2)
        weights -= numpy.linalg.solve(hessian, gradient)
    return weights


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--labels", required=True)
    parser.add_argument("--predictions", required=True)
    parser.add_argument("--out", required=True)
    options = parser.parse_args()
    pairs = pairs_of(options.labels, options.predictions)
    slope, offset = fit(pairs)
    if slope <= 0:
        raise SystemExit("the confidence says nothing of being right: the slope is not positive; look at the reads")
    with open(options.out, "w", encoding="utf-8") as toml:
        toml.write(TOML.format(count=len(pairs), slope=slope, offset=offset))
    print(f"{len(pairs)} reads, {sum(right for _, right in pairs)} right: slope {slope:.3f} offset {offset:.3f}")


if __name__ == "__main__":
    main()
