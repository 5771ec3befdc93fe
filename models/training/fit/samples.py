"""Training samples of the fitter: a plate and where a detector may think that it stands; and what is no plate."""
import dataclasses
import os
import random

import cv2
import numpy

from ..detector import evaluate
from ..detector import photographs as scenes
from ..detector.geometry import box_of, iou
from ..net.samples import codes_of
from ..reader import line, make_lines, photographs
from ..renderer import camera, plates
from . import views

NO_TRUST = 0.01            # a plate whose corners nobody knows
SURROUND = 2.0             # of the plate's height, kept around it
MOST_DRAWN, DRAWN_PX = 4000, 64
NO_PLATE_SHARE, DRAWN_SHARE, FOUND_SHARE = 0.3, 0.25, 0.2
FOUND_FROM = 0.1           # score of the detector's candidates that are looked at
PLATE_IOU, NO_PLATE_IOU = 0.35, 0.02
UNSURE_LIMIT = 0.5         # above it a candidate off the labels of an unsure picture may well be a plate
WILD_CHANCE, UPRIGHT_CHANCE = 0.25, 0.25
CROP_TRUST = {"openalpr-segocr": 1.0, "openalpr-train-eu": 0.5}   # the edges of the others say nothing of the plate's
CUT_SHARE = 0.3            # of the drawn and photographed plates are cut out loosely, as crops are
CUT_TILT_DEGREES = 9       # standard deviation
EASY_WEIGHT, EASY_PLATE_WEIGHT = 0.02, 0.2     # of what the fitter is right about, against 1 of what it errs on


@dataclasses.dataclass
class Entry:
    grey: numpy.ndarray
    quad: numpy.ndarray        # true corners, or none where it is no plate
    trust: float               # in them
    text: str = ""
    source: str = ""
    is_crop: bool = False
    start: numpy.ndarray = None    # the detector's own quad
    score: float = 0.3             # and its score


@dataclasses.dataclass
class Sample:
    view: numpy.ndarray        # sharp
    corners: numpy.ndarray     # true ones in the view, pixels of the network's size
    trust: float               # 0: no plate
    units: numpy.ndarray       # heights of the first quad a pixel, for x and y
    aspect: float              # width by height of the first quad
    codes: list


def sides_of(quad):
    return tuple(max(side, 1.0) for side in line._sides(quad))


def text_entries(data, validation):
    found = []
    for plate in photographs.read_rows(data, validation, SURROUND):
        trust = CROP_TRUST.get(plate.source, NO_TRUST) if plate.is_crop else scenes.trust_of(plate.source, "scene", plate.quad)
        found.append(Entry(plate.grey, plate.quad, trust, plate.text, plate.source, plate.is_crop))
    return found


def found_entries(data, detector, held_out):
    """(plates, no plates) among the detector's candidates on the train pictures, those held out or the others."""
    right, wrong = [], []
    for picture in scenes.read_labels(data, "train", {"scene", "negative"}):
        if scenes.held_out(picture) != held_out:
            continue
        if picture.source == "easypr-noplate":
            pixels = cv2.imread(os.path.join(data, picture.name), cv2.IMREAD_GRAYSCALE)
            high, wide = pixels.shape
            wrong.append(Entry(pixels, None, 0, source=picture.source,
                               start=numpy.float32([[0, 0], [wide, 0], [wide, high], [0, high]])))
            continue
        picture = scenes.decode_pixels(data, picture, 1280)
        for score, quad in detector.locate(picture.pixels, FOUND_FROM):
            overlaps = [iou(quad, label) for label in picture.quads]
            best = max(overlaps, default=0)
            if best >= PLATE_IOU:
                label = picture.quads[int(numpy.argmax(overlaps))]
                both = numpy.vstack([quad, label])
                grey, both = cut(picture.pixels, both)
                right.append(Entry(grey, both[4:], picture.trust[int(numpy.argmax(overlaps))], source=picture.source,
                                   start=both[:4]))
            elif best <= NO_PLATE_IOU and not (picture.unsure and score > UNSURE_LIMIT):
                grey, start = cut(picture.pixels, quad)
                wrong.append(Entry(grey, None, 0, source=picture.source, start=start, score=score))
    return right, wrong


