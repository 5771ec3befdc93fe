"""The plate fitter's network: from a loose view of a plate to its corners, and whether it is a plate at all.

The detector sees the whole frame coarsely, so its corners are off by a tenth of a plate's height and it takes many a
lamp for a plate. One look at 96 x 48 pixels costs a sixth of a reading, and mends both.
"""
from torch import nn

from ..parts import Residual, conv

WIDTH, HEIGHT = 96, 48     # of the view as the network sees it, pixels
MARGIN_SHARE = 0.5         # of the first quad's height, seen around it: so far the corners may be off
STEP = 8.0                 # pixels of the view for one unit of a corner's answer
DEPTH = 96


class FitNetwork(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(conv(1, 16, 2, 5), conv(16, 32, 2), Residual(32), conv(32, 64, 2), Residual(64),
                                  conv(64, 96, 2), conv(96, 64, 1, 1), conv(64, DEPTH, 1, (HEIGHT // 16, WIDTH // 16), 0))
        self.output = nn.Conv2d(DEPTH, 9, 1)

    def logits(self, x):
        """x: batch x 1 x HEIGHT x WIDTH, in -1 to 1. Gives batch x 9: a score (logit), then the moves of the corners."""
        return self(x)[:, :, 0, 0]

    def forward(self, x):
        return self.output(self.body(x))
