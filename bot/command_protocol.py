"""How a command speaks to the server that runs beside it: over a socket in the var folder, in lines of JSON.

One connection is one request. The command writes one object and ends its line; the server writes

    {"refused": why}            it takes nothing of it; the command does it all itself
    {"taken": true}             it is at it, and nobody else need be
    {"waiting": true}           every other second, so that a server that hangs is noticed
    {"answer": {…}}             what came of it (`Answered.as_json`), the last line
    {"stop": sentence, "code"}  why nothing came of it, the last line

A request is {"protocol", "installation", "key", "do": "ask", "person", "text", "channel", "thread"}, or with
"do": "decide", "person", "approval", "decision", "values", or with "do": "halt", "reason". What is done under a
`key` is done once, and so is a halt: a command that got no answer does the same again by itself.

Both sides are one user's. The socket is 0600, and a command uses none that is another user's or that others can
write to; each side asks the kernel who the other is, where the kernel tells (Linux). The server listens only
where `ask --as` is allowed at all, which is never with ENV=production.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import socket
import stat
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROTOCOL = 1
LARGEST_REQUEST = 1_000_000
"""Bytes of a request's line."""
LARGEST_ANSWER = 64_000_000
"""Bytes of a line from the server."""

TAKEN_SECONDS = 1.0
"""How long a command waits to hear that its request is taken."""
BEAT_SECONDS = 2.0
"""How often a server that is at it says so."""
SILENCE_SECONDS = 10.0
"""After how long without a word a server is given up."""

HALT_TAKEN_SECONDS = 0.1
HALT_BEAT_SECONDS = 0.2
HALT_SILENCE_SECONDS = 1.0
"""The same for a halt, which a command does itself before it waits for anybody."""

_LONGEST_ADDRESS = 100
_CREDENTIALS = struct.Struct("3i")


class NoServer(Exception):
    """Nobody answers here, or nobody who may be trusted. The message says why, if anybody is there at all."""


class BadLine(ValueError):
    """A line that is no JSON object, or too long for one."""


def socket_file(var_folder: Path) -> Path:
    """Where the socket of an installation is."""
    return var_folder.resolve() / "countersign.sock"


@contextmanager
def address_of(path: Path) -> Iterator[str]:
    """The socket's address, which is short whatever its folder is called: the system takes about 100 bytes."""
    if len(os.fsencode(path)) <= _LONGEST_ADDRESS:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


def peer_user(connection: socket.socket) -> int | None:
    """Whose the other side is, as the kernel knows; None on systems that do not say so."""
    option = getattr(socket, "SO_PEERCRED", None)
    if option is None:
        return None
    _pid, user, _group = _CREDENTIALS.unpack(
        connection.getsockopt(socket.SOL_SOCKET, option, _CREDENTIALS.size)
    )
    return int(user)


def line_of(message: dict[str, Any]) -> bytes:
    """A message as it travels."""
    return json.dumps(message, separators=(",", ":")).encode() + b"\n"


def read_line(line: bytes) -> dict[str, Any]:
    """What a line says. Raises BadLine."""
    try:
        message = json.loads(line)
    except (ValueError, RecursionError):
        raise BadLine("no JSON") from None
    if not isinstance(message, dict):
        raise BadLine("no JSON object")
    return message


