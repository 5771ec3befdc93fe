#!/usr/bin/env python3
"""Theft: a device's disk is copied while it is off and while it runs, the broker's disk and traffic are copied, the
memory of the running programs is read. What a thief then carves out, with every key that he finds: nothing.

usage: theft_test.py BIN_DIR [unittest arguments]
Needs mosquitto, mosquitto-clients, openssl and ffmpeg; the class Memory needs root. There is no hotlist on a device
yet, so none is looked for.
"""
import collections
import contextlib
import json
import os
import pathlib
import re
import resource
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import unittest

import carve
import road_test
from road_test import ARRIVE_LIMIT_S, FILM, Road, cut_pictures, passages

from house import wait_until  # road_test names its folder

BIN = ""
DEVICE = "gate-1"
# Around the ciphertext of a sealed blob stand the recipients' blocks, the nonce and the tag.
MOST_FRAME_BYTES = 1024
SEALED = ("read", "plate", "overview", "health")
# What the broker sees beside the sealed bytes: names, and what a value of each looks like.
PROPERTIES = {"v": r"\d+", "chain": r"[0-9a-f]{16}", "seq": r"\d+", "link": r"[0-9a-f]{64}", "prev": r"[0-9a-f]{64}",
              "first": r"\d+", "last": r"\d+", "kind": r"read|plate|overview|checkpoint|tombstone|life|health"}
LEAVES = {"read", "media", "chk", "status"}


def blobs_of(database):
    """(kind, blob) of every row that stands in a spool's copy, deleted rows not counted."""
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as spool:
        return spool.execute("SELECT kind, blob FROM items WHERE length(blob) > 0 ORDER BY seq").fetchall()


def open_with_openssl(blob, key):
    """What `openssl cms` makes of a sealed blob with this key; None where it does not open it."""
    done = subprocess.run(["openssl", "cms", "-decrypt", "-binary", "-inform", "DER", "-in", blob, "-inkey", key],
                          capture_output=True)
    return done.stdout if done.returncode == 0 and done.stdout else None


def open_with_portcullis(blob, key, certificate, pki):
    done = subprocess.run([pathlib.Path(BIN) / "portcullis", "open", blob, "--key", key, "--certificate", certificate,
                           "--device-ca", pki / "device-chain.pem", "--signers", pki / "devices" / "signers"],
                          capture_output=True, text=True)
    told = json.loads(done.stdout) if done.stdout.startswith("{") else {}
    opened = told.get("text") is not None or told.get("item") == "picture" and told.get("authenticity") != "unopened"
    return told if opened else None


