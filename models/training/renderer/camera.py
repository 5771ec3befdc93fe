"""What a camera does to a plate patch: scale, blur, motion, light, shadow, noise, JPEG. Grey float pictures in, out.

Strength 1 is for drawn plates, which come out perfect; photographs carry their own faults and get less.
"""
import cv2
import numpy


def _motion_kernel(length, angle):
    size = int(length) | 1
    kernel = numpy.zeros((size, size), numpy.float32)
    kernel[size // 2, :] = 1
    turn = cv2.getRotationMatrix2D((size // 2, size // 2), angle, 1)
    kernel = cv2.warpAffine(kernel, turn, (size, size))
    return kernel / max(1e-6, kernel.sum())


def light(picture, chance):
    """Contrast, brightness, gamma, gradient, shadow edge, glare."""
    height, width = picture.shape
    x = numpy.linspace(-1, 1, width, dtype=numpy.float32)[None, :]
    y = numpy.linspace(-1, 1, height, dtype=numpy.float32)[:, None]
    if chance.random() < 0.3:
        picture = 255 * (picture.clip(0, 255) / 255) ** chance.uniform(0.55, 1.8)
    if chance.random() < 0.5:
        picture = picture * (1 + chance.uniform(-0.3, 0.3) * x + chance.uniform(-0.3, 0.3) * y)
    if chance.random() < 0.2:
        angle, offset = chance.uniform(0, 6.28), chance.uniform(-0.7, 0.7)
        edge = x * numpy.cos(angle) + y * numpy.sin(angle) - offset
        picture = picture * (1 - chance.uniform(0.2, 0.6) / (1 + numpy.exp((-edge * chance.uniform(5, 60)).clip(-30, 30))))
    if chance.random() < 0.08:
        spot = (x - chance.uniform(-1, 1)) ** 2 * chance.uniform(2, 12) + (y - chance.uniform(-1, 1)) ** 2 * 2
        picture = picture + chance.uniform(40, 170) * numpy.exp(-spot)
    contrast = chance.uniform(0.25, 1.1)
    return (picture - 128) * contrast + 128 + chance.uniform(-1, 1) * 100 * (1 - 0.6 * contrast)


def take(picture, chance, strength=1.0):
    """One exposure of a grey patch; the result is uint8 and of the same size."""
    height, width = picture.shape
    picture = picture.astype(numpy.float32)
    if chance.random() < 0.04:
        picture = 255 - picture
    picture = light(picture, chance)
    if chance.random() < 0.75 * strength:
        small = max(11, int(height * chance.uniform(0.2, 0.75) if strength > 0.9 else height * chance.uniform(0.35, 0.9)))
        size = (max(16, int(width * small / height)), small)
        picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    if chance.random() < 0.35 * strength:
        picture = cv2.GaussianBlur(picture, (0, 0), picture.shape[0] / 40 * chance.uniform(0.4, 1.4))
    if chance.random() < 0.2 * strength:
        length = max(3, picture.shape[0] * chance.uniform(0.05, 0.2))
        angle = chance.choice((0, 0, chance.uniform(0, 180), 90))
        picture = cv2.filter2D(picture, -1, _motion_kernel(length, angle))
    if chance.random() < 0.7:
        noise = numpy.random.default_rng(chance.getrandbits(32)).standard_normal(picture.shape, numpy.float32)
        picture = picture + noise * chance.uniform(0, 12) * (0.4 + 0.6 * strength)
    picture = picture.clip(0, 255).astype(numpy.uint8)
    if chance.random() < 0.5 * strength:
        coded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, chance.randint(25, 90)])[1]
        picture = cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE)
    if picture.shape != (height, width):
        picture = cv2.resize(picture, (width, height),
                             interpolation=chance.choice((cv2.INTER_LINEAR, cv2.INTER_CUBIC)))
    return picture
