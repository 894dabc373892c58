#!/usr/bin/env python3
"""A resident and a telecommunicator in Python, written from docs/protocol.md and nothing else.

    python3 docs/examples/client.py http://127.0.0.1:8911

plays one whole session against a gateway with the demo agency, on links of its own for both sides: a report, a link that breaks,
an answer, a photo, an ask, the end. Staff may be at another node: give its address as a second argument. It ends with status 0
when everything came as the page says. Section numbers in comments are those of the page.

Nothing but the standard library, so that every byte can be seen. A product takes a WebSocket library, one for ECDSA that gives
nothing away by its timing, and a disk under its outbox.
"""

import base64
import hashlib
import http.client
import json
import os
import secrets
import socket
import ssl
import struct
import sys
import time
import urllib.parse
import zlib

PATIENCE_S = 15


def fresh():
    """An id: 32 lower-case hexadecimal digits (section 1)."""
    return secrets.token_hex(16)


# --- Section 2: the device's key, ECDSA on P-256 -------------------------------------------------------------------------------

P = 2**256 - 2**224 + 2**192 + 2**96 - 1
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
G = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)


def add(a, b):
    if a is None or b is None:
        return a or b
    if a[0] == b[0] and (a[1] + b[1]) % P == 0:
        return None
    if a == b:
        slope = 3 * (a[0] * a[0] - 1) * pow(2 * a[1], -1, P)
    else:
        slope = (b[1] - a[1]) * pow(b[0] - a[0], -1, P)
    x = (slope * slope - a[0] - b[0]) % P
    return x, (slope * (a[0] - x) - a[1]) % P


def times(factor, point):
    product = None
    while factor:
        if factor & 1:
            product = add(product, point)
        point = add(point, point)
        factor >>= 1
    return product


def digest(message):
    return int.from_bytes(hashlib.sha256(message).digest(), "big")


class Device:
    """A key: whoever has it is this resident."""

    def __init__(self, private=None):
        self.private = private or secrets.randbelow(N - 1) + 1
        x, y = times(self.private, G)
        self.key = b"\x04" + x.to_bytes(32, "big") + y.to_bytes(32, "big")
        self.resident = hashlib.sha256(self.key).digest()[:16].hex()

    def sign(self, message):
        once = secrets.randbelow(N - 1) + 1
        r = times(once, G)[0] % N
        s = pow(once, -1, N) * (digest(message) + r * self.private) % N
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    def verify(self, message, signature):
        r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
        public = (int.from_bytes(self.key[1:33], "big"), int.from_bytes(self.key[33:], "big"))
        inverse = pow(s, -1, N)
        point = add(times(digest(message) * inverse % N, G), times(r * inverse % N, public))
        return point is not None and point[0] % N == r


def check_the_example_of_section_2():
    device = Device(0x6E4333679A206ED722DDFAC3989D822EA52324813BA95D64320F8D19B5C95D1D)
    assert device.resident == "e91898a1dc7d660654bba6c8f6c26ade", device.resident
    signed = b"callbox-hello-v1" + bytes(range(32))
    signature = bytes.fromhex(
        "4e95705a540060b05a30bd443392e7822cb8019653332433f2a03c20667e910e"
        "19f62886cdb87df43e0a02a8a68fe145a45d90692289075cc143691a4a3fed0c"
    )
    assert device.verify(signed, signature)
    assert device.verify(signed, device.sign(signed))


# --- Section 1: a WebSocket with the subprotocol callbox.v1.json (RFC 6455) ----------------------------------------------------


class Closed(Exception):
    """The link is gone, with its close code if one came."""


