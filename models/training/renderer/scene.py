"""A road in perspective, by day and by night, with vehicles that stand on it facing the camera.

World: metres, x to the right, y along the road away from the camera, z up. The camera hangs above the road and looks
along it, tilted down. A vehicle is a flat picture at its place, turned a little so that its plate shows perspective.
"""
import dataclasses

import cv2
import numpy

WIDTH, HEIGHT = 1280, 720
NIGHT_AMBIENT = 0.10


@dataclasses.dataclass(frozen=True)
class Camera:
    focal_px: float
    height_m: float
    tilt_degrees: float
    x_m: float = 0.0


ROADSIDE = Camera(2800.0, 2.0, 4.6)
GANTRY = Camera(2400.0, 5.5, 15.0)


def project(points, camera=ROADSIDE):
    """World points (n x 3) to pixels (n x 2)."""
    points = numpy.float64(points)
    tilt = numpy.radians(camera.tilt_degrees)
    x, y, z = points[:, 0] - camera.x_m, points[:, 1], points[:, 2] - camera.height_m
    depth = y * numpy.cos(tilt) - z * numpy.sin(tilt)
    down = -z * numpy.cos(tilt) - y * numpy.sin(tilt)
    depth = numpy.maximum(depth, 0.5)
    return numpy.stack([WIDTH / 2 + camera.focal_px * x / depth, HEIGHT / 2 + camera.focal_px * down / depth], axis=1)


@dataclasses.dataclass
class Pose:
    x: float
    y: float
    yaw_degrees: float


def placed(sprite, pose, camera=ROADSIDE):
    """Where the sprite's picture corners fall in the frame, clockwise from top left."""
    yaw = numpy.radians(pose.yaw_degrees)
    half = sprite.width_m / 2
    corners = [(-half, sprite.height_m), (half, sprite.height_m), (half, 0), (-half, 0)]
    world = [(pose.x + u * numpy.cos(yaw), pose.y + u * numpy.sin(yaw), z) for u, z in corners]
    return numpy.float32(project(world, camera))


def homography(sprite, pose, camera=ROADSIDE):
    height, width = sprite.cover.shape
    flat = numpy.float32([[0, 0], [width, 0], [width, height], [0, height]])
    return cv2.getPerspectiveTransform(flat, placed(sprite, pose, camera))


def through(matrix, points):
    return cv2.perspectiveTransform(numpy.float32(points)[None], matrix)[0]


def background(chance, camera=ROADSIDE):
    """The empty road by day as float RGB."""
    generator = numpy.random.default_rng(chance.getrandbits(32))
    frame = numpy.zeros((HEIGHT, WIDTH, 3), numpy.float32)
    horizon = int(project([(0, 4000.0, 0)], camera)[0][1])
    sky = numpy.linspace(0, 1, max(1, horizon), dtype=numpy.float32)[:, None, None]
    frame[:max(0, horizon)] = numpy.float32((150, 180, 212)) * (1 - sky) + numpy.float32((214, 222, 228)) * sky
    grass = generator.normal(0, 9, (HEIGHT, WIDTH)).astype(numpy.float32)
    frame[max(0, horizon):] = numpy.float32((94, 112, 72)) + grass[max(0, horizon):, :, None]
    for _ in range(900):  # a hedge along the horizon
        x, size = generator.integers(-20, WIDTH + 20), generator.integers(4, 16)
        y = horizon + 6 - size // 2 - generator.integers(0, 52)
        shade = float(generator.integers(-20, 14)) - 0.5 * float(horizon - y)
        cv2.circle(frame, (int(x), int(y)), int(size), (66 + shade, 86 + shade, 58 + shade), -1, cv2.LINE_AA)
    frame[:horizon + 24] = cv2.GaussianBlur(frame[:horizon + 24], (0, 0), 2.2)
    _ground(frame, [(-6.2, 3), (6.2, 3), (6.2, 400), (-6.2, 400)], (104, 105, 108), camera)
    for x in (-5.6, 5.6):
        _ground(frame, [(x - 0.08, 3), (x + 0.08, 3), (x + 0.08, 400), (x - 0.08, 400)], (222, 222, 218), camera)
    for y in range(4, 200, 9):
        _ground(frame, [(-0.07, y), (0.07, y), (0.07, y + 4), (-0.07, y + 4)], (226, 226, 222), camera)
    grain = generator.normal(0, 5, (HEIGHT, WIDTH)).astype(numpy.float32)
    frame[max(0, horizon):] += cv2.GaussianBlur(grain, (0, 0), 0.8)[max(0, horizon):, :, None]
    return cv2.GaussianBlur(frame, (0, 0), 1.1).clip(0, 255)


def _ground(frame, outline, colour, camera):
    points = project([(x, y, 0.0) for x, y in outline], camera)
    cv2.fillPoly(frame, [numpy.int32(points * 16)], colour, cv2.LINE_AA, shift=4)


