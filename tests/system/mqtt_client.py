"""A small MQTT 5 client over TLS that does what it is told, decent or not. Python 3.9, standard library; one thread.

It speaks only when spoken to: every wait ends with an answer of the broker (PUBACK, SUBACK, PINGRESP) or with a message
that was asked for, so that a test never waits for silence. A limit on each wait turns a hang into a failure.
"""
import socket
import ssl
import struct
import time

ANSWER_LIMIT_S = 60.0  # slow under load; no test waits for it to pass
WEEK_S = 7 * 24 * 3600
CONNACK, PUBLISH, PUBACK, SUBACK, PINGRESP, DISCONNECT = 2, 3, 4, 9, 13, 14


class Refused(Exception):
    """The broker did not let us in, by TLS or by CONNACK."""


def text(value):
    raw = value if isinstance(value, bytes) else value.encode()
    return struct.pack(">H", len(raw)) + raw


def var_int(value):
    out = bytearray()
    while True:
        value, digit = divmod(value, 128)
        out.append(digit | (0x80 if value else 0))
        if not value:
            return bytes(out)


def packet(kind, body):
    return bytes([kind]) + var_int(len(body)) + body


class Client:
    """session: None keeps none and starts clean; True resumes and keeps one for a week; False starts clean."""

    def __init__(self, port, ca, certificate, key, client_id="test", session=None, will=None):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.load_verify_locations(ca)
        context.load_cert_chain(certificate, key)
        self.messages = []
        self.identifiers = 0
        self.closed = False
        self.socket = None
        plain = socket.create_connection(("127.0.0.1", port), timeout=ANSWER_LIMIT_S)
        try:
            self.socket = context.wrap_socket(plain, server_hostname="localhost")
            self.socket.settimeout(ANSWER_LIMIT_S)
            self._connect(client_id, session, will)
            kind, body = self._read()
        except (OSError, EOFError) as error:
            self._let_go(plain)
            raise Refused(str(error)) from error
        if kind >> 4 != CONNACK or body[1] >= 0x80:
            self.vanish()
            raise Refused(f"CONNACK {body.hex()}")
        self.present = bool(body[0] & 1)

    def _let_go(self, plain):
        for one in (self.socket, plain):
            if one is not None:
                one.close()

    def _connect(self, client_id, session, will):
        flags = 0 if session else 0x02
        properties = b"\x11" + struct.pack(">I", WEEK_S) if session else b""
        body = text("MQTT") + b"\x05"
        rest = text(client_id)
        if will:
            flags |= 0x04 | 1 << 3
            rest += b"\x00" + text(will[0]) + text(will[1])
        self.socket.sendall(packet(0x10, body + bytes([flags]) + struct.pack(">H", 0) + var_int(len(properties)) +
                                   properties + rest))

    # --- the wire -------------------------------------------------------------------------------------------------
    def _exactly(self, count):
        out = b""
        while len(out) < count:
            part = self.socket.recv(count - len(out))
            if not part:
                raise EOFError("the broker closed the line")
            out += part
        return out

    def _read(self):
        kind = self._exactly(1)[0]
        length, shift = 0, 0
        while True:
            digit = self._exactly(1)[0]
            length |= (digit & 0x7F) << shift
            shift += 7
            if not digit & 0x80:
                return kind, self._exactly(length)

    def _next(self):
        """One packet; messages are kept and acknowledged."""
        kind, body = self._read()
        if kind >> 4 == DISCONNECT:
            raise EOFError(f"the broker said DISCONNECT {body.hex()}")
        if kind >> 4 == PUBLISH:
            size = struct.unpack(">H", body[:2])[0]
            at = 2 + size
            if kind >> 1 & 3:
                self.socket.sendall(packet(0x40, body[at:at + 2]))
                at += 2
            length, shift = 0, 0
            while True:
                digit = body[at]
                at += 1
                length |= (digit & 0x7F) << shift
                shift += 7
                if not digit & 0x80:
                    break
            self.messages.append(body[at + length:])
        return kind >> 4, body

    def _until(self, wanted):
        while True:
            kind, body = self._next()
            if kind == wanted:
                return body

    def _identifier(self):
        self.identifiers = self.identifiers % 65535 + 1
        return struct.pack(">H", self.identifiers)

    # --- what tests ask for ---------------------------------------------------------------------------------------
    def publish(self, topic, payload, retain=False):
        """QoS 1; gives the broker's reason code."""
        body = text(topic) + self._identifier() + b"\x00" + payload
        self.socket.sendall(packet(0x32 | int(retain), body))
        answer = self._until(PUBACK)
        return answer[2] if len(answer) > 2 else 0

    def subscribe(self, topic_filter):
        """QoS 1; gives the broker's reason code."""
        self.socket.sendall(packet(0x82, self._identifier() + b"\x00" + text(topic_filter) + b"\x01"))
        return self._until(SUBACK)[-1]

    def ping(self):
        """True when the broker answers; then all that it sent before has been read. False: the line is gone."""
        try:
            self.socket.sendall(packet(0xC0, b""))
            self._until(PINGRESP)
        except (OSError, EOFError):
            return False
        return True

    def take(self):
        taken, self.messages = self.messages, []
        return taken

    def wait(self):
        """Until a message has come."""
        while not self.messages:
            self._next()

    def until(self, last):
        """All messages up to `last`."""
        deadline = time.monotonic() + ANSWER_LIMIT_S
        while last not in self.messages:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{last!r} did not come")
            self._next()
        return self.take()

    def vanish(self):
        """The line is cut: no DISCONNECT, so the will is due."""
        self.closed = True
        self.socket.close()

    def forget(self):
        """Ends the session, and its subscriptions with it."""
        if not self.closed:
            try:
                self.socket.sendall(packet(0xE0, b"\x00\x05\x11" + struct.pack(">I", 0)))
                self.socket.close()
            except OSError:
                pass
        self.closed = True

    def close(self):
        if not self.closed:
            try:
                self.socket.sendall(packet(0xE0, b""))
            except OSError:
                pass
            self.vanish()
