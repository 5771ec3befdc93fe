#!/usr/bin/env python3
"""The collector under load: devices send reads over a real mosquitto at a given rate; ingest and opener run as shipped.

usage: collector_load.py BIN_DIR --feeder PROGRAM [--devices N] [--rate N] [--seconds S] [--pictures] [--postgresql]
                         [--workers N] [--json]

Tells how long a read took from when it was due to its signed receipt, what each program used of processor and memory, and
how far the opener was behind. Exit code 1 when an item was lost, doubled, doubtful or without a verdict, 0 else: timings
decide nothing. Needs mosquitto, and postgresql where that has the store: a server of its own, in the folder for temporary
files. Several workers, each a collector with an opener, share one there.
"""
import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import time

SOURCE = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(SOURCE / "board" / "host"), str(SOURCE / "tests" / "support")]
from house import House, wait_until  # noqa: E402
from postgres_server import COLLECTOR, OWNER, Server  # noqa: E402
SAMPLES_A_RUN = 60
VERDICT_LIMIT_S = 900.0
FEEDER_LIMIT_S = 240.0  # beyond what it was asked for


def kib(pid, field):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1])
    return 0


def processor_s(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def server_s(server):
    """Processor time of a PostgreSQL server and all that it has started and starts."""
    if server is None:
        return 0.0
    children = subprocess.run(["ps", "-o", "pid=", "--ppid", str(server.process.pid)], capture_output=True, text=True, check=False)
    pids = [server.process.pid, *map(int, children.stdout.split())]
    return sum(processor_s(pid) for pid in pids if pathlib.Path(f"/proc/{pid}").exists())


class Store:
    """What stands in it: a SQLite file's, or a server's."""

    def __init__(self, house, server):
        self.house, self.server = house, server

    def count(self, what):
        """what: a table, and WHERE behind it if need be."""
        sql = f"SELECT count(*) FROM {what}"
        if self.server is None:
            rows = self.house.query(self.house.store_file, sql)
        else:
            rows = self.server.rows("portcullis", f"SET search_path = portcullis; {sql}")
        return int(rows[0][0]) if rows else 0

    def waiting_for_verdict(self):
        return self.count("item WHERE verdict_at IS NULL")


class Watch(threading.Thread):
    """Looks at the programs' memory and the opener's backlog, some sixty times a run."""

    def __init__(self, house, store, programs, seconds):
        super().__init__(daemon=True)
        self.house, self.store, self.pause = house, store, max(0.2, seconds / SAMPLES_A_RUN)
        self.memory = {name: [] for name in programs}
        self.backlog = []
        self.over = threading.Event()

    def run(self):
        while not self.over.wait(self.pause):
            for name, samples in self.memory.items():
                samples.append(kib(self.house.processes[name].pid, "VmRSS"))
            self.backlog.append(self.store.waiting_for_verdict())

    def stop(self):
        self.over.set()
        self.join()


def numbered(program, workers):
    return [program, *(f"{program}-{number}" for number in range(2, workers + 1))]


def start(house, server, devices, workers):
    """Gives the names of the programs."""
    house.make_keys(workers)
    for device in devices[1:]:
        subprocess.run([SOURCE / "board" / "host" / "make-pki", house.pki, "--device", device], check=True,
                       capture_output=True)
    house.write_all_settings("unused", stills=True)
    if server is not None:
        server.make_database()
        house.share_store(workers, server.store(COLLECTOR))
        subprocess.run([house.bin / "portcullis", "store", "make", "--config", house.settings_file("collector"), "--owner", OWNER],
                       check=True, capture_output=True)
    house.start_broker()
    for name in numbered("opener", workers):
        house.start_opener(name)
    for name in numbered("collector", workers):
        house.start(name)
    for name in numbered("collector", workers):
        wait_until(f"{name} listens", lambda name=name: "connected to the broker" in house.log_text(name), 60)
    return ["broker", *numbered("collector", workers), *numbered("opener", workers)]


def feed(house, options, devices):
    command = [options.feeder, "--uri", f"mqtts://localhost:{house.port}", "--pki", house.pki, "--rate",
               str(options.rate), "--seconds", str(options.seconds)]
    command += [part for device in devices for part in ("--device", device)]
    if options.pictures:
        command.append("--pictures")
    done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, text=True, check=False,
                          timeout=options.seconds + FEEDER_LIMIT_S)
    if not done.stdout.strip():
        raise SystemExit(f"collector_load: the feeder ended with code {done.returncode}; see {house.folder / 'log'}")
    return json.loads(done.stdout)


