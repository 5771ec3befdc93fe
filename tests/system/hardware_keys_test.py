#!/usr/bin/env python3
"""The whole road with keys that never leave their hardware, and renew themselves there: SoftHSM for the reader and the
collector, swtpm for the reader and for the uplink's TLS.

usage: hardware_keys_test.py BIN_DIR [unittest arguments]
Needs mosquitto, openssl, softhsm2 and opensc, or swtpm, tpm2-tools, tpm2-openssl, tpm2-abrmd and dbus.
"""
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import unittest

import renewal_test
import road_test
from house import HouseError, wait_until  # road_test says where it stands
from road_test import ARRIVE_LIMIT_S, BOARD, cut_pictures

SOFT_TOKEN = "/usr/lib/softhsm/libsofthsm2.so"
PIN = "123456"
IN_TPM = ("-provider", "tpm2", "-provider", "default", "-propquery", "?provider=tpm2,tpm2.digest!=yes,tpm2.cipher!=yes")
EXTENSIONS = ("basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=emailProtection\n"
              "subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n")


class Hardware(renewal_test.RenewalRoad):
    def need(self, *programs):
        for program in programs:
            if shutil.which(program) is None and not os.path.exists(program):
                print(f"SKIPPED: {program} is not there")
                self.skipTest(f"no {program}")

    def run_quietly(self, *command, **options):
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True, cwd=self.folder, **options)
        self.assertEqual(done.returncode, 0, f"{command}: {done.stderr}")
        return done.stdout

    def use_key(self, use, usage, *key, env):
        """The device's certificate is for a key in hardware, as due as the one for the file, which is gone: nothing falls back."""
        self.age(use, usage, self.identities if use == "identity" else self.pki / "devices" / "signers", *key,
                 env={**os.environ, **env})
        (self.device / f"{use}.key").unlink(missing_ok=True)

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

    def write_settings_of_a_busy_lane(self, reader_key):
        """Passages without an end, a spool that soon has to shed, and a read key that is due."""
        self.house.write_all_settings(cut_pictures(self.folder / "pictures", 3), stills=True, loop=True, rate=20)
        settings = self.house.settings_file("reader")
        settings.write_text(settings.read_text().replace("[spool]\n", "[spool]\nquota_items = 100\n"))
        self.set_key("reader", "keys", reader_key)
        self.ask_for_renewals("reader")

    def tombstones(self):
        return [blob for blob, in self.house.query(self.house.spool_file, "SELECT blob FROM items WHERE kind = 'tombstone'")]

    def certificates_key_id(self):
        shown = self.run_quietly("openssl", "x509", "-in", self.device / "read.crt", "-noout", "-ext", "subjectKeyIdentifier")
        return bytes.fromhex(re.search("(?:[0-9A-F]{2}:){19}[0-9A-F]{2}", shown)[0].replace(":", ""))

    def see_the_read_key_renewed(self, keys):
        """keys(): how many of the reader's are in the hardware."""
        self.wait_for_requests("read")
        self.house.kill("uplink")
        old = self.certificates_key_id()
        wait_until("the old key signs tombstones", lambda: any(old in blob for blob in self.tombstones()), ARRIVE_LIMIT_S)
        self.assertEqual(keys(), 2, "the next one is made beside it")
        self.answer_all(1)
        # As the uplink hands it over (renewal_test.py); without an uplink there is no receipt yet.
        inbox = self.house.folder / "run" / "inbox"
        shutil.copy(self.answer_to("read"), inbox / "certificate.new")
        (inbox / "certificate.new").rename(inbox / "certificate")
        self.wait_for_log("reader", "the read key is renewed")
        new = self.certificates_key_id()
        self.assertNotEqual(new, old)
        wait_until("the new key has signed what was shed before", lambda: all(new in blob for blob in self.tombstones()),
                   ARRIVE_LIMIT_S)
        self.assertEqual(keys(), 2, "no receipt has proven the new one")
        self.house.start("uplink")
        wait_until("the key before is destroyed after a receipt", lambda: keys() == 1, ARRIVE_LIMIT_S)
        self.assertEqual(self.house.stop("reader"), 0, self.house.log_text("reader"))
        self.assert_believed()
        self.assertGreater(self.house.query(self.house.store_file, "SELECT count(*) FROM gap WHERE declared = 1")[0][0], 0)

    def assert_believed(self):
        """All in one chain, by whichever key, and nothing is missing that was not declared."""
        self.wait_for_empty_spool()
        self.wait_for_verdicts()
        items = self.house.items()
        self.assertEqual({(item["authenticity"], item["key_trust"]) for item in items}, {("authentic", "trusted")})
        self.assertEqual(len({item["chain"] for item in items}), 1)
        self.assertTrue(self.reads())
        verify = subprocess.run([self.house.bin / "portcullis", "verify", "--store", self.house.store_file],
                                capture_output=True, text=True)
        self.assertEqual(verify.returncode, 0, verify.stdout)


