#!/usr/bin/env python3
"""The API as it is shipped, behind the real relay: who gets in, what he is told, what the audit log says, who cannot hold it up.

usage: api_test.py BIN_DIR [unittest arguments]
Needs mosquitto, openssl, ffmpeg and systemd (systemd-socket-activate, systemd-socket-proxyd). PORTCULLIS_IDLE: idle connections, 300.
"""
import contextlib
import http.client
import json
import os
import pathlib
import pwd
import re
import resource
import shutil
import signal
import socket
import ssl
import sys
import tempfile
import unittest

SOURCE = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SOURCE / "board" / "host"))
import road_test  # noqa: E402
from house import House, wait_until  # noqa: E402

BIN = ""
LIMIT_S = 120
IDLE = int(os.environ.get("PORTCULLIS_IDLE", 300))
CONNECTIONS = 128
US = pwd.getpwuid(os.geteuid()).pw_name
PEOPLE = {"alice": "operator", "carol": "auditor"}
SEARCH = {"purpose": "test", "case_number": "2026-1"}


class Api(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        for program in ("mosquitto", "systemd-socket-activate"):
            if shutil.which(program, path=os.environ["PATH"] + ":/usr/sbin") is None:
                print(f"SKIPPED: {program} is not installed")
                raise unittest.SkipTest(f"no {program}")
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="portcullis-api-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.house = House(cls.folder / "house", BIN)
        cls.addClassCleanup(cls.house.close)
        cls.house.make_keys()
        cls.house.make_people("alice", "carol", "mallory")
        cls.house.write_access_policy(PEOPLE, gateways=[US])
        cls.house.write_all_settings(road_test.cut_pictures(cls.folder / "pictures", 3), stills=True)
        cls.house.write_api_settings(connections=CONNECTIONS, per_account=8, sign_in_s=60, request_s=20)
        cls.house.start_broker()
        cls.house.start_opener()
        for program in ("collector", "uplink", "reader"):
            cls.house.start(program)
        wait_until("reads came", lambda: [item for item in cls.house.items() if item["kind"] == "read"], LIMIT_S)
        wait_until("each item has a verdict", lambda: not cls.house.items_without_verdict(), LIMIT_S)
        cls.port = cls.house.start_api()

    # --- what the tests share -------------------------------------------------------------------------------------
    def context(self, account=None, ca="people"):
        context = ssl.create_default_context(cafile=self.house.pki / "people" / "ca.crt")
        if account:
            folder = self.house.pki / ca
            context.load_cert_chain(folder / f"{account}.crt", folder / f"{account}.key")
        return context

    def connect(self, context):
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=LIMIT_S)
        return context.wrap_socket(plain, server_hostname="localhost")

    def ask(self, account, method, path, body=None, **headers):
        """Status, content type and body; JSON is taken apart."""
        connection = http.client.HTTPSConnection("localhost", self.port, context=self.context(account), timeout=LIMIT_S)
        with contextlib.closing(connection):
            if body is not None:
                headers.setdefault("Content-Type", "application/json")
                body = json.dumps(body)
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            kind, text = answer.headers["Content-Type"], answer.read().decode()
        return answer.status, kind, json.loads(text) if "json" in kind else text

    def raw(self, account, request):
        """What comes back for these very bytes, until the connection ends."""
        with self.connect(self.context(account)) as stream:
            stream.sendall(request)
            answer = b""
            with contextlib.suppress(ssl.SSLError, ConnectionError):
                while part := stream.recv(65536):
                    answer += part
        return answer

    def entries(self, what):
        texts = self.house.query(self.house.audit_file, "SELECT text FROM entry ORDER BY number")
        return [entry for entry in (json.loads(text) for text, in texts) if entry["what"] == what]

    def assert_not_let_in(self, context):
        """In TLS 1.3 a client hears of it with the first answer."""
        with self.assertRaises((ssl.SSLError, ConnectionError)):
            with self.connect(context) as stream:
                stream.sendall(b"GET /v1/me HTTP/1.1\r\nHost: localhost\r\n\r\n")
                if not stream.recv(1):
                    raise ConnectionError("ended without a word")

    # --- who gets in ----------------------------------------------------------------------------------------------
    def test_who_has_no_certificate_of_the_peoples_ca_or_no_tls_1_3_is_not_let_in(self):
        self.assertEqual(self.ask("alice", "GET", "/v1/me")[0], 200)  # control
        self.assert_not_let_in(self.context())
        old = self.context("alice")
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_2
        self.assert_not_let_in(old)
        self.assert_not_let_in(self.context("identity", ca=f"devices/{self.house.device}"))  # of another CA
        self.assert_not_let_in(self.context("api"))  # a server's certificate, of the CA itself; it is in no policy

    def test_a_certificate_is_no_right_and_nobody_is_anybody_by_default(self):
        status, kind, problem = self.ask("mallory", "GET", "/v1/me")
        self.assertEqual((status, kind), (403, "application/problem+json"))
        self.assertIn("does not stand in the access policy", problem["detail"])
        self.assertEqual(self.ask("mallory", "POST", "/v1/searches", SEARCH)[0], 403)
        me = self.ask("alice", "GET", "/v1/me")[2]
        self.assertEqual((me["account"], me["role"]), ("alice", "operator"))

    # --- what he is told, and what the log says -------------------------------------------------------------------
    def test_an_operator_finds_a_plate_and_the_audit_log_names_him_and_the_way(self):
        everything = self.ask("alice", "POST", "/v1/searches", SEARCH)[2]
        plates = sorted({read["plate"] for read in everything["found"]} - {""})
        self.assertTrue(plates, everything)
        status, _, found = self.ask("alice", "POST", "/v1/searches", {**SEARCH, "plate": plates[0], "case_number": "2026-77"})
        self.assertEqual(status, 200)
        self.assertTrue(found["found"])
        self.assertEqual({read["plate"] for read in found["found"]}, {plates[0]})
        entered = [entry for entry in self.entries("search") + self.entries("found") if entry["case"] == "2026-77"]
        self.assertEqual(len(entered), 1 + len(found["found"]))
        for entry in entered:
            self.assertEqual((entry["who"], entry["via"], entry["role"], entry["verdict"]), ("alice", US, "operator", "granted"))
        device = self.house.device
        question = {**SEARCH, "entry": [{"device": device}], "exit": [{"device": device}], "entry_direction": "approaching",
                    "exit_direction": "receding", "from": "2026-01-01", "to": "2026-01-02T00:00:00Z"}
        self.assertEqual(self.ask("alice", "POST", "/v1/crossings", question)[0], 200)
        self.assertEqual(self.entries("crossings")[-1]["who"], "alice")
        for name in ("api", "relay", "opener"):
            self.assertNotIn(plates[0], self.house.log_text(name))

    def test_an_auditor_gets_no_plate_and_the_audit_log_says_that_he_tried(self):
        status, _, problem = self.ask("carol", "POST", "/v1/searches", {**SEARCH, "case_number": "2026-78"})
        self.assertEqual(status, 403)
        self.assertIn("is an auditor and sees no plate", problem["detail"])
        tried = wait_until("the entry", lambda: [entry for entry in self.entries("search") if entry["case"] == "2026-78"], LIMIT_S)
        self.assertEqual((tried[0]["who"], tried[0]["via"], tried[0]["role"], tried[0]["verdict"]),
                         ("carol", US, "auditor", "refused"))
        status, kind, metrics = self.ask("carol", "GET", "/metrics")
        self.assertEqual((status, kind), (200, "text/plain; version=0.0.4; charset=utf-8"))
        self.assertIn('\nportcullis_opener_up{opener="1"} 1\n', metrics)
        self.assertIn("\nportcullis_store_up 1\n", metrics)
        self.assertIn(f'portcullis_device_items{{device="{self.house.device}"}}', metrics)
        self.assertEqual(self.ask("alice", "GET", "/metrics")[0], 403)

    def test_devices_incidents_and_the_description_are_told(self):
        for account in PEOPLE:
            devices = self.ask(account, "GET", "/v1/devices")[2]["devices"]
            self.assertEqual([device["device"] for device in devices], [self.house.device])
            self.assertGreater(devices[0]["chains"][0]["received"], 0)
            self.assertEqual(self.ask(account, "GET", "/v1/incidents")[0], 200)
        told = self.ask("carol", "GET", "/v1/openapi.json")[2]
        with open(SOURCE / "firmware" / "api" / "openapi.json", encoding="utf-8") as file:
            self.assertEqual(told, json.load(file))

    def test_without_a_gateway_in_the_policy_nothing_is_answered_in_anybodys_name(self):
        self.addCleanup(self.change_policy, 3, PEOPLE, [US])
        self.change_policy(2, PEOPLE, [])
        status, _, problem = self.ask("alice", "POST", "/v1/searches", SEARCH)
        self.assertEqual(status, 403)
        self.assertIn("is no gateway of the access policy", problem["detail"])

    def change_policy(self, version, people, gateways):
        self.house.write_access_policy(people, version=version, gateways=gateways)
        self.house.processes["opener"].send_signal(signal.SIGHUP)
        taken = f"version={version} "
        wait_until("the opener has it", lambda: taken in self.house.log_text("opener"), LIMIT_S)
        wait_until("the API has it", lambda: self.ask("alice", "GET", "/v1/me")[2]["policy_version"] == version, LIMIT_S)

    # --- bad input ------------------------------------------------------------------------------------------------
    def test_requests_that_are_none_are_refused_each_with_its_reason(self):
        head = b"GET /v1/me HTTP/1.1\r\nHost: localhost\r\n"
        rows = {
            b"GET /v1/../v1/me HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n": 404,
            b"GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n": 404,
            b"GET //v1/me HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n": 404,
            b"GET /v1/me\0 HTTP/1.1\r\nHost: localhost\r\n\r\n": 400,
            b"GET /v1/me HTTP/1.0\r\n\r\n": 505,
            b"\x16\x03\x01\x02\x00 garbage\r\n\r\n": 400,
            b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n\r\n": 431,
            head + b"X: " + b"a" * 9000 + b"\r\n\r\n": 431,
            head + b"".join(b"X-%d: a\r\n" % number for number in range(80)) + b"\r\n": 431,
            b"POST /v1/searches HTTP/1.1\r\nHost: localhost\r\nContent-Length: 20000\r\n\r\n" + b"a" * 20000: 413,
            head + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello": 400,
        }
        for request, status in rows.items():
            with self.subTest(request=request[:40]):
                answer = self.raw("alice", request)
                self.assertTrue(answer.startswith(b"HTTP/1.1 %d " % status), answer[:200])
                self.assertIn(b"application/problem+json", answer)
        status, _, problem = self.ask("alice", "POST", "/v1/searches", {**SEARCH, "plate": "'; DROP TABLE item; --"})
        self.assertEqual((status, problem["status"]), (400, 400))
        self.assertNotIn("DROP", json.dumps(problem))

    def test_several_requests_go_over_one_connection(self):
        connection = http.client.HTTPSConnection("localhost", self.port, context=self.context("alice"), timeout=LIMIT_S)
        with contextlib.closing(connection):
            for _ in range(3):
                connection.request("GET", "/v1/me")
                answer = connection.getresponse()
                self.assertEqual((answer.status, json.loads(answer.read())["account"]), (200, "alice"))

    def test_who_sends_half_a_request_is_let_go(self):
        with self.connect(self.context("alice")) as stream:
            stream.sendall(b"GET /v1/me HTTP/1.1\r\nHost: loc")
            with contextlib.suppress(ssl.SSLError, ConnectionError):
                self.assertEqual(stream.recv(1), b"")

    def test_one_account_has_no_more_than_its_connections(self):
        with contextlib.ExitStack() as held:
            def another():
                """False while one of before is not quite gone."""
                stream = held.enter_context(self.connect(self.context("alice")))
                with contextlib.suppress(ssl.SSLError, ConnectionError):
                    stream.sendall(b"GET /v1/me HTTP/1.1\r\nHost: localhost\r\n\r\n")
                    return stream.recv(1) != b""
                return False

            for _ in range(8):
                wait_until("one more is let in", another, LIMIT_S)
            self.assert_not_let_in(self.context("alice"))
            self.assertEqual(self.ask("carol", "GET", "/v1/me")[0], 200)

    def test_idle_connections_starve_nobody_and_cost_bounded_memory(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        with contextlib.ExitStack() as held:
            for number in range(IDLE):
                idle = held.enter_context(socket.create_connection(("127.0.0.1", self.port), timeout=LIMIT_S))
                if number % 3 == 1:
                    with contextlib.suppress(OSError):
                        idle.sendall(b"\x16\x03\x01\x02\x00\x01")  # begins a handshake, and goes no further
                if number % 100 == 99:
                    self.assertEqual(self.ask("alice", "GET", "/v1/me")[0], 200)
            self.assertEqual(self.ask("alice", "POST", "/v1/searches", SEARCH)[0], 200)
            metrics = self.ask("carol", "GET", "/metrics")[2]
            value = dict(re.findall(r"(?m)^(portcullis_api_\S+) (\S+)$", metrics))
            self.assertLessEqual(float(value["portcullis_api_connections"]), CONNECTIONS + 8)
            if IDLE > 2 * CONNECTIONS:  # those who were silent longest gave way
                self.assertGreater(float(value['portcullis_api_connections_let_go_total{reason="silent"}']), 0)
            self.assertLess(self.memory_kib(), 256 * 1024)

    def memory_kib(self):
        status = pathlib.Path(f"/proc/{self.house.processes['api'].pid}/status").read_text(encoding="utf-8")
        return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1])

    # --- the wall -------------------------------------------------------------------------------------------------
    def test_the_api_has_unix_sockets_alone_behind_its_filter(self):
        process = pathlib.Path(f"/proc/{self.house.processes['api'].pid}")
        status = (process / "status").read_text(encoding="utf-8")
        self.assertRegex(status, r"(?m)^Seccomp:\t2$")
        self.assertRegex(status, r"(?m)^NoNewPrivs:\t1$")
        if os.geteuid() != 0:
            self.skipTest("an undumpable process shows its descriptors to root alone")
        own = {link[8:-1] for link in (os.readlink(fd) for fd in (process / "fd").iterdir()) if link.startswith("socket:[")}
        inodes = {line.split()[6] for line in pathlib.Path("/proc/net/unix").read_text(encoding="utf-8").splitlines()[1:]}
        self.assertTrue(own)
        self.assertLessEqual(own, inodes)


if __name__ == "__main__":
    BIN = sys.argv.pop(1)
    unittest.main(verbosity=2)
