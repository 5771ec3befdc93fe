#!/usr/bin/env node
// Opens sealed blobs with WebCrypto alone, as a browser would: the third opener of the format that
// firmware/seal/README.md writes down. No packages.
//
//   open_vector.mjs --recipient KEY CRT [--recipient ...] --signer CRT [--read BLOB ...] [--picture BLOB ...] [--out FOLDER]
//
// A line a blob: NAME<tab>authentic|damaged|unopened|forged<tab>BYTES; what opened stands in FOLDER/NAME.opened.
// A read is authentic when its signature by one of the signers holds; whether a signer is trusted is not judged here.
// Private keys are imported as not extractable. Exit code: 0 all authentic, 1 not, 2 wrong usage.

import { readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { webcrypto } from "node:crypto";

const { subtle } = webcrypto;
const hex = (bytes) => Buffer.from(bytes).toString("hex");
const same = (a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)) === 0;

class Refused extends Error {}

/** Walks one level of DER: definite, minimal lengths, nothing beyond the end. */
class Der {
  constructor(bytes) { this.bytes = bytes; this.at = 0; }
  take(count) {
    if (count > this.bytes.length - this.at) throw new Refused("cut short");
    this.at += count;
    return this.bytes.subarray(this.at - count, this.at);
  }
  element(tag) {
    if (this.take(1)[0] !== tag) throw new Refused(`not the tag ${tag.toString(16)}`);
    let length = this.take(1)[0];
    if (length >= 0x80) {
      const field = this.take(length & 0x7f);
      if (field.length === 0 || field.length > 3 || field[0] === 0) throw new Refused("length");
      length = field.reduce((value, byte) => value * 256 + byte, 0);
      if (length < 0x80) throw new Refused("length");
    }
    return this.take(length);
  }
  enter(tag) { return new Der(this.element(tag)); }
  expect(hexadecimal) {
    if (hex(this.take(hexadecimal.length / 2)) !== hexadecimal) throw new Refused(`not ${hexadecimal}`);
  }
  end() { if (this.at !== this.bytes.length) throw new Refused("bytes follow"); }
  /** Any element: its tag, its content and its whole encoding. For certificates. */
  any() {
    const begin = this.at;
    const tag = this.bytes[begin];
    const content = this.element(tag);
    return { tag, content, whole: this.bytes.subarray(begin, this.at) };
  }
}

// --- keys and certificates ---------------------------------------------------------------------------------------
const fromPem = (path) => {
  const body = readFileSync(path, "utf8").match(/-----BEGIN [A-Z ]+-----([^-]+)-----END/);
  if (!body) throw new Error(`${path}: not PEM`);
  return new Uint8Array(Buffer.from(body[1], "base64"));
};

/** Key id and subject public key info of a certificate. */
function readCertificate(path) {
  const fields = new Der(new Der(new Der(fromPem(path)).element(0x30)).element(0x30));
  const elements = [];
  while (fields.at < fields.bytes.length) elements.push(fields.any());
  const extensions = new Der(new Der(elements.find((e) => e.tag === 0xa3).content).element(0x30));
  while (extensions.at < extensions.bytes.length) {
    const extension = extensions.enter(0x30);
    if (hex(extension.element(0x06)) === "551d0e")
      return { id: hex(new Der(extension.element(0x04)).element(0x04)), publicKey: elements[6].whole };
  }
  throw new Error(`${path}: no subject key identifier`);
}

async function loadRecipient(key, certificate) {
  const curve = { name: "ECDH", namedCurve: "P-256" };
  return { id: readCertificate(certificate).id,
           key: await subtle.importKey("pkcs8", fromPem(key), curve, false, ["deriveBits"]) };
}

async function loadSigner(certificate) {
  const { id, publicKey } = readCertificate(certificate);
  return { id, key: await subtle.importKey("spki", publicKey, { name: "ECDSA", namedCurve: "P-256" }, false, ["verify"]) };
}

