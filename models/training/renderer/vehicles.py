"""Draws the front or the rear of a vehicle flat, with its plate, as RGBA pictures of PX_PER_M pixels a metre.

Everything is drawn: no photograph, no maker's mark. A vehicle is a Sprite: the day picture, a mask of what shines at
night (lamps) and where the plate stands.
"""
import dataclasses

import cv2
import numpy

from . import plates

PX_PER_M = 420
MARGIN_M = 0.12  # room around the body in the picture, for the anti-aliased edge and mirrors


@dataclasses.dataclass(frozen=True)
class Shape:
    width_m: float
    height_m: float
    waist: float        # where the windows begin, share of the height from the ground
    roof: float         # width of the roof, share of the body's width
    clearance_m: float  # from the ground to the body
    plate_m: float      # height of the plate's middle above the ground


SHAPES = {
    "car": Shape(1.78, 1.46, 0.60, 0.66, 0.20, 0.50),
    "hatchback": Shape(1.72, 1.52, 0.60, 0.74, 0.20, 0.62),
    "suv": Shape(1.88, 1.72, 0.62, 0.78, 0.26, 0.78),
    "van": Shape(1.95, 2.05, 0.55, 0.88, 0.24, 0.66),
    "lorry": Shape(2.50, 3.60, 0.52, 0.94, 0.32, 0.78),
}


@dataclasses.dataclass
class Sprite:
    picture: numpy.ndarray   # RGB
    cover: numpy.ndarray     # alpha, float in [0, 1]
    lamps: list              # (x, y, radius, colour) in pixels
    plate_mask: numpy.ndarray
    plate_quad: numpy.ndarray  # 4x2, in pixels
    width_m: float
    height_m: float          # of the picture, from the ground up


class _Sheet:
    """A picture in metres: x from the middle, z from the ground up."""

    def __init__(self, shape):
        self.shape = shape
        self.width_m, self.height_m = shape.width_m + 4 * MARGIN_M, shape.height_m + MARGIN_M
        size = (round(self.height_m * PX_PER_M), round(self.width_m * PX_PER_M))
        self.picture = numpy.zeros((*size, 3), numpy.float32)
        self.cover = numpy.zeros(size, numpy.float32)

    def px(self, x, z):
        return (x + self.width_m / 2) * PX_PER_M, (self.height_m - z) * PX_PER_M

    def mask(self, outline, soft_px=1.2):
        """A smooth closed outline through points in metres, as mask."""
        points = numpy.float32([self.px(x, z) for x, z in outline])
        mask = numpy.zeros(self.cover.shape, numpy.uint8)
        cv2.fillPoly(mask, [numpy.int32(points * 16)], 255, cv2.LINE_AA, shift=4)
        return cv2.GaussianBlur(mask, (0, 0), soft_px).astype(numpy.float32) / 255

    def paint(self, mask, colour, opacity=1.0):
        part = (mask * opacity)[:, :, None]
        self.picture = self.picture * (1 - part) + numpy.float32(colour) * part
        return mask

    def solid(self, mask, colour):
        self.cover = numpy.maximum(self.cover, mask)
        return self.paint(mask, colour)


def rounded(left, bottom, right, top, radius, steps=6):
    """Outline of a box with round corners."""
    points = []
    for cx, cz, start in ((right - radius, top - radius, 0), (left + radius, top - radius, 90),
                          (left + radius, bottom + radius, 180), (right - radius, bottom + radius, 270)):
        for step in range(steps + 1):
            angle = numpy.radians(start + 90 * step / steps)
            points.append((cx + radius * numpy.cos(angle), cz + radius * numpy.sin(angle)))
    return points


def _smooth(points, steps=8):
    """A Catmull-Rom curve through the points, closed."""
    points = numpy.float32(points)
    out = []
    for i in range(len(points)):
        a, b, c, d = (points[(i + k) % len(points)] for k in (-1, 0, 1, 2))
        for t in numpy.linspace(0, 1, steps, endpoint=False):
            out.append(0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t ** 2 + (3 * b - a - 3 * c + d) * t ** 3))
    return [(float(x), float(z)) for x, z in out]


