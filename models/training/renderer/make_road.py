"""Draws films of traffic on up to three lanes, seen from a gantry, with their truth: what passages are measured on.

    python3 -m models.training.renderer.make_road --out /tmp/road            # all kinds, a minute each
    python3 -m models.training.renderer.make_road --kind rain --seconds 20 --seed 3 --out /tmp/road

Writes KIND.mp4 (H.264, through ffmpeg), KIND.csv (passage, first_s, last_s, text, layout, direction, clear_frames) and
KIND.quads.csv (frame, passage and the plate's corners, wherever it is in the picture). score_road.py holds reads against
them. All texts are invented; nothing is photographed.
"""
import argparse
import csv
import dataclasses
import pathlib
import random

import cv2
import numpy

from . import layouts, scene, vehicles
from .make_clip import encoder

NEAR_M, FAR_M = 9.5, 46.0
LANE_M = 3.5
CLEAR_PX = 45  # a narrower plate does not count as clear
LEVELS = 5     # of each sprite, each half the size of the one before
PLAIN = ("hr", "de", "pl", "ro", "gb", "br", "ar", "tw")  # layouts of one row


@dataclasses.dataclass(frozen=True)
class Kind:
    lanes: int = 2
    away: int = 0                   # lanes from the left whose traffic goes away
    speeds_kmh: tuple = (40, 60)    # a speed is drawn for each lane
    fps: int = 25
    gap_s: tuple = (1.2, 3.0)       # between vehicles of a lane, beside their length
    lorries: float = 0.08
    night: bool = False
    rain: bool = False
    shake_px: float = 0.0
    shadow_m: float = 0.0           # length of a bridge's shadow, in which nothing is seen
    camera: scene.Camera = scene.GANTRY


KINDS = {
    "day": Kind(lanes=3, speeds_kmh=(45, 80)),
    "half": Kind(lanes=1, speeds_kmh=(50, 50), fps=30, gap_s=(6.2, 6.8), lorries=0.0),  # a vehicle in view half of the time
    "slow": Kind(lanes=2, speeds_kmh=(8, 15), gap_s=(0.8, 1.5)),
    "fast-10": Kind(lanes=3, speeds_kmh=(100, 130), fps=10, gap_s=(0.8, 2.0)),
    "fast-60": Kind(lanes=3, speeds_kmh=(100, 130), fps=60, gap_s=(0.8, 2.0)),
    "both-ways": Kind(lanes=3, away=1, speeds_kmh=(40, 70)),
    "lorries": Kind(lanes=3, speeds_kmh=(40, 80), lorries=0.4, camera=scene.Camera(2500.0, 4.2, 11.0, 3.0)),
    "shadow": Kind(lanes=2, speeds_kmh=(30, 45), shadow_m=4.0),
    "night": Kind(lanes=2, speeds_kmh=(40, 60), night=True),
    "rain": Kind(lanes=2, speeds_kmh=(40, 60), rain=True),
    "shake": Kind(lanes=3, speeds_kmh=(45, 80), shake_px=5.0),
}


@dataclasses.dataclass(eq=False)  # each is itself: pictures do not compare
class Vehicle:
    sprite: vehicles.Sprite
    levels: list
    text: str
    layout: str
    lane: int
    x: float
    enters_s: float
    speed: float
    away: bool
    yaw: float
    clear: list = dataclasses.field(default_factory=list)  # frames

    def pose(self, time_s):
        """None while it is out of sight."""
        run = (time_s - self.enters_s) * self.speed
        if run < 0 or run > FAR_M - NEAR_M + 6:
            return None
        y = NEAR_M - 3 + run if self.away else FAR_M - run
        return scene.Pose(self.x, max(y, 4.0), -self.yaw if self.away else self.yaw)


def _symbols(pattern, chance):
    """A text for a pattern of layouts.py without emblems."""
    return "".join(chance.choice("ABCDEFGHJKLMNPRSTVWXYZ") if sign in "LX" else chance.choice("0123456789") if sign == "D"
                   else sign for sign in pattern)