class Image(Road):
    """A road whose device part (all that reader and uplink read and write) can be copied by itself."""

    def setUp(self):
        super().setUp()
        self.scratch = self.folder / "scratch"  # home, working folder and temporary folder of the device's programs
        self.scratch.mkdir()

    def start_on_device(self, program):
        self.house.spawn(program, [self.house.bin / f"portcullis-{program}", "--config", self.house.settings_file(program)],
                         cwd=self.scratch,
                         env={**os.environ, "TMPDIR": str(self.scratch), "HOME": str(self.scratch)})

    def copy_image(self, name):
        """As `cp -a` of the device's disk: settings, whatever they name, spool, logs, temporary files."""
        image = self.folder / name
        house = self.house.folder
        named = set()
        for program in ("reader", "uplink"):
            settings = self.house.settings_file(program)
            named |= {pathlib.Path(path) for path in re.findall(r'"(/[^"]+)"', settings.read_text())} | {settings}
            named.add(self.house.log_file(program))
        named |= {house / "spool", house / "pki" / "devices" / DEVICE, self.scratch}
        for path in sorted(named):
            if path.is_dir() and path not in (house / "spool", self.scratch, house / "pki" / "devices" / DEVICE):
                continue  # the models, and the pictures that stand in for a camera
            with contextlib.suppress(FileNotFoundError, shutil.Error):  # it runs: files come and go
                target = image / path.relative_to(self.folder)
                target.parent.mkdir(parents=True, exist_ok=True)
                (shutil.copytree if path.is_dir() else shutil.copy2)(path, target, **({"dirs_exist_ok": True} if path.is_dir() else {}))
        return image

    def secrets_of_others(self):
        """name -> (secret number, PEM) of every private key of this PKI that is not the device's own."""
        own = self.house.pki / "devices" / DEVICE
        return {str(path.relative_to(self.house.pki)): (carve.scalar_of(path), path.read_bytes())
                for path in sorted(self.house.pki.rglob("*.key")) if own not in path.parents}

    def texts_read(self):
        """Every text that the road read, as its operators see it: from the store, with the recipients' keys."""
        texts = {row["text"] for row in passages()}
        for number, (kind, blob) in enumerate(self.opened_blobs):
            if kind != "read":
                continue
            file = self.write_blob(f"text-{number}", blob)
            told = open_with_portcullis(file, *self.recipient("read"), self.house.pki)
            self.assertIsNotNone(told, "a recipient's key opens a read (control)")
            texts.update(told.get(key) or "" for key in ("text", "published", "raw"))
        return {text for text in texts if len(text) >= 4}

    def recipient(self, name):
        stem = self.house.pki / "recipients" / f"collector-{name}"
        return stem.with_suffix(".key"), stem.with_suffix(".crt")

    def write_blob(self, name, blob):
        (self.folder / "blobs").mkdir(exist_ok=True)
        path = self.folder / "blobs" / f"{name}.cms"
        path.write_bytes(blob)
        return path

    # --- the thief's work -----------------------------------------------------------------------------------------
    def carve_files(self, folder, texts, secrets):
        found = []
        for path in carve.files_of(folder):
            content = path.read_bytes()
            name = str(path.relative_to(folder))
            found += [(name, "text", form) for form in carve.find_texts(content, texts)]
            found += [(name, "picture", kind) for kind in carve.find_pictures(content)]
            found += [(name, f"key of {whose}", form) for whose, (scalar, pem) in secrets.items()
                      for form in carve.find_secret(content, scalar, pem)]
        return found

    def carve_blobs(self, blobs):
        """Blobs whose ciphertext is not as even as ciphertext, or that carry much beside it."""
        found = []
        for number, (kind, blob) in enumerate(blobs):
            if kind not in SEALED:
                continue
            start, end = carve.ciphertext_of(blob)
            if len(blob) - (end - start) > MOST_FRAME_BYTES:
                found.append((number, kind, "much beside the ciphertext"))
            found += [(number, kind, f"dip at {at}") for at in carve.entropy_dips(blob[start:end])]
        return found

    def try_every_key(self, image, blobs):
        """Each private key on the image against each blob; gives (keys found, blobs tried, what opened)."""
        keys = {key for path in carve.files_of(image) for key in carve.private_keys_in(path.read_bytes())}
        certificates = [path for path in carve.files_of(image) if path.suffix == ".crt"]
        opened = []
        files = [(kind, self.write_blob(f"try-{number}", blob)) for number, (kind, blob) in enumerate(blobs)
                 if kind in SEALED]
        for number, pem in enumerate(sorted(keys)):
            key = self.folder / f"found-{number}.key"
            key.write_bytes(pem)
            key.chmod(0o600)
            public = subprocess.run(["openssl", "pkey", "-in", key, "-pubout"], capture_output=True, check=True).stdout
            mine = [path for path in certificates if subprocess.run(
                ["openssl", "x509", "-in", path, "-noout", "-pubkey"], capture_output=True).stdout == public]
            for kind, blob in files:
                if open_with_openssl(blob, key) is not None:
                    opened.append((number, kind, "openssl"))
                if mine and open_with_portcullis(blob, key, mine[0], self.house.pki) is not None:
                    opened.append((number, kind, "portcullis"))
        return len(keys), len(files), opened