// --- the envelope ------------------------------------------------------------------------------------------------
function readRecipient(infos) {
  const begin = infos.at;
  const info = infos.enter(0xa1);
  info.expect("020103a051a14f300906072a8648ce3d020103420004");
  const point = Buffer.concat([Buffer.from([4]), info.take(64)]);
  info.expect("301506062b8104010b01300b060960864801650304012d30443042a0160414");
  const id = hex(info.take(20));
  info.expect("0428");
  const wrapped = info.take(40);
  info.end();
  return { id, point, wrapped, encoded: infos.bytes.subarray(begin, infos.at) };
}

function walkEnvelope(blob) {
  if (blob.length > 4 * 1024 * 1024) throw new Refused("too long");
  const whole = new Der(blob);
  const outer = whole.enter(0x30);
  whole.end();
  outer.expect("060b2a864886f70d0109100117");
  const wrapper = outer.enter(0xa0);
  outer.end();
  const envelope = wrapper.enter(0x30);
  wrapper.end();
  envelope.expect("020100");
  const infos = envelope.enter(0x31);
  const recipients = [];
  while (infos.at < infos.bytes.length) recipients.push(readRecipient(infos));
  if (recipients.length < 1 || recipients.length > 16 || new Set(recipients.map((r) => r.id)).size < recipients.length)
    throw new Refused("recipients");
  for (let i = 1; i < recipients.length; ++i)
    if (Buffer.compare(recipients[i - 1].encoded, recipients[i].encoded) >= 0) throw new Refused("order");
  const content = envelope.enter(0x30);
  content.expect("06092a864886f70d010701301e060960864801650304012e3011040c");
  const nonce = content.take(12);
  content.expect("020110");
  const ciphertext = content.element(0x80);
  content.end();
  if (ciphertext.length === 0) throw new Refused("empty");
  envelope.expect("0410");
  const tag = envelope.take(16);
  envelope.end();
  return { recipients, nonce, ciphertext, tag };
}

async function decrypt(key, recipient, { nonce, ciphertext, tag }) {
  const curve = { name: "ECDH", namedCurve: "P-256" };
  const ephemeral = await subtle.importKey("raw", recipient.point, curve, false, []);
  const secret = await subtle.deriveBits({ name: "ECDH", public: ephemeral }, key, 256);
  // X9.63 with SHA-256: one block suffices for 32 bytes. SharedInfo of aes256-wrap, RFC 5753.
  const tail = Buffer.from("00000001" + "3015300b060960864801650304012da206040400000100", "hex");
  const derived = await subtle.digest("SHA-256", Buffer.concat([Buffer.from(secret), tail]));
  const wrapper = await subtle.importKey("raw", derived, "AES-KW", false, ["unwrapKey"]);
  const content = await subtle.unwrapKey("raw", recipient.wrapped, wrapper, "AES-KW", "AES-GCM", false, ["decrypt"]);
  return new Uint8Array(await subtle.decrypt({ name: "AES-GCM", iv: nonce, tagLength: 128 }, content,
                                             Buffer.concat([ciphertext, tag])));
}

async function openEnvelope(blob, keys) {
  const envelope = walkEnvelope(blob);
  let met = false;
  for (const recipient of envelope.recipients) {
    const own = keys.find((candidate) => candidate.id === recipient.id);
    if (!own) continue;
    met = true;
    try { return await decrypt(own.key, recipient, envelope); } catch { /* the next of our keys */ }
  }
  if (met) throw new Refused("does not open");
  return null;
}

