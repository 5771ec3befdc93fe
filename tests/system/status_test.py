#!/usr/bin/env python3
"""The status that people see, over a real mosquitto with its rules: the reader's numbers, the last will, Home Assistant, and
no plate in any of it.

usage: status_test.py BIN_DIR [unittest arguments]
Needs mosquitto and openssl.
"""
import csv
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

SOURCE = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SOURCE / "board" / "host"))
from house import House, wait_until  # noqa: E402
from mqtt_client import Client  # noqa: E402

BIN = ""
ARRIVE_LIMIT_S = 120.0
FILM = SOURCE / "tests" / "data" / "road.mp4"
STATUS = "lpr/v1/dev/gate-1/status"
TECHNICIAN = "technician-health"
DISCOVERY = "homeassistant/device/portcullis-gate-1/config"


class Status(unittest.TestCase):
    def setUp(self):
        if shutil.which("mosquitto", path=os.environ["PATH"] + ":/usr/sbin") is None:
            print("SKIPPED: mosquitto is not installed")
            self.skipTest("no mosquitto")
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="portcullis-status-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.house = House(self.folder / "house", BIN)
        self.addCleanup(self.house.close)
        self.house.make_keys()
        self.certify_watcher()
        # Who may see how the device is, and no plate.
        subprocess.run([SOURCE / "board" / "host" / "make-pki", self.house.pki, "--recipient", TECHNICIAN], check=True,
                       capture_output=True, env={**os.environ, "PORTCULLIS_TOOL": ""})
        self.house.write_all_settings(FILM, loop=True)
        self.set("uplink", "status", "interval_s = 1")
        self.set("reader", "status", "sealed_s = 10")
        certificates = [str(self.house.pki / "recipients" / f"{name}.crt") for name in ("collector-read", TECHNICIAN)]
        self.set("reader", "recipients", f"health = {json.dumps(certificates)}")

    def set(self, program, section, line):
        path = self.house.settings_file(program)
        path.write_text(path.read_text().replace(f"[{section}]\n", f"[{section}]\n{line}\n"), encoding="utf-8")

    def certify_watcher(self):
        pki = self.house.pki
        (pki / "watcher").mkdir()
        path = pki / "watcher" / "tls"
        extensions = self.folder / "extensions"
        extensions.write_text("basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n"
                              "extendedKeyUsage=clientAuth\nsubjectKeyIdentifier=hash\n")
        for command in (
                ["req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{path}.key",
                 "-subj", "/O=Portcullis/CN=watcher", "-out", f"{path}.csr"],
                ["x509", "-req", "-in", f"{path}.csr", "-CA", pki / "service-ca.crt", "-CAkey", pki / "service-ca.key",
                 "-days", "2", "-extfile", extensions, "-out", f"{path}.crt"]):
            subprocess.run(["openssl", *command], check=True, capture_output=True)

    def watch(self):
        pki = self.house.pki
        client = Client(self.house.services_port, pki / "service-chain.pem", pki / "watcher" / "tls.crt",
                        pki / "watcher" / "tls.key")
        self.addCleanup(client.close)
        for topic in ("lpr/v1/dev/+/status", "homeassistant/#"):
            client.subscribe(topic)
        return client

    def heard(self, client, wanted):
        """Messages until one is wanted; all that came are kept for the hunt."""
        deadline = time.monotonic() + ARRIVE_LIMIT_S
        while True:
            client.wait()
            for message in client.take():
                self.payloads.append(message)
                value = json.loads(message)
                if wanted(value):
                    return value
            self.assertLess(time.monotonic(), deadline, self.house.log_text("uplink") + self.house.log_text("reader"))

    def test_numbers_of_the_reader_a_last_will_and_home_assistant_and_no_plate_in_any_of_it(self):
        self.payloads = []
        with open(self.house.settings_file("uplink"), "a", encoding="utf-8") as settings:
            settings.write("[home_assistant]\ndiscovery = true\n")
        self.house.start_broker()
        self.house.start_opener()
        for program in ("collector", "uplink", "reader"):
            self.house.start(program)
        watcher = self.watch()
        told = self.heard(watcher, lambda value: "components" in value)
        self.assertEqual(told["state_topic"], STATUS)
        self.assertEqual(set(told), {"device", "origin", "components", "state_topic", "qos", "availability"})
        status = self.heard(watcher, lambda value: value.get("reader"))
        self.assertEqual((status["state"], status["device"]), ("up", "gate-1"))
        reader = status["reader"]
        self.assertGreaterEqual(reader["up"], 10)
        self.assertGreater(reader["frames"], 0)
        self.assertEqual((reader["camera_lost"], reader["rate_step"]), (0, 0))
        self.assertEqual(reader["passages"] % 10, 0)
        # A newcomer gets the last of it at once; of one name, the broker lets the one before go.
        late = self.watch()
        self.heard(late, lambda value: "components" in value)
        self.assertEqual(self.heard(late, lambda value: "state" in value)["state"], "up")
        wait_until("reads are stored", lambda: [item for item in self.house.items() if item["kind"] == "read"],
                   ARRIVE_LIMIT_S)
        self.check_sealed_health()
        self.house.kill("uplink")
        self.assertEqual(self.heard(late, lambda value: value.get("state") == "lost")["device"], "gate-1")
        with open(SOURCE / "tests" / "data" / "road.csv", newline="", encoding="utf-8") as file:
            texts = [row["text"] for row in csv.DictReader(file)]
        note = (self.house.folder / "run" / "reader.json").read_bytes()
        for payload in [*self.payloads, note]:
            for text in texts:
                self.assertNotIn(text.encode(), payload)

    def health(self, *more, who=TECHNICIAN, command="health"):
        pki = self.house.pki
        return subprocess.run(
            [self.house.bin / "portcullis", command, "--store", self.house.store_file, "--key", pki / "recipients" / f"{who}.key",
             "--certificate", pki / "recipients" / f"{who}.crt", "--device-ca", pki / "device-chain.pem", "--signers",
             pki / "devices" / "signers", *more], capture_output=True, text=True, check=False)

    def check_sealed_health(self):
        """Stored, judged good, opened by the technician with exact numbers; in what the broker had of it stands nothing."""
        wait_until("a health record is judged that tells of passages", lambda: [
            item for item in self.house.items() if item["kind"] == "health" and item["authenticity"]][2:], ARRIVE_LIMIT_S)
        told = self.health("--json", "--device", "gate-1")
        self.assertEqual(told.returncode, 0, told.stderr)
        records = [json.loads(line) for line in told.stdout.splitlines()]
        self.assertGreaterEqual(len(records), 3)
        reads = [item for item in self.house.items() if item["kind"] == "read"]
        for record in records:
            self.assertEqual((record["authenticity"], record["key_trust"]), ("authentic", "trusted"))
            # What was sealed when the report was made, and not a record more or less, lies below this place.
            payload = record["payload"]
            self.assertLessEqual(payload["records"], sum(read["seq"] < record["seq"] for read in reads))
            self.assertLessEqual(payload["unread"], payload["records"])
            self.assertEqual(payload["camera"], "replay")
        counts = [record["payload"]["records"] for record in records]
        self.assertEqual(counts, sorted(counts, reverse=True))
        self.assertTrue([count for count in counts if count % 10], f"exact, not in tens: {counts}")
        blobs = [bytes(row[0]) for row in self.house.query(
            self.house.store_file, "SELECT bytes FROM blob JOIN item ON item.id = item_id WHERE kind = 'health'")]
        for blob in blobs:
            for word in (b"health", b"passages", b"records", b"replay", b"gate-1", records[0]["payload"]["model"].encode()):
                self.assertNotIn(word, blob)
        self.assertLessEqual(max(map(len, blobs)) - min(map(len, blobs)), 4, "but for the signature's own length, one")
        table = self.health()
        self.assertEqual(table.returncode, 0, table.stderr)
        self.assertIn("gate-1, version", table.stdout)
        # The technician opens no read, and who opens pictures no health.
        read = reads[0]
        refused = self.health("--device", "gate-1", "--chain", read["chain"].lower(), "--seq", str(read["seq"]), command="open")
        self.assertEqual(json.loads(refused.stdout)["authenticity"], "unopened", refused.stderr)
        other = self.health(who="collector-evidence")
        self.assertEqual(other.returncode, 1)
        self.assertIn("sealed to others", other.stderr)

    def test_home_assistant_is_told_nothing_unless_it_is_switched_on(self):
        self.payloads = []
        self.house.start_broker()
        self.house.start("reader")
        self.house.start("uplink")
        watcher = self.watch()
        for _ in range(2):
            self.heard(watcher, lambda value: value.get("state") == "up")
        self.assertFalse([payload for payload in self.payloads if b"components" in payload])


if __name__ == "__main__":
    BIN = sys.argv.pop(1)
    unittest.main(verbosity=2)
