#!/usr/bin/env python3
"""Writes the bill of materials of one installed component: SPDX 2.3, JSON.

usage: sbom.py --component NAME --version VERSION --prefix PREFIX --output FILE PATH...

PATH... are the files that the component consists of, as they are installed below PREFIX. The bill names each with its
SHA-256, each Debian package whose shared libraries the programs load (also through others), with its version, and each
model with the version of its card. SOURCE_DATE_EPOCH sets its date; the same files on the same system give the same
bytes then. `cmake --install` calls it for what it installed; Python's standard library, ldd and dpkg.
"""
import argparse
import datetime
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys

NO_ASSERTION = "NOASSERTION"
LICENSE = "Apache-2.0"


def digest(path, kind="sha256"):
    return hashlib.new(kind, path.read_bytes()).hexdigest()


def identifier(kind, name):
    return f"SPDXRef-{kind}-" + re.sub(r"[^A-Za-z0-9.-]", "-", name)


def is_program(path):
    with open(path, "rb") as file:
        return file.read(4) == b"\x7fELF"


def libraries(program):
    """Paths of every shared library that the loader maps for a program."""
    told = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    missing = re.findall(r"(\S+) => not found", told)
    if missing:
        sys.exit(f"sbom.py: {program} needs {', '.join(missing)}, which this system does not have")
    return re.findall(r"(?:=> |^\s*)(/\S+) \(0x", told, re.MULTILINE)


def names_of(library):
    """The names by which dpkg may know a file: where /lib is a link to /usr/lib, some by the one, some by the other."""
    real = os.path.realpath(library)
    return dict.fromkeys((library, real, real.removeprefix("/usr")))


def packages_of(libraries_used):
    """library -> Debian's (name, version, architecture, source) of the package that brought it. One question each to
    dpkg for all of them: it reads its whole list every time."""
    every_name = [name for library in libraries_used for name in names_of(library)]
    told = subprocess.run(["dpkg-query", "--search", *every_name], capture_output=True, text=True).stdout
    owner = {path: owners.split(",")[0] for owners, path in re.findall(r"^(\S.*?): (/.*)$", told, re.MULTILINE)}
    fields = "${binary:Package}\t${Package}\t${Version}\t${Architecture}\t${source:Package}\n"
    names = sorted(set(owner.values()))
    told = subprocess.run(["dpkg-query", "--show", f"--showformat={fields}", *names], capture_output=True, text=True).stdout
    rows = [line.split("\t") for line in told.splitlines()] if names else []
    details = {name: tuple(row[1:]) for row in rows for name in (row[0], f"{row[1]}:{row[3]}")}
    found = {}
    for library in libraries_used:
        package = next((owner[name] for name in names_of(library) if name in owner), None)
        if package is None:
            sys.exit(f"sbom.py: a program loads {library}, which no Debian package brought")
        found[library] = details[package]
    return found


def debian_package(entry):
    name, version, architecture, source = entry
    return {
        "SPDXID": identifier("Package", f"deb-{name}"), "name": name, "versionInfo": version,
        "supplier": "Organization: Debian", "downloadLocation": NO_ASSERTION, "filesAnalyzed": False,
        "sourceInfo": f"built from Debian's source package {source}",
        "licenseConcluded": NO_ASSERTION, "licenseDeclared": NO_ASSERTION, "copyrightText": NO_ASSERTION,
        "externalRefs": [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl",
                          "referenceLocator": f"pkg:deb/debian/{name}@{version}?arch={architecture}"}],
    }


def model_package(card):
    """A model folder's card names the model and its version."""
    fields = dict(re.findall(r'^(name|version|sha256) = "([^"]+)"', card.read_text(encoding="utf-8"), re.MULTILINE))
    return {
        "SPDXID": identifier("Package", f"model-{fields['name']}"), "name": fields["name"],
        "versionInfo": fields["version"], "supplier": NO_ASSERTION, "downloadLocation": NO_ASSERTION,
        "filesAnalyzed": False, "licenseConcluded": LICENSE, "licenseDeclared": LICENSE, "copyrightText": NO_ASSERTION,
        "checksums": [{"algorithm": "SHA256", "checksumValue": fields["sha256"]}],
        "comment": "weights; how they were trained stands in the folder models/training of the source",
    }


