#!/usr/bin/env python3
"""A key file wrapped by systemd-creds: what lies on the disk opens nothing elsewhere, and the reader takes what comes out.

usage: credential_test.py BIN_DIR [unittest arguments]
Needs systemd-creds and root: each test has a /var/lib/systemd of its own, so that the machine's secret is not touched.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

SOURCE = pathlib.Path(__file__).resolve().parents[2]
BOARD = SOURCE / "board" / "host"
sys.path.insert(0, str(BOARD))
from house import House  # noqa: E402

BIN = ""


class Credential(unittest.TestCase):
    def setUp(self):
        if shutil.which("systemd-creds") is None:
            print("SKIPPED: systemd-creds is not installed (package systemd)")
            self.skipTest("no systemd-creds")
        if os.geteuid() != 0:
            print("SKIPPED: not root, a mount namespace is needed")
            self.skipTest("not root")
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="portcullis-cred-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.house = House(self.folder / "house", BIN)
        self.house.make_keys()
        self.house.write_all_settings(SOURCE / "tests" / "data" / "road.mp4")
        self.key = self.house.pki / "devices" / self.house.device / "read.key"
        self.wrapped = self.folder / "read.key.cred"
        self.machine = self.new_machine("machine")
        self.on(self.machine, "encrypt", "--with-key=host", "--name=read.key", self.key, self.wrapped, check=True)

    def new_machine(self, name):
        folder = self.folder / name
        folder.mkdir(mode=0o755)
        self.on(folder, "setup", check=True)
        return folder

    def on(self, machine, *arguments, check=False):
        """systemd-creds on a machine: /var/lib/systemd, where its secret lies, is that machine's folder."""
        script = 'mount --bind "$0" /var/lib/systemd; exec systemd-creds "$@"'
        return subprocess.run(["unshare", "-m", "sh", "-ec", script, machine, *arguments], capture_output=True, check=check)

    def check(self, key):
        settings = self.house.settings_file("reader")
        text = settings.read_text()
        settings.write_text(re.sub(r'(?m)^key = ".*"$', f'key = "{key}"', text))
        return subprocess.run([pathlib.Path(BIN) / "portcullis-reader", "--config", settings, "--check"],
                              capture_output=True, text=True)

    def test_the_reader_takes_the_key_that_the_service_manager_has_unwrapped(self):
        unwrapped = self.folder / "read.key"
        unwrapped.write_bytes(self.on(self.machine, "decrypt", "--name=read.key", self.wrapped, "-", check=True).stdout)
        unwrapped.chmod(0o400)  # as in /run/credentials
        done = self.check(unwrapped)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_the_wrapped_file_itself_is_no_key(self):
        self.wrapped.chmod(0o600)
        done = self.check(self.wrapped)
        self.assertEqual(done.returncode, 2)
        self.assertIn("not an unencrypted PEM private key", done.stderr)

    def test_attack_the_wrapped_file_on_another_machine_opens_nothing(self):
        self.assertEqual(self.on(self.machine, "decrypt", "--name=read.key", self.wrapped, "-").returncode, 0)
        done = self.on(self.new_machine("another"), "decrypt", "--name=read.key", self.wrapped, "-")
        self.assertNotEqual(done.returncode, 0)
        self.assertEqual(done.stdout, b"")

    def test_attack_a_wrapped_file_under_another_name_is_refused(self):
        self.assertNotEqual(self.on(self.machine, "decrypt", "--name=identity.key", self.wrapped, "-").returncode, 0)

    def test_nothing_of_the_key_stands_in_the_wrapped_file(self):
        scalar = subprocess.run(["openssl", "ec", "-in", self.key, "-outform", "DER"], capture_output=True, check=True).stdout[7:39]
        self.assertIn(scalar, subprocess.run(["openssl", "pkey", "-in", self.key, "-outform", "DER"], capture_output=True,
                                             check=True).stdout)
        wrapped = self.wrapped.read_bytes()
        for form in (scalar, scalar.hex().encode(), b"PRIVATE KEY"):
            self.assertNotIn(form, wrapped)


if __name__ == "__main__":
    BIN = sys.argv.pop(1)
    unittest.main(verbosity=2)
