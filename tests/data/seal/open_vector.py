#!/usr/bin/python3
"""Opens sealed blobs by the text of firmware/seal/README.md alone: a second, independent opener.

usage: open_vector.py [--vectors FOLDER]
       open_vector.py --recipient KEY CRT [--recipient ...] --signer CRT [--signer ...] --ca CRT [--read BLOB ...]
                      [--picture BLOB ...] [--out FOLDER]

Its own walk over DER and python3-cryptography's primitives: neither OpenSSL's CMS nor a line of the product. The
first form judges every vector of FOLDER (default: this script's folder) and compares with vectors.txt. The second
opens files: prints a line a blob, `NAME<tab>AUTHENTICITY KEY_TRUST<tab>BYTES`, and writes what it opened as
FOLDER/NAME.opened. --picture opens the envelope only: a picture is vouched for by its read.
Exit code: 0 as expected (second form: everything opened as authentic), 1 not, 77 python3-cryptography is missing.
Dates are not judged, nor revocation: an auditor looks at the certificates himself.
"""

import argparse
import hashlib
import json
import pathlib
import re
import sys

try:
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature, InvalidTag
    from cryptography.hazmat.primitives import hashes, keywrap, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.kdf.x963kdf import X963KDF
except ImportError:
    print("SKIPPED: python3-cryptography is missing; apt-get install python3-cryptography")
    sys.exit(77)

MAX_BLOB = 4 * 1024 * 1024
MAX_SIGNED = 8192
MAX_RECIPIENTS = 16
PAYLOAD_KEYS = ("v fleet dev chain boot seq prev ack t mono clk plate raw chars conf readings jurisdiction jconf lane "
                "dir quad passage fw model media rcp set stale pad").split()
VERSION = 4


class Refused(Exception):
    """The blob is not of the one shape."""


