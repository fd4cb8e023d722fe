"""Hostile requests for the fuzz: to every route of the web server, and to the console's chat."""

from __future__ import annotations

import asyncio
import json
import re
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from urllib.parse import quote, urlencode

from bench.hostile import DATES, NUMBERS, Hostile
from handlers.language.utterances import read_utterances

ROOT = Path(__file__).resolve().parents[1]
PEOPLE = ("david", "amanda", "rachel", "nathan", "elena")
QUERIES = (
    "thread", "before", "since", "until", "kind", "type", "actor", "about", "next", "signed", "state",
    "code", "v",
)  # fmt: skip
HEADERS = (
    "Host", "Cookie", "Origin", "Accept", "Content-Type", "Content-Encoding", "Content-Length",
    "Transfer-Encoding", "Expect", "Range", "If-Modified-Since", "If-None-Match", "Last-Event-ID",
    "X-Request-ID", "X-Forwarded-For", "Authorization", "X-Slack-Signature", "X-Slack-Request-Timestamp",
    "Accept-Encoding", "Upgrade", "X-CSRF-Token",
)  # fmt: skip
TYPES = (
    "application/json", "application/x-www-form-urlencoded", "multipart/form-data",
    "multipart/form-data; boundary=x", "text/plain; charset=nosuch",
    "application/x-www-form-urlencoded; charset=\x01", "application/json; charset=utf-16",
)  # fmt: skip
METHODS = ("GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE", "G\0T", "get", "PRI")


@dataclass(frozen=True)
class Answer:
    """What came back. `status` is 0 where the connection ended without an answer."""

    status: int
    head: str
    body: bytes
    seconds: float


async def ask(port: int, request: bytes, limit: float) -> Answer:
    """Send bytes, and read the answer, of a stream its beginning. Raises TimeoutError after `limit` seconds."""
    began = perf_counter()
    async with asyncio.timeout(limit):
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**22)
        try:
            writer.write(request)
            if b" HTTP/1." not in request[:10_000].partition(b"\r\n")[0]:
                writer.write_eof()  # no request of which more could follow
            head, body = await _read(reader, request)
        except (ConnectionError, asyncio.IncompleteReadError):
            head, body = b"", b""
        finally:
            writer.transport.abort()
    status = int(head[9:12]) if head.startswith(b"HTTP/1.") else 0
    return Answer(status, head.decode("latin-1"), body, perf_counter() - began)


