"""Counts statements and round trips where nobody can hide them: between a process and PostgreSQL.

A relay that reads the server's side of the protocol: each CommandComplete is a statement, each ReadyForQuery
the end of a round trip. https://www.postgresql.org/docs/current/protocol-message-formats.html
"""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

_SOCKET = ".s.PGSQL.5432"
_HEADER = 5
_STATEMENT, _READY = b"C", b"Z"


@dataclass
class Counted:
    """What one relay saw; `commands` by the first word of their tag."""

    commands: Counter[str] = field(default_factory=Counter)
    round_trips: int = 0

    @property
    def statements(self) -> int:
        """All of them, BEGIN and COMMIT too."""
        return self.commands.total()


@contextmanager
def relay(server: Path, folder: Path) -> Iterator[Counted]:
    """Listen in `folder`, which is there, as PostgreSQL would, for what the server in `server` is asked.

    In a thread: whoever is counted may still ask while the caller waits for its end.
    """
    counted = Counted()
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=_run, args=(loop,))
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(_listen(server, folder, counted), loop).result()
        yield counted
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


async def _listen(server: Path, folder: Path, counted: Counted) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up_reader, up_writer = await asyncio.open_unix_connection(server / _SOCKET)
        with suppress(asyncio.CancelledError):  # or the streams report it as a failure
            await asyncio.gather(_copy(reader, up_writer), _count(up_reader, writer, counted))

    await asyncio.start_unix_server(serve, folder / _SOCKET)


def _run(loop: asyncio.AbstractEventLoop) -> None:
    loop.run_forever()
    loop.run_until_complete(_end())
    loop.close()


async def _end() -> None:
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


async def _count(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, counted: Counted) -> None:
    left = b""
    with suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
            left = _messages(left + data, counted)
            await writer.drain()
    writer.close()


def _messages(data: bytes, counted: Counted) -> bytes:
    """Count the whole messages in `data`; returns what is left over."""
    at = 0
    while len(data) - at >= _HEADER:
        end = at + 1 + int.from_bytes(data[at + 1 : at + _HEADER], "big")
        if end > len(data):
            break
        kind = data[at : at + 1]
        if kind == _STATEMENT:
            counted.commands[data[at + _HEADER : end].split(b" ")[0].strip(b"\0").decode()] += 1
        counted.round_trips += kind == _READY
        at = end
    return data[at:]
