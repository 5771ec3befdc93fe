#!/usr/bin/python3
"""Makes the test vectors of the envelope: good blobs, and bad ones each spoilt in one way.

usage: make_vectors.py [FOLDER]        (default: the folder of this script; needs python3-cryptography)

This is a second, independent writer of the format: its own DER, and python3-cryptography instead of OpenSSL's CMS.
It writes vectors.txt (one line a vector: name, what is tried, what must come of it) and one NAME.hex each, and the
certificates and keys that open and verify them. These keys are public and protect nothing.
Ephemeral keys and nonces come from the vector's name; the ECDSA signatures differ from run to run.
"""

import datetime
import hashlib
import json
import pathlib
import sys

from cryptography import x509
from cryptography.hazmat.primitives import hashes, keywrap, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.x963kdf import X963KDF
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
VALID_FROM = datetime.datetime(2026, 1, 1)
VALID_UNTIL = datetime.datetime(2056, 1, 1)


# --- DER ---------------------------------------------------------------------------------------------------------
def der(tag, *parts):
    body = b"".join(parts)
    if len(body) < 0x80:
        return bytes([tag, len(body)]) + body
    length = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + body


def seq(*parts):
    return der(0x30, *parts)


def set_of(*parts):
    return der(0x31, *sorted(parts))


