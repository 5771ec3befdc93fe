"""Training samples without end: drawn plates and photographs of plates, as detector and fitter would cut them out."""
import cv2
import numpy

from ..reader import line, make_lines, photographs
from ..renderer import camera, plates
from . import mixing
from .network import ALPHABET, HEIGHT, WIDTH

DRAWN_HEIGHT_PX = 96     # drawn plates are kept this high
MOST_DRAWN = 24000       # kept in memory; later ones replace the first
SURROUND_SHARE = 1.5     # of the plate's height, kept around photographs: what the fitter may look at
NOTHING_SHARE = 0.03     # of the samples hold no plate
MIXED_SHARE = 0.35       # of the photographs are put together from two, once the mixer knows where to cut
TILT_DEGREES = 6         # standard deviation
FITTED_SHARE = 0.85      # of the plates, when there is a fitter to put the corners right
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
    """Draws (patch, codes) from photographs of the train rows, from plates that it draws itself and from pictures without
    a plate, which are to be read as nothing. fit, from a picture and a quad to a better quad, is the fitter's, or None. One
    thread."""

    def __init__(self, data, chance, fit=None):
        self.chance, self.fit = chance, fit
        self.photographs = photographs.read_rows(data, validation=False, surround_share=SURROUND_SHARE)
        self.weights = make_lines.source_weights(self.photographs)
        self.negatives = photographs.read_negatives(data)
        self.mixer = mixing.Mixer(self.photographs, chance)
        self.drawn = []
        self.next_drawn = 0

    def draw_plates(self, count):
        for _ in range(count):
            plate = plates.invent(self.chance)
            grey = cv2.cvtColor(plate.picture, cv2.COLOR_RGB2GRAY)
            scale = DRAWN_HEIGHT_PX / (plate.quad[3, 1] - plate.quad[0, 1])
            grey = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
            entry = photographs.Photograph(grey, plate.quad * numpy.float32(scale), plate.text, plate.layout, plate.rows, False)
            if len(self.drawn) < MOST_DRAWN:
                self.drawn.append(entry)
            else:
                self.drawn[self.next_drawn] = entry
                self.next_drawn = (self.next_drawn + 1) % MOST_DRAWN

    def sample(self, level, photograph_share):
        """One patch and its codes; level 0 is clean, 1 as hard as the road."""
        chance = self.chance
        if chance.random() < NOTHING_SHARE * level:
            return self.nothing(), []
        if chance.random() < photograph_share:
            entry = self.mixer.mix() if chance.random() < MIXED_SHARE else None
            entry = entry or chance.choices(self.photographs, self.weights)[0]
            strength = chance.choice((0.2, 0.5, 0.8))
        else:
            entry = chance.choice(self.drawn)
            strength = 1.0 if chance.random() < level else 0.3
        return self.patch_of_plate(entry, level, strength), codes_of(entry.text)

    def patch_of_plate(self, plate, level, strength):
        """The plate as a detector may cut it out and a camera may see it."""
        patch = line.rectify(*self.seen(plate, level))
        if self.chance.random() < 0.9:
            patch = camera.take(patch, self.chance, strength * max(level, 0.2))
        return squeezed(patch)

    def seen(self, entry, level):
        """The picture and the quad that a detector may give for the plate."""
        chance, grey, quad = self.chance, entry.grey, entry.quad
        if not entry.is_crop and entry.rows == 1 and chance.random() < make_lines.UPRIGHT_BOX_CHANCE * level:
            grey, quad = make_lines.upright(grey, quad, chance)
        if chance.random() < 0.35 * level:
            quad = make_lines.sheared(quad, chance)
        if chance.random() < 0.4 * level:
            quad = make_lines.tilted(quad, chance, TILT_DEGREES)
        if chance.random() < 0.2 * level:
            quad = make_lines.loosened(quad, chance, 0.15 if entry.is_crop else 0.4)
        quad = make_lines.jittered(quad, chance, entry.is_crop, level * chance.choice((1, 1, 1.6)))
        if self.fit and chance.random() < FITTED_SHARE * level:
            quad = make_lines.jittered(self.fit(grey, quad), chance, True, 0.3 * level)
        return grey, quad

    def nothing(self):
        grey = self.chance.choice(self.negatives)
        height, width = grey.shape
        high = min(height, max(12, int(self.chance.uniform(0.05, 1) * height)))
        wide = min(width, int(high * self.chance.uniform(1.2, 5)))
        x, y = self.chance.randint(0, width - wide), self.chance.randint(0, height - high)
        return squeezed(camera.take(grey[y:y + high, x:x + wide], self.chance, 0.3))


def validation(data, fit=None):
    """The held-out photographs as (patch, codes, source)."""
    rows = photographs.read_rows(data, validation=True, surround_share=SURROUND_SHARE)
    fit = fit or (lambda _, quad: quad)
    return [(patch_of(p.grey, fit(p.grey, p.quad)), codes_of(p.text), p.source) for p in rows]
