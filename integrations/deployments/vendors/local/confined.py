"""Releases that were built of commits, run so that they see their own files and nothing else of this machine.

What agents wrote runs as a service: bubblewrap gives it the system's programs, the interpreter, its own folder
and those it uses, all to be read alone, and a network with nobody in it. What comes in for it, and the services
and the database that its release names, are carried by the keeper. bubblewrap itself has an empty environment:
what a release says is told to the service alone, which is confined by then.
"""

from __future__ import annotations

import asyncio
import os
import re
import socket
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from integrations import bubblewrap
from integrations.deployments.vendors.local import first_process
from integrations.deployments.vendors.local.carrying import Carrying
from integrations.deployments.vendors.local.journal import say
from integrations.deployments.vendors.local.releases import Runnable
from integrations.sandbox import SYSTEM_PATH
from integrations.system_calls import system_call_filter

PROCESSES = 512
"""Threads count as processes."""
TEMPORARY_BYTES = 64 * 2**20
"""Of `/tmp`, which is memory."""
_LIMITS = (f"--nproc={PROCESSES}", f"--data={2 * 2**30}", f"--fsize={TEMPORARY_BYTES}")
_FIRST = "/first_process.py"
COMPLAINT_BYTES = 64 * 1024
"""Of what a replica writes to its standard error so much is kept of a minute."""
_MINUTE = 60.0
_CHUNK = 16_384
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class Confined:
    """A confined service as it was started: bubblewrap's process, what carries its connections, and what goes
    on beside it until it ends."""

    process: Process
    carrying: Carrying
    beside: asyncio.Task[None]


async def start_confined(
    runnable: Runnable,
    environment: Mapping[str, str],
    told: Mapping[str, str],
    etc: Path,
    before_exec: Callable[[], None],
) -> Confined:
    """Start it: with this environment, the addresses that it is `told`, and its PORT. `etc` is a folder of the
    keeper's. Raises FileNotFoundError where there is no bubblewrap: it is not run; OSError, DeploymentError."""
    if missing := bubblewrap.missing_programs():
        needed = f"{', '.join(missing)} (of bubblewrap and util-linux), without which nothing that agents wrote"
        raise FileNotFoundError(f"{needed} is run,")
    await asyncio.to_thread(bubblewrap.write_etc, etc)
    ours, firsts = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    carrying = Carrying(ours, told)
    await carrying.open()
    try:
        try:
            process = await _started(runnable, firsts, etc, before_exec)
        finally:
            firsts.close()
        own = {"PATH": SYSTEM_PATH, **environment, "PORT": str(carrying.port)}
        carrying.begin(runnable.command, str(runnable.folder), own)
    except BaseException:
        await carrying.close()  # the first process ends when it hears nothing
        raise
    return Confined(process, carrying, asyncio.create_task(_beside(process, carrying)))


async def _started(
    runnable: Runnable, first: socket.socket, etc: Path, before_exec: Callable[[], None]
) -> Process:
    """bubblewrap, whose first process waits to be told what it starts."""
    superuser = os.geteuid() == 0
    info, info_inside = os.pipe()
    block, begin = os.pipe()
    calls, calls_filled = os.pipe()
    os.write(calls_filled, system_call_filter())  # shorter than what a pipe holds
    os.close(calls_filled)
    try:
        try:
            process = await asyncio.create_subprocess_exec(
                *_arguments(runnable, etc, info_inside, block, calls, superuser),
                env={},
                stdin=first.fileno(),
                stdout=DEVNULL,
                stderr=PIPE,
                pass_fds=(info_inside, block, calls),
                start_new_session=True,
                preexec_fn=before_exec,
            )
        finally:
            for inside in (info_inside, block, calls):
                os.close(inside)
        try:
            child = await asyncio.to_thread(bubblewrap.child, info)
            if child is None:
                raise OSError(f"bubblewrap: {await _last_words(process)}")
            if superuser:
                bubblewrap.map_users(child)
            os.write(begin, b"x")
        except BaseException:
            if process.returncode is None:
                process.kill()
            raise
    finally:
        os.close(info)
        os.close(begin)
    return process


async def _last_words(process: Process) -> str:
    said = await process.stderr.read(_CHUNK) if process.stderr is not None else b""
    return _plain(said) or "it ended"


def _arguments(
    runnable: Runnable, etc: Path, info: int, block: int, calls: int, superuser: bool
) -> Iterator[str]:
    yield from bubblewrap.beginning(calls)
    yield from ("--hostname", "service", "--info-fd", str(info))
    yield from bubblewrap.users(superuser, block)
    yield from bubblewrap.system(etc)
    yield from ("--perms", "1777", "--size", str(TEMPORARY_BYTES), "--tmpfs", "/tmp")  # noqa: S108
    for folder in (Path(sys.prefix), Path(sys.base_prefix), runnable.folder, *runnable.uses):
        if not folder.is_relative_to("/usr"):
            yield from bubblewrap.read_only(folder, str(folder))
    yield from bubblewrap.read_only(Path(first_process.__file__), _FIRST)
    yield from ("--remount-ro", "/", "--chdir", "/", "--")
    yield from bubblewrap.limited(superuser, _LIMITS)
    yield from (sys.executable, "-I", "-S", "-B", _FIRST)


async def _beside(process: Process, carrying: Carrying) -> None:
    """Keep some of what it complains of, until it ends, and let its connections end then."""
    complaints = asyncio.create_task(_complaints(process))
    await process.wait()
    await carrying.close()
    await complaints


async def _complaints(process: Process) -> None:
    """Into the keeper's log: of each minute the beginning, and that there was more."""
    began, kept = monotonic(), 0
    while process.stderr is not None and (part := await process.stderr.read(_CHUNK)):
        if monotonic() - began >= _MINUTE:
            began, kept = monotonic(), 0
        if kept < COMPLAINT_BYTES:
            say(_plain(part))
            kept += len(part)
            if kept >= COMPLAINT_BYTES:
                say("What else it says is left out, for a minute.")


def _plain(said: bytes) -> str:
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", said.decode(errors="replace")).strip()
