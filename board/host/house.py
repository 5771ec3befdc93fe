"""One lane and its collector on this machine's loopback: throw-away keys, a broker with TLS, the four programs.

The demo and the system tests build on it. Python 3.11, standard library only; not thread-safe.

    with House(folder, build / "bin") as house:
        house.start_all(reader_input="film.mp4")
        ...
"""
import contextlib
import datetime
import getpass
import json
import os
import pathlib
import pwd
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import time

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = HERE.parent.parent
PURPOSES = ("demonstration", "test")
PROGRAMS = ("opener", "collector", "uplink", "reader")
START_LIMIT_S = 60.0  # slow under sanitizers
STOP_LIMIT_S = 60.0
POLL_S = 0.05


class HouseError(Exception):
    """Something did not start, stop or arrive within its limit; the message names it and its log."""


def free_port():
    """A TCP port of the loopback that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def access_plugin():
    """The broker's plugin that knows who may do what; it comes with mosquitto."""
    found = sorted(pathlib.Path("/usr/lib").glob("*/mosquitto_dynamic_security.so"))
    if not found:
        raise HouseError("mosquitto_dynamic_security.so is missing; apt-get install mosquitto")
    return found[0]


def wait_until(what, condition, limit_s):
    """Polls until condition() is true and gives its value; HouseError after limit_s."""
    deadline = time.monotonic() + limit_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise HouseError(f"{what}: not within {limit_s:.0f} s")
        time.sleep(POLL_S)


