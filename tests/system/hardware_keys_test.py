#!/usr/bin/env python3
"""The whole road with keys that never leave their hardware: SoftHSM for the reader and the collector, swtpm for the reader
and for the uplink's TLS.

usage: hardware_keys_test.py BIN_DIR [unittest arguments]
Needs mosquitto, openssl, softhsm2 and opensc, or swtpm, tpm2-tools and tpm2-openssl; for the uplink also tpm2-abrmd and dbus.
"""
import os
import shutil
import signal
import socket
import subprocess
import sys
import unittest

import road_test
from road_test import BOARD, Road, cut_pictures

sys.path.insert(0, str(BOARD))
from house import HouseError, wait_until  # noqa: E402

SOFT_TOKEN = "/usr/lib/softhsm/libsofthsm2.so"
PIN = "123456"
EXTENSIONS = ("basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage={usage}\n"
              "subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n")
# The reader has no network, so its TPM is reached as on a device: through a file descriptor of a child, not a socket.
PIPE = """
import os, socket, sys, threading
line = socket.socket(socket.AF_UNIX)
line.connect(sys.argv[1])
def up():
    while data := os.read(0, 65536):
        line.sendall(data)
    line.shutdown(socket.SHUT_WR)
threading.Thread(target=up, daemon=True).start()
while data := line.recv(65536):
    os.write(1, data)
"""


class Hardware(Road):
    def need(self, *programs):
        for program in programs:
            if shutil.which(program) is None and not os.path.exists(program):
                print(f"SKIPPED: {program} is not there")
                self.skipTest(f"no {program}")

    def run_quietly(self, *command, **options):
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True, cwd=self.folder, **options)
        self.assertEqual(done.returncode, 0, f"{command}: {done.stderr}")
        return done.stdout

    def certify(self, public, authority, name, usage, certificate):
        pki = self.house.pki
        extensions = self.folder / "extensions"
        extensions.write_text(EXTENSIONS.format(usage=usage))
        certificate.unlink(missing_ok=True)
        self.run_quietly("openssl", "x509", "-new", "-subj", f"/O=Portcullis/CN={name}", "-force_pubkey", public, "-CA",
                         pki / f"{authority}.crt", "-CAkey", pki / f"{authority}.key", "-days", "5", "-extfile", extensions,
                         "-out", certificate)

    def certify_reader(self, public):
        own = self.house.pki / "devices" / self.house.device
        self.certify(public, "device-ca", self.house.device, "emailProtection", own / "read.crt")
        shutil.copy(own / "read.crt", self.house.pki / "devices" / "signers" / f"{self.house.device}.crt")
        (own / "read.key").unlink()  # nothing may fall back to it

    def set_key(self, program, section, value):
        path = self.house.settings_file(program)
        head, rest = path.read_text().split(f"[{section}]\n")
        lines = [f'key = "{value}"' if line.startswith("key = ") else line for line in rest.split("\n")]
        path.write_text(f"{head}[{section}]\n" + "\n".join(lines))

    def start_road(self, environments):
        self.house.start_broker()
        self.house.start_opener()
        self.house.environments = environments
        for program in ("collector", "uplink", "reader"):
            self.house.start(program)

    def assert_delivered(self):
        self.wait_for_reader()
        self.wait_for_empty_spool()
        self.wait_for_verdicts()
        self.assert_all_records_arrived(at_least=3)


class Token(Hardware):
    def setUp(self):
        super().setUp()
        self.need(SOFT_TOKEN, "softhsm2-util", "pkcs11-tool")
        (self.folder / "tokens").mkdir()
        (self.folder / "softhsm.conf").write_text(f"directories.tokendir = {self.folder}/tokens\nobjectstore.backend = file\n")
        self.environment = {"SOFTHSM2_CONF": str(self.folder / "softhsm.conf")}
        pin = self.folder / "pin"
        pin.write_text(PIN + "\n")
        pin.chmod(0o400)
        self.pkcs11("softhsm2-util", "--init-token", "--free", "--label", "lane", "--pin", PIN, "--so-pin", "000000")

    def pkcs11(self, *command):
        self.run_quietly(*command, env={**os.environ, **self.environment})

    def make_key(self, label, number):
        tool = ("pkcs11-tool", "--module", SOFT_TOKEN, "--token-label", "lane")
        self.pkcs11(*tool, "--login", "--pin", PIN, "--keypairgen", "--key-type", "EC:prime256v1", "--label", label, "--id",
                    number, "--usage-sign")
        public = self.folder / f"{label}.pem"
        self.pkcs11(*tool, "--read-object", "--type", "pubkey", "--label", label, "--output-file", self.folder / "public.der")
        self.run_quietly("openssl", "pkey", "-pubin", "-inform", "DER", "-in", self.folder / "public.der", "-pubout", "-out",
                         public)
        return public

    def uri(self, label):
        return f"pkcs11:token=lane;object={label}?module-path={SOFT_TOKEN}&pin-source={self.folder}/pin"

    def test_reads_and_receipts_signed_in_a_token_are_believed(self):
        self.certify_reader(self.make_key("read", "01"))
        collector = self.house.pki / "collector"
        self.certify(self.make_key("receipt", "02"), "service-ca", "collector", "emailProtection", collector / "receipt.crt")
        (collector / "receipt.key").unlink()
        self.house.write_all_settings(cut_pictures(self.folder / "pictures", 3), stills=True)
        self.set_key("reader", "keys", self.uri("read"))
        self.set_key("collector", "receipts", self.uri("receipt"))
        self.start_road({"reader": self.environment, "collector": self.environment})
        self.assert_delivered()