def cut(pixels, points):
    """The part of the picture around all points; the last four are a quad that tells how much room is kept."""
    room = sides_of(points[-4:])[1] * SURROUND
    left, top = numpy.maximum(0, numpy.floor(points.min(0) - room)).astype(int)
    right, bottom = numpy.ceil(points.max(0) + room).astype(int) + 1
    right, bottom = max(right, left + 2), max(bottom, top + 2)
    left, top = min(left, pixels.shape[1] - 2), min(top, pixels.shape[0] - 2)
    return pixels[top:bottom, left:right].copy(), numpy.float32(points - [left, top])


class Samples:
    """Draws samples without end. One thread."""

    def __init__(self, data, model, chance):
        self.chance = chance
        self.noise = numpy.random.RandomState(chance.randrange(2**31))
        self.texts = text_entries(data, validation=False)
        self.weights = make_lines.source_weights(self.texts)
        self.found, self.wrong = found_entries(data, evaluate.Detector(model), held_out=False)
        self.wrong_weights = [entry.score for entry in self.wrong]
        self.found_weights = [1.0] * len(self.found)
        self.drawn, self.next_drawn = [], 0

    def judge(self, score_of):
        """From now on draws more often what the fitter errs on. score_of: from views to the fitter's scores."""
        self.wrong_weights = [EASY_WEIGHT + score for score in score_of([views.sharp_view(e.grey, e.start) for e in self.wrong])]
        self.found_weights = [EASY_PLATE_WEIGHT + 1 - score
                              for score in score_of([views.sharp_view(e.grey, e.start) for e in self.found])]

    def draw_plates(self, count):
        for _ in range(count):
            plate = plates.invent(self.chance)
            grey = cv2.cvtColor(plate.picture, cv2.COLOR_RGB2GRAY)
            scale = DRAWN_PX / (plate.quad[3, 1] - plate.quad[0, 1])
            grey = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
            entry = Entry(*self.mounted(grey, plate.quad * numpy.float32(scale)), 1.0, plate.text, plate.layout)
            if len(self.drawn) < MOST_DRAWN:
                self.drawn.append(entry)
            else:
                self.drawn[self.next_drawn] = entry
                self.next_drawn = (self.next_drawn + 1) % MOST_DRAWN

    def mounted(self, grey, quad):
        """The drawn plate on a part of a picture without plates, so that not its own edge tells where it stands."""
        ground = self.chance.choice(self.wrong).grey
        high, wide = grey.shape
        room = int(DRAWN_PX * 1.2)
        canvas = cv2.resize(ground, (wide + 2 * room, high + 2 * room))
        canvas[room:room + high, room:room + wide] = grey
        return canvas, quad + room

    def sample(self):
        chance = self.chance
        kind = chance.random()
        if kind < NO_PLATE_SHARE:
            entry = chance.choices(self.wrong, self.wrong_weights)[0]
            start = self.near(entry.start, 1)
            strength = 0.3
        elif kind < NO_PLATE_SHARE + DRAWN_SHARE:
            entry, start = self.guess_or_cut(chance.choice(self.drawn))
            strength = chance.choice((0.3, 0.6, 1))
        elif kind < NO_PLATE_SHARE + DRAWN_SHARE + FOUND_SHARE:
            entry = chance.choices(self.found, self.found_weights)[0]
            start, strength = self.near(entry.start, 0.5), chance.choice((0.1, 0.5))
        else:
            entry, start = self.guess_or_cut(chance.choices(self.texts, self.weights)[0])
            strength = chance.choice((0.2, 0.5, 0.8))
        return sample_of(entry, start, lambda view: camera.take(view, chance, strength) if chance.random() < .9 else view)

    def near(self, quad, level):
        """Each corner, the whole and the size a little off, as the detector does."""
        height = sides_of(quad)[1] * level
        quad = quad + numpy.float32(self.noise.normal(0, .08, (4, 2)) * height)
        quad = quad + numpy.float32(self.noise.normal(0, .08, 2) * height)
        centre = quad.mean(0)
        return numpy.float32(centre + (quad - centre) * numpy.exp(self.noise.normal(0, .08 * level, 2)))

    def guess_or_cut(self, entry):
        """The plate and a first quad; or a loose upright crop of the plate, tilted, whose first quad is the crop."""
        if entry.is_crop or self.chance.random() > CUT_SHARE:
            return entry, self.guess(entry)
        angle = max(-25, min(25, self.chance.gauss(0, CUT_TILT_DEGREES)))
        centre = entry.quad.mean(0)
        turn = cv2.getRotationMatrix2D((float(centre[0]), float(centre[1])), angle, 1)
        turn[0, 1] += self.chance.gauss(0, .12) if self.chance.random() < .4 else 0    # seen from the side
        turn[0, 2] -= (turn[0, 0] * centre[0] + turn[0, 1] * centre[1] + turn[0, 2]) - centre[0]
        grey = cv2.warpAffine(entry.grey, turn, (entry.grey.shape[1], entry.grey.shape[0]), borderMode=cv2.BORDER_REPLICATE)
        quad = numpy.float32(entry.quad @ turn[:, :2].T + turn[:, 2])
        room = self.noise.uniform(-.03, .25, 4) * sides_of(quad)[1]
        left, top = numpy.maximum(0, quad.min(0) - room[:2]).astype(int)
        right, bottom = numpy.ceil(quad.max(0) + room[2:]).astype(int)
        grey = grey[top:bottom, left:right]
        high, wide = grey.shape
        start = numpy.float32([[0, 0], [wide - 1, 0], [wide - 1, high - 1], [0, high - 1]])
        return dataclasses.replace(entry, grey=grey, quad=quad - numpy.float32([left, top])), self.near(start, .1)

    def guess(self, entry):
        chance, quad = self.chance, entry.quad
        draw = chance.random()
        if entry.is_crop:
            tilt = 8 if draw < .4 else 1
            return self.near(make_lines.tilted(quad, chance, tilt), .25)
        if draw < WILD_CHANCE:
            height = sides_of(quad)[1]
            quad = make_lines.tilted(quad, chance, 6)
            centre = quad.mean(0)
            quad = centre + (quad - centre) * numpy.float32([chance.uniform(.75, 1.35), chance.uniform(.7, 1.5)])
            return numpy.float32(quad + self.noise.uniform(-.3, .3, 2) * height)
        if draw < WILD_CHANCE + UPRIGHT_CHANCE:
            left, top, right, bottom = box_of(make_lines.tilted(quad, chance, 5))
            quad = numpy.float32([[left, top], [right, top], [right, bottom], [left, bottom]])
        return self.near(quad, 1)


def sample_of(entry, start, exposed):
    across, down = sides_of(start)
    room = 2 * views.MARGIN_SHARE * down
    units = numpy.float32([(across + room) / down / views.WIDTH, (1 + 2 * views.MARGIN_SHARE) / views.HEIGHT])
    view = exposed(views.sharp_view(entry.grey, start))
    corners = numpy.zeros((4, 2), numpy.float32)
    if entry.quad is not None:
        corners = cv2.perspectiveTransform(numpy.float32(entry.quad)[None], views.matrix_of(start))[0]
    return Sample(view, corners, entry.trust if entry.quad is not None else 0, units, across / down, codes_of(entry.text))


def starts_of(entries, seed):
    """The held-out plates, each with a guess as the training makes them, the same at every call."""
    maker = Samples.__new__(Samples)
    maker.chance, maker.noise = random.Random(seed), numpy.random.RandomState(seed)
    return [sample_of(entry, maker.guess(entry), lambda view: view) for entry in entries]


def no_plates(data, model):
    """What the detector takes for plates on the held-out pictures."""
    wrong = found_entries(data, evaluate.Detector(model), held_out=True)[1]
    return [sample_of(entry, entry.start, lambda view: view) for entry in wrong]