def by_night(frame):
    """The empty road under one street lamp."""
    y, x = numpy.mgrid[0:HEIGHT, 0:WIDTH].astype(numpy.float32)
    pool = numpy.exp(-(((x - WIDTH * 0.5) / 700) ** 2 + ((y - HEIGHT * 0.75) / 380) ** 2))
    return frame * (NIGHT_AMBIENT + 0.16 * pool)[:, :, None] * numpy.float32((1.0, 0.94, 0.82))


def _shadow(frame, pose, width_m, strength, camera):
    half = width_m * 0.52
    outline = [(pose.x - half, pose.y - 0.25), (pose.x + half, pose.y - 0.25), (pose.x + half, pose.y + 1.2), (pose.x - half, pose.y + 1.2)]
    points = project([(x, y, 0.0) for x, y in outline], camera)
    left, top = numpy.floor(points.min(axis=0) - 20).astype(int)
    right, bottom = numpy.ceil(points.max(axis=0) + 20).astype(int)
    left, top, right, bottom = max(0, left), max(0, top), min(WIDTH, right), min(HEIGHT, bottom)
    if left >= right or top >= bottom:
        return
    mask = numpy.zeros((bottom - top, right - left), numpy.uint8)
    cv2.fillPoly(mask, [numpy.int32(points - [left, top])], 255)
    soft = cv2.GaussianBlur(mask, (0, 0), max(1.0, (right - left) / 50)).astype(numpy.float32)[:, :, None] / 255
    frame[top:bottom, left:right] *= 1 - strength * soft


def _shrunk(sprite, matrix, night):
    """The sprite averaged down by a whole factor when it is small in the frame, so that it does not alias."""
    lit = sprite.picture.astype(numpy.float32)
    if night:
        lit = lit * (NIGHT_AMBIENT * 1.4 + 0.72 * sprite.plate_mask[:, :, None])
    height, width = sprite.cover.shape
    corners = through(matrix, [[0, 0], [width, 0]])
    factor = max(1, int(width / max(1.0, numpy.linalg.norm(corners[1] - corners[0]))))
    if factor == 1:
        return lit, sprite.cover, matrix
    size = (width // factor, height // factor)
    scale = numpy.diag([width / size[0], height / size[1], 1.0])
    return (cv2.resize(lit, size, interpolation=cv2.INTER_AREA), cv2.resize(sprite.cover, size, interpolation=cv2.INTER_AREA),
            matrix @ scale)


def stand(frame, sprite, pose, night, camera=ROADSIDE):
    """Draws the vehicle into the frame."""
    matrix = homography(sprite, pose, camera)
    box = through(matrix, [[0, 0], [sprite.cover.shape[1], 0], [sprite.cover.shape[1], sprite.cover.shape[0]], [0, sprite.cover.shape[0]]])
    left, top = numpy.maximum(0, numpy.floor(box.min(axis=0))).astype(int)
    right, bottom = numpy.minimum((WIDTH, HEIGHT), numpy.ceil(box.max(axis=0)) + 1).astype(int)
    if left >= right or top >= bottom:
        return
    _shadow(frame, pose, sprite.width_m, 0.3 if night else 0.6, camera)
    picture, cover, matrix = _shrunk(sprite, matrix, night)
    shift = numpy.float64([[1, 0, -left], [0, 1, -top], [0, 0, 1]])
    size = (int(right - left), int(bottom - top))
    warped = cv2.warpPerspective(picture, shift @ matrix, size, flags=cv2.INTER_LINEAR)
    alpha = cv2.warpPerspective(cover, shift @ matrix, size, flags=cv2.INTER_LINEAR)[:, :, None]
    part = frame[top:bottom, left:right]
    frame[top:bottom, left:right] = part * (1 - alpha) + warped * alpha


def glare(frame, sprite, pose, front, night, camera=ROADSIDE):
    """Light of the lamps: a glow by day, a blinding star by night."""
    matrix = homography(sprite, pose, camera)
    reach = camera.focal_px / max(3.0, pose.y)
    for x, y, _, colour in sprite.lamps:
        spot = through(matrix, [[x, y]])[0]
        strength = (1.0 if front else 0.5) * (1.0 if night else 0.12)
        for size, weight in ((0.10, 1.0), (0.35, 0.34 if front else 0.25), (1.1, 0.10 if front else 0.05)):
            _add_light(frame, spot, size * reach, numpy.float32(colour) * strength * weight)


def _add_light(frame, spot, radius, colour):
    reach = int(radius * 3) + 1
    left, top = max(0, int(spot[0]) - reach), max(0, int(spot[1]) - reach)
    right, bottom = min(WIDTH, int(spot[0]) + reach), min(HEIGHT, int(spot[1]) + reach)
    if left >= right or top >= bottom:
        return
    y, x = numpy.mgrid[top:bottom, left:right].astype(numpy.float32)
    falloff = numpy.exp(-((x - spot[0]) ** 2 + (y - spot[1]) ** 2) / (2 * radius ** 2))
    frame[top:bottom, left:right] += falloff[:, :, None] * colour