def file_entry(path, prefix):
    name = "./" + str(path.relative_to(prefix))
    return {"SPDXID": identifier("File", name[2:]), "fileName": name,
            "checksums": [{"algorithm": "SHA1", "checksumValue": digest(path, "sha1")},
                          {"algorithm": "SHA256", "checksumValue": digest(path)}],
            "licenseConcluded": LICENSE, "licenseInfoInFiles": [NO_ASSERTION], "copyrightText": NO_ASSERTION}


def relation(one, kind, other):
    return {"spdxElementId": one, "relationshipType": kind, "relatedSpdxElement": other}


def made_at():
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    at = datetime.datetime.fromtimestamp(int(epoch), datetime.timezone.utc) if epoch else datetime.datetime.now(datetime.timezone.utc)
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def component_package(component, version, entries):
    # SPDX 2.3, 7.9: the SHA-1 of all files' SHA-1, sorted.
    sums = sorted(entry["checksums"][0]["checksumValue"] for entry in entries)
    return {"SPDXID": identifier("Package", f"portcullis-{component}"), "name": f"portcullis-{component}",
            "versionInfo": version, "supplier": NO_ASSERTION, "downloadLocation": NO_ASSERTION, "filesAnalyzed": True,
            "packageVerificationCode": {"packageVerificationCodeValue": hashlib.sha1("".join(sums).encode()).hexdigest()},
            "licenseConcluded": LICENSE, "licenseDeclared": LICENSE, "licenseInfoFromFiles": [NO_ASSERTION],
            "copyrightText": NO_ASSERTION, "primaryPackagePurpose": "APPLICATION"}


def bill(component, version, prefix, paths):
    paths = sorted(path for path in paths if path.is_file() and not path.is_symlink())
    entries = [file_entry(path, prefix) for path in paths]
    main = component_package(component, version, entries)
    used = {path: libraries(path) for path in paths if is_program(path)}
    brought_by = packages_of(sorted({library for all_of_one in used.values() for library in all_of_one}))
    packages, relations = {}, [relation("SPDXRef-DOCUMENT", "DESCRIBES", main["SPDXID"])]
    for path, entry in zip(paths, entries):
        relations.append(relation(main["SPDXID"], "CONTAINS", entry["SPDXID"]))
        for library in used.get(path, ()):
            package = debian_package(brought_by[library])
            packages[package["SPDXID"]] = package
            relations.append(relation(entry["SPDXID"], "DYNAMIC_LINK", package["SPDXID"]))
        if path.name == "model.toml":
            model = model_package(path)
            packages[model["SPDXID"]] = model
            relations.append(relation(main["SPDXID"], "CONTAINS", model["SPDXID"]))
    relations = [dict(pairs) for pairs in dict.fromkeys(tuple(entry.items()) for entry in relations)]
    everything = json.dumps([entries, sorted(packages)], sort_keys=True).encode()
    return {
        "spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT",
        "name": f"portcullis-{component}-{version}",
        "documentNamespace": f"https://spdx.org/spdxdocs/portcullis-{component}-{version}-{hashlib.sha256(everything).hexdigest()[:32]}",
        "creationInfo": {"created": made_at(), "creators": ["Tool: portcullis-sbom"]},
        "packages": [main] + [packages[key] for key in sorted(packages)], "files": entries, "relationships": relations,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--component", required=True)
    parser.add_argument("--version", required=True)
    parser.add_argument("--prefix", required=True, type=pathlib.Path)
    parser.add_argument("--output", required=True, type=pathlib.Path)
    parser.add_argument("paths", nargs="+", type=pathlib.Path, metavar="PATH")
    options = parser.parse_args()
    options.output.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(bill(options.component, options.version, options.prefix, options.paths), indent=1)
    options.output.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