def _mirrored(right_side):
    """A symmetric outline from its right half, bottom to top."""
    return right_side + [(-x, z) for x, z in reversed(right_side)]


def _body(sheet, colour):
    shape = sheet.shape
    half, low, waist, top = shape.width_m / 2, shape.clearance_m, shape.height_m * shape.waist, shape.height_m
    for side in (-1, 1):  # wheels first: the body stands before them
        left, right = sorted((side * (half - 0.27), side * (half - 0.05)))
        sheet.solid(sheet.mask(rounded(left, 0.0, right, 0.5, 0.06)), (20, 20, 22))
    outline = _smooth(_mirrored([(half * 0.80, low), (half * 0.97, low + 0.10), (half, low + 0.32), (half * 0.985, waist * 0.86),
                                 (half * 0.93, waist), (half * (shape.roof + 0.10), (waist + top) / 2 + 0.02),
                                 (half * shape.roof, top - 0.10), (half * shape.roof * 0.82, top - 0.015)]))
    mask = sheet.solid(sheet.mask(outline), colour)
    rows, columns = mask.shape
    height = numpy.linspace(1, 0, rows, dtype=numpy.float32)[:, None]
    across = numpy.linspace(-1, 1, columns, dtype=numpy.float32)[None, :]
    shade = (0.62 + 0.5 * height) * (1.08 - 0.38 * numpy.abs(across + 0.12) ** 3)
    sheet.picture *= 1 - mask[:, :, None] + mask[:, :, None] * shade[:, :, None]
    return mask


def _window(sheet, front):
    shape = sheet.shape
    half, waist, top = shape.width_m / 2, shape.height_m * shape.waist, shape.height_m
    low, high = waist + 0.05, top - (0.11 if front else 0.15)
    pane = sheet.mask(_smooth(_mirrored([(half * 0.80, low), (half * (shape.roof + 0.03), (low + high) / 2),
                                         (half * (shape.roof - 0.07), high)]), 6))
    sheet.paint(pane, (32, 40, 48))
    rows = pane.shape[0]
    sky = numpy.clip(numpy.linspace(2.0, -1.0, rows, dtype=numpy.float32), 0, 1)[:, None]
    sheet.paint(pane * sky, (150, 172, 190), 0.55)
    for x in (-0.36, 0.36):  # head rests or people behind the glass
        sheet.paint(pane * sheet.mask(rounded(x - 0.14, low - 0.1, x + 0.14, low + 0.2, 0.1), 6), (18, 20, 24), 0.7)
    return pane


def _lamps(sheet, front):
    shape = sheet.shape
    half = shape.width_m / 2
    z = shape.clearance_m + (0.47 if front else 0.58) * (shape.height_m * shape.waist - shape.clearance_m) + 0.1
    found = []
    for side in (-1, 1):
        inner, outer = side * half * 0.56, side * half * 0.95
        left, right = min(inner, outer), max(inner, outer)
        tall = 0.075 if front else 0.12
        lamp = sheet.mask(rounded(left, z - tall, right, z + tall, 0.06))
        sheet.paint(lamp, (206, 212, 218) if front else (150, 14, 18))
        core = sheet.mask(rounded(left + 0.06, z - tall * 0.6, right - 0.06, z + tall * 0.6, 0.04), 3)
        sheet.paint(core, (246, 248, 250) if front else (214, 40, 40), 0.8)
        x_px, z_px = sheet.px((left + right) / 2, z)
        found.append((x_px, z_px, 0.09 * PX_PER_M, (255, 244, 220) if front else (255, 40, 30)))
    return found


