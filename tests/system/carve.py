"""Carving: what a thief looks for in a copy of files or of memory. Pure functions over bytes, save memory_of; standard library only.

Texts in every form that a program may have left them in, heads of pictures, stretches of a sealed blob that are not
as even as ciphertext is, and private keys.
"""
import base64
import contextlib
import math
import pathlib
import re
import struct
import subprocess

# Shannon entropy of 256 random bytes is 7.17 bits a byte, deviation 0.03; text has about 5. Of 10^7 random windows none
# lies below this (ten deviations).
WINDOW_BYTES = 256
LEAST_ENTROPY = 6.85


def forms(text):
    """(name, bytes) of a text as it may stand in a file."""
    raw = text.encode()
    yield "plain", raw
    yield "lower", raw.lower()
    yield "reversed", raw[::-1]
    yield "utf-16", text.encode("utf-16-le")
    yield "utf-16 big-endian", text.encode("utf-16-be")
    yield "utf-32", text.encode("utf-32-le")
    yield "hex", raw.hex().encode()
    yield "HEX", raw.hex().upper().encode()
    for shift in range(3):
        coded = base64.b64encode(b"\0" * shift + raw + b"\0" * 3)
        yield f"base64+{shift}", coded[(shift * 8 + 5) // 6: (shift * 8 + len(raw) * 8) // 6]


def find_texts(content, texts):
    """Names of the forms in which a text stands in content."""
    return [form for text in texts for form, needle in forms(text) if needle in content]


def is_jpeg(content, at):
    """True when segment follows segment from a start marker up to a scan: no chance among random bytes."""
    at += 2
    while at + 4 <= len(content) and content[at] == 0xFF:
        if content[at + 1] == 0xDA:
            return True
        at += 2 + int.from_bytes(content[at + 2:at + 4], "big")
    return False


def is_tiff(content, at):
    """DNG is a TIFF: its first directory begins near, and its entries have ascending tags."""
    order = "<" if content[at:at + 2] == b"II" else ">"
    if at + 8 > len(content):
        return False
    start = at + struct.unpack_from(order + "I", content, at + 4)[0]
    if not at + 8 <= start or start + 2 > len(content):
        return False
    count = struct.unpack_from(order + "H", content, start)[0]
    if not 4 <= count <= 200 or start + 2 + 12 * count > len(content):
        return False
    tags = [struct.unpack_from(order + "H", content, start + 2 + 12 * i)[0] for i in range(count)]
    return tags == sorted(tags)


def find_pictures(content):
    found = []
    if any(is_jpeg(content, start.start()) for start in re.finditer(rb"\xff\xd8\xff", content)):
        found.append("jpeg")
    if b"\x89PNG\r\n\x1a\n" in content:
        found.append("png")
    if any(is_tiff(content, start.start()) for start in re.finditer(rb"II\x2a\0|MM\0\x2a", content)):
        found.append("dng")
    if re.search(rb"RIFF....WEBP|ftyp(?:isom|mp4|avc1|heic|avif)|YUV4MPEG2", content, re.DOTALL):
        found.append("webp or film")
    return found


def entropy(window):
    counts = [window.count(value) for value in set(window)]
    return -sum(count / len(window) * math.log2(count / len(window)) for count in counts)


def ciphertext_of(blob):
    """(start, end) of the longest primitive value of a DER text: in a sealed blob, what is encrypted."""
    best = (0, 0)
    todo = [(0, len(blob))]
    while todo:
        at, end = todo.pop()
        while at + 2 <= end:
            tag, length, header = blob[at], blob[at + 1], 2
            if length >= 0x80:
                octets = length & 0x7F
                length = int.from_bytes(blob[at + 2:at + 2 + octets], "big")
                header += octets
            start, stop = at + header, at + header + length
            if stop > end:
                break
            if tag & 0x20:
                todo.append((start, stop))
            elif length > best[1] - best[0]:
                best = (start, stop)
            at = stop
    return best


def entropy_dips(content):
    """Where windows of content are less even than ciphertext."""
    return [at for at in range(0, len(content) - WINDOW_BYTES + 1, WINDOW_BYTES // 4)
            if entropy(content[at:at + WINDOW_BYTES]) < LEAST_ENTROPY]


def scalar_of(key_file):
    """The secret bytes of an EC private key: 32 of P-256, 48 of the root's P-384."""
    der = subprocess.run(["openssl", "pkey", "-in", key_file, "-outform", "DER"], check=True, capture_output=True).stdout
    at = der.index(b"\x02\x01\x01\x04") + 5
    return der[at:at + der[at - 1]]


def find_secret(content, scalar, pem):
    """In which form a private key stands in content: its secret number, or a line of its PEM text."""
    found = [form for form, needle in (("raw", scalar), ("reversed", scalar[::-1]), ("hex", scalar.hex().encode()),
                                       ("HEX", scalar.hex().upper().encode())) if needle in content]
    for shift in range(3):
        coded = base64.b64encode(b"\0" * shift + scalar)
        if coded[(shift * 8 + 5) // 6: (shift * 8 + 256) // 6] in content:
            found.append("base64")
    # The middle of the body: the first line of every P-256 key is much alike.
    if pem.splitlines()[2][:40] in content:
        found.append("pem")
    return found


def private_keys_in(content):
    """Every private key that stands in content, as PEM."""
    return re.findall(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----.+?-----END [A-Z ]*PRIVATE KEY-----\n?", content, re.DOTALL)


def memory_of(pid):
    """(name, bytes) of each writable mapping of a process; root's alone."""
    with open(f"/proc/{pid}/maps", encoding="ascii") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for line in maps:
            begin, end, access, name = re.match(r"(\w+)-(\w+) (\S+) \S+ \S+ \S+ *(.*)", line).groups()
            if "w" not in access or name == "[vvar]":
                continue
            with contextlib.suppress(OSError):
                memory.seek(int(begin, 16))
                yield name or "anonymous", memory.read(int(end, 16) - int(begin, 16))


def files_of(folder):
    return sorted(path for path in pathlib.Path(folder).rglob("*") if path.is_file() and not path.is_symlink())
