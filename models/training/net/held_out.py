#!/usr/bin/env python3
"""Writes the labels of the held-out plates, to measure choices on: python3 -m models.training.net.held_out --data DIR > held-out.csv

    portcullis bench accuracy --labels held-out.csv --images DIR --sure 0.9
"""
import argparse
import csv
import os
import sys

from ..reader.photographs import is_validation, normal_text


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="folder with labels.csv")
    options = parser.parse_args()
    with open(os.path.join(options.data, "labels.csv"), newline="", encoding="utf-8") as stream:
        rows = csv.DictReader(stream)
        out = csv.DictWriter(sys.stdout, rows.fieldnames, lineterminator="\n")
        out.writeheader()
        for row in rows:
            text = normal_text(row["text"])
            if row["split_hint"] == "train" and len(text) >= 3 and is_validation(text):
                out.writerow(row)


if __name__ == "__main__":
    main()
