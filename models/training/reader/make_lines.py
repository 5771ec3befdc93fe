"""Makes training pages: drawn plates and augmented photographs as line pictures with their texts.

    python3 -m models.training.reader.make_lines --data DIR --out FILE.lstmf --seed 1 --count 4000 --photographs 0.4

The quadrilateral of each plate is jittered as a detector would jitter it before the plate is cut out.
"""
import argparse
import random

import cv2
import numpy

from ..renderer import camera, plates
from . import line, lstmf, photographs

CORNER_NOISE = 0.04        # of the plate's height, normal
MARGIN_FROM, MARGIN_TO = -0.04, 0.15
CROP_MARGIN_FROM, CROP_MARGIN_TO = -0.05, 0.04  # crops already carry the margins of whoever cut them
UPRIGHT_BOX_CHANCE = 0.12


def jittered(quad, chance, is_crop, level):
    """The quad as a detector may give it; level 0 gives the true one."""
    height = line._sides(quad)[1]
    width = line._sides(quad)[0]
    low, high = (CROP_MARGIN_FROM, CROP_MARGIN_TO) if is_crop else (MARGIN_FROM, MARGIN_TO)
    along, across = (quad[1] - quad[0]) / max(width, 1), (quad[3] - quad[0]) / max(height, 1)
    sides = [chance.uniform(low, high) * height * level for _ in range(4)]  # left, top, right, bottom
    moved = quad + numpy.float32([-along * sides[0] - across * sides[1], along * sides[2] - across * sides[1],
                                  along * sides[2] + across * sides[3], -along * sides[0] + across * sides[3]])
    noise = [[chance.gauss(0, 1), chance.gauss(0, 1)] for _ in range(4)]
    return numpy.float32(moved + numpy.float32(noise) * CORNER_NOISE * height * level)


def upright(picture, quad, chance):
    """Turns the plate a little and takes its upright box, as detectors without corners do."""
    centre = quad.mean(axis=0)
    turn = cv2.getRotationMatrix2D((float(centre[0]), float(centre[1])), chance.uniform(-6, 6), 1)
    size = (picture.shape[1], picture.shape[0])
    turned = cv2.warpAffine(picture, turn, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    corners = quad @ turn[:, :2].T + turn[:, 2]
    left, top = corners.min(axis=0)
    right, bottom = corners.max(axis=0)
    return turned, numpy.float32([[left, top], [right, top], [right, bottom], [left, bottom]])


def tilted(quad, chance, spread_degrees):
    """The quad turned in the picture's plane, as where nobody knows how the plate stands."""
    angle = numpy.radians(max(-22, min(22, chance.gauss(0, spread_degrees))))
    turn = numpy.float32([[numpy.cos(angle), -numpy.sin(angle)], [numpy.sin(angle), numpy.cos(angle)]])
    centre = quad.mean(axis=0)
    return numpy.float32((quad - centre) @ turn.T + centre)


def loosened(quad, chance, most):
    """A frame or a bumper comes along on each side, by up to this share of the plate's height."""
    width, height = line._sides(quad)
    along, across = (quad[1] - quad[0]) / max(width, 1), (quad[3] - quad[0]) / max(height, 1)
    left, top, right, bottom = (chance.uniform(0, most) * height for _ in range(4))
    return numpy.float32(quad + [-along * left - across * top, along * right - across * top,
                                 along * right + across * bottom, -along * left + across * bottom])


def sheared(quad, chance):
    """The view from the side: a slant that the box does not show."""
    height = line._sides(quad)[1]
    slant = numpy.float32([[1, 0], [1, 0], [-1, 0], [-1, 0]]) * chance.uniform(-0.15, 0.15) * height
    return numpy.float32(quad + slant)


def as_line(patch, rows, chance):
    """The line picture and how a whole two-row plate is marked; None text means the plate's own."""
    if rows == 1:
        return line.line(patch), None
    if chance.random() < 0.4:
        return line.line(patch), line.TWO_ROW_MARK
    cut = line.gap(patch) + chance.uniform(-0.02, 0.02)
    return line.two_row_line(patch, cut), None


def one(grey, quad, rows, is_crop, strength, level, chance):
    """One line of a plate, and its mark if the whole of a two-row plate is shown."""
    if chance.random() < UPRIGHT_BOX_CHANCE * level and not is_crop and rows == 1:
        grey, quad = upright(grey, quad, chance)
    if chance.random() < 0.35 * level:
        quad = sheared(quad, chance)
    patch = line.rectify(grey, jittered(quad, chance, is_crop, level))
    return as_line(camera.take(patch, chance, strength), rows, chance)


def drawn(chance, level):
    plate = plates.invent(chance)
    grey = cv2.cvtColor(plate.picture, cv2.COLOR_RGB2GRAY)
    strength = 1.0 if chance.random() < level else 0.4
    picture, mark = one(grey, plate.quad, plate.rows, False, strength, level, chance)
    return picture, mark or plate.text


def from_photograph(rows, weights, chance, level):
    photograph = chance.choices(rows, weights=weights)[0]
    strength = 0.6 if chance.random() < 0.7 else 0.2
    picture, mark = one(photograph.grey, photograph.quad, photograph.rows, photograph.is_crop, strength, level, chance)
    return picture, mark or photograph.text


def source_weights(rows):
    """Large sources count less a picture than small ones, scenes more than crops."""
    sizes = {}
    for row in rows:
        sizes[row.source] = sizes.get(row.source, 0) + 1
    return [(1.0 if row.is_crop else 2.0) * sizes[row.source] ** -0.35 for row in rows]


def make(data, seed, count, share, level):
    chance = random.Random(seed)
    rows = photographs.read_rows(data, validation=False) if share > 0 else []
    weights = source_weights(rows)
    for _ in range(count):
        real = rows and chance.random() < share
        yield from_photograph(rows, weights, chance, level) if real else drawn(chance, level)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="folder with labels.csv")
    parser.add_argument("--out", required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=4000)
    parser.add_argument("--photographs", type=float, default=0.4, help="share of lines from photographs")
    parser.add_argument("--level", type=float, default=1.0, help="0 clean .. 1 as hard as the road")
    parser.add_argument("--sheet", help="also write this picture with the first lines, for a person to look at")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    lines = list(make(options.data, options.seed, options.count, options.photographs, options.level))
    lstmf.write(options.out, lines)
    if options.sheet:
        tiles = [numpy.pad(picture[:, :240], ((0, 2), (0, 242 - min(240, picture.shape[1])))) for picture, _ in lines[:120]]
        cv2.imwrite(options.sheet, numpy.vstack([numpy.hstack(tiles[i:i + 6]) for i in range(0, len(tiles) - 5, 6)]))


if __name__ == "__main__":
    main()
