#!/usr/bin/env python3
"""Both live camera drivers against the kernel's real uvcvideo in a QEMU guest, whose USB camera emulated_camera is.

usage: camera_guest_test.py BUILD_DIR [unittest arguments]
Needs qemu-system-x86, busybox-static, kmod; fetches the guest's kernel (tests/guest/fetch-kernel).
"""
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

from guest import BUSYBOX, LIMIT_S, QEMU, SOURCE, EmulatedCamera, Guest, build_initramfs, with_another_machine

BUILD = pathlib.Path()
DRIVERS = ("v4l2", "libcamera")
STEPS = ("frames are the device's pictures byte for byte", "controls are set", "what the camera does not offer is refused",
         "a busy camera is told", "a forbidden camera is told", "a cut mjpeg picture is told and passed over",
         "a silent camera is lost and works again", "opened and closed again and again",
         "unplugged in mid-stream and plugged in again")
# What arrives at the device in the step "controls are set"; no other step asks for these values.
ARRIVED = ("exposure_mode 1", "exposure 5", "gain 50", "brightness 16")
SCRIPT = """
for i in $(seq 300); do [ -e /dev/video0 ] && [ -e /dev/media0 ] && break; sleep 0.2; done
for driver in v4l2 libcamera; do
  echo PHASE $driver
  guest_camera $driver
  echo HOST end-of-$driver; read answer
done
export PORTCULLIS_CAMERA_V4L2=320x240 PORTCULLIS_CAMERA_LIBCAMERA=320x240
if test_driver_camera -tc='contract: a real*' >/tmp/contract 2>&1 && grep -q 'test cases: *2 | *2 passed' /tmp/contract; then
  echo CONTRACT OK
else
  cat /tmp/contract
fi
"""


class Cameras(unittest.TestCase):
    def start(self):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="portcullis-guest-"))
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        kernel = BUILD.parent / "guest" / "kernel"
        subprocess.run([SOURCE / "tests/guest/fetch-kernel", kernel], check=True)
        version = (kernel / "complete").read_text(encoding="utf-8").strip()
        initramfs = build_initramfs(kernel, version, ("xhci-pci", "uvcvideo"),
                                    (BUILD / "tests/guest/guest_camera", BUILD / "tests/drivers/camera/test_driver_camera"), SCRIPT)
        socket = folder / "camera"
        camera = EmulatedCamera(BUILD, socket)
        self.addCleanup(camera.close)
        guest = Guest(folder, kernel, version, initramfs, "-device", "qemu-xhci", "-chardev",
                      f"socket,id=camera,path={socket}", "-device", "usb-redir,chardev=camera")
        self.addCleanup(guest.close)
        return camera, guest

    def test_cameras(self):
        with_another_machine(self.look_at_cameras)

    def look_at_cameras(self):
        camera, guest = self.start()
        lines, controls, phase = [], {}, None
        while (line := guest.next_line(LIMIT_S)) is not None and line != "GUEST-END":
            print("guest:", line, flush=True)
            lines.append((phase, line))
            if line.startswith("PHASE "):
                phase = line.removeprefix("PHASE ")
                camera.controls = []
            if line.startswith("HOST "):
                camera.do(line.removeprefix("HOST "))
                if line.startswith("HOST end-of-"):
                    controls[phase] = camera.controls
                guest.write("done\n")
        self.assertEqual(line, "GUEST-END")
        for driver in DRIVERS:
            done = [text.removeprefix("OK ").rsplit(" (", 1)[0] for phase, text in lines if phase == driver and text.startswith("OK ")]
            with self.subTest(driver=driver):
                self.assertEqual(tuple(done), STEPS)
            for control in ARRIVED:
                with self.subTest(driver=driver, control=control):
                    self.assertIn(control, controls[driver])
        self.assertIn("CONTRACT OK", [text for _, text in lines])


if __name__ == "__main__":
    BUILD = pathlib.Path(sys.argv.pop(1)).resolve()
    if shutil.which(QEMU) is None or not BUSYBOX.exists():
        print(f"SKIPPED: {QEMU} or {BUSYBOX} is not here; run cmake/install-packages tests/guest/packages.txt")
        sys.exit(0)
    unittest.main(verbosity=2)
