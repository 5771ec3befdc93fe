#!/usr/bin/env python3
"""Trains the plate fitter: python3 -m models.training.fit.train --data DIR --detector DIR --reader best.pt --out DIR --minutes 40

Three things are asked of it: the labelled corners where they are true; that the plate network (--reader, which stays as it
is) reads the text out of what it cuts; and to tell plates from what the detector (--detector, its model folder) takes for them on the
train pictures. Only rows with split_hint=train are used, a twelfth of them held out. Writes OUT/checkpoint.pt (to go on from
after a break), OUT/last.pt (averaged weights) and OUT/train.log. One thread.
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
from ..net.network import BLANK, PlateNetwork
from ..net.train import greedy
from . import samples, views, warp
from .network import STEP, FitNetwork

BATCH, READ = 64, 24       # samples a step, and how many of them are read
WARM_UP, AVERAGE = 200, 0.999
CORNER_WEIGHT, READING_WEIGHT = 1.0, 0.5
READING_FROM = 1500        # steps: first the corners, so that there is something to read
FIRST_DRAWN, DRAWN_A_STEP = 1500, 2
WATCH_EVERY, SAVE_EVERY = 500, 200
JUDGE_EVERY = 1000         # steps: what the fitter errs on is drawn more often


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="folder with labels.csv and images/")
    parser.add_argument("--detector", required=True, help="model folder of the detector whose candidates are looked at")
    parser.add_argument("--reader", required=True, help="weights of the plate network: best.pt of net/train.py")
    parser.add_argument("--out", required=True, help="folder for checkpoints and the log")
    parser.add_argument("--minutes", type=float, default=40, help="wall time of the whole schedule")
    parser.add_argument("--steps", type=int, help="length of the schedule in steps, instead of --minutes")
    parser.add_argument("--rate", type=float, default=2e-3, help="peak of the learning rate")
    parser.add_argument("--start", help="weights to start from, instead of chance: last.pt of a run before")
    parser.add_argument("--seed", type=int, default=20261125)
    return parser.parse_args()


def load_reader(file):
    reader = PlateNetwork().to(memory_format=torch.channels_last)
    reader.load_state_dict(torch.load(file))
    reader.eval()
    for weights in reader.parameters():
        weights.requires_grad_(False)
    return reader


def seen(drawn):
    x = numpy.stack([views.seen(sample.view) for sample in drawn]).astype(numpy.float32) / 127.5 - 1
    return torch.from_numpy(x[:, None]).to(memory_format=torch.channels_last)


def first_corners(drawn):
    flat = [views.inner_corners(numpy.float32([[0, 0], [100 * s.aspect, 0], [100 * s.aspect, 100], [0, 100]])) for s in drawn]
    return torch.from_numpy(numpy.stack(flat))


def corners_of(answer, drawn):
    return first_corners(drawn) + answer[:, 1:].reshape(-1, 4, 2) * STEP


def reading_loss(reader, drawn, corners, units):
    sharp = torch.from_numpy(numpy.stack([s.view for s in drawn]).astype(numpy.float32)[:, None])
    cut = warp.patches(sharp, corners, units)
    with torch.autocast("cpu", torch.bfloat16):
        logits = reader.logits(cut.to(memory_format=torch.channels_last))
    logits = F.log_softmax(logits.float()[:, :, 0].permute(2, 0, 1), 2)
    sizes = torch.tensor([len(s.codes) for s in drawn])
    codes = torch.tensor([code for s in drawn for code in s.codes], dtype=torch.long)
    steps = torch.full((len(drawn),), logits.shape[0], dtype=torch.long)
    loss = F.ctc_loss(logits, codes, steps, sizes, blank=BLANK, reduction="none", zero_infinity=True) / sizes
    return loss.clamp(max=2).mean()    # a plate that nobody can read teaches nothing


def losses_of(network, reader, drawn, with_reading):
    with torch.autocast("cpu", torch.bfloat16):
        answer = network.logits(seen(drawn))
    answer = answer.float()
    corners = corners_of(answer, drawn)
    units = torch.from_numpy(numpy.stack([s.units for s in drawn]))
    trust = torch.tensor([s.trust for s in drawn])
    plate = (trust > 0).float()
    score = F.binary_cross_entropy_with_logits(answer[:, 0], plate * .98 + .01)
    wanted = torch.from_numpy(numpy.stack([s.corners for s in drawn]))
    apart = F.smooth_l1_loss(corners * units[:, None], wanted * units[:, None], reduction="none", beta=.03).sum((1, 2))
    corner = (apart * trust).sum() / trust.sum().clamp(min=1)
    reading = torch.zeros(())
    if with_reading:
        legible = [i for i, s in enumerate(drawn) if s.codes][:READ]
        reading = reading_loss(reader, [drawn[i] for i in legible], corners[legible], units[legible])
    return score, corner, reading


def watch(network, reader, held_out, wrong):
    """Corner error where corners are true, share of plates read from the first quad and from the fitted one, and scores."""
    network.eval()
    errors, before, after, scores = [], [], [], []
    with torch.no_grad():
        for first in range(0, len(held_out), 32):
            drawn = held_out[first:first + 32]
            answer = network.logits(seen(drawn))
            units = torch.from_numpy(numpy.stack([s.units for s in drawn]))
            wanted = torch.from_numpy(numpy.stack([s.corners for s in drawn]))
            sharp = torch.from_numpy(numpy.stack([s.view for s in drawn]).astype(numpy.float32)[:, None])
            fitted = corners_of(answer, drawn)
            off = ((fitted - wanted) * units[:, None]).norm(dim=2).mean(1)
            errors += [e for e, s in zip(off.tolist(), drawn) if s.trust == 1]
            scores += torch.sigmoid(answer[:, 0]).tolist()
            for corners, hits in ((first_corners(drawn), before), (fitted, after)):
                read = reader.logits(warp.patches(sharp, corners, units))[:, :, 0].transpose(1, 2)
                hits += [greedy(steps) == s.codes for steps, s in zip(read, drawn)]
        false = torch.sigmoid(torch.cat([network.logits(seen(wrong[i:i + 64]))[:, 0] for i in range(0, len(wrong), 64)]))
    network.train()
    at = {level: f"{numpy.mean(numpy.array(scores) >= level):.3f}/{(false >= level).float().mean().item():.4f}" for level in (.3, .5, .7)}
    return f"corner error {numpy.mean(errors):.4f} read {numpy.mean(before):.4f} -> {numpy.mean(after):.4f} plates/others kept {at}"


def scores_of(network, given):
    network.eval()
    scores = []
    with torch.no_grad():
        for first in range(0, len(given), 64):
            x = numpy.stack([views.seen(view) for view in given[first:first + 64]]).astype(numpy.float32) / 127.5 - 1
            scores += torch.sigmoid(network.logits(torch.from_numpy(x[:, None]))[:, 0]).tolist()
    network.train()
    return scores


class Training(parts.Training):
    def take_step(self, source, reader):
        parts.set_rate(self.optimiser, self.options.rate, self.step, WARM_UP, self.progress)
        drawn = [source.sample() for _ in range(BATCH)]
        losses = losses_of(self.network, reader, drawn, self.options.start or self.step >= READING_FROM)
        score, corner, reading = losses
        self.descend(score + CORNER_WEIGHT * corner + READING_WEIGHT * reading, 2, AVERAGE)
        return [loss.item() for loss in losses]


def main():
    options = arguments()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    torch.manual_seed(options.seed)
    os.makedirs(options.out, exist_ok=True)
    training, reader = Training(FitNetwork(), options, weight_decay=1e-3), load_reader(options.reader)
    source = samples.Samples(options.data, options.detector, random.Random(options.seed + training.step))
    held_out = samples.starts_of(samples.text_entries(options.data, validation=True), options.seed)
    wrong = samples.no_plates(options.data, options.detector)
    source.draw_plates(FIRST_DRAWN)
    training.log(f"{len(source.texts)} plates with text, {len(source.found)} and {len(source.wrong)} candidates of the detector; "
                 f"held out {len(held_out)} and {len(wrong)}; {sum(p.numel() for p in training.network.parameters())} weights")
    seen_losses = []
    while training.progress < 1:
        if training.step % JUDGE_EVERY == 0 and (options.start or training.step >= READING_FROM):
            source.judge(lambda given: scores_of(training.slow, given))
        start = time.monotonic()
        seen_losses.append(training.take_step(source, reader))
        source.draw_plates(DRAWN_A_STEP)
        training.spent += time.monotonic() - start
        if training.step % 100 == 0:
            training.log("score {:.3f} corners {:.3f} reading {:.3f}".format(*numpy.mean(seen_losses, 0)))
            seen_losses = []
        if training.step % WATCH_EVERY == 0:
            training.log(watch(training.slow, reader, held_out, wrong))
        if training.step % SAVE_EVERY == 0:
            training.save()
    training.log(watch(training.slow, reader, held_out, wrong))
    training.save()
    training.keep("last.pt")


if __name__ == "__main__":
    main()
