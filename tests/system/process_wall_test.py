#!/usr/bin/env python3
"""The process wall, read from the programs themselves: what each links and which functions it asks the loader for.

A process that sees plates must not be able to speak to a network; a process on the network must not be able to see or
open anything. usage: process_wall_test.py BIN_DIR
"""
import os
import re
import subprocess
import sys
import unittest

BIN = ""

SOCKETS = {"socket", "connect", "bind", "listen", "accept", "accept4", "sendto", "recvfrom", "sendmsg", "recvmsg",
           "getaddrinfo", "gethostbyname", "socketpair"}
UNIX_SERVER = {"getaddrinfo", "gethostbyname", "sendto", "recvfrom"}
DECRYPTION = {"CMS_decrypt", "CMS_decrypt_set1_pkey", "CMS_decrypt_set1_pkey_and_peer", "CMS_RecipientInfo_decrypt",
              "CMS_RecipientInfo_kari_decrypt", "EVP_PKEY_derive"}
ENCRYPTION = {"CMS_encrypt", "CMS_AuthEnvelopedData_create", "CMS_AuthEnvelopedData_create_ex"}
VISION = ("libopencv", "libtesseract", "liblept", "libturbojpeg", "libpng")
NETWORK = ("libpaho", "libmosquitto", "libcurl", "libssl", "libavformat", "libopencv_videoio", "libopencv_imgcodecs")

# program: (library names it must not link itself, functions it must not import, words that must not stand in its symbols)
WALL = {
    "portcullis-reader": (NETWORK, SOCKETS | DECRYPTION, ("EnvelopeOpener", "PahoBroker", "Uplink")),
    "portcullis-uplink": (VISION, DECRYPTION | ENCRYPTION, ("EnvelopeOpener", "PlateReader", "Sealer", "FileSigningKey")),
    "portcullis-collector": (VISION, DECRYPTION | ENCRYPTION, ("EnvelopeOpener", "PlateReader")),
    "portcullis-opener": (NETWORK + VISION, UNIX_SERVER | ENCRYPTION, ("PahoBroker", "PlateReader", "Sealer")),
}


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def linked_libraries(program):
    return re.findall(r"\(NEEDED\).*\[(.*?)\]", run("readelf", "-dW", os.path.join(BIN, program)))


def imported_functions(program):
    lines = run("nm", "-D", "--undefined-only", os.path.join(BIN, program)).splitlines()
    return {line.split()[-1].split("@")[0] for line in lines if line.strip()}


def own_symbols(program):
    return run("nm", "-C", "--defined-only", os.path.join(BIN, program))


class ProcessWall(unittest.TestCase):
    def test_no_program_links_a_library_of_the_other_side(self):
        for program, (libraries, _, _) in WALL.items():
            for library in linked_libraries(program):
                with self.subTest(program=program, library=library):
                    self.assertFalse(library.startswith(libraries))

    def test_no_program_imports_a_function_of_the_other_side(self):
        for program, (_, functions, _) in WALL.items():
            with self.subTest(program=program):
                self.assertEqual(imported_functions(program) & functions, set())

    def test_no_program_contains_a_class_of_the_other_side(self):
        for program, (_, _, words) in WALL.items():
            symbols = own_symbols(program)
            for word in words:
                with self.subTest(program=program, word=word):
                    self.assertIsNone(re.search(rf"\bportcullis::{word}::", symbols))

    def test_the_same_looking_glass_sees_what_is_there(self):
        """Control: the reader does seal, the uplink does connect, the opener does decrypt."""
        self.assertIn("portcullis::Sealer::", own_symbols("portcullis-reader"))
        self.assertTrue(any(name.startswith("libopencv") for name in linked_libraries("portcullis-reader")))
        self.assertTrue(any(name.startswith("libpaho") for name in linked_libraries("portcullis-uplink")))
        self.assertTrue(any(name.startswith("libpaho") for name in linked_libraries("portcullis-collector")))
        self.assertTrue(imported_functions("portcullis-opener") & DECRYPTION)
        self.assertTrue(imported_functions("portcullis-opener") & SOCKETS)

    def test_the_programs_are_hardened(self):
        for program in WALL:
            with self.subTest(program=program):
                dynamic = run("readelf", "-dW", os.path.join(BIN, program))
                headers = run("readelf", "-lhW", os.path.join(BIN, program))
                self.assertIn("DYN (Position-Independent Executable file)", headers)
                self.assertIn("GNU_RELRO", headers)
                self.assertRegex(dynamic, r"BIND_NOW|\bNOW\b")


if __name__ == "__main__":
    BIN = sys.argv.pop(1)
    unittest.main(verbosity=2)
