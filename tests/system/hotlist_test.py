#!/usr/bin/env python3
"""A device that keeps hits only, over a real mosquitto: nothing leaves it before tokens have come, then what may be wanted, and the
opener has it as a hit; what is not wanted leaves no trace behind it, at the roadside or at the collector.

usage: hotlist_test.py BIN_DIR [unittest arguments]
Needs mosquitto.
"""
import datetime
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

SOURCE = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SOURCE / "board" / "host"))
from house import House, wait_until  # noqa: E402
from mqtt_client import Client  # noqa: E402

BIN = ""
ARRIVE_LIMIT_S = 240.0
FILM = SOURCE / "tests" / "data" / "road.mp4"
WANTED = "ZG4821KM"  # of the film
ELSEWHERE = ("QX77LMN", "TT4711A")
CASE = "2026-117"


class HitsOnly(unittest.TestCase):
    def setUp(self):
        if shutil.which("mosquitto", path=os.environ["PATH"] + ":/usr/sbin") is None:
            print("SKIPPED: mosquitto is not installed")
            self.skipTest("no mosquitto")
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="portcullis-hits-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.house = House(self.folder / "house", BIN)
        self.addCleanup(self.house.close)
        self.house.make_keys()
        self.house.write_all_settings(FILM, loop=True)
        pki = self.house.pki
        self.trust = {"policy_chain": str(pki / "root.crt"), "signers": str(pki / "policy.crt")}
        self.list, self.tokens = self.folder / "demo.hotlist", self.folder / "demo.wanted"
        self.add("reader", "hotlist", {"hits_only": True, **self.trust})
        self.add("uplink", "recipients", {"fleet": "demo"})
        self.add("opener", "hotlist", {"list": str(self.list), "hits": str(self.folder / "house" / "audit" / "hits.db"), **self.trust})

    def add(self, program, section, keys):
        with open(self.house.settings_file(program), "a", encoding="utf-8") as settings:
            settings.write(f"[{section}]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in keys.items()))

    def tool(self, *arguments):
        done = subprocess.run([self.house.bin / "portcullis", *arguments], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def sign(self):
        """The list for the opener, and the tokens for the devices."""
        until = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=5)).date().isoformat()
        source = self.folder / "hotlist.toml"
        source.write_text('fleet = "demo"\n' + "".join(
            f'[[entry]]\nplate = "{plate}"\npurpose = "test"\ncase = "{CASE}"\nwhy = "a test"\nby = "alice"\nuntil = "{until}"\n'
            for plate in (WANTED, *ELSEWHERE)), encoding="utf-8")
        pki = self.house.pki
        signs = ["--key", pki / "policy.key", "--certificate", pki / "policy.crt", "--policy-chain", pki / "root.crt", "--version", "1"]
        reads = pki / "recipients" / "collector-read"
        opens = ["--open-key", f"{reads}.key", "--open-certificate", f"{reads}.crt"]
        self.tool("hotlist", "sign", self.list, "--source", source, "--seal-to", f"{reads}.crt", *signs, *opens)
        said = self.tool("hotlist", "tokens", self.tokens, "--hotlist", self.list, "--fleet", "demo", *signs, *opens)
        self.assertIn("count: 3 of 12 bits", said)
        self.assertIn("retained on lpr/v1/cfg/demo/wanted", said)

    def publish_tokens(self):
        pki = self.house.pki
        client = Client(self.house.services_port, pki / "service-chain.pem", pki / "broker" / "policy.crt", pki / "broker" / "policy.key")
        self.addCleanup(client.close)
        client.publish("lpr/v1/cfg/demo/wanted", self.tokens.read_bytes(), retain=True)
        client.ping()

    def reads(self):
        return [item for item in self.house.items() if item["kind"] == "read"]

    def shown(self):
        """The text of every read that came, as an operator finds it."""
        told = self.tool("search", "--socket", self.house.view_socket, "--purpose", "test", "--case", CASE, "--json")
        return [read["text"] for read in json.loads(told)["found"]]

    def test_what_may_be_wanted_leaves_and_nothing_else(self):
        self.sign()
        self.house.start_broker()
        self.house.start_opener()
        for program in ("collector", "uplink", "reader"):
            self.house.start(program)
        # The whole film goes by once before anybody says what is wanted.
        log = lambda: self.house.log_text("reader")  # noqa: E731
        wait_until("the device says that it knows of nothing", lambda: "no wanted tokens have come yet" in log(), ARRIVE_LIMIT_S)
        self.assertEqual(self.reads(), [])
        self.publish_tokens()
        wait_until("two passages of the wanted one arrive", lambda: len(self.reads()) >= 2, ARRIVE_LIMIT_S)
        wait_until("all is judged", lambda: not self.house.items_without_verdict(), ARRIVE_LIMIT_S)
        hits = json.loads(self.tool("hotlist", "hits", "--socket", self.house.view_socket, "--purpose", "test", "--case", CASE, "--json"))
        self.assertGreaterEqual(len(hits["hits"]), 2)
        self.house.stop("reader")
        self.house.drain(ARRIVE_LIMIT_S)
        ended = log().split("ended: ")[1].split("\n")[0]
        counts = dict(part.split("=") for part in ended.split() if "=" in part)
        self.assertGreaterEqual(int(counts["unwanted"]), 9, ended)
        self.assertEqual(int(counts["records"]), len(self.reads()), ended)
        # One in 512 of the others may look like a wanted one; the film's do not.
        texts = self.shown()
        self.assertEqual(len(texts), len(self.reads()))
        self.assertEqual(set(texts), {WANTED})


if __name__ == "__main__":
    BIN = pathlib.Path(sys.argv.pop(1)).resolve()
    unittest.main(verbosity=2)
