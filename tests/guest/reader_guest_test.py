#!/usr/bin/env python3
"""The reader as a device runs it: built for arm64, under systemd and its own unit, with the driver, the kernel and the udev of
Debian's arm64, in a QEMU guest. Its USB camera is emulated_camera, which shows scenes of the drawn film; what it sealed is opened
here, out of the guest's disk.

usage: reader_guest_test.py BUILD_DIR ARM64_BUILD_DIR [unittest arguments]
Needs qemu-system-arm, kmod, e2fsprogs and ffmpeg; tests/guest/build-arm64 builds the reader and fetches the rest.
"""
import contextlib
import itertools
import json
import os
import pathlib
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import unittest

from arm64_root import Arm64Root
from guest import LIMIT_S, SOURCE, EmulatedCamera, Guest

QEMU = "qemu-system-aarch64"
VIRT = (QEMU, "-machine", "virt", "-cpu", "cortex-a72", "-smp", "2")
BUILD = pathlib.Path()
ARM64 = pathlib.Path()
DEVICE = "gate-1"
UNIT = "portcullis-reader.service"
FILM = SOURCE / "tests/data/road.mp4"
# Cut out of the film, as large as the emulated camera's picture: where, and what can be read there (tests/data/road.csv).
CUT = "crop=320:240:260:300"
SCENES = {"empty": (0.2, None), "first": (3.0, "ZG4821KM"), "second": (7.0, "HNP3846")}
SETTINGS = """
device = "gate-1"
fleet = "demo"
[camera]
driver = "v4l2"
width_px = 320
height_px = 240
frames_per_second = 5.0
stall_ms = 20000
[passage]
min_frames = 1
[keys]
key = "/etc/portcullis/keys/read.key"
certificate = "/etc/portcullis/keys/read.crt"
[recipients]
read = ["/etc/portcullis/recipients/collector-read.crt"]
plate = ["/etc/portcullis/recipients/collector-evidence.crt"]
overview = ["/etc/portcullis/recipients/collector-evidence.crt"]
[spool]
path = "/var/lib/portcullis/spool/spool.db"
anchor = "/var/lib/portcullis/reader/private/anchor"
[receipts]
ca_chain = "/etc/portcullis/pki/service-chain.pem"
signers = "/etc/portcullis/pki/receipt.crt"
[inbox]
folder = "/run/portcullis/inbox"
"""
# The test's own unit: a shell on the serial line.
CONSOLE = """
[Unit]
Description=Shell of the test
After=basic.target
[Service]
ExecStart=/bin/sh -c 'stty -echo; echo SHELL-READY; while IFS= read -r line; do eval "$line"; done'
StandardInput=tty
StandardOutput=tty
StandardError=tty
TTYPath=/dev/ttyAMA0
Environment=TERM=dumb SYSTEMD_COLORS=0 SYSTEMD_URLIFY=0
IgnoreSIGPIPE=no
"""


ATTEMPTS = 3


class KernelFault(Exception):
    """The guest's own kernel failed. Seen with 6.1.192 when a camera that is in use is unplugged: uvcvideo gives its media device
    back twice, and the thread that closes the camera ends in the kernel. (The reader's watchdog then names the stage and systemd
    starts it anew, but what such a kernel does is no test of ours.)"""


class Console:
    """Runs commands in the guest, one after the other."""

    def __init__(self, guest):
        self._guest = guest
        while (line := guest.next_line(LIMIT_S)) != "SHELL-READY":
            if line is None:
                raise EOFError("the guest ended")
            print("guest:", line, flush=True)

    def run(self, command):
        """(exit status, lines of output)"""
        self._guest.write(f"{command}; echo END-OF-COMMAND $?\n")
        lines = []
        while (line := self._guest.next_line(LIMIT_S)) is not None:
            if "Internal error: Oops" in line:
                raise KernelFault(line)
            at = line.rfind("END-OF-COMMAND ")
            if at >= 0 and line[at:].split()[1].isdigit():
                return int(line[at:].split()[1]), lines
            if line:
                print("guest:", line, flush=True)
                lines.append(line)
        raise EOFError("the guest ended")

    def until(self, condition):
        """Waits in the guest; LIMIT_S is the limit."""
        self.run(f"until {condition}; do sleep 3; done")  # each look costs an emulated second

    def show(self, *names):
        _, lines = self.run(f"systemctl show {UNIT} " + " ".join(f"-p {name}" for name in names))
        return dict(line.split("=", 1) for line in lines)