class Device(Image):
    def drive(self):
        """Images of the device: while it runs with everything undelivered, while it delivers, and off."""
        self.house.write_all_settings(cut_pictures(self.folder / "pictures", 10), stills=True, loop=True, rate=10)
        self.start_on_device("reader")
        wait_until("the spool fills", lambda: self.house.spool_depth() >= 15, ARRIVE_LIMIT_S)
        images = [self.copy_image("image-running")]
        self.house.start_broker()
        self.house.start_opener()
        self.house.start("collector")
        self.start_on_device("uplink")
        wait_until("some are delivered", lambda: len(self.reads()) >= 10, ARRIVE_LIMIT_S)
        images.append(self.copy_image("image-delivering"))
        self.house.kill("uplink")  # a power cut
        self.house.kill("reader")
        images.append(self.copy_image("image-off"))
        self.opened_blobs = blobs_of(self.house.spool_file)
        return images

    def test_attack_the_disk_is_copied_while_off_and_while_running_no_past_plate_picture_or_foreign_key_is_recovered(self):
        images = self.drive()
        texts, secrets = self.texts_read(), self.secrets_of_others()
        self.assertGreater(len(texts), 3, "the carving needs something to look for")
        self.assertGreaterEqual(len(secrets), 8, secrets.keys())
        for image in images:
            with self.subTest(image=image.name):
                self.assertTrue((image / "house" / "spool" / "spool.db").exists())
                self.assertTrue((image / "house" / "reader.toml").exists())
                self.assertEqual(self.carve_files(image, texts, secrets), [])
        blobs = [(kind, blob) for kind, blob in self.opened_blobs if kind in SEALED]
        self.assertLessEqual({"read", "plate", "overview"}, {kind for kind, _ in blobs})
        self.assertEqual(self.carve_blobs(blobs), [])
        blobs = blobs[:30]
        keys, tried, opened = self.try_every_key(images[-1], blobs)
        print(f"{len(images)} images, {len(texts)} texts, {len(secrets)} keys of others looked for; {keys} keys found, "
              f"each tried on {tried} blobs: {len(opened)} opened")
        self.assertGreaterEqual(keys, 2, "read and identity key lie on the device")
        self.assertGreater(tried, 5)
        self.assertEqual(opened, [])

    def test_a_planted_leak_of_each_kind_is_found(self):
        """Control: what the carving must find when it is there, and the keys that do open."""
        self.house.write_all_settings(cut_pictures(self.folder / "pictures", 3), stills=True)
        self.start_on_device("reader")
        self.wait_for_reader()
        image = self.copy_image("image")
        self.opened_blobs = blobs_of(self.house.spool_file)
        secrets = self.secrets_of_others()
        leaks = self.plant(image / "leaks", secrets)
        found = self.carve_files(image, {"ABC1234"}, secrets)
        self.assertEqual({name for name, _, _ in found}, {f"leaks/{name}" for name in leaks})
        self.check_blob_leaks(image)

    def plant(self, folder, secrets):
        folder.mkdir()
        leaks = {f"text-{form.replace(' ', '-')}": b"\x07\x11" + needle + b"\x99" for form, needle in carve.forms("ABC1234")}
        for name in ("jpg", "png"):
            subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-i", FILM, "-frames:v", "1", self.folder / f"p.{name}"],
                           check=True)
            leaks[name] = b"sealed?" + (self.folder / f"p.{name}").read_bytes()
        entries = b"".join(tag.to_bytes(2, "little") + b"\x04\0\x01\0\0\0\x01\0\0\0" for tag in (256, 257, 258, 259, 273))
        leaks["dng"] = b"x" + b"II\x2a\0\x08\0\0\0\x05\0" + entries + bytes(4)
        leaks["film"] = FILM.read_bytes()
        scalar, pem = secrets["recipients/collector-read.key"]
        leaks.update({"key-raw": b"a" + scalar, "key-hex": scalar.hex().encode(), "key-pem": pem,
                      "key-der": subprocess.run(["openssl", "pkey", "-outform", "DER"], input=pem, check=True,
                                                capture_output=True).stdout})
        for name, content in leaks.items():
            (folder / name).write_bytes(content)
        return leaks

    def check_blob_leaks(self, image):
        kind, blob = next(entry for entry in self.opened_blobs if entry[0] == "plate")
        start, end = carve.ciphertext_of(blob)
        hole = blob[:start + 64] + b'{"v":1,"plate":"ABC1234","raw":"ABC1234","lane":"lane-1","dir":"approaching"}' * 5
        self.assertTrue(self.carve_blobs([(kind, hole + blob[len(hole):])]), "a stretch of plaintext within a blob")
        longer = blob[:start] + b"\x5a" * 8
        self.assertTrue(self.carve_blobs([(kind, longer + bytes(MOST_FRAME_BYTES))]), "much beside the ciphertext")
        # A device that seals to itself: the key on the image opens it.
        own = self.house.pki / "devices" / DEVICE
        sealed = subprocess.run(["openssl", "cms", "-encrypt", "-binary", "-outform", "DER", "-aes-256-gcm", "-recip",
                                 own / "read.crt", "-keyopt", "ecdh_kdf_md:sha256"], input=b'{"v":1}' * 40, check=True,
                                capture_output=True).stdout
        _, _, opened = self.try_every_key(image, [("read", sealed)])
        self.assertEqual([tool for _, _, tool in opened], ["openssl"])
        # The keys that should open do, by the same two tools.
        for kind, name in (("read", "read"), ("plate", "evidence")):
            file = self.write_blob(kind, next(blob for row, blob in self.opened_blobs if row == kind))
            self.assertIsNotNone(open_with_openssl(file, self.recipient(name)[0]))
            self.assertIsNotNone(open_with_portcullis(file, *self.recipient(name), self.house.pki))


