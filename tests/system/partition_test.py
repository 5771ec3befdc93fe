#!/usr/bin/env python3
"""The road between device and broker is cut, shaken and lossy; the broker is full: nothing is lost, nothing doubled.

usage: partition_test.py BIN_DIR [unittest arguments]
The uplink stands in a network namespace of its own, joined to the broker's by a pair of virtual Ethernet devices whose
link is taken down and up. Needs root, ip (iproute2) and mosquitto; loss needs the kernel's netem.
"""
import contextlib
import os
import shutil
import subprocess
import sys
import unittest

import road_test
from road_test import ARRIVE_LIMIT_S, Road, cut_pictures

from house import House, wait_until  # road_test names its folder

BIN = ""
KEEP_ALIVE_S = 5  # the least; a cut is noticed after one and a half
CUTS = 3
FLAPS = 20
BROKER_KEEPS = 10


def command(*parts):
    subprocess.run([str(part) for part in parts], check=True, capture_output=True)


class Root(Road):
    def setUp(self):
        if os.geteuid() != 0 or shutil.which("ip") is None:
            print("SKIPPED: needs root and ip (package iproute2)")
            self.skipTest("not root, or no ip")
        super().setUp()

    def start_collector_side(self, **limits):
        self.house.start_broker(**limits)
        self.house.start_opener()
        self.house.start("collector")

    def assert_everything_arrived(self):
        self.house.stop("reader")
        self.wait_for_empty_spool()
        self.wait_for_verdicts()
        count = self.assert_every_seq_once_and_authentic()
        self.assertEqual(len(self.reads()), self.records_made())
        self.assertEqual(len({item["chain"] for item in self.house.items()}), 1)
        return count


class Network(Root):
    """A device in a network of its own."""

    def setUp(self):
        super().setUp()
        tag = os.getpid() % 100_000
        self.space, self.near, self.far = f"pcl-{tag}", f"pcl{tag}n", f"pcl{tag}f"
        # 198.18.0.0/15 is for tests of networks (RFC 2544): nobody's addresses.
        net = f"198.18.{tag % 250}"
        self.addCleanup(self.tear_down_network)
        command("ip", "netns", "add", self.space)
        command("ip", "link", "add", self.near, "type", "veth", "peer", "name", self.far, "netns", self.space)
        command("ip", "addr", "add", f"{net}.1/30", "dev", self.near)
        command("ip", "-n", self.space, "addr", "add", f"{net}.2/30", "dev", self.far)
        command("ip", "-n", self.space, "link", "set", self.far, "up")
        self.link("up")
        self.house = House(self.folder / "house", BIN, address=f"{net}.1")
        self.certify_broker(f"IP:{net}.1")

    def tear_down_network(self):
        self.house.close()
        for cleanup in (("link", "del", self.near), ("netns", "del", self.space)):
            subprocess.run(["ip", *cleanup], capture_output=True)

    def certify_broker(self, name):
        """The broker's certificate again, for the address that it has here."""
        pki = self.house.pki
        settings = self.folder / "broker.cnf"
        settings.write_text(f"[req]\nprompt=no\ndistinguished_name=dn\n[dn]\nCN=localhost\n[ext]\nsubjectAltName={name}\n"
                            "keyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth\n")
        request = self.folder / "broker.csr"
        command("openssl", "req", "-new", "-config", settings, "-key", pki / "broker" / "tls.key", "-out", request)
        command("openssl", "x509", "-req", "-in", request, "-CA", pki / "service-ca.crt", "-CAkey", pki / "service-ca.key",
                "-days", "2", "-extfile", settings, "-extensions", "ext", "-out", pki / "broker" / "tls.crt")

    def link(self, state):
        command("ip", "link", "set", self.near, state)

    def start_road(self):
        pictures = cut_pictures(self.folder / "pictures", 3)
        self.house.write_all_settings(pictures, stills=True, loop=True, rate=10)
        settings = self.house.settings_file("uplink")
        text = settings.read_text()
        settings.write_text(text.replace("[broker]\n", f"[broker]\nkeep_alive_s = {KEEP_ALIVE_S}\n"))
        self.start_collector_side()
        self.house.spawn("uplink", ["ip", "netns", "exec", self.space, self.house.bin / "portcullis-uplink", "--config",
                                    settings])
        self.house.start("reader")
        self.wait_for_further_reads(3)

    def wait_for_further_reads(self, count):
        goal = len(self.reads()) + count
        wait_until("further reads arrive", lambda: len(self.reads()) >= goal, ARRIVE_LIMIT_S)

    def made(self):
        return self.house.query(self.house.spool_file, "SELECT next_seq FROM life")[0][0]


