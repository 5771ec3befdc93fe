"""The labelled photographs as grey neighbourhoods of plates. Only rows with split_hint "train" are ever opened here.

Our own validation part is a tenth of them by the hash of the text, so that all pictures of one plate fall together.
"""
import csv
import dataclasses
import hashlib
import pathlib

import cv2
import numpy

from . import line

VALIDATION_ONE_IN = 12
SURROUND_SHARE = 0.6  # of the plate's height, kept around it for jittered corners
TWO_ROW_SOURCES = ("openalpr-train-eu2row",)
CORNERS = ("x1", "y1", "x2", "y2", "x3", "y3", "x4", "y4")


@dataclasses.dataclass
class Photograph:
    grey: numpy.ndarray
    quad: numpy.ndarray
    text: str
    source: str
    rows: int
    is_crop: bool
    region: str = ""    # two letters of the country, "eu", "mixed" or ""


def normal_text(label):
    """A-Z and 0-9 only: the province character of Chinese plates is not read."""
    return "".join(sign for sign in label if sign in "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")


def is_validation(text):
    return int(hashlib.sha1(text.encode()).hexdigest(), 16) % VALIDATION_ONE_IN == 0


def _two_row_names():
    path = pathlib.Path(__file__).with_name("two_row.txt")
    return {name.strip() for name in path.read_text().splitlines() if name and not name.startswith("#")}


def neighbourhood(picture, quad, share=SURROUND_SHARE):
    """The part of the picture around the quad, so that a large photograph need not be kept."""
    room = line._sides(quad)[1] * share
    left, top = numpy.maximum(0, numpy.floor(quad.min(axis=0) - room)).astype(int)
    right, bottom = numpy.ceil(quad.max(axis=0) + room).astype(int) + 1
    part = picture[top:bottom, left:right]
    return part.copy(), numpy.float32(quad - [left, top])


def read_rows(data, validation, surround_share=SURROUND_SHARE):
    """Photographs of plates with a text; validation chooses the held-out part."""
    data = pathlib.Path(data)
    two_row = _two_row_names()
    found = []
    with open(data / "labels.csv", newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            text = normal_text(row["text"])
            if row["split_hint"] != "train" or len(text) < 3 or is_validation(text) != validation:
                continue
            picture = cv2.imread(str(data / row["image"]), cv2.IMREAD_GRAYSCALE)
            if picture is None:
                raise SystemExit(f"{data / row['image']}: cannot be read; copy the data set anew")
            quad = numpy.float32([float(row[name]) for name in CORNERS]).reshape(4, 2)
            grey, quad = neighbourhood(picture, quad, surround_share)
            rows = 2 if row["source"] in TWO_ROW_SOURCES or pathlib.Path(row["image"]).stem in two_row else 1
            found.append(Photograph(grey, quad, text, row["source"], rows, row["kind"] == "crop", row["region"]))
    return found


def read_negatives(data):
    """Grey pictures of the train rows that hold no plate."""
    data = pathlib.Path(data)
    with open(data / "labels.csv", newline="", encoding="utf-8") as stream:
        names = [row["image"] for row in csv.DictReader(stream)
                 if row["split_hint"] == "train" and row["kind"] == "negative"]
    return [cv2.imread(str(data / name), cv2.IMREAD_GRAYSCALE) for name in names]
