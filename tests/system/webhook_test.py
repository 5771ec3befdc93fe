#!/usr/bin/env python3
"""Webhooks, with the programs as they are shipped: an opener that has reads, the forwarder behind the filters of its unit, the relay
of its unit, and receivers that speak TLS.

usage: webhook_test.py BIN_DIR [unittest arguments]
Needs mosquitto, openssl, systemd (systemd-socket-proxyd, systemd-socket-activate, systemd-analyze) and python3-jsonschema.
"""
import http.server
import json
import os
import pathlib
import pwd
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import unittest
import urllib.parse

import jsonschema

SOURCE = pathlib.Path(__file__).resolve().parents[2]
BOARD = SOURCE / "board" / "host"
sys.path.insert(0, str(BOARD))
import carve  # noqa: E402
from house import House, free_port, wait_until  # noqa: E402

BIN = ""
LIMIT_S = 120
FILM = SOURCE / "tests" / "data" / "road.mp4"
PROXY = pathlib.Path("/lib/systemd/systemd-socket-proxyd")
TOOLS = ("mosquitto", "openssl", "systemd-socket-activate", "systemd-analyze")
US = pwd.getpwuid(os.geteuid()).pw_name
NAME = "receiver.example"  # no machine resolves it: only the relay knows where it is
SECRET, OLD_SECRET = "new-secret-of-more-than-32-letters", "old-secret-of-more-than-32-letters"
TOLD = {}  # what is_ours is in the README


def read_the_readme():
    """How a receiver knows us: the very text that receivers are given."""
    text = (SOURCE / "firmware" / "forward" / "README.md").read_text(encoding="utf-8")
    exec(re.search(r"(?s)```python\n(.*?)```", text).group(1), TOLD)  # pylint: disable=exec-used


