"""The plate detector's network: a small fully convolutional pyramid that answers at stride 8.

Each cell gives nine numbers: a score (logit) and the four corners as offsets from the cell's centre, in
strides. Plain convolutions and ReLU only: OpenCV's DNN module runs those fastest on a CPU.
"""
import torch.nn.functional as F
from torch import nn

from ..parts import Residual, conv


class PlateNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(conv(3, 12, 2), conv(12, 24, 2))
        self.at8 = nn.Sequential(conv(24, 48, 2), Residual(48))
        self.at16 = nn.Sequential(conv(48, 80, 2), Residual(80))
        self.at32 = nn.Sequential(conv(80, 112, 2), Residual(112))
        self.from32 = conv(112, 80, kernel=1)
        self.smooth16 = conv(80, 80)
        self.from16 = conv(80, 48, kernel=1)
        self.smooth8 = conv(48, 48)
        self.head = nn.Sequential(conv(48, 64), nn.Conv2d(64, 9, 1))
        nn.init.constant_(self.head[1].bias, 0)
        self.head[1].bias.data[0] = -4  # plates are rare: start from "no"

    def forward(self, x):
        at8 = self.at8(self.stem(x))
        at16 = self.at16(at8)
        at32 = self.at32(at16)
        at16 = self.smooth16(at16 + F.interpolate(self.from32(at32), scale_factor=2, mode="nearest"))
        at8 = self.smooth8(at8 + F.interpolate(self.from16(at16), scale_factor=2, mode="nearest"))
        return self.head(at8)
