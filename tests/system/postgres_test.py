#!/usr/bin/env python3
"""The collector as it is shipped over a real PostgreSQL server that crashes: with no more rights than it needs, nothing is lost.

usage: postgres_test.py BIN_DIR [unittest arguments]
Needs mosquitto, openssl and postgresql.
"""
import csv
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

import road_test
from road_test import ARRIVE_LIMIT_S, Road, cut_pictures
from house import wait_until

OWNER, COLLECTOR, AUDITOR = "portcullis-owner", "portcullis-collector", "portcullis-auditor"


def programs():
    """Of the newest server that is installed."""
    found = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return found[-1].parent if found else None


class Server:
    """On a Unix socket alone; as root it runs as the user postgres, because it refuses to be root."""

    def __init__(self):
        memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # what a disk's syncs take says nothing here
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="portcullis-postgres-", dir=memory))
        self.as_user = []
        if os.geteuid() == 0:
            user = pwd.getpwnam("postgres")
            os.chown(self.folder, user.pw_uid, user.pw_gid)
            self.as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        subprocess.run([*self.as_user, programs() / "initdb", "-D", self.folder / "data", "-U", "administrator", "-E", "UTF8",
                        "--locale=C", "--auth=trust", "--no-sync"], check=True, capture_output=True, cwd="/")
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            [*self.as_user, programs() / "postgres", "-D", self.folder / "data", "-k", self.folder, "-c", "listen_addresses=",
             "-c", "shared_buffers=16MB"], cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until("the server answers", lambda: self.rows("postgres", "SELECT 1"), ARRIVE_LIMIT_S)

    def crash(self):
        """No shutdown: the next start recovers."""
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait()

    def rows(self, database, sql):
        """None while the server is away."""
        told = subprocess.run(["psql", "-X", "-q", "--csv", "-t", "-h", self.folder, "-U", "administrator", "-d", database, "-c", sql],
                              capture_output=True, text=True, check=False)
        return list(csv.reader(told.stdout.splitlines())) if told.returncode == 0 else None

    def close(self):
        if self.process.poll() is None:
            self.crash()
        shutil.rmtree(self.folder, ignore_errors=True)


class OverPostgres(Road):
    def setUp(self):
        if programs() is None:
            print("SKIPPED: PostgreSQL is not here; run cmake/install-packages tests/packages.txt")
            self.skipTest("no PostgreSQL")
        super().setUp()
        self.server = Server()
        self.addCleanup(self.server.close)
        for sql in (*(f'CREATE ROLE "{role}" LOGIN' for role in (OWNER, COLLECTOR, AUDITOR)),
                    f'CREATE DATABASE portcullis OWNER "{OWNER}"'):
            self.assertIsNotNone(self.server.rows("postgres", sql))
        self.query_file, self.house.query = self.house.query, self.query

    def query(self, path, sql, *values):
        if path != self.house.store_file:
            return self.query_file(path, sql, *values)
        rows = self.server.rows("portcullis", "SET search_path = portcullis; " +
                                sql.replace("hex(chain)", "upper(encode(chain, 'hex'))"))
        return [[int(word) if word.isdigit() and place == 2 else word or None for place, word in enumerate(row)]
                for row in rows or []]

    def settings_for(self, role):
        """The collector's settings, with its store in the server."""
        path = self.house.settings_file("collector")
        lines = path.read_text(encoding="utf-8").splitlines()
        at = lines.index("[store]")
        lines[at + 1:at + 2] = ['kind = "postgresql"', f'host = "{self.server.folder}"', f'user = "{role}"']
        return "\n".join(lines) + "\n"

    def tool(self, *arguments):
        return subprocess.run([pathlib.Path(road_test.BIN) / "portcullis", *arguments], capture_output=True, text=True, check=False)

    def make_store(self):
        """The tables, with their owner's rights; gives the settings of an auditor."""
        auditor = self.folder / "auditor.toml"
        auditor.write_text(self.settings_for(AUDITOR), encoding="utf-8")
        settings = self.house.settings_file("collector")
        settings.write_text(self.settings_for(COLLECTOR), encoding="utf-8")
        made = self.tool("store", "make", "--config", settings, "--owner", OWNER, "--reader", AUDITOR)
        self.assertEqual(made.returncode, 0, made.stderr)
        return auditor


class Postgres(OverPostgres):
    def test_a_server_that_crashes_and_a_collector_killed_beside_it_lose_and_double_nothing(self):
        self.house.write_all_settings(cut_pictures(self.folder / "pictures", 6), stills=True, rate=4)
        auditor = self.make_store()
        self.house.start_broker()
        self.house.start_opener()
        for program in ("collector", "uplink", "reader"):
            self.house.start(program)
        wait_until("a read arrived", self.reads, ARRIVE_LIMIT_S)
        self.server.crash()
        self.house.kill("collector")
        self.server.start()
        self.house.start("collector")
        wait_until("another read arrived", lambda: len(self.reads()) > 1, ARRIVE_LIMIT_S)
        self.server.crash()  # under a collector that goes on
        self.server.start()
        self.wait_for_reader()
        self.wait_for_empty_spool()
        self.wait_for_verdicts()
        self.assert_all_records_arrived(at_least=6)
        verify = self.tool("verify", auditor)
        self.assertEqual(verify.returncode, 0, verify.stdout + verify.stderr)
        exposure = self.tool("audit", "exposure", "--since", "1d", "--device", "gate-1", "--config",
                             self.house.settings_file("opener"), "--store", auditor)
        self.assertEqual(exposure.returncode, 1, exposure.stdout + exposure.stderr)  # they stand open to who has the device
        self.assertFalse(self.house.store_file.exists())


if __name__ == "__main__":
    road_test.BIN = sys.argv.pop(1)
    unittest.main(verbosity=2)
