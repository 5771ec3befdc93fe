"""A QEMU guest (software emulation, so it runs anywhere) with Debian's unmodified kernel and an initramfs of our own: a shell,
kernel modules, some programs with their libraries. One line of output after the other. Beside it the camera that it sees."""
import os
import pathlib
import queue
import re
import subprocess
import sys
import threading
import time

SOURCE = pathlib.Path(__file__).resolve().parents[2]
QEMU = "qemu-system-x86_64"
# One processor: a second one makes software emulation slower here.
X86 = (QEMU, "-machine", "q35", "-cpu", "max", "-smp", "1")
BUSYBOX = pathlib.Path("/bin/busybox")
UDEVADM = pathlib.Path("/bin/udevadm")
MEMORY_MIB = 1024
LIMIT_S = 300  # for one line of the guest: a machine under load is slow
BEAT_S = 20
FROZEN_S = 200
# Every BEAT_S the guest says what its programs wait in, so that a program that stands still can be told from a machine that does.
BEAT = f"""(while sleep {BEAT_S}; do
  line=BEAT
  for task in /proc/[0-9]*/task/*; do
    [ -z "$(readlink ${{task%/task/*}}/exe)" ] || line="$line $(cat $task/comm):$(sed 's/.*] //; s/+.*//' $task/stack | tr '\n' '<')"
  done
  echo "$line"
done) 2>/dev/null &"""


class GuestFrozen(Exception):
    """The emulated machine stands still: not even its beat comes. Nothing that runs in it can do that."""


class GuestStuck(Exception):
    """The machine runs, but what was awaited did not come."""


def with_another_machine(test):
    """Runs the test once more, in another guest, when its emulated machine stood still."""
    try:
        test()
    except GuestFrozen as frozen:
        print(f"ONCE MORE: {frozen}", file=sys.stderr, flush=True)
        test()


class Initramfs:
    """The kernel's own format for it, cpio "newc" (Documentation/driver-api/early-userspace/buffer-format.rst); not compressed, for
    an emulated processor unpacks slower than it copies."""

    def __init__(self):
        self._content = bytearray()
        self._count = 0
        self._folders = set()

    def _entry(self, name, mode, data=b"", device=(0, 0)):
        self._count += 1
        path = name.encode() + b"\0"
        fields = (self._count, mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(path), 0)
        self._content += b"070701" + b"".join(b"%08X" % field for field in fields) + path
        self._content += b"\0" * (-len(self._content) % 4) + data
        self._content += b"\0" * (-len(self._content) % 4)

    def folder(self, name):
        name = name.strip("/")
        if not name or name in self._folders:
            return
        self.folder(os.path.dirname(name))
        self._folders.add(name)
        self._entry(name, 0o040755)

    def file(self, name, data, mode=0o755):
        self.folder(os.path.dirname(name))
        self._entry(name.strip("/"), 0o100000 | mode, data)

    def link(self, name, target):
        self.folder(os.path.dirname(name))
        self._entry(name.strip("/"), 0o120777, target.encode())

    def console(self):
        self.folder("dev")
        self._entry("dev/console", 0o020600, device=(5, 1))

    def bytes(self):
        self._entry("TRAILER!!!", 0)
        return bytes(self._content)


def libraries(program):
    listed = subprocess.run(["ldd", program], check=True, capture_output=True, text=True).stdout
    return re.findall(r"(/\S+) \(0x", listed)


def modules(kernel, version, wanted):
    """Files of the modules and of what they need, in the order in which they are loaded."""
    files = []
    for name in wanted:
        shown = subprocess.run(["modprobe", "-d", kernel, "-S", version, "--show-depends", name], check=True, capture_output=True,
                               text=True, env={**os.environ, "PATH": os.environ["PATH"] + ":/sbin:/usr/sbin"}).stdout
        for file in re.findall(r"^insmod (\S+)", shown, re.MULTILINE):
            if file not in files:
                files.append(file)
    return files


