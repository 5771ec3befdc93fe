#!/usr/bin/env python3
"""Runs a program behind the system call filters of its service unit, as systemd would, without systemd.

usage: unit_filter.py UNIT_FILE PROGRAM [argument ...]

SystemCallFilter= as it stands there (a call that is not allowed kills the process), ProtectClock=yes (its calls are refused).
Needs systemd-analyze, which knows the groups of calls, and libseccomp.
"""
import ctypes
import errno
import functools
import os
import re
import subprocess
import sys

KILL_PROCESS = 0x80000000
ALLOW = 0x7fff0000
REFUSE = 0x00050000 | errno.EPERM


@functools.cache
def members(group):
    shown = subprocess.run(["systemd-analyze", "syscall-filter", group], check=True, capture_output=True, text=True).stdout
    calls = set()
    for line in shown.splitlines():
        name = line.strip()
        if not line.startswith(" ") or name.startswith("#"):
            continue
        calls |= members(name) if name.startswith("@") else {name}
    return frozenset(calls)


def calls_of(names):
    return set().union(*(members(name) if name.startswith("@") else {name} for name in names))


def directives(unit_file, key):
    with open(unit_file, encoding="utf-8") as unit:
        return re.findall(rf"(?m)^{key}=(.*)$", unit.read())


def allowed_calls(unit_file):
    """What is left when the lines are applied in their order; what systemd itself needs (@default) is always allowed."""
    allowed = set()
    for line in directives(unit_file, "SystemCallFilter"):
        taken_out = line.startswith("~")
        calls = calls_of(line.lstrip("~").split())
        allowed = allowed - calls if taken_out else allowed | calls
    return allowed | calls_of(["@default"]) if allowed else allowed


def load(default, rules):
    seccomp = ctypes.CDLL("libseccomp.so.2", use_errno=True)
    seccomp.seccomp_init.restype = ctypes.c_void_p
    context = ctypes.c_void_p(seccomp.seccomp_init(ctypes.c_uint32(default)))
    for action, names in rules:
        for name in sorted(names):
            number = seccomp.seccomp_syscall_resolve_name(name.encode())
            if number >= 0:  # negative: this machine's kernel has no such call
                seccomp.seccomp_rule_add(context, ctypes.c_uint32(action), number, 0)
    if seccomp.seccomp_load(context) != 0:
        raise OSError("seccomp_load refused the filter")
    seccomp.seccomp_release(context)


def main(unit_file, program, arguments):
    allowed = allowed_calls(unit_file)
    clock = calls_of(["@clock"]) if directives(unit_file, "ProtectClock")[-1:] == ["yes"] else set()
    if clock:
        load(ALLOW, [(REFUSE, clock)])
    if os.geteuid() == 0:
        allowed.add("fchown")  # SQLite's, of root alone, which no unit runs as
    load(KILL_PROCESS, [(ALLOW, allowed)])  # last: it may forbid to load another
    os.execv(program, [program, *arguments])


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
