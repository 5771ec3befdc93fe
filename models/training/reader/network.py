"""The plate network in torch, computing just what Tesseract's LSTM engine computes for the same weights.

SPEC is Tesseract's own notation. What must agree with Tesseract 5: the picture's scaling (NetworkIO::Copy2DImage), the
order of a convolution's inputs and its random border (Convolve::Forward), the order in which S stacks rows
(Reconfig::Forward), no second bias in the LSTM, and the class numbers of the recoder (the last means no character).
Batch normalisation exists in training only: matrices() folds it into the weights before it.
"""
import numpy
import torch
from torch import nn
from torch.nn import functional

SPEC = "[1,40,0,1 Ct3,3,16 Mp2,2 Ct3,3,32 Mp2,2 Ct3,3,48 Mp2,1 S5,1 Ct1,1,96 Lfx96 Lrx96 O1c1]"
GATES = (2, 0, 1, 3)  # Tesseract's CI, GI, GF1, GO as places in torch's i, f, g, o


def _share_point(histogram, share):
    """STATS::ile of Tesseract: the value below which this share of the entries lies, within its bucket."""
    total = histogram.sum()
    target = min(max(share * total, 1), total)
    sums = histogram.cumsum()
    index = int(numpy.searchsorted(sums, target))
    return index + 1 - (sums[index] - target) / histogram[index]


def scaled(picture):
    """Grey levels as Tesseract scales them: dark and bright turns of the middle line become -1 and 1."""
    row = picture[picture.shape[0] // 2].astype(int)
    before, here, after = row[:-2], row[1:-1], row[2:]
    low = here[((here < before) & (here <= after)) | ((here <= before) & (here < after))]
    high = here[((here > before) & (here >= after)) | ((here >= before) & (here > after))]
    black = _share_point(numpy.bincount(low, minlength=256), 0.25) if len(low) else 1.0
    white = _share_point(numpy.bincount(high, minlength=256), 0.75) if len(high) else 256.0
    contrast = max((white - black) / 2, 1.0)
    return ((picture.astype(numpy.float32) - black) / contrast - 1).astype(numpy.float32)


def _folded(weight, bias, norm):
    """weight (outputs first) and bias with the batch normalisation behind them folded in, bias as last column."""
    gain = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    weight, bias = weight * gain[:, None], (bias - norm.running_mean) * gain + norm.bias
    return torch.cat([weight, bias[:, None]], 1)


class Convolution(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.convolution = nn.Conv2d(inputs, outputs, 3)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, x):
        batch, depth, height, width = x.shape
        padded = torch.rand(batch, depth, height + 2, width + 2) * 2 - 1
        padded[:, :, 1:-1, 1:-1] = x
        return torch.tanh(self.norm(self.convolution(padded)))

    def matrices(self):
        weight = self.convolution.weight.permute(0, 3, 2, 1).flatten(1)  # x outermost, then y, then depth
        return [_folded(weight, self.convolution.bias, self.norm)]


class Dense(nn.Module):
    """At each place of the line; x: batch x time x depth."""

    def __init__(self, inputs, outputs):
        super().__init__()
        self.dense = nn.Linear(inputs, outputs)
        self.norm = nn.BatchNorm1d(outputs)

    def forward(self, x):
        return torch.tanh(self.norm(self.dense(x).transpose(1, 2)).transpose(1, 2))

    def matrices(self):
        return [_folded(self.dense.weight, self.dense.bias, self.norm)]


class Lstm(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.lstm = nn.LSTM(inputs, outputs, batch_first=True)
        self.lstm.bias_hh_l0.requires_grad = False
        nn.init.zeros_(self.lstm.bias_hh_l0)
        nn.init.constant_(self.lstm.bias_ih_l0[outputs:2 * outputs].data, 1.0)  # remember at first

    def forward(self, x):
        return self.lstm(x)[0]

    def matrices(self):
        whole = torch.cat([self.lstm.weight_ih_l0, self.lstm.weight_hh_l0, self.lstm.bias_ih_l0[:, None]], 1)
        parts = whole.chunk(4)  # torch: input gate, forget gate, cell input, output gate
        return [parts[gate] for gate in GATES]


class Network(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.first, self.second, self.third = Convolution(1, 16), Convolution(16, 32), Convolution(32, 48)
        self.dense = Dense(5 * 48, 96)
        self.forth, self.back = Lstm(96, 96), Lstm(96, 96)
        self.output = nn.Linear(96, classes)

    def forward(self, x):
        """x: batch x 1 x 40 x width, scaled. Gives time x batch x classes, log softmax."""
        x = functional.max_pool2d(self.first(x), 2)
        x = functional.max_pool2d(self.second(x), 2)
        x = functional.max_pool2d(self.third(x), (2, 1))
        x = x.permute(0, 3, 2, 1).flatten(2)  # rows stacked from the top, depth innermost
        x = self.forth(self.dense(x))
        x = self.back(x.flip(1)).flip(1)
        return functional.log_softmax(self.output(x), 2).transpose(0, 1)

    def matrices(self):
        """The weight matrices in the order in which Tesseract's component holds them."""
        layers = (self.first, self.second, self.third, self.dense, self.forth, self.back)
        found = [matrix for layer in layers for matrix in layer.matrices()]
        found.append(torch.cat([self.output.weight, self.output.bias[:, None]], 1))
        return [matrix.detach().double().numpy() for matrix in found]