class Line:
    """A command's side of a connection. Close it when done."""

    def __init__(self, var_folder: Path, taken_seconds: float = TAKEN_SECONDS) -> None:
        """Connect; `taken_seconds` is how long to wait until a request is taken. Raises NoServer."""
        path = socket_file(var_folder)
        _demand_ours(path)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(taken_seconds)
        self._read = b""
        try:
            with address_of(path) as address:
                self._socket.connect(address)
            if peer_user(self._socket) not in (None, os.geteuid()):
                raise NoServer(f"The server at {path} is another user's, so it is not used.")
        except OSError:
            self.close()
            raise NoServer("") from None
        except NoServer:
            self.close()
            raise

    def ask(self, request: dict[str, Any]) -> None:
        """Hand the request over. Raises NoServer if it is not taken."""
        line = line_of({"protocol": PROTOCOL, **request})
        if len(line) > LARGEST_REQUEST:
            raise NoServer("This is too long for the server that runs here.")
        with suppress(OSError):  # it may have refused before it read all of it, and have said so
            self._socket.sendall(line)
        told = self._next()
        if "taken" not in told:
            raise NoServer(str(told.get("refused", "The server that runs here does not take this.")))

    def answer(self, silence_seconds: float = SILENCE_SECONDS) -> dict[str, Any]:
        """The server's last line. Raises NoServer if it ends, or falls silent, before that."""
        self._socket.settimeout(silence_seconds)
        while True:
            told = self._next()
            if "waiting" not in told:
                return told

    def close(self) -> None:
        """Let go of the connection."""
        self._socket.close()

    def _next(self) -> dict[str, Any]:
        try:
            while b"\n" not in self._read:
                received = self._socket.recv(65_536)
                if not received or len(self._read) > LARGEST_ANSWER:
                    raise NoServer("The server that runs here stopped before it answered.")
                self._read += received
            line, _, self._read = self._read.partition(b"\n")
            return read_line(line)
        except TimeoutError:
            raise NoServer("The server that runs here does not answer.") from None
        except (OSError, BadLine):
            raise NoServer("The server that runs here stopped before it answered.") from None


def _demand_ours(path: Path) -> None:
    try:
        found = path.lstat()
    except OSError:
        raise NoServer("") from None
    if not stat.S_ISSOCK(found.st_mode):
        raise NoServer(f"{path} is no socket, so it is not used. Remove it, and start the server again.")
    if found.st_uid != os.geteuid():
        raise NoServer(f"{path} is another user's, so it is not used.")
    if stat.S_IMODE(found.st_mode) & (stat.S_IRWXG | stat.S_IRWXO):
        raise NoServer(
            f"{path} is open to other users, so it is not used. Start the server again to make it anew."
        )


_NAMES = ("env", "database_url", "var_folder", "department", "tenant")
_TENANT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class NotPlain(Exception):
    """A setting that the quick reader leaves to `bot.settings`."""


@dataclass(frozen=True, slots=True)
class QuickSettings:
    """What a command must know to reach the database, or a server of the same installation."""

    env: str
    database_url: str | None
    var_folder: Path
    department: Path
    tenant: str

    @property
    def postgres_folder(self) -> Path:
        """Where the embedded database keeps its data."""
        return (self.var_folder / "postgres").resolve()

    @property
    def installation(self) -> str:
        """What tells one installation from another: its database, its company and its department's folder."""
        return installation_of(self.database_url, self.var_folder, self.tenant, self.department)


def installation_of(database_url: str | None, var_folder: Path, tenant: str, department: Path) -> str:
    """A name for an installation that says nothing of it. The same for a command and its server."""
    told = [database_url, str(var_folder.resolve()), tenant, str(department.resolve())]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def read_quick_settings() -> QuickSettings:
    """Read them, the environment before `.env`. Raises NotPlain."""
    told = _of_the_file() | {name.lower(): value for name, value in os.environ.items()}
    if not all(told.get(name, "").isprintable() for name in _NAMES):
        raise NotPlain
    database_url = told.get("database_url")
    if database_url is not None and not database_url.startswith(("postgresql://", "postgres://")):
        raise NotPlain
    read = QuickSettings(
        env=told.get("env", "local"),
        database_url=database_url,
        var_folder=Path(told.get("var_folder", "var")),
        department=Path(told.get("department", "examples/acme")),
        tenant=told.get("tenant", "acme"),
    )
    if read.env not in ("local", "production") or not _TENANT.fullmatch(read.tenant):
        raise NotPlain
    return read


def _of_the_file() -> dict[str, str]:
    if not os.path.exists(".env"):
        return {}
    from dotenv import dotenv_values  # a twentieth of a second

    try:
        read = dotenv_values(".env", encoding="utf-8")
    except (OSError, ValueError):
        raise NotPlain from None
    return {name.lower(): value for name, value in read.items() if value is not None}
