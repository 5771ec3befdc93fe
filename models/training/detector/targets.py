"""What the network should have answered: score, corners and weights for each cell."""
import functools
import math

import numpy as np

from .geometry import STRIDE

LEAST_WIDTH = 12       # pixels: narrower plates are neither plate nor background
LEAST_EXTENT = 8       # pixels: errors of the corners count against the plate's size, but at least this
LEAST_VISIBLE = 0.9    # part of a plate's box that must lie in the picture


@functools.lru_cache(maxsize=None)
def cells_of(size):
    """Centres of the cells of an input of this width and height: x and y, rows x columns."""
    y, x = np.mgrid[0:size[1] // STRIDE, 0:size[0] // STRIDE]
    return (x + .5) * STRIDE, (y + .5) * STRIDE


def visible_part(quad, size):
    inside = np.ptp(quad[:, 0].clip(0, size[0])) * np.ptp(quad[:, 1].clip(0, size[1]))
    return inside / max(np.ptp(quad[:, 0]) * np.ptp(quad[:, 1]), 1)


def plate_axes(quad):
    """Mean vectors along the plate's width and height."""
    return (quad[1] - quad[0] + quad[2] - quad[3]) / 2, (quad[3] - quad[0] + quad[2] - quad[1]) / 2


def targets_of(plates, unsure, size):
    """(score, counted, corners, weight, extent) arrays from [(quad, trust)]; later losses use them as they are.

    counted is 0 where a cell is neither plate nor background (edges of plates, cut and tiny plates); 0.5 marks
    background of a picture whose labels are known to miss plates.
    """
    cell_x, cell_y = cells_of(size)
    score = np.zeros(cell_x.shape, np.float32)
    counted = np.full_like(score, .5 if unsure else 1)
    corners = np.zeros((8, *cell_x.shape), np.float32)
    weight = np.zeros_like(score)
    extent = np.ones_like(score)
    for quad, trust in sorted(plates, key=lambda plate: -np.ptp(plate[0][:, 0])):
        centre = quad.mean(0)
        if visible_part(quad, size) < LEAST_VISIBLE or np.ptp(quad[:, 0]) < LEAST_WIDTH:
            near = (abs(cell_x - centre[0]) < np.ptp(quad[:, 0]) / 2 + 6) & \
                   (abs(cell_y - centre[1]) < np.ptp(quad[:, 1]) / 2 + 6)
            counted[near & (score == 0)] = 0
            continue
        along, down = plate_axes(quad)
        area = along[0] * down[1] - along[1] * down[0] + 1e-6
        dx, dy = cell_x - centre[0], cell_y - centre[1]
        a = (dx * down[1] - dy * down[0]) / area     # place of a cell in the plate, -0.5 to 0.5
        b = (along[0] * dy - along[1] * dx) / area
        width, height = np.linalg.norm(along), np.linalg.norm(down)
        middle = (abs(a) < max(.18, STRIDE * .55 / width)) & (abs(b) < max(.25, STRIDE * .55 / height))
        around = (abs(a) < .55) & (abs(b) < max(.6, STRIDE * .8 / height))
        counted[around & ~middle] = 0
        counted[middle] = 1
        score[around] = 0
        score[middle] = 1
        weight[around] = 0
        for i in range(4):
            corners[2 * i][middle] = ((quad[i][0] - cell_x) / STRIDE)[middle]
            corners[2 * i + 1][middle] = ((quad[i][1] - cell_y) / STRIDE)[middle]
        weight[middle] = trust / max(middle.sum(), 1)
        extent[middle] = max(math.sqrt(width * height), LEAST_EXTENT) / STRIDE
    return score, counted, corners, weight, extent
