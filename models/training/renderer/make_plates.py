"""Draws the flat plates that the unit tests read: PNG pictures and plates.csv (name, text, rows, corners).

    python3 -m models.training.renderer.make_plates --seed 11 --out tests/data/plates
"""
import argparse
import csv
import pathlib
import random

import cv2

from . import layouts, plates

DRAWN = (("hr", "ZG*482-KT"), ("us", "KLM 4072"), ("br", "HNP-3846"), ("gb", "BX57 RVT"), ("ro", "CJ 63 HMW"),
         ("ar", "KRW 519"), ("eu-two", "WB*/573KN"), ("br-moto", "MTR/2958"))
CORNERS = ("x1", "y1", "x2", "y2", "x3", "y3", "x4", "y4")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--out", required=True)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    out = pathlib.Path(options.out)
    out.mkdir(parents=True, exist_ok=True)
    with open(out / "plates.csv", "w", newline="", encoding="utf-8") as stream:
        table = csv.writer(stream, lineterminator="\n")
        table.writerow(("name", "text", "rows") + CORNERS)
        for name, symbols in DRAWN:
            plate = plates.draw(layouts.BY_NAME[name], symbols, chance)
            grey = cv2.cvtColor(plate.picture, cv2.COLOR_RGB2GRAY)
            cv2.imwrite(str(out / f"{name}.png"), grey, [cv2.IMWRITE_PNG_COMPRESSION, 9])
            table.writerow([name, plate.text, plate.rows] + [f"{value:.1f}" for value in plate.quad.reshape(-1)])


if __name__ == "__main__":
    main()