// --- the signature -----------------------------------------------------------------------------------------------
function walkSigned(blob) {
  const whole = new Der(blob);
  const outer = whole.enter(0x30);
  whole.end();
  outer.expect("06092a864886f70d010702");
  const wrapper = outer.enter(0xa0);
  outer.end();
  const data = wrapper.enter(0x30);
  wrapper.end();
  data.expect("020103310d300b0609608648016503040201");
  const content = data.enter(0x30);
  content.expect("06092a864886f70d010701");
  const inner = content.enter(0xa0);
  content.end();
  const text = inner.element(0x04);
  inner.end();
  if (!Buffer.from(text).toString("latin1").startsWith('{"v":')) throw new Refused("text");
  const signers = data.enter(0x31);
  data.end();
  const signer = signers.enter(0x30);
  signers.end();
  signer.expect("0201038014");
  const id = hex(signer.take(20));
  signer.expect("300b0609608648016503040201");
  const attributes = signer.any();
  if (attributes.tag !== 0xa0) throw new Refused("attributes");
  signer.expect("300a06082a8648ce3d040302");
  const pair = new Der(signer.element(0x04)).enter(0x30);
  signer.end();
  const scalar = () => {
    const value = Buffer.from(pair.element(0x02));
    const bare = value[0] === 0 ? value.subarray(1) : value;
    if (bare.length > 32) throw new Refused("signature");
    return Buffer.concat([Buffer.alloc(32 - bare.length), bare]);
  };
  const signature = Buffer.concat([scalar(), scalar()]);
  pair.end();
  const listed = new Der(attributes.content);
  listed.expect("301806092a864886f70d010903310b06092a864886f70d010701");
  listed.enter(0x30);
  listed.expect("302f06092a864886f70d01090431220420");
  const digest = listed.take(32);
  listed.end();
  const setOf = Buffer.from(attributes.whole);
  setOf[0] = 0x31;  // what the signature is made over
  return { text, id, digest, setOf, signature };
}

async function verify(inside, signers) {
  const { text, id, digest, setOf, signature } = walkSigned(inside);
  const signer = signers.find((candidate) => candidate.id === id);
  if (!signer || !same(digest, new Uint8Array(await subtle.digest("SHA-256", text))) ||
      !(await subtle.verify({ name: "ECDSA", hash: "SHA-256" }, signer.key, signature, setOf)))
    throw new Refused("signature");
  return text;
}

async function open(blob, isRead, keys, signers) {
  let inside;
  try { inside = await openEnvelope(blob, keys); } catch { return { verdict: "damaged" }; }
  if (inside === null) return { verdict: "unopened" };
  if (!isRead) return { verdict: "authentic", plain: inside };
  try { return { verdict: "authentic", plain: await verify(inside, signers) }; } catch { return { verdict: "forged" }; }
}

// --- the command -------------------------------------------------------------------------------------------------
function parseArguments(words) {
  const wanted = { recipient: [], signer: [], read: [], picture: [], out: "" };
  let option = "";
  for (const word of words) {
    if (word.startsWith("--")) {
      option = word.slice(2);
      if (!(option in wanted)) throw new Error(`unknown option ${word}`);
    } else if (option === "out") wanted.out = word;
    else if (option) wanted[option].push(word);
    else throw new Error(`unexpected ${word}`);
  }
  if (wanted.recipient.length % 2 || wanted.read.length + wanted.picture.length === 0)
    throw new Error("usage: open_vector.mjs --recipient KEY CRT --signer CRT --read BLOB ... --picture BLOB ... [--out FOLDER]");
  return wanted;
}

let wanted;
try { wanted = parseArguments(process.argv.slice(2)); } catch (error) {
  console.error(error.message);
  process.exit(2);
}
const keys = [];
for (let i = 0; i < wanted.recipient.length; i += 2)
  keys.push(await loadRecipient(wanted.recipient[i], wanted.recipient[i + 1]));
const signers = await Promise.all(wanted.signer.map(loadSigner));
let bad = 0;
for (const [path, isRead] of [...wanted.read.map((p) => [p, true]), ...wanted.picture.map((p) => [p, false])]) {
  const { verdict, plain } = await open(new Uint8Array(readFileSync(path)), isRead, keys, signers);
  if (verdict !== "authentic") ++bad;
  console.log(`${basename(path)}\t${verdict}\t${plain ? plain.length : 0}`);
  if (wanted.out && plain) writeFileSync(join(wanted.out, `${basename(path)}.opened`), plain);
}
process.exit(bad ? 1 : 0);
