#!/usr/bin/env python3
"""What keeps the reader from starting: models that are not whole, which it names. And what does not: the date.

usage: start_test.py BIN_DIR [unittest arguments]
Needs openssl.
"""
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

SOURCE = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SOURCE / "board" / "host"))
from house import House  # noqa: E402

BIN = ""
START_LIMIT_S = 120
WEIGHTS = ("plate-detector/plate-detector.onnx.gz", "plate-fitter/plate-fitter.onnx.gz",
           "plate-network/plate-network.onnx.gz", "plate-network-second/plate-network-second.onnx.gz",
           "plate-reader/plate.traineddata")
FORMATS = ("plate-formats/formats.toml", "plate-formats/calibration.toml")


def cut(file):
    file.write_bytes(file.read_bytes()[:file.stat().st_size // 2])


def change_one_bit(file):
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


class Models(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="portcullis-start-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.models = self.folder / "models"
        self.house = House(self.folder / "house", BIN, models=self.models)
        self.house.make_keys()
        self.house.write_all_settings(SOURCE / "tests" / "data" / "plates", stills=True)

    def start(self, *arguments):
        shown = subprocess.run([self.house.bin / "portcullis-reader", "--config", self.house.settings_file("reader"),
                                *arguments], capture_output=True, text=True, timeout=START_LIMIT_S, check=False)
        return shown.returncode, shown.stdout + shown.stderr

    def copy_models(self):
        shutil.rmtree(self.models, ignore_errors=True)
        for file in WEIGHTS + FORMATS:
            name = pathlib.Path(file).parent
            shutil.copytree(SOURCE / "models" / name, self.models / name, dirs_exist_ok=True)

    def test_whole_models_start(self):
        self.copy_models()
        code, words = self.start("--check")
        self.assertEqual(code, 0, words)

    def test_damaged_models_stop_the_start_and_are_named(self):
        for file in WEIGHTS:
            for damage in (pathlib.Path.unlink, cut, change_one_bit):
                with self.subTest(file=file, damage=damage.__name__):
                    self.copy_models()
                    damage(self.models / file)
                    for arguments in ((), ("--check",)):
                        code, words = self.start(*arguments)
                        self.assertGreater(code, 0, words)
                        self.assertIn(str(self.models / file), words)
        self.assertFalse(self.house.spool_file.exists() and self.house.spool_depth() > 0)

    def test_missing_or_cut_plate_formats_stop_the_start_and_are_named(self):
        for file in FORMATS:
            for damage in (pathlib.Path.unlink, cut):
                with self.subTest(file=file, damage=damage.__name__):
                    self.copy_models()
                    damage(self.models / file)
                    code, words = self.start("--check")
                    self.assertGreater(code, 0, words)
                    self.assertIn(str(self.models / file), words)

    def test_a_model_without_its_card_stops_the_start_and_is_named(self):
        for file in WEIGHTS:
            self.copy_models()
            card = (self.models / file).with_name("model.toml")
            card.unlink()
            code, words = self.start()
            self.assertGreater(code, 0, words)
            self.assertIn(str(card), words)


class Dates(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="portcullis-start-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.house = House(self.folder / "house", BIN)
        self.house.make_keys()
        self.house.write_all_settings(SOURCE / "tests" / "data" / "plates", stills=True)

    def expire(self):
        """The device's read certificate, anew, with yesterday as its last day."""
        device = self.house.pki / "devices" / self.house.device
        extensions = self.folder / "extensions"
        extensions.write_text("keyUsage=critical,digitalSignature\nextendedKeyUsage=emailProtection\n"
                              "subjectKeyIdentifier=hash\n", encoding="utf-8")
        request = self.folder / "request.csr"
        subprocess.run(["openssl", "req", "-new", "-key", device / "read.key", "-subj", f"/CN={self.house.device}", "-out",
                        request], check=True, capture_output=True)
        subprocess.run(["openssl", "x509", "-req", "-in", request, "-CA", self.house.pki / "device-ca.crt", "-CAkey",
                        self.house.pki / "device-ca.key", "-days", "-1", "-extfile", extensions, "-out", device / "read.crt"],
                       check=True, capture_output=True)

    def start(self, *arguments):
        shown = subprocess.run([self.house.bin / "portcullis-reader", "--config", self.house.settings_file("reader"),
                                *arguments], capture_output=True, text=True, timeout=START_LIMIT_S, check=False)
        return shown.returncode, shown.stdout + shown.stderr

    def test_an_expired_certificate_is_told_and_stops_no_read(self):
        self.expire()
        code, words = self.start("--check")
        self.assertEqual(code, 2, words)
        self.assertIn("expired", words)
        code, words = self.start()
        self.assertEqual(code, 0, words)
        self.assertIn("expired", words)
        reads = self.house.query(self.house.spool_file, "SELECT count(*) FROM items WHERE kind = 'read'")
        self.assertGreater(reads[0][0], 0)


if __name__ == "__main__":
    BIN = sys.argv.pop(1)
    unittest.main()
