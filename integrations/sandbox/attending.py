"""A process that runs a command somewhere: what it writes is taken, and it is ended at the first limit."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, cast

from integrations.sandbox import Limit
from integrations.sandbox.output import Output

LOOK_SECONDS = 0.05
_CHUNK = 65_536


@dataclass(frozen=True, slots=True)
class Used:
    """How a process ended, and the CPU time that it and the children that it waited for used."""

    exit_code: int
    cpu_seconds: float


class Attended:
    """A child of this process, attended on the event loop that started it. It is waited for here and by nobody
    else, since only `wait4` says what it used."""

    def __init__(
        self,
        argv: Sequence[str],
        environment: Mapping[str, str],
        output: Output,
        inherited: tuple[int, ...] = (),
    ) -> None:
        self._process = subprocess.Popen(  # noqa: S603 — a sandbox's own program, its line of our own words
            argv,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=inherited,
        )
        self._output, self._pipe = output, cast(IO[bytes], self._process.stdout)
        self._loop = asyncio.get_running_loop()
        self._pidfd = os.pidfd_open(self._process.pid)
        self._changed = asyncio.Event()
        self._used: Used | None = None
        os.set_blocking(self._pipe.fileno(), False)
        self._loop.add_reader(self._pipe.fileno(), self._read)
        self._loop.add_reader(self._pidfd, self._reap)

    async def until(self, seconds: float, look: Callable[[], Awaitable[Limit | None]]) -> Limit | None:
        """Wait for its end, or for the first limit, which is returned."""
        deadline = self._loop.time() + seconds
        while self._used is None:
            if self._output.too_much:
                return Limit.OUTPUT
            remaining = deadline - self._loop.time()
            if remaining <= 0:
                return Limit.TIME
            if not await self._changes(min(remaining, LOOK_SECONDS)) and (limit := await look()):
                return limit
        return None

    async def end(self) -> Used:
        """Wait for its end, which somebody has seen to, and take the last of what it wrote."""
        while self._used is None:
            await self._changes(None)
        while not self._output.too_much and (data := _read_some(self._pipe)):
            self._output.take(data)
        return self._used

    def kill(self) -> None:
        """Kill it, if it has not ended."""
        if self._used is None:
            self._process.kill()

    def close(self) -> None:
        """Let go of its pipe. It has ended."""
        self._loop.remove_reader(self._pidfd)
        self._loop.remove_reader(self._pipe.fileno())
        os.close(self._pidfd)
        self._pipe.close()

    async def _changes(self, seconds: float | None) -> bool:
        """Whether it ended, or wrote too much, within this time."""
        try:
            await asyncio.wait_for(self._changed.wait(), seconds)
        except TimeoutError:
            return False
        self._changed.clear()
        return True

    def _read(self) -> None:
        """One piece, so that a flood leaves the loop to others between two of them."""
        data = _read_some(self._pipe)
        if data:
            self._output.take(data)
        if data == b"" or self._output.too_much:
            self._loop.remove_reader(self._pipe.fileno())
        if self._output.too_much:
            self._changed.set()

    def _reap(self) -> None:
        pid, status, used = os.wait4(self._process.pid, os.WNOHANG)
        if pid:
            self._loop.remove_reader(self._pidfd)
            exit_code = os.waitstatus_to_exitcode(status)
            self._process.returncode = exit_code  # so that nobody waits for it again
            self._used = Used(exit_code, used.ru_utime + used.ru_stime)
            self._changed.set()


def _read_some(pipe: IO[bytes]) -> bytes | None:
    """None while there is nothing, empty at the end."""
    try:
        return os.read(pipe.fileno(), _CHUNK)
    except BlockingIOError:
        return None
