"""Connections between a confined service and this machine, each handed over by the keeper.

The service has no network but its own: what comes in at its port here, and what it opens to an address that it
was told, are carried by the keeper and the first process inside, which gets one end of a pair of sockets for
each (unix(7)). Nothing of this machine's network is ever inside, nothing else is reached, and the keeper takes
nothing from inside but the number of an address.
"""

from __future__ import annotations

import asyncio
import json
import socket
from collections import deque
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import ExitStack, suppress
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from integrations.deployments import DeploymentError
from integrations.deployments.vendors.local.first_process import (
    CAME,
    END,
    FLUSHED_WITHIN,
    LONGEST_START,
    MOST_WAYS,
    Ends,
    joined,
)

MOST_OUT = 200
"""Connections that a replica has opened at one moment; the next are refused."""
_FIRST_WAY = 20_000
_WELL_KNOWN = {"http": 80, "postgresql": 5432, "postgres": 5432}

Place = tuple[str, int] | str
"""A host and a port, or a unix socket's path."""


def reached(url: str) -> Place:
    """Where an address leads that a service is told. Raises DeploymentError, without the address: it may hold a
    password."""
    parts = urlsplit(url)
    asked = dict(parse_qsl(parts.query))
    try:
        port = int(asked.get("port", parts.port or _WELL_KNOWN[parts.scheme]))
        host = asked.get("host") or parts.hostname or ""
    except (ValueError, KeyError):
        host, port = "", 0
    if not host or "," in host:
        raise DeploymentError("An address that a service is told names no one host: it cannot be confined.")
    return f"{host}/.s.PGSQL.{port}" if host.startswith("/") else (host, port)


def through(url: str, port: int) -> str:
    """The same address, for who reaches it at that port of his own."""
    parts = urlsplit(url)
    user, at, _ = parts.netloc.rpartition("@")
    kept = [one for one in parse_qsl(parts.query) if one[0] not in ("host", "hostaddr", "port")]
    return urlunsplit(parts._replace(netloc=f"{user}{at}127.0.0.1:{port}", query=urlencode(kept)))


class Carrying:
    """The connections of one replica. Whoever opens it closes it."""

    def __init__(self, first: socket.socket, told: Mapping[str, str]) -> None:
        """`first` is the socket to the first process inside; `told` are the addresses that the service may
        reach, by their variables. Raises DeploymentError."""
        self._first, self._told = first, dict(told)
        self._places = [reached(url) for url in self._told.values()]
        if len(self._places) > MOST_WAYS:
            raise DeploymentError(f"A service calls at most {MOST_WAYS} others.")
        self._in: set[asyncio.Task[None]] = set()
        self._out: set[asyncio.Task[None]] = set()
        self._refused: deque[bytes] = deque()
        self._listening: asyncio.Server | None = None
        self.port = 0

    async def open(self) -> None:
        """Take in what comes for the service, at a free port of this machine: `port`."""
        self._listening = await asyncio.start_server(self._comes_in, "127.0.0.1", 0)
        self.port = self._listening.sockets[0].getsockname()[1]

    def begin(self, command: Sequence[str], folder: str, environment: Mapping[str, str]) -> None:
        """Tell the first process what it starts; the addresses are told as they are inside. Raises OSError."""
        free = (one for one in range(_FIRST_WAY, 65_536) if one != self.port)
        ways = dict(zip(self._told, free, strict=False))
        inside = {name: through(url, ways[name]) for name, url in self._told.items()}
        told = {"command": command, "folder": folder, "environment": {**environment, **inside}}
        said = json.dumps({**told, "port": self.port, "ways": list(ways.values())}).encode()
        if len(said) > LONGEST_START:
            raise OSError("what its release says is too long")
        self._first.send(said)
        self._first.setblocking(False)
        asyncio.get_running_loop().add_reader(self._first, self._goes_out)

    def ask_to_end(self) -> None:
        """Ask the service to end, which may finish what it has before."""
        with suppress(OSError):  # it has ended, or does not listen: it is ended, then
            self._first.send(END)

    async def close(self) -> None:
        """Once the replica has ended: what it said still comes to its end, and nothing more comes in."""
        asyncio.get_running_loop().remove_reader(self._first)
        asyncio.get_running_loop().remove_writer(self._first)
        self._first.close()
        if self._listening is not None:
            self._listening.close()
        if under_way := self._in | self._out:
            _, left = await asyncio.wait(under_way, timeout=FLUSHED_WITHIN)
            for task in left:
                task.cancel()

    async def _comes_in(self, *outside: *Ends) -> None:
        if (ours := self._handed(CAME)) is None:
            outside[1].close()
        else:
            _begin(_joined(outside, ours), self._in)

    def _goes_out(self) -> None:
        try:
            number = self._first.recv(1)
        except OSError:  # it ended in the middle
            number = b""
        if not number:
            asyncio.get_running_loop().remove_reader(self._first)
            return
        is_one = number[0] < len(self._places) and len(self._out) < MOST_OUT
        if is_one and (ours := self._handed(number)) is not None:
            _begin(_led_to(self._places[number[0]], ours), self._out)
        else:
            self._refused.append(number)
            self._refuse()

    def _refuse(self) -> None:
        """Every number is answered, at once or when the first process takes messages again: a connection inside
        would wait for ever. Which of a way's gets the answer is all the same."""
        loop = asyncio.get_running_loop()
        try:
            while self._refused:
                self._first.send(self._refused[0])
                self._refused.popleft()
        except BlockingIOError:
            loop.add_writer(self._first, self._refuse)
            return
        except OSError:  # it has ended, and nobody waits
            self._refused.clear()
        loop.remove_writer(self._first)

    def _handed(self, message: bytes) -> socket.socket | None:
        """Our end of a connection whose other end is the first process's from now on; None where that has
        ended, or takes no more, or where no more files may be open."""
        with suppress(OSError), ExitStack() as unless_taken:
            ours, theirs = map(unless_taken.enter_context, socket.socketpair())
            socket.send_fds(self._first, [message], [theirs.fileno()])
            theirs.close()
            unless_taken.pop_all()
            return ours
        return None


def _begin(carrying: Coroutine[object, object, None], among: set[asyncio.Task[None]]) -> None:
    task = asyncio.create_task(carrying)
    among.add(task)
    task.add_done_callback(among.discard)


async def _joined(outside: Ends, connection: socket.socket) -> None:
    await joined(outside, await asyncio.open_connection(sock=connection))


async def _led_to(place: Place, connection: socket.socket) -> None:
    inside = await asyncio.open_connection(sock=connection)
    try:
        if isinstance(place, str):
            there = await asyncio.open_unix_connection(place)
        else:
            there = await asyncio.open_connection(*place)
    except OSError:  # nothing answers there: the service sees the end
        inside[1].close()
        return
    await joined(there, inside)
