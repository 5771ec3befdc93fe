"""The plate network: a small convolutional reader of plain layers only (firmware/vision/onnx_graph.hpp).

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
# Channels after each of the body's convolutions, and of each row: the first reader, and a second, wider one that was
# trained from another start, so that it errs elsewhere.
SHAPES = {"first": (24, 64, 96, 144, 112), "second": (28, 72, 104, 152, 120)}


class PlateNetwork(nn.Module):
    def __init__(self, shape="first"):
        super().__init__()
        stem, early, late, self.body_depth, self.row_depth = SHAPES[shape]
        self.body = nn.Sequential(conv(1, stem, 2, 5), conv(stem, early, 2), Residual(early), conv(early, late, (2, 1)),
                                  Residual(late), conv(late, self.body_depth, (2, 1)))
        row = self.row_depth
        self.rows = conv(self.body_depth, 2 * row, 1, (3, 1), 0)
        self.spell = nn.Sequential(conv(row, row, 1, (1, 5), (0, 2)), conv(row, row, 1, (1, 5), (0, 2)), nn.Dropout(0.15))
        self.output = nn.Conv2d(row, BLANK + 1, 1)

    def logits(self, x):
        """x: batch x 1 x HEIGHT x WIDTH, in -1 to 1. Gives batch x classes x 1 x steps."""
        return self.spelt(self.body(x))

    def spelt(self, features):
        rows = self.rows(features)
        return self.output(self.spell(torch.cat([rows[:, :self.row_depth], rows[:, self.row_depth:]], 3)))

    def forward(self, x):
        return self.logits(x)


class Look(nn.Module):
    """What the look of a plate says of its jurisdiction, from the features that the reading needs anyway."""

    def __init__(self, codes, depth):
        super().__init__()
        self.mean, self.most = nn.AvgPool2d((HEIGHT // 16, WIDTH // 4)), nn.MaxPool2d((HEIGHT // 16, WIDTH // 4))
        self.judge = nn.Sequential(nn.BatchNorm2d(2 * depth), nn.Dropout(0.2), nn.Conv2d(2 * depth, 96, 1),
                                   nn.ReLU(), nn.Dropout(0.2), nn.Conv2d(96, codes, 1))

    def pooled(self, features):
        return torch.cat([self.mean(features), self.most(features)], 1)

    def logits_of(self, pooled):
        return self.judge(pooled)

    def logits(self, features):
        return self.logits_of(self.pooled(features))


class ExportedNetwork(nn.Module):
    """The answers of one pass, logits, in those few kinds of layers that the programs run: layers that split or join
    channels are rewritten as several that do not. look may be None. Evaluation only."""

    def __init__(self, network, look):
        super().__init__()
        self.body, self.spell, self.output = network.body, network.spell, network.output
        self.upper = part_of(network.rows, slice(None, network.row_depth))
        self.lower = part_of(network.rows, slice(network.row_depth, None))
        self.codes = look and look.judge[5]
        if look:
            self.take_look(look, network.body_depth)

    def take_look(self, look, depth):
        norm, first = look.judge[0], look.judge[2]
        scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
        weight = first.weight.detach() * scale[None, :, None, None]
        bias = first.bias + (first.weight[:, :, 0, 0] @ (norm.bias - norm.running_mean * scale))
        self.of_mean = pointwise(weight[:, :depth], bias)
        self.of_most = pointwise(weight[:, depth:], torch.zeros_like(bias))

    def forward(self, x):
        features = self.body(x)
        steps = self.output(self.spell(torch.cat([self.upper(features), self.lower(features)], 3)))
        if not self.codes:
            return steps
        look = F.relu(self.of_mean(F.adaptive_avg_pool2d(features, 1)) + self.of_most(features.amax((2, 3), keepdim=True)))
        return steps, self.codes(look)


def part_of(block, outputs):
    """Some outputs of a convolution with batch normalisation and ReLU."""
    whole, norm = block[0], block[1]
    count = len(range(*outputs.indices(whole.out_channels)))
    part = nn.Conv2d(whole.in_channels, count, whole.kernel_size, whole.stride, whole.padding, bias=False)
    part.weight.data = whole.weight.data[outputs]
    normal = nn.BatchNorm2d(count, norm.eps)
    for name, values in norm.state_dict().items():
        if values.dim():
            getattr(normal, name).data = values[outputs].clone()
    return nn.Sequential(part, normal, nn.ReLU())


def pointwise(weight, bias):
    layer = nn.Conv2d(weight.shape[1], weight.shape[0], 1)
    layer.weight.data, layer.bias.data = weight.detach().clone(), bias.detach().clone()
    return layer