class Link:
    def __init__(self, url, path):
        where = urllib.parse.urlsplit(url)
        self.encrypted = where.scheme == "https"
        port = where.port or (443 if self.encrypted else 80)
        self.socket = socket.create_connection((where.hostname, port), timeout=PATIENCE_S)
        if self.encrypted:
            context = ssl.create_default_context()
            self.socket = context.wrap_socket(self.socket, server_hostname=where.hostname)
        self.buffer = b""
        self.heartbeat_s = PATIENCE_S
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(
            (
                f"GET {path} HTTP/1.1\r\nHost: {where.netloc}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n"
                "Sec-WebSocket-Protocol: callbox.v1.json\r\n\r\n"
            ).encode()
        )
        head = self.read_until(b"\r\n\r\n").decode().lower()
        if not head.startswith("http/1.1 101") or "sec-websocket-protocol: callbox.v1.json" not in head:
            raise Closed(head.splitlines()[0])

    def read_more(self):
        more = self.socket.recv(65536)
        if not more:
            raise Closed("without a word")
        self.buffer += more

    def read_until(self, end):
        while end not in self.buffer:
            self.read_more()
        head, self.buffer = self.buffer.split(end, 1)
        return head

    def read(self, count):
        while len(self.buffer) < count:
            self.read_more()
        part, self.buffer = self.buffer[:count], self.buffer[count:]
        return part

    def send_frame(self, opcode, content):
        length = len(content)
        if length < 126:
            head = struct.pack("!BB", 0x80 | opcode, 0x80 | length)
        elif length < 65536:
            head = struct.pack("!BBH", 0x80 | opcode, 0x80 | 126, length)
        else:
            head = struct.pack("!BBQ", 0x80 | opcode, 0x80 | 127, length)
        mask = os.urandom(4)
        masked = bytes(byte ^ mask[at % 4] for at, byte in enumerate(content))
        self.socket.sendall(head + mask + masked)

    def send(self, message):
        self.send_frame(1, json.dumps(message, ensure_ascii=False).encode())

    def receive(self):
        """The next message; a ping at each heartbeat keeps the link alive (section 1, heartbeat)."""
        silent = 0
        while True:
            self.socket.settimeout(self.heartbeat_s)
            try:
                if not self.buffer:
                    self.read_more()
            except TimeoutError:
                silent += 1
                if silent == 3:
                    raise Closed("silent") from None
                self.send({"kind": "ping", "n": silent})
                continue
            first, second = self.read(2)
            length = second & 0x7F
            if length == 126:
                (length,) = struct.unpack("!H", self.read(2))
            elif length == 127:
                (length,) = struct.unpack("!Q", self.read(8))
            content = self.read(length)
            opcode = first & 0x0F
            if opcode == 1:
                return json.loads(content)
            if opcode == 8:
                raise Closed(int.from_bytes(content[:2], "big") if content else None)
            if opcode == 9:
                self.send_frame(10, content)

    def cut(self):
        """As in a tunnel: no close frame."""
        self.socket.close()


# --- Section 3: one side's copy of a log, and its outbox ------------------------------------------------------------------------


class Side:
    """What residents and staff have in common: messages in, commands out, each until it is safe."""

    def __init__(self, url, path):
        self.url, self.path = url, path
        self.link = None
        self.entries, self.last = [], 0
        self.outbox, self.receipts, self.errors = {}, {}, {}
        self.messages = []

    def until(self, what, found):
        """Handles messages until `found` answers something."""
        end = time.monotonic() + PATIENCE_S
        while True:
            result = found()
            if result:
                return result
            if time.monotonic() > end:
                raise AssertionError(f"waited in vain for: {what}; the last messages: {self.messages[-5:]}")
            message = self.link.receive()
            self.messages.append(message)
            self.handle(message)

    def said(self, kind, **wanted):
        """The newest message of a kind with these fields."""
        return next(
            (m for m in reversed(self.messages) if m["kind"] == kind and all(m.get(k) == v for k, v in wanted.items())),
            None,
        )

    def wait(self, kind, **wanted):
        return self.until(kind, lambda: self.said(kind, **wanted))

    def entry(self, kind, **wanted):
        """Waits for an entry whose event is of a kind and has these fields."""
        matches = lambda e: e["event"]["kind"] == kind and all(e["event"].get(k) == v for k, v in wanted.items())
        return self.until(kind, lambda: next((e for e in self.entries if matches(e)), None))

    def handle(self, message):
        kind = message["kind"]
        if kind == "entry":
            self.take(message)
        elif kind == "receipt":
            self.receipts[message["id"]] = message
            if message["rung"] == "safe":
                self.outbox.pop(message["id"], None)
        elif kind == "safe":
            for id, receipt in self.receipts.items():
                if receipt["last"] <= message["up_to"]:
                    self.outbox.pop(id, None)
        elif kind == "rewound":
            self.entries = [entry for entry in self.entries if entry["seq"] <= message["after"]]
            self.last = self.entries[-1]["seq"] if self.entries else 0
            self.send_outbox()
        elif kind == "error" and "id" in message:
            # A full client waits `after_ms` where `retry` is `later`; here nothing of that kind is expected.
            self.errors[message["id"]] = message
            self.outbox.pop(message["id"], None)

    def take(self, entry):
        before = entry["prev"] if "prev" in entry else entry["seq"] - 1
        if before == self.last:
            self.entries.append(entry)
            self.last = entry["seq"]
        elif entry["seq"] > self.last:
            self.ask_for_the_rest()

    def do(self, command):
        """Into the outbox first, then on its way; answers the command's id."""
        id = fresh()
        self.outbox[id] = self.envelope(id, command)
        self.link.send(self.outbox[id])
        return id

    def send_outbox(self):
        for message in self.outbox.values():
            self.link.send(message)

    def safe(self, id):
        """Waits until a command is safe; answers its receipt."""
        self.until("safe", lambda: id not in self.outbox)
        assert id not in self.errors, self.errors
        return self.receipts[id]

    def refused(self, id):
        return self.until("a refusal", lambda: self.errors.get(id))


