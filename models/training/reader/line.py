"""From a quadrilateral to the line picture that the network reads.

Mirrors firmware/vision/rectifier.cpp (rectify) and firmware/vision/rows.cpp (line, split): the same numbers stand in
both, and tests/unit/vision/plate_reader_test.cpp reads pictures drawn here. Change both or neither.
"""
import cv2
import numpy

PATCH_HEIGHT_PX = 64      # of a one-row plate; two-row plates get twice that
MARGIN_SHARE = 0.08       # added around the quad, as share of its height
TWO_ROW_ASPECT = 2.35     # below it a plate may have two rows
ASPECT_MIN, ASPECT_MAX = 0.8, 8.0
LINE_HEIGHT_PX, LINE_WIDTH_PX = 40, 176
ROW_WIDTH_PX = 120        # of each row of a two-row plate, when they stand side by side
ROW_OVERLAP = 0.02        # rows are cut this share of the patch's height beyond the gap
GAP_FROM, GAP_TO = 0.36, 0.62
TWO_ROW_MARK = "="        # what the network reads when a whole two-row plate is shown as one line


def _sides(quad):
    edges = [numpy.linalg.norm(quad[(i + 1) % 4] - quad[i]) for i in range(4)]
    return (edges[0] + edges[2]) / 2, (edges[1] + edges[3]) / 2


def patch_size(quad):
    """Width and height of the patch in pixels."""
    width, height = _sides(quad)
    width, height = max(width, 1.0), max(height, 1.0)
    aspect = (width + 2 * MARGIN_SHARE * height) / (height * (1 + 2 * MARGIN_SHARE))
    aspect = min(max(aspect, ASPECT_MIN), ASPECT_MAX)
    rows = 2 if aspect < TWO_ROW_ASPECT else 1
    return int(PATCH_HEIGHT_PX * rows * aspect + 0.5), PATCH_HEIGHT_PX * rows


def rectify(grey, quad):
    """The upright patch of a quadrilateral (4x2, clockwise from the plate's top left) with its margin."""
    quad = numpy.float32(quad)
    width, height = patch_size(quad)
    side_width, side_height = (max(side, 1.0) for side in _sides(quad))
    margin_y = MARGIN_SHARE / (1 + 2 * MARGIN_SHARE) * height
    margin_x = MARGIN_SHARE * side_height / (side_width + 2 * MARGIN_SHARE * side_height) * width
    shrink = max(1, int(side_height * (1 + 2 * MARGIN_SHARE) / height))
    target = numpy.float32([[margin_x, margin_y], [width - margin_x, margin_y],
                            [width - margin_x, height - margin_y], [margin_x, height - margin_y]])
    if shrink > 1:
        grey, quad = _shrunk(grey, quad, shrink)
    matrix = cv2.getPerspectiveTransform(quad, target - 0.5)
    return cv2.warpPerspective(grey, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _shrunk(grey, quad, factor):
    """Averages the quad's neighbourhood down by a whole factor, so that warping does not alias."""
    room = (quad.max(axis=0) - quad.min(axis=0)).max() * 0.25
    left, top = numpy.maximum(0, numpy.floor(quad.min(axis=0) - room)).astype(int)
    right, bottom = numpy.ceil(quad.max(axis=0) + room).astype(int) + 1
    part = grey[top:min(bottom, grey.shape[0]), left:min(right, grey.shape[1])]
    if part.shape[0] < factor or part.shape[1] < factor:
        return grey, quad
    size = (part.shape[1] // factor, part.shape[0] // factor)
    part = part[:size[1] * factor, :size[0] * factor]
    small = cv2.resize(part, size, interpolation=cv2.INTER_AREA)
    return small, numpy.float32((quad - [left, top] + 0.5) / factor - 0.5)


def spread(picture):
    """Stretches the contrast: the 2nd and 98th of a hundred become 0 and 255."""
    counts = numpy.bincount(picture.reshape(-1), minlength=256).cumsum()
    total = int(counts[-1])
    low = int(numpy.searchsorted(counts, total * 2 // 100, side="right"))
    high = int(numpy.searchsorted(counts, total * 98 // 100, side="right"))
    if high - low < 2:
        return picture
    table = numpy.clip((numpy.arange(256) - low) * 255 // (high - low), 0, 255).astype(numpy.uint8)
    return table[picture]


def line(patch):
    """The patch as one line."""
    return spread(cv2.resize(patch, (LINE_WIDTH_PX, LINE_HEIGHT_PX), interpolation=cv2.INTER_AREA))


def gap(patch):
    """Where the rows of a two-row patch part, as share of its height: the line band with the least vertical edges."""
    height = patch.shape[0]
    edges = numpy.abs(numpy.diff(patch.astype(numpy.int32), axis=1)).sum(axis=1).astype(numpy.float64)
    half = max(1, height // 24)
    sums = numpy.array([edges[max(0, y - half):y + half + 1].mean() for y in range(height)])
    first, last = int(height * GAP_FROM), int(height * GAP_TO)
    return (first + int(numpy.argmin(sums[first:last + 1]))) / height


def two_row_line(patch, cut):
    """The two rows of a patch side by side; cut as gap() gives it."""
    height = patch.shape[0]
    upper = patch[:max(2, int(height * (cut + ROW_OVERLAP)))]
    lower = patch[min(height - 2, int(height * (cut - ROW_OVERLAP))):]
    size = (ROW_WIDTH_PX, LINE_HEIGHT_PX)
    return numpy.hstack([spread(cv2.resize(row, size, interpolation=cv2.INTER_AREA)) for row in (upper, lower)])
