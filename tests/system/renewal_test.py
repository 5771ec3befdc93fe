#!/usr/bin/env python3
"""Keys renew themselves while reads flow: reader and uplink ask, broker and ingest carry, the registrar answers.

usage: renewal_test.py BIN_DIR [unittest arguments]
Needs mosquitto and openssl.
"""
import datetime
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import unittest

import road_test
from house import wait_until  # road_test says where it stands
from road_test import ARRIVE_LIMIT_S, Road, cut_pictures

CA_SETTINGS = """[ca]
default_ca = c
[c]
database = {folder}/index
new_certs_dir = {folder}
serial = {folder}/serial
default_md = sha256
policy = p
unique_subject = no
[p]
organizationName = optional
commonName = supplied
[e]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = {usage}
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
"""


class RenewalRoad(Road):
    """A road whose device keys are due, and a registrar."""

    def setUp(self):
        super().setUp()
        self.pki = self.house.pki
        self.device = self.pki / "devices" / self.house.device
        self.registrar = self.folder / "registrar"
        self.identities = self.pki / "devices" / "identities"
        for folder in (self.registrar, self.identities):
            folder.mkdir()
        self.age("read", "emailProtection", self.pki / "devices" / "signers")
        self.age("identity", "clientAuth", self.identities)

    def age(self, use, usage, known, *key, env=None):
        """The device's certificate again, as one of whose 30 days 25 have passed; for another key than the file's where `openssl
        req` finds it."""
        work = pathlib.Path(tempfile.mkdtemp(dir=self.folder))
        (work / "index").touch()
        (work / "serial").write_text("4D00\n")
        (work / "settings").write_text(CA_SETTINGS.format(folder=work, usage=usage))
        now = datetime.datetime.now(datetime.timezone.utc)
        dates = [(now + datetime.timedelta(days=days)).strftime("%Y%m%d%H%M%SZ") for days in (-25, 5)]

        def run(*command):
            done = subprocess.run(command, capture_output=True, text=True, env=env)
            self.assertEqual(done.returncode, 0, f"{command}: {done.stderr}")

        run("openssl", "req", "-new", *(key or ("-key", self.device / f"{use}.key")), "-subj",
            f"/O=Portcullis/CN={self.house.device}", "-out", work / "request")
        run("openssl", "ca", "-batch", "-notext", "-config", work / "settings", "-extensions", "e", "-cert",
            self.pki / "device-ca.crt", "-keyfile", self.pki / "device-ca.key", "-in", work / "request", "-startdate", dates[0],
            "-enddate", dates[1], "-out", self.device / f"{use}.crt")
        (known / f"{self.house.device}.crt").write_bytes((self.device / f"{use}.crt").read_bytes())

    def add_settings(self, program, text):
        with open(self.house.settings_file(program), "a", encoding="utf-8") as file:
            file.write(text)

    def answer(self):
        return subprocess.run(
            [self.house.bin / "portcullis", "provision", "answer", self.registrar, "--ca", self.pki / "device-ca.crt",
             "--ca-key", self.pki / "device-ca.key", "--chain", self.pki / "device-chain.pem", "--signers",
             self.pki / "devices" / "signers", "--identities", self.identities, "--deny-list", self.pki / "denied"],
            capture_output=True, text=True)

    def wait_for_log(self, program, words):
        wait_until(f"{program} says '{words}'", lambda: words in self.house.log_text(program), ARRIVE_LIMIT_S)

    def ask_for_renewals(self, *programs):
        for program in programs:
            self.add_settings(program, f'[renewal]\nafter_percent = 66\nca_chain = "{self.pki / "device-chain.pem"}"\n')
        self.add_settings("collector", f'[registrar]\nfolder = "{self.registrar}"\nidentities = "{self.identities}"\n')

    def wait_for_requests(self, *uses):
        # The collector hands on what a device asks for that it knows; before that it is asked in vain, and again at a connect.
        wait_until("a receipt came", lambda: any(self.house.query(self.house.spool_file, "SELECT 1 FROM life WHERE received > 0")),
                   ARRIVE_LIMIT_S)
        self.house.kill("uplink")
        self.house.start("uplink")
        requests = [self.registrar / "requests" / f"{self.house.device}.{use}.csr" for use in uses]
        wait_until("what is due was asked for", lambda: all(path.exists() for path in requests), ARRIVE_LIMIT_S)

    def answer_all(self, count):
        answered = self.answer()
        self.assertEqual(answered.returncode, 0, answered.stdout + answered.stderr)
        self.assertEqual(answered.stdout.count(": answered"), count)
        for program in ("collector", "opener"):
            self.house.processes[program].send_signal(signal.SIGHUP)

    def answer_to(self, use):
        return self.registrar / "answers" / f"{self.house.device}.{use}.crt"

    def wait_for_connection_anew(self):
        wait_until("the uplink is connected anew", lambda: "uplink: connected: broker=" in
                   self.house.log_text("uplink").partition("the identity is renewed")[2], ARRIVE_LIMIT_S)


class Renewal(RenewalRoad):
    def test_read_key_and_identity_renew_themselves_and_every_verdict_stays_trusted(self):
        self.house.write_all_settings(cut_pictures(self.folder / "pictures", 10), stills=True, loop=True, rate=2)
        self.ask_for_renewals("reader", "uplink")
        self.house.start_broker()
        self.house.start_opener()
        for program in ("collector", "uplink", "reader"):
            self.house.start(program)
        self.wait_for_requests("identity", "read")
        before = {use: (self.device / f"{use}.crt").read_bytes() for use in ("identity", "read")}
        self.answer_all(2)
        self.wait_for_log("reader", "the read key is renewed")
        self.wait_for_log("uplink", "the identity is renewed")
        self.wait_for_connection_anew()
        for use in ("identity", "read"):
            issued = self.answer_to(use).read_bytes()
            self.assertEqual((self.device / f"{use}.crt").read_bytes(), issued)
            self.assertNotEqual(issued, before[use])
        signers = self.house.folder / "reader" / "own-signers.crt"
        kept = re.findall("-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", signers.read_text(), re.DOTALL)
        pems = [(self.device / "read.crt").read_text(), before["read"].decode()]
        self.assertEqual([pem.strip() for pem in kept], [pem.strip() for pem in pems], "the key in use, then the one before")
        self.assertEqual(signers.stat().st_mode & 0o777, 0o600)
        arrived = len(self.reads())
        wait_until("reads by the new key arrive", lambda: len(self.reads()) >= arrived + 5, ARRIVE_LIMIT_S)
        self.assertEqual(self.house.stop("reader"), 0)
        self.wait_for_empty_spool()
        self.wait_for_verdicts()
        self.assert_every_seq_once_and_authentic()
        again = self.answer()
        self.assertEqual(again.returncode, 0, again.stdout + again.stderr)
        self.assertFalse((self.house.folder / "spool" / "read.request").exists())


if __name__ == "__main__":
    road_test.BIN = pathlib.Path(sys.argv.pop(1))
    unittest.main(verbosity=2)
