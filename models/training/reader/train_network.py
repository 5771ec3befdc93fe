"""Trains the plate network in torch on pages of lines (make_lines) and writes it as a component of Tesseract.

    python3 -m models.training.reader.train_network --data DIR --lines 'pages/*.lstmf' --template DIR --out DIR \
        --steps 9000 --seed 1

In batches, and with the normalisation that Tesseract's own training lacks, one core learns in half an hour what
lstmtraining does not in a day; Tesseract runs the weights as its own. Goes on from OUT/network.pt if it is there and
notices new pages on the way. --template is a folder that tesseract_model.py made.
"""
import argparse
import glob
import math
import pathlib
import random

import cv2
import numpy
import torch
from torch import nn

from . import line, lstmf, network, photographs, tesseract_model

BATCH = 32
RATE = 2e-3
WARM_STEPS, REPORT_EVERY, SAVE_EVERY = 200, 100, 1000


class Pool:
    """Lines by width, from files that may grow in number while training goes on."""

    def __init__(self, pattern, codes):
        self.pattern, self.codes = pattern, codes
        self.files, self.widths = set(), {}
        self.refresh()

    def refresh(self):
        for path in sorted(set(glob.glob(self.pattern)) - self.files):
            self.files.add(path)
            for picture, text in lstmf.read(path):
                codes = [self.codes[sign] for sign in text]
                self.widths.setdefault(picture.shape[1], []).append((picture, codes))
        return sum(len(lines) for lines in self.widths.values())

    def batch(self, chance):
        widths = list(self.widths)
        width = chance.choices(widths, weights=[len(self.widths[w]) for w in widths])[0]
        return [chance.choice(self.widths[width]) for _ in range(BATCH)]


def varied(picture, chance):
    """Small changes so that a line is never seen twice the same."""
    if chance.random() < 0.5:
        shift = numpy.float32([[chance.uniform(0.96, 1.04), chance.uniform(-0.05, 0.05), chance.uniform(-3, 3)],
                               [0, chance.uniform(0.95, 1.05), chance.uniform(-1.5, 1.5)]])
        picture = cv2.warpAffine(picture, shift, picture.shape[::-1], borderMode=cv2.BORDER_REPLICATE)
    if chance.random() < 0.12:
        picture = 255 - picture
    x = network.scaled(picture)
    return x * chance.uniform(0.9, 1.1) + chance.uniform(-0.1, 0.1)


def collate(lines, change):
    x = torch.from_numpy(numpy.stack([change(picture) for picture, _ in lines])[:, None].astype(numpy.float32))
    sizes = torch.tensor([len(codes) for _, codes in lines])
    return x, torch.tensor([code for _, codes in lines for code in codes]), sizes


def validation_lines(data, codes):
    found = []
    for photograph in photographs.read_rows(data, validation=True):
        patch = line.rectify(photograph.grey, photograph.quad)
        picture = line.line(patch) if photograph.rows == 1 else line.two_row_line(patch, line.gap(patch))
        found.append((picture, [codes[sign] for sign in photograph.text], photograph.source))
    return found


def greedy(log_probabilities):
    """Best path: repeated classes joined, blanks (the last class) left out."""
    blank = log_probabilities.shape[2] - 1
    texts = []
    for path in log_probabilities.argmax(2).T.tolist():
        texts.append([code for i, code in enumerate(path) if code != blank and (i == 0 or code != path[i - 1])])
    return texts


def evaluate(model, lines):
    """Share of held-out lines read wholly right, overall and by source."""
    model.eval()
    hits = {}
    with torch.no_grad():
        for picture, codes, source in lines:
            x = torch.from_numpy(network.scaled(picture)[None, None])
            hits.setdefault(source, []).append(greedy(model(x))[0] == codes)
    model.train()
    right = sum(sum(found) for found in hits.values())
    total = sum(len(found) for found in hits.values())
    return right / total, {source: f"{sum(found)}/{len(found)}" for source, found in sorted(hits.items())}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="folder with labels.csv")
    parser.add_argument("--lines", required=True, help="pattern of .lstmf pages (make_lines.py)")
    parser.add_argument("--template", required=True, type=pathlib.Path, help="folder of an empty model (tesseract_model.py)")
    parser.add_argument("--out", required=True)
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--rate", type=float, default=RATE)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    torch.manual_seed(options.seed)
    chance = random.Random(options.seed)
    out = pathlib.Path(options.out)
    out.mkdir(parents=True, exist_ok=True)

    codes_of, blank = tesseract_model.codes(options.template)
    pool = Pool(options.lines, codes_of)
    held_out = validation_lines(options.data, codes_of)
    model = network.Network(blank + 1)
    if (out / "network.pt").exists():
        model.load_state_dict(torch.load(out / "network.pt"))
    optimiser = torch.optim.Adam(model.parameters(), options.rate)
    loss_of = nn.CTCLoss(blank=blank, zero_infinity=True)

    def save():
        torch.save(model.state_dict(), out / "network.pt")

    losses = []
    for step in range(1, options.steps + 1):
        warm = min(1, step / WARM_STEPS)
        for group in optimiser.param_groups:
            group["lr"] = options.rate * warm * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * step / options.steps)))
        x, codes, sizes = collate(pool.batch(chance), lambda picture: varied(picture, chance))
        y = model(x)
        loss = loss_of(y, codes, torch.full((len(sizes),), y.shape[0], dtype=torch.long), sizes)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 5)
        optimiser.step()
        losses.append(loss.item())
        if step % REPORT_EVERY == 0:
            print(f"step {step}, loss {sum(losses) / len(losses):.3f}", flush=True)
            losses = []
        if step % SAVE_EVERY == 0:
            save()
            print(f"held out {evaluate(model, held_out)}, lines {pool.refresh()}", flush=True)
    save()
    print(f"held out {evaluate(model, held_out)}", flush=True)


if __name__ == "__main__":
    main()