def faults(store, fed):
    """What is not as it should be, in words."""
    found = [f"{fed[name]} {name}" for name in ("lost", "wrong_receipts") if fed[name]]
    stored = store.count("item")
    if stored != fed["items"]:
        found.append(f"{fed['items']} items sent, {stored} stored")
    bad = store.count("item WHERE coalesce(authenticity, '') <> 'authentic' OR coalesce(key_trust, '') <> 'trusted'")
    if bad:
        found.append(f"{bad} items not authentic by a trusted key")
    for table in ("quarantine", "incident", "gap WHERE closed_at IS NULL"):
        count = store.count(table)
        if count:
            found.append(f"{count} rows of {table}")
    return found


def measure(house, server, options, devices):
    names = start(house, server, devices, options.workers)
    store = Store(house, server)
    pids = {name: house.processes[name].pid for name in names}
    before = {name: processor_s(pid) for name, pid in pids.items()}
    server_before = server_s(server)
    watch = Watch(house, store, names, options.seconds)
    watch.start()
    began = time.monotonic()
    fed = feed(house, options, devices)
    received_s = time.monotonic() - began
    wait_until("every item has its verdict", lambda: store.waiting_for_verdict() == 0, VERDICT_LIMIT_S)
    judged_s = time.monotonic() - began
    watch.stop()
    programs = {}
    for name, pid in pids.items():
        memory = watch.memory[name] or [kib(pid, "VmRSS")]
        used_s = processor_s(pid) - before[name]
        programs[name] = {"processor_us_an_item": round(1e6 * used_s / max(1, fed["items"]), 1),
                          "processor_share": round(used_s / judged_s, 3),
                          "memory_mb": {"third": round(memory[len(memory) // 3] / 1024, 1),
                                        "end": round(memory[-1] / 1024, 1), "peak": round(kib(pid, "VmHWM") / 1024, 1)}}
    result = {**fed, "workers": options.workers, "store": "sqlite" if server is None else "postgresql",
              "received_s": round(received_s, 1), "judged_s": round(judged_s, 1),
              "most_waiting_for_verdict": max(watch.backlog, default=0), "programs": programs, "faults": faults(store, fed)}
    if server is not None:
        result["server_processor_us_an_item"] = round(1e6 * (server_s(server) - server_before) / max(1, fed["items"]), 1)
    return result


def tell(result):
    latency = result["due_to_receipt_ms"]
    print(f"{result['records']} records ({result['items']} items) of {result['devices']} devices, "
          f"{result['records_per_s']:.0f} a second of {result['records_per_s_wanted']:.0f} wanted; "
          f"{result['lost']} lost, {result['resent']} sent again, {result['receipts']} receipts")
    print(f"due to receipt: p50 {latency['p50']:.0f} ms, p99 {latency['p99']:.0f} ms, max {latency['max']:.0f} ms; "
          f"all judged after {result['judged_s']:.0f} s, at most {result['most_waiting_for_verdict']} waiting")
    for name, use in result["programs"].items():
        memory = use["memory_mb"]
        print(f"{name:<12}{use['processor_us_an_item']:>8.0f} us an item, {100 * use['processor_share']:.0f} % of a core; "
              f"memory {memory['third']:.0f} MB after a third, {memory['end']:.0f} at the end, {memory['peak']:.0f} peak")
    if "server_processor_us_an_item" in result:
        print(f"{'PostgreSQL':<12}{result['server_processor_us_an_item']:>8.0f} us an item")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bin")
    parser.add_argument("--feeder", required=True)
    parser.add_argument("--devices", type=int, default=10)
    parser.add_argument("--rate", type=float, default=500)
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--pictures", action="store_true", help="each record with both pictures")
    parser.add_argument("--postgresql", action="store_true", help="the store is a server's")
    parser.add_argument("--workers", type=int, default=1, help="collectors with an opener each; more than one share a server")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if shutil.which("mosquitto", path=os.environ["PATH"] + ":/usr/sbin") is None:
        print("SKIPPED: mosquitto is not installed")
        return 0
    devices = [f"gate-{number}" for number in range(1, options.devices + 1)]
    folder = pathlib.Path(tempfile.mkdtemp(prefix="portcullis-load-"))
    server = Server(in_memory=False) if options.postgresql or options.workers > 1 else None
    try:
        with House(folder / "house", options.bin) as house:
            result = measure(house, server, options, devices)
    finally:
        if server is not None:
            server.close()
        shutil.rmtree(folder, ignore_errors=True)
    if options.json:
        print(json.dumps(result, indent=1))
    else:
        tell(result)
    for fault in result["faults"]:
        print(f"FAULT: {fault}", file=sys.stderr)
    return 1 if result["faults"] else 0


if __name__ == "__main__":
    sys.exit(main())
