"""The keeper's process: the local services belong to it, so that no worker's death ends them.

It answers one JSON object a line on a unix socket that only its own user may open. One keeper serves a folder
at a time. Where nobody asks it and nothing comes in for a while it ends, and all services with it; whoever asks
next starts it again."""

from __future__ import annotations

import argparse
import asyncio
import fcntl
import json
import os
import signal
import socket
import sys
from contextlib import suppress
from inspect import signature
from math import inf
from pathlib import Path
from time import monotonic, sleep
from typing import IO, Any

import aiohttp

from integrations.deployments import DeploymentError
from integrations.deployments.vendors.local.database import SETTING, ServicesDatabase
from integrations.deployments.vendors.local.keeper import Keeper
from integrations.deployments.vendors.local.processes import adopt_orphans, reaped

LONGEST_LINE = 1_000_000
LONGEST_LOG = 4 * 1024**2
"""Bytes of `keeper.log`, into which the services' own standard error goes as well; there are two of them at
most."""
_TAKES_OVER_WITHIN = 15.0
"""Seconds that a keeper waits for one that is ending."""

_METHODS = frozenset(
    {
        "status",
        "deploy",
        "roll_back",
        "scale",
        "begin_canary",
        "step_canary",
        "promote_canary",
        "abort_canary",
        "renew_canary",
        "open_breaker",
        "close_breaker",
        "traffic",
        "changes",
        "done",
    }
)


class _Server:
    """Answers on the socket; knows when it was asked last, by a clock that nobody sets."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper
        self.asked = monotonic()
        self.busy = 0

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.asked, self.busy = monotonic(), self.busy + 1
        try:
            try:
                line = await reader.readline()
            except ValueError:  # longer than any request
                line = b""
            said = await self._said(line)
            writer.write(json.dumps(said).encode() + b"\n")
            with suppress(ConnectionError):
                await writer.drain()
        finally:
            self.busy -= 1
            self.asked = monotonic()
            writer.close()

    async def _said(self, line: bytes) -> dict[str, Any]:
        try:
            asked = json.loads(line)
            method, given = asked["method"], asked["given"]
        except (ValueError, TypeError, LookupError):
            return {"refused": "DeploymentError", "why": "That was no request."}
        if method not in _METHODS:
            return {"refused": "DeploymentError", "why": f"There is no {method}."}
        asked_for = getattr(self._keeper, method)
        try:
            signature(asked_for).bind(**given)
        except TypeError:
            return {"refused": "DeploymentError", "why": f"That is not how {method} is asked for."}
        try:
            return {"result": await asked_for(**given)}
        except DeploymentError as refused:
            return {"refused": type(refused).__name__, "why": str(refused)}


async def serve(folder: Path, releases: Path, at: Path, *, idle_seconds: float, ready_seconds: float) -> None:
    """Keep services until told to end, or until nobody has asked for a while."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for asked in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(asked, stop.set)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), auto_decompress=False) as client:
        database = ServicesDatabase(folder / "postgres", os.environ.get(SETTING))
        keeper = Keeper(folder, releases, client, ready_seconds, database)
        await keeper.begin_again()
        server = _Server(keeper)
        await asyncio.to_thread(at.unlink, missing_ok=True)
        old_mask = os.umask(0o177)  # before it is there: nobody else may open it
        listening = await asyncio.start_unix_server(server.answer, str(at), limit=LONGEST_LINE)
        os.umask(old_mask)
        try:
            dead: frozenset[int] = frozenset()
            # By a clock that neither jumps nor counts the time in which the machine slept.
            while not stop.is_set() and (
                server.busy or keeper.is_needed or monotonic() - max(server.asked, keeper.used) < idle_seconds
            ):
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), min(1.0, idle_seconds))
                dead = await asyncio.to_thread(reaped, dead)
                await asyncio.to_thread(_bound, folder / "keeper.log")
        finally:
            listening.close()
            await asyncio.to_thread(at.unlink, missing_ok=True)
            await keeper.close()


def _bound(log: Path) -> None:
    """Begin it anew where it has become long; what it had is kept until the next time, as far as the disk takes
    it. Whoever writes it goes on at its new end, for all append."""
    if log.exists() and log.stat().st_size > LONGEST_LOG:
        with suppress(OSError), log.open("rb") as full:
            full.seek(-LONGEST_LOG, os.SEEK_END)
            log.with_suffix(".log.1").write_bytes(full.read(LONGEST_LOG))
        os.truncate(log, 0)


def _takes_over(lock: IO[str], served: Path) -> bool:
    """Whether this keeper has the folder; one that is ending is waited for, one that serves is left to it."""
    ends = monotonic() + _TAKES_OVER_WITHIN
    while monotonic() < ends:
        with suppress(OSError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        with socket.socket(socket.AF_UNIX) as line, suppress(OSError):
            line.connect(str(served))
            return False
        sleep(0.1)
    return False


def main() -> None:
    """The process."""
    parser = argparse.ArgumentParser(description="Keeps the local services.")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--releases", type=Path, required=True)
    parser.add_argument("--socket", type=Path, required=True)
    ends = parser.add_mutually_exclusive_group(required=True)
    ends.add_argument("--idle-seconds", type=float)
    ends.add_argument("--stays", dest="idle_seconds", action="store_const", const=inf)
    parser.add_argument("--ready-seconds", type=float, required=True)
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    with (given.folder / "lock").open("w") as lock:
        if given.idle_seconds == inf:
            fcntl.flock(lock, fcntl.LOCK_EX)  # until one that was started on demand has ended
        elif not _takes_over(lock, given.socket):
            sys.exit(0)  # another keeper serves this folder
        adopt_orphans()
        times = {"idle_seconds": given.idle_seconds, "ready_seconds": given.ready_seconds}
        asyncio.run(serve(given.folder, given.releases, given.socket, **times))


if __name__ == "__main__":
    main()
