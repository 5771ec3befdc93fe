#!/usr/bin/env python3
"""Who may do what at the broker, cell by cell, judged by what is delivered and never by what the broker answers.

usage: acl_test.py [unittest arguments]
Needs mosquitto and openssl. The MQTT 5 client is its own (mqtt_client.py): it may do what a decent one never would.
"""
import itertools
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

from mqtt_client import Client, Refused

SOURCE = pathlib.Path(__file__).resolve().parents[2]
BOARD = SOURCE / "board" / "host"
sys.path.insert(0, str(BOARD))
from house import House  # noqa: E402

TLS_SERVICE_NAME = "CN=collector,O=Portcullis"

# Roles: folder of the certificate below the PKI, and the listener it connects to.
ROLES = {
    "device": ("devices/gate-1/identity", "devices"),
    "another device": ("devices/gate-2/identity", "devices"),
    "device not admitted": ("devices/gate-3/identity", "devices"),
    "collector": ("collector/tls", "services"),
    "policy": ("broker/policy", "services"),
    "admin": ("broker/admin", "services"),
    "watcher": ("watcher/tls", "services"),
    "service not known": ("stray/tls", "services"),
}
OWN = "lpr/v1/dev/gate-1/"
TOPICS = [OWN + leaf for leaf in ("read", "media", "chk", "status", "req", "ack", "cmd", "boot", "read/more")] + [
    "lpr/v1/dev/gate-2/read", "lpr/v1/dev/gate-2/status", "lpr/v1/dev/gate-2/ack", "lpr/v1/cfg/lane/recipients",
    "homeassistant/device/portcullis-gate-1/config", "homeassistant/device/portcullis-gate-2/config",
    "lpr/v1/op/alice/feed", "elsewhere", "$CONTROL/dynamic-security/v1", "$SYS/broker/uptime"]

UP = ("read", "media", "chk", "status", "req")  # device -> collector
DOWN = ("ack", "cmd")                    # collector -> device
ALL = {"lpr/v1/dev/gate-1/" + leaf for leaf in UP + DOWN}


def device_of(topic):
    parts = topic.split("/")
    return parts[3] if topic.startswith("lpr/v1/dev/") and len(parts) == 5 else None


def may_write(role, topic):
    """The rule in words that are not the broker's: README.md of board/host/mosquitto."""
    leaf = topic.rsplit("/", 1)[-1]
    if role in ("device", "another device"):
        name = {"device": "gate-1", "another device": "gate-2"}[role]
        return device_of(topic) == name and leaf in UP or topic == f"homeassistant/device/portcullis-{name}/config"
    if role == "collector":
        return device_of(topic) is not None and leaf in DOWN
    if role == "policy":
        return topic.startswith("lpr/v1/cfg/")
    if role == "admin":
        return device_of(topic) is not None and leaf == "status"
    return False


def may_hear(role, topic):
    leaf = topic.rsplit("/", 1)[-1]
    if role in ("device", "another device"):
        own = device_of(topic) == {"device": "gate-1", "another device": "gate-2"}[role] and leaf in DOWN
        return own or topic.startswith("lpr/v1/cfg/")
    if role == "watcher":
        return topic.startswith("homeassistant/") or device_of(topic) is not None and leaf == "status"
    return role == "collector" and topic.startswith("lpr/v1/dev/")


