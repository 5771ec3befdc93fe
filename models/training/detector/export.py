#!/usr/bin/env python3
"""Writes the weights as packed ONNX (opset 11) with model.toml beside them: python3 -m models.training.detector.export --weights best.pt --out DIR

Batch normalisation is folded into the convolutions. OpenCV's answer is compared with torch's. The weights stay
32-bit floats, rounded and compressed (packing.py): OpenCV 4.6 does not read 16-bit ones.
"""
import argparse
import os

import torch

from .. import packing
from .geometry import PAD, SIZES, STRIDE
from .network import PlateNet

FILE = "plate-detector.onnx"
TOLERANCE = 0.3      # of the answer, in logits and strides: the packed weights are rounded
TOML = """# The plate detector's weights and how to feed them. Written by training/detector/export.py.
[model]
name = "plate-detector"
version = "{version}"
weights = "{file}"
sha256 = "{digest}"

[input]
# Pixels. A frame takes the size in which it comes out largest, is scaled to fit, placed at the top left; the rest is grey.
sizes = [{sizes}]
channels = "luma"
mean = {pad_mean}          # taken from each value before it is scaled
scale = {scale}  # 1 / 255
pad = {pad}            # grey level of the rest

[output]
name = "cells"       # rows x columns x 9: score (logit), then four corners from the cell's centre, in strides
stride = {stride}
score_threshold = {threshold}
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", required=True, help="best.pt of train.py")
    parser.add_argument("--out", required=True, help="the model's folder")
    parser.add_argument("--version", default="1.0.0")
    parser.add_argument("--threshold", type=float, default=0.5, help="least score of a candidate")
    options = parser.parse_args()
    network = PlateNet()
    network.load_state_dict(torch.load(options.weights, map_location="cpu"))
    network.eval()
    example = torch.rand(1, 1, SIZES[0][1], SIZES[0][0])
    file, digest, _ = packing.publish(network, example, os.path.join(options.out, FILE), ["picture", "cells"], TOLERANCE)
    with open(os.path.join(options.out, "model.toml"), "w", encoding="utf-8") as toml:
        toml.write(TOML.format(version=options.version, file=file, digest=digest,
                               sizes=", ".join(f'"{width}x{height}"' for width, height in SIZES),
                               pad_mean=0.0, scale=1 / 255, pad=PAD, stride=STRIDE, threshold=options.threshold))


if __name__ == "__main__":
    main()
