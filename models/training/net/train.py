#!/usr/bin/env python3
"""Trains the plate network: python3 -m models.training.net.train --data DIR --out DIR --minutes 92

Only photographs with split_hint=train are used, a twelfth of them (by text) held out to watch progress. Writes
OUT/checkpoint.pt (to go on from after a break), OUT/best.pt (averaged weights, best on the held-out part), OUT/train.log.
One thread.
"""
import argparse
import os
import random
import time

import cv2
import numpy
import torch
import torch.nn.functional as F

from .. import parts
from ..fit import views
from ..fit.network import FitNetwork
from . import samples
from .network import BLANK, SHAPES, PlateNetwork

BATCH = 48
WARM_STEPS = 200
AVERAGE = 0.999            # decay of the averaged weights
FIRST_DRAWN = 3000         # drawn plates before the first step
DRAWN_A_STEP = 6
EASY_STEPS, HARD_STEPS = 400, 2000   # CTC leaves its plateau on clean plates first; then the road's faults grow
WATCH_EVERY, SAVE_EVERY = 500, 100
MIX_FROM, LEARN_EVERY = 3000, 4000  # steps: the network tells the mixer where characters stand


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="folder with labels.csv and images/")
    parser.add_argument("--out", required=True, help="folder for checkpoints and the log")
    parser.add_argument("--steps", type=int, help="length of the whole schedule in steps, instead of --minutes")
    parser.add_argument("--minutes", type=float, default=92, help="wall time of the whole schedule")
    parser.add_argument("--rate", type=float, default=3e-3, help="peak of the learning rate")
    parser.add_argument("--start", help="weights to start from, instead of chance: best.pt of a run before")
    parser.add_argument("--fitter", help="weights of the plate fitter: last.pt of fit/train.py; plates are cut out as it says")
    parser.add_argument("--photographs", type=float, default=0.6, help="share of photographs among the samples")
    parser.add_argument("--shape", choices=SHAPES, default="first")
    parser.add_argument("--seed", type=int, default=20261123)
    return parser.parse_args()


def greedy(scores):
    """Best path of steps x classes: repeats joined, blanks left out."""
    path = scores.argmax(1).tolist()
    return [code for i, code in enumerate(path) if code != BLANK and (i == 0 or code != path[i - 1])]


def evaluate(network, held_out):
    network.eval()
    hits = {}
    with torch.no_grad():
        for first in range(0, len(held_out), 32):
            part = held_out[first:first + 32]
            x = torch.from_numpy(numpy.stack([samples.scaled(patch) for patch, _, _ in part])[:, None])
            scores = network.logits(x)[:, :, 0].transpose(1, 2)
            for (_, codes, source), steps in zip(part, scores):
                hits.setdefault(source, []).append(greedy(steps) == codes)
    network.train()
    total = sum(len(found) for found in hits.values())
    return sum(map(sum, hits.values())) / total, {s: f"{sum(f)}/{len(f)}" for s, f in sorted(hits.items())}


def centres_of(network, plates):
    """For each plate the x of its characters as shares of the patch's width; None where it is not read rightly."""
    network.eval()
    found = []
    with torch.no_grad():
        for plate in plates:
            x = torch.from_numpy(samples.scaled(samples.patch_of(plate.grey, plate.quad))[None, None])
            path = network.logits(x)[0, :, 0].argmax(0).tolist()
            row = len(path) // 2
            places, codes = [], []
            for i, code in enumerate(path):
                if code == BLANK:
                    continue
                if i and code == path[i - 1]:
                    places[-1][1] = i
                else:
                    places.append([i, i])
                    codes.append(code)
            centres = [((first + last + 1) / 2 % row) / row for first, last in places]
            right = codes == samples.codes_of(plate.text) and centres == sorted(centres)
            found.append(centres if right else None)
    network.train()
    return found


def load_fitter(file):
    """From a grey picture and a quad to the fitter's quad."""
    fitter = FitNetwork()
    fitter.load_state_dict(torch.load(file))
    fitter.eval()

    def fit(grey, quad):
        view = samples.scaled(views.seen(views.sharp_view(grey, quad)))
        with torch.no_grad():
            return views.moved(quad, fitter.logits(torch.from_numpy(view[None, None]))[0].numpy())
    return fit


class Training(parts.Training):
    @property
    def level(self):
        if self.options.start:
            return 1.0
        return min(1.0, max(0.0, (self.step - EASY_STEPS) / HARD_STEPS))

    def take_step(self, source):
        parts.set_rate(self.optimiser, self.options.rate, self.step, WARM_STEPS, self.progress)
        drawn = [source.sample(self.level, self.options.photographs) for _ in range(BATCH)]
        x = torch.from_numpy(numpy.stack([samples.scaled(patch) for patch, _ in drawn])[:, None])
        sizes = torch.tensor([len(codes) for _, codes in drawn])
        codes = torch.tensor([code for _, text in drawn for code in text], dtype=torch.long)
        with torch.autocast("cpu", torch.bfloat16):   # twice as fast where the processor has it
            logits = self.network.logits(x.to(memory_format=torch.channels_last))
        logits = logits.float()[:, :, 0].permute(2, 0, 1)
        steps = torch.full((BATCH,), logits.shape[0], dtype=torch.long)
        loss = F.ctc_loss(F.log_softmax(logits, 2), codes, steps, sizes, blank=BLANK, zero_infinity=True)
        self.descend(loss, 2, AVERAGE)
        return loss.item()

    def look(self, held_out):
        right, by_source = evaluate(self.slow, held_out)
        self.log(f"held out {right:.3f} {by_source}")
        if right >= self.best:
            self.best = right
            self.keep("best.pt")


def main():
    options = arguments()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    torch.manual_seed(options.seed)
    os.makedirs(options.out, exist_ok=True)
    training = Training(PlateNetwork(options.shape), options, weight_decay=1e-3)
    fit = load_fitter(options.fitter) if options.fitter else None
    source = samples.Samples(options.data, random.Random(options.seed + training.step), fit)
    held_out = samples.validation(options.data, fit)
    source.draw_plates(FIRST_DRAWN)
    training.log(f"{len(source.photographs)} photographs, held out {len(held_out)}, "
                 f"{sum(p.numel() for p in training.network.parameters())} weights")
    losses = []
    while training.progress < 1:
        mix_from = 0 if options.start else MIX_FROM
        if training.step >= mix_from and (training.step % LEARN_EVERY == mix_from or not source.mixer.halves):
            source.mixer.learn(centres_of(training.slow, source.photographs))
            training.log(f"plates to mix: {sum(map(len, source.mixer.halves.values()))}")
        start = time.monotonic()
        losses.append(training.take_step(source))
        source.draw_plates(DRAWN_A_STEP)
        training.spent += time.monotonic() - start
        if training.step % 50 == 0:
            training.log(f"loss {sum(losses) / len(losses):.3f} level {training.level:.2f}")
            losses = []
        if training.step % WATCH_EVERY == 0:
            training.look(held_out)
        if training.step % SAVE_EVERY == 0:
            training.save()
    training.look(held_out)
    training.save()


if __name__ == "__main__":
    main()