class Matrix(unittest.TestCase):
    """One broker for all; each cell uses texts of its own, so that what is late cannot be mistaken."""

    numbers = itertools.count(1)
    cells = 0

    @classmethod
    def setUpClass(cls):
        if shutil.which("mosquitto", path=os.environ["PATH"] + ":/usr/sbin") is None:
            print("SKIPPED: mosquitto is not installed")
            raise unittest.SkipTest("no mosquitto")
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="portcullis-acl-"))
        cls.house = House(cls.folder / "house", "/nonexistent")
        cls.house.make_keys()
        cls.make_pki("--device", "gate-2")
        cls.house.write_access()
        cls.make_pki("--device", "gate-3")  # after the table: nobody has admitted it
        cls.certify("stray/tls", "stray", "service-ca")
        cls.certify("watcher/tls", "watcher", "service-ca")
        cls.open_table()
        cls.house.start_broker()

    @classmethod
    def tearDownClass(cls):
        cls.house.close()
        shutil.rmtree(cls.folder, ignore_errors=True)
        print(f"{Matrix.cells} cells")

    @classmethod
    def make_pki(cls, *arguments):
        subprocess.run([BOARD / "make-pki", cls.house.pki, *arguments], check=True, capture_output=True)

    @classmethod
    def certify(cls, file, name, authority, usage="clientAuth"):
        """A certificate that make-pki would not make."""
        pki = cls.house.pki
        path = pki / file
        path.parent.mkdir(exist_ok=True)
        extensions = cls.folder / "extensions"
        extensions.write_text("basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n"
                              f"extendedKeyUsage={usage}\nsubjectKeyIdentifier=hash\n")
        for command in (
                ["req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{path}.key",
                 "-subj", f"/O=Portcullis/CN={name}", "-out", f"{path}.csr"],
                ["x509", "-req", "-in", f"{path}.csr", "-CA", pki / f"{authority}.crt", "-CAkey", pki / f"{authority}.key",
                 "-days", "2", "-extfile", extensions, "-out", f"{path}.crt"]):
            subprocess.run(["openssl", *command], check=True, capture_output=True)

    @classmethod
    def open_table(cls):
        """A witness that hears everything and an oracle that says everything, so that the silence of a cell is the
        rule's and not the test's."""
        cls.certify("witness/tls", "witness", "service-ca")
        cls.certify("oracle/tls", "oracle", "service-ca")
        path = cls.house.folder / "broker" / "access.json"
        table = json.loads(path.read_text())
        rule = lambda kind, topic: {"acltype": kind, "topic": topic, "priority": 0, "allow": True}  # noqa: E731
        every = ("#", "$SYS/#", "$CONTROL/#")
        table["roles"] += [
            {"rolename": "witness", "acls": [rule(kind, topic) for kind in ("subscribePattern", "publishClientReceive")
                                             for topic in every]},
            {"rolename": "oracle", "acls": [rule("publishClientSend", topic) for topic in every[:2]]}]
        table["clients"] += [{"username": f"CN={name},O=Portcullis", "textname": "", "roles": [{"rolename": name}]}
                             for name in ("witness", "oracle")]
        path.write_text(json.dumps(table))

    # --- helpers --------------------------------------------------------------------------------------------------
    def connect(self, role, **options):
        file, listener = ROLES.get(role, (f"{role}/tls", "services"))
        return self.connect_as(file, listener, **options)

    def connect_as(self, file, listener, **options):
        port = {"devices": self.house.port, "services": self.house.services_port}[listener]
        pki = self.house.pki
        client = Client(port, pki / "service-chain.pem", options.pop("chain", pki / f"{file}.crt"), pki / f"{file}.key",
                        **options)
        self.addCleanup(client.close)
        return client

    def text(self):
        return f"cell {next(Matrix.numbers)}".encode()

    def cell(self, expected, happened, *what):
        Matrix.cells += 1
        with self.subTest(cell=" / ".join(what)):
            self.assertEqual(happened, expected, "delivered" if happened else "not delivered")

    def heard(self, listener, texts, speaker, topic):
        """Which of the texts `listener` has heard: the broker keeps order, so a last message that it may hear ends the
        wait; there is no clock in it."""
        end = self.text()
        speaker.publish(topic, end)
        return set(listener.until(end)) & set(texts)

    # --- the cells ------------------------------------------------------------------------------------------------
    def test_publish(self):
        witness = self.connect("witness")
        witness.subscribe("#")
        oracle = self.connect("oracle")
        for role in ROLES:
            speaker = self.connect(role)
            sent = {}
            for topic, retained in itertools.product(TOPICS, (False, True)):
                if topic.startswith("$"):
                    continue  # told apart below: '#' does not hear them
                text = self.text()
                sent[text] = (topic, retained)
                speaker.publish(topic, text, retain=retained)
            speaker.ping()  # all of it has been judged when this is answered
            heard = self.heard(witness, sent, oracle, "elsewhere")
            for text, (topic, retained) in sent.items():
                self.cell(may_write(role, topic), text in heard, role, "retained" if retained else "publish", topic)

    def test_retained_messages_are_kept_only_where_the_publish_was_allowed(self):
        oracle = self.connect("oracle")
        for role in ROLES:
            for topic in TOPICS:
                if not topic.startswith("$"):
                    oracle.publish(topic, b"", retain=True)
            oracle.ping()
            speaker = self.connect(role)
            sent = {topic: self.text() for topic in TOPICS if not topic.startswith("$")}
            for topic, text in sent.items():
                speaker.publish(topic, text, retain=True)
            speaker.ping()
            witness = self.connect("witness")
            witness.subscribe("#")
            heard = self.heard(witness, sent.values(), oracle, "elsewhere")
            for topic, text in sent.items():
                self.cell(may_write(role, topic), text in heard, role, "keeps", topic)

    def test_subscribe_and_wildcards(self):
        oracle = self.connect("oracle")
        filters = ["#", "+/#", "lpr/v1/#", "lpr/v1/dev/#", "lpr/v1/dev/+/read", "lpr/v1/dev/gate-1/#", "lpr/v1/cfg/#",
                   "$share/ingest/lpr/v1/dev/+/read", "$share/ingest/#", "$share/x/lpr/v1/dev/gate-1/ack"]
        filters += [topic for topic in TOPICS if not topic.startswith("$")]
        for role, one in itertools.product(ROLES, filters):
            listener = self.connect(role, session=False)
            listener.subscribe(one)
            texts = {topic: self.text() for topic in TOPICS if not topic.startswith("$")}
            for topic, text in texts.items():
                oracle.publish(topic, text)
            oracle.ping()
            listener.ping()  # what was delivered stands before this answer: one thread, one connection
            heard = set(listener.take())
            wrong = [topic for topic, text in texts.items() if text in heard and not may_hear(role, topic)]
            self.cell([], wrong, role, "subscribe", one)
            if one in texts and "/" in one:
                self.cell(may_hear(role, one), texts[one] in heard, role, "hears", one)
            listener.close()

    def test_nobody_hears_the_broker_or_its_table(self):
        oracle = self.connect("oracle")
        for role, one in itertools.product(ROLES, ("$SYS/#", "$CONTROL/#", "$CONTROL/dynamic-security/v1/response")):
            listener = self.connect(role, session=False)
            listener.subscribe(one)
            oracle.publish("$SYS/broker/uptime", self.text())
            oracle.ping()
            listener.ping()
            self.cell([], listener.take(), role, "subscribe", one)
            listener.close()

    def test_nobody_but_the_admin_changes_the_table(self):
        command = b'{"commands":[{"command":"createRole","rolename":"%s"}]}'
        table = self.house.folder / "broker" / "access.json"
        for role in ROLES:
            name = self.text().replace(b" ", b"-")
            speaker = self.connect(role)
            speaker.publish("$CONTROL/dynamic-security/v1", command % name)
            speaker.ping()
            self.cell(role == "admin", name in table.read_bytes(), role, "publish", "$CONTROL")

    def test_attack_share_group_theft(self):
        """Whoever joins the collectors' group must get nothing, and must take nothing from them."""
        device, collector = self.connect("oracle"), self.connect("collector", session=False)
        group = "$share/ingest/lpr/v1/dev/+/read"
        collector.subscribe(group)
        for role in ROLES:
            if role == "collector":
                continue
            thief = self.connect(role, session=False)
            thief.subscribe(group)
            texts = [self.text() for _ in range(20)]
            for text in texts:
                device.publish(OWN + "read", text)
            device.ping()
            collector.ping()
            thief.ping()
            self.cell(texts, collector.take(), role, "share", "what the collector hears")
            self.cell([], thief.take(), role, "share", "what the thief hears")
            thief.close()

    def test_attack_client_id_theft(self):
        """A client id that is not one's own name is not taken: the other's session and queue stay his."""
        device = self.connect("device")
        for role, victim in itertools.product(("another device", "device not admitted", "collector", "policy",
                                               "service not known"), ("gate-1", TLS_SERVICE_NAME, "")):
            if role == "collector" and victim == TLS_SERVICE_NAME:
                continue
            owner = self.connect("collector" if victim == TLS_SERVICE_NAME else "device", session=True)
            owner.subscribe("lpr/v1/dev/+/read" if victim == TLS_SERVICE_NAME else OWN + "ack")
            thief = self.connect(role, client_id=victim, session=True)
            thief.ping()
            self.cell(True, owner.ping(), role, "client id", victim or "(empty)", "the owner's line stands")
            text = self.text()
            if victim == TLS_SERVICE_NAME:
                device = self.connect("device")
                device.publish(OWN + "read", text)
                device.ping()
            else:
                collector = self.connect("collector", session=False) if role != "collector" else thief
                collector.publish(OWN + "ack", text)
                collector.ping()
            owner.ping()
            thief.ping()
            self.cell((True, False), (text in owner.take(), text in thief.take()), role, "client id", victim or "(empty)",
                      "the message is the owner's")
            thief.close()
            owner.forget()

    def test_wills(self):
        witness = self.connect("witness")
        witness.subscribe("#")
        oracle = self.connect("oracle")
        for role in ROLES:
            sent = {}
            for topic in TOPICS:
                if topic.startswith("$"):
                    continue
                text = self.text()
                try:
                    dying = self.connect(role, session=False, will=(topic, text))
                except Refused:
                    dying = None  # a broker may say so at once
                sent[text] = topic
                if dying:
                    dying.vanish()
                    # The same name again: when the broker lets it in, it is done with the one before, will and all.
                    self.connect(role, session=False).close()
            heard = self.heard(witness, sent, oracle, "elsewhere")
            for text, topic in sent.items():
                self.cell(may_write(role, topic), text in heard, role, "will", topic)

    def test_certificates_that_are_no_clients(self):
        """By TLS: a certificate of one CA is a stranger to the other's listener, whatever it sends along."""
        pki = self.house.pki
        self.certify("misused/server", "gate-1", "device-ca", usage="serverAuth")
        files = {"recipients/collector-read": "recipient-ca", "collector/tls": "service-ca", "collector/receipt": "service-ca",
                 "broker/tls": "service-ca", "devices/gate-1/identity": "device-ca", "devices/gate-1/read": "device-ca",
                 "misused/server": "device-ca"}
        good = {("collector/tls", "services"), ("devices/gate-1/identity", "devices")}
        for (file, authority), listener, depth in itertools.product(files.items(), ("devices", "services"), (1, 2, 3)):
            chain = self.folder / "sent-chain.pem"
            parts = [f"{file}.crt", f"{authority}.crt", "root.crt"][:depth]
            chain.write_text("".join((pki / part).read_text() for part in parts))
            try:
                self.connect_as(file, listener, chain=chain).close()
                connected = True
            except Refused:
                connected = False
            self.cell((file, listener) in good, connected, file, listener, f"chain of {depth}")

    def test_attack_the_device_CA_makes_a_service(self):
        """A device that is called like a service is another client than the service, and may do nothing."""
        names = ["collector", "broker-admin", "policy"]
        witness = self.connect("witness")
        witness.subscribe("#")
        oracle = self.connect("oracle")
        for number, name in enumerate(names):
            self.certify(f"rogue{number}/identity", name, "device-ca")
            rogue = self.connect_as(f"rogue{number}/identity", "devices", session=False)
            rogue.subscribe("lpr/v1/dev/+/read")
            texts = {topic: self.text() for topic in TOPICS if not topic.startswith("$")}
            for topic, text in texts.items():
                rogue.publish(topic, text)
            rogue.ping()
            heard = self.heard(witness, texts.values(), oracle, "elsewhere")
            self.cell(set(), heard, f"device called {name}", "publish", "any")
            oracle.publish(OWN + "read", self.text())
            oracle.ping()
            rogue.ping()
            self.cell([], rogue.take(), f"device called {name}", "subscribe", "lpr/v1/dev/+/read")
            rogue.close()

    def test_attack_names_that_are_patterns(self):
        """A certificate called '+' or '#' must not become a rule for all."""
        witness = self.connect("witness")
        witness.subscribe("#")
        oracle = self.connect("oracle")
        for number, name in enumerate(("#", "\\+", "gate-1\\/read", "gate\\+1")):
            self.certify(f"odd{number}/identity", name, "device-ca")
            try:
                odd = self.connect_as(f"odd{number}/identity", "devices", session=False)
            except Refused:
                self.cell(True, True, f"device called {name}", "connect")
                continue
            texts = {topic: self.text() for topic in TOPICS if not topic.startswith("$")}
            for topic, text in texts.items():
                odd.publish(topic, text)
            odd.ping()
            self.cell(set(), self.heard(witness, texts.values(), oracle, "elsewhere"), f"device called {name}", "publish")
            odd.close()


if __name__ == "__main__":
    unittest.main(verbosity=2)
