"""The plate network: a small convolutional reader that OpenCV's DNN module runs.

One grey patch in, one softmax a time step out, for connectionist temporal classification (Graves et al., ICML 2006). The
last layers look at the whole height of the plate twice, once for an upper and once for a lower row, and the two
sequences are laid one after the other: plates of two rows need not be cut, and plates of one row leave one half blank.
"""
import torch
import torch.nn.functional as F
from torch import nn

from ..parts import Residual, conv

WIDTH, HEIGHT = 160, 64     # of the patch as the network sees it, pixels
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
BLANK = len(ALPHABET)       # the last class: no character begins here
ROW_DEPTH = 96


class PlateNetwork(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(conv(1, 16, 2), conv(16, 32), conv(32, 56, 2), Residual(56), conv(56, 96, (2, 1)),
                                  Residual(96), conv(96, 128, (2, 1)))
        self.rows = conv(128, 2 * ROW_DEPTH, 1, (4, 1), 0)
        self.spell = nn.Sequential(conv(ROW_DEPTH, ROW_DEPTH, 1, (1, 5), (0, 2)),
                                   conv(ROW_DEPTH, ROW_DEPTH, 1, (1, 5), (0, 2)), nn.Dropout(0.1))
        self.output = nn.Conv2d(ROW_DEPTH, BLANK + 1, 1)

    def logits(self, x):
        """x: batch x 1 x HEIGHT x WIDTH, in -1 to 1. Gives batch x classes x 1 x steps."""
        rows = self.rows(self.body(x))
        return self.output(self.spell(torch.cat([rows[:, :ROW_DEPTH], rows[:, ROW_DEPTH:]], 3)))

    def forward(self, x):
        return F.softmax(self.logits(x), 1)
