#!/usr/bin/env python3
"""The collector as it is shipped over a real PostgreSQL server that crashes: with no more rights than it needs, nothing is lost.

usage: postgres_test.py BIN_DIR [unittest arguments]
Needs mosquitto, openssl and postgresql.
"""
import pathlib
import subprocess
import sys
import unittest

import road_test
from road_test import ARRIVE_LIMIT_S, SOURCE, Road, cut_pictures
from house import wait_until

sys.path.insert(0, str(SOURCE / "tests" / "support"))
from postgres_server import AUDITOR, COLLECTOR, OWNER, Server, programs  # noqa: E402

class OverPostgres(Road):
    def setUp(self):
        if programs() is None:
            print("SKIPPED: PostgreSQL is not here; run cmake/install-packages tests/packages.txt")
            self.skipTest("no PostgreSQL")
        super().setUp()
        self.server = Server()
        self.addCleanup(self.server.close)
        self.server.make_database()
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
        lines[at + 1:at + 2] = [f'{key} = "{value}"' for key, value in self.server.store(role).items()]
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