class Broker(Image):
    """The broker's operator keeps everything that ever passes: he learns how many messages each device sent, and when."""

    def setUp(self):
        super().setUp()
        if shutil.which("mosquitto_sub") is None:
            print("SKIPPED: mosquitto_sub is not installed (package mosquitto-clients)")
            self.skipTest("no mosquitto_sub")

    def listen(self):
        """Everything that the broker passes on, one JSON text a line, into a file."""
        pki = self.house.pki
        self.house.spawn("listener", ["mosquitto_sub", "-V", "mqttv5", "-h", "localhost", "-p", self.house.services_port,
                                      "--cafile", pki / "service-chain.pem", "--cert", pki / "collector" / "tls.crt", "--key",
                                      pki / "collector" / "tls.key", "-q", "1", "-t", "lpr/v1/dev/#", "-F", "%t|%C|%P|%x"])

    def heard(self):
        lines = self.house.log_text("listener").split("\n")[:-1]
        return [line.split("|") for line in lines if line.startswith("lpr/")]

    def test_attack_the_broker_is_taken_over_it_learns_counts_per_device_and_nothing_else(self):
        self.house.write_all_settings(cut_pictures(self.folder / "pictures", 10), stills=True, loop=True, rate=10)
        self.house.start_broker()
        self.listen()
        wire = self.start_capture()
        self.start_on_device("reader")
        self.start_on_device("uplink")
        wait_until("everything passed", lambda: len(self.heard()) >= 30, ARRIVE_LIMIT_S)
        self.opened_blobs = blobs_of(self.house.spool_file)  # no receipt: all of it is still there
        for name in ("reader", "uplink", "listener", "broker"):
            self.house.stop(name)
        captured = self.stop_capture(wire)
        texts, secrets = self.texts_read(), {**self.secrets_of_others(), **self.secrets_of_device()}
        self.assertEqual([leak for leak in self.carve_files(self.house.folder / "broker", texts, secrets)], [])
        counts = collections.Counter()
        for topic, _, properties, payload in self.heard():
            device, leaf = re.fullmatch(r"lpr/v1/dev/([a-z0-9-]+)/([a-z]+)", topic).groups()
            counts[device, leaf] += 1
            self.assertIn(leaf, LEAVES)
            content = bytes.fromhex(payload)
            self.assertEqual(carve.find_texts(content + properties.encode(), texts), [])
            self.assertEqual(carve.find_pictures(content), [])
            for name, value in re.findall(r"(\S+?):(\S+)", properties):
                self.assertRegex(value, rf"^(?:{PROPERTIES[name]})$", name)
        print("the broker learns: " + ", ".join(f"{device} {leaf} {count}" for (device, leaf), count in sorted(counts.items())))
        self.assertEqual({device for device, _ in counts}, {DEVICE})
        self.assertTrue(counts[DEVICE, "read"] and counts[DEVICE, "media"])
        if captured is not None:
            self.assertGreater(len(captured), 10_000)
            self.assertEqual(carve.find_texts(captured, texts) + carve.find_pictures(captured), [])
            self.assertNotIn(b"lpr/v1/dev", captured, "on the wire not even the topics are seen")

    def secrets_of_device(self):
        own = self.house.pki / "devices" / DEVICE
        return {path.name: (carve.scalar_of(path), path.read_bytes()) for path in sorted(own.glob("*.key"))}

    # The wire: every packet of the loopback from or to the broker's port.
    def start_capture(self):
        if os.geteuid() != 0:
            print("not root: the wire is not captured, the broker's disk and messages are")
            return None
        packets = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        packets.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 << 20)
        packets.bind(("lo", 0))
        packets.setblocking(False)
        return packets

    def stop_capture(self, packets):
        if packets is None:
            return None
        port = self.house.port.to_bytes(2, "big")
        content = bytearray()
        with packets:
            while True:
                try:
                    packet = packets.recv(1 << 17)
                except BlockingIOError:
                    return bytes(content)
                if port in packet[34:58]:  # Ethernet, then IPv4 (20) or IPv6 (40), then the two ports
                    content += packet[54:]