class Token(Hardware):
    tool = ("pkcs11-tool", "--module", SOFT_TOKEN, "--token-label", "lane")

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
        return self.run_quietly(*command, env={**os.environ, **self.environment})

    def make_key(self, label, number):
        self.pkcs11(*self.tool, "--login", "--pin", PIN, "--keypairgen", "--key-type", "EC:prime256v1", "--label", label, "--id",
                    number, "--usage-sign")
        public = self.folder / f"{label}.pem"
        self.pkcs11(*self.tool, "--read-object", "--type", "pubkey", "--label", label, "--output-file", self.folder / "public.der")
        self.run_quietly("openssl", "pkey", "-pubin", "-inform", "DER", "-in", self.folder / "public.der", "-pubout", "-out",
                         public)
        return public

    def certify_receipts(self, public):
        collector, authority, extensions = self.pki / "collector", self.pki / "service-ca", self.folder / "extensions"
        extensions.write_text(EXTENSIONS)
        self.run_quietly("openssl", "x509", "-new", "-subj", "/O=Portcullis/CN=collector", "-force_pubkey", public, "-CA",
                         f"{authority}.crt", "-CAkey", f"{authority}.key", "-days", "5", "-extfile", extensions, "-out",
                         collector / "receipt.crt")
        (collector / "receipt.key").unlink()

    def uri(self, label):
        return f"pkcs11:token=lane;object={label}?module-path={SOFT_TOKEN}&pin-source={self.folder}/pin"

    def keys(self):
        return self.pkcs11(*self.tool, "--login", "--pin", PIN, "--list-objects", "--type", "privkey").count("label:      read\n")

    def test_a_read_key_in_a_token_signs_and_renews_itself_and_receipts_of_a_token_are_believed(self):
        self.make_key("read", "01")
        self.use_key("read", "emailProtection", "-engine", "pkcs11", "-keyform", "engine", "-key",
                     f"pkcs11:token=lane;object=read;pin-value={PIN}",
                     env={**self.environment, "PKCS11_MODULE_PATH": SOFT_TOKEN})
        self.certify_receipts(self.make_key("receipt", "02"))
        self.write_settings_of_a_busy_lane(self.uri("read"))
        self.set_key("collector", "receipts", self.uri("receipt"))
        self.start_road({"reader": self.environment, "collector": self.environment})
        self.see_the_read_key_renewed(self.keys)


class Tpm(Hardware):
    def setUp(self):
        super().setUp()
        self.need("swtpm", "tpm2_createprimary", "dbus-daemon", "tpm2-abrmd")
        (self.folder / "tpm").mkdir()
        self.manager = self.start_resource_manager(self.start_chip())

    def start_chip(self):
        """Gives the TCTI's name."""
        for port in range(20000 + os.getpid() % 20000, 65000, 2):
            self.house.spawn("chip", ["swtpm", "socket", "--tpm2", "--tpmstate", f"dir={self.folder}/tpm", "--server",
                                      f"type=tcp,port={port}", "--ctrl", f"type=tcp,port={port + 1}", "--flags",
                                      "not-need-init,startup-clear"])
            try:
                wait_until("swtpm listens", lambda port=port: self.listens(port), 20)
                return f"swtpm:host=127.0.0.1,port={port}"
            except HouseError:
                self.house.kill("chip")
        raise HouseError("no two free ports for swtpm")

    def start_resource_manager(self, tcti):
        """What /dev/tpmrm0 is on a device, as a daemon; gives the environment to reach it."""
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

    def make_key(self):
        """A key with noda at 0x81000100 below a parent at 0x81000001."""
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
            tpm2_flushcontext -t""", env={**os.environ, **self.manager})

    def keys(self):
        return self.run_quietly("tpm2_getcap", "handles-persistent", env={**os.environ, **self.manager}).count("0x8100010")

    def test_a_read_key_in_a_tpm_signs_and_renews_itself(self):
        self.make_key()
        self.use_key("read", "emailProtection", *IN_TPM, "-key", "handle:0x81000100", env=self.manager)
        self.write_settings_of_a_busy_lane("tpm:handle:0x81000100")
        # The reader's wall lets no socket of the network through, so its TPM is reached as on a device: by a descriptor.
        self.start_road({"reader": {**self.manager, "TPM2OPENSSL_TCTI": "cmd:tpm2_send"}})
        self.see_the_read_key_renewed(self.keys)

    def test_the_uplink_proves_itself_to_the_broker_with_a_key_in_a_tpm_that_renews_itself(self):
        self.make_key()
        wrapped = self.run_quietly(BOARD / "systemd" / "keys" / "tss2-key", "0x81000001", "key.pub", "key.priv")
        (self.folder / "wrapped.key").write_text(wrapped)
        self.use_key("identity", "clientAuth", *IN_TPM, "-key", self.folder / "wrapped.key", env=self.manager)
        (self.device / "identity.key").write_text(wrapped)
        (self.device / "identity.key").chmod(0o600)
        self.house.write_all_settings(cut_pictures(self.folder / "pictures", 3), stills=True, loop=True, rate=5)
        self.ask_for_renewals("uplink")
        self.start_road({"uplink": {**self.manager, "OPENSSL_CONF": str(BOARD / "config" / "openssl-tpm.cnf")}})
        self.wait_for_requests("identity")
        self.answer_all(1)
        self.wait_for_log("uplink", "the identity is renewed")
        self.wait_for_connection_anew()
        renewed = (self.device / "identity.key").read_text()
        self.assertTrue(renewed.startswith("-----BEGIN TSS2 PRIVATE KEY-----"), "the next one is in the TPM as well")
        self.assertNotEqual(renewed, wrapped)
        self.assertEqual((self.device / "identity.crt").read_bytes(), self.answer_to("identity").read_bytes())
        self.assertEqual([], list(self.device.glob("identity.next.*")))
        arrived = len(self.reads())
        wait_until("reads go on", lambda: len(self.reads()) > arrived, ARRIVE_LIMIT_S)
        self.assertEqual(self.house.stop("reader"), 0, self.house.log_text("reader"))
        self.assert_believed()


if __name__ == "__main__":
    road_test.BIN = sys.argv.pop(1)
    unittest.main(verbosity=2)