def _vehicle(kind, lane, enters_s, speed, chance):
    layout = layouts.BY_NAME[chance.choice(PLAIN)]
    layout = dataclasses.replace(layout, ornament=0.0, captions=layout.captions[:12])
    shape = "lorry" if chance.random() < kind.lorries else chance.choice(("car", "hatchback", "suv", "van"))
    colour = chance.choice(((150, 30, 34), (196, 200, 204), (44, 66, 120), (52, 54, 60), (222, 222, 218), (40, 84, 62)))
    away = lane < kind.away
    pattern = chance.choice(layout.patterns)
    sprite, text = vehicles.draw(shape, not away, colour, layout, _symbols(pattern, chance), chance)
    x = LANE_M * (lane - (kind.lanes - 1) / 2) + chance.uniform(-0.25, 0.25)
    return Vehicle(sprite, _levels(sprite, kind.night), text, layout.name, lane, x, enters_s, speed, away, chance.uniform(-2, 2))


def _levels(sprite, night):
    """The sprite and its halves, so that it does not alias where it is small."""
    lit = sprite.picture.astype(numpy.float32)
    if night:
        lit = lit * (scene.NIGHT_AMBIENT * 1.4 + 0.72 * sprite.plate_mask[:, :, None])
    height, width = sprite.cover.shape
    levels = []
    for level in range(LEVELS):
        size = (max(1, width >> level), max(1, height >> level))
        levels.append((cv2.resize(lit, size, interpolation=cv2.INTER_AREA), cv2.resize(sprite.cover, size, interpolation=cv2.INTER_AREA)))
    return levels


def traffic(kind, seconds, chance):
    """All vehicles of the film; in a lane all drive alike, so none runs into another."""
    found = []
    for lane in range(kind.lanes):
        speed = chance.uniform(*kind.speeds_kmh) / 3.6
        enters = chance.uniform(0, kind.gap_s[1])
        while enters + (FAR_M - NEAR_M) / speed < seconds:
            vehicle = _vehicle(kind, lane, enters, speed, chance)
            found.append(vehicle)
            length = 14 if vehicle.sprite.width_m > 2.8 else 4.8
            enters += (length + 2) / speed + chance.uniform(*kind.gap_s)
    return sorted(found, key=lambda vehicle: vehicle.enters_s)


def _draw(frame, vehicle, pose, kind):
    matrix = scene.homography(vehicle.sprite, pose, kind.camera)
    corners = scene.placed(vehicle.sprite, pose, kind.camera)
    left, top = numpy.maximum(0, numpy.floor(corners.min(axis=0))).astype(int)
    right, bottom = numpy.minimum((scene.WIDTH, scene.HEIGHT), numpy.ceil(corners.max(axis=0)) + 1).astype(int)
    if left >= right or top >= bottom:
        return
    full = vehicle.levels[0][1].shape[1]
    level = int(min(LEVELS - 1, max(0, numpy.log2(full / max(1.0, corners[1][0] - corners[0][0])))))
    picture, cover = vehicle.levels[level]
    scale = numpy.diag([full / cover.shape[1], vehicle.levels[0][1].shape[0] / cover.shape[0], 1.0])
    shift = numpy.float64([[1, 0, -left], [0, 1, -top], [0, 0, 1]])
    size = (int(right - left), int(bottom - top))
    warped = cv2.warpPerspective(picture, shift @ matrix @ scale, size)
    alpha = cv2.warpPerspective(cover, shift @ matrix @ scale, size)[:, :, None]
    part = frame[top:bottom, left:right]
    frame[top:bottom, left:right] = part * (1 - alpha) + warped * alpha


