#!/usr/bin/env python3
"""Writes the weights as packed ONNX (opset 11) with model.toml beside them: python3 -m models.training.net.export --weights best.pt --out DIR

Batch normalisation is folded into the convolutions. OpenCV's answer is compared with torch's.
"""
import argparse
import hashlib
import os

import cv2
import numpy
import torch

from .. import packing
from .network import ALPHABET, HEIGHT, WIDTH, PlateNetwork

FILE = "plate-network.onnx"
TOLERANCE = 0.03     # of the answer, a probability: the packed weights are rounded
TOML = """# The plate network's weights and how to feed them; README.md beside it is its card. Written by training/net/export.py.
[model]
name = "plate-network"
version = "{version}"
weights = "{file}"
sha256 = "{digest}"

[input]
width = {width}          # pixels; the patch is squeezed to it, its contrast spread, grey levels -1 to 1
height = {height}

[output]
name = "steps"       # (alphabet + blank) x steps probabilities: the upper row's steps, then the lower row's
steps = {steps}
alphabet = "{alphabet}"
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", required=True, help="best.pt of train.py")
    parser.add_argument("--out", required=True, help="the model's folder")
    parser.add_argument("--version", default="1.0.0")
    options = parser.parse_args()
    network = PlateNetwork()
    network.load_state_dict(torch.load(options.weights, map_location="cpu"))
    network.eval()
    example = torch.rand(1, 1, HEIGHT, WIDTH) * 2 - 1
    os.makedirs(options.out, exist_ok=True)
    path = os.path.join(options.out, FILE)
    torch.onnx.export(network, example, path, opset_version=11, input_names=["patch"], output_names=["steps"])
    packed = packing.pack(path)
    net = cv2.dnn.readNetFromONNX(path)
    net.setInput(example.numpy())
    ours = net.forward()
    with torch.no_grad():
        apart = float(numpy.abs(ours - network(example).numpy()).max())
    print(f"largest difference to torch: {apart:.5f}")
    if apart > TOLERANCE:
        raise SystemExit(f"{path}: OpenCV answers otherwise than torch, by {apart}")
    os.remove(path)
    with open(packed, "rb") as weights:
        digest = hashlib.sha256(weights.read()).hexdigest()
    with open(os.path.join(options.out, "model.toml"), "w", encoding="utf-8") as toml:
        toml.write(TOML.format(version=options.version, file=os.path.basename(packed), digest=digest, width=WIDTH, height=HEIGHT,
                               steps=ours.shape[-1], alphabet=ALPHABET))
    print(f"{packed}: {os.path.getsize(packed)} bytes, sha256 {digest}")


if __name__ == "__main__":
    main()
