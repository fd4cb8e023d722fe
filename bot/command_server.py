"""The server's side of the command line: requests from the socket in the var folder, each answered as chat is.

It speaks for nobody in production, where `ask --as` is refused as well. One process of an installation listens:
whoever holds the lock of the file beside the socket. The others wait, and take over when that one ends.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import socket
from argparse import ArgumentTypeError
from contextlib import suppress
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import text

from bot.command_line import stop_of
from bot.command_line.arguments import name, words
from bot.command_line.halting import halt_now
from bot.command_protocol import (
    BEAT_SECONDS,
    HALT_BEAT_SECONDS,
    LARGEST_REQUEST,
    PROTOCOL,
    BadLine,
    address_of,
    installation_of,
    line_of,
    peer_user,
    read_line,
    socket_file,
)
from bot.conversation import Conversation
from bot.department import Installation

MOST_AT_ONCE = 32
REQUEST_SECONDS = 5.0
"""How long a request may take to come in."""
_AGAIN_SECONDS = 1.0

# Workers write themselves down every second or so.
_WORKERS = text("SELECT 1 FROM workers WHERE seen > now() - interval '5 seconds' LIMIT 1")

_log = structlog.get_logger()


class Refused(Exception):
    """A request that is not taken; the message says why."""


async def command_part(installation: Installation, *, has_worker: bool) -> None:
    """Listen until cancelled; `has_worker` if one runs in this process. Where the socket cannot be had, that is
    logged, and commands start everything themselves: no reason to stop."""
    settings = installation.settings
    if settings.env == "production":
        await asyncio.Event().wait()
    path = socket_file(settings.var_folder)
    server = CommandServer(installation, has_worker=has_worker)
    lock = await _lock_of(path)
    try:
        listening = _listening(path)
        started = await asyncio.start_unix_server(server.serve, sock=listening, limit=LARGEST_REQUEST)
        _log.info("commands_ready", socket=str(path))
    except OSError as refused:
        _log.warning("commands_unheard", socket=str(path), why=refused.strerror or str(refused))
        await asyncio.Event().wait()
        return
    try:
        await asyncio.Event().wait()
    finally:
        started.close()
        path.unlink(missing_ok=True)
        await server.stop()
        os.close(lock)


class CommandServer:
    """Takes requests, one a connection. What it was given is kept in the inbox: if it is stopped, the workers
    or the command itself go on."""

    def __init__(self, installation: Installation, *, has_worker: bool) -> None:
        self._installation = installation
        self._conversation = Conversation(installation)
        self._has_worker = has_worker
        self._serving: set[asyncio.Task[Any]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, from its request to its answer. Whatever comes in, the server lives."""
        task = asyncio.current_task()
        assert task is not None, "asyncio serves each connection in a task"
        self._serving.add(task)
        try:
            await self._serve(reader, writer)
        except (ConnectionError, TimeoutError):
            pass  # the other side has gone
        except Exception as fault:  # noqa: BLE001 - whatever it was, it is logged, and the next is served
            _log.error("command_failed", exc_info=fault)
        finally:
            self._serving.discard(task)
            writer.close()

    async def stop(self) -> None:
        """End every connection."""
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = await self._request(reader, writer)
        except (Refused, BadLine) as refused:
            await _tell(writer, {"refused": str(refused)})
            return
        await _tell(writer, {"taken": True})
        answering = asyncio.create_task(self._answer(request))
        gone = asyncio.create_task(reader.read(1))  # nothing more is to come, so this is its end
        try:
            beat = HALT_BEAT_SECONDS if request["do"] == "halt" else BEAT_SECONDS
            while not answering.done():
                await asyncio.wait({answering, gone}, timeout=beat, return_when="FIRST_COMPLETED")
                if gone.done() and not answering.done():
                    return
                await _tell(writer, answering.result() if answering.done() else {"waiting": True})
        finally:
            for task in (answering, gone):
                task.cancel()
            await asyncio.gather(answering, gone, return_exceptions=True)

    async def _request(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> dict[str, Any]:
        """What is asked for, checked. Raises Refused, BadLine."""
        if peer_user(writer.get_extra_info("socket")) not in (None, os.geteuid()):
            raise Refused("The server that runs here is another user's.")
        if len(self._serving) > MOST_AT_ONCE:
            raise Refused("The server that runs here has too much to do.")
        try:
            async with asyncio.timeout(REQUEST_SECONDS):
                line = await reader.readline()
        except (ValueError, TimeoutError):
            raise BadLine("The request is too long, or never ends.") from None
        request = read_line(line)
        if request.get("protocol") != PROTOCOL:
            raise Refused("The server that runs here is another version; start it again.")
        if request.get("installation") != self._name():
            raise Refused("The server that runs here has other settings.")
        checked = check_request(request)
        if checked["do"] != "halt" and not self._has_worker and not await self._is_worked():
            raise Refused("No worker runs beside the server.")
        return checked

    async def _answer(self, request: dict[str, Any]) -> dict[str, Any]:
        try:
            if request["do"] == "halt":
                url, tenant = self._installation.urls.app, self._installation.settings.tenant
                return {"answer": await asyncio.to_thread(halt_now, url, tenant, request["reason"])}
            answered = await self._conversation.take(request)
        except Exception as fault:  # noqa: BLE001 - whatever it was, it is said in a sentence
            stop = stop_of(fault)
            return {"stop": str(stop), "code": int(stop.code)}
        return {"answer": answered.as_json()}

    async def _is_worked(self) -> bool:
        async with self._installation.database.untenanted() as tx:
            return (await tx.execute(_WORKERS)).first() is not None

    def _name(self) -> str:
        settings = self._installation.settings
        return installation_of(settings.database_url, settings.var_folder, settings.tenant, settings.department)


def check_request(request: dict[str, Any]) -> dict[str, Any]:
    """A request, read as the command line reads its arguments. Raises BadLine."""
    try:
        if request["do"] == "halt":
            return {"do": "halt", "reason": words(request["reason"])}
        common = {"key": name(request["key"]), "person": name(request["person"])}
        if request["do"] == "ask":
            where = {part: request[part] and name(request[part]) for part in ("channel", "thread")}
            return {"do": "ask", **common, **where, "text": words(request["text"])}
        if request["do"] == "decide" and request["decision"] in ("approve", "deny", "modify"):
            values = {words(field): [words(one) for one in given] for field, given in request["values"].items()}
            asked = {"approval": name(request["approval"]), "decision": request["decision"]}
            return {"do": "decide", **common, **asked, "values": values}
    except (KeyError, TypeError, AttributeError, ArgumentTypeError):
        pass
    raise BadLine("The request is none that a command makes.")


async def _tell(writer: asyncio.StreamWriter, message: dict[str, Any]) -> None:
    writer.write(line_of(message))
    await writer.drain()


async def _lock_of(path: Path) -> int:
    """Wait until this process is the one that listens: with the lock it may take a dead one's socket away."""
    while True:
        with suppress(OSError):
            lock = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return lock
            except OSError:
                os.close(lock)
        await asyncio.sleep(_AGAIN_SECONDS)


def _listening(path: Path) -> socket.socket:
    """A socket that nobody else can ever connect to, not even before its rights are set."""
    path.unlink(missing_ok=True)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        os.fchmod(listening.fileno(), 0o600)  # Linux makes the file with these rights
        with address_of(path) as address:
            listening.bind(address)
        path.chmod(0o600)
        listening.listen(MOST_AT_ONCE)
        listening.setblocking(False)
    except OSError:
        listening.close()
        raise
    return listening
