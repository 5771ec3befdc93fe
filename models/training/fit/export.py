#!/usr/bin/env python3
"""Writes the weights as packed ONNX (opset 11) with model.toml beside them: python3 -m models.training.fit.export --weights last.pt --out DIR

See packing.publish for what is checked.
"""
import argparse
import os

import torch

from .. import packing
from .network import HEIGHT, MARGIN_SHARE, STEP, WIDTH, FitNetwork

FILE = "plate-fitter.onnx"
TOLERANCE = 0.1      # of the answer: a logit, and moves of which one unit is eight pixels
SCORE_THRESHOLD = 0.1
TOML = """# The plate fitter's weights and how to feed them; README.md beside it is its card. Written by training/fit/export.py.
[model]
name = "plate-fitter"
version = "{version}"
weights = "{file}"
sha256 = "{digest}"

[input]
width = {width}           # pixels; the view is squeezed to it, its contrast spread, grey levels -1 to 1
height = {height}
margin_share = {margin}   # of the quad's height, seen around it

[output]
name = "fit"         # a score (logit), then x and y of the moves of the four corners
step = {step}           # pixels of the view that one unit of a move stands for
score_threshold = {threshold}
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", required=True, nargs="+", help="last.pt of train.py; of several, one trained on from another")
    parser.add_argument("--shares", type=float, nargs="+", default=[1], help="how much of each goes into the average")
    parser.add_argument("--out", required=True, help="model folder to write into")
    parser.add_argument("--version", default="1.0.0")
    options = parser.parse_args()
    network = FitNetwork()
    network.load_state_dict(packing.averaged(options.weights, options.shares))
    network.eval()
    example = torch.rand(1, 1, HEIGHT, WIDTH) * 2 - 1
    file, digest, _ = packing.publish(network, example, os.path.join(options.out, FILE), ["view", "fit"], TOLERANCE)
    with open(os.path.join(options.out, "model.toml"), "w", encoding="utf-8") as card:
        card.write(TOML.format(version=options.version, file=file, digest=digest, width=WIDTH, height=HEIGHT, margin=MARGIN_SHARE,
                               step=STEP, threshold=SCORE_THRESHOLD))


if __name__ == "__main__":
    main()
