#!/usr/bin/env python3
"""The service units: they parse, and the directives that the process wall rests on stand in them.

usage: units_test.py UNIT_DIR BIN_DIR
"""
import configparser
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

UNITS = ""
BIN = ""

EVERY_UNIT = {
    "Type": "notify", "ProtectSystem": "strict", "ProtectHome": "yes", "NoNewPrivileges": "yes", "PrivateTmp": "yes",
    "PrivateMounts": "yes", "CapabilityBoundingSet": "", "Restart": "always", "LimitCORE": "0", "SystemCallArchitectures": "native",
}
WALL = {
    "portcullis-reader": {"PrivateNetwork": "yes", "RestrictAddressFamilies": "AF_UNIX", "IPAddressDeny": "any"},
    "portcullis-uplink": {"PrivateDevices": "yes", "RestrictAddressFamilies": "AF_INET AF_INET6 AF_UNIX"},
    "portcullis-collector": {"PrivateDevices": "yes", "RestrictAddressFamilies": "AF_INET AF_INET6 AF_UNIX"},
    "portcullis-opener": {"PrivateNetwork": "yes", "RestrictAddressFamilies": "AF_UNIX", "PrivateDevices": "yes",
                          "IPAddressDeny": "any"},
    "portcullis-forwarder": {"PrivateNetwork": "yes", "RestrictAddressFamilies": "AF_UNIX", "PrivateDevices": "yes",
                             "IPAddressDeny": "any"},
    "portcullis-api": {"PrivateNetwork": "yes", "RestrictAddressFamilies": "AF_UNIX", "PrivateDevices": "yes",
                       "IPAddressDeny": "any"},
}
# systemd's own measure of exposure, 0 (best) to 10: a line taken out of a unit lifts it over this.
MAX_EXPOSURE = 1.5
# With a drop-in of keys/ that lets a service without devices reach the TPM.
MAX_EXPOSURE_WITH_TPM = 1.7
# It is root's, for it starts services; it does nothing else.
MAX_EXPOSURE_OF_THE_RETRY = 4.0
# It has the network, and its user is made when it starts.
MAX_EXPOSURE_OF_THE_RELAY = 2.0
# All that a drop-in of keys/ may say: how to reach a key, and nothing of the wall.
OF_KEYS = {"LoadCredential", "LoadCredentialEncrypted", "DeviceAllow", "SupplementaryGroups", "Environment", "PrivateDevices",
           "DevicePolicy", "ReadWritePaths", "InaccessiblePaths"}


def service_section(name):
    parser = configparser.RawConfigParser(strict=False, allow_no_value=True)
    parser.optionxform = str
    parser.read(os.path.join(UNITS, name + ".service"))
    return dict(parser["Service"])


