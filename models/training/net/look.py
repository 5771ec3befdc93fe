#!/usr/bin/env python3
"""Trains what the plate network says of the jurisdiction: python3 -m models.training.net.look --data DIR --weights best.pt --out look.pt

The network itself stays as it is. Photographs teach with the region of their label (the state, where it is known), drawn
plates with that of their layout. The held-out part is only watched. One thread, some five minutes.
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
RATE = 4e-3
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
    return region if region in ("ar", "br", "cn", "gb", "hr", "tw", "us", "in") or region.startswith("us-") else None


class Lessons:
    """Draws (patch, class) from photographs and drawn plates, as the detector would cut them out."""

    def __init__(self, source, codes, chance):
        self.source, self.chance = source, chance
        self.classes = {code: number for number, code in enumerate(codes)}
        self.countries = {}
        for plate in source.photographs:
            if code_of(plate.region):
                self.countries.setdefault(code_of(plate.region)[:2], []).append(plate)
        self.drawn = [plate for plate in source.drawn if plate.source in DRAWN]

    def draw(self):
        chance = self.chance
        if chance.random() < PHOTOGRAPHS:
            countries = list(self.countries)
            country = chance.choices(countries, [len(self.countries[name]) ** 0.5 for name in countries])[0]
            plate, strength = chance.choice(self.countries[country]), 0.5
            code = code_of(plate.region)
        else:
            plate, strength = chance.choice(self.drawn), 1.0
            code = DRAWN[plate.source]
        return self.source.patch_of_plate(plate, 1.0, strength), self.classes[code]


def features_of(network, patches):
    x = torch.from_numpy(numpy.stack([samples.scaled(patch) for patch in patches])[:, None])
    with torch.no_grad():
        return network.body(x)


def watch(network, look, held_out, codes):
    """Share of held-out photographs whose country is told rightly, and of those of a known state, the state."""
    look.eval()
    country, state = [], []
    with torch.no_grad():
        for plate in held_out:
            code = code_of(plate.region)
            if code is None:
                continue
            shares = F.softmax(look.logits(features_of(network, [samples.patch_of(plate.grey, plate.quad)]))[0, :, 0, 0], 0)
            told = codes[int(shares.argmax())]
            country.append(told[:2] == code[:2] or (told == "mercosur" and code in ("br", "ar")))
            if code.startswith("us-"):
                state.append(told == code)
    look.train()
    return sum(country) / len(country), sum(state) / max(len(state), 1), len(country), len(state)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="folder with labels.csv, us_states.csv and images/")
    parser.add_argument("--weights", required=True, help="best.pt of train.py")
    parser.add_argument("--out", required=True, help="file for the weights")
    parser.add_argument("--steps", type=int, default=1500)
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
    look = Look(len(codes))
    optimiser = torch.optim.AdamW(look.parameters(), RATE, weight_decay=1e-2)
    for step in range(options.steps):
        for group in optimiser.param_groups:
            group["lr"] = RATE * (1 - step / options.steps) + 1e-5
        drawn = [lessons.draw() for _ in range(BATCH)]
        logits = look.logits(features_of(network, [patch for patch, _ in drawn]))[:, :, 0, 0]
        loss = F.cross_entropy(logits, torch.tensor([number for _, number in drawn]), label_smoothing=0.05)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        if step % 250 == 249:
            country, state, countries, states = watch(network, look, held_out, codes)
            print(f"step {step + 1} loss {loss.item():.3f} held out: country {country:.3f} of {countries}, state {state:.3f} of {states}",
                  flush=True)
    torch.save({"codes": codes, "look": look.state_dict()}, options.out)


if __name__ == "__main__":
    main()
