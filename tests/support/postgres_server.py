"""A PostgreSQL server of a test's own: in a temporary folder, on a Unix socket alone, with the roles of a collector's store."""
import csv
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "board" / "host"))
from house import HouseError, wait_until  # noqa: E402

START_LIMIT_S = 120
OWNER, COLLECTOR, AUDITOR = "portcullis-owner", "portcullis-collector", "portcullis-auditor"


def programs():
    """Of the newest server that is installed."""
    found = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return found[-1].parent if found else None


class Server:
    """On a Unix socket alone; as root it runs as the user postgres, because it refuses to be root."""

    def __init__(self, in_memory=True):
        """in_memory: what a disk's syncs take says nothing in a test."""
        memory = "/dev/shm" if in_memory and os.access("/dev/shm", os.W_OK) else None
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
        wait_until("the server answers", lambda: self.rows("postgres", "SELECT 1"), START_LIMIT_S)

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

    def make_database(self):
        """An empty one of the owner's, and the roles that a store knows."""
        for sql in (*(f'CREATE ROLE "{role}" LOGIN' for role in (OWNER, COLLECTOR, AUDITOR)),
                    f'CREATE DATABASE portcullis OWNER "{OWNER}"'):
            if self.rows("postgres", sql) is None:
                raise HouseError(f"the server refused: {sql}")

    def store(self, role):
        """[store] of a collector's settings."""
        return {"kind": "postgresql", "host": str(self.folder), "user": role}
