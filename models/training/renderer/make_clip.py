"""Draws the demo film: vehicles of several countries on a drawn road, by day and by night, and its ground truth.

    python3 -m models.training.renderer.make_clip --seed 7 --out tests/data

Writes road.mp4 (H.264, through ffmpeg) and road.csv (passage, first_s, last_s, text, layout, direction). All texts are
invented; nothing is photographed.
"""
import argparse
import csv
import dataclasses
import os
import pathlib
import random
import subprocess

import cv2
import numpy

from . import layouts, scene, vehicles

FPS = 25
DURATION_S = 24.0
NIGHT_FROM_S = 15.5
SHUTTER_DAY_S, SHUTTER_NIGHT_S = 1 / 500, 1 / 180
INSTANTS_DAY, INSTANTS_NIGHT = 1, 4  # by day the shutter is too short for a smear
NEAR_M, FAR_M = 8.5, 38.0
NOISE_DAY, NOISE_NIGHT = 2.2, 5.0
READABLE_PX = 60  # a plate counts as seen from this width on
TRANSITION_S = 0.6


@dataclasses.dataclass(frozen=True)
class Passage:
    start_s: float       # when an approaching one is FAR_M away, a receding one NEAR_M
    layout: str
    symbols: str
    kind: str
    colour: tuple
    approaching: bool
    speed_m_s: float
    ground: tuple = ()   # the plate's colour, when it must be this one


PASSAGES = (
    Passage(0.0, "hr", "ZG*4821-KM", "car", (150, 30, 34), True, 8.0),
    Passage(1.6, "us", "KLM 4072", "suv", (196, 200, 204), False, 7.6, (layouts.WHITE, layouts.NIGHT_BLUE)),
    Passage(4.0, "br", "HNP-3846", "hatchback", (44, 66, 120), True, 8.2, (layouts.GREY, layouts.BLACK)),
    Passage(5.4, "gb", "BX57 RVT", "hatchback", (52, 54, 60), False, 7.8, (layouts.YELLOW, layouts.BLACK)),
    Passage(8.0, "de", "M*AB 2947", "van", (222, 222, 218), True, 8.4),
    Passage(9.2, "eu-two", "WB*/573KN", "suv", (40, 84, 62), False, 7.8, (layouts.WHITE, layouts.BLACK)),
    Passage(11.9, "ar", "KRW 519", "car", (190, 176, 140), True, 8.0),
    Passage(15.6, "ro", "CJ 63 HMW", "car", (168, 172, 178), True, 8.0),
    Passage(17.0, "pl", "WPR 52834", "hatchback", (140, 36, 40), False, 7.8),
    Passage(20.0, "tw", "NKA-6395", "suv", (70, 74, 80), True, 8.2, (layouts.WHITE, layouts.BLACK)),
)


@dataclasses.dataclass
class Vehicle:
    passage: Passage
    sprite: vehicles.Sprite
    text: str

    def pose(self, time_s):
        """None while it is out of sight."""
        run = (time_s - self.passage.start_s) * self.passage.speed_m_s
        if run < 0 or run > FAR_M - NEAR_M:
            return None
        if self.passage.approaching:
            return scene.Pose(-1.1, FAR_M - run, 4.0)
        return scene.Pose(1.2, NEAR_M + run, -4.0)

    def plate(self, time_s):
        """The plate's corners in the frame, or None."""
        pose = self.pose(time_s)
        return None if pose is None else scene.through(scene.homography(self.sprite, pose), self.sprite.plate_quad)


def build(chance):
    found = []
    for passage in PASSAGES:
        layout = layouts.BY_NAME[passage.layout]
        if passage.ground:
            layout = dataclasses.replace(layout, colours=(passage.ground,))
        layout = dataclasses.replace(layout, ornament=0.0, captions=layout.captions[:12])
        sprite, text = vehicles.draw(passage.kind, passage.approaching, passage.colour, layout, passage.symbols, chance)
        found.append(Vehicle(passage, sprite, text))
    return found


