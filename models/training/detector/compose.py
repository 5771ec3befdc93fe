"""Makes training pictures: a photograph moved, turned and zoomed, with further plates and decoys pasted in,
then light, blur, noise and compression. Never mirrored: a mirrored plate is none."""
import math

import cv2
import numpy as np

from .geometry import PAD, fit

WIDEST, NARROWEST = .87, 13    # share of the input, pixels: the widths between which the chosen plate is zoomed
LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ0123456789:-./ "


class Composer:
    """Draws (picture, [(quad, trust)], unsure) without end from photographs in memory. One thread."""

    def __init__(self, photographs, negatives, patches, decoys, random):
        self.photographs, self.negatives = photographs, negatives
        self.patches, self.decoys = patches, decoys      # [(pixels, quad, trust)], [pixels]
        self.random = random
        self.noise = np.random.RandomState(random.randrange(2**31))
        counts = {}
        for picture in photographs:
            counts[picture.source] = counts.get(picture.source, 0) + 1
        # Sources of many pictures would drown the others.
        self.weights = [1 / math.sqrt(counts[p.source] + 10) for p in photographs]

    def draw(self, size):
        """One picture of this width and height."""
        random = self.random
        if random.random() < .12:
            picture = random.choice(self.negatives)
        else:
            picture = random.choices(self.photographs, self.weights)[0]
        canvas, plates = self.place(picture, size)
        for _ in range(random.choice((0, 0, 1, 1, 2))):
            canvas = self.paste_plate(canvas, plates)
        if random.random() < .3:
            self.paste_decoys(canvas, plates)
        if random.random() < .25:
            self.write_lettering(canvas, plates)
        return self.weather(canvas), plates, picture.unsure

    def place(self, picture, size):
        """Moves, zooms, turns and tilts a photograph into the network's input."""
        random = self.random
        pixels, quads = picture.pixels, picture.quads
        height, width = pixels.shape
        wide, high = size
        usual_zoom = fit(width, height, size)
        usual = random.random() < .35
        zoom = usual_zoom * math.exp(random.uniform(-.12, .12) if usual else random.uniform(math.log(.4), math.log(2)))
        focus = np.float32([random.uniform(0, width), random.uniform(0, height)])
        if quads:
            quad = random.choice(quads)
            plate_width = max(np.ptp(quad[:, 0]), 1)
            if random.random() < .1:
                zoom, usual = random.uniform(WIDEST / 3, WIDEST) * wide / plate_width, False
            zoom = min(max(zoom, NARROWEST / plate_width), WIDEST * wide / plate_width)
            focus = quad.mean(0)
        if zoom < .7:   # warping alone would alias
            step = max(zoom / .9, .1)
            pixels = cv2.resize(pixels, None, fx=step, fy=step, interpolation=cv2.INTER_AREA)
            quads = [q * step for q in quads]
            focus, zoom, width, height = focus * step, zoom / step, width * step, height * step
        if quads and random.random() < .5:
            to = np.float32([random.uniform(.08, .92) * wide, random.uniform(.08, .92) * high])
        elif usual:     # as the detector sees it: at the top left
            to = focus * zoom
        else:
            to = np.float32([wide / 2 + (focus[0] - width / 2) * zoom + random.uniform(-40, 40),
                             high / 2 + (focus[1] - height / 2) * zoom + random.uniform(-30, 30)])
        angle = math.radians(max(-15, min(15, random.gauss(0, 6)))) if random.random() < .5 else 0
        c, s = math.cos(angle) * zoom, math.sin(angle) * zoom
        matrix = np.float64([[c, -s, to[0] - c * focus[0] + s * focus[1]],
                             [s, c, to[1] - s * focus[0] - c * focus[1]], [0, 0, 1]])
        if random.random() < .3 and max(picture.trust, default=1) > .5:   # from the side: narrower and slanted
            slant = self.slant() @ np.float64([[1, 0, -to[0]], [0, 1, -to[1]], [0, 0, 1]])
            matrix = np.float64([[1, 0, to[0]], [0, 1, to[1]], [0, 0, 1]]) @ slant @ matrix
        if random.random() < .35:
            frame = np.float32([[0, 0], [wide, 0], [wide, high], [0, high]])
            bent = frame + np.float32(self.noise.uniform(-.07, .07, (4, 2))) * np.float32(size)
            matrix = cv2.getPerspectiveTransform(frame, bent) @ matrix
        border = PAD if random.random() < .6 else random.randrange(150)
        if random.random() < .55:   # round it, another picture without plates instead of one colour
            canvas = self.backdrop(size)
            cv2.warpPerspective(pixels, matrix, size, dst=canvas, flags=cv2.INTER_LINEAR,
                                borderMode=cv2.BORDER_TRANSPARENT)
        else:
            canvas = cv2.warpPerspective(pixels, matrix, size, flags=cv2.INTER_LINEAR, borderValue=border)
        moved = [cv2.perspectiveTransform(q[None], matrix)[0] for q in quads]
        return canvas, list(zip(moved, picture.trust))

    def slant(self):
        return np.float64([[self.random.uniform(.4, 1), 0, 0], [self.random.gauss(0, .18), 1, 0], [0, 0, 1]])

    def backdrop(self, size):
        """Some part of a picture without plates, as large as the network's input."""
        pixels = self.random.choice(self.negatives).pixels
        height, width = pixels.shape
        part = self.random.uniform(.5, 1)
        wide, high = int(width * part), int(height * part)
        x, y = self.random.randint(0, width - wide), self.random.randint(0, height - high)
        return cv2.resize(pixels[y:y + high, x:x + wide], size, interpolation=cv2.INTER_AREA)

    @staticmethod
    def is_free(plates, centre, width, height):
        for quad, _ in plates:
            gap = abs(quad.mean(0) - centre)
            if gap[0] < (np.ptp(quad[:, 0]) + width) / 2 + 5 and gap[1] < (np.ptp(quad[:, 1]) + height) / 2 + 5:
                return False
        return True

    def paste_plate(self, canvas, plates):
        """A real plate's own picture in perspective somewhere else: its corners are true."""
        random = self.random
        patch, inner, trust = random.choice(self.patches)
        wide, high = np.ptp(inner[:, 0]), np.ptp(inner[:, 1])
        width_limit, height_limit = canvas.shape[1], canvas.shape[0]
        width = math.exp(random.uniform(math.log(14), math.log(260)))
        height = width * high / wide * random.uniform(.75, 1.15 if random.random() < .85 else 1.7)
        centre = np.float32([random.uniform(0, width_limit), random.uniform(0, height_limit)])
        angle = math.radians(random.gauss(0, 7))
        turn = np.float32([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
        quad = np.float32([[-width, -height], [width, -height], [width, height], [-width, height]]) / 2
        quad += np.float32(self.noise.normal(0, .06 * height, (4, 2)))
        quad[:, 1] += quad[:, 0] * random.gauss(0, .12)
        if random.random() < .3:
            quad = quad @ np.float32(self.slant()[:2, :2].T)
        quad = quad @ turn + centre
        if quad.min() < 2 or quad[:, 0].max() > width_limit - 2 or quad[:, 1].max() > height_limit - 2:
            return canvas
        if not self.is_free(plates, centre, np.ptp(quad[:, 0]), np.ptp(quad[:, 1])):
            return canvas
        if width < wide * .7:
            shrink = max(width / wide / .9, .05)
            patch = cv2.resize(patch, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
            inner = inner * np.float32(shrink)
        matrix = cv2.getPerspectiveTransform(inner, quad)
        edge = np.float32([[0, 0], [patch.shape[1], 0], [patch.shape[1], patch.shape[0]], [0, patch.shape[0]]])
        outer = cv2.perspectiveTransform(edge[None], matrix)[0]
        left, top = np.maximum(np.floor(outer.min(0)).astype(int) - 2, 0)
        right, bottom = np.minimum(np.ceil(outer.max(0)).astype(int) + 3, (width_limit, height_limit))
        area = canvas[top:bottom, left:right]
        size = area.shape[1], area.shape[0]
        matrix = np.float64([[1, 0, -left], [0, 1, -top], [0, 0, 1]]) @ matrix
        drawn = cv2.warpPerspective(patch, matrix, size, borderMode=cv2.BORDER_REPLICATE).astype(np.float32)
        mask = cv2.warpPerspective(np.ones(patch.shape, np.float32), matrix, size)
        if random.random() < .5:
            mask = cv2.GaussianBlur(mask, (3, 3), 0)
        # As bright as its surroundings, more or less.
        gain = random.uniform(.45, 1.1) * (.6 + .4 * min(1.5, float(area.mean() + 20) / (float(drawn.mean()) + 20)))
        area[:] = np.clip(area * (1 - mask) + drawn * (gain * mask), 0, 255).astype(np.uint8)
        plates.append((quad, trust))
        return canvas

    def paste_decoys(self, canvas, plates):
        """Things that a detector took for plates and are none."""
        random = self.random
        for _ in range(random.randint(1, 3)):
            decoy = random.choice(self.decoys)
            width = random.randint(20, 115)
            height = max(6, width * decoy.shape[0] // decoy.shape[1])
            x, y = random.randint(0, canvas.shape[1] - width), random.randint(0, canvas.shape[0] - height)
            if self.is_free(plates, np.float32([x + width / 2, y + height / 2]), width, height):
                canvas[y:y + height, x:x + width] = cv2.resize(decoy, (width, height), interpolation=cv2.INTER_AREA)

    def write_lettering(self, canvas, plates):
        """Time stamps, signs and badges: letters that are no plate."""
        random = self.random
        text = "".join(random.choice(LETTERS) for _ in range(random.randint(4, 20)))
        font, scale, thick = random.choice((0, 1, 2, 3, 4)), random.uniform(.3, .9), random.randint(1, 2)
        (width, height), _ = cv2.getTextSize(text, font, scale, thick)
        x = random.randint(0, max(1, canvas.shape[1] - width))
        y = random.randint(height + 2, canvas.shape[0] - 4)
        if self.is_free(plates, np.float32([x + width / 2, y - height / 2]), width, height):
            ink = 255 if random.random() < .5 else random.randrange(256)
            if random.random() < .3:   # a round or wide sign below it
                ground = random.randrange(256)
                cv2.ellipse(canvas, (x + width // 2, y - height // 2), (width // 2 + 8, height + 6), 0, 0, 360, ground, -1)
            cv2.putText(canvas, text, (x, y), font, scale, ink, thick, cv2.LINE_AA)

    def weather(self, canvas):
        """Light, blur, noise and compression."""
        random, chance = self.random, self.random.random
        canvas = cv2.LUT(canvas, self.light())
        if chance() < .15:   # headlights or shade: light falls off to one side
            slope = np.linspace(random.uniform(.3, 1), random.uniform(.6, 1.3), canvas.shape[1], dtype=np.float32)
            canvas = np.clip(canvas * slope[None, :], 0, 255).astype(np.uint8)
        if chance() < .2:
            kernel = np.zeros((5, 5), np.float32)
            kernel[2] = .2
            kernel = cv2.warpAffine(kernel, cv2.getRotationMatrix2D((2, 2), random.uniform(0, 180), 1), (5, 5))
            canvas = cv2.filter2D(canvas, -1, kernel / max(kernel.sum(), .01))
        elif chance() < .25:
            canvas = cv2.GaussianBlur(canvas, (0, 0), random.uniform(.4, 1.2))
        if chance() < .3:
            grain = np.empty(canvas.shape, np.int16)
            cv2.randn(grain, 0, random.uniform(1, 10))
            canvas = cv2.add(canvas, grain, dtype=cv2.CV_8U)
        if chance() < .25:
            coded = cv2.imencode(".jpg", canvas, [cv2.IMWRITE_JPEG_QUALITY, random.randint(30, 85)])[1]
            canvas = cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE)
        return canvas

    def light(self):
        """A look-up table: gain, offset, gamma, seldom inverted."""
        random = self.random
        ramp = np.arange(256, dtype=np.float32)
        night = random.random() < .12
        ramp = ramp * (random.uniform(.12, .4) if night else random.uniform(.45, 1.3)) + random.uniform(-15, 25)
        ramp = ramp.clip(0, 255)
        if random.random() < .35:
            ramp = 255 * (ramp / 255) ** random.uniform(.6, 1.8)
        if random.random() < .1:   # fog, glare, white on white: hardly any contrast
            ramp = ramp * random.uniform(.25, .6)
            ramp = ramp + random.uniform(0, 255 - ramp.max())
        if random.random() < .04:
            ramp = 255 - ramp
        return ramp.clip(0, 255).astype(np.uint8)