class Memory(Image):
    """The memory of the running device: what reader and uplink hold, read by root from outside."""

    IDLE_FRAMES = 75  # 5 s of an empty road
    TAIL_S = 600

    def setUp(self):
        super().setUp()
        if os.geteuid() != 0:
            print("SKIPPED: only root reads the memory of a process that cannot be dumped")
            self.skipTest("not root")
        self.status = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.status.bind(str(self.folder / "notify"))
        self.status.setblocking(False)
        self.last_status = ""

    def tearDown(self):
        if hasattr(self, "status"):
            self.status.close()
        super().tearDown()

    def counters(self):
        """What the reader last told its service manager: {"frames": 120, "records": 3}."""
        with contextlib.suppress(BlockingIOError):
            while True:
                message = self.status.recv(65536).decode()
                if "frames=" in message:
                    self.last_status = message
        return {name: int(value) for name, value in re.findall(r"(\w+)=(\d+)", self.last_status)}

    def findings(self, pid, texts):
        found = []
        for name, content in carve.memory_of(pid):
            found += [(name, form) for form in carve.find_texts(content, texts)]
            found += [(name, kind) for kind in carve.find_pictures(content) if kind == "jpeg"]
        return found

    def film_with_an_empty_end(self):
        film = self.folder / "film.mp4"
        subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-i", FILM, "-vf",
                        f"tpad=stop_mode=add:stop_duration={self.TAIL_S}", "-preset", "ultrafast", film], check=True)
        return film

    def start_device(self):
        self.house.write_all_settings(self.film_with_an_empty_end())
        self.house.start_broker()
        self.house.start_opener()
        self.house.start("collector")
        self.start_on_device("uplink")
        self.house.spawn("reader", [self.house.bin / "portcullis-reader", "--config", self.house.settings_file("reader")],
                         cwd=self.scratch, env={**os.environ, "NOTIFY_SOCKET": str(self.folder / "notify")})

    def test_attack_the_memory_of_the_idle_reader_and_of_the_uplink_is_read_no_sealed_text_and_no_picture_is_there(self):
        self.start_device()
        uplink = self.house.processes["uplink"].pid
        texts = {row["text"] for row in passages()}
        seen = 0
        while seen < len(passages()):
            wait_until("a further record", lambda: self.counters().get("records", 0) > seen, ARRIVE_LIMIT_S)
            seen = self.counters()["records"]
            self.assertEqual(self.findings(uplink, texts), [], f"uplink, with {seen} records made")
        idle_from = self.counters()["frames"]
        wait_until("the road is idle", lambda: self.counters()["frames"] >= idle_from + self.IDLE_FRAMES, ARRIVE_LIMIT_S)
        wait_until("everything is delivered", lambda: self.house.spool_depth() <= 1, ARRIVE_LIMIT_S)
        self.opened_blobs = [(kind, blob) for kind, blob in self.house.query(
            self.house.store_file, "SELECT kind, bytes FROM item JOIN blob ON item_id = item.id WHERE kind = 'read'")]
        self.assertGreaterEqual(len(self.opened_blobs), len(passages()))
        texts |= self.texts_read()
        reader = self.house.processes["reader"].pid
        self.assertEqual(self.findings(reader, texts), [], "reader")
        self.assertEqual(self.findings(uplink, texts), [], "uplink")
        self.check_no_core()

    def check_no_core(self):
        """Attack: root lifts the limits from outside and lets the programs crash."""
        for name in ("reader", "uplink", "collector", "opener"):
            with self.subTest(program=name):
                process = self.house.processes.pop(name)
                try:
                    resource.prlimit(process.pid, resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
                except PermissionError:
                    print("this root may not lift limits (CAP_SYS_RESOURCE): they stand as the programs set them")
                process.send_signal(signal.SIGABRT)
                _, status = os.waitpid(process.pid, 0)
                process.returncode = -signal.SIGABRT
                self.assertTrue(os.WIFSIGNALED(status))
                self.assertFalse(os.WCOREDUMP(status))
        self.assertEqual([path for path in carve.files_of(self.scratch) if path.name.startswith("core")], [])

    def test_the_same_eyes_see_what_is_held(self):
        """Control: a process that holds a text and a picture is found out."""
        subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-i", FILM, "-frames:v", "1", self.folder / "p.jpg"], check=True)
        holder = subprocess.Popen([sys.executable, "-c",
                                   "import sys; p = open(sys.argv[1], 'rb').read(); t = ''.join(['ABC', '12', '34']); "
                                   "print(len(t), flush=True); sys.stdin.read()", self.folder / "p.jpg"],
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        with holder:
            holder.stdout.readline()
            found = {what for _, what in self.findings(holder.pid, {"ABC1234"})}
            holder.stdin.close()
        self.assertGreaterEqual(found, {"plain", "jpeg"})


if __name__ == "__main__":
    BIN = road_test.BIN = os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=2)
