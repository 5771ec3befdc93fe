#!/usr/bin/env python3
"""Trigger, lamp and filter on the lines of the kernel's gpio-sim, in a QEMU guest: test_driver_gpio runs there whole.

usage: gpio_guest_test.py BUILD_DIR [unittest arguments]
Needs qemu-system-x86, busybox-static, and gpio-sim, which Debian's kernel leaves out: tests/guest/build-gpio-sim builds it.
"""
import pathlib
import shutil
import sys
import tempfile
import unittest

from guest import BUSYBOX, LIMIT_S, QEMU, Guest, build_initramfs, with_another_machine

BUILD = pathlib.Path()
SCRIPT = """
mount -t configfs none /sys/kernel/config
device=/sys/kernel/config/gpio-sim/portcullis
mkdir $device $device/bank0
echo 8 > $device/bank0/num_lines
echo portcullis-sim > $device/bank0/label
for wired in 0:TRIGGER 1:LAMP 2:FILTER; do
  mkdir $device/bank0/line${wired%:*}
  echo ${wired#*:} > $device/bank0/line${wired%:*}/name
done
echo 1 > $device/live
udevadm settle -t 60
export PORTCULLIS_GPIO_SIM=/sys/devices/platform/$(cat $device/dev_name)/$(cat $device/bank0/chip_name)
test_driver_gpio -nc
echo GPIO-RESULT $?
"""


class Gpio(unittest.TestCase):
    def test_lines(self):
        with_another_machine(self.look_at_lines)

    def look_at_lines(self):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="portcullis-guest-"))
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        kernel = BUILD.parent / "guest" / "kernel"
        version = (kernel / "complete").read_text(encoding="utf-8").strip()
        guest = Guest(folder, kernel, version, build_initramfs(
            kernel, version, ("configfs",), (BUILD / "tests/drivers/gpio/test_driver_gpio",), SCRIPT, (BUILD.parent / "guest/gpio-sim.ko",)))
        self.addCleanup(guest.close)
        lines = []
        while (line := guest.next_line(LIMIT_S)) is not None and line != "GUEST-END":
            print("guest:", line, flush=True)
            lines.append(line)
        self.assertIn("GPIO-RESULT 0", lines)
        self.assertTrue(any("Status: SUCCESS!" in line for line in lines))
        self.assertFalse(any("no simulated GPIO chip" in line for line in lines))


if __name__ == "__main__":
    BUILD = pathlib.Path(sys.argv.pop(1)).resolve()
    if shutil.which(QEMU) is None or not BUSYBOX.exists():
        print(f"SKIPPED: {QEMU} or {BUSYBOX} is not here; run cmake/install-packages tests/guest/packages.txt")
        sys.exit(0)
    if not (BUILD.parent / "guest/gpio-sim.ko").exists():
        print("SKIPPED: no gpio-sim for the guest's kernel; tests/guest/build-gpio-sim builds it")
        sys.exit(0)
    unittest.main(verbosity=2)