def _rain(frame, generator):
    streaks = numpy.zeros(frame.shape[:2], numpy.uint8)
    for _ in range(260):
        x, y = int(generator.integers(0, scene.WIDTH)), int(generator.integers(-30, scene.HEIGHT))
        length = int(generator.integers(14, 46))
        cv2.line(streaks, (x, y), (x + length // 7, y + length), int(generator.integers(60, 150)), 1, cv2.LINE_AA)
    soft = cv2.GaussianBlur(streaks, (0, 0), 0.8).astype(numpy.float32)[:, :, None] / 255
    grey = frame * 0.72 + 40
    return grey * (1 - soft) + 215 * soft


def _sway(time_s, kind):
    turn = 2 * numpy.pi * time_s
    return (kind.shake_px * (numpy.sin(2.1 * turn) + 0.4 * numpy.sin(7.3 * turn + 1)),
            kind.shake_px * (0.7 * numpy.sin(1.7 * turn + 2) + 0.4 * numpy.sin(6.7 * turn + 3)))


def _shaded(y, kind):
    return kind.shadow_m > 0 and 20.0 <= y <= 20.0 + kind.shadow_m


def _shade(frame, kind):
    """Under the bridge it is so dark that the shutter sees nothing."""
    if kind.shadow_m <= 0:
        return
    near, far = (scene.project([(0, y, 0.6)], kind.camera)[0][1] for y in (20.0, 20.0 + kind.shadow_m))
    frame[max(0, int(far) - 16):max(0, int(near) + 16)] *= 0.02


def draw_frame(base, fleet, time_s, kind, generator):
    """The picture, and where each plate is in it: (vehicle, corners, clear)."""
    frame = base.copy()
    standing = [(vehicle.pose(time_s), vehicle) for vehicle in fleet]
    standing = sorted(((pose, vehicle) for pose, vehicle in standing if pose), key=lambda entry: -entry[0].y)
    sway = _sway(time_s, kind)
    plates = []
    for place, (pose, vehicle) in enumerate(standing):
        _draw(frame, vehicle, pose, kind)
        corners = scene.through(scene.homography(vehicle.sprite, pose, kind.camera), vehicle.sprite.plate_quad)
        middle = tuple(float(v) for v in corners.mean(axis=0))
        hidden = any(cv2.pointPolygonTest(scene.placed(other.sprite, nearer, kind.camera), middle, False) >= 0
                     for nearer, other in standing[place + 1:])
        moved = corners + numpy.float32(sway)
        inside = moved.min() >= 0 and moved[:, 0].max() < scene.WIDTH and moved[:, 1].max() < scene.HEIGHT
        wide = numpy.linalg.norm(corners[1] - corners[0]) >= CLEAR_PX
        plates.append((vehicle, moved, bool(inside and wide and not hidden and not _shaded(pose.y, kind))))
    if kind.night:
        for pose, vehicle in standing:
            scene.glare(frame, vehicle.sprite, pose, not vehicle.away, True, kind.camera)
    _shade(frame, kind)
    if kind.rain:
        frame = _rain(frame, generator)
    if kind.shake_px > 0:
        frame = cv2.warpAffine(frame, numpy.float32([[1, 0, sway[0]], [0, 1, sway[1]]]), (scene.WIDTH, scene.HEIGHT),
                               borderMode=cv2.BORDER_REPLICATE)
    noise = generator.standard_normal(frame.shape[:2], numpy.float32) * (5.0 if kind.night else 2.2)
    return (frame + noise[:, :, None]).clip(0, 255).astype(numpy.uint8), plates


def draw_film(name, kind, seconds, seed, out):
    chance = random.Random(f"{name} {seed}")
    generator = numpy.random.default_rng(seed)
    base = scene.background(chance, kind.camera)
    if kind.night:
        base = scene.by_night(base)
    fleet = traffic(kind, seconds, chance)
    film = encoder(out / f"{name}.mp4", kind.fps)
    with open(out / f"{name}.quads.csv", "w", newline="", encoding="utf-8") as stream:
        table = csv.writer(stream, lineterminator="\n")
        table.writerow(("frame", "passage", "x1", "y1", "x2", "y2", "x3", "y3", "x4", "y4"))
        for index in range(int(seconds * kind.fps)):
            frame, plates = draw_frame(base, fleet, index / kind.fps, kind, generator)
            film.stdin.write(frame.tobytes())
            for vehicle, corners, clear in plates:
                table.writerow((index, fleet.index(vehicle) + 1, *(f"{v:.1f}" for v in corners.reshape(-1))))
                if clear:
                    vehicle.clear.append(index)
    film.stdin.close()
    if film.wait() != 0:
        raise SystemExit("ffmpeg failed; see its message above")
    with open(out / f"{name}.csv", "w", newline="", encoding="utf-8") as stream:
        table = csv.writer(stream, lineterminator="\n")
        table.writerow(("passage", "first_s", "last_s", "text", "layout", "direction", "clear_frames"))
        for number, vehicle in enumerate(fleet, 1):
            first, last = (vehicle.clear[0], vehicle.clear[-1]) if vehicle.clear else (0, 0)
            table.writerow((number, f"{first / kind.fps:.2f}", f"{last / kind.fps:.2f}", vehicle.text, vehicle.layout,
                            "receding" if vehicle.away else "approaching", len(vehicle.clear)))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kind", choices=sorted(KINDS), action="append", help="may be given several times; all by default")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", required=True)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    out = pathlib.Path(options.out)
    out.mkdir(parents=True, exist_ok=True)
    for name in options.kind or KINDS:
        draw_film(name, KINDS[name], options.seconds, options.seed, out)
        print(out / f"{name}.mp4", flush=True)


if __name__ == "__main__":
    main()
