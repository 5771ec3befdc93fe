"""Cuts the reader's patches out of sharp views so that gradients pass: what a corner does to the reading is learnt too.

After spatial transformer networks (Jaderberg et al., NIPS 2015), with a homography.
"""
import torch
import torch.nn.functional as F

from ..net.network import HEIGHT, WIDTH
from ..reader.line import MARGIN_SHARE
from . import network

LOW, HIGH = 0.02, 0.98     # as line.spread


def homography(quad):
    """From the unit square to each quad (batch x 4 x 2), batch x 3 x 3 (Heckbert 1989)."""
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = [quad[:, i].unbind(1) for i in range(4)]
    sx, sy = x0 - x1 + x2 - x3, y0 - y1 + y2 - y3
    dx1, dx2, dy1, dy2 = x1 - x2, x3 - x2, y1 - y2, y3 - y2
    area = dx1 * dy2 - dx2 * dy1
    area = torch.where(area.abs() < 1e-3, torch.full_like(area, 1e-3), area)
    g, h = (sx * dy2 - dx2 * sy) / area, (dx1 * sy - sx * dy1) / area
    rows = [x1 - x0 + g * x1, x3 - x0 + h * x3, x0, y1 - y0 + g * y1, y3 - y0 + h * y3, y0, g, h, torch.ones_like(g)]
    return torch.stack(rows, 1).view(-1, 3, 3)


def patches(views, corners, units):
    """views: batch x 1 x SHARP_HEIGHT x SHARP_WIDTH, grey levels 0 to 255; corners in pixels of the network's view."""
    real = (corners * units[:, None]).detach()    # in heights: only their proportions matter
    across = ((real[:, 1] - real[:, 0]).norm(dim=1) + (real[:, 2] - real[:, 3]).norm(dim=1)).clamp(min=.1)
    down = ((real[:, 3] - real[:, 0]).norm(dim=1) + (real[:, 2] - real[:, 1]).norm(dim=1)).clamp(min=.1)
    room = MARGIN_SHARE * down / across
    v, u = torch.meshgrid((torch.arange(HEIGHT) + .5) / HEIGHT, (torch.arange(WIDTH) + .5) / WIDTH, indexing="ij")
    v = (v * (1 + 2 * MARGIN_SHARE) - MARGIN_SHARE).reshape(1, -1)
    u = u.reshape(1, -1) * (1 + 2 * room[:, None]) - room[:, None]
    points = torch.stack([u, v.expand_as(u), torch.ones_like(u)], 1)
    places = homography(corners) @ points
    places = places[:, :2] / places[:, 2:].clamp(min=.05)
    size = torch.tensor([network.WIDTH, network.HEIGHT], dtype=torch.float32)
    grid = (places / size[:, None] * 2 - 1).transpose(1, 2).view(-1, HEIGHT, WIDTH, 2)
    cut = F.grid_sample(views, grid, mode="bilinear", padding_mode="border", align_corners=False)
    with torch.no_grad():
        flat = cut.flatten(1)
        low, high = torch.quantile(flat, LOW, 1), torch.quantile(flat, HIGH, 1)
    spread = (cut - low[:, None, None, None]) / (high - low).clamp(min=2)[:, None, None, None]
    return spread.clamp(0, 1) * 2 - 1
