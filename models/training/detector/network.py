"""The plate detector's network: a small fully convolutional network that answers at stride 16.

Each cell gives nine numbers: a score (logit) and the four corners as offsets from the cell's centre, in
strides. Luma in, for colour costs three times the stem and is not there by night. Plain convolutions and ReLU only:
those run fastest on a CPU, and wide layers over few cells faster than narrow ones over many.
"""
import torch.nn.functional as F
from torch import nn

from ..parts import Residual, conv


class PlateNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = conv(1, 20, 4, 8, 2)
        self.at8 = nn.Sequential(conv(20, 32, 2), Residual(32))
        self.at16 = nn.Sequential(conv(32, 72, 2), Residual(72))
        self.at32 = nn.Sequential(conv(72, 104, 2), Residual(104))
        self.from32 = conv(104, 72, kernel=1)
        self.smooth16 = conv(72, 72)
        self.head = nn.Sequential(conv(72, 52), nn.Conv2d(52, 9, 1))
        nn.init.constant_(self.head[1].bias, 0)
        self.head[1].bias.data[0] = -4  # plates are rare: start from "no"

    def forward(self, x):
        at16 = self.at16(self.at8(self.stem(x)))
        context = F.interpolate(self.from32(self.at32(at16)), scale_factor=2, mode="bilinear", align_corners=False)
        return self.head(self.smooth16(at16 + context))