class Receiver:
    """A receiver on the loopback. answers: status, or (status, headers), of each request in turn, None: hangs up; then 200."""

    def __init__(self, certificate, answers=(), version=ssl.TLSVersion.TLSv1_3, clients=None):
        self.requests = []
        self.answers = list(answers)
        self.lock = threading.Lock()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with receiver.lock:
                    receiver.requests.append((self.path, dict(self.headers), body))
                    answer = receiver.answers.pop(0) if receiver.answers else 200
                if answer is None:
                    self.close_connection = True
                    return
                status, headers = answer if isinstance(answer, tuple) else (answer, {})
                self.send_response(status)
                for key, value in {"Content-Length": "0", **headers}.items():
                    self.send_header(key, value)
                self.end_headers()

            def log_message(self, *_):
                pass

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.maximum_version = version
        context.load_cert_chain(f"{certificate}.crt", f"{certificate}.key")
        if clients:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(clients)

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def get_request(self):
                plain, address = self.socket.accept()
                return context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False), address

            def handle_error(self, *_):
                pass  # a handshake that we refuse, or that is refused

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def told(self, path=None):
        with self.lock:
            return [request for request in self.requests if path in (None, request[0])]

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Webhooks(unittest.TestCase):
    """The road runs once; then the opener alone stays, and shows what it keeps to each forwarder."""

    @classmethod
    def setUpClass(cls):
        path = os.environ["PATH"] + ":/usr/sbin"
        missing = [tool for tool in TOOLS if shutil.which(tool, path=path) is None] + ([] if PROXY.exists() else [PROXY.name])
        if missing:
            print(f"SKIPPED: not installed: {', '.join(missing)}")
            raise unittest.SkipTest("a tool is missing")
        read_the_readme()
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="portcullis-webhook-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.house = House(cls.folder / "house", BIN)
        cls.addClassCleanup(cls.house.close)
        cls.house.make_keys()
        cls.house.write_all_settings(FILM, stills=False, rate=150)
        cls.house.start_broker()
        cls.house.start_opener()
        for program in ("collector", "uplink", "reader"):
            cls.house.start(program)
        assert cls.house.processes["reader"].wait(LIMIT_S) == 0, cls.house.log_text("reader")
        cls.house.processes.pop("reader")
        cls.house.drain(LIMIT_S)
        wait_until("every item has a verdict", lambda: cls.house.items() and not cls.house.items_without_verdict(), LIMIT_S)
        for name in ("uplink", "collector", "broker"):
            cls.house.stop(name)
        stored = cls.house.query(cls.house.store_file, "SELECT count(*) FROM item WHERE kind = 'read'")[0][0]
        wait_until("the opener shows every read", lambda: len(cls.look()) == stored, LIMIT_S)
        cls.shown = cls.look()
        cls.views = [view for view in cls.shown if view["text"]]  # an unread plate is no read to tell of
        assert len(cls.views) >= 3, cls.views
        cls.plates = sorted({view["text"] for view in cls.views})
        cls.ids = [f"{view['device']}/{view['chain']}/{view['seq']}" for view in cls.views]
        cls.make_certificates()

    @classmethod
    def look(cls):
        """The reads that the opener keeps, seen by a person."""
        shown = subprocess.run([cls.house.bin / "portcullis", "tail", "--socket", cls.house.view_socket, "--purpose", "test", "--case",
                                "2026-1", "--json", "--last", "1000", "--timeout", "2"], capture_output=True, text=True, check=False)
        assert shown.returncode == 0, shown.stderr
        views = [json.loads(line) for line in shown.stdout.splitlines()]
        return [view for view in views if view["kind"] == "read"]

    @classmethod
    def make_certificates(cls):
        """ca, other-ca; receiver (of ca), stranger (of other-ca), elsewhere (of ca, another name), client (of ca)."""
        def openssl(*arguments):
            subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, cwd=cls.folder)
        key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
        for ca in ("ca", "other-ca"):
            openssl("req", "-x509", *key, "-subj", f"/CN={ca}", "-days", "2", "-keyout", f"{ca}.key", "-out", f"{ca}.crt")
        for name, ca, host in (("receiver", "ca", NAME), ("stranger", "other-ca", NAME), ("elsewhere", "ca", "another.example"),
                               ("client", "ca", "client.example")):
            openssl("req", *key, "-subj", f"/CN={host}", "-keyout", f"{name}.key", "-out", f"{name}.csr")
            (cls.folder / "extensions").write_text(f"subjectAltName=DNS:{host}\n", encoding="utf-8")
            openssl("x509", "-req", "-in", f"{name}.csr", "-CA", f"{ca}.crt", "-CAkey", f"{ca}.key", "-CAcreateserial", "-days", "2",
                    "-extfile", "extensions", "-out", f"{name}.crt")
            (cls.folder / f"{name}.key").chmod(0o600)

    def setUp(self):
        self.own = pathlib.Path(tempfile.mkdtemp(prefix="own-", dir=self.folder))  # whatever the forwarder might write
        self.hooks = []
        self.running = []

    def tearDown(self):
        for process in reversed(self.running):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                process.wait(LIMIT_S)
        outcome = self._outcome.result
        if any(test is self for test, _ in outcome.failures + outcome.errors):
            relays = (self.own / "relay.log").read_text(errors="replace") if (self.own / "relay.log").exists() else ""
            for name, text in (("opener", self.house.log_text("opener")), ("relays", relays), ("forwarder", self.log())):
                print(f"--- {name}\n{text[-3000:]}", file=sys.stderr)

    # --- what the tests share -------------------------------------------------------------------------------------
    def receiver(self, certificate="receiver", **options):
        receiver = Receiver(self.folder / certificate, **options)
        self.addCleanup(receiver.close)
        return receiver

    def relay(self, port):
        """As its units make it: listens at a Unix socket, carries bytes to one port."""
        listens = self.own / f"relay-{port}.sock"
        with open(self.own / "relay.log", "ab") as log:
            # As systemd leaves it to its units (IgnoreSIGPIPE=), a peer that hangs up ends no relay.
            self.running.append(subprocess.Popen(["systemd-socket-activate", "-l", listens, PROXY, f"127.0.0.1:{port}"],
                                                 stdout=log, stderr=log, stdin=subprocess.DEVNULL, restore_signals=False))
        wait_until("the relay listens", listens.exists, LIMIT_S)
        return listens

    def hook(self, name, relay, path="/reads", secrets=(SECRET,), **keys):
        files = []
        for number, secret in enumerate(secrets):
            files.append(self.own / f"{name}-{number}.secret")
            files[-1].write_text(secret + "\n", encoding="utf-8")
            files[-1].chmod(0o600)
        self.hooks.append({"name": name, "url": f"https://{NAME}{path}", "relay": str(relay), "ca": str(self.folder / "ca.crt"),
                           "secrets": [str(file) for file in files], "back_off_limit_s": 1, **keys})

    def write_settings(self):
        lines = ["[view]", f"sockets = {json.dumps([str(self.house.view_socket)])}", 'purpose = "test"', 'case = "webhook-17"']
        for hook in self.hooks:
            lines += ["[[hook]]", *(f"{key} = {json.dumps(value)}" for key, value in hook.items())]
        settings = self.own / "forwarder.toml"
        settings.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return settings

    def start(self):
        settings = self.write_settings()
        program = pathlib.Path(BIN).resolve() / "portcullis-forwarder"
        checked = subprocess.run([program, "--config", settings, "--check"], capture_output=True, text=True, check=False)
        self.assertEqual(checked.returncode, 0, checked.stderr)
        (self.own / "tmp").mkdir()
        environment = {**os.environ, "SSLKEYLOGFILE": str(self.own / "keys.log"), "HTTPS_PROXY": "http://127.0.0.1:9",
                       "ALL_PROXY": "http://127.0.0.1:9", "TMPDIR": str(self.own / "tmp"), "HOME": str(self.own)}
        with open(self.own / "forwarder.log", "ab") as log:
            process = subprocess.Popen([sys.executable, SOURCE / "tests/system/unit_filter.py",
                                        BOARD / "systemd" / "portcullis-forwarder.service", program, "--config", settings],
                                       stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=self.own, env=environment)
        self.running.append(process)
        return process

    def stop(self, process):
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(LIMIT_S), 0, self.log())

    def log(self):
        path = self.own / "forwarder.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def wait_for_words(self, *words):
        for word in words:
            wait_until(f"the forwarder says '{word}'", lambda word=word: word in self.log(), LIMIT_S)

    def ids_told(self, receiver, path=None):
        return [headers["Portcullis-Id"] for _, headers, _ in receiver.told(path)]

    def wait_for_all(self, receiver, path=None):
        wait_until("every read is told", lambda: set(self.ids) <= set(self.ids_told(receiver, path)), LIMIT_S)

    def entries(self, case):
        texts = self.house.query(self.house.audit_file, "SELECT text FROM entry")
        entries = [json.loads(text) for text, in texts]
        return [entry for entry in entries if entry.get("case") == case and entry["what"] == "view"]

    def assert_nothing_readable_is_left(self):
        """Of the forwarder: its log, and whatever it may have written where it runs."""
        self.assertFalse((self.own / "keys.log").exists())
        files = [path for path in self.own.rglob("*") if path.is_file()]
        self.assertIn(self.own / "forwarder.log", files)
        self.assertEqual(list((self.own / "tmp").iterdir()), [])
        for path in files:
            with self.subTest(file=path.name):
                self.assertEqual(carve.find_texts(path.read_bytes(), self.plates), [])

    # --- what is shown --------------------------------------------------------------------------------------------
    def test_every_read_arrives_signed_over_failures_in_each_shape_and_a_dead_receiver_holds_nobody_up(self):
        ours = self.receiver(answers=[503, None, (429, {"Retry-After": "1"}), (302, {"Location": f"https://{NAME}/elsewhere"}), 422])
        theirs = self.receiver()
        relay = self.relay(theirs.port)
        self.hook("dead", self.relay(free_port()))
        self.hook("ours", self.relay(ours.port))
        self.hook("openalpr", relay, "/openalpr", shape="openalpr")
        self.hook("platerecognizer", relay, "/platerecognizer", shape="platerecognizer")
        before = len(self.entries("webhook-17"))
        forwarder = self.start()
        self.wait_for_all(ours)
        self.wait_for_all(theirs, "/openalpr")
        self.wait_for_all(theirs, "/platerecognizer")
        self.wait_for_words("the receiver takes nothing, and is asked again hook=dead ", "refused by the receiver hook=ours ")
        status = pathlib.Path(f"/proc/{forwarder.pid}/status").read_text(encoding="utf-8")
        self.assertRegex(status, r"(?m)^Seccomp:\s+2$")
        self.assertGreaterEqual(int(re.search(r"(?m)^Seccomp_filters:\s+(\d+)$", status).group(1)), 2)  # its unit's and its own
        self.assertRegex(status, r"(?m)^NoNewPrivs:\s+1$")
        self.assert_no_network_socket(forwarder)
        self.stop(forwarder)
        # The first one four times in vain; then it was refused; the others once, in their order.
        self.assertEqual(self.ids_told(ours), self.ids[:1] * 5 + self.ids[1:])
        self.assertNotIn("/elsewhere", [path for path, _, _ in ours.told()])
        schema = json.loads((SOURCE / "firmware/forward/webhook.schema.json").read_text(encoding="utf-8"))
        by_id = dict(zip(self.ids, self.views))
        for _, headers, body in ours.told():
            self.assertTrue(TOLD["is_ours"](headers["Portcullis-Signature"], body, [SECRET.encode()]))
            self.assertFalse(TOLD["is_ours"](headers["Portcullis-Signature"], body + b" ", [SECRET.encode()]))
            self.assertFalse(TOLD["is_ours"](headers["Portcullis-Signature"], body, [OLD_SECRET.encode()]))
            self.assertEqual(headers["Portcullis-Hook"], "ours")
            told = json.loads(body)
            jsonschema.validate(told, schema)
            view = by_id[told["id"]]
            self.assertEqual(told["id"], headers["Portcullis-Id"])
            self.assertEqual([told["plate"][key] for key in ("text", "published", "raw", "confidence", "characters")],
                             [view[key] for key in ("text", "published", "raw", "confidence", "characters")])
            self.assertEqual(told["verdict"]["words"], view["verdict"])
        groups = [json.loads(body) for _, _, body in theirs.told("/openalpr")]
        self.assertEqual([(group["best_uuid"], group["best_plate_number"]) for group in groups],
                         list(zip(self.ids, (view["text"] for view in self.views))))
        for _, headers, body in theirs.told("/platerecognizer"):
            self.assertTrue(TOLD["is_ours"](headers["Portcullis-Signature"], body, [SECRET.encode()]))
            told = json.loads(urllib.parse.parse_qs(body.decode(), strict_parsing=True)["json"][0])
            self.assertEqual(told["data"]["results"][0]["plate"], by_id[headers["Portcullis-Id"]]["text"].lower())
        # Each look stands in the audit log, with the account, once for all hooks.
        entered = self.entries("webhook-17")[before:]
        self.assertEqual(sum(entry["verdict"] == "granted" for entry in entered), len(self.shown))
        self.assertEqual({(entry["who"], entry["purpose"]) for entry in entered}, {(US, "test")})
        self.assert_nothing_readable_is_left()
        self.assertTrue(carve.find_texts(ours.told()[0][2], self.plates))  # control: what would have been found

    def assert_no_network_socket(self, process):
        """Each of its sockets stands in the kernel's list of Unix sockets. Its descriptors are root's to see: it cannot be dumped."""
        if os.geteuid() != 0:
            return
        inodes = {line.split()[6] for line in pathlib.Path(f"/proc/{process.pid}/net/unix").read_text().splitlines()[1:]}
        links = [os.readlink(path) for path in pathlib.Path(f"/proc/{process.pid}/fd").iterdir()]
        sockets = [link[len("socket:["):-1] for link in links if link.startswith("socket:")]
        self.assertGreaterEqual(len(sockets), 2)  # the opener, a relay
        self.assertLessEqual(set(sockets), inodes)

    def test_only_the_receiver_that_is_meant_is_told_anything(self):
        strange = self.receiver("stranger")
        old = self.receiver(version=ssl.TLSVersion.TLSv1_2)
        named = self.receiver("elsewhere")
        mutual = self.receiver(clients=self.folder / "ca.crt")
        mutual_relay = self.relay(mutual.port)
        with socket.socket() as plain:
            plain.bind(("127.0.0.1", 0))
            plain.listen()
            self.hook("strange", self.relay(strange.port))
            self.hook("old", self.relay(old.port))
            self.hook("named", self.relay(named.port))
            self.hook("nobody", self.relay(plain.getsockname()[1]), connect_timeout_ms=500, timeout_ms=1000)
            self.hook("unknown", mutual_relay, "/unknown")
            self.hook("known", mutual_relay, "/known", certificate=str(self.folder / "client.crt"), key=str(self.folder / "client.key"))
            forwarder = self.start()
            self.wait_for_all(mutual, "/known")
            refused = ("strange", "old", "named", "nobody", "unknown")
            self.wait_for_words(*(f"is asked again hook={name} " for name in refused))
            self.stop(forwarder)
        for receiver in (strange, old, named):
            self.assertEqual(receiver.told(), [])
        self.assertEqual(mutual.told("/unknown"), [])
        for name in refused:
            self.assertRegex(self.log(), rf'hook={name} why="[^"]+"')
        self.assert_nothing_readable_is_left()

    def test_attack_the_memory_of_the_forwarder_is_read_no_text_that_was_told_is_there(self):
        if os.geteuid() != 0:
            print("not root: the memory of the forwarder is not read")
            self.skipTest("not root")
        receiver = self.receiver(answers=[503] * 1000)
        relay = self.relay(receiver.port)
        self.hook("ours", relay)
        self.hook("openalpr", relay, "/openalpr", shape="openalpr")
        self.hook("platerecognizer", relay, "/platerecognizer", shape="platerecognizer")
        forwarder = self.start()

        def texts_left():
            return [form for _, content in carve.memory_of(forwarder.pid) for form in carve.find_texts(content, self.plates)]

        wait_until("texts wait in memory (control)", texts_left, LIMIT_S)
        with receiver.lock:
            receiver.answers = []
        for path in ("/reads", "/openalpr", "/platerecognizer"):
            self.wait_for_all(receiver, path)
        wait_until("no text is left", lambda: not texts_left(), LIMIT_S)  # the last answer may still be on its way
        self.stop(forwarder)

    def test_a_secret_is_replaced_while_the_receiver_is_away(self):
        receiver = self.receiver(answers=[503] * 1000)
        self.hook("ours", self.relay(receiver.port), secrets=(OLD_SECRET, OLD_SECRET))
        forwarder = self.start()
        wait_until("it is told once", receiver.told, LIMIT_S)
        pathlib.Path(self.hooks[0]["secrets"][0]).write_text(SECRET, encoding="utf-8")
        forwarder.send_signal(signal.SIGHUP)
        self.wait_for_words("secrets and certificates were looked at again")
        with receiver.lock:
            seen = len(receiver.requests) + 1  # one may be on its way
            receiver.answers = [503]
        wait_until("every read is told", lambda: set(self.ids) <= set(self.ids_told(receiver)[seen:]), LIMIT_S)
        self.stop(forwarder)
        for _, headers, body in receiver.told()[seen:]:
            for secret in (SECRET, OLD_SECRET):
                self.assertTrue(TOLD["is_ours"](headers["Portcullis-Signature"], body, [secret.encode()]))
        self.assertFalse(TOLD["is_ours"](receiver.told()[0][1]["Portcullis-Signature"], receiver.told()[0][2], [SECRET.encode()]))

    def test_an_account_that_the_policy_does_not_name_gets_nothing_until_it_does(self):
        version = 1 + max(entry["seq"] for entry in self.policies())
        self.house.write_access_policy({"somebody-else": "operator"}, version=version)
        self.reload_opener()
        receiver = self.receiver()
        self.hook("ours", self.relay(receiver.port))
        forwarder = self.start()
        self.wait_for_words(f"'{US}' does not stand in the access policy", "name this account in the access policy")
        self.assertEqual(receiver.told(), [])
        self.house.write_access_policy(version=version + 1)
        self.reload_opener()
        self.wait_for_all(receiver)
        self.stop(forwarder)
        self.assertEqual(self.ids_told(receiver), self.ids)

    def policies(self):
        texts = self.house.query(self.house.audit_file, "SELECT text FROM entry")
        return [entry for entry in (json.loads(text) for text, in texts) if entry["what"] == "policy"]

    def reload_opener(self):
        before = self.house.log_text("opener").count("looked at again")
        self.house.processes["opener"].send_signal(signal.SIGHUP)
        wait_until("the opener reads again", lambda: self.house.log_text("opener").count("looked at again") > before, LIMIT_S)

    def test_settings_that_are_wrong_are_refused_before_anything_is_told(self):
        self.hook("ours", self.own / "relay.sock")
        pathlib.Path(self.hooks[0]["secrets"][0]).chmod(0o644)
        program = pathlib.Path(BIN).resolve() / "portcullis-forwarder"
        for arguments in ((), ("--check",)):
            ended = subprocess.run([program, "--config", self.write_settings(), *arguments], capture_output=True, text=True,
                                   timeout=LIMIT_S, check=False)
            self.assertEqual(ended.returncode, 2, ended.stderr)
            self.assertIn("hook ours", ended.stderr)


if __name__ == "__main__":
    BIN = sys.argv.pop(1)
    unittest.main(verbosity=2)