def build_initramfs(kernel, version, wanted_modules, programs, script, extra_modules=()):
    """script: the shell commands that the guest runs, behind udev."""
    image = Initramfs()
    for folder in ("proc", "sys", "tmp", "run", "sbin"):
        image.folder(folder)
    image.console()
    image.file("bin/busybox", BUSYBOX.read_bytes())
    loading = []
    for file in (*modules(kernel, version, wanted_modules), *map(str, extra_modules)):
        name = "modules/" + os.path.basename(file)
        image.file(name, pathlib.Path(file).read_bytes())
        loading.append("/" + name)
    held = set()
    for program in (UDEVADM, *programs):
        image.file("bin/" + program.name, program.read_bytes())
        for library in libraries(program):
            if library not in held:
                held.add(library)
                image.file(library, pathlib.Path(library).read_bytes())
    image.file("bin/systemd-udevd", UDEVADM.read_bytes())  # it goes by its name
    init = ["#!/bin/busybox sh", "/bin/busybox --install -s /bin", "export PATH=/bin",
            "mount -t proc proc /proc", "mount -t sysfs sys /sys", "mount -t devtmpfs dev /dev", "stty -echo 2>/dev/null",
            "mkdir -p /run/udev", "systemd-udevd --daemon", *(f"insmod {file}" for file in loading),
            "udevadm trigger --action=add", "udevadm settle -t 60", BEAT, script, "echo GUEST-END", "poweroff -f"]
    image.file("init", "\n".join(init).encode() + b"\n")
    return image.bytes()


class Guest:
    """Runs QEMU until it is closed. next_line() gives what the guest printed."""

    def __init__(self, folder, kernel, version, initramfs, *arguments, machine=X86, boot="console=ttyS0"):
        archive = folder / "initramfs"
        archive.write_bytes(initramfs)
        command = [*machine, "-accel", "tcg", "-m", str(MEMORY_MIB), "-display", "none",
                   "-no-reboot", "-nodefaults", "-serial", "stdio", "-monitor", "none",
                   "-kernel", str(pathlib.Path(kernel) / "boot" / f"vmlinuz-{version}"), "-initrd", str(archive),
                   "-append", f"{boot} quiet panic=-1", *arguments]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self._lines = queue.Queue()
        self._beat = None
        self._beat_at = time.monotonic()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for raw in self._process.stdout:
            line = raw.decode(errors="replace").strip()
            self._beat_at = time.monotonic()
            if line.startswith("BEAT "):
                self._beat = line.removeprefix("BEAT ")
            else:
                self._lines.put(line)
        self._lines.put(None)

    def next_line(self, timeout_s):
        """None when the guest is off."""
        try:
            return self._lines.get(timeout=timeout_s)
        except queue.Empty:
            silent_s = time.monotonic() - self._beat_at
        if self._beat is not None and silent_s > FROZEN_S:
            raise GuestFrozen(f"the emulated machine has stood still for {silent_s:.0f} s; before that: {self._beat}")
        raise GuestStuck(f"no line of the guest for {timeout_s} s; its programs: {self._beat or 'not heard of'}")

    def write(self, text):
        self._process.stdin.write(text.encode())
        self._process.stdin.flush()

    def close(self):
        self._process.kill()
        self._process.wait()
        self._process.stdin.close()
        self._process.stdout.close()


class EmulatedCamera:
    def __init__(self, build, socket):
        self._process = subprocess.Popen([build / "tests/guest/emulated_camera", socket], stdin=subprocess.PIPE,
                                         stdout=subprocess.PIPE, text=True, bufsize=1)
        self._lines = queue.Queue()
        self.controls = []
        threading.Thread(target=self._read, daemon=True).start()
        self._wait_for("listening")

    def _read(self):
        for line in self._process.stdout:
            self._lines.put(line.strip())
        self._lines.put(None)

    def _wait_for(self, word):
        """Controls that are told before it are kept."""
        while (line := self._lines.get(timeout=LIMIT_S)) is not None:
            if line.startswith("control "):
                self.controls.append(line.removeprefix("control "))
            if line == word:
                return
        raise EOFError("the emulated camera ended")

    def do(self, word):
        self._process.stdin.write(word + "\n")
        self._wait_for("done " + word)

    def close(self):
        self._process.kill()
        self._process.wait()
        self._process.stdin.close()
        self._process.stdout.close()
