"""Puts new plates together from the halves of two photographs of one source: real characters in texts that nobody saw.

A network learns some thousand texts by heart before it has learnt all faces of their characters; a text that changes
cannot be learnt by heart. Where a plate may be cut, the network in training tells itself.
"""
import cv2
import numpy

from ..reader import line, photographs

LEAST_CHARACTERS = 4
SEEN = 0.08            # of the plate's height, kept round it: what line.rectify adds


class Mixer:
    """Knows where to cut, once learn() was called; until then mix() gives None. One thread."""

    def __init__(self, plates, chance):
        self.plates, self.chance = plates, chance
        self.halves = {}     # source -> [(patch, cuts, text)]

    def learn(self, centres):
        """centres: for each plate the x of its characters as shares of the patch's width, or None where unsure."""
        self.halves = {}
        for plate, places in zip(self.plates, centres):
            if places is None or plate.rows != 1 or len(plate.text) < LEAST_CHARACTERS:
                continue
            cuts = [(a + b) / 2 for a, b in zip(places, places[1:])]
            self.halves.setdefault(plate.source, []).append((line.rectify(plate.grey, plate.quad), cuts, plate.text))

    def mix(self):
        """A plate whose first characters come from one photograph and whose last from another."""
        if not self.halves:
            return None
        sources = list(self.halves)
        source = self.chance.choices(sources, [len(self.halves[s]) ** 0.6 for s in sources])[0]
        (left, left_cuts, left_text), (right, right_cuts, right_text) = self.chance.choices(self.halves[source], k=2)
        count = self.chance.randint(1, min(len(left_cuts), len(right_cuts)))   # as many characters are left out as kept
        first = left[:, :max(1, int(left_cuts[count - 1] * left.shape[1]))]
        last = right[:, int(right_cuts[count - 1] * right.shape[1]):]
        if last.shape[0] != first.shape[0]:
            scale = first.shape[0] / last.shape[0]
            last = cv2.resize(last, (max(1, int(last.shape[1] * scale)), first.shape[0]), interpolation=cv2.INTER_AREA)
        whole = numpy.hstack([first, as_bright(last, first)])
        margin = whole.shape[0] * SEEN / (1 + 2 * SEEN)
        wide, high = whole.shape[1] - margin, whole.shape[0] - margin
        quad = numpy.float32([[margin, margin], [wide, margin], [wide, high], [margin, high]])
        return photographs.Photograph(whole, quad, left_text[:count] + right_text[count:], source, 1, True)


def as_bright(picture, example):
    """The picture with the example's mean and spread of grey levels."""
    low, high = picture.mean(), max(picture.std(), 1)
    return numpy.clip((picture - low) * (example.std() / high) + example.mean(), 0, 255).astype(numpy.uint8)