class House:
    """Keys, settings, processes and files of one lane and its collector below `folder`."""

    def __init__(self, folder, bin_dir, models=None, device="gate-1", port=None, address=None):
        self.address = address  # of the broker; None: the loopback, by its name
        self.folder = pathlib.Path(folder)
        self.bin = pathlib.Path(bin_dir)
        self.models = pathlib.Path(models or os.environ.get("PORTCULLIS_MODELS") or SOURCE / "models")
        self.device = device
        self.port = port or free_port()
        self.services_port = free_port()
        self.processes = {}
        self.environments = {}  # of programs that need more than ours: name -> variables
        self.folder.mkdir(parents=True, exist_ok=True)
        for name in ("log", "spool", "store", "run", "broker", "audit"):
            (self.folder / name).mkdir(exist_ok=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # --- places ---------------------------------------------------------------------------------------------------
    @property
    def pki(self):
        return self.folder / "pki"

    @property
    def spool_file(self):
        return self.folder / "spool" / "spool.db"

    @property
    def store_file(self):
        return self.folder / "store" / "store.db"

    @property
    def audit_file(self):
        return self.folder / "audit" / "audit.db"

    @property
    def index_file(self):
        return self.folder / "audit" / "index.db"

    @property
    def access_policy(self):
        return self.folder / "access.policy"

    @property
    def view_socket(self):
        return self.folder / "run" / "view.sock"

    def settings_file(self, program):
        return self.folder / f"{program}.toml"

    def log_file(self, name):
        return self.folder / "log" / f"{name}.log"

    def log_text(self, name):
        path = self.log_file(name)
        return path.read_text(errors="replace") if path.exists() else ""

    # --- keys and settings ----------------------------------------------------------------------------------------
    def make_keys(self, workers=1):
        """workers: how many collectors are to share a store; the second is called collector-2."""
        tool = self.bin / "portcullis"
        environment = {**os.environ, "PORTCULLIS_TOOL": str(tool.resolve()) if tool.exists() else ""}
        more = [part for number in range(2, workers + 1) for part in ("--worker", f"collector-{number}")]
        subprocess.run([HERE / "make-pki", self.pki, "--device", self.device, *more], check=True, capture_output=True,
                       env=environment)

    def write_access_policy(self, people=None, devices=None, version=1, gateways=()):
        """Signs who may see what, in place of what was signed before: ours is an operator unless `people` says otherwise.

        people: {account: role}; an operator sees all `devices`, for both purposes. gateways: accounts that ask for them."""
        last_day = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=30)).date().isoformat()
        devices = devices or sorted(path.parent.name for path in self.pki.glob("devices/*/identity.crt"))
        account = pwd.getpwuid(os.geteuid()).pw_name
        people = people or {account: "operator"}
        lines = ['fleet = "demo"', f'valid_until = "{last_day}"', f"purposes = {json.dumps(PURPOSES)}",
                 "[[site]]", 'name = "demo"', f"devices = {json.dumps(devices)}"]
        for name, role in {**people, "demo-administrator": "administrator"}.items():
            lines += ["[[person]]", f'account = "{name}"', f'role = "{role}"', f'until = "{last_day}"']
            if role == "operator":
                lines += ['sites = ["demo"]', f"purposes = {json.dumps(PURPOSES)}"]
        for gateway in gateways:
            lines += ["[[gateway]]", f'account = "{gateway}"']
        source = self.folder / "access.toml"
        source.write_text("\n".join(lines) + "\n", encoding="utf-8")
        done = subprocess.run([self.bin / "portcullis", "policy", "access", "sign", self.access_policy, "--source", source,
                               "--version", str(version), "--key", self.pki / "policy.key",
                               "--certificate", self.pki / "policy.crt", "--policy-chain", self.pki / "root.crt"],
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise HouseError(f"no access policy: {done.stderr.strip()}")

    def write_settings(self, program, sections):
        """sections: {"section": {"key": value}}; "" is the root. Values are written as TOML."""
        lines = []
        for section, keys in sections.items():
            if section:
                lines.append(f"[{section}]")
            lines += [f"{key} = {json.dumps(value)}" for key, value in keys.items()]
        self.settings_file(program).write_text("\n".join(lines) + "\n", encoding="utf-8")

    def write_all_settings(self, source, stills=False, loop=False, rate=None):
        """Settings of all four programs. source: pictures or a film; rate: pictures a second (default: a film's own,
        pictures as fast as the road takes them)."""
        pki, device = self.pki, self.pki / "devices" / self.device
        pace = {"pace": "given", "frames_per_second": float(rate)} if rate else {"pace": "as_fast" if stills else "source"}
        recipient = {name: str(pki / "recipients" / f"collector-{name}.crt") for name in ("read", "evidence")}
        trust = {"ca_chain": str(pki / "device-chain.pem"), "signers": str(pki / "devices" / "signers")}
        trust["deny_list"] = str(pki / "denied")
        broker = {"ca": str(pki / "service-chain.pem")}
        receipts = {"ca_chain": str(pki / "service-chain.pem"), "signers": str(pki / "collector" / "receipt.crt")}
        inbox = {"folder": str(self.folder / "run" / "inbox")}
        self.write_settings("reader", {
            "": {"device": self.device, "fleet": "demo", "models": str(self.models)},
            "input": {"path": str(source), "stills": stills, "loop": loop, **pace},
            "pictures": {"overview": "redacted"},
            "keys": {"key": str(device / "read.key"), "certificate": str(device / "read.crt")},
            "recipients": {"read": [recipient["read"]], "plate": [recipient["evidence"]],
                           "overview": [recipient["evidence"]]},
            "spool": {"path": str(self.spool_file), "anchor": str(self.folder / "reader" / "anchor")},
            "receipts": receipts, "inbox": inbox,
            "status": {"note": str(self.folder / "run" / "reader.json"), "interval_s": 10},
        })
        self.write_settings("uplink", {
            "spool": {"path": str(self.spool_file), "poll_ms": 20},
            "broker": {**broker, "uri": f"mqtts://{self.address or 'localhost'}:{self.port}",
                       "certificate": str(device / "identity.crt"), "key": str(device / "identity.key"),
                       "back_off_limit_s": 2},
            "window": {"resend_after_s": 5},
            "receipts": receipts, "inbox": inbox,
            "status": {"note": str(self.folder / "run" / "reader.json")},
        })
        collector = pki / "collector"
        self.write_settings("collector", {
            "broker": {**broker, "uri": f"mqtts://{self.address or 'localhost'}:{self.services_port}",
                       "certificate": str(collector / "tls.crt"), "key": str(collector / "tls.key"),
                       "back_off_limit_s": 2},
            "store": {"path": str(self.store_file)},
            "receipts": {"certificate": str(collector / "receipt.crt"), "key": str(collector / "receipt.key")},
            "devices": trust,
            "opener": {"socket": str(self.folder / "run" / "ingest.sock")},
        })
        if not self.access_policy.exists():
            self.write_access_policy()
        names = ("collector-read", "collector-evidence")
        self.write_settings("opener", {
            "sockets": {"ingest": str(self.folder / "run" / "ingest.sock"), "ingest_group": "", "collector_user": "",
                        "views": str(self.view_socket), "view_group": ""},
            "recipients": {"keys": [str(pki / "recipients" / f"{name}.key") for name in names],
                           "certificates": [str(pki / "recipients" / f"{name}.crt") for name in names]},
            "access": {"fleet": "demo", "policy": str(self.access_policy), "policy_chain": str(pki / "root.crt"),
                       "policy_signers": str(pki / "policy.crt")},
            "audit": {"log": str(self.audit_file)},
            # Who holds the evidence's key is the auditor of a house of one.
            "search": {"index": str(self.index_file), "auditor": str(pki / "recipients" / "collector-evidence.crt")},
            "devices": trust,
        })

    def make_people(self, *accounts):
        """A CA of people's client certificates, one for each account, and the API's own certificate (CN localhost)."""
        folder = self.pki / "people"
        folder.mkdir(exist_ok=True)

        def openssl(*arguments):
            subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)

        def make(name, common_name, *extensions, issuer=None):
            settings = folder / f"{name}.cnf"
            settings.write_text("\n".join(["[req]", "prompt=no", "distinguished_name=dn", "x509_extensions=ext", "[dn]",
                                           f"CN={common_name}", "[ext]", "subjectKeyIdentifier=hash", *extensions]) + "\n",
                                encoding="utf-8")
            by = ["-CA", folder / f"{issuer}.crt", "-CAkey", folder / f"{issuer}.key"] if issuer else []
            openssl("req", "-x509", "-config", settings, *by, "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-days", "30", "-keyout", folder / f"{name}.key", "-out", folder / f"{name}.crt")
            (folder / f"{name}.key").chmod(0o600)

        if not (folder / "ca.crt").exists():
            make("ca", "people ca", "basicConstraints=critical,CA:TRUE", "keyUsage=keyCertSign,cRLSign")
            make("api", "localhost", "basicConstraints=CA:FALSE", "subjectAltName=DNS:localhost", "extendedKeyUsage=serverAuth",
                 issuer="ca")
        for account in accounts:
            make(account, account, "basicConstraints=CA:FALSE", "extendedKeyUsage=clientAuth", issuer="ca")

    def write_api_settings(self, **limits):
        """After make_people(). limits: [limits] of api.toml."""
        people = self.pki / "people"
        self.write_settings("api", {
            "socket": {"path": str(self.folder / "run" / "api.sock")},
            "tls": {"certificate": str(people / "api.crt"), "key": str(people / "api.key"), "people_ca": str(people / "ca.crt")},
            "access": {"fleet": "demo", "policy": str(self.access_policy), "policy_chain": str(self.pki / "root.crt"),
                       "policy_signers": str(self.pki / "policy.crt")},
            "opener": {"sockets": [str(self.view_socket)]},
            "store": {"place": str(self.store_file)},
            "limits": limits,
        })

    def start_api(self):
        """The API, and the relay that brings TCP to its Unix socket; gives the port."""
        api = self.start("api")
        path = self.folder / "run" / "api.sock"

        def ready():
            if api.poll() is not None:
                raise HouseError(f"the API ended with code {api.returncode}; see {self.log_file('api')}")
            return path.exists()

        wait_until("the API listens", ready, START_LIMIT_S)
        port = free_port()
        self.spawn("relay", ["systemd-socket-activate", "-l", f"127.0.0.1:{port}", "/lib/systemd/systemd-socket-proxyd",
                             "--connections-max=4096", path], restore_signals=False)  # systemd's units ignore SIGPIPE (IgnoreSIGPIPE=)

        def reached():
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                return True
            return False

        wait_until("the relay listens", reached, START_LIMIT_S)
        return port

    def share_store(self, workers, store):
        """Settings of so many collectors, each with an opener of its own (collector, opener, collector-2, opener-2, ...), over
        one store. store: the keys of [store], of a PostgreSQL server. After write_all_settings()."""
        texts = {program: self.settings_file(program).read_text(encoding="utf-8") for program in ("collector", "opener")}
        own = {str(self.folder / "run" / "ingest.sock"), str(self.view_socket), str(self.audit_file), str(self.index_file)}
        for number in range(1, workers + 1):
            name = "" if number == 1 else f"-{number}"
            shared = texts["collector"].replace("[broker]\n", '[broker]\nshare_group = "collectors"\n')
            shared = shared.replace(f'path = {json.dumps(str(self.store_file))}',
                                    "\n".join(f"{key} = {json.dumps(value)}" for key, value in store.items()))
            for ending in ("crt", "key"):
                shared = shared.replace(str(self.pki / "collector" / f"tls.{ending}"),
                                        str(self.pki / "collector" / f"{f'collector{name}' if name else 'tls'}.{ending}"))
            for program, text in (("collector", shared), ("opener", texts["opener"])):
                for path in own:
                    root, dot, ending = path.rpartition(".")
                    text = text.replace(json.dumps(path), json.dumps(f"{root}{name}{dot}{ending}"))
                self.settings_file(program + name).write_text(text, encoding="utf-8")

    def broker_values(self):
        """What stands for each @NAME@ of board/host/mosquitto's templates."""
        return {"DIR": str(self.folder / "broker"), "ADDRESS": self.address or "127.0.0.1", "PORT": str(self.port),
                "SERVICES_PORT": str(self.services_port), "DYNSEC": str(access_plugin()),
                "USER": getpass.getuser(), "CERT": str(self.pki / "broker" / "tls.crt"),
                "KEY": str(self.pki / "broker" / "tls.key"), "DEVICES_CA": str(self.pki / "device-anchor.pem"),
                "SERVICES_CA": str(self.pki / "service-anchor.pem")}

    def write_access(self):
        """The broker's first table of who may do what: every device that has keys. Later the broker itself keeps it."""
        table = self.folder / "broker" / "access.json"
        if not table.exists():
            devices = [path.parent.name for path in sorted((self.pki / "devices").glob("*/identity.crt"))]
            workers = sorted(path.stem for path in (self.pki / "collector").glob("collector-*.crt"))
            collectors = [part for name in ("collector", *workers) for part in ("--collector", f"CN={name},O=Portcullis")]
            subprocess.run([HERE / "mosquitto" / "access", "write", table, *devices, *collectors], check=True)

    def change_access(self, *arguments):
        """Runs board/host/mosquitto/access admit or revoke against the running broker, as its admin."""
        admin = self.pki / "broker" / "admin"
        subprocess.run([HERE / "mosquitto" / "access", *arguments, "--host", self.address or "localhost",
                        "--port", str(self.services_port),
                        "--ca", self.pki / "service-chain.pem", "--cert", f"{admin}.crt", "--key", f"{admin}.key"],
                       check=True)

    # --- processes ------------------------------------------------------------------------------------------------
    def spawn(self, name, command, **options):
        log = open(self.log_file(name), "ab")  # noqa: SIM115 - handed to the child
        with log:
            process = subprocess.Popen([str(part) for part in command], stdout=log, stderr=log,
                                       stdin=subprocess.DEVNULL, start_new_session=True, **options)
        self.processes[name] = process
        return process

    def start(self, program, *arguments):
        """Starts one of PROGRAMS with its settings file; collector-2 is a second portcullis-collector with its own."""
        return self.spawn(program, [self.bin / f"portcullis-{program.partition('-')[0]}", "--config", self.settings_file(program),
                                    *arguments], env={**os.environ, **self.environments.get(program, {})})

    def running(self, name):
        process = self.processes.get(name)
        return process is not None and process.poll() is None

    def stop(self, name):
        """SIGTERM and wait; gives the exit code."""
        process = self.processes.pop(name)
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            return process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise HouseError(f"{name} did not stop on SIGTERM within {STOP_LIMIT_S:.0f} s; see {self.log_file(name)}")

    def kill(self, name):
        """SIGKILL: what a power cut does to a process."""
        process = self.processes.pop(name)
        process.kill()
        process.wait()

    def drain(self, limit_s):
        """With the reader at its end: has it take the receipts in until the spool is empty."""
        process = self.start("reader", "--drain")
        try:
            code = process.wait(limit_s)
        except subprocess.TimeoutExpired:
            depth = self.spool_depth()
            raise HouseError(f"{depth} items still unreceipted after {limit_s:.0f} s; see {self.folder / 'log'}")
        self.processes.pop("reader")
        if code != 0:
            raise HouseError(f"the reader's drain ended with code {code}; see {self.log_file('reader')}")

    def start_broker(self, **limits):
        """limits: settings of mosquitto that stand in the template, with other values (max_queued_messages=10)."""
        templates = HERE / "mosquitto"
        folder = self.folder / "broker"
        values = self.broker_values()
        text = (templates / "mosquitto.conf.in").read_text(encoding="utf-8")
        for key, value in values.items():
            text = text.replace(f"@{key}@", value)
        for key, value in limits.items():
            text, found = re.subn(rf"(?m)^{key} .*$", f"{key} {value}", text)
            if found != 1:
                raise HouseError(f"mosquitto.conf.in has no line '{key}'")
        (folder / "mosquitto.conf").write_text(text, encoding="utf-8")
        self.write_access()
        if not (folder / "devices.crl").exists():
            shutil.copyfile(self.pki / "device-ca.crl", folder / "devices.crl")
        mosquitto = next((p for p in ("/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto") if os.path.exists(p)), "mosquitto")
        process = self.spawn("broker", [mosquitto, "-c", folder / "mosquitto.conf"])

        def listening():
            if process.poll() is not None:
                raise HouseError(f"mosquitto ended with code {process.returncode}; see {self.log_file('broker')}")
            with contextlib.suppress(OSError):
                for port in (self.port, self.services_port):
                    socket.create_connection((self.address or "127.0.0.1", port), timeout=1).close()
                return True
            return False

        wait_until("the broker listens", listening, START_LIMIT_S)

    def start_opener(self, name="opener"):
        process = self.start(name)
        socket_file = self.view_socket.with_name(f"view{name.removeprefix('opener')}.sock")

        def ready():
            if process.poll() is not None:
                raise HouseError(f"the opener ended with code {process.returncode}; see {self.log_file(name)}")
            return socket_file.exists()

        wait_until("the opener listens", ready, START_LIMIT_S)

    def close(self):
        for name in reversed(list(self.processes)):
            with contextlib.suppress(HouseError):
                self.stop(name)

    # --- what is stored -------------------------------------------------------------------------------------------
    def query(self, path, sql, *values):
        """Rows of a SQLite file, read-only; none while the file is not there yet."""
        if not path.exists():
            return []
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)) as database:
            try:
                return database.execute(sql, values).fetchall()
            except sqlite3.OperationalError as error:
                if "no such table" in str(error):
                    return []
                raise

    def items(self):
        """Every stored item at the collector."""
        rows = self.query(self.store_file, "SELECT device, hex(chain), seq, kind, authenticity, key_trust "
                                           "FROM item JOIN chain ON chain.id = item.chain_id")
        return [dict(zip(("device", "chain", "seq", "kind", "authenticity", "key_trust"), row)) for row in rows]

    def items_without_verdict(self):
        return [item for item in self.items() if item["authenticity"] is None]

    def spool_depth(self):
        """Items that no receipt has released yet."""
        rows = self.query(self.spool_file, "SELECT count(*) FROM items")
        return rows[0][0] if rows else 0
