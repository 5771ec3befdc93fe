#!/usr/bin/env python3
"""Who may look, at the opener as it is shipped: by a signed policy, which SIGHUP replaces, and without which nothing starts.

usage: access_test.py BIN_DIR [unittest arguments]
Needs openssl.
"""
import json
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

SOURCE = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SOURCE / "board" / "host"))
from house import House, wait_until  # noqa: E402

BIN = ""
LIMIT_S = 120
US = pwd.getpwuid(os.geteuid()).pw_name
OTHERS = {"somebody-else": "operator"}


class Access(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="portcullis-access-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.house = House(self.folder / "house", BIN)
        self.addCleanup(self.house.close)
        self.house.make_keys()
        self.house.write_all_settings("unused", stills=True)

    def reload(self):
        """SIGHUP, and until the opener has read everything again."""
        before = self.house.log_text("opener").count("looked at again")
        self.house.processes["opener"].send_signal(signal.SIGHUP)
        wait_until("the opener reads again", lambda: self.house.log_text("opener").count("looked at again") > before, LIMIT_S)

    def tail(self, *options, purpose="test"):
        return subprocess.Popen([self.house.bin / "portcullis", "tail", "--socket", self.house.view_socket, "--purpose", purpose,
                                 "--case", "2026-1", *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def words_at_the_end(self, tail):
        _, words = tail.communicate(timeout=LIMIT_S)
        self.assertEqual(tail.returncode, 1, words)
        return words

    def entries(self, what):
        texts = self.house.query(self.house.audit_file, "SELECT text FROM entry ORDER BY number")
        return [entry for entry in (json.loads(text) for text, in texts) if entry["what"] == what]

    def start_alone(self, *arguments):
        """An opener that is to end by itself."""
        ended = subprocess.run([self.house.bin / "portcullis-opener", "--config", self.house.settings_file("opener"), *arguments],
                               capture_output=True, text=True, timeout=LIMIT_S, check=False)
        return ended.returncode, ended.stdout + ended.stderr

    def test_rights_that_are_taken_away_end_a_look_and_come_back_with_another_policy(self):
        self.house.start_opener()
        tail = self.tail()
        self.assertIn("device/lane", tail.stdout.readline())  # the table's head
        self.house.write_access_policy(OTHERS, version=2)
        self.reload()
        self.assertIn(f"'{US}' does not stand in the access policy", self.words_at_the_end(tail))
        self.assertIn("does not stand in", self.words_at_the_end(self.tail()))
        self.house.write_access_policy(version=3)
        self.reload()
        tail = self.tail()
        self.assertIn("device/lane", tail.stdout.readline())
        self.assertIn("is no purpose of the access policy", self.words_at_the_end(self.tail(purpose="curiosity")))
        self.house.stop("opener")  # what waits to be entered is entered
        self.assertIn("the opener ended", self.words_at_the_end(tail))
        policies = self.entries("policy")
        self.assertEqual([entry["seq"] for entry in policies], [1, 2, 3])
        self.assertEqual({entry["who"] for entry in policies}, {"Portcullis policy"})
        refused = self.entries("view")
        self.assertEqual({entry["verdict"] for entry in refused}, {"refused"})
        self.assertEqual(sum(entry["count"] for entry in refused), 3)

    def test_a_policy_that_is_put_back_is_refused_while_it_runs_and_at_the_start(self):
        first = self.house.access_policy.read_bytes()
        self.house.start_opener()
        self.house.write_access_policy(OTHERS, version=2)
        self.reload()
        self.house.access_policy.write_bytes(first)
        self.reload()
        wait_until("the opener refuses", lambda: "version 1 is lower than 2" in self.house.log_text("opener"), LIMIT_S)
        self.assertIn("does not stand in", self.words_at_the_end(self.tail()))
        self.house.stop("opener")
        code, words = self.start_alone()
        self.assertEqual(code, 2, words)
        self.assertIn("version 1 is lower than 2", words)
        self.assertEqual([entry["verdict"] for entry in self.entries("policy")], ["granted", "granted", "refused", "refused"])

    def test_an_auditor_sees_no_plate(self):
        self.house.write_access_policy({US: "auditor"})
        self.house.start_opener()
        self.assertIn("is an auditor and sees no plate", self.words_at_the_end(self.tail()))

    def test_no_start_without_a_policy(self):
        self.assertEqual(self.start_alone("--check")[0], 0)
        self.house.access_policy.unlink()
        for arguments in ((), ("--check",)):
            code, words = self.start_alone(*arguments)
            self.assertEqual(code, 2, words)
            self.assertIn("portcullis policy access sign", words)
        self.house.access_policy.write_bytes(b"nonsense")
        self.assertEqual(self.start_alone("--check")[0], 2)


if __name__ == "__main__":
    BIN = sys.argv.pop(1)
    unittest.main(verbosity=2)
