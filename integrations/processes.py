"""Programs of the trusted side, each run to its end: bounded in time and output, and gone when it is let go.

A program gets an empty environment unless one is given, and a session of its own: with it all that it started
is killed, at its end, at its deadline, and at once when whoever runs it is cancelled. What leaves that session
by itself (setsid(2)) is not followed: what may do so runs in the sandbox.
"""

from __future__ import annotations

import asyncio
import os
import signal
from asyncio.subprocess import DEVNULL, PIPE, Process, SubprocessStreamProtocol
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

CHUNK = 64 * 1024
MOST_SAID = 2_000
"""Bytes that are kept of the end of what a program says of errors."""
NOTHING: Mapping[str, str] = MappingProxyType({})
_STREAMS = (0, 1, 2)


class ProcessEnded(Exception):
    """A program was ended before its own end. The text is for people."""


class ProcessTooLong(ProcessEnded):
    """It took longer than it may."""


class ProcessTooMuch(ProcessEnded):
    """It wrote more than is read."""


@dataclass(frozen=True, slots=True)
class Done:
    """How a program ended (below 0 where a signal ended it), what it wrote, and the end of what it said of
    errors."""

    code: int
    output: bytes
    errors: bytes

    @property
    def text(self) -> str:
        """All of it as text, for people."""
        return b"\n".join(filter(None, (self.output, self.errors))).decode(errors="replace").strip()


async def run(
    argv: Sequence[str],
    *,
    seconds: float,
    most: int,
    environment: Mapping[str, str] = NOTHING,
    folder: str | Path = "/",
    given: bytes = b"",
) -> Done:
    """Run a program to its end; `given` is what it reads, and `most` bytes it may write. Raises ProcessTooLong,
    ProcessTooMuch, FileNotFoundError."""
    how = {"environment": environment, "folder": folder, "seconds": seconds, "reads": bool(given)}
    async with started(argv, **how) as process:  # type: ignore[arg-type]
        feeding = asyncio.create_task(_feed(process, given))
        complaining = asyncio.create_task(last_of(process.stderr, MOST_SAID))
        try:
            output = await _beginning(process.stdout, most + 1)
            if len(output) > most:
                raise ProcessTooMuch(f"{Path(argv[0]).name} wrote more than {most} bytes.")
            errors = await complaining
            return Done(await process.wait(), output, errors)
        finally:
            feeding.cancel()
            complaining.cancel()
            await asyncio.gather(feeding, complaining, return_exceptions=True)


@asynccontextmanager
async def started(
    argv: Sequence[str],
    *,
    seconds: float,
    environment: Mapping[str, str] = NOTHING,
    folder: str | Path = "/",
    reads: bool = False,
    errors: bool = True,
) -> AsyncIterator[Process]:
    """A program while it runs, for whoever reads its output as it comes; with its standard input where it
    `reads`, and its standard error where `errors` are wanted. Leaving ends it and all of its session. Raises
    ProcessTooLong, FileNotFoundError."""
    loop = asyncio.get_running_loop()
    # Started whole though the call be cancelled: what is half started could not be ended for certain.
    starting = asyncio.ensure_future(
        loop.subprocess_exec(
            lambda: SubprocessStreamProtocol(limit=CHUNK, loop=loop),
            *argv,
            cwd=folder,
            env=dict(environment),
            stdin=PIPE if reads else DEVNULL,
            stdout=PIPE,
            stderr=PIPE if errors else DEVNULL,
            start_new_session=True,
        )
    )
    try:
        async with asyncio.timeout(seconds) as deadline:
            transport, protocol = await asyncio.shield(starting)
            yield Process(transport, protocol, loop)
    except TimeoutError as late:
        if not deadline.expired():
            raise
        raise ProcessTooLong(f"{Path(argv[0]).name} took longer than {seconds:g} seconds.") from late
    finally:
        await asyncio.shield(_end(starting))


async def _end(starting: asyncio.Future[tuple[asyncio.SubprocessTransport, SubprocessStreamProtocol]]) -> None:
    """The pipes are closed and not read to their end: somebody who left the session may hold them open."""
    await asyncio.wait((starting,))
    if starting.exception() is not None:
        return
    transport, protocol = starting.result()
    process = Process(transport, protocol, asyncio.get_running_loop())
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    for stream in _STREAMS:
        if (pipe := transport.get_pipe_transport(stream)) is not None:
            pipe.close()
    await process.wait()
    transport.close()


async def _feed(process: Process, given: bytes) -> None:
    if process.stdin is None:
        return
    with suppress(BrokenPipeError, ConnectionResetError):  # it has ended, and says why by itself
        process.stdin.write(given)
        await process.stdin.drain()
    process.stdin.close()


async def _beginning(stream: asyncio.StreamReader | None, most: int) -> bytes:
    """At most so many bytes; where more come, nothing is read any further."""
    if stream is None:
        return b""
    parts, size = [], 0
    while size < most and (part := await stream.read(min(CHUNK, most - size))):
        parts.append(part)
        size += len(part)
    return b"".join(parts)


async def last_of(stream: asyncio.StreamReader | None, most: int) -> bytes:
    """The last bytes that come, once all have come: what was before is dropped."""
    held = bytearray()
    while stream is not None and (part := await stream.read(CHUNK)):
        held += part
        del held[:-most]
    return bytes(held)
