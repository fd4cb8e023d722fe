"""Commands in bubblewrap, on this machine."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from integrations import Embedded
from integrations.bubblewrap import child, map_users, missing_programs, write_etc
from integrations.sandbox import NOBODY, Command, Limit, NoSandbox, Ran
from integrations.sandbox.attending import Attended, Used
from integrations.sandbox.kept_outputs import Store
from integrations.sandbox.output import Output
from integrations.sandbox.trees import hand_over
from integrations.sandbox.vendors.local.bubblewrap import Descriptors, arguments
from integrations.sandbox.vendors.local.watching import Watch
from integrations.system_calls import UnknownProcessor, system_call_filter

_STATUS_BYTES = 4_096


@dataclass(frozen=True, slots=True)
class _Started:
    """A sandbox whose command waits to begin. `first` is the number of its first process, `status` where
    bubblewrap says how that ended, `begin` the pipe that lets it begin."""

    attended: Attended
    first: int
    first_pidfd: int
    status: int
    begin: int

    async def end(self) -> tuple[bool, Used]:
        """Kill everything inside, and wait until it is gone: the kernel ends a namespace with its first
        process, and bubblewrap waits for that. Says whether the command was begun at all, and what it used."""
        try:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self.first_pidfd, signal.SIGKILL)
            os.close(self.begin)  # where it has not begun, bubblewrap itself waits for that
            used = await self.attended.end()
            return b"exit-code" in os.read(self.status, _STATUS_BYTES), used
        finally:
            self.attended.close()
            os.close(self.first_pidfd)
            os.close(self.status)


class LocalSandbox(Embedded):
    """bubblewrap, started with an empty environment, for `/proc/1/environ` inside shows what it was started
    with. The kernel kills it when the thread that started it ends: the event loop's starts it."""

    def __init__(self, folder: Path) -> None:
        self.store = Store(folder)
        self._etc = folder / "etc"
        self._superuser = os.geteuid() == 0
        self._system_calls: bytes | None = None

    async def run(self, command: Command) -> Ran:
        """Raises NoSandbox, TreeUnusable."""
        system_calls = self._system_calls = self._system_calls or self._prepare()
        user = NOBODY if self._superuser else None
        await asyncio.to_thread(hand_over, command, user)
        kept = self.store.new_output()
        with self.store.scratch(user) as scratch, kept.open("wb") as file:
            output = Output(file, command.limits.shown_bytes, command.limits.output_bytes)
            return await self._run(command, scratch, system_calls, output, kept)

    def _prepare(self) -> bytes:
        """The filter of system calls, once all is there that a sandbox needs. Raises NoSandbox."""
        if missing := missing_programs():
            words = f"{', '.join(missing)} missing; install bubblewrap and util-linux"
            raise NoSandbox(words)
        try:
            system_calls = system_call_filter()
        except UnknownProcessor as unknown:
            raise NoSandbox(f"{unknown}’s system calls are not known") from None
        try:
            self.store.prepare()
            write_etc(self._etc)
        except OSError as refused:
            words = f"{self.store.folder} cannot be used ({refused.strerror})"
            raise NoSandbox(words) from refused
        return system_calls

    async def _run(
        self, command: Command, scratch: Path, system_calls: bytes, output: Output, kept: Path
    ) -> Ran:
        began = time.monotonic()
        # Started whole though the call be cancelled: what is half started cannot be ended for certain.
        starting = asyncio.create_task(self._start(command, scratch, system_calls, output))
        try:
            started = await asyncio.shield(starting)
            watch = Watch(started.first, command.limits, (command.tree, scratch))
            os.write(started.begin, b"x")
            limit = await started.attended.until(command.limits.seconds, lambda: asyncio.to_thread(watch.look))
        finally:
            was_begun, used = await asyncio.shield(_ended(starting))
        if not was_begun and limit is None:
            raise NoSandbox(output.shown().strip())
        if limit is None and output.too_much:
            limit = Limit.OUTPUT
        # The kernel forgets the times of those that it ends with a namespace: what was seen stands for them.
        cpu_seconds = max(used.cpu_seconds, watch.cpu_seconds)
        if limit is None and cpu_seconds > command.limits.cpu_seconds:
            limit = Limit.CPU
        limit = limit or await asyncio.to_thread(watch.disk.look, used.exit_code != 0)
        return Ran(
            exit_code=None if limit else used.exit_code,
            limit=limit,
            output=output.shown(),
            output_file=kept,
            seconds=time.monotonic() - began,
            cpu_seconds=cpu_seconds,
            peak_bytes=watch.peak_bytes or None,
        )

    async def _start(self, command: Command, scratch: Path, system_calls: bytes, output: Output) -> _Started:
        status, status_inside = os.pipe()
        block, begin = os.pipe()
        calls, calls_filled = os.pipe()
        os.write(calls_filled, system_calls)  # shorter than what a pipe holds
        os.close(calls_filled)
        given = Descriptors(os.dup(status_inside), status_inside, block, calls)
        inside = (given.info, given.status, given.block, given.system_calls)
        try:
            argv = arguments(command, self._etc, scratch, given, self._superuser)
            attended = Attended(argv, {}, output, inside)
        finally:
            for descriptor in inside:
                os.close(descriptor)
        first = await asyncio.to_thread(child, status)
        if first is None:
            await attended.end()
            attended.close()
            os.close(status)
            os.close(begin)
            raise NoSandbox(output.shown().strip())
        started = _Started(attended, first, os.pidfd_open(first), status, begin)
        try:
            if self._superuser:
                map_users(first)
        except OSError as failed:
            await started.end()
            raise NoSandbox(f"its users cannot be set: {failed.strerror}") from None
        return started


async def _ended(starting: asyncio.Task[_Started]) -> tuple[bool, Used]:
    return await (await starting).end()