class Resident(Side):
    def __init__(self, url, opening):
        super().__init__(url, "/ws/resident")
        self.device, self.session = Device(), None
        self.opening = {"kind": "open", "id": fresh(), "opening": opening}

    def connect(self):
        self.link = Link(self.url, self.path)
        self.messages.clear()
        nonce = base64.b64decode(self.wait("challenge")["nonce"])
        self.link.send(
            {
                "kind": "hello",
                "client": "docs/examples/client.py",
                "key": base64.b64encode(self.device.key).decode(),
                "signature": base64.b64encode(self.device.sign(b"callbox-hello-v1" + nonce)).decode(),
            }
        )
        self.welcome = self.wait("welcome")
        self.link.heartbeat_s = self.welcome["heartbeat_ms"] / 1000
        if self.session is None:
            # Sent again with the same id it would answer with the same session.
            self.link.send(self.opening)
            self.session = self.wait("session")["session"]
            self.wait("receipt", id=self.opening["id"])
        else:
            self.ask_for_the_rest()
            self.wait("session")
        self.send_outbox()

    def ask_for_the_rest(self):
        self.link.send({"kind": "resume", "session": self.session, "after": self.last})

    def envelope(self, id, command):
        return {"kind": "do", "id": id, "command": command}

    def says(self, text):
        return self.do({"kind": "text", "text": text, "age_ms": 0})

    def brings(self, photo, content):
        """The original of an announced photo, by tus 1.0, in two parts (section 6)."""
        encoded = lambda text: base64.b64encode(text.encode()).decode()
        created = self.upload(
            "POST",
            "/api/v1/uploads",
            {"Upload-Length": str(len(content)), "Upload-Metadata": f"photo {encoded(photo)},session {encoded(self.session)}"},
        )
        assert created.status == 201, created.status
        at = created.headers["Location"]
        offset, half = 0, len(content) // 2
        while offset < len(content):
            part = content[offset : offset + half + 1]
            headers = {"Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}
            patched = self.upload("PATCH", at, headers, part)
            assert patched.status == 204, patched.status
            offset = int(self.upload("HEAD", at, {}).headers["Upload-Offset"])

    def upload(self, method, path, headers, body=None):
        headers = {"Authorization": f"Bearer {self.welcome['token']}", "Tus-Resumable": "1.0.0", **headers}
        return request(self.url, method, path, headers, body)


class Telecommunicator(Side):
    def __init__(self, url, agency, name, passphrase):
        super().__init__(url, "/ws/staff")
        body = json.dumps({"agency": agency, "name": name, "passphrase": passphrase})
        answer = request(url, "POST", "/api/v1/sign-in", {"Content-Type": "application/json"}, body)
        assert answer.status == 200, answer.body
        self.token = json.loads(answer.body)["token"]
        self.rows, self.version = {}, None

    def connect(self):
        self.link = Link(self.url, self.path)
        self.link.send({"kind": "hello", "client": "docs/examples/client.py", "token": self.token})
        self.welcome = self.wait("welcome")
        self.link.heartbeat_s = self.welcome["heartbeat_ms"] / 1000
        self.link.send({"kind": "register", "queues": [queue["queue"] for queue in self.welcome["queues"]]})
        self.link.send({"kind": "set_agent_state", "state": "available"})

    def handle(self, message):
        super().handle(message)
        if message["kind"] == "sessions":
            self.version = message["version"]
            self.rows = {row["session"]: row for row in message["rows"]}
        elif message["kind"] == "sessions_changed" and message["prev"] == self.version:
            self.version = message["version"]
            self.rows.update({row["session"]: row for row in message["changed"]})
            for gone in message["gone"]:
                self.rows.pop(gone, None)

    def take_next(self):
        id = fresh()
        self.link.send({"kind": "take_next", "id": id})
        return self.wait("receipt", id=id)["session"]

    def follow(self, session):
        self.session = session
        self.ask_for_the_rest()
        return self.until("the session", lambda: self.said("session"))

    def ask_for_the_rest(self):
        self.link.send({"kind": "follow", "session": self.session, "after": self.last})

    def envelope(self, id, command):
        return {"kind": "do", "id": id, "session": self.session, "command": command}

    def photo(self, photo, form):
        path = f"/api/v1/sessions/{self.session}/photos/{photo}/{form}"
        return request(self.url, "GET", path, {"Authorization": f"Bearer {self.token}"})


class Answer:
    def __init__(self, answer):
        self.status, self.headers, self.body = answer.status, answer.headers, answer.read()


def request(url, method, path, headers, body=None):
    where = urllib.parse.urlsplit(url)
    kind = http.client.HTTPSConnection if where.scheme == "https" else http.client.HTTPConnection
    connection = kind(where.hostname, where.port, timeout=PATIENCE_S)
    try:
        connection.request(method, path, body, headers)
        return Answer(connection.getresponse())
    finally:
        connection.close()


def picture():
    """A small PNG."""
    side = 64
    rows = b"".join(b"\0" + bytes([4 * y, 120, 160]) * side for y in range(side))
    chunk = lambda kind, data: struct.pack("!I", len(data)) + kind + data + struct.pack("!I", zlib.crc32(kind + data))
    head = struct.pack("!IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


# --- Section 15: a whole session ------------------------------------------------------------------------------------------------


def play(residents, staff):
    check_the_example_of_section_2()
    print("the key and the signature of section 2 hold")

    agency = json.loads(request(residents, "GET", "/api/v1/agency", {}).body)
    ann = Resident(
        residents,
        {
            "category": "fire",
            "language": "en",
            "text": "Smoke in the stairwell",
            "location": {"latitude": 40.7128, "longitude": -73.25, "uncertainty_m": 12.5, "method": "device", "age_ms": 800},
        },
    )
    ann.connect()
    ann.entry("text", text="Smoke in the stairwell")
    print(f"a report to {agency['name']}: {ann.session}")

    tina = Telecommunicator(staff, agency["agency"], "tina", "demo-tina-911")
    tina.connect()
    row = tina.until("the row", lambda: tina.rows.get(ann.session))
    assert row["priority"] <= 2 and row["rules"], row
    assert tina.take_next() == ann.session
    tina.follow(ann.session)
    tina.entry("text", text="Smoke in the stairwell")
    tina.link.send({"kind": "delivered", "session": ann.session, "up_to": tina.last})
    tina.safe(tina.do({"kind": "seen", "up_to": tina.last}))
    ann.entry("taken")
    seen = ann.until("attention", lambda: (ann.said("attention") or {}).get("seen"))
    print(f"taken, and seen up to {seen}")

    answer = fresh()
    typed = {"message": answer, "part": 0, "from": 0, "text": "Are you"}
    tina.link.send({"kind": "real_time_text", "session": ann.session, "typed": typed})
    assert ann.wait("real_time_text", message=answer)["text"] == "Are you"
    tina.outbox[answer] = tina.envelope(answer, {"kind": "text", "text": "Are you outside? Où êtes-vous?"})
    tina.send_outbox()
    tina.safe(answer)
    said = ann.entry("text", text="Are you outside? Où êtes-vous?")
    assert said["command"] == answer and "staff" not in said["by"], said
    print("typed, and answered, without a name")

    cut = ann.says("Yes, in front of it")
    ann.link.cut()
    ann.connect()
    assert ann.safe(cut)["first"] == ann.entry("text", text="Yes, in front of it")["seq"]
    tina.entry("text", text="Yes, in front of it")
    assert sum(entry["command"] == cut for entry in tina.entries) == 1
    print("a link that broke lost nothing and doubled nothing")

    content = picture()
    photo = ann.do({"kind": "announce_photo", "media_type": "image/png", "size_bytes": len(content), "age_ms": 0})
    ann.safe(photo)
    ann.brings(photo, content)
    stored = ann.entry("photo_stored", photo=photo)["event"]
    assert stored["sha256"] == hashlib.sha256(content).hexdigest() and stored["copy"], stored
    tina.entry("photo_stored", photo=photo)
    assert tina.photo(photo, "copy").body.startswith(b"\xff\xd8")
    assert tina.photo(photo, "original").body == content
    print("a photo is stored as it was, and shown as a copy")

    ask = tina.do({"kind": "ask", "medium": "place", "question": "Where exactly?"})
    assert ann.entry("asked", ask=ask)["event"]["question"] == "Where exactly?"
    ann.safe(ann.do({"kind": "consent", "medium": "place", "granted": True, "ask": ask}))
    tina.entry("consented", ask=ask, granted=True)

    tina.safe(tina.do({"kind": "close", "disposition": "help_sent", "note": "Two engines"}))
    assert ann.entry("closed")["event"]["note"] == "", "notes stay among staff"
    late = ann.refused(ann.says("Thank you"))
    assert (late["code"], late["retry"]) == ("session_closed", "never"), late
    numbers = [entry["seq"] for entry in tina.entries]
    assert numbers == list(range(1, len(numbers) + 1)), numbers
    print(f"closed after {len(numbers)} entries; everything came as the page says")


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    play(sys.argv[1], sys.argv[-1])