class Tpm(Hardware):
    def setUp(self):
        super().setUp()
        self.need("swtpm", "tpm2_createprimary")
        (self.folder / "tpm").mkdir()

    def start_chip(self, *server):
        self.house.spawn("chip", ["swtpm", "socket", "--tpm2", "--tpmstate", f"dir={self.folder}/tpm", *server, "--flags",
                                  "not-need-init,startup-clear"])

    def start_chip_on_ports(self):
        """The way in for tools and uplink; gives the TCTI's name."""
        for port in range(20000 + os.getpid() % 20000, 65000, 2):
            self.start_chip("--server", f"type=tcp,disconnect,port={port}", "--ctrl", f"type=tcp,port={port + 1}")
            try:
                wait_until("swtpm listens", lambda port=port: self.listens(port), 20)
                return f"swtpm:host=127.0.0.1,port={port}"
            except HouseError:
                self.house.kill("chip")
        raise HouseError("no two free ports for swtpm")

    def start_resource_manager(self, tcti):
        """What /dev/tpmrm0 is on a device, as a daemon; gives its TCTI's name and the environment to reach it."""
        self.need("dbus-daemon", "tpm2-abrmd")
        bus = subprocess.run(["dbus-daemon", "--session", "--fork", "--print-address=1", "--print-pid=1"], capture_output=True,
                             text=True, check=True).stdout.split()
        self.addCleanup(os.kill, int(bus[1]), signal.SIGTERM)
        environment = {"DBUS_SESSION_BUS_ADDRESS": bus[0], "TPM2TOOLS_TCTI": "tabrmd:bus_type=session",
                       "TPM2OPENSSL_TCTI": "tabrmd:bus_type=session"}
        self.house.spawn("manager", ["tpm2-abrmd", "--session", "--allow-root", f"--tcti={tcti}"],
                         env={**os.environ, **environment})
        wait_until("the resource manager answers", lambda: subprocess.run(
            ["tpm2_getcap", "handles-persistent"], env={**os.environ, **environment}, capture_output=True).returncode == 0, 20)
        return environment

    def listens(self, port):
        if not self.house.running("chip"):
            raise HouseError("swtpm ended")
        try:
            for one in (port, port + 1):
                socket.create_connection(("127.0.0.1", one), timeout=1).close()
        except OSError:
            return False
        return True

    def make_key(self, tcti):
        """A key with noda at 0x81000100 below a parent at 0x81000001; gives its public half."""
        self.run_quietly("sh", "-ec", """
            tpm2_createprimary -Q -C o -G ecc256 -c primary.ctx
            tpm2_evictcontrol -Q -C o -c primary.ctx 0x81000001
            tpm2_flushcontext -t
            tpm2_create -Q -C 0x81000001 -G ecc256 -u key.pub -r key.priv \
                -a 'noda|fixedtpm|fixedparent|sensitivedataorigin|userwithauth|sign'
            tpm2_flushcontext -t
            tpm2_load -Q -C 0x81000001 -u key.pub -r key.priv -c key.ctx
            tpm2_flushcontext -t
            tpm2_evictcontrol -Q -C o -c key.ctx 0x81000100
            tpm2_flushcontext -t
            tpm2_readpublic -Q -c 0x81000100 -f pem -o public.pem""", env={**os.environ, "TPM2TOOLS_TCTI": tcti})
        return self.folder / "public.pem"

    def test_reads_signed_in_a_tpm_are_believed(self):
        tcti = self.start_chip_on_ports()
        self.certify_reader(self.make_key(tcti))
        self.house.stop("chip")
        line = self.folder / "chip.sock"
        self.start_chip("--server", f"type=unixio,path={line}", "--ctrl", f"type=unixio,path={self.folder}/ctrl.sock")
        wait_until("swtpm listens", line.exists, 20)
        (self.folder / "pipe.py").write_text(PIPE)
        self.house.write_all_settings(cut_pictures(self.folder / "pictures", 3), stills=True)
        self.set_key("reader", "keys", "tpm:handle:0x81000100")
        reach = f"cmd:{sys.executable} {self.folder}/pipe.py {line}"
        self.start_road({"reader": {"TPM2OPENSSL_TCTI": reach}})
        self.assert_delivered()

    def test_the_uplink_proves_itself_to_the_broker_with_a_key_in_a_tpm(self):
        tcti = self.start_chip_on_ports()
        own = self.house.pki / "devices" / self.house.device
        self.certify(self.make_key(tcti), "device-ca", self.house.device, "clientAuth", own / "identity.crt")
        (own / "identity.key").write_text(self.run_quietly(BOARD / "systemd" / "keys" / "tss2-key", "0x81000001", "key.pub",
                                                           "key.priv"))
        manager = self.start_resource_manager(tcti)
        self.house.write_all_settings(cut_pictures(self.folder / "pictures", 3), stills=True)
        self.start_road({"uplink": {**manager, "OPENSSL_CONF": str(BOARD / "config" / "openssl-tpm.cnf")}})
        self.assert_delivered()


if __name__ == "__main__":
    road_test.BIN = sys.argv.pop(1)
    unittest.main(verbosity=2)
