"""Draws one plate flat, as an RGB picture: ground, band, emblem, characters, captions, screws, frame, dirt.

All chance comes from the random.Random that the caller gives, so a seed recreates a picture.
"""
import dataclasses

import cv2
import numpy

from . import fonts, layouts

ONE_ROW_PX, US_PX, TWO_ROW_PX = 120, 170, 200  # height of a drawn plate
SURROUND_SHARE = 0.35  # room around the plate, as share of its height: what a detector may cut into the patch


@dataclasses.dataclass
class Plate:
    picture: numpy.ndarray  # RGB with the surround
    quad: numpy.ndarray     # 4x2 float32, clockwise from top left: the plate's edge
    text: str
    rows: int
    layout: str


def _vary(colour, chance, spread):
    return tuple(int(min(255, max(0, c + chance.randint(-spread, spread)))) for c in colour)


def _ornament(area, chance):
    """Shapes in the ground, as on plates of US states."""
    height, width = area.shape[:2]
    for _ in range(chance.randint(1, 5)):
        colour = _vary(tuple(int(v) for v in area[0, 0]), chance, 80)
        x, y = chance.randint(0, width), chance.randint(0, height)
        kind = chance.random()
        if kind < 0.4:
            cv2.ellipse(area, (x, y), (chance.randint(8, width // 2), chance.randint(4, height // 3)),
                        chance.randint(0, 180), 0, 360, colour, -1, cv2.LINE_AA)
        elif kind < 0.7:
            points = numpy.int32([[chance.randint(0, width), chance.randint(0, height)] for _ in range(3)])
            cv2.fillPoly(area, [points], colour, cv2.LINE_AA)
        else:
            cut = chance.randint(0, height)
            ramp = numpy.linspace(0, 1, max(1, height - cut))[:, None, None]
            part = area[cut:].astype(numpy.float32)
            area[cut:] = (part * (1 - ramp) + numpy.float32(colour) * ramp).astype(numpy.uint8)[: len(part)]


def _emblem(picture, x, y, size, ink, chance):
    """A seal, coat of arms, sticker or bolt where a layout says '*'."""
    colour = chance.choice([(200, 40, 40), (40, 80, 180), (40, 130, 60), (200, 170, 60), (120, 120, 120), ink])
    kind = chance.random()
    half = max(2, int(size / 2))
    if kind < 0.12:    # the wheelchair of those who may park anywhere
        thick = max(1, half // 4)
        cv2.circle(picture, (int(x - half * 0.1), int(y - half * 0.9)), max(1, half // 5), ink, -1, cv2.LINE_AA)
        cv2.ellipse(picture, (int(x), int(y + half * 0.3)), (int(half * 0.6), int(half * 0.6)), 0, -60, 220, ink, thick, cv2.LINE_AA)
        spine = numpy.int32([[x - half * 0.1, y - half * 0.7], [x, y], [x + half * 0.5, y], [x + half * 0.8, y + half * 0.8]])
        cv2.polylines(picture, [spine], False, ink, thick, cv2.LINE_AA)
    elif kind < 0.2:   # a paw, a flower
        for spot in range(5):
            angle = numpy.pi * (0.9 + spot * 0.3)
            place = (int(x + half * 0.8 * numpy.cos(angle)), int(y + half * 0.8 * numpy.sin(angle)))
            cv2.circle(picture, place if spot else (int(x), int(y)), max(1, half // 3), colour, -1, cv2.LINE_AA)
    elif kind < 0.42:
        cv2.circle(picture, (int(x), int(y)), half, colour, -1, cv2.LINE_AA)
        cv2.circle(picture, (int(x), int(y)), max(1, half // 2), _vary((210, 210, 210), chance, 40), -1, cv2.LINE_AA)
    elif kind < 0.75:  # a chequered shield, as on Croatian plates
        cell = max(1, int(size * 0.9 / 5))
        for row in range(5):
            for column in range(4):
                paint = colour if (row + column) % 2 else (235, 235, 235)
                left, top = int(x - 2 * cell + column * cell), int(y - 2.5 * cell + row * cell)
                cv2.rectangle(picture, (left, top), (left + cell - 1, top + cell - 1), paint, -1)
        if chance.random() < 0.6:
            cv2.rectangle(picture, (int(x - 2 * cell), int(y - 3.6 * cell)), (int(x + 2 * cell), int(y - 2.5 * cell)),
                          _vary((60, 80, 170), chance, 40), -1)
    elif kind < 0.88:  # a beast, a ship, a rider: a silhouette of a few lumps
        paint = chance.choice((colour, ink))
        for _ in range(chance.randint(3, 6)):
            place = (int(x + chance.uniform(-half, half) * 0.7), int(y + chance.uniform(-half, half) * 0.7))
            size_of = (max(1, int(half * chance.uniform(0.15, 0.7))), max(1, int(half * chance.uniform(0.1, 0.4))))
            cv2.ellipse(picture, place, size_of, chance.uniform(0, 180), 0, 360, paint, -1, cv2.LINE_AA)
    else:
        points = numpy.int32([[x + chance.uniform(-half, half), y + chance.uniform(-half, half)] for _ in range(5)])
        cv2.fillPoly(picture, [points], colour, cv2.LINE_AA)


def _band(picture, box, side, chance):
    """The blue band with stars and a country letter."""
    left, top, right, bottom = box
    colour = _vary(layouts.BAND_BLUE, chance, 30)
    cv2.rectangle(picture, (left, top), (right, bottom), colour, -1)
    height = bottom - top
    if side == "top":
        face = chance.choice(fonts.faces("caption"))
        mask = fonts.caption_mask(face, chance.choice(("BRASIL", "REPUBLICA ARGENTINA", "URUGUAY")),
                                  max(5, int(height * 0.8)))
        fonts.blend(picture, mask, (left + right - mask.shape[1]) // 2, top + height * 0.2, (235, 235, 235))
        return
    radius = (right - left) * 0.3
    centre = ((left + right) / 2, top + height * 0.3)
    if chance.random() < 0.8:
        for star in range(12):
            angle = star * numpy.pi / 6
            spot = (int(centre[0] + radius * numpy.cos(angle)), int(centre[1] + radius * numpy.sin(angle)))
            cv2.circle(picture, spot, max(1, int(radius * 0.16)), (235, 205, 60), -1, cv2.LINE_AA)
    code = chance.choice(("D", "HR", "PL", "RO", "A", "F", "I", "E", "GB", "NL", "UA", "SLO", "CZ", "SK", "H", "GR"))
    size = (right - left) * 0.42
    for index, letter in enumerate(code):
        mask = fonts.scaled(fonts.glyph(fonts.faces("din")[0], letter), size / max(1, len(code) - 0.4), height * 0.2)
        fonts.blend(picture, mask, left + (right - left) * 0.2 + index * mask.shape[1] * 1.1, top + height * 0.66,
                    (235, 235, 235))


def _cells(symbols, face, cap, stretch, gap, chance):
    """The row as (mask or symbol, width, advance) of its characters and separators."""
    cells = []
    for sign in symbols:
        if sign == " ":
            cells.append((None, 0, cap * chance.uniform(0.12, 0.4)))
        elif sign in "-.":
            cells.append((sign, cap * (0.26 if sign == "-" else 0.16), cap * chance.uniform(0.30, 0.45)))
        elif sign == "|":
            cells.append((_stacked(face, chance), cap * 0.34, cap * 0.34 + gap))
        elif sign == "*":
            cells.append((sign, cap * chance.uniform(0.3, 0.6), cap * chance.uniform(0.5, 0.75)))
        else:
            if sign == "^":
                mask = fonts.glyph(chance.choice(fonts.faces("ideograph")), chance.choice(layouts.IDEOGRAPHS))
            else:
                mask = fonts.glyph(face, sign)
            width = mask.shape[1] * cap / mask.shape[0] * stretch
            cells.append((mask, width, width + gap))
    return cells


def _stacked(face, chance):
    """The mask of two small letters one above the other."""
    pair = [fonts.scaled(fonts.glyph(face, chance.choice(layouts.LETTERS)), 30, 40) for _ in range(2)]
    return numpy.vstack([pair[0], numpy.zeros((12, pair[0].shape[1]), pair[0].dtype), pair[1]])


def _row(picture, symbols, box, layout, face, ink, chance, height_share):
    """Draws a row into the box, centred, squeezed where it does not fit."""
    left, top, right, bottom = box
    cap = (bottom - top) * height_share
    stretch = chance.uniform(*layout.stretch)
    gap = cap * chance.uniform(0.06, 0.2)
    cells = _cells(symbols, face, cap, stretch, gap, chance)
    total = sum(cell[2] for cell in cells) - gap
    room = (right - left) * chance.uniform(0.86, 0.98)
    squeeze = min(1.0, room / max(1.0, total))
    slack = max(0.0, room - total * squeeze)
    x = left + (right - left) * 0.015 + slack * chance.choice((0.5, 0.5, 0.5, chance.random()))
    y = top + (bottom - top - cap) * chance.uniform(0.4, 0.6)
    weight = chance.random()
    for mask, width, advance in cells:
        if isinstance(mask, str):
            _separator(picture, mask, x, y, cap, width * squeeze, ink, chance)
        elif mask is not None:
            shape = fonts.scaled(mask, width * squeeze, cap)
            if weight < 0.15:
                shape = cv2.dilate(shape, numpy.ones((3, 3), numpy.uint8))
            elif weight > 0.9:
                shape = cv2.erode(shape, numpy.ones((3, 3), numpy.uint8))
            fonts.blend(picture, shape, x, y, ink)
        x += advance * squeeze


def _separator(picture, sign, x, y, cap, width, ink, chance):
    middle = y + cap * 0.5
    if sign == "-":
        half = max(1, cap * 0.06)
        cv2.rectangle(picture, (int(x), int(middle - half)), (int(x + width), int(middle + half)), ink, -1)
    elif sign == ".":
        cv2.circle(picture, (int(x + width / 2), int(middle)), max(1, int(cap * 0.075)), ink, -1, cv2.LINE_AA)
    else:
        _emblem(picture, x + width / 2, middle + cap * chance.uniform(-0.15, 0.15), min(width, cap * 0.8), ink, chance)


def _caption(picture, box, layout, ink, chance):
    left, top, right, bottom = box
    height = int((bottom - top) * chance.uniform(0.45, 0.85))
    if height < 5:
        return
    mask = fonts.caption_mask(chance.choice(fonts.faces("caption")), chance.choice(layout.captions), height)
    if mask.shape[1] > right - left:
        mask = fonts.scaled(mask, right - left, mask.shape[0])
    colour = ink if chance.random() < 0.5 else _vary((120, 60, 60), chance, 60)
    x = left + (right - left - mask.shape[1]) * chance.choice((0.5, 0.5, chance.random()))
    fonts.blend(picture, mask, x, top + (bottom - top - mask.shape[0]) * chance.random(), colour)


def _stickers(picture, box, chance):
    left, top, right, bottom = box
    width, height = (right - left) * 0.11, (bottom - top) * 0.16
    for corner in range(4):
        if chance.random() < 0.3:
            x = left + width * 0.3 if corner % 2 == 0 else right - width * 1.3
            y = top + height * 0.2 if corner < 2 else bottom - height * 1.2
            colour = chance.choice([(220, 120, 40), (200, 40, 50), (60, 140, 80), (80, 90, 180), (230, 210, 90)])
            cv2.rectangle(picture, (int(x), int(y)), (int(x + width), int(y + height)), colour, -1)
            mask = fonts.caption_mask(fonts.faces("caption")[0], chance.choice(("09", "JAN", "13", "MAR", "5-07", "TX")),
                                      max(5, int(height * 0.6)))
            fonts.blend(picture, mask, x + 1, y + 1, _vary((235, 235, 235), chance, 30))


def _dirt(picture, chance):
    """Screws and mud."""
    height, width = picture.shape[:2]
    if chance.random() < 0.5:
        for share in ((0.14, 0.86), (0.33, 0.67))[chance.randint(0, 1)]:
            for line in ((0.1, 0.9), (0.12,), (0.5,))[chance.choices((0, 1, 2), (3, 3, 1))[0]]:
                shade = _vary((130, 130, 130), chance, 80)
                cv2.circle(picture, (int(width * share), int(height * line)), max(1, int(height * 0.03)), shade, -1,
                           cv2.LINE_AA)
    if chance.random() < 0.12:
        spots = numpy.zeros((6, 20), numpy.float32)
        spots.flat[:] = [chance.random() ** 3 for _ in range(spots.size)]
        cover = cv2.resize(spots, (width, height), interpolation=cv2.INTER_CUBIC).clip(0, 1)[:, :, None]
        mud = numpy.float32(_vary((110, 100, 85), chance, 40))
        picture[:] = (picture * (1 - 0.5 * cover) + mud * 0.5 * cover).astype(numpy.uint8)


def _inner_box(picture, layout, chance):
    """Draws the bands and returns the box that is left for the characters."""
    height, width = picture.shape[:2]
    left, top, right, bottom = 0, 0, width, height
    band_width = int(min(width * 0.11, height * 0.42))
    if layout.band == "top":
        bar = int(height * chance.uniform(0.2, 0.27))
        _band(picture, (0, 0, width, bar), "top", chance)
        top = bar
    if layout.band in ("left", "both") or (layout.band == "left-maybe" and chance.random() < 0.5):
        rows_band = height if width > 2.3 * height else int(height * 0.5)
        _band(picture, (0, 0, band_width, rows_band), "left", chance)
        left = band_width
    if layout.band == "both" and chance.random() < 0.8:
        _band(picture, (width - band_width, 0, width, height), "right", chance)
        right = width - band_width
    return left, top, right, bottom


def draw(layout, symbols, chance):
    """Draws one plate of the layout with the given symbols (layouts.invent)."""
    rows = symbols.split("/")
    height_px = US_PX if layout.name == "us" else ONE_ROW_PX if len(rows) == 1 else TWO_ROW_PX
    scale = height_px / layout.size_mm[1]
    width, height = int(layout.size_mm[0] * scale * chance.uniform(0.92, 1.08)), int(layout.size_mm[1] * scale)
    ground, ink = layout.colours[chance.randrange(len(layout.colours))]
    ground, ink = _vary(ground, chance, 16), _vary(ink, chance, 18)
    plate = numpy.full((height, width, 3), ground, numpy.uint8)
    if chance.random() < layout.ornament:
        _ornament(plate, chance)
    left, top, right, bottom = _inner_box(plate, layout, chance)
    share = chance.uniform(*layout.height)
    face = chance.choice(fonts.faces(chance.choice(layout.fonts)))
    if len(rows) == 1:
        _one_row(plate, rows[0], (left, top, right, bottom), layout, face, ink, chance, share)
    else:
        middle = top + (bottom - top) * chance.uniform(0.44, 0.54)
        _row(plate, rows[0], (left, top, right, int(middle)), layout, face, ink, chance, share)
        _row(plate, rows[1], (0 if chance.random() < 0.8 else left, int(middle), right, bottom), layout, face, ink,
             chance, share)
    _dirt(plate, chance)
    if chance.random() < 0.5:
        cv2.rectangle(plate, (2, 2), (width - 3, height - 3), ink, chance.randint(1, 3), cv2.LINE_AA)
    return _mounted(plate, layout, layouts.text_of(symbols), len(rows), chance)


def _one_row(plate, row, box, layout, face, ink, chance, share):
    left, top, right, bottom = box
    cap = (bottom - top) * share
    shift = (bottom - top - cap) * 0.5
    lift = chance.uniform(-0.25, 0.25) * shift if not layout.caption_places else chance.uniform(-0.3, 0.3) * shift
    _row(plate, row, (left, int(top + shift * 0.5 + lift), right, int(bottom - shift * 0.5 + lift)), layout, face, ink,
         chance, cap / max(1.0, bottom - top - shift))
    above, below = int(top + shift + lift), int(bottom - shift + lift)
    if "top" in layout.caption_places and chance.random() < 0.75:
        _caption(plate, (left + 6, top + 3, right - 6, above - 2), layout, ink, chance)
    if "bottom" in layout.caption_places and chance.random() < 0.6:
        _caption(plate, (left + 6, below + 2, right - 6, bottom - 3), layout, ink, chance)
    if layout.name == "us":
        _stickers(plate, (left, top, right, bottom), chance)


def _mounted(plate, layout, text, rows, chance):
    """The plate on a bumper, perhaps in a holder with a dealer's name."""
    height, width = plate.shape[:2]
    margin = int(height * SURROUND_SHARE)
    body = _vary(chance.choice([(40, 40, 44), (150, 150, 156), (200, 200, 204), (120, 24, 28), (24, 40, 90), (70, 76, 70)]),
                 chance, 20)
    scene = numpy.full((height + 2 * margin, width + 2 * margin, 3), body, numpy.uint8)
    shade = numpy.linspace(chance.uniform(0.6, 1.2), chance.uniform(0.6, 1.2), scene.shape[0])[:, None, None]
    scene = (scene * shade).clip(0, 255).astype(numpy.uint8)
    if chance.random() < 0.55:
        rim = int(height * chance.uniform(0.04, 0.14))
        foot = rim + (int(height * chance.uniform(0.05, 0.16)) if chance.random() < 0.5 else 0)
        holder = _vary(chance.choice([(24, 24, 26), (24, 24, 26), (190, 190, 190)]), chance, 16)
        cv2.rectangle(scene, (margin - rim, margin - rim), (margin + width + rim, margin + height + foot), holder, -1)
        if foot > rim + 5 and chance.random() < 0.8:
            mask = fonts.caption_mask(chance.choice(fonts.faces("caption")), chance.choice(layouts.DEALERS),
                                      max(5, int(foot * 0.7)))
            fonts.blend(scene, mask, margin + (width - mask.shape[1]) // 2, margin + height + 2, (225, 225, 225))
    scene[margin:margin + height, margin:margin + width] = plate
    quad = numpy.float32([[0, 0], [width, 0], [width, height], [0, height]]) + margin
    return Plate(scene, quad, text, rows, layout.name)


def invent(chance, layout=None):
    """A plate with an invented text, of a layout taken by weight."""
    layout = layout or layouts.pick(chance)
    return draw(layout, layouts.invent(layout, chance), chance)
