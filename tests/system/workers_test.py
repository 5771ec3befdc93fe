#!/usr/bin/env python3
"""Two collectors with an opener each share one store in PostgreSQL, as they are shipped, under load: by chance one of them is
killed, the server crashes, or the broker does. PORTCULLIS_ROUNDS says how often, PORTCULLIS_SEED by which dice.

usage: workers_test.py BIN_DIR --feeder PROGRAM [unittest arguments]
Needs mosquitto, openssl and postgresql.
"""
import json
import os
import random
import subprocess
import sys
import unittest

import road_test
from road_test import ARRIVE_LIMIT_S
from house import SOURCE, wait_until
from postgres_test import OverPostgres
from postgres_server import COLLECTOR

FEEDER = ""
DEVICES = ("gate-1", "gate-2", "gate-3")
ROUNDS = int(os.environ.get("PORTCULLIS_ROUNDS", 8))
RATE = 40  # records a second: three items each
FAULTS = ("collector", "collector-2", "opener", "opener-2", "worker", "worker-2", "server", "broker")


class Workers(OverPostgres):
    def start_all_workers(self):
        self.house.make_keys(workers=2)
        for device in DEVICES[1:]:
            subprocess.run([SOURCE / "board" / "host" / "make-pki", self.house.pki, "--device", device], check=True,
                           capture_output=True)
        self.house.write_all_settings("unused", stills=True)
        self.house.share_store(2, self.server.store(COLLECTOR))
        self.house.start_broker()
        for name in ("opener", "opener-2"):
            self.house.start_opener(name)
        for name in ("collector", "collector-2"):
            self.house.start(name)
        for name in ("collector", "collector-2"):
            self.wait_for(name, "connected to the broker")

    def wait_for(self, name, words, count=1):
        wait_until(f"{name} says '{words}'", lambda: self.house.log_text(name).count(words) >= count, ARRIVE_LIMIT_S)

    def feed(self, rate, seconds):
        command = [FEEDER, "--uri", f"mqtts://localhost:{self.house.port}", "--pki", self.house.pki, "--rate", rate,
                   "--seconds", seconds, "--patience", int(ARRIVE_LIMIT_S), "--pictures"]
        command += [part for device in DEVICES for part in ("--device", device)]
        return subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, text=True)

    def stored(self):
        return self.query(self.house.store_file, "SELECT count(*), count(verdict_at), count(DISTINCT (chain_id, seq)) FROM item")

    def numbers(self):
        return [int(word) for word in (self.stored() or [[0, 0, 0]])[0]]

    def strike(self, fault):
        if fault == "server":
            self.server.crash()
            self.server.start()
            return
        ending = fault.removeprefix("worker") if fault.startswith("worker") else None
        names = (f"collector{ending}", f"opener{ending}") if ending is not None else (fault,)
        for name in names:
            self.house.kill(name)
        for name in names:
            if name == "broker":
                self.house.start_broker()
            elif name.startswith("opener"):
                self.house.start_opener(name)
            else:
                self.house.start(name)

    def test_workers_server_and_broker_crash_by_chance_and_nothing_is_lost_or_doubled(self):
        seed = int(os.environ.get("PORTCULLIS_SEED", random.randrange(2**32)))
        print(f"PORTCULLIS_SEED={seed}")
        dice = random.Random(seed)
        self.house.write_all_settings("unused", stills=True)
        self.make_store()
        self.start_all_workers()
        feeder = self.feed(rate=RATE, seconds=2 * ROUNDS)
        faults = [fault for _ in range(-(-ROUNDS // len(FAULTS))) for fault in dice.sample(FAULTS, len(FAULTS))][:ROUNDS]
        struck = 0
        for fault in faults:
            goal = self.numbers()[0] + dice.randrange(2 * RATE)
            wait_until("more arrived", lambda goal=goal: self.numbers()[0] >= goal or feeder.poll() is not None, ARRIVE_LIMIT_S)
            struck += feeder.poll() is None
            self.strike(fault)
        told, _ = feeder.communicate(timeout=ARRIVE_LIMIT_S * 2 + 2 * ROUNDS)
        fed = json.loads(told)
        self.assertEqual((fed["lost"], fed["wrong_receipts"]), (0, 0), fed)
        self.assertEqual(feeder.returncode, 0)
        wait_until("all is judged", lambda: self.numbers()[0] == self.numbers()[1] > 0, ARRIVE_LIMIT_S)
        self.assertEqual(self.numbers()[0], fed["items"])
        self.assertEqual(self.assert_every_seq_once_and_authentic(), fed["items"])
        for name in ("collector", "collector-2"):
            self.assertRegex(self.house.log_text(name), "judges share [12] of 2 of the chains")
            self.assertEqual(self.house.stop(name), 0)
        print(f"{ROUNDS} faults, {struck} of them under load; {fed['items']} items, each once; {fed['resent']} sent again")


if __name__ == "__main__":
    road_test.BIN = sys.argv.pop(1)
    assert sys.argv.pop(1) == "--feeder"
    FEEDER = sys.argv.pop(1)
    unittest.main(verbosity=2)
