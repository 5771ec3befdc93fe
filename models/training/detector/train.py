#!/usr/bin/env python3
"""Trains the plate detector from scratch: python3 -m models.training.detector.train --data DIR --out DIR --minutes 45

Only photographs with split_hint=train are used; a twelfth of them is held out to watch progress.
Writes OUT/checkpoint.pt (to go on from after a break), OUT/best.pt (averaged weights, the best on the held-out
part), OUT/last.pt (averaged weights at the end) and OUT/train.log. One thread.
"""
import argparse
import os
import random
import time

import cv2
import numpy as np
import torch
import torch.nn.functional as F

from .compose import Composer
from .. import parts
from ..renderer import plates
from .geometry import SIZES, letterbox, decode, iou
from .network import PlateNet
from .photographs import read_labels, decode_pixels, held_out
from .targets import targets_of

BATCH = 16
WARM_UP = 100           # steps
AVERAGE = 0.999         # decay of the averaged weights
CORNER_WEIGHT = 1.0
SURE_OF_PLATE = 0.6     # from half-way on, such a cell off the labels of an unsure picture is not punished
WATCH_EVERY = 300       # steps between two looks at the held-out part
SAVE_EVERY = 100
DRAWN_PLATES = 2000     # to be pasted, beside those of photographs
SIZE_SHARES = (.5, .32, .08, .05, .05)   # how often a batch has each of SIZES


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="folder with labels.csv and images/")
    parser.add_argument("--out", required=True, help="folder for checkpoints and the log")
    parser.add_argument("--minutes", type=float, default=45, help="wall time of the whole schedule")
    parser.add_argument("--steps", type=int, help="length of the schedule in steps, instead of --minutes")
    parser.add_argument("--rate", type=float, default=2e-3, help="peak of the learning rate")
    parser.add_argument("--start", help="weights to start from, instead of chance: best.pt of a run before")
    parser.add_argument("--seed", type=int, default=20261123)
    return parser.parse_args()


def load(folder, seed):
    """(composer, held-out pictures, held-out negatives)"""
    scenes = read_labels(folder, "train", {"scene", "negative"})
    decoys = [cv2.imread(os.path.join(folder, p.name), cv2.IMREAD_GRAYSCALE) for p in scenes if p.source == "easypr-noplate"]
    scenes = [decode_pixels(folder, p) for p in scenes if p.source != "easypr-noplate"]
    kept = [p for p in scenes if not held_out(p)]
    watched = [p for p in scenes if held_out(p)]
    patches = []
    for crop in read_labels(folder, "train", {"crop"}):
        if not held_out(crop):
            pixels = cv2.imread(os.path.join(folder, crop.name), cv2.IMREAD_GRAYSCALE)
            patches.append((pixels, edge_of(pixels), crop.trust[0]))
    patches += [patch for p in kept for patch in straightened(p)]
    patches += drawn_plates(random.Random(seed), DRAWN_PLATES)
    composer = Composer([p for p in kept if p.quads], [p for p in kept if not p.quads], patches, decoys,
                        random.Random(seed))
    return composer, [p for p in watched if p.quads], [p for p in watched if not p.quads]


def edge_of(pixels):
    height, width = pixels.shape
    return np.float32([[0, 0], [width, 0], [width, height], [0, height]])


def drawn_plates(chance, count):
    """Plates of the renderer, with and without what they are mounted on: (pixels, quad, trust)."""
    for _ in range(count):
        plate = plates.invent(chance)
        grey = cv2.cvtColor(plate.picture, cv2.COLOR_RGB2GRAY)
        room = chance.choice((0, .15, .3)) * np.ptp(plate.quad[:, 1])
        left, top = (plate.quad.min(0) - room).astype(int)
        right, bottom = (plate.quad.max(0) + room).astype(int)
        yield grey[top:bottom, left:right].copy(), plate.quad - np.float32([left, top]), 1.0


def straightened(picture):
    """Plates with true corners cut out of a photograph, to be pasted into others."""
    for quad, trust in zip(picture.quads, picture.trust):
        width = int(max(np.linalg.norm(quad[1] - quad[0]), np.linalg.norm(quad[2] - quad[3])))
        height = int(max(np.linalg.norm(quad[3] - quad[0]), np.linalg.norm(quad[2] - quad[1])))
        if trust == 1 and width >= 60 and height >= 12:
            target = np.float32([[0, 0], [width, 0], [width, height], [0, height]])
            pixels = cv2.warpPerspective(picture.pixels, cv2.getPerspectiveTransform(quad, target), (width, height))
            yield pixels, edge_of(pixels), trust


