#!/usr/bin/env python3
"""The whole road with the programs as they are shipped and a real broker: records arrive once, nothing readable stays.

usage: road_test.py BIN_DIR [unittest arguments]
Needs mosquitto and openssl. The pictures are drawn (tests/data); the plate texts searched for are their own.
"""
import contextlib
import csv
import json
import os
import pathlib
import random
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import unittest

SOURCE = pathlib.Path(__file__).resolve().parents[2]
BOARD = SOURCE / "board" / "host"
sys.path.insert(0, str(BOARD))
import carve  # noqa: E402
from house import House, HouseError, wait_until  # noqa: E402

BIN = ""
ARRIVE_LIMIT_S = 120.0
KILL_ROUNDS = int(os.environ.get("PORTCULLIS_ROUNDS", 50))
FILM = SOURCE / "tests" / "data" / "road.mp4"
TRUTH = SOURCE / "tests" / "data" / "road.csv"


def passages():
    with open(TRUTH, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def cut_pictures(folder, count):
    """One picture from the middle of each passage of the drawn film, again from the start until there are `count`."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = passages()
    for number in range(count):
        row = rows[number % len(rows)]
        share = 0.5 + 0.2 * (number // len(rows))
        at = float(row["first_s"]) + share * (float(row["last_s"]) - float(row["first_s"]))
        subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-ss", f"{at:.2f}", "-i", FILM, "-frames:v", "1",
                        folder / f"{number:03}.png"], check=True)
    return folder


class Road(unittest.TestCase):
    def setUp(self):
        if shutil.which("mosquitto", path=os.environ["PATH"] + ":/usr/sbin") is None:
            print("SKIPPED: mosquitto is not installed")
            self.skipTest("no mosquitto")
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="portcullis-road-"))
        self.house = House(self.folder / "house", BIN)
        self.house.make_keys()

    def tearDown(self):
        self.house.close()
        outcome = self._outcome.result
        if any(test is self for test, _ in outcome.failures + outcome.errors):
            for log in sorted((self.folder / "house" / "log").glob("*.log")):
                print(f"--- {log.name}\n{log.read_text(errors='replace')[-3000:]}", file=sys.stderr)
        shutil.rmtree(self.folder, ignore_errors=True)

    # --- what the tests share -------------------------------------------------------------------------------------
    def start_all(self, source, stills=True, loop=False, rate=None):
        self.house.write_all_settings(source, stills=stills, loop=loop, rate=rate)
        self.house.start_broker()
        self.house.start_opener()
        for program in ("collector", "uplink", "reader"):
            self.house.start(program)

    def wait_for_reader(self):
        code = self.house.processes["reader"].wait(ARRIVE_LIMIT_S)
        self.house.processes.pop("reader")
        self.assertEqual(code, 0, self.house.log_text("reader"))

    def wait_for_empty_spool(self):
        self.house.drain(ARRIVE_LIMIT_S)
        self.assertEqual(self.house.spool_depth(), 0)

    def wait_for_verdicts(self):
        wait_until("every item has a verdict", lambda: self.house.items() and not [
            item for item in self.house.items() if item["authenticity"] is None], ARRIVE_LIMIT_S)

    def assert_every_seq_once_and_authentic(self):
        chains = {}
        for item in self.house.items():
            chains.setdefault((item["device"], item["chain"]), []).append(item["seq"])
            self.assertEqual((item["authenticity"], item["key_trust"]), ("authentic", "trusted"), item)
        for chain, seqs in chains.items():
            self.assertEqual(sorted(seqs), list(range(1, max(seqs) + 1)), f"chain {chain}")
        return sum(len(seqs) for seqs in chains.values())

    def reads(self):
        return [item for item in self.house.items() if item["kind"] == "read"]

    def records_made(self):
        """How many records the reader says it has put into the spool."""
        made = re.findall(r"ended: .*\brecords=(\d+)", self.house.log_text("reader"))
        return sum(map(int, made))

    def assert_all_records_arrived(self, at_least):
        self.assertGreaterEqual(self.records_made(), at_least)
        self.assertEqual(len(self.reads()), self.records_made())
        self.assert_every_seq_once_and_authentic()

    # --- who looked -------------------------------------------------------------------------------------------------
    def look(self, *options, case="2026-1"):
        return subprocess.run([pathlib.Path(BIN) / "portcullis", "tail", "--socket", self.house.view_socket, "--purpose", "test",
                               "--case", case, *options], capture_output=True, text=True, check=False)

    def search(self, *options):
        """What the opener's index finds."""
        found = subprocess.run([pathlib.Path(BIN) / "portcullis", "search", "--socket", self.house.view_socket, "--purpose", "test",
                                "--case", "2026-1", "--json", *options], capture_output=True, text=True, check=False)
        self.assertEqual(found.returncode, 0, found.stderr)
        return json.loads(found.stdout)["found"]

    def entered(self):
        """Openings in the audit log."""
        texts = self.house.query(self.house.audit_file, "SELECT text FROM entry")
        entries = [json.loads(text) for text, in texts]
        return sum(entry["verdict"] == "granted" and entry["what"] == "view" for entry in entries)

    def audit(self, *arguments, answer=None):
        return subprocess.run([pathlib.Path(BIN) / "portcullis", "audit", *arguments], capture_output=True, text=True,
                              check=False, input=answer)

    def check_the_audit_log(self, shown):
        """While the opener runs: witnessed with another key, taken in, verified, told to the auditor."""
        key, certificate = (self.house.pki / "collector" / f"receipt.{kind}" for kind in ("key", "crt"))
        kept = self.folder / "witness.kept"
        request = self.audit("head", self.house.audit_file)
        answer = self.audit("witness", "-", "--key", key, "--certificate", certificate, "--kept", kept, answer=request.stdout)
        taken = self.audit("admit", self.house.audit_file, "-", "--witness", certificate, answer=answer.stdout)
        self.assertEqual(taken.stdout, "taken in: 1\n", request.stderr + answer.stderr + taken.stderr)
        report = self.audit("report", self.house.audit_file, "--witness", certificate, "--kept", kept, "--json")
        told = json.loads(report.stdout)
        self.assertEqual((report.returncode, told["opened"], told["refused"]), (0, shown, 1), report.stdout)
        self.assertEqual(told["witnessed"], told["entries"])


class Delivery(Road):
    def test_ten_passages_in_ten_records_stored_verified_and_receipted(self):
        self.start_all(cut_pictures(self.folder / "pictures", 10))
        self.wait_for_reader()
        self.wait_for_empty_spool()
        self.wait_for_verdicts()
        self.assert_all_records_arrived(at_least=10)

    def test_no_running_program_may_leave_a_core_dump_or_gain_privileges(self):
        self.start_all(cut_pictures(self.folder / "pictures", 10), rate=1)
        wait_until("a read arrived", lambda: self.reads(), ARRIVE_LIMIT_S)
        for name in ("reader", "uplink", "collector", "opener"):
            with self.subTest(program=name):
                proc = pathlib.Path("/proc") / str(self.house.processes[name].pid)
                self.assertRegex((proc / "limits").read_text(), r"Max core file size +0 +0")
                self.assertRegex((proc / "status").read_text(), r"NoNewPrivs:\s+1")

    def test_a_broker_stopped_half_way_and_restarted_loses_nothing(self):
        self.start_all(cut_pictures(self.folder / "pictures", 10), rate=4)
        wait_until("some reads arrived", lambda: len(self.reads()) >= 2, ARRIVE_LIMIT_S)
        self.house.kill("broker")
        self.wait_for_reader()
        self.assertGreater(self.house.spool_depth(), 0)
        self.house.start_broker()
        self.wait_for_empty_spool()
        self.wait_for_verdicts()
        self.assert_all_records_arrived(at_least=10)

    def test_an_opener_that_comes_late_gives_the_verdicts_all_the_same(self):
        self.house.write_all_settings(cut_pictures(self.folder / "pictures", 3), stills=True)
        self.house.start_broker()
        for program in ("collector", "uplink", "reader"):
            self.house.start(program)
        self.wait_for_reader()
        self.wait_for_empty_spool()
        # The ingest itself judges checkpoints and life statements, which are signed but not sealed; the rest waits for the opener.
        self.assertTrue(all(item["authenticity"] is None for item in self.house.items() if item["kind"] not in ("checkpoint", "life")))
        self.house.start_opener()
        self.wait_for_verdicts()
        self.assert_every_seq_once_and_authentic()


class Filtered(Road):
    """Each program behind the system call filters of its own service unit: what a unit forgets kills it here."""

    def setUp(self):
        super().setUp()
        if shutil.which("systemd-analyze") is None:
            print("SKIPPED: systemd-analyze is not installed (package systemd)")
            self.skipTest("no systemd-analyze")
        wrapped = self.folder / "bin"
        wrapped.mkdir()
        for program in ("reader", "uplink", "collector", "opener"):
            name = f"portcullis-{program}"
            unit = BOARD / "systemd" / f"{name}.service"
            wrapper = wrapped / name
            wrapper.write_text(f"#!/bin/sh\nexec {sys.executable} {SOURCE}/tests/system/unit_filter.py {unit} "
                               f"{pathlib.Path(BIN).resolve()}/{name} \"$@\"\n", encoding="utf-8")
            wrapper.chmod(0o755)
        (wrapped / "portcullis").symlink_to(pathlib.Path(BIN).resolve() / "portcullis")  # a person's tool, in no unit
        self.house.bin = wrapped

    def test_the_road_works_behind_the_filters_of_the_units(self):
        self.start_all(FILM, stills=False, rate=150)  # with the decoder's process; too fast for all frames
        self.wait_for_reader()
        self.wait_for_empty_spool()
        self.wait_for_verdicts()
        self.assert_all_records_arrived(at_least=3)
        self.assertEqual(self.look("--last", "2", "--count", "2", "--timeout", "30").returncode, 0)
        self.assertEqual(self.entered(), 2)
        self.assertEqual(len(self.search()), len(self.reads()))
        for name in ("collector", "opener", "uplink"):
            self.assertEqual(self.house.stop(name), 0, self.house.log_text(name))

    def test_the_reader_may_ask_the_kernel_what_its_clock_is_worth(self):
        unit = BOARD / "systemd" / "portcullis-reader.service"
        asked = subprocess.run([sys.executable, SOURCE / "tests/system/unit_filter.py", unit, sys.executable, "-c",
                                "import ctypes; print(ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(1024)))"],
                               capture_output=True, text=True, check=False)
        self.assertEqual(asked.returncode, 0, asked.stderr)
        self.assertGreaterEqual(int(asked.stdout), 0)


class Revocation(Road):
    """One of two devices is revoked while both report: judged by what is delivered and stored."""

    def setUp(self):
        super().setUp()
        self.thief = "gate-2"
        subprocess.run([BOARD / "make-pki", self.house.pki, "--device", self.thief], check=True, capture_output=True)

    def start_second_device(self, pictures):
        """Reader and uplink of the other device, in a house of their own that shares keys and broker."""
        second = House(self.folder / "second", BIN, device=self.thief, port=self.house.port)
        (second.folder / "pki").symlink_to(self.house.pki)
        second.write_all_settings(pictures, stills=True, loop=True, rate=10)
        self.addCleanup(second.close)
        for program in ("uplink", "reader"):
            second.start(program)
        return second

    def of(self, device):
        return [item for item in self.house.items() if item["device"] == device]

    def refused_at_the_door(self):
        """How many messages of the stolen device, as the ledger says."""
        rows = self.house.query(self.house.store_file, "SELECT what, times FROM incident WHERE device = ?", self.thief)
        return sum(times for what, times in rows if "revoked" in what)

    def start_both(self):
        pictures = cut_pictures(self.folder / "pictures", 3)
        self.start_all(pictures, loop=True, rate=10)
        second = self.start_second_device(pictures)
        for device in ("gate-1", self.thief):
            wait_until(f"{device} reports", lambda device=device: self.of(device), ARRIVE_LIMIT_S)
        return second

    def others_go_on(self):
        stored = len(self.of("gate-1"))
        wait_until("the other device goes on", lambda: len(self.of("gate-1")) > stored + 10, ARRIVE_LIMIT_S)

    def test_attack_a_stolen_device_on_the_deny_list_gets_nothing_stored_and_others_go_on(self):
        second = self.start_both()
        subprocess.run([BOARD / "make-pki", self.house.pki, "--revoke", self.thief], check=True, capture_output=True)
        wait_until("the collector refuses at the door", self.refused_at_the_door, ARRIVE_LIMIT_S)
        stored, refused = len(self.of(self.thief)), self.refused_at_the_door()
        wait_until("the stolen device goes on sending", lambda: self.refused_at_the_door() > refused, ARRIVE_LIMIT_S)
        self.others_go_on()
        self.assertEqual(len(self.of(self.thief)), stored)
        self.assertGreater(second.spool_depth(), 0, "what got no receipt must stay in the spool")
        # It stays so when the processes begin anew.
        for program in ("collector", "opener"):
            self.house.stop(program)
        self.house.start_opener()
        self.house.start("collector")
        self.others_go_on()
        self.assertEqual(len(self.of(self.thief)), stored)
        self.assertTrue(all(item["key_trust"] == "trusted" for item in self.of("gate-1") if item["key_trust"]))

    def test_what_was_stored_before_the_revocation_and_judged_after_it_is_flagged(self):
        pictures = cut_pictures(self.folder / "pictures", 3)
        self.house.write_all_settings(pictures, stills=True)
        self.house.start_broker()
        for program in ("collector", "uplink", "reader"):
            self.house.start(program)
        self.start_second_device(pictures)
        wait_until("both report", lambda: self.of(self.thief) and self.reads(), ARRIVE_LIMIT_S)
        subprocess.run([BOARD / "make-pki", self.house.pki, "--revoke", self.thief], check=True, capture_output=True)
        wait_until("the collector refuses at the door", self.refused_at_the_door, ARRIVE_LIMIT_S)
        stored = len(self.of(self.thief))
        self.house.start_opener()
        self.wait_for_verdicts()
        self.assertEqual(len(self.of(self.thief)), stored)
        late = [item for item in self.of(self.thief) if item["kind"] == "read"]
        self.assertTrue(late)
        self.assertEqual({item["key_trust"] for item in late}, {"revoked"})
        self.assertEqual({item["key_trust"] for item in self.of("gate-1")}, {"trusted"})

    def test_attack_a_stolen_device_revoked_at_the_broker_is_heard_by_nobody(self):
        second = self.start_both()
        pki = self.house.pki
        # The collector is kept from knowing, so that the broker alone is on trial.
        authority = self.folder / "authority"
        shutil.copytree(pki, authority)
        subprocess.run([BOARD / "make-pki", authority, "--revoke", self.thief], check=True, capture_output=True)
        self.house.change_access("revoke", self.thief, "--crl", authority / "device-ca.crl",
                                 "--devices-ca", pki / "device-ca.crt", "--folder", self.house.folder / "broker")
        wait_until("it is thrown out and not let in again",
                   lambda: "not connected" in second.log_text("uplink"), ARRIVE_LIMIT_S)
        self.others_go_on()
        stored = len(self.of(self.thief))
        self.others_go_on()
        self.assertEqual(len(self.of(self.thief)), stored)
        depth = second.spool_depth()
        wait_until("it only fills its own spool", lambda: second.spool_depth() > depth, ARRIVE_LIMIT_S)


class Kill(Road):
    def stored(self):
        return sum(count for count, in self.house.query(self.house.store_file, "SELECT count(*) FROM item"))

    def test_kill_9_of_any_daemon_at_any_time_loses_and_doubles_nothing(self):
        seed = int(os.environ.get("PORTCULLIS_SEED", random.randrange(2**32)))
        print(f"PORTCULLIS_SEED={seed}")
        dice = random.Random(seed)
        self.start_all(cut_pictures(self.folder / "pictures", 3), loop=True, rate=20)
        wait_until("the road walks", self.reads, ARRIVE_LIMIT_S)
        for round_number in range(KILL_ROUNDS):
            # A random point of the work: some further items stored, or some further rows in the spool.
            goal = self.stored() + dice.randrange(4)
            try:
                wait_until("progress", lambda goal=goal: self.stored() >= goal, ARRIVE_LIMIT_S)
            except HouseError as error:
                raise AssertionError(f"round {round_number}: {error}") from error
            victim = dice.choice(("reader", "uplink", "collector", "opener"))
            self.house.kill(victim)
            if victim == "opener":
                self.house.start_opener()
            else:
                self.house.start(victim)
        self.house.stop("reader")
        self.wait_for_empty_spool()
        self.wait_for_verdicts()
        count = self.assert_every_seq_once_and_authentic()
        self.assertEqual(len({item["chain"] for item in self.house.items()}), 1, "a kill must not begin a new chain")
        print(f"{KILL_ROUNDS} kills, {count} items, each once")


class Rollback(Road):
    """An older copy of the spool is put back while the device is off."""

    def parts(self):
        return [pathlib.Path(str(self.house.spool_file) + part) for part in ("", "-wal", "-shm")]

    def tool(self, command):
        return subprocess.run([pathlib.Path(BIN) / "portcullis", command, "--store", self.house.store_file],
                              capture_output=True, text=True, check=False)

    def test_a_new_chain_begins_and_ledger_and_verify_say_why(self):
        self.start_all(cut_pictures(self.folder / "pictures", 3))
        self.wait_for_reader()
        self.wait_for_empty_spool()
        self.wait_for_verdicts()
        self.assertEqual(self.tool("verify").returncode, 0, self.tool("verify").stdout)
        self.house.stop("uplink")
        copies = {part: part.read_bytes() for part in self.parts() if part.exists()}
        self.house.start("reader")
        self.wait_for_reader()
        lost = self.house.query(self.house.spool_file, "SELECT count(*) FROM items")[0][0]
        self.assertGreater(lost, 3)
        for part in self.parts():
            part.unlink(missing_ok=True)
        for part, content in copies.items():
            part.write_bytes(content)
        before = {item["chain"] for item in self.house.items()}
        self.house.start("reader")
        self.wait_for_reader()
        self.assertIn("older copy", self.house.log_text("reader"))
        self.house.start("uplink")
        self.wait_for_empty_spool()
        self.wait_for_verdicts()
        after = {item["chain"] for item in self.house.items()} - before
        self.assertEqual(len(after), 1)
        for item in self.house.items():
            self.assertEqual((item["authenticity"], item["key_trust"]), ("authentic", "trusted"), item)
        verify = self.tool("verify")
        self.assertEqual(verify.returncode, 1, verify.stdout)
        self.assertRegex(verify.stdout, rf"! set_back: gate-1 .*rolled_back: chain {after.pop().lower()}")
        self.assertRegex(verify.stdout, rf"! cut_off: gate-1 .* \({lost}\)")
        self.assertNotIn("forked", verify.stdout)  # nothing was sealed twice
        self.assertRegex(self.tool("ledger").stdout, r"! chain \w+ ended at seq \d+ or later \(rolled_back\)")


    def test_what_a_damaged_spool_still_holds_is_delivered(self):
        self.house.write_all_settings(cut_pictures(self.folder / "pictures", 3), stills=True)
        self.house.start("reader")
        self.wait_for_reader()
        with contextlib.closing(sqlite3.connect(self.house.spool_file)) as spool, spool:
            spool.execute("UPDATE life SET items = items + 1")
        self.house.start_broker()
        self.house.start_opener()
        for program in ("collector", "uplink", "reader"):
            self.house.start(program)
        self.wait_for_reader()
        self.assertIn("corrupt file set aside", self.house.log_text("reader"))
        self.wait_for_empty_spool()
        self.wait_for_verdicts()
        self.assertEqual(len({item["chain"] for item in self.house.items()}), 2)
        self.assert_all_records_arrived(at_least=6)
        self.assertEqual([path.name for path in self.house.spool_file.parent.glob("*.broken-*")], [])
        verify = self.tool("verify")
        self.assertEqual(verify.returncode, 0, verify.stdout)
        self.assertRegex(verify.stdout, r"superseded: gate-1 .*set_aside: chain")


class Hunt(Road):
    """Nothing readable at rest: the plate texts and JPEG markers are searched in every file that the road leaves."""

    def findings(self, folder, texts):
        found = []
        for path in folder.rglob("*"):
            if not path.is_file():
                continue
            content = path.read_bytes()
            found += [(path.name, what) for what in carve.find_texts(content, texts) + carve.find_pictures(content)]
        return found

    def test_spool_broker_and_store_hold_no_plate_text_and_no_picture(self):
        pictures = cut_pictures(self.folder / "pictures", 10)
        tail = None
        self.house.write_all_settings(pictures, stills=True, rate=5)
        self.house.start_broker()
        self.house.start_opener()
        tail = subprocess.Popen([self.house.bin / "portcullis", "tail", "--json", "--socket", self.house.view_socket,
                                 "--purpose", "test", "--case", "2026-1"],
                                stdout=subprocess.PIPE, text=True)
        try:
            # The spool is searched full (uplink not yet running), then all of it again after delivery.
            self.house.start("reader")
            self.wait_for_reader()
            self.assertGreater(self.house.spool_depth(), 0)
            shutil.copytree(self.house.folder / "spool", self.folder / "full-spool")
            self.house.start("collector")
            self.house.start("uplink")
            self.wait_for_empty_spool()
            self.wait_for_verdicts()
            texts = {row["text"] for row in passages()}
            shown = len(self.reads())
            read = None
            for _ in range(shown):
                view = json.loads(tail.stdout.readline())
                read = view["text"] or read
                texts.update(view.get(key) or "" for key in ("text", "published", "raw"))
        finally:
            tail.kill()
            tail.wait()
            tail.stdout.close()
        self.assertEqual(self.entered(), shown)
        refused = self.look("--last", "1", "--count", "1", case="  ")
        self.assertEqual((refused.returncode, refused.stdout.count("\n")), (1, 1), "the table's head alone")
        self.assertIn("nothing is shown without a purpose and a case number", refused.stderr)
        self.check_the_audit_log(shown)
        self.assertIn(read, {found["text"] for found in self.search("--plate", read)})
        self.assertIn(read, {found["text"] for found in self.search("--plate", read[:2] + "*")})
        texts = {text for text in texts if len(text) >= 4}
        self.assertGreater(len(texts), 3, "the hunt needs something to hunt for")
        self.house.stop("broker")  # writes its persistence file
        for name in ("spool", "store", "broker", "log", "run", "audit"):
            self.assertEqual(self.findings(self.house.folder / name, texts), [], name)
        self.assertEqual(self.findings(self.folder / "full-spool", texts), [])

    def test_the_hunt_finds_what_a_leak_would_leave(self):
        """Control: each form of a text, and a picture, is found when it is there."""
        leak = self.folder / "leak"
        for number, (_, needle) in enumerate(carve.forms("ABC1234")):
            leak.mkdir(exist_ok=True)
            (leak / f"{number}.bin").write_bytes(b"\x07\x11" + needle + b"\x99")
        picture = leak / "p.bin"
        subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-i", FILM, "-frames:v", "1", leak / "p.jpg"], check=True)
        picture.write_bytes(b"sealed?" + (leak / "p.jpg").read_bytes())
        names = {name for name, _ in self.findings(leak, {"ABC1234"})}
        self.assertEqual(names, {path.name for path in leak.iterdir()})


if __name__ == "__main__":
    BIN = sys.argv.pop(1)
    unittest.main(verbosity=2)