class Der:
    """Walks one level of DER: definite, minimal lengths, nothing beyond the end."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        if count > len(self.data) - self.at:
            raise Refused("cut short")
        self.at += count
        return self.data[self.at - count:self.at]

    def element(self, tag):
        if self.take(1)[0] != tag:
            raise Refused(f"not the tag {tag:02x}")
        length = self.take(1)[0]
        if length >= 0x80:
            field = self.take(length & 0x7F)
            length = int.from_bytes(field, "big")
            if not field or field[0] == 0 or length < 0x80:
                raise Refused("length is not minimal")
        return self.take(length)

    def enter(self, tag):
        return Der(self.element(tag))

    def expect(self, hexadecimal):
        wanted = bytes.fromhex(hexadecimal)
        if self.take(len(wanted)) != wanted:
            raise Refused(f"not {hexadecimal}")

    def end(self):
        if self.at != len(self.data):
            raise Refused("bytes follow")


# --- the envelope ------------------------------------------------------------------------------------------------
def read_recipient(infos):
    info = infos.enter(0xA1)
    info.expect("020103")
    info.expect("a051a14f300906072a8648ce3d020103420004")
    point = b"\x04" + info.take(64)
    info.expect("301506062b8104010b01")
    info.expect("300b060960864801650304012d")
    info.expect("30443042a0160414")
    key_id = info.take(20)
    info.expect("0428")
    wrapped = info.take(40)
    info.end()
    return key_id, point, wrapped


def walk_envelope(blob):
    """(recipients, nonce, ciphertext, tag)"""
    if len(blob) > MAX_BLOB:
        raise Refused("too long")
    whole = Der(blob)
    outer = whole.enter(0x30)
    whole.end()
    outer.expect("060b2a864886f70d0109100117")
    wrapper = outer.enter(0xA0)
    outer.end()
    envelope = wrapper.enter(0x30)
    wrapper.end()
    envelope.expect("020100")
    infos = envelope.enter(0x31)
    recipients, encoded = [], []
    while infos.at < len(infos.data):
        begin = infos.at
        recipients.append(read_recipient(infos))
        encoded.append(infos.data[begin:infos.at])
    if not 1 <= len(recipients) <= MAX_RECIPIENTS or len({r[0] for r in recipients}) < len(recipients):
        raise Refused("recipients")
    if any(a >= b for a, b in zip(encoded, encoded[1:])):
        raise Refused("recipients are not in the order of their bytes")
    content = envelope.enter(0x30)
    content.expect("06092a864886f70d010701301e060960864801650304012e3011040c")
    nonce = content.take(12)
    content.expect("020110")
    ciphertext = content.element(0x80)
    content.end()
    if not ciphertext:
        raise Refused("empty")
    envelope.expect("0410")
    tag = envelope.take(16)
    envelope.end()
    return recipients, nonce, ciphertext, tag


def decrypt(key, point, wrapped, nonce, ciphertext, tag):
    ephemeral = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    secret = key.exchange(ec.ECDH(), ephemeral)
    # ECC-CMS-SharedInfo (RFC 5753): aes256-wrap, no user keying material, 256 bits
    shared_info = bytes.fromhex("3015" "300b060960864801650304012d" "a206" "0404" "00000100")
    kek = X963KDF(hashes.SHA256(), 32, shared_info).derive(secret)
    return AESGCM(keywrap.aes_key_unwrap(kek, wrapped)).decrypt(nonce, ciphertext + tag, None)


# --- the signature -----------------------------------------------------------------------------------------------
def walk_signed(blob):
    """(text, key id, attributes as SET OF, digest they name, signature)"""
    if len(blob) > MAX_SIGNED:
        raise Refused("too long")
    whole = Der(blob)
    outer = whole.enter(0x30)
    whole.end()
    outer.expect("06092a864886f70d010702")
    wrapper = outer.enter(0xA0)
    outer.end()
    data = wrapper.enter(0x30)
    wrapper.end()
    data.expect("020103" "310d300b0609608648016503040201")
    content = data.enter(0x30)
    content.expect("06092a864886f70d010701")
    inner = content.enter(0xA0)
    content.end()
    text = inner.element(0x04)
    inner.end()
    if not text.startswith(b'{"v":'):
        raise Refused("text")
    signers = data.enter(0x31)
    data.end()
    signer = signers.enter(0x30)
    signers.end()
    signer.expect("020103" "8014")
    key_id = signer.take(20)
    signer.expect("300b0609608648016503040201")
    encoded = signer.element(0xA0)
    signer.expect("300a06082a8648ce3d040302")
    signature = signer.element(0x04)
    signer.end()
    attributes = Der(encoded)
    attributes.expect("301806092a864886f70d010903310b06092a864886f70d010701")
    time = attributes.enter(0x30)
    time.expect("06092a864886f70d010905")
    value = time.enter(0x31)
    time.end()
    tag, length = (0x18, 15) if value.data[:1] == b"\x18" else (0x17, 13)
    if len(value.element(tag)) != length:
        raise Refused("signing time")
    value.end()
    attributes.expect("302f06092a864886f70d01090431220420")
    digest = attributes.take(32)
    attributes.end()
    set_of = b"\x31" + blob_length(len(encoded)) + encoded
    return text, key_id, set_of, digest, signature


def blob_length(length):
    return bytes([length]) if length < 0x80 else bytes([0x81, length])


# --- the text ----------------------------------------------------------------------------------------------------
def is_canonical(text):
    """The keys in their order, no blank outside a text, padded to the bucket."""
    try:
        value = json.loads(text.decode())
    except ValueError:
        return False
    tight = re.sub(rb'("[^"\\]*")|\s', lambda match: match[1] or b"", text)
    padded = len(text) == 2304 or (len(text) > 2304 and len(text) % 256 == 0)
    return list(value) == PAYLOAD_KEYS and value["v"] == VERSION and tight == text and padded and not value["pad"].strip()


# --- the opener --------------------------------------------------------------------------------------------------
class Opener:
    def __init__(self, recipients, signers, authority):
        load = lambda path: x509.load_pem_x509_certificate(pathlib.Path(path).read_bytes())
        ident = lambda crt: crt.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
        self.keys = {ident(load(crt)): serialization.load_pem_private_key(pathlib.Path(key).read_bytes(), None)
                     for key, crt in recipients}
        self.signers = {}
        ca = load(authority) if authority else None
        for path in signers:
            crt = load(path)
            self.signers[ident(crt)] = (crt, self.issued(crt, ca))

    @staticmethod
    def issued(crt, ca):
        try:
            ca.public_key().verify(crt.signature, crt.tbs_certificate_bytes, ec.ECDSA(crt.signature_hash_algorithm))
            return crt.issuer == ca.subject
        except (InvalidSignature, AttributeError):
            return False

    def open_envelope(self, blob):
        """(authenticity, plaintext, key ids of the recipients)"""
        try:
            recipients, nonce, ciphertext, tag = walk_envelope(blob)
        except Refused:
            return "damaged", b"", []
        authenticity = "unopened"
        for key_id, point, wrapped in recipients:
            if key_id in self.keys:
                try:
                    plaintext = decrypt(self.keys[key_id], point, wrapped, nonce, ciphertext, tag)
                    return "authentic", plaintext, [r[0] for r in recipients]
                except (InvalidTag, keywrap.InvalidUnwrap, ValueError):
                    authenticity = "damaged"
        return authenticity, b"", []

    def open_read(self, blob):
        """(verdict in two words, text)"""
        authenticity, inside, recipients = self.open_envelope(blob)
        if authenticity != "authentic":
            return f"{authenticity} unchecked", b""
        try:
            text, key_id, attributes, digest, signature = walk_signed(inside)
        except Refused:
            return "forged unchecked", b""
        if key_id not in self.signers:
            return "forged stranger", b""
        certificate, issued = self.signers[key_id]
        try:
            certificate.public_key().verify(signature, attributes, ec.ECDSA(hashes.SHA256()))
        except InvalidSignature:
            return "forged unchecked", b""
        if digest != hashlib.sha256(text).digest():
            return "forged unchecked", b""
        trust = "trusted" if issued else "stranger"
        if not is_canonical(text):
            return f"forged {trust}", b""
        value = json.loads(text.decode())
        name = certificate.subject.get_attributes_for_oid(x509.oid.NameOID.COMMON_NAME)[0].value
        if value["dev"] != name or value["rcp"] != hashlib.sha256(b"".join(sorted(recipients))).hexdigest():
            return f"forged {trust}", b""
        return f"authentic {trust}", text


def judge_vectors(folder):
    opener = Opener([(folder / "reader.key", folder / "reader.crt")], [folder / "device.crt"], folder / "ca.crt")
    wrong = seen = 0
    for line in (folder / "vectors.txt").read_text().splitlines():
        if line.startswith("#"):
            continue
        name, expected = line.split("\t")
        verdict, _ = opener.open_read(bytes.fromhex((folder / f"{name}.hex").read_text().replace("\n", "")))
        seen += 1
        if verdict != expected:
            wrong += 1
            print(f"{name}: {verdict}, expected {expected}")
    print(f"{seen} vectors, {wrong} judged otherwise than their author expects")
    return 0 if seen >= 60 and wrong == 0 else 1


def open_files(arguments):
    opener = Opener(arguments.recipient, arguments.signer, arguments.ca)
    bad = 0
    for path in map(pathlib.Path, arguments.read + arguments.picture):
        blob = path.read_bytes()
        if str(path) in arguments.read:
            verdict, plaintext = opener.open_read(blob)
        else:
            authenticity, plaintext, _ = opener.open_envelope(blob)
            verdict = f"{authenticity} unchecked"
        bad += not verdict.startswith("authentic")
        print(f"{path.name}\t{verdict}\t{len(plaintext)}")
        if arguments.out and plaintext:
            (pathlib.Path(arguments.out) / f"{path.name}.opened").write_bytes(plaintext)
    return 1 if bad else 0


def main():
    parser = argparse.ArgumentParser(description="Opens sealed blobs by the text of firmware/seal/README.md alone.")
    parser.add_argument("--vectors", type=pathlib.Path, default=pathlib.Path(__file__).parent)
    parser.add_argument("--recipient", nargs=2, metavar=("KEY", "CRT"), action="append", default=[])
    parser.add_argument("--signer", metavar="CRT", action="append", default=[])
    parser.add_argument("--ca", metavar="CRT")
    parser.add_argument("--read", nargs="*", default=[])
    parser.add_argument("--picture", nargs="*", default=[])
    parser.add_argument("--out")
    arguments = parser.parse_args()
    if arguments.read or arguments.picture:
        return open_files(arguments)
    return judge_vectors(arguments.vectors)


if __name__ == "__main__":
    sys.exit(main())