def _lower_parts(sheet, front, colour):
    shape = sheet.shape
    half, low = shape.width_m / 2, shape.clearance_m
    waist = shape.height_m * shape.waist
    dark = (30, 31, 34)
    if front:
        grille = sheet.mask(rounded(-half * 0.42, waist * 0.62, half * 0.42, waist * 0.80, 0.05))
        sheet.paint(grille, dark)
        for z in numpy.linspace(waist * 0.64, waist * 0.78, 4):
            sheet.paint(sheet.mask(rounded(-half * 0.40, z - 0.008, half * 0.40, z + 0.008, 0.006), 0.8), (120, 122, 126), 0.7)
        sheet.paint(sheet.mask([(-half * 0.86, waist * 0.95), (half * 0.86, waist * 0.95), (half * 0.78, waist * 0.91),
                                (-half * 0.78, waist * 0.91)], 3), tuple(c * 0.75 for c in colour), 0.8)
    else:
        seam = waist * 0.46
        sheet.paint(sheet.mask(rounded(-half * 0.74, seam - 0.01, half * 0.74, seam + 0.01, 0.008), 1), dark, 0.8)
        sheet.paint(sheet.mask(rounded(-half * 0.70, waist * 0.97, half * 0.70, waist * 0.99, 0.008), 1), dark, 0.6)
    sheet.paint(sheet.mask(rounded(-half * 0.80, low + 0.01, half * 0.80, low + 0.12, 0.04), 2), dark, 0.9)
    sheet.paint(sheet.mask(rounded(-half * 0.92, low + 0.28, half * 0.92, low + 0.31, 0.012), 2), tuple(c * 0.6 for c in colour), 0.5)


def _mirrors(sheet, colour):
    half, waist = sheet.shape.width_m / 2, sheet.shape.height_m * sheet.shape.waist
    for side in (-1, 1):
        left, right = sorted((side * (half * 0.93), side * (half + 0.17)))
        sheet.solid(sheet.mask(rounded(left, waist + 0.02, right, waist + 0.15, 0.05)), tuple(c * 0.8 for c in colour))


def _mount(sheet, plate, plate_width_m):
    """Puts the flat plate in its recess; returns its quad and mask."""
    area = plate.quad
    left, top, right, bottom = area[0][0], area[0][1], area[2][0], area[2][1]
    flat = plate.picture[int(top):int(bottom), int(left):int(right)].astype(numpy.float32)
    tall_m = plate_width_m * flat.shape[0] / flat.shape[1]
    z = sheet.shape.plate_m
    recess = sheet.mask(rounded(-plate_width_m / 2 - 0.05, z - tall_m / 2 - 0.04, plate_width_m / 2 + 0.05,
                                z + tall_m / 2 + 0.04, 0.03), 2)
    sheet.paint(recess, (26, 27, 30), 0.85)
    x0, y0 = (round(v) for v in sheet.px(-plate_width_m / 2, z + tall_m / 2))
    size = (round(plate_width_m * PX_PER_M), round(tall_m * PX_PER_M))
    sheet.picture[y0:y0 + size[1], x0:x0 + size[0]] = cv2.resize(flat, size, interpolation=cv2.INTER_AREA)
    mask = numpy.zeros(sheet.cover.shape, numpy.float32)
    mask[y0:y0 + size[1], x0:x0 + size[0]] = 1
    quad = numpy.float32([[x0, y0], [x0 + size[0], y0], [x0 + size[0], y0 + size[1]], [x0, y0 + size[1]]])
    return quad, mask


def draw(kind, front, colour, layout, symbols, chance):
    """A vehicle of a kind of SHAPES with the plate of a layout (layouts.Layout) and its symbols."""
    sheet = _Sheet(SHAPES[kind])
    if front:
        _mirrors(sheet, colour)
    _body(sheet, colour)
    _window(sheet, front)
    _lower_parts(sheet, front, colour)
    lamps = _lamps(sheet, front)
    plate = plates.draw(layout, symbols, chance)
    quad, mask = _mount(sheet, plate, layout.size_mm[0] / 1000)
    grain = numpy.random.default_rng(chance.getrandbits(32)).normal(0, 2.5, sheet.cover.shape).astype(numpy.float32)
    picture = (sheet.picture + cv2.GaussianBlur(grain, (0, 0), 1.0)[:, :, None] * 1.5).clip(0, 255)
    return Sprite(picture.astype(numpy.uint8), sheet.cover, lamps, mask, quad, sheet.width_m, sheet.height_m), plate.text
