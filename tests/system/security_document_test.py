#!/usr/bin/env python3
"""SECURITY.md keeps its word: each test that it names beside an attack is a test of this build.

usage: security_document_test.py BUILD_DIR
"""
import json
import pathlib
import re
import subprocess
import sys
import unittest

BUILD = ""
SOURCE = pathlib.Path(__file__).resolve().parents[2]
DOCUMENT = SOURCE / "firmware" / "seal" / "SECURITY.md"
OUTCOMES = ("holds", "noticed", "not covered")


def threat_rows():
    """(attack, outcome, [test names]) of each row of the tables that have a column of tests."""
    rows = []
    columns = None
    for line in DOCUMENT.read_text(encoding="utf-8").splitlines():
        if not line.startswith("|"):
            columns = None
            continue
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if columns is None:
            columns = cells
        elif "tests" in columns and not set(cells[0]) <= set("-: "):
            row = dict(zip(columns, cells))
            rows.append((cells[0], row["outcome"], re.findall(r"`([^`]+)`", row["tests"])))
    return rows


def tests_of_the_build():
    told = subprocess.run(["ctest", "--test-dir", BUILD, "--show-only=json-v1"], check=True, capture_output=True, text=True)
    return {test["name"] for test in json.loads(told.stdout)["tests"]}


class SecurityDocument(unittest.TestCase):
    def test_each_test_that_it_names_exists(self):
        known = tests_of_the_build()
        self.assertGreater(len(known), 100)
        for attack, _, names in threat_rows():
            for name in names:
                with self.subTest(attack=attack):
                    self.assertIn(name, known)

    def test_each_row_has_an_outcome_and_one_that_holds_has_a_test(self):
        rows = threat_rows()
        self.assertGreater(len(rows), 20)
        for attack, outcome, names in rows:
            with self.subTest(attack=attack):
                self.assertTrue(outcome.startswith(OUTCOMES), outcome)
                if not outcome.startswith("not covered"):
                    self.assertTrue(names)

    def test_the_readme_leads_to_it(self):
        self.assertIn("](firmware/seal/SECURITY.md)", (SOURCE / "README.md").read_text(encoding="utf-8"))


if __name__ == "__main__":
    BUILD = sys.argv.pop(1)
    unittest.main(verbosity=2)
