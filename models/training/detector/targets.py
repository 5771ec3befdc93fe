"""What the network should have answered: score, corners and weights for each cell."""
import math

import numpy as np

from .geometry import HEIGHT, STRIDE, WIDTH

ROWS, COLUMNS = HEIGHT // STRIDE, WIDTH // STRIDE
LEAST_WIDTH = 12       # pixels: narrower plates are neither plate nor background
LEAST_VISIBLE = 0.9    # part of a plate's box that must lie in the picture

_Y, _X = np.mgrid[0:ROWS, 0:COLUMNS]
CELL_X = (_X + .5) * STRIDE
CELL_Y = (_Y + .5) * STRIDE


def visible_part(quad):
    inside = np.ptp(quad[:, 0].clip(0, WIDTH)) * np.ptp(quad[:, 1].clip(0, HEIGHT))
    return inside / max(np.ptp(quad[:, 0]) * np.ptp(quad[:, 1]), 1)


def plate_axes(quad):
    """Mean vectors along the plate's width and height."""
    return (quad[1] - quad[0] + quad[2] - quad[3]) / 2, (quad[3] - quad[0] + quad[2] - quad[1]) / 2


def targets_of(plates, unsure):
    """(score, counted, corners, weight, size) arrays from [(quad, trust)]; later losses use them as they are.

    counted is 0 where a cell is neither plate nor background (edges of plates, cut and tiny plates); 0.5 marks
    background of a picture whose labels are known to miss plates.
    """
    score = np.zeros((ROWS, COLUMNS), np.float32)
    counted = np.full_like(score, .5 if unsure else 1)
    corners = np.zeros((8, ROWS, COLUMNS), np.float32)
    weight = np.zeros_like(score)
    size = np.ones_like(score)
    for quad, trust in sorted(plates, key=lambda plate: -np.ptp(plate[0][:, 0])):
        centre = quad.mean(0)
        if visible_part(quad) < LEAST_VISIBLE or np.ptp(quad[:, 0]) < LEAST_WIDTH:
            near = (abs(CELL_X - centre[0]) < np.ptp(quad[:, 0]) / 2 + 6) & \
                   (abs(CELL_Y - centre[1]) < np.ptp(quad[:, 1]) / 2 + 6)
            counted[near & (score == 0)] = 0
            continue
        along, down = plate_axes(quad)
        area = along[0] * down[1] - along[1] * down[0] + 1e-6
        dx, dy = CELL_X - centre[0], CELL_Y - centre[1]
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
            corners[2 * i][middle] = ((quad[i][0] - CELL_X) / STRIDE)[middle]
            corners[2 * i + 1][middle] = ((quad[i][1] - CELL_Y) / STRIDE)[middle]
        weight[middle] = trust / max(middle.sum(), 1)
        size[middle] = max(math.sqrt(width * height) / STRIDE, 1.5)
    return score, counted, corners, weight, size
