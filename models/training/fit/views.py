"""The geometry of the fitter: the loose view of a quad, and from the network's answer back to a quad.

Mirrors firmware/vision/plate_fitter.cpp: change both or neither.
"""
import cv2
import numpy

from ..reader import line
from .network import HEIGHT, MARGIN_SHARE, STEP, WIDTH

SHARP_WIDTH, SHARP_HEIGHT = 3 * WIDTH, 2 * HEIGHT    # of the view that the reader's patch is cut from in training


def inner_corners(quad, width=WIDTH, height=HEIGHT):
    """Where the corners of the quad stand in its own view, pixels; the centre of the first pixel is 0.5."""
    across, down = (max(side, 1.0) for side in line._sides(quad))
    left = MARGIN_SHARE * down / (across + 2 * MARGIN_SHARE * down) * width
    top = MARGIN_SHARE / (1 + 2 * MARGIN_SHARE) * height
    return numpy.float32([[left, top], [width - left, top], [width - left, height - top], [left, height - top]])


def matrix_of(quad, width=WIDTH, height=HEIGHT):
    """From the picture's pixels (centres whole numbers) to the view's (centres at halves)."""
    return cv2.getPerspectiveTransform(numpy.float32(quad), inner_corners(quad, width, height))


def sharp_view(grey, quad):
    """The view at twice and three times the network's size."""
    shrink = max(1, int(2 * line._sides(quad)[1] / SHARP_HEIGHT))
    if shrink > 1:
        small = cv2.resize(grey, None, fx=1 / shrink, fy=1 / shrink, interpolation=cv2.INTER_AREA)
        scale = numpy.float32([small.shape[1] / grey.shape[1], small.shape[0] / grey.shape[0]])
        grey, quad = small, (numpy.float32(quad) + .5) * scale - .5
    half = numpy.float64([[1, 0, -.5], [0, 1, -.5], [0, 0, 1]])
    return cv2.warpPerspective(grey, half @ matrix_of(quad, SHARP_WIDTH, SHARP_HEIGHT), (SHARP_WIDTH, SHARP_HEIGHT),
                               flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def seen(sharp):
    """What the network sees of the view."""
    return line.spread(cv2.resize(sharp, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA))


def moved(quad, answer):
    """The quad after the network's answer (9 numbers of one view)."""
    corners = inner_corners(quad) + numpy.float32(answer[1:]).reshape(4, 2) * STEP
    return cv2.perspectiveTransform(corners[None], numpy.linalg.inv(matrix_of(quad)))[0]
