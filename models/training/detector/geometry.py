"""Quads, boxes and the letterbox: what training, export and measurement share.

A quad is a float32 array of four corners (x, y), clockwise, beginning at the plate's own top left.
"""
import cv2
import numpy as np

# Width and height of the network's input, pixels. A picture takes the one in which it comes out largest; cameras'
# usual frames come out at a half, so that shrinking them neither blurs nor aliases.
SIZES = ((640, 384), (640, 480), (512, 512), (480, 640), (384, 640))
STRIDE = 16                # of the one grid of cells it answers with
PAD = 114                  # grey level round a letterboxed picture
MERGE_IOU = 0.3            # cells whose boxes overlap more tell of the same plate
BLEND_IOU = 0.6            # of these, such close ones are averaged to steady the corners


def box_of(quad):
    """Upright box (left, top, right, bottom) round a quad."""
    low, high = quad.min(0), quad.max(0)
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def iou(a, b):
    """Intersection over union of the upright boxes of two quads."""
    a, b = box_of(a), box_of(b)
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared)


def shrink(picture, scale):
    """Scaled down as the C++ detector does it: whole-number area means first, then linear."""
    height, width = picture.shape[:2]
    target = max(1, round(width * scale)), max(1, round(height * scale))
    whole = int(1 / scale) if scale < 1 else 1
    if whole > 1:
        picture = cv2.resize(picture, (max(1, width // whole), max(1, height // whole)), interpolation=cv2.INTER_AREA)
    return cv2.resize(picture, target, interpolation=cv2.INTER_LINEAR)


def fit(width, height, size):
    return min(size[0] / width, size[1] / height)


def letterbox(picture):
    """The grey picture at the top left of the network's input, and its scale."""
    height, width = picture.shape
    size = max(SIZES, key=lambda candidate: fit(width, height, candidate))
    scale = fit(width, height, size)
    small = shrink(picture, scale)
    canvas = np.full((size[1], size[0]), PAD, np.uint8)
    canvas[:small.shape[0], :small.shape[1]] = small
    return canvas, scale


def decode(cells, threshold):
    """(score, quad) list, best first, from the network's answer (9, rows, columns); input pixels."""
    score = 1 / (1 + np.exp(-cells[0]))
    rows, columns = np.nonzero(score > threshold)
    found = []
    for y, x in zip(rows, columns):
        centre = np.float32([(x + .5) * STRIDE, (y + .5) * STRIDE])
        found.append((float(score[y, x]), cells[1:, y, x].reshape(4, 2) * STRIDE + centre))
    found.sort(key=lambda item: -item[0])
    groups = []
    for value, quad in found:
        for group in groups:
            overlap = iou(quad, group[0][1])
            if overlap > MERGE_IOU:
                if overlap > BLEND_IOU:
                    group.append((value, quad))
                break
        else:
            groups.append([(value, quad)])
    return [(g[0][0], np.average([q for _, q in g], axis=0, weights=[s * s for s, _ in g])) for g in groups]
