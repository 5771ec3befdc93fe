#!/usr/bin/env python3
"""The process wall, read from the programs themselves: what each links and which functions it asks the loader for.

A process that sees plates must not be able to speak to a network; a process on the network must not be able to see or
open anything. usage: process_wall_test.py BIN_DIR
"""
import json
import os
import platform
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
NETWORK = ("libpaho", "libpq", "libmosquitto", "libcurl", "libssl", "libavformat", "libopencv_videoio", "libopencv_imgcodecs")

# program: (library names it must not link itself, functions it must not import, words that must not stand in its symbols)
WALL = {
    "portcullis-reader": (NETWORK, SOCKETS | DECRYPTION, ("EnvelopeOpener", "PahoBroker", "Uplink")),
    "portcullis-uplink": (VISION, DECRYPTION | ENCRYPTION, ("EnvelopeOpener", "PlateReader", "Sealer", "FileSigningKey")),
    "portcullis-collector": (VISION, DECRYPTION | ENCRYPTION, ("EnvelopeOpener", "PlateReader")),
    # Plates pass through it: it speaks TLS over a Unix socket, and reaches no name and no broker. (libpq has its own calls,
    # which the filter refuses.)
    "portcullis-api": (VISION + ("libpaho", "libmosquitto", "libcurl", "libavformat"), DECRYPTION | ENCRYPTION | {"getaddrinfo",
                       "gethostbyname"}, ("EnvelopeOpener", "PahoBroker", "PlateReader", "Sealer", "PlateIndex", "AuditLog")),
    # It may encrypt: it seals to the auditor what it was asked.
    "portcullis-opener": (NETWORK + VISION, UNIX_SERVER, ("PahoBroker", "PlateReader", "Sealer")),
    # It speaks TLS, over a Unix socket alone: what keeps it from others is the filter (webhook_test.py looks at it as it runs).
    # The library brings names that it never asks for; what is our own here resolves and decrypts nothing.
    "portcullis-forwarder": (tuple(name for name in NETWORK if name not in ("libcurl", "libssl")) + VISION,
                             DECRYPTION | ENCRYPTION | {"getaddrinfo", "gethostbyname"},
                             ("EnvelopeOpener", "PahoBroker", "PlateReader", "Sealer", "FileSigningKey", "AuditLog", "Store")),
}
PROGRAMS = (*WALL, "portcullis")


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def linked_libraries(program):
    return re.findall(r"\(NEEDED\).*\[(.*?)\]", run("readelf", "-dW", os.path.join(BIN, program)))


def imported_functions(program):
    lines = run("nm", "-D", "--undefined-only", os.path.join(BIN, program)).splitlines()
    return {line.split()[-1].split("@")[0] for line in lines if line.strip()}


def own_symbols(program):
    return run("nm", "-C", "--defined-only", os.path.join(BIN, program))


def entry_bytes(program):
    """name -> the first bytes of each of our functions that can be called from outside its source."""
    path = os.path.join(BIN, program)
    loads = re.findall(r"LOAD +0x(\w+) 0x(\w+) 0x\w+ 0x(\w+)", run("readelf", "-lW", path))
    with open(path, "rb") as file:
        content = file.read()
    entries = {}
    for address, name in re.findall(r"^(\w+) [TW] (_ZNK?10portcullis\w+)$", run("nm", "--defined-only", path), re.MULTILINE):
        at = int(address, 16)
        offset = next(int(o, 16) + at - int(v, 16) for o, v, size in loads if int(v, 16) <= at < int(v, 16) + int(size, 16))
        entries[name] = content[offset:offset + 4]
    return entries


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
                self.assertRegex(headers, r"GNU_STACK .* RW +0x")
                self.assertNotRegex(dynamic, r"\(RPATH\)|\(RUNPATH\)", "libraries come from the system's folders only")
                imports = imported_functions(program)
                self.assertIn("__stack_chk_fail", imports)
                self.assertTrue(any(name.endswith("_chk") for name in imports), "_FORTIFY_SOURCE")

    def test_indirect_branches_end_at_marked_places_only(self):
        """Each function that others may call begins with the processor's landing mark (x86: endbr64; Arm: bti c, paciasp)."""
        marks = {"x86_64": (b"\xf3\x0f\x1e\xfa",), "aarch64": (b"\x5f\x24\x03\xd5", b"\x3f\x23\x03\xd5")}
        if platform.machine() not in marks:
            self.skipTest(f"no landing marks are known for {platform.machine()}")
        for program in PROGRAMS:
            functions = entry_bytes(program)
            with self.subTest(program=program):
                self.assertGreater(len(functions), 100)
                bare = [name for name, begin in functions.items() if not begin.startswith(marks[platform.machine()])]
                self.assertEqual(bare, [])

    def test_every_source_is_compiled_with_the_hardening_flags(self):
        """What leaves no mark in the program: guarded stack growth, variables that begin as zeros."""
        database = os.path.join(BIN, os.pardir, "compile_commands.json")
        with open(database, encoding="utf-8") as file:
            commands = [row for row in json.load(file) if re.search(r"/(firmware|drivers)/", row["file"])
                        and re.search(r" -o (firmware|drivers)/", row["command"])]  # not what tests take out of programs
        self.assertGreater(len(commands), 100)
        for row in commands:
            for flag in ("-fstack-clash-protection", "-ftrivial-auto-var-init=zero", "-fstack-protector-strong",
                         "-D_FORTIFY_SOURCE=3"):
                self.assertIn(flag, row["command"], row["file"])

    def test_no_program_tells_where_it_was_built(self):
        source = os.path.realpath(os.path.join(os.path.dirname(__file__), os.pardir, os.pardir)).encode()
        for program in PROGRAMS:
            with open(os.path.join(BIN, program), "rb") as file, self.subTest(program=program):
                self.assertNotIn(source, file.read())


if __name__ == "__main__":
    BIN = sys.argv.pop(1)
    unittest.main(verbosity=2)