class Reader(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="portcullis-guest-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.pki = self.folder / "pki"
        subprocess.run([SOURCE / "board/host/make-pki", self.pki, "--device", DEVICE], check=True, capture_output=True,
                       env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "PORTCULLIS_TOOL": ""})
        for name, (second, _) in SCENES.items():
            subprocess.run(["ffmpeg", "-v", "error", "-ss", str(second), "-i", FILM, "-frames:v", "1", "-vf", CUT, "-pix_fmt",
                            "yuyv422", "-f", "rawvideo", self.folder / name], check=True)

    def root_file_system(self, kernel, version):
        root = Arm64Root(BUILD.parent / "guest/arm64-root", BUILD.parent / "aarch64-sysroot")
        root.modules(kernel, version, ("xhci-pci", "uvcvideo", "virtio_pci", "virtio_blk", "ext4"))
        root.file("usr/bin/portcullis-reader", ARM64 / "bin/portcullis-reader")
        # All but the program is what is installed everywhere.
        device = self.folder / "device"
        subprocess.run(["cmake", "--install", BUILD, "--component", "device", "--prefix", "/usr"], check=True, capture_output=True,
                       env={**os.environ, "DESTDIR": str(device)})
        root.folder("usr/lib", device / "usr/lib")
        root.folder("usr/share/portcullis/models", device / "usr/share/portcullis/models")
        root.link(f"etc/systemd/system/multi-user.target.wants/{UNIT}", f"/usr/lib/systemd/system/{UNIT}")
        root.text("etc/systemd/system/console.service", CONSOLE)
        root.link("etc/systemd/system/default.target.wants/console.service", "../console.service")
        root.link("etc/systemd/system/default.target", "/usr/lib/systemd/system/multi-user.target")
        # An emulated processor takes its time for what a real one loads in a second.
        root.text(f"etc/systemd/system/{UNIT}.d/slow.conf", "[Service]\nTimeoutStartSec=600\nWatchdogSec=120\n")
        root.text("etc/fstab", "/dev/vda /var/lib/portcullis ext4 nosuid,nodev,noexec 0 0\n")
        root.text("etc/portcullis/reader.toml", SETTINGS)
        device = self.pki / "devices" / DEVICE
        root.file("etc/portcullis/keys/read.key", device / "read.key", 0o600)
        root.text("usr/lib/tmpfiles.d/portcullis-key.conf", "z /etc/portcullis/keys/read.key 0400 portcullis-reader root -\n")
        root.file("etc/portcullis/keys/read.crt", device / "read.crt", 0o644)
        for name in ("collector-read", "collector-evidence"):
            root.file(f"etc/portcullis/recipients/{name}.crt", self.pki / f"recipients/{name}.crt", 0o644)
        root.file("etc/portcullis/pki/service-chain.pem", self.pki / "service-chain.pem", 0o644)
        root.file("etc/portcullis/pki/receipt.crt", self.pki / "collector/receipt.crt", 0o644)
        return root.bytes()

    def start(self):
        kernel = BUILD.parent / "guest" / "kernel-arm64"
        version = (kernel / "complete").read_text(encoding="utf-8").strip()
        self.disk = self.folder / "disk"
        subprocess.run(["/sbin/mke2fs", "-q", "-t", "ext4", self.disk, "64M"], check=True, capture_output=True)
        socket = self.folder / "camera"
        camera = EmulatedCamera(BUILD, socket)
        self.addCleanup(camera.close)
        guest = Guest(self.folder, kernel, version, self.root_file_system(kernel, version),
                      "-drive", f"file={self.disk},format=raw,if=none,id=disk", "-device", "virtio-blk-pci,drive=disk",
                      "-device", "qemu-xhci", "-chardev", f"socket,id=camera,path={socket}", "-device", "usb-redir,chardev=camera",
                      machine=VIRT, boot="console=ttyAMA0 systemd.show_status=0")
        self.addCleanup(guest.close)
        camera.do(f"show {self.folder}/empty")
        return camera, Console(guest)

    def pass_by(self, camera, console, scene, records):
        """A vehicle comes, is read, and drives on."""
        enough = self.counter(console, "readings") + 1
        camera.do(f"show {self.folder}/{scene}")
        console.until(f"[ $(systemctl show -p StatusText {UNIT} | sed 's/.* readings=//; s/ .*//') -ge {enough} ]")
        camera.do(f"show {self.folder}/empty")
        console.until(f"[ $(systemctl show -p StatusText {UNIT} | sed 's/.* records=//; s/ .*//') -ge {records} ]")

    def counter(self, console, name):
        words = console.show("StatusText")["StatusText"].split()
        return int(next(word for word in words if word.startswith(name + "=")).split("=")[1])

    def frames_come(self, console):
        console.until(f"systemctl show -p StatusText {UNIT} | grep -v degraded= | grep -q 'frames=[1-9]'")
        console.until(f"systemctl show -p StatusText {UNIT} | grep -qv 'frames={self.counter(console, 'frames')} '")

    def test_reader(self):
        for left in reversed(range(ATTEMPTS)):
            try:
                return self.walk()
            except KernelFault as fault:
                print(f"THE GUEST'S KERNEL FAILED, not the reader ({fault}); {left} attempts are left", flush=True)
                self.doCleanups()
                self.setUp()
        return self.fail(f"the guest's kernel failed {ATTEMPTS} times")

    def walk(self):
        camera, console = self.start()
        console.until(f"systemctl is-active -q {UNIT} || ! systemctl show -p NRestarts {UNIT} | grep -q '=0$'")
        console.run(f"journalctl -b -q -o cat -u {UNIT}; dmesg | grep type=1326")  # and what seccomp killed, if it did
        self.assertEqual(console.show("NRestarts")["NRestarts"], "0")
        self.frames_come(console)
        self.pass_by(camera, console, "first", 1)
        self.check_sandbox(console)

        camera.do("unplug")
        console.until(f"systemctl show -p StatusText {UNIT} | grep -q degraded=camera")
        camera.do("plug")
        self.frames_come(console)
        self.pass_by(camera, console, "second", 2)
        self.check_health(console)

        console.run("mkdir -p /run/systemd/system/portcullis-reader.service.d; printf "
                    "'[Service]\\nEnvironment=PORTCULLIS_SET_CAMERA__DRIVER=libcamera\\n' "
                    ">/run/systemd/system/portcullis-reader.service.d/driver.conf")
        console.run(f"systemctl daemon-reload; systemctl restart {UNIT}")
        self.frames_come(console)
        self.pass_by(camera, console, "first", 1)
        self.check_health(console)

        console.run(f"systemctl stop {UNIT}")
        self.assertEqual(console.show("Result", "ExecMainStatus"), {"Result": "success", "ExecMainStatus": "0"})
        self.assertEqual(console.run("umount /var/lib/portcullis")[0], 0)
        self.check_spool([SCENES[name][1] for name in ("first", "second", "first")])

    def check_sandbox(self, console):
        """What the unit promises, as the kernel tells it of the running process."""
        pid = console.show("MainPID")["MainPID"]
        fields = dict(line.split(":", 1) for line in console.run(f"cat /proc/{pid}/status")[1])
        self.assertNotEqual(fields["Uid"].split()[0], "0")
        self.assertEqual(fields["NoNewPrivs"].strip(), "1")
        self.assertEqual(fields["Seccomp"].strip(), "2")
        for kind in ("CapPrm", "CapEff", "CapBnd", "CapAmb"):
            self.assertEqual(int(fields[kind], 16), 0, kind)
        nets = [line.split(":")[0] for line in console.run(f"cat /proc/{pid}/net/dev")[1] if ":" in line]
        self.assertEqual(nets, ["lo"])
        mounts = {line.split()[4]: line.split()[5].split(",") for line in console.run(f"cat /proc/{pid}/mountinfo")[1]}
        self.assertIn("ro", mounts["/"])
        self.assertIn("rw", mounts["/var/lib/portcullis/spool"])
        self.assertEqual(console.run(f"cat /proc/{pid}/limits | grep -q 'Max core file size *0 '")[0], 0)

    def check_health(self, console):
        told = console.show("ActiveState", "SubState", "NRestarts", "WatchdogUSec", "WatchdogTimestampMonotonic")
        self.assertEqual((told["ActiveState"], told["SubState"], told["NRestarts"]), ("active", "running", "0"))
        self.assertEqual(told["WatchdogUSec"], "2min")
        fed = told["WatchdogTimestampMonotonic"]
        console.until(f"systemctl show -p WatchdogTimestampMonotonic {UNIT} | grep -qv '={fed}$'")
        status, lines = console.run(f"systemctl status --no-pager {UNIT}")
        self.assertEqual(status, 0)
        self.assertTrue(any("active (running)" in line for line in lines))

    def check_spool(self, texts):
        out = self.folder / "out"
        out.mkdir()
        subprocess.run(["/sbin/debugfs", "-R", f"rdump /spool {out}", self.disk], check=True, capture_output=True)
        with contextlib.closing(sqlite3.connect(out / "spool/spool.db")) as spool:
            rows = spool.execute("SELECT kind, blob FROM items WHERE length(blob) > 0 ORDER BY seq").fetchall()
        opened = {"read": [], "plate": [], "overview": []}
        read = None  # the newest: its pictures follow it
        for number, (kind, blob) in enumerate(rows):
            if kind not in opened:
                continue
            file = self.folder / f"item-{number}"
            file.write_bytes(blob)
            if kind == "read":
                read = file
                opened[kind].append(self.open(file, ["read"]))
            else:
                opened[kind].append(self.open(file, ["read", "evidence"], "--read", read))
        # At seconds a frame each look at a vehicle may be a passage of its own.
        self.assertEqual([text for text, _ in itertools.groupby(told["text"] for told in opened["read"])], texts)
        for kind, told in opened.items():
            self.assertEqual(len(told), len(opened["read"]), kind)
            self.assertEqual({one.get("authenticity") for one in told}, {"authentic"}, f"{kind}: {told}")

    def open(self, file, recipients, *more):
        keys = [word for name in recipients for option, end in (("--key", "key"), ("--certificate", "crt"))
                for word in (option, self.pki / f"recipients/collector-{name}.{end}")]
        done = subprocess.run([BUILD / "bin/portcullis", "open", file, *keys, "--device-ca", self.pki / "device-chain.pem",
                               "--signers", self.pki / "devices/signers", *more], capture_output=True, text=True)
        self.assertTrue(done.stdout.startswith("{"), done.stderr)
        return json.loads(done.stdout)


def missing():
    if shutil.which(QEMU) is None:
        return f"{QEMU} is not here"
    for path in (ARM64 / "bin/portcullis-reader", BUILD.parent / "guest/arm64-root/complete", BUILD.parent / "guest/kernel-arm64/complete"):
        if not path.exists():
            return f"{path} is not there"
    return None


if __name__ == "__main__":
    BUILD = pathlib.Path(sys.argv.pop(1)).resolve()
    ARM64 = pathlib.Path(sys.argv.pop(1)).resolve()
    if why := missing():
        print(f"SKIPPED: {why}; run tests/guest/build-arm64")
        sys.exit(0)
    unittest.main(verbosity=2)
