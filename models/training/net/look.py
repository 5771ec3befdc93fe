#!/usr/bin/env python3
"""Trains what the plate network says of the jurisdiction: python3 -m models.training.net.look --data DIR --weights best.pt --out look.pt

The network itself stays as it is. Photographs teach with the region of their label, drawn plates with that of their layout.
(States of the US were tried: with some eight photographs of each none of 36 held-out ones was told.) The held-out part is only watched. One thread, some five minutes.
"""
import argparse
import random

import cv2
import numpy
import torch
import torch.nn.functional as F

from . import samples
from .network import Look, PlateNetwork

BATCH = 48
PHOTOGRAPHS = 0.75
RATE = 3e-3
EPOCHS = 25
# Layouts of the renderer whose look belongs to one jurisdiction or group; others are not shown.
DRAWN = {"us": "us", "hr": "hr", "hr-two": "hr", "gb": "gb", "gb-two": "gb", "br": "br", "br-moto": "br",
         "mercosur": "mercosur", "ar": "ar", "ar-moto": "ar", "cn": "cn", "tw": "tw", "in": "in", "in-two": "in",
         "de": "eu", "de-two": "eu", "at": "eu", "ro": "eu", "pl": "eu", "es": "eu", "fr": "eu", "it": "eu", "nl": "eu",
         "gr": "eu", "cz": "eu", "north": "eu", "be": "eu", "ch": "eu", "eu-two": "eu", "balkan": "eu", "ua": "eu"}
EUROPEAN = {"de", "nl", "hu", "fr", "no", "es", "gr", "ro", "pl", "ua", "eu"}


def code_of(region):
    """The code that a label's region teaches; None where it tells nothing."""
    if region in EUROPEAN:
        return "eu"
    return region if region in ("ar", "br", "cn", "gb", "hr", "tw", "us", "in") else None


class Lessons:
    """Draws (patch, class) from photographs and drawn plates, as the detector would cut them out."""

    def __init__(self, source, codes, chance):
        self.source, self.chance = source, chance
        self.classes = {code: number for number, code in enumerate(codes)}
        self.countries = {}
        for plate in source.photographs:
            if code_of(plate.region):
                self.countries.setdefault(code_of(plate.region), []).append(plate)
        self.drawn = [plate for plate in source.drawn if plate.source in DRAWN]

    def draw(self):
        chance = self.chance
        if chance.random() < PHOTOGRAPHS:
            codes = list(self.countries)
            code = chance.choices(codes, [len(self.countries[name]) ** 0.5 for name in codes])[0]
            plate, strength = chance.choice(self.countries[code]), 0.5
        else:
            plate, strength = chance.choice(self.drawn), 1.0
            code = DRAWN[plate.source]
        return self.source.patch_of_plate(plate, 1.0, strength), self.classes[code]


def features_of(network, patches):
    x = torch.from_numpy(numpy.stack([samples.scaled(patch) for patch in patches])[:, None])
    with torch.no_grad():
        return network.body(x)


def watch(network, look, held_out, codes):
    """Of the held-out photographs of each region: how many are told rightly, of how many."""
    look.eval()
    right = {}
    with torch.no_grad():
        for plate in held_out:
            code = code_of(plate.region)
            if code is None:
                continue
            logits = look.logits(features_of(network, [samples.patch_of(plate.grey, plate.quad)]))[0, :, 0, 0]
            told = codes[int(logits.argmax())]
            right.setdefault(code, []).append(told == code or (told == "mercosur" and code in ("br", "ar")))
    look.train()
    return {code: f"{sum(found)}/{len(found)}" for code, found in sorted(right.items())}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="folder with labels.csv and images/")
    parser.add_argument("--weights", required=True, help="best.pt of train.py")
    parser.add_argument("--out", required=True, help="file for the weights")
    parser.add_argument("--samples", type=int, default=14000)
    parser.add_argument("--seed", type=int, default=20261125)
    options = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    torch.manual_seed(options.seed)
    chance = random.Random(options.seed)
    network = PlateNetwork()
    network.load_state_dict(torch.load(options.weights))
    network.eval()
    source = samples.Samples(options.data, chance)
    source.draw_plates(3000)
    held_out = samples.photographs.read_rows(options.data, validation=True)
    codes = sorted({code_of(p.region) for p in source.photographs if code_of(p.region)} | set(DRAWN.values()))
    lessons = Lessons(source, codes, chance)
    look = Look(len(codes), network.body_depth)
    pooled, classes = [], []
    for _ in range(options.samples // BATCH):     # the network does not change: each sample goes through it once
        drawn = [lessons.draw() for _ in range(BATCH)]
        pooled.append(look.pooled(features_of(network, [patch for patch, _ in drawn])))
        classes.append(torch.tensor([number for _, number in drawn]))
    pooled, classes = torch.cat(pooled), torch.cat(classes)
    optimiser = torch.optim.AdamW(look.parameters(), RATE, weight_decay=1e-2)
    for epoch in range(EPOCHS):
        for group in optimiser.param_groups:
            group["lr"] = RATE * (1 - epoch / EPOCHS)
        order = torch.randperm(len(classes))
        for first in range(0, len(order) - BATCH, BATCH):
            some = order[first:first + BATCH]
            loss = F.cross_entropy(look.logits_of(pooled[some])[:, :, 0, 0], classes[some], label_smoothing=0.05)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        if epoch % 5 == 4:
            print(f"epoch {epoch + 1} loss {loss.item():.3f} held out: {watch(network, look, held_out, codes)}", flush=True)
    torch.save({"codes": codes, "look": look.state_dict()}, options.out)


if __name__ == "__main__":
    main()
