"""What the networks of detector, fitter and reader are built and trained with."""
import copy
import math
import os
import time

import torch
import torch.nn.functional as F
from torch import nn


def conv(inputs, outputs, stride=1, kernel=3, padding=None):
    """Convolution, batch normalisation, ReLU; padding keeps the size unless given."""
    padding = kernel // 2 if padding is None else padding
    return nn.Sequential(nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=False), nn.BatchNorm2d(outputs),
                         nn.ReLU(True))


class Residual(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.first = conv(channels, channels)
        self.second = nn.Sequential(nn.Conv2d(channels, channels, 3, 1, 1, bias=False), nn.BatchNorm2d(channels))

    def forward(self, x):
        return F.relu(x + self.second(self.first(x)))


def set_rate(optimiser, peak, step, warm_up, progress):
    """Warm-up, then a cosine down to a hundredth of the peak; progress from 0 to 1."""
    rate = peak * min(1, (step + 1) / warm_up) * (.01 + .99 * .5 * (1 + math.cos(math.pi * min(1, progress))))
    for group in optimiser.param_groups:
        group["lr"] = rate


def average(slow, network, step, decay):
    """Moves the averaged weights towards the network's; faster at first."""
    decay = min(decay, (1 + step) / (10 + step))
    with torch.no_grad():
        for a, b in zip(slow.state_dict().values(), network.state_dict().values()):
            a.copy_(b if not a.dtype.is_floating_point else a * decay + b * (1 - decay))


def save(state, file):
    """Never leaves half a checkpoint."""
    torch.save(state, file + ".new")
    os.replace(file + ".new", file)


class Training:
    """What a checkpoint keeps: weights, their average, the optimiser, step, time spent and the best so far. Goes on from
    OUT/checkpoint.pt where there is one. Options: out, rate, start (weights or None), minutes or steps of the schedule."""

    def __init__(self, network, options, weight_decay):
        self.options = options
        self.network = network.to(memory_format=torch.channels_last)
        if options.start:
            self.network.load_state_dict(torch.load(options.start))
        self.slow = copy.deepcopy(self.network)
        self.optimiser = torch.optim.AdamW(self.network.parameters(), options.rate, weight_decay=weight_decay)
        self.step, self.spent, self.best = 0, 0.0, 0.0
        self.file = os.path.join(options.out, "checkpoint.pt")
        if os.path.exists(self.file):
            self.resume(torch.load(self.file))

    def resume(self, saved):
        self.network.load_state_dict(saved["network"])
        self.slow.load_state_dict(saved["slow"])
        self.optimiser.load_state_dict(saved["optimiser"])
        self.step, self.spent, self.best = saved["step"], saved["spent"], saved["best"]

    def save(self):
        save({"network": self.network.state_dict(), "slow": self.slow.state_dict(), "step": self.step,
              "optimiser": self.optimiser.state_dict(), "spent": self.spent, "best": self.best}, self.file)

    def keep(self, name):
        """The averaged weights under this name."""
        torch.save(self.slow.state_dict(), os.path.join(self.options.out, name))

    def log(self, text):
        with open(os.path.join(self.options.out, "train.log"), "a", encoding="utf-8") as log:
            print(f"{time.strftime('%H:%M:%S')} {self.spent / 60:.1f} min step {self.step} {text}", file=log)

    @property
    def progress(self):
        if self.options.steps:
            return self.step / self.options.steps
        return self.spent / 60 / self.options.minutes

    def descend(self, loss, largest_gradient, decay):
        """One step down the loss, and the average after it."""
        self.optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), largest_gradient)
        self.optimiser.step()
        self.step += 1
        average(self.slow, self.network, self.step, decay)
