"""What the networks of the detector and of the reader are built and trained with."""
import math
import os

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