async def _read(reader: asyncio.StreamReader, request: bytes) -> tuple[bytes, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    if head.startswith(b"HTTP/1.1 100"):
        head = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
    if b"text/event-stream" in head or b"x-ndjson" in head or request.startswith(b"HEAD "):
        return head, b""
    if length is not None:
        return head, await reader.readexactly(int(length[1]))
    return head, await reader.readuntil(b"0\r\n\r\n") if b"chunked" in head else b""


@dataclass
class Visitor:
    """Draws requests. `routes` are methods and paths with {placeholders}; the console's buttons are learnt."""

    hostile: Hostile
    port: int
    routes: list[tuple[str, str]]
    cookies: dict[str, str] = field(default_factory=dict)
    tokens: list[str] = field(default_factory=list)
    fields: dict[str, list[str]] = field(default_factory=dict)
    sayings: list[str] = field(default_factory=list)

    async def enter(self) -> None:
        """Choose each of the personas once. Raises RuntimeError if the console does not let them."""
        self.sayings += [text for texts in read_utterances().values() for text in texts]
        for person in PEOPLE:
            body = urlencode({"person": person}).encode()
            sent = self._message("POST", "/console/persona", body, {"Content-Type": TYPES[1]})
            answer = await ask(self.port, sent, 60)
            cookie = re.search(r"(?i)^set-cookie: (countersign_persona=[^;]+)", answer.head, re.MULTILINE)
            if cookie is None:
                raise RuntimeError(f"the console did not let {person} in: {answer.status}")
            self.cookies[person] = cookie[1]

    async def look_around(self) -> None:
        """Learn which buttons were posted lately, and what their forms ask for."""
        person = self.hostile.random.choice(PEOPLE)
        cookie = {"Cookie": self.cookies[person], "Accept": "text/html"}
        page = await ask(self.port, self._message("GET", f"/console/in/dm-{person}", b"", cookie), 60)
        threads = re.findall(rb'data-open="([^"]+)"', page.body)[-3:]
        for thread in threads:
            path = f"/console/in/dm-{person}/{thread.decode()}"
            pane = await ask(self.port, self._message("GET", path, b"", cookie), 60)
            for found in re.findall(rb'data-token="([^"]+)"(?: (data-form))?', pane.body):
                token = found[0].decode()
                self.tokens.append(token)
                form = await ask(self.port, self._message("GET", f"/console/forms/{token}", b"", cookie), 60)
                self.fields[token] = [name.decode() for name in re.findall(rb' name="([^"]+)"', form.body)]
        del self.tokens[:-60]

    def request(self) -> bytes:
        """One hostile request to some route."""
        hostile, choice = self.hostile, self.hostile.random.choice
        if hostile.chance(60):
            return hostile.rubbish()[:4000] + b"\r\n\r\n"
        method, path = choice(self.routes)
        method = choice(METHODS) if method == "*" or hostile.chance(15) else method
        target = re.sub(r"\{[^}]*\}", lambda _: self._part(), path)
        if hostile.chance(30):
            target = f"/{hostile.quoted()}"
        if hostile.chance(2):
            names = [choice(QUERIES) if not hostile.chance(10) else hostile.quoted() for _ in range(2)]
            target += "?" + "&".join(f"{name}={self._queried()}" for name in names)
        headers = {"Cookie": self.cookies[choice(PEOPLE)], "Accept": choice(("text/html", "*/*"))}
        body = b""
        if method in ("POST", "PUT", "PATCH"):
            headers["Content-Type"] = TYPES[0] if not hostile.chance(4) else choice(TYPES)
            body = self._body(path)
        for _ in range(hostile.random.choice((0, 0, 0, 1, 2))):
            headers[choice(HEADERS)] = self._header()
        return self._message(method, target, body, headers)

    def said(self) -> bytes:
        """Something said in the console: a request with something in it that nobody says."""
        hostile, choice = self.hostile, self.hostile.random.choice
        words = choice(self.sayings).split(" ")
        for _ in range(hostile.random.randrange(1, 3)):
            at = hostile.random.randrange(len(words))
            words[at] = choice((hostile.text, hostile.number, hostile.date))()
        person = choice(PEOPLE)
        parts = {"key": str(uuid.UUID(int=hostile.random.getrandbits(128))), "channel": f"dm-{person}"}
        return self._posted("/console/say", person, {**parts, "thread": None, "text": " ".join(words)[:11_000]})

    def pressed(self) -> bytes:
        """A button pressed that is there, its form filled in as no browser lets anybody."""
        hostile, choice = self.hostile, self.hostile.random.choice
        token = choice(self.tokens) if self.tokens else "b_none"
        drawn = (hostile.text, hostile.number, hostile.date)
        values = {
            name: [choice(drawn)()] if hostile.chance(4) else choice(drawn)()
            for name in self.fields.get(token, [])
        }
        key = str(uuid.UUID(int=hostile.random.getrandbits(128)))
        return self._posted("/console/click", choice(PEOPLE), {"key": key, "token": token, "values": values})

    def _posted(self, path: str, person: str, body: dict[str, object]) -> bytes:
        headers = {"Cookie": self.cookies[person], "Content-Type": "application/json"}
        return self._message("POST", path, json.dumps(body).encode(), headers)

    def _part(self) -> str:
        known = [*self.tokens[-5:], "product", "dm-david", "cm_0", "0", "slack", "entra"]
        return self.hostile.random.choice(known) if self.hostile.chance(4) else self.hostile.quoted()

    def _queried(self) -> str:
        drawn = self.hostile.random.choice((*NUMBERS, *DATES)) if self.hostile.chance(2) else None
        return self.hostile.quoted() if drawn is None else quote(drawn)

    def _header(self) -> str:
        drawn = self.hostile.random.choice(
            (self.hostile.text(), *NUMBERS, *DATES, *TYPES, "gzip", "chunked", "bytes=9-")
        )
        return drawn if self.hostile.chance(10) else re.sub(r"[\r\n\0]", "", drawn)

    def _body(self, path: str) -> bytes:
        key = str(uuid.UUID(int=self.hostile.random.getrandbits(128)))
        if "form" in path or "persona" in path:
            return urlencode({"person": self.hostile.text()}, errors="surrogatepass").encode()
        if "click" in path:
            token = self.hostile.random.choice(self.tokens) if self.tokens else "b_none"
            return self.hostile.body({"key": key, "token": token, "values": {}})
        if "say" in path:
            return self.hostile.body({"key": key, "channel": "product", "thread": None, "text": "Hello"})
        return self.hostile.body({"type": "event_callback", "team_id": "T1", "event": {}, "user": {"id": "U1"}})

    def _message(self, method: str, target: str, body: bytes, headers: dict[str, str]) -> bytes:
        here = f"127.0.0.1:{self.port}"
        sent = {"Host": here, "Origin": f"http://{here}", "Content-Length": str(len(body))} | headers
        if not body and method in ("GET", "HEAD") and "Content-Length" not in headers:
            del sent["Content-Length"]
        lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in sent.items())]
        head = "\r\n".join([*lines, "Connection: close", "", ""])
        return head.encode(errors="surrogatepass") + body