def integer(value):
    return der(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def octets(value):
    return der(0x04, value)


def oid(dotted):
    numbers = [int(part) for part in dotted.split(".")]
    out = bytearray([numbers[0] * 40 + numbers[1]])
    for number in numbers[2:]:
        digits = [number & 0x7F]
        while number := number >> 7:
            digits.append(0x80 | (number & 0x7F))
        out += bytes(reversed(digits))
    return der(0x06, bytes(out))


DATA = oid("1.2.840.113549.1.7.1")
SIGNED_DATA = oid("1.2.840.113549.1.7.2")
ENVELOPED_DATA = oid("1.2.840.113549.1.7.3")
AUTH_ENVELOPED_DATA = oid("1.2.840.113549.1.9.16.1.23")
EC_PUBLIC_KEY = oid("1.2.840.10045.2.1")
KDF_SHA256 = oid("1.3.132.1.11.1")
KDF_SHA1 = oid("1.3.133.16.840.63.0.2")
WRAP_256 = oid("2.16.840.1.101.3.4.1.45")
WRAP_128 = oid("2.16.840.1.101.3.4.1.5")
WRAP_PAD_256 = oid("2.16.840.1.101.3.4.1.48")
GCM_256 = oid("2.16.840.1.101.3.4.1.46")
GCM_128 = oid("2.16.840.1.101.3.4.1.6")
CCM_256 = oid("2.16.840.1.101.3.4.1.47")
CBC_256 = oid("2.16.840.1.101.3.4.1.42")
OFB_256 = oid("2.16.840.1.101.3.4.1.43")
DES3_CBC = oid("1.2.840.113549.3.7")
SHA256 = oid("2.16.840.1.101.3.4.2.1")
SHA1 = oid("1.3.14.3.2.26")
ECDSA_SHA256 = oid("1.2.840.10045.4.3.2")
ECDSA_SHA1 = oid("1.2.840.10045.4.1")
CONTENT_TYPE = oid("1.2.840.113549.1.9.3")
MESSAGE_DIGEST = oid("1.2.840.113549.1.9.4")
SIGNING_TIME = oid("1.2.840.113549.1.9.5")


# --- keys --------------------------------------------------------------------------------------------------------
def seeded(label, length):
    return hashlib.shake_256(b"portcullis vector " + label.encode()).digest(length)


def make_key(label):
    return ec.derive_private_key(int.from_bytes(seeded(label, 40), "big") % (P256_ORDER - 1) + 1, ec.SECP256R1())


def make_certificate(label, key, issuer, issuer_key, usage, extended=None, authority=False):
    name = lambda text: x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
    fields = dict.fromkeys(["digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
                            "key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"], False)
    builder = (x509.CertificateBuilder().subject_name(name(label)).issuer_name(name(issuer)).public_key(key.public_key())
               .serial_number(int.from_bytes(seeded("serial " + label, 8), "big") >> 1)
               .not_valid_before(VALID_FROM).not_valid_after(VALID_UNTIL)
               .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
               .add_extension(x509.KeyUsage(**{**fields, **dict.fromkeys(usage, True)}), critical=True)
               .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False))
    if extended:
        builder = builder.add_extension(x509.ExtendedKeyUsage([extended]), critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


def key_id(certificate):
    return certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest


class Keys:
    def __init__(self):
        self.ca, self.device, self.reader, self.auditor = (make_key(n) for n in ("ca", "device", "reader", "auditor"))
        self.stranger = make_key("stranger")
        self.ca_crt = make_certificate("vector CA", self.ca, "vector CA", self.ca, ["key_cert_sign"], authority=True)
        mail = ExtendedKeyUsageOID.EMAIL_PROTECTION
        issued = lambda name, key, usage, extended=None: make_certificate(name, key, "vector CA", self.ca, usage, extended)
        self.device_crt = issued("gate-1", self.device, ["digital_signature"], mail)
        self.stranger_crt = issued("stranger", self.stranger, ["digital_signature"], mail)
        self.reader_crt = issued("reader", self.reader, ["key_agreement"])
        self.auditor_crt = issued("auditor", self.auditor, ["key_agreement"])

    def write(self, folder):
        pem = serialization.Encoding.PEM
        for name in ("ca", "device", "reader", "auditor"):
            (folder / f"{name}.crt").write_bytes(getattr(self, name + "_crt").public_bytes(pem))
        for name in ("device", "reader"):
            (folder / f"{name}.key").write_bytes(getattr(self, name).private_bytes(
                pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))


# --- the two layers ----------------------------------------------------------------------------------------------
def sign(keys, text, *, key=None, certificate=None, attributes="three", digest_oid=SHA256, signature_oid=ECDSA_SHA256,
         content_type=DATA, signers=1, certificates=b"", crls=b"", unsigned=b"", by_issuer=False, trailer=b"",
         signing_time=b"\x17\x0d" + b"261123080000Z", version=3):
    key, certificate = key or keys.device, certificate or keys.device_crt
    algorithm = hashes.SHA1() if signature_oid == ECDSA_SHA1 else hashes.SHA256()
    digest = hashlib.sha1(text).digest() if digest_oid == SHA1 else hashlib.sha256(text).digest()
    listed = [seq(CONTENT_TYPE, der(0x31, content_type)), seq(SIGNING_TIME, der(0x31, signing_time)),
              seq(MESSAGE_DIGEST, der(0x31, octets(digest)))]
    if attributes == "four":
        listed.append(seq(oid("1.2.840.113549.1.9.15"), der(0x31, seq())))
    elif attributes == "two":
        del listed[1]
    signed = set_of(*listed)
    tbs = text if attributes == "none" else signed
    signature = key.sign(tbs, ec.ECDSA(algorithm))
    carried = b"" if attributes == "none" else b"\xa0" + signed[1:]
    if attributes == "stripped":  # the forgery: content := DER(signedAttrs), same signature
        text, carried = signed, b""
    name = der(0x80, key_id(certificate))
    if by_issuer:
        name = seq(certificate.issuer.public_bytes(), integer(certificate.serial_number))
    info = seq(integer(1 if by_issuer else 3), name, seq(digest_oid), carried, seq(signature_oid), octets(signature),
               unsigned)
    body = seq(integer(version), der(0x31, seq(digest_oid)), seq(content_type, der(0xA0, octets(text))), certificates,
               crls, der(0x31, *[info] * signers))
    return seq(SIGNED_DATA, der(0xA0, body)) + trailer


def key_agreement(label, certificate, content_key, kdf=KDF_SHA256, wrap=WRAP_256, by_issuer=False):
    ephemeral = make_key("ephemeral " + label)
    secret = ephemeral.exchange(ec.ECDH(), certificate.public_key())
    wrap_bytes = 16 if wrap == WRAP_128 else 32
    shared_info = seq(seq(wrap), der(0xA2, octets((wrap_bytes * 8).to_bytes(4, "big"))))
    digest = hashes.SHA1() if kdf == KDF_SHA1 else hashes.SHA256()
    kek = X963KDF(digest, wrap_bytes, shared_info).derive(secret)
    wrapped = (keywrap.aes_key_wrap_with_padding if wrap == WRAP_PAD_256 else keywrap.aes_key_wrap)(kek, content_key)
    point = ephemeral.public_key().public_bytes(serialization.Encoding.X962,
                                                serialization.PublicFormat.UncompressedPoint)
    rid = der(0xA0, octets(key_id(certificate)))
    if by_issuer:
        rid = seq(certificate.issuer.public_bytes(), integer(certificate.serial_number))
    return der(0xA1, integer(3), der(0xA0, der(0xA1, seq(EC_PUBLIC_KEY), der(0x03, b"\x00", point))),
               seq(kdf, seq(wrap)), seq(seq(rid, octets(wrapped))))


def encrypt(label, plaintext, recipients, *, kdf=KDF_SHA256, wrap=WRAP_256, by_issuer=False, nonce_bytes=12,
            tag_bytes=16, extra_recipients=(), content_type=DATA, unauthenticated=b"", trailer=b"", version=0,
            in_order=True):
    content_key, nonce = seeded("key " + label, 32), seeded("nonce " + label, nonce_bytes)
    sealed = AESGCM(content_key).encrypt(nonce, plaintext, None) if 8 <= nonce_bytes <= 128 else plaintext + bytes(16)
    infos = [key_agreement(f"{label} {i}", r, content_key, kdf, wrap, by_issuer) for i, r in enumerate(recipients)]
    content = seq(content_type, seq(GCM_256, seq(octets(nonce), integer(tag_bytes))), der(0x80, sealed[:-16]))
    listed = set_of(*infos, *extra_recipients) if in_order else der(0x31, *sorted(infos, reverse=True))
    body = seq(integer(version), listed, content, octets(sealed[-16:][:tag_bytes]), unauthenticated)
    return seq(AUTH_ENVELOPED_DATA, der(0xA0, body)) + trailer


def encrypt_other(label, plaintext, recipient, cipher, *, auth):
    """A content cipher that is not AES-256-GCM; auth: dressed up as AuthEnvelopedData, else EnvelopedData."""
    key_bytes = {GCM_128: 16, DES3_CBC: 24}.get(cipher, 32)
    content_key = seeded("key " + label, key_bytes)
    tag = b""
    if cipher in (GCM_128, CCM_256):
        nonce = seeded("nonce " + label, 12)
        sealed = AESGCM(content_key).encrypt(nonce, plaintext, None)
        text, tag, parameters = sealed[:-16], sealed[-16:], seq(octets(nonce), integer(16))
    else:
        block = algorithms.TripleDES(content_key) if cipher == DES3_CBC else algorithms.AES(content_key)
        iv = seeded("nonce " + label, block.block_size // 8)
        mode = modes.OFB(iv) if cipher == OFB_256 else modes.CBC(iv)
        pad = 0 if cipher == OFB_256 else len(iv) - len(plaintext) % len(iv)
        encryptor = Cipher(block, mode).encryptor()
        text, parameters = encryptor.update(plaintext + bytes([pad]) * pad) + encryptor.finalize(), octets(iv)
    wrapped_for = key_agreement(label, recipient, content_key)
    content = seq(DATA, seq(cipher, parameters), der(0x80, text))
    if not auth:
        return seq(ENVELOPED_DATA, der(0xA0, seq(integer(2), set_of(wrapped_for), content)))
    return seq(AUTH_ENVELOPED_DATA, der(0xA0, seq(integer(0), set_of(wrapped_for), content, octets(tag or bytes(16)))))


def kek_recipient(content_key):
    return der(0xA2, integer(4), seq(octets(b"kek-1")), seq(WRAP_256),
               octets(keywrap.aes_key_wrap(seeded("kek", 32), content_key)))


def password_recipient():
    kdf = der(0xA0, oid("1.2.840.113549.1.5.12"), seq(octets(bytes(8)), integer(2048)))
    return der(0xA3, integer(0), kdf, seq(oid("1.2.840.113549.1.9.16.3.9"), seq(CBC_256, octets(bytes(16)))),
               octets(bytes(48)))


def rsa_recipient(content_key):
    public = rsa.RSAPublicNumbers(65537, int.from_bytes(b"\xc5" + seeded("rsa", 255), "big") | 1).public_key()
    wrapped = public.encrypt(content_key, padding.PKCS1v15())
    return seq(integer(2), der(0x80, seeded("rsa id", 20)), seq(oid("1.2.840.113549.1.1.1"), b"\x05\x00"),
               octets(wrapped))


# --- the payload -------------------------------------------------------------------------------------------------
def payload(recipients, device="gate-1", seq_number=1, version=4):
    rcp = hashlib.sha256(b"".join(sorted(key_id(r) for r in recipients))).hexdigest()
    chain = "0123456789abcdef"
    first_link = hashlib.sha256(b"\x00" + device.encode() + b"\x00" + bytes.fromhex(chain)).hexdigest()
    fields = {"v": version, "fleet": "vectors", "dev": device, "chain": chain, "boot": "boot-1",
              "seq": seq_number, "prev": first_link, "ack": "0" * 64, "t": 1795420800000000, "mono": 1500000,
              "clk": "ntp", "plate": "VEC70R", "raw": "VEC7OR", "chars": "CHARS", "conf": "CONF", "readings": 5,
              "jurisdiction": "us-tx", "jconf": "JCONF", "lane": "lane-1", "dir": "approaching", "quad": "QUAD",
              "passage": {"id": 1, "first": 1000000, "last": 1900000, "frames": 9}, "fw": "0.1.0",
              "model": "", "media": [], "rcp": rcp, "set": "0" * 64, "stale": 0, "pad": ""}
    if version < 4:
        del fields["set"], fields["stale"]
    least_bytes = 1792 if version == 2 else 2304
    if version == 1:  # as it was: without these keys, and shorter
        del fields["raw"], fields["jconf"]
        least_bytes = 1536
    text = json.dumps(fields, separators=(",", ":"))
    characters = ",".join(f'["{letter}",0.950,[["0",0.010]]]' for letter in "VEC70R")
    text = text.replace('"CHARS"', f"[{characters}]").replace('"CONF"', "0.900").replace('"JCONF"', "0.875")
    text = text.replace('"QUAD"', "[10.0,20.0,110.0,20.0,110.0,44.5,10.0,44.5]")
    return text.replace('"pad":""', '"pad":"' + " " * max(least_bytes - len(text), -len(text) % 256) + '"').encode()


def envelopes(keys):
    """Tried with the opener: (name, expected, blob)."""
    one, two = [keys.reader_crt], [keys.reader_crt, keys.auditor_crt]
    text = payload(one)
    inside = sign(keys, text)
    good = encrypt("good", inside, one)
    yield "good-one-recipient", "authentic trusted", good
    yield "good-two-recipients", "authentic trusted", encrypt("two", sign(keys, payload(two)), two)
    yield "good-signing-time-1970", "authentic trusted", encrypt(
        "1970", sign(keys, text, signing_time=b"\x17\x0d700101000000Z"), one)
    yield "good-signing-time-2050", "authentic trusted", encrypt(
        "2050", sign(keys, text, signing_time=b"\x18\x0f20500101000000Z"), one)
    yield "good-other-recipient-only", "unopened unchecked", encrypt("other", inside, [keys.auditor_crt])
    yield "gate-tag-4-bytes", "damaged unchecked", encrypt("tag4", inside, one, tag_bytes=4)
    yield "gate-tag-3-bytes", "damaged unchecked", encrypt("tag3", inside, one, tag_bytes=3)
    yield "gate-tag-12-bytes", "damaged unchecked", encrypt("tag12", inside, one, tag_bytes=12)
    yield "gate-nonce-200-bytes", "damaged unchecked", encrypt("iv200", inside, one, nonce_bytes=200)
    yield "gate-nonce-8-bytes", "damaged unchecked", encrypt("iv8", inside, one, nonce_bytes=8)
    yield "gate-nonce-16-bytes", "damaged unchecked", encrypt("iv16", inside, one, nonce_bytes=16)
    yield "gate-kdf-sha1", "damaged unchecked", encrypt("sha1", inside, one, kdf=KDF_SHA1)
    yield "gate-wrap-pad", "damaged unchecked", encrypt("wrappad", inside, one, wrap=WRAP_PAD_256)
    yield "gate-wrap-128", "damaged unchecked", encrypt("wrap128", inside, one, wrap=WRAP_128)
    yield "gate-recipient-by-issuer", "damaged unchecked", encrypt("issuer", inside, one, by_issuer=True)
    content_key = seeded("key kek", 32)
    for name, extra in (("kek", kek_recipient(content_key)), ("password", password_recipient()),
                        ("rsa", rsa_recipient(content_key))):
        yield f"gate-{name}-recipient-beside-ours", "damaged unchecked", encrypt("kek", inside, one,
                                                                                 extra_recipients=[extra])
        yield f"gate-{name}-recipient-alone", "damaged unchecked", encrypt("kek", inside, [],
                                                                           extra_recipients=[extra])
    yield "gate-no-recipient", "damaged unchecked", encrypt("none", inside, [])
    yield "gate-17-recipients", "damaged unchecked", encrypt("many", inside, two + [keys.reader_crt] * 15)
    yield "gate-recipient-twice", "damaged unchecked", encrypt("twice", inside, one * 2)
    yield "gate-recipients-unsorted", "damaged unchecked", encrypt("unsorted", sign(keys, payload(two)), two,
                                                                   in_order=False)
    yield "gate-trailing-byte", "damaged unchecked", encrypt("trailing", inside, one, trailer=b"\x00")
    yield "gate-version-1", "damaged unchecked", encrypt("version", inside, one, version=1)
    yield "gate-content-type-signed-data", "damaged unchecked", encrypt("type", inside, one, content_type=SIGNED_DATA)
    yield "gate-unauthenticated-attributes", "damaged unchecked", encrypt(
        "attributes", inside, one, unauthenticated=der(0xA2, seq(CONTENT_TYPE, der(0x31, DATA))))
    for name, cipher in (("ofb", OFB_256), ("cbc", CBC_256), ("3des", DES3_CBC), ("gcm-128", GCM_128),
                         ("ccm", CCM_256)):
        yield f"gate-{name}", "damaged unchecked", encrypt_other(name, inside, keys.reader_crt, cipher, auth=True)
    yield "gate-enveloped-data-cbc", "damaged unchecked", encrypt_other("env", inside, keys.reader_crt, CBC_256,
                                                                         auth=False)
    yield "gate-enveloped-data-3des", "damaged unchecked", encrypt_other("env3", inside, keys.reader_crt, DES3_CBC,
                                                                          auth=False)
    yield "gate-not-encrypted", "damaged unchecked", inside
    yield "gate-length-not-minimal", "damaged unchecked", b"\x30\x83\x00" + good[2:]
    yield "gate-length-indefinite", "damaged unchecked", b"\x30\x80" + good[4:] + b"\x00\x00"
    yield "gate-length-4-gib", "damaged unchecked", b"\x30\x84\xff\xff\xff\xff" + good[4:]
    yield "gate-cut-in-half", "damaged unchecked", good[:len(good) // 2]
    yield "gate-empty", "damaged unchecked", b""
    yield "tag-changed", "damaged unchecked", good[:-1] + bytes([good[-1] ^ 1])
    at = good.index(seq(oid("1.3.132.1.11.1"), seq(WRAP_256))) - 30
    yield "ephemeral-key-changed", "damaged unchecked", good[:at] + bytes([good[at] ^ 1]) + good[at + 1:]
    yield "recipient-stripped", "forged trusted", encrypt("strip", sign(keys, payload(two)), one)
    yield "recipient-added", "forged trusted", encrypt("add", inside, two)
    yield "payload-version-1", "forged trusted", encrypt("v1", sign(keys, payload(one, version=1)), one)
    yield "payload-version-2", "forged trusted", encrypt("v2", sign(keys, payload(one, version=2)), one)
    yield "payload-version-3", "forged trusted", encrypt("v3", sign(keys, payload(one, version=3)), one)
    yield "payload-version-5", "forged trusted", encrypt("v5", sign(keys, payload(one, version=5)), one)
    yield "payload-of-another-device", "forged trusted", encrypt("dev", sign(keys, payload(one, "gate-2")), one)
    yield "payload-with-blanks", "forged trusted", encrypt("json", sign(keys, text.replace(b",", b", ", 1)), one)
    yield "payload-unsigned", "forged unchecked", encrypt("unsigned", text, one)


def signatures(keys):
    """Tried inside a good envelope: (name, expected, SignedData)."""
    text = payload([keys.reader_crt])
    yield "signed-attributes-stripped", "forged unchecked", sign(keys, text, attributes="stripped")
    yield "signed-attributes-none", "forged unchecked", sign(keys, text, attributes="none")
    yield "signed-attributes-two", "forged unchecked", sign(keys, text, attributes="two")
    yield "signed-attributes-four", "forged unchecked", sign(keys, text, attributes="four")
    yield "signed-by-nobody", "forged unchecked", sign(keys, text, signers=0)
    yield "signed-twice", "forged unchecked", sign(keys, text, signers=2)
    yield "signed-by-issuer-name", "forged unchecked", sign(keys, text, by_issuer=True)
    yield "signed-with-sha1-digest", "forged unchecked", sign(keys, text, digest_oid=SHA1)
    yield "signed-with-ecdsa-sha1", "forged unchecked", sign(keys, text, signature_oid=ECDSA_SHA1)
    yield "signed-certificate-inside", "forged unchecked", sign(
        keys, text, certificates=der(0xA0, keys.device_crt.public_bytes(serialization.Encoding.DER)))
    yield "signed-crls-inside", "forged unchecked", sign(keys, text, crls=der(0xA1, seq()))
    yield "signed-unsigned-attributes", "forged unchecked", sign(keys, text, unsigned=der(0xA1, seq()))
    yield "signed-content-type-other", "forged unchecked", sign(keys, text, content_type=SIGNED_DATA)
    yield "signed-trailing-byte", "forged unchecked", sign(keys, text, trailer=b"\x00")
    yield "signed-version-1", "forged unchecked", sign(keys, text, version=1)
    yield "signed-text-not-ours", "forged unchecked", sign(keys, b"hello")
    yield "signed-by-stranger", "forged stranger", sign(keys, text, key=keys.stranger, certificate=keys.stranger_crt)
    yield "signed-by-stranger-in-our-name", "forged unchecked", sign(keys, text, key=keys.stranger)


def statements(keys):
    """Statements that a device signs: (name, expected kind or refused, SignedData). firmware/record/README.md."""
    begin = '"dev":"gate-1","chain":"00112233445566ff"'
    link, before = '"link":"' + "6c" * 32 + '"', "70" * 32
    end = f'{link},"t":1795435200000000}}'
    none = '"from":"0000000000000000","from_last":0,"from_link":"' + "00" * 32 + '"'
    came_from = f'"from":"ff00112233445566","from_last":64,"from_link":"{before}"'

    def life(why, before, last, version=1, boots=12):
        return (f'{{"v":{version},"kind":"life",{begin},"why":"{why}","boots":{boots},{before},"lost":3,"dropped":450,'
                f'"last":{last},{end}')

    texts = [
        ("checkpoint", "checkpoint", f'{{"v":1,"kind":"checkpoint",{begin},"first":1,"last":64,{end}'),
        ("tombstone", "tombstone", f'{{"v":1,"kind":"tombstone",{begin},"first":5,"last":9,"reads":1,"plates":2,'
                                   f'"overviews":1,"checkpoints":1,{end}'),
        ("receipt", "receipt", f'{{"v":1,"kind":"receipt",{begin},"upto":64,{end}'),
        ("life-new", "life", life("new", none, 0)),
        ("life-start", "life", life("start", none, 64)),
        ("life-report", "life", life("report", none, 64)),
        ("life-anchor-lost", "life", life("anchor_lost", none, 64)),
        ("life-rolled-back", "life", life("rolled_back", came_from, 0)),
        ("life-set-aside", "life", life("set_aside", came_from, 0)),
        ("life-spool-lost", "life", life("spool_lost", came_from, 0)),
        ("life-version-2", "refused", life("start", none, 64, version=2)),
        ("life-unknown-reason", "refused", life("rolled_over", came_from, 0)),
        ("life-new-in-the-middle", "refused", life("new", none, 64)),
        ("life-start-with-one-before", "refused", life("start", came_from, 64)),
        ("life-never-started", "refused", life("start", none, 64, boots=0)),
        ("life-with-blanks", "refused", life("start", none, 64).replace(",", ", ", 1)),
        ("life-without-losses", "refused", life("start", none, 64).replace('"lost":3,"dropped":450,', "")),
        ("life-trailing-byte", "refused", life("start", none, 64) + " "),
    ]
    for name, expected, text in texts:
        yield f"statement-{name}", expected, sign(keys, text.encode())


def write_vector(folder, name, blob):
    (folder / f"{name}.hex").write_text("\n".join(blob.hex()[i:i + 120] for i in range(0, 2 * len(blob), 120)) + "\n")


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent)
    keys = Keys()
    keys.write(folder)
    lines = ["# name\texpected authenticity and key trust; made by make_vectors.py"]
    sealed = [(name, expected, encrypt(name, inside, [keys.reader_crt])) for name, expected, inside in signatures(keys)]
    for name, expected, blob in [*envelopes(keys), *sealed]:
        write_vector(folder, name, blob)
        lines.append(f"{name}\t{expected}")
    (folder / "vectors.txt").write_text("\n".join(lines) + "\n")
    signed = ["# name\tits kind, or refused; made by make_vectors.py"]
    for name, expected, blob in statements(keys):
        write_vector(folder, name, blob)
        signed.append(f"{name}\t{expected}")
    (folder / "statements.txt").write_text("\n".join(signed) + "\n")
    print(f"{len(lines) - 1} vectors in {folder}")


if __name__ == "__main__":
    main()
