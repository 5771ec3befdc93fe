"""Training samples without end: drawn plates and photographs of plates, as the detector would cut them out."""
import cv2
import numpy

from ..reader import line, make_lines, photographs
from ..renderer import camera, plates
from .network import ALPHABET, HEIGHT, WIDTH

DRAWN_HEIGHT_PX = 96     # drawn plates are kept this high
MOST_DRAWN = 24000       # kept in memory; later ones replace the first
CODES = {letter: code for code, letter in enumerate(ALPHABET)}


def patch_of(grey, quad):
    """What the network sees of a quad: upright, with its margin, squeezed to the input, contrast spread."""
    return squeezed(line.rectify(grey, quad))


def squeezed(patch):
    return line.spread(cv2.resize(patch, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA))


def codes_of(text):
    return [CODES[letter] for letter in text]


def scaled(patch):
    return patch.astype(numpy.float32) / 127.5 - 1


class Samples:
    """Draws (patch, codes) from photographs of the train rows and from plates that it draws itself. One thread."""

    def __init__(self, data, chance):
        self.chance = chance
        self.photographs = photographs.read_rows(data, validation=False)
        self.weights = make_lines.source_weights(self.photographs)
        self.drawn = []
        self.next_drawn = 0

    def draw_plates(self, count):
        for _ in range(count):
            plate = plates.invent(self.chance)
            grey = cv2.cvtColor(plate.picture, cv2.COLOR_RGB2GRAY)
            scale = DRAWN_HEIGHT_PX / (plate.quad[3, 1] - plate.quad[0, 1])
            grey = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
            entry = photographs.Photograph(grey, plate.quad * numpy.float32(scale), plate.text, "drawn", plate.rows, False)
            if len(self.drawn) < MOST_DRAWN:
                self.drawn.append(entry)
            else:
                self.drawn[self.next_drawn] = entry
                self.next_drawn = (self.next_drawn + 1) % MOST_DRAWN

    def sample(self, level, photograph_share):
        """One patch and its codes; level 0 is clean, 1 as hard as the road."""
        chance = self.chance
        if chance.random() < photograph_share:
            entry = chance.choices(self.photographs, self.weights)[0]
            strength = chance.choice((0.2, 0.5, 0.7))
        else:
            entry = chance.choice(self.drawn)
            strength = 1.0 if chance.random() < level else 0.3
        grey, quad = entry.grey, entry.quad
        if not entry.is_crop and entry.rows == 1 and chance.random() < make_lines.UPRIGHT_BOX_CHANCE * level:
            grey, quad = make_lines.upright(grey, quad, chance)
        if chance.random() < 0.35 * level:
            quad = make_lines.sheared(quad, chance)
        patch = line.rectify(grey, make_lines.jittered(quad, chance, entry.is_crop, level))
        if chance.random() < 0.9:
            patch = camera.take(patch, chance, strength * max(level, 0.2))
        return squeezed(patch), codes_of(entry.text)


def validation(data):
    """The held-out photographs as (patch, codes, source)."""
    return [(patch_of(p.grey, p.quad), codes_of(p.text), p.source) for p in photographs.read_rows(data, validation=True)]