def batch_of(composer):
    size = composer.random.choices(SIZES, SIZE_SHARES)[0]
    pictures, answers = [], []
    for _ in range(BATCH):
        picture, quads, unsure = composer.draw(size)
        pictures.append(picture[None])
        answers.append(targets_of(quads, unsure, size))
    x = torch.from_numpy(np.stack(pictures).astype(np.float32) / 255).to(memory_format=torch.channels_last)
    return x, [torch.from_numpy(np.stack([a[k] for a in answers])) for k in range(5)]


def loss_of(output, answer, progress):
    """Focal loss on the score, smooth L1 on the corners relative to the plate's size."""
    score, counted, corners, weight, extent = answer
    output = output.float()
    positive = score > 0
    guess = torch.sigmoid(output[:, 0])
    right = torch.where(positive, guess, 1 - guess)
    counts = (counted > 0).float()
    if progress > .5:
        counts = counts * (1 - ((counted == .5) & (guess.detach() > SURE_OF_PLATE)).float())
    entropy = F.binary_cross_entropy_with_logits(output[:, 0], score, reduction="none")
    focal = (entropy * (1 - right) ** 2 * counts).sum() * .5 / max(positive.sum().item(), 1)
    apart = F.smooth_l1_loss(output[:, 1:] / extent[:, None], corners / extent[:, None], reduction="none", beta=.03)
    return focal, (apart.sum(1) * weight).sum() / max(weight.sum().item(), .5)


def watch(network, pictures, negatives):
    """Recall at IoU 0.4 and 0.7, false candidates a picture, mean IoU of the found ones."""
    network.eval()
    overlaps, false = [], 0
    with torch.no_grad():
        for picture in pictures + negatives:
            canvas, scale = letterbox(picture.pixels)
            x = torch.from_numpy(canvas[None, None].astype(np.float32) / 255)
            found = [quad for _, quad in decode(network(x)[0].numpy(), .4)]
            overlaps += [max((iou(quad * scale, f) for f in found), default=0) for quad in picture.quads]
            false += sum(max((iou(quad * scale, f) for quad in picture.quads), default=0) < .1 for f in found)
    overlaps = np.array(overlaps)
    return {"recall40": (overlaps >= .4).mean(), "recall70": (overlaps >= .7).mean(),
            "iou": overlaps[overlaps >= .4].mean() if (overlaps >= .4).any() else 0,
            "false": false / len(pictures + negatives)}


class Training(parts.Training):
    def take_step(self, composer):
        parts.set_rate(self.optimiser, self.options.rate, self.step, WARM_UP, self.progress)
        x, answer = batch_of(composer)
        with torch.autocast("cpu", torch.bfloat16):   # twice as fast where the processor has it
            output = self.network(x)
        focal, corner = loss_of(output, answer, self.progress)
        self.descend(focal + CORNER_WEIGHT * corner, 5, AVERAGE)
        return focal.item(), corner.item()

    def look(self, pictures, negatives):
        seen = watch(self.slow, pictures, negatives)
        self.log("held out: " + " ".join(f"{k} {v:.3f}" for k, v in seen.items()))
        worth = seen["recall40"] + seen["recall70"] + seen["iou"] - .5 * seen["false"]
        if worth >= self.best:
            self.best = worth
            self.keep("best.pt")


def main():
    options = arguments()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    torch.manual_seed(options.seed)
    cv2.setRNGSeed(options.seed % 2**31)
    os.makedirs(options.out, exist_ok=True)
    training = Training(PlateNet(), options, weight_decay=1e-4)
    # After a break other pictures are drawn than before it.
    composer, pictures, negatives = load(options.data, options.seed + training.step)
    training.log(f"{len(composer.photographs)} photographs, {len(composer.negatives)} without plates, "
                 f"{len(composer.patches)} plates to paste; held out {len(pictures)} and {len(negatives)}; "
                 f"{sum(p.numel() for p in training.network.parameters())} weights")
    while training.progress < 1:
        start = time.monotonic()
        focal, corner = training.take_step(composer)
        training.spent += time.monotonic() - start
        if training.step % 50 == 0:
            training.log(f"score {focal:.3f} corners {corner:.3f}")
        if training.step % WATCH_EVERY == 0:
            training.look(pictures, negatives)
        if training.step % SAVE_EVERY == 0:
            training.save()
    training.look(pictures, negatives)
    training.save()
    training.keep("last.pt")


if __name__ == "__main__":
    main()
