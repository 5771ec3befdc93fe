#!/usr/bin/env python3
"""Each component that is installed brings its bill of materials (SPDX 2.3), and the bill is right.

usage: sbom_test.py BUILD_DIR
"""
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

BUILD = ""
COMPONENTS = {"device": ("portcullis-reader", "portcullis-uplink"),
              "collector": ("portcullis-collector", "portcullis-opener", "portcullis-forwarder", "portcullis-api"),
              "tools": ("portcullis",)}
EPOCH = "1700000000"


def install(component, prefix):
    subprocess.run(["cmake", "--install", BUILD, "--component", component, "--prefix", prefix], check=True,
                   capture_output=True, env={**os.environ, "SOURCE_DATE_EPOCH": EPOCH})
    return prefix / "share" / "doc" / "portcullis" / f"portcullis-{component}.spdx.json"


def owners_of(program):
    """Each library that a program itself asks the loader for -> the Debian packages that bring a file of that name."""
    asked = re.findall(r"\(NEEDED\).*\[(.*?)\]",
                       subprocess.run(["readelf", "-dW", program], check=True, capture_output=True, text=True).stdout)
    mapped = dict(re.findall(r"(\S+) => (/\S+)", subprocess.run(["ldd", program], check=True, capture_output=True, text=True).stdout))
    files = {library: os.path.basename(os.path.realpath(mapped[library])) for library in asked if library in mapped}
    told = subprocess.run(["dpkg-query", "--search", *(f"*/{file}" for file in files.values())], check=True,
                          capture_output=True, text=True).stdout
    return {library: {line.split(":")[0] for line in told.splitlines() if line.endswith("/" + file)}
            for library, file in files.items()}


class Bill(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.folder = pathlib.Path(cls.temporary.name)
        cls.bills = {}
        for component in COMPONENTS:
            path = install(component, cls.folder / component)
            cls.bills[component] = json.loads(path.read_text(encoding="utf-8"))

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    def packages(self, component):
        return {package["SPDXID"]: package for package in self.bills[component]["packages"]}

    def test_each_bill_is_an_spdx_document_of_its_component(self):
        for component, bill in self.bills.items():
            with self.subTest(component=component):
                self.assertEqual((bill["spdxVersion"], bill["dataLicense"], bill["SPDXID"]),
                                 ("SPDX-2.3", "CC0-1.0", "SPDXRef-DOCUMENT"))
                self.assertEqual(bill["creationInfo"]["created"], "2023-11-14T22:13:20Z")
                identifiers = [entry["SPDXID"] for entry in bill["packages"] + bill["files"]]
                self.assertEqual(len(identifiers), len(set(identifiers)))
                self.assertTrue(all(re.fullmatch(r"SPDXRef-[A-Za-z0-9.-]+", name) for name in identifiers))
                known = {*identifiers, "SPDXRef-DOCUMENT"}
                for relation in bill["relationships"]:
                    self.assertLessEqual({relation["spdxElementId"], relation["relatedSpdxElement"]}, known)
                described = [relation["relatedSpdxElement"] for relation in bill["relationships"]
                             if relation["relationshipType"] == "DESCRIBES"]
                self.assertEqual([self.packages(component)[name]["name"] for name in described], [f"portcullis-{component}"])

    def test_every_installed_file_stands_in_it_with_its_digest(self):
        for component, bill in self.bills.items():
            root = self.folder / component
            installed = {"./" + str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
                         for path in root.rglob("*") if path.is_file() and not path.name.endswith(".spdx.json")}
            listed = {entry["fileName"]: next(one["checksumValue"] for one in entry["checksums"] if one["algorithm"] == "SHA256")
                      for entry in bill["files"]}
            with self.subTest(component=component):
                self.assertGreater(len(installed), 2)
                self.assertEqual(listed, installed)

    def test_every_library_that_a_program_loads_is_covered_by_a_package_with_a_version(self):
        for component, programs in COMPONENTS.items():
            bill, packages = self.bills[component], self.packages(component)
            files = {entry["fileName"]: entry["SPDXID"] for entry in bill["files"]}
            for program in programs:
                linked = {relation["relatedSpdxElement"] for relation in bill["relationships"]
                          if relation["relationshipType"] == "DYNAMIC_LINK"
                          and relation["spdxElementId"] == files[f"./bin/{program}"]}
                names = {packages[name]["name"] for name in linked}
                for library, owners in owners_of(self.folder / component / "bin" / program).items():
                    with self.subTest(program=program, library=library):
                        self.assertTrue(owners & names)
                for name in linked:
                    self.assertRegex(packages[name]["versionInfo"], r"\d")
                    self.assertTrue(packages[name]["externalRefs"][0]["referenceLocator"].startswith("pkg:deb/debian/"))

    def test_models_stand_in_it_with_the_versions_of_their_cards(self):
        names = {package["name"]: package["versionInfo"] for package in self.bills["device"]["packages"]}
        for card in sorted((self.folder / "device" / "share" / "portcullis" / "models").glob("*/model.toml")):
            fields = dict(re.findall(r'^(name|version) = "([^"]+)"', card.read_text(encoding="utf-8"), re.MULTILINE))
            with self.subTest(model=fields["name"]):
                self.assertEqual(names.get(fields["name"]), fields["version"])

    def test_the_same_files_give_the_same_bill(self):
        again = install("device", self.folder / "again")
        first = self.folder / "device" / "share" / "doc" / "portcullis" / again.name
        self.assertEqual(again.read_bytes(), first.read_bytes())


if __name__ == "__main__":
    BUILD = sys.argv.pop(1)
    unittest.main(verbosity=2)
