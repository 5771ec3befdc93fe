"""Labelled photographs: rows of labels.csv, decoded once and kept in memory, with a part held out."""
import csv
import hashlib
import os
from dataclasses import dataclass, field

import cv2
import numpy as np

MAX_SIDE = 1000       # pixels kept of a photograph: 1.6 times the network's input
VALIDATION_PART = 12   # one photograph in twelve is held out of training

# Their labels are upright boxes, so corners are only a hint there.
BOX_SOURCES = {"openalpr-endtoend", "robertlucian-ro", "kaggle-cars", "web-in"}
# Not every plate is labelled there: a sure "plate" off the labels may be right.
UNSURE_SOURCES = {"kaggle-cars", "zemris-hr", "robertlucian-ro", "openalpr-endtoend", "web-in"}
# How far the edges of a crop are the edges of its plate; the rest are cut loosely, tilted or too close.
CROP_TRUST = {"openalpr-segocr": 1.0, "openalpr-train-eu": 0.5}
LOOSE_TRUST = 0.25
UPRIGHT_TRUST = 0.6    # an upright quad of a source with true corners is often a box all the same


@dataclass
class Picture:
    name: str
    source: str
    kind: str
    pixels: np.ndarray = None
    scale: float = 1.0                          # pixels / the file's own pixels
    quads: list = field(default_factory=list)
    trust: list = field(default_factory=list)   # weight of the corners, a quad each

    @property
    def unsure(self):
        return self.source in UNSURE_SOURCES


def quad_of(row):
    return np.float32([[float(row[f"x{i}"]), float(row[f"y{i}"])] for i in (1, 2, 3, 4)])


def trust_of(source, kind, quad):
    if kind == "crop":
        return CROP_TRUST.get(source, LOOSE_TRUST)
    if source in BOX_SOURCES:
        return LOOSE_TRUST
    upright = quad[0, 0] == quad[3, 0] and quad[0, 1] == quad[1, 1]
    return UPRIGHT_TRUST if upright else 1.0


def read_labels(folder, hint, kinds):
    """Pictures of one split hint, without their pixels; order as in labels.csv."""
    pictures = {}
    with open(os.path.join(folder, "labels.csv"), newline="", encoding="utf-8") as rows:
        for row in csv.DictReader(rows):
            if row["split_hint"] != hint or row["kind"] not in kinds:
                continue
            picture = pictures.setdefault(row["image"], Picture(row["image"], row["source"], row["kind"]))
            if row["x1"]:
                quad = quad_of(row)
                picture.quads.append(quad)
                picture.trust.append(trust_of(picture.source, picture.kind, quad))
    return list(pictures.values())


def decode_pixels(folder, picture, max_side=MAX_SIDE):
    """Fills in the pixels, grey, at most max_side wide and high, and brings the quads to that scale."""
    pixels = cv2.imread(os.path.join(folder, picture.name), cv2.IMREAD_GRAYSCALE)
    if pixels is None:
        raise SystemExit(f"{picture.name}: cannot be decoded; is --data the folder that holds labels.csv?")
    if max(pixels.shape) > max_side:
        picture.scale = max_side / max(pixels.shape)
        pixels = cv2.resize(pixels, None, fx=picture.scale, fy=picture.scale, interpolation=cv2.INTER_AREA)
    picture.pixels = pixels
    picture.quads = [quad * picture.scale for quad in picture.quads]
    return picture


def held_out(picture):
    """True for the validation part. By name: another photograph of the same plate may be trained on, so the
    figures of this part flatter a little; those of split_hint=dev, where no plate is shared, do not."""
    return int(hashlib.sha1(picture.name.encode()).hexdigest(), 16) % VALIDATION_PART == 0
