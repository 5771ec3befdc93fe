"""A small Debian root file system for an arm64 guest, as an initramfs: systemd, udev, busybox as its shell, one program with the
libraries that it needs. Made of unpacked packages: nothing of arm64 runs on this machine, and no root is needed."""
import os
import pathlib
import re
import subprocess

from guest import Initramfs, modules

LIBRARIES = "usr/lib/aarch64-linux-gnu"
# Of the packages systemd and udev: all but what a device does not need or what would take its time at the first start.
KEPT = ("usr/lib/systemd/", "usr/lib/udev/", "usr/lib/sysusers.d/", "usr/lib/tmpfiles.d/systemd.conf", "usr/lib/tmpfiles.d/var.conf",
        "usr/lib/tmpfiles.d/static-nodes-permissions.conf", "usr/lib/tmpfiles.d/tmp.conf", "etc/systemd/", "etc/udev/",
        "usr/bin/systemctl", "usr/bin/journalctl", "usr/bin/udevadm", "usr/bin/systemd-sysusers", "usr/bin/systemd-tmpfiles")
LEFT_OUT = re.compile("|".join((
    "usr/lib/systemd/catalog/", "usr/lib/systemd/user", "usr/lib/systemd/.*-generators/(?!systemd-fstab)", "usr/lib/udev/hwdb.d/",
    ".*/(systemd-)?(logind|firstboot|hwdb-update|journal-catalog-update|update-utmp|pcrphase|repart|binfmt|ask-password)[^/]*$",
    ".*/(getty|ldconfig|kmod-static-nodes|proc-sys-fs-binfmt|sys-kernel-(debug|tracing)|dev-(hugepages|mqueue)|sys-fs-fuse)[^/]*$")))
SHELL = ("sh", "cat", "chmod", "chown", "date", "echo", "grep", "ls", "mkdir", "modprobe", "mount", "poweroff", "ps", "sed", "sleep", "stty", "dmesg",
         "sync", "tail", "umount", "insmod")


def _needed(files):
    """Names of the shared libraries that these ELF files name."""
    if not files:
        return set()
    told = subprocess.run(["readelf", "-d", *map(str, files)], capture_output=True, text=True).stdout
    return set(re.findall(r"\(NEEDED\).*\[(.+)\]", told))


def _is_elf(path):
    with open(path, "rb") as file:
        return file.read(4) == b"\x7fELF"


class Arm64Root:
    """root: unpacked systemd, udev, busybox-static, base-passwd; sysroot: where the program's libraries are found as well."""

    def __init__(self, root, sysroot):
        self._root = pathlib.Path(root)
        self._places = [self._root / LIBRARIES, self._root / LIBRARIES / "systemd", self._root / "usr/lib/systemd",
                        pathlib.Path(sysroot) / LIBRARIES]
        self._image = Initramfs()
        self._image.console()
        for folder in ("proc", "sys", "run", "tmp", "root", "var", "var/lib/portcullis", "etc", "usr/sbin"):
            self._image.folder(folder)
        for name in ("bin", "sbin", "lib"):
            self._image.link(name, "usr/" + name)
        self._elves = []
        self._held = set()
        self._add_system()

    def _add_system(self):
        for path in sorted(self._root.rglob("*")):
            name = str(path.relative_to(self._root))
            if (path.is_file() or path.is_symlink()) and name.startswith(KEPT) and not LEFT_OUT.match(name):
                self.file(name, path)
        self.file("usr/bin/busybox", self._root / "usr/bin/busybox")
        for applet in SHELL:
            self._image.link("usr/bin/" + applet, "busybox")
        self._image.link("usr/sbin/modprobe", "../bin/busybox")
        self._image.link("init", "usr/lib/systemd/systemd")
        for name in ("passwd", "group"):  # as base-passwd's script does when it is installed
            self.file("etc/" + name, self._root / f"usr/share/base-passwd/{name}.master", 0o644)
        self.text("etc/machine-id", "0123456789abcdef0123456789abcdef\n")

    def file(self, name, source, mode=None):
        """A link stays one; a program brings its libraries."""
        if name in self._held:
            return
        self._held.add(name)
        source = pathlib.Path(source)
        if source.is_symlink():
            self._image.link(name, os.readlink(source))
            return
        self._image.file(name, source.read_bytes(), source.stat().st_mode & 0o777 if mode is None else mode)
        if _is_elf(source):
            self._elves.append(source)

    def folder(self, name, source):
        for path in sorted(pathlib.Path(source).rglob("*")):
            if path.is_file():
                self.file(f"{name}/{path.relative_to(source)}", path, 0o644)

    def text(self, name, content, mode=0o644):
        self._image.file(name, content.encode(), mode)

    def link(self, name, target):
        self._image.link(name, target)

    def modules(self, kernel, version, wanted):
        """Modules that udev and mount load by themselves, from depmod's index of the whole kernel."""
        folder = pathlib.Path(kernel) / "lib/modules" / version
        for file in modules(kernel, version, wanted):
            self.file(os.path.join("usr/lib/modules", version, os.path.relpath(file, folder)), file, 0o644)
        for index in folder.glob("modules.*"):
            self.file(f"usr/lib/modules/{version}/{index.name}", index, 0o644)

    def _find(self, library):
        for place in self._places:
            if (place / library).exists():
                return (place / library).resolve()
        raise FileNotFoundError(f"{library}: in none of {', '.join(map(str, self._places))}")

    def bytes(self):
        fresh = self._elves
        while fresh:
            names = sorted(name for name in _needed(fresh) if f"{LIBRARIES}/{name}" not in self._held)
            fresh = []
            for name in names:
                found = self._find(name)
                self._held.add(f"{LIBRARIES}/{name}")
                self._image.file(f"{LIBRARIES}/{name}", found.read_bytes())
                fresh.append(found)
        self._image.link("usr/lib/ld-linux-aarch64.so.1", "aarch64-linux-gnu/ld-linux-aarch64.so.1")
        return self._image.bytes()