def draw_instant(base, fleet, time_s, night):
    frame = base.copy()
    visible = [(vehicle.pose(time_s), vehicle) for vehicle in fleet]
    visible = sorted(((pose, v) for pose, v in visible if pose), key=lambda entry: -entry[0].y)
    for pose, vehicle in visible:
        scene.stand(frame, vehicle.sprite, pose, night)
    for pose, vehicle in visible:
        if night or vehicle.passage.approaching:
            scene.glare(frame, vehicle.sprite, pose, vehicle.passage.approaching, night)
    return frame


def draw_frame(day, dark, fleet, time_s, generator):
    """One exposure: the mean of a few instants, then the sensor's noise."""
    night = time_s >= NIGHT_FROM_S
    shutter, count = (SHUTTER_NIGHT_S, INSTANTS_NIGHT) if night else (SHUTTER_DAY_S, INSTANTS_DAY)
    instants = [draw_instant(dark if night else day, fleet, time_s + shutter * (k / count - 0.5), night)
                for k in range(count)]
    frame = numpy.mean(instants, axis=0)
    fade = min(1.0, abs(time_s - NIGHT_FROM_S) / TRANSITION_S)
    frame = frame * fade
    noise = generator.standard_normal(frame.shape[:2], numpy.float32) * (NOISE_NIGHT if night else NOISE_DAY)
    return (frame + noise[:, :, None]).clip(0, 255).astype(numpy.uint8)


def seen(vehicle):
    """First and last second in which the plate is wholly in the frame and wide enough."""
    times = []
    for index in range(int(DURATION_S * FPS)):
        corners = vehicle.plate(index / FPS)
        if corners is None:
            continue
        inside = (corners.min() >= 0 and corners[:, 0].max() < scene.WIDTH and corners[:, 1].max() < scene.HEIGHT)
        if inside and numpy.linalg.norm(corners[1] - corners[0]) >= READABLE_PX:
            times.append(index / FPS)
    return times[0], times[-1]


def write_truth(path, fleet):
    with open(path, "w", newline="", encoding="utf-8") as stream:
        table = csv.writer(stream, lineterminator="\n")
        table.writerow(("passage", "first_s", "last_s", "text", "layout", "direction"))
        for number, vehicle in enumerate(fleet, 1):
            first, last = seen(vehicle)
            direction = "approaching" if vehicle.passage.approaching else "receding"
            table.writerow((number, f"{first:.2f}", f"{last:.2f}", vehicle.text, vehicle.passage.layout, direction))


def encoder(path, fps=FPS):
    command = ["ffmpeg", "-y", "-loglevel", "error", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s",
               f"{scene.WIDTH}x{scene.HEIGHT}", "-r", str(fps), "-i", "-", "-c:v", "libx264", "-preset", "medium", "-crf", "28",
               "-pix_fmt", "yuv420p", "-threads", "1", "-movflags", "+faststart", "-bitexact", "-f", "mp4", str(path)]
    try:
        return subprocess.Popen(command, stdin=subprocess.PIPE)
    except FileNotFoundError:
        raise SystemExit("ffmpeg is not installed; apt-get install ffmpeg") from None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--out", required=True)
    parser.add_argument("--still", type=float, help="write only the frame of this second, as road-still.png")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    chance = random.Random(options.seed)
    fleet = build(chance)
    day = scene.background(chance)
    dark = scene.by_night(day)
    generator = numpy.random.default_rng(options.seed)
    out = pathlib.Path(options.out)
    out.mkdir(parents=True, exist_ok=True)
    if options.still is not None:
        frame = draw_frame(day, dark, fleet, options.still, generator)
        cv2.imwrite(str(out / "road-still.png"), cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))
        return
    unfinished = out / f".road-{os.getpid()}.mp4"  # two runs into one folder must not mix
    film = encoder(unfinished)
    for index in range(int(DURATION_S * FPS)):
        film.stdin.write(draw_frame(day, dark, fleet, index / FPS, generator).tobytes())
    film.stdin.close()
    if film.wait() != 0:
        raise SystemExit("ffmpeg failed; see its message above")
    unfinished.replace(out / "road.mp4")
    write_truth(out / "road.csv", fleet)


if __name__ == "__main__":
    main()