class Units(unittest.TestCase):
    def test_every_unit_carries_the_directives_of_the_wall(self):
        for name, wall in WALL.items():
            section = service_section(name)
            for key, value in {**EVERY_UNIT, **wall}.items():
                with self.subTest(unit=name, key=key):
                    self.assertEqual(section.get(key), value)

    def test_every_unit_keeps_a_watchdog_and_starts_its_own_program(self):
        for name in WALL:
            section = service_section(name)
            with self.subTest(unit=name):
                self.assertRegex(section["WatchdogSec"], r"^\d+$")
                self.assertTrue(section["ExecStart"].startswith(f"/usr/bin/{name} --config /etc/portcullis/"))

    def test_a_crash_loop_is_limited_and_each_service_gets_another_chance(self):
        for name in WALL:
            with self.subTest(unit=name):
                with open(os.path.join(UNITS, name + ".service"), encoding="utf-8") as file:
                    unit = dict(re.findall(r"(?m)^(\w+)=(.*)$", file.read().split("[Service]")[0]))
                self.assertEqual(unit["OnFailure"], "portcullis-retry@%N.timer")
                self.assertEqual((unit["StartLimitIntervalSec"], unit["StartLimitBurst"]), ("600", "10"))
                self.assertGreater(int(service_section(name)["RestartSec"]), 0)
        with open(os.path.join(UNITS, "portcullis-retry@.timer"), encoding="utf-8") as file:
            text = file.read()
        self.assertIn("Unit=portcullis-retry@%i.service", text)
        self.assertRegex(text, r"(?m)^OnActiveSec=10min$")  # no less than the limit's interval, or it would not count anew
        self.assert_accepted_and_little_exposed("portcullis-retry@", limit=MAX_EXPOSURE_OF_THE_RETRY)

    def test_the_reader_may_ask_what_its_processor_can_do(self):
        """On arm XNNPACK reads /proc/cpuinfo; without it no model starts."""
        reader = service_section("portcullis-reader")
        self.assertEqual((reader["ProtectProc"], reader["ProcSubset"]), ("invisible", "all"))

    def test_the_spool_is_the_readers(self):
        reader = service_section("portcullis-reader")
        self.assertEqual(reader["StateDirectory"], "portcullis/spool portcullis/reader")
        with open(os.path.join(UNITS, "..", "config", "reader.toml"), encoding="utf-8") as file:
            # Not in the spool's folder, and in one that the reader makes with mode 0700.
            self.assertIn('anchor = "/var/lib/portcullis/reader/private/anchor"', file.read())
        self.assertEqual(reader["StateDirectoryMode"], "2750")  # nobody but the reader may write

    def test_the_opener_may_write_its_sockets_and_the_audit_log_and_nothing_else(self):
        opener = service_section("portcullis-opener")
        writable = {key: value for key, value in opener.items()
                    if key in ("ReadWritePaths", "StateDirectory", "CacheDirectory", "LogsDirectory", "RuntimeDirectory",
                               "BindPaths")}
        self.assertEqual(writable, {"RuntimeDirectory": "portcullis", "StateDirectory": "portcullis/opener"})
        self.assertEqual(opener["StateDirectoryMode"], "0700")
        with open(os.path.join(UNITS, "..", "config", "opener.toml"), encoding="utf-8") as file:
            self.assertIn('log = "/var/lib/portcullis/opener/audit.db"', file.read())

    def test_the_forwarder_may_write_nothing(self):
        forwarder = service_section("portcullis-forwarder")
        self.assertEqual([key for key in forwarder if key in ("ReadWritePaths", "StateDirectory", "CacheDirectory", "LogsDirectory",
                                                              "RuntimeDirectory", "BindPaths")], [])
        self.assertNotEqual(forwarder["User"], service_section("portcullis-opener")["User"])
        self.assertEqual(forwarder["SupplementaryGroups"], service_section("portcullis-opener")["Group"])  # its view socket

    def test_the_relay_has_the_network_and_neither_keys_nor_the_openers_sockets(self):
        relay = service_section("portcullis-relay@")
        for key, value in {**EVERY_UNIT, "Restart": "on-failure", "DynamicUser": "yes",
                           "RestrictAddressFamilies": "AF_INET AF_INET6 AF_UNIX"}.items():
            self.assertEqual(relay.get(key), value, key)
        hidden = relay["InaccessiblePaths"].split()
        self.assertEqual(hidden, ["-/etc/portcullis", "-/var/lib/portcullis", "-/run/portcullis"])
        socket = pathlib.Path(UNITS, "portcullis-relay@.socket").read_text(encoding="utf-8")
        users = pathlib.Path(UNITS, "portcullis.sysusers.conf").read_text(encoding="utf-8")
        group = re.search(r"(?m)^SocketGroup=(.*)$", socket).group(1)
        self.assertEqual(group, service_section("portcullis-forwarder")["Group"])
        self.assertIn(f"u {group} ", users)
        self.assertRegex(socket, r"(?m)^SocketMode=0660$")
        with open(os.path.join(UNITS, "..", "config", "forwarder.toml"), encoding="utf-8") as file:
            listens = re.search(r"(?m)^ListenStream=(.*)$", socket).group(1)
            self.assertIn(f'relay = "{listens.replace("%i", "parking")}"', file.read())
        self.assert_accepted_and_little_exposed("portcullis-relay@", limit=MAX_EXPOSURE_OF_THE_RELAY)

    def test_the_api_may_write_its_socket_alone_and_read_the_store_through_a_group(self):
        api, collector = service_section("portcullis-api"), service_section("portcullis-collector")
        writable = {key: value for key, value in api.items()
                    if key in ("ReadWritePaths", "StateDirectory", "CacheDirectory", "LogsDirectory", "RuntimeDirectory",
                               "BindPaths")}
        self.assertEqual(writable, {"RuntimeDirectory": "portcullis-api"})
        self.assertIn(collector["Group"], api["SupplementaryGroups"].split())
        self.assertEqual((collector["UMask"], collector["StateDirectoryMode"]), ("0027", "0750"))  # read, not write
        hidden = re.findall(r"(?m)^InaccessiblePaths=(.*)$", pathlib.Path(UNITS, "portcullis-api.service").read_text(encoding="utf-8"))
        for path in ("/etc/portcullis/keys/recipients", "/var/lib/portcullis/opener", "/var/lib/portcullis/kek"):
            self.assertIn("-" + path, " ".join(hidden).split())

    def test_the_relay_of_the_api_holds_nothing_but_its_port(self):
        relay = service_section("portcullis-api-relay")
        for key, value in {**EVERY_UNIT, "PrivateNetwork": "yes", "RestrictAddressFamilies": "AF_UNIX",
                           "InaccessiblePaths": "-/etc/portcullis -/var/lib/portcullis -/run/portcullis"}.items():
            self.assertEqual(relay.get(key), value, key)
        self.assertRegex(relay["ExecStart"], r"^/lib/systemd/systemd-socket-proxyd --connections-max=4096 /run/portcullis-api/api.sock$")
        self.assertGreaterEqual(int(relay["LimitNOFILE"]), 6 * 4096)
        with open(os.path.join(UNITS, "..", "config", "api.toml"), encoding="utf-8") as file:
            self.assertIn(f'group = "{relay["Group"]}"', file.read())
        self.assert_accepted_and_little_exposed("portcullis-api-relay")

    def test_the_uplink_may_write_the_inbox_and_nothing_else(self):
        uplink = service_section("portcullis-uplink")
        writable = {key: value for key, value in uplink.items()
                    if key in ("ReadWritePaths", "StateDirectory", "CacheDirectory", "LogsDirectory", "RuntimeDirectory",
                               "BindPaths")}
        self.assertEqual(writable, {"RuntimeDirectory": "portcullis/inbox"})
        self.assertIn("MemoryMax", uplink)  # its inbox is memory
        self.assertNotEqual(uplink["User"], service_section("portcullis-reader")["User"])
        for settings in ("reader", "uplink"):
            with open(os.path.join(UNITS, "..", "config", settings + ".toml"), encoding="utf-8") as file:
                self.assertIn('folder = "/run/portcullis/inbox"', file.read())

    def test_the_keys_that_a_process_must_not_see_are_the_very_ones_that_the_example_settings_name(self):
        for name, settings in (("portcullis-uplink", "reader"), ("portcullis-collector", "opener")):
            unit = pathlib.Path(UNITS, name + ".service").read_text(encoding="utf-8")
            hidden = [path.lstrip("-") for line in re.findall(r"(?m)^InaccessiblePaths=(.*)$", unit) for path in line.split()]
            with open(os.path.join(UNITS, "..", "config", settings + ".toml"), encoding="utf-8") as file:
                keys = re.findall(r'"(/etc/portcullis/keys/[^"]+\.key)"', file.read())
            with self.subTest(unit=name):
                self.assertTrue(keys, settings)
                for key in keys:
                    self.assertTrue(any(key == path or key.startswith(path + "/") for path in hidden), key)

    def assert_accepted_and_little_exposed(self, name, drop_in="", limit=MAX_EXPOSURE):
        if shutil.which("systemd-analyze") is None:
            print("SKIPPED: systemd-analyze is not installed (package systemd)")
            self.skipTest("no systemd-analyze")
        with tempfile.TemporaryDirectory() as root:
            units = os.path.join(root, "units")
            shutil.copytree(UNITS, units)
            for unit in (*WALL, "portcullis-registrar", "portcullis-retention", "portcullis-witness", "portcullis-witness-sign",
                         "portcullis-api-relay"):
                path = os.path.join(units, unit + ".service")
                with open(path, encoding="utf-8") as file:
                    text = file.read().replace("/usr/bin/portcullis", BIN + "/portcullis")
                with open(path, "w", encoding="utf-8") as file:
                    file.write(text + (drop_in if unit == name else ""))
            path = os.path.join(units, name + ".service")
            verify = subprocess.run(["systemd-analyze", "verify", "--man=no", path], capture_output=True, text=True)
            own_lines = [line for line in verify.stderr.splitlines() if "portcullis" in line]
            self.assertEqual(own_lines, [], name)
            security = subprocess.run(["systemd-analyze", "security", "--offline=true", path],
                                      capture_output=True, text=True, check=True).stdout
            exposure = float(re.search(r"Overall exposure level for \S+: ([\d.]+)", security).group(1))
            self.assertLessEqual(exposure, limit, name)

    def test_systemd_accepts_the_units_and_finds_little_exposed(self):
        for name in WALL:
            with self.subTest(unit=name):
                self.assert_accepted_and_little_exposed(name)

    def test_the_registrar_has_the_cas_key_and_no_network(self):
        section = service_section("portcullis-registrar")
        for key, value in {**EVERY_UNIT, "Type": "oneshot", "PrivateNetwork": "yes", "IPAddressDeny": "any",
                           "User": "portcullis-registrar"}.items():
            if key != "Restart":
                self.assertEqual(section.get(key), value, key)
        self.assert_accepted_and_little_exposed("portcullis-registrar")

    def test_the_retention_runs_as_the_opener_each_minute_and_has_no_network(self):
        section = service_section("portcullis-retention")
        for key, value in {**EVERY_UNIT, "Type": "oneshot", "PrivateNetwork": "yes", "IPAddressDeny": "any",
                           "User": service_section("portcullis-opener")["User"]}.items():
            if key != "Restart":
                self.assertEqual(section.get(key), value, key)
        timer = pathlib.Path(UNITS, "portcullis-retention.timer").read_text(encoding="utf-8")
        self.assertRegex(timer, r"(?m)^OnCalendar=minutely$")
        self.assert_accepted_and_little_exposed("portcullis-retention")

    def test_the_audit_log_goes_to_its_witness_each_hour_and_when_he_answers_and_has_no_network(self):
        section = service_section("portcullis-witness")
        for key, value in {**EVERY_UNIT, "Type": "oneshot", "PrivateNetwork": "yes", "RestrictAddressFamilies": "none",
                           "User": service_section("portcullis-opener")["User"],
                           "ReadWritePaths": "/var/lib/portcullis/witness"}.items():
            if key != "Restart":
                self.assertEqual(section.get(key), value, key)
        for name in ("portcullis-witness", "portcullis-witness-sign"):
            timer = pathlib.Path(UNITS, name + ".timer").read_text(encoding="utf-8")
            self.assertRegex(timer, r"(?m)^OnCalendar=(hourly|\*:05)$")
            self.assert_accepted_and_little_exposed(name)
        path = pathlib.Path(UNITS, "portcullis-witness.path").read_text(encoding="utf-8")
        self.assertIn("PathExists=/var/lib/portcullis/witness/answer\nUnit=portcullis-witness.service", path)

    def test_the_witness_fetches_signs_and_brings_with_nothing_but_a_shell_on_the_collector(self):
        """Its command as it stands in the unit; ssh is a shell in the folder here, portcullis signs everything."""
        unit = pathlib.Path(UNITS, "portcullis-witness-sign.service").read_text(encoding="utf-8")
        command = re.search(r"(?ms)^ExecStart=/bin/sh -ec '(.*?)'$", unit).group(1).replace("\\\n", "\n")
        with tempfile.TemporaryDirectory() as root:
            folder, own = os.path.join(root, "folder"), os.path.join(root, "own")
            os.mkdir(folder)
            os.mkdir(own)
            ssh = pathlib.Path(root, "ssh")
            ssh.write_text(f'#!/bin/sh\ntest "$1" = witness@collector && cd {folder} && exec sh -c "$2"\n', encoding="utf-8")
            signer = pathlib.Path(root, "signer")
            signer.write_text('#!/bin/sh\ntest "$5" = a.key && printf "signed " && cat "$3"\n', encoding="utf-8")
            for program in (ssh, signer):
                program.chmod(0o755)
            env = {"PATH": f"{root}:/usr/bin:/bin", "COLLECTOR": "witness@collector", "KEY": "a.key", "CERTIFICATE": "a.crt"}
            run = ["/bin/sh", "-ec", command.replace("/usr/bin/portcullis", str(signer))]
            self.assertEqual(subprocess.run(run, cwd=own, env=env, timeout=60).returncode, 0)
            self.assertEqual(os.listdir(folder), [])  # nothing was asked
            pathlib.Path(folder, "request").write_text("head", encoding="utf-8")
            self.assertEqual(subprocess.run(run, cwd=own, env=env, timeout=60).returncode, 0)
            self.assertEqual(pathlib.Path(folder, "answer").read_text(encoding="utf-8"), "signed head")
            self.assertEqual(sorted(os.listdir(folder)), ["answer", "request"])
            signer.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
            os.remove(os.path.join(folder, "answer"))
            self.assertNotEqual(subprocess.run(run, cwd=own, env=env, timeout=60).returncode, 0)
            self.assertEqual(os.listdir(folder), ["request"])  # a witness who refuses says nothing

    def test_where_a_key_lies_changes_nothing_of_the_wall(self):
        drop_ins = sorted(pathlib.Path(UNITS, "keys").glob("*.conf"))
        self.assertGreaterEqual(len(drop_ins), 8)
        for path in drop_ins:
            text = path.read_text(encoding="utf-8")
            with self.subTest(drop_in=path.name):
                self.assertLessEqual(set(re.findall(r"(?m)^(\w+)=", text)), OF_KEYS)
                limit = MAX_EXPOSURE_WITH_TPM if "PrivateDevices=no" in text else MAX_EXPOSURE
                self.assert_accepted_and_little_exposed(f"portcullis-{path.name.split('-')[0]}", "\n" + text, limit)


    def test_a_device_more_is_one_kind_of_device_and_changes_nothing_of_the_wall(self):
        folder = pathlib.Path(UNITS, "devices")
        rules = (folder / "60-portcullis-devices.rules").read_text(encoding="utf-8")
        groups = set(re.findall(r'GROUP="([^"]+)"', rules))
        users = pathlib.Path(UNITS, "portcullis.sysusers.conf").read_text(encoding="utf-8")
        drop_ins = sorted(folder.glob("*.conf"))
        self.assertEqual([path.name for path in drop_ins], ["reader-csi.conf", "reader-gpio.conf"])
        for path in drop_ins:
            text = path.read_text(encoding="utf-8")
            with self.subTest(drop_in=path.name):
                said = re.findall(r"(?m)^(\w+)=(.*)$", text)
                self.assertEqual([key for key, _ in said], ["DeviceAllow", "SupplementaryGroups"])
                self.assertRegex(said[0][1], r"^char-(gpiochip|dma_heap) rw$")
                self.assertIn(said[1][1], groups)
                self.assertTrue(said[1][1] == "video" or f"g {said[1][1]} " in users)
                self.assert_accepted_and_little_exposed("portcullis-reader", "\n" + text)
                self.assertIn(f"`{path.name}`", (folder / "README.md").read_text(encoding="utf-8"))


if __name__ == "__main__":
    BIN = sys.argv.pop(2)
    UNITS = sys.argv.pop(1)
    unittest.main(verbosity=2)
