"""Replicas as operating-system processes: started, probed until they answer, ended.

Each is a process group of its own, ends with the keeper (the kernel sends it SIGKILL when its parent dies), and
gets nothing of the keeper's environment but the path. It leaves no compiled code beside what it runs: a release
is what was approved."""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import socket
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from random import SystemRandom
from time import monotonic

import aiohttp

from integrations.deployments.vendors.local.confined import Confined, start_confined
from integrations.deployments.vendors.local.releases import Runnable

GRACE_SECONDS = 5.0
"""Between being asked to end and being ended."""

_PROBED_EVERY = 0.05
_PROBED_WITHIN = aiohttp.ClientTimeout(total=2)
_SET_PDEATHSIG, _SET_CHILD_SUBREAPER = 1, 36
_LIBC = ctypes.CDLL(None, use_errno=True)


def adopt_orphans() -> None:
    """Let the children of children become ours when their parents end, so that none is left behind."""
    _LIBC.prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def reaped(before: frozenset[int]) -> frozenset[int]:
    """Take leave of adopted orphans that have ended. Whoever started a child of ours waits for it and hears of
    its end at once, so nobody waits for one that was dead already the last time, a second `before`: those are
    reaped. Returns who is dead now."""
    dead = frozenset(_dead_children())
    for pid in dead & before:
        with suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)
    return dead - before


def _dead_children() -> Iterator[int]:
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            if entry.name.isdigit():
                # proc_pid_stat(5): what follows the name begins with the state and the parent.
                state, parent = (entry / "stat").read_text("utf-8", "replace").rsplit(")", 1)[1].split()[:2]
                if state == "Z" and int(parent) == os.getpid():
                    yield int(entry.name)


def end_with(parent: int) -> Callable[[], None]:
    """What a child does before it becomes its program, so that the kernel ends it with its parent, whatever
    ends that."""

    def before_exec() -> None:
        _LIBC.prctl(_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # it died before the kernel was asked
            os._exit(1)

    return before_exec


@dataclass(frozen=True, slots=True)
class Replica:
    """One process that serves a version at a port of this machine; what is `confined` is bubblewrap's."""

    process: Process
    port: int
    confined: Confined | None = None

    @property
    def address(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def is_alive(self) -> bool:
        """Whether the process runs."""
        return self.process.returncode is None


async def start(runnable: Runnable, stage: str, told: Mapping[str, str], etc: Path) -> Replica:
    """Start one replica, which is `told` addresses by their variables; `etc` is the folder of `start_confined`.
    The signal of the parent's death follows the forking thread, so this is called from the main one alone."""
    own = {
        "SERVICE": runnable.release.service,
        "VERSION": runnable.release.version,
        "STAGE": stage,
        "PYTHONDONTWRITEBYTECODE": "1",
        **runnable.environment,
    }
    before_exec = end_with(os.getpid())
    if runnable.confined:
        confined = await start_confined(runnable, own, told, etc, before_exec)
        return Replica(confined.process, confined.carrying.port, confined)
    port = _free_port()
    process = await asyncio.create_subprocess_exec(
        *runnable.command,
        cwd=runnable.folder,
        env={"PATH": os.environ.get("PATH", ""), "PORT": str(port), **told, **own},
        stdin=DEVNULL,
        stdout=DEVNULL,
        start_new_session=True,
        preexec_fn=before_exec,
    )
    return Replica(process, port)


async def is_ready(replica: Replica, client: aiohttp.ClientSession, within: float) -> bool:
    """Whether it answers `/healthz` with 200 within so many seconds; False at once where its process ends."""
    ends = monotonic() + within
    while monotonic() < ends and replica.is_alive:
        with suppress(aiohttp.ClientError, TimeoutError):
            # Followed redirects would lead the keeper wherever a confined service likes.
            async with client.get(
                f"{replica.address}/healthz", timeout=_PROBED_WITHIN, allow_redirects=False
            ) as answer:
                if answer.status == 200:
                    return True
        await asyncio.sleep(_PROBED_EVERY)
    return False


async def end(replica: Replica) -> None:
    """End a replica and all that it started: asked first, then not asked."""
    for asked in (signal.SIGTERM, signal.SIGKILL):
        if replica.confined is not None and asked is signal.SIGTERM:
            replica.confined.carrying.ask_to_end()  # a signal would end bubblewrap, and all inside
        else:
            _signal(replica, asked)
        with suppress(TimeoutError):
            await asyncio.wait_for(replica.process.wait(), GRACE_SECONDS)
            break
    _signal(replica, signal.SIGKILL)  # what it started and did not end
    if replica.confined is not None:
        await asyncio.wait({replica.confined.beside}, timeout=GRACE_SECONDS)


def _signal(replica: Replica, asked: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(replica.process.pid, asked)


_PORTS = range(10_000, 32_768)
"""Below those that the system gives to outgoing connections and to whoever asks for any (ip(7)): one of them
could be somebody else's again before the replica listens."""


def _free_port() -> int:
    for port in SystemRandom().sample(_PORTS, 100):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise OSError("no port of this machine is free")
