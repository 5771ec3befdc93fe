"""The plate network: a small convolutional reader that OpenCV's DNN module runs.

One grey patch in, one softmax a time step out, for connectionist temporal classification (Graves et al., ICML 2006). The
last layers look at the whole height of the plate twice, once for an upper and once for a lower row, and the two
sequences are laid one after the other: plates of two rows need not be cut, and plates of one row leave one half blank.
"""
import torch
import torch.nn.functional as F
from torch import nn

from ..parts import Residual, conv

WIDTH, HEIGHT = 176, 48     # of the patch as the network sees it, pixels
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
BLANK = len(ALPHABET)       # the last class: no character begins here
ROW_DEPTH = 112
BODY_DEPTH = 144


class PlateNetwork(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(conv(1, 24, 2, 5), conv(24, 64, 2), Residual(64), conv(64, 96, (2, 1)), Residual(96),
                                  conv(96, BODY_DEPTH, (2, 1)))
        self.rows = conv(BODY_DEPTH, 2 * ROW_DEPTH, 1, (3, 1), 0)
        self.spell = nn.Sequential(conv(ROW_DEPTH, ROW_DEPTH, 1, (1, 5), (0, 2)),
                                   conv(ROW_DEPTH, ROW_DEPTH, 1, (1, 5), (0, 2)), nn.Dropout(0.15))
        self.output = nn.Conv2d(ROW_DEPTH, BLANK + 1, 1)

    def logits(self, x):
        """x: batch x 1 x HEIGHT x WIDTH, in -1 to 1. Gives batch x classes x 1 x steps."""
        return self.spelt(self.body(x))

    def spelt(self, features):
        rows = self.rows(features)
        return self.output(self.spell(torch.cat([rows[:, :ROW_DEPTH], rows[:, ROW_DEPTH:]], 3)))

    def steps_of(self, features):
        return F.softmax(self.spelt(features), 1)

    def forward(self, x):
        return F.softmax(self.logits(x), 1)


class Look(nn.Module):
    """What the look of a plate says of its jurisdiction, from the features that the reading needs anyway."""

    def __init__(self, codes):
        super().__init__()
        self.mean, self.most = nn.AvgPool2d((HEIGHT // 16, WIDTH // 4)), nn.MaxPool2d((HEIGHT // 16, WIDTH // 4))
        self.judge = nn.Sequential(nn.BatchNorm2d(2 * BODY_DEPTH), nn.Dropout(0.2), nn.Conv2d(2 * BODY_DEPTH, 96, 1),
                                   nn.ReLU(), nn.Dropout(0.2), nn.Conv2d(96, codes, 1))

    def pooled(self, features):
        return torch.cat([self.mean(features), self.most(features)], 1)

    def logits_of(self, pooled):
        return self.judge(pooled)

    def logits(self, features):
        return self.logits_of(self.pooled(features))


class PlateNetworkWithLook(nn.Module):
    """Both answers of one pass, as they are exported."""

    def __init__(self, network, look):
        super().__init__()
        self.network, self.look = network, look

    def forward(self, x):
        features = self.network.body(x)
        return self.network.steps_of(features), F.softmax(self.look.logits(features), 1)