class Partition(Network):
    def test_the_link_is_cut_and_joined_again(self):
        self.start_road()
        for _ in range(CUTS):
            self.link("down")
            goal = self.made() + 30
            wait_until("the reader goes on", lambda goal=goal: self.made() >= goal, ARRIVE_LIMIT_S)
            self.link("up")
            self.wait_for_further_reads(5)
        print(f"{CUTS} cuts, {self.assert_everything_arrived()} items, each once")

    def test_a_link_that_is_cut_while_the_uplink_is_started_is_waited_for(self):
        self.start_road()
        self.link("down")
        self.house.kill("uplink")
        self.house.spawn("uplink", ["ip", "netns", "exec", self.space, self.house.bin / "portcullis-uplink", "--config",
                                    self.house.settings_file("uplink")])
        goal = self.made() + 20
        wait_until("the reader goes on", lambda: self.made() >= goal, ARRIVE_LIMIT_S)
        self.assertTrue(self.house.running("uplink"), "no broker is no reason to end")
        self.link("up")
        self.assert_everything_arrived()

    def test_a_link_that_flaps_twenty_times(self):
        self.start_road()
        for _ in range(FLAPS):
            self.link("down")
            goal = self.made() + 3
            wait_until("the reader goes on", lambda goal=goal: self.made() >= goal, ARRIVE_LIMIT_S)
            self.link("up")
            goal = self.made() + 3
            wait_until("the reader goes on", lambda goal=goal: self.made() >= goal, ARRIVE_LIMIT_S)
        print(f"{FLAPS} times down and up, {self.assert_everything_arrived()} items, each once")


class Loss(Network):
    def test_a_link_that_loses_a_tenth_of_its_packets_and_reorders_a_quarter(self):
        for where in ((), ("-n", self.space)):
            done = subprocess.run(["tc", *where, "qdisc", "add", "dev", self.far if where else self.near, "root", "netem",
                                   "loss", "10%", "delay", "10ms", "reorder", "75%"], capture_output=True, text=True)
            if done.returncode != 0:
                print(f"SKIPPED: this kernel has no netem: {done.stderr.strip()}")
                self.skipTest("no netem")
        self.start_road()
        self.wait_for_further_reads(20)
        print(f"{self.assert_everything_arrived()} items, each once")


class Full(Root):
    """The broker keeps ten messages for a collector that is away, drops the others after it has accepted them, and its
    disk holds two megabytes."""

    def setUp(self):
        super().setUp()
        self.disk = self.house.folder / "broker"
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", self.disk], capture_output=True, text=True)
        if done.returncode != 0:
            print(f"SKIPPED: cannot mount a small disk: {done.stderr.strip()}")
            self.skipTest("no mount")
        self.addCleanup(self.unmount)

    def unmount(self):
        self.house.close()
        subprocess.run(["umount", "-l", self.disk], capture_output=True)

    def test_a_full_broker_drops_what_it_accepted_and_everything_arrives_all_the_same(self):
        self.house.write_all_settings(cut_pictures(self.folder / "pictures", 10), stills=True, loop=True, rate=10)
        self.start_collector_side(max_queued_messages=BROKER_KEEPS, max_inflight_messages=5, autosave_interval=1)
        self.house.start("uplink")
        self.house.start("reader")
        wait_until("some reads arrived", lambda: len(self.reads()) >= 3, ARRIVE_LIMIT_S)
        self.house.stop("collector")  # its session stays at the broker
        # Its disk is filled up, as another program's log would fill it.
        with contextlib.suppress(OSError), open(self.disk / "log-of-somebody-else", "wb", buffering=0) as log:
            while log.write(bytes(4096)):
                pass
        self.assertLess(shutil.disk_usage(self.disk).free, 8192)
        depth = self.house.spool_depth() + 10 * BROKER_KEEPS
        wait_until("far more than the broker keeps is spooled", lambda: self.house.spool_depth() >= depth, ARRIVE_LIMIT_S)
        self.house.start("collector")
        wait_until("the road walks again", lambda: self.house.spool_depth() < depth, ARRIVE_LIMIT_S)
        print(f"{self.assert_everything_arrived()} items, each once")


if __name__ == "__main__":
    BIN = road_test.BIN = os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=2)
