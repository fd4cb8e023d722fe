"""Load from processes of this machine: the port of every vendor that starts some. All that is known of a run
stands in files of its own, so that any process can ask and stop.

`plan` is written once and is the claim of the grant; `reports` are the generator's lines, on which it holds a
lock as long as it lives (it is handed the locked file, so there is no moment without); `lease` is touched by
whoever renews; `stop` asks it to end."""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import json
import os
import re
import signal
import sys
from asyncio.subprocess import DEVNULL
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, fields
from pathlib import Path as FilePath
from time import monotonic, time
from typing import IO

from pydantic import Field, TypeAdapter
from yarl import URL

from governance.action import Grant
from integrations.integration import VendorSettings
from integrations.load import (
    AddressNotListed,
    GrantSpent,
    LoadError,
    NoSuchRun,
    Plan,
    Progress,
    Scenario,
    Second,
    State,
    invalid_because,
)

STOPS_WITHIN = 3.0
"""Seconds after which a generator that was asked to end is ended."""

KEPT_SECONDS = 7 * 86_400.0
"""After so long what is known of a run that is over is cleared away."""

_READ_AT_ONCE = 8
"""Runs of which what was read is kept in mind between two looks."""

_PLAN, _SECOND = TypeAdapter(Plan), TypeAdapter(Second)
_HOST_AND_PORT = re.compile(r"(\[[0-9a-fA-F:]+\]|[a-zA-Z0-9.-]+)(:[0-9]{1,5})?")
_SCHEMES = ("http", "https")


@dataclass(frozen=True, slots=True)
class _Files:
    plan: FilePath
    reports: FilePath
    lease: FilePath
    stop: FilePath
    log: FilePath


@dataclass(slots=True)
class _Reports:
    """What a generator has written so far. Each look reads what is new of it alone."""

    file: FilePath
    at: int = 0
    pid: int | None = None
    seconds: list[Second] = field(default_factory=list)
    ended: State | None = None

    def read(self) -> None:
        """Take in the whole lines that were added."""
        with self.file.open("rb") as reports:
            reports.seek(self.at)
            for written in reports:
                if not written.endswith(b"\n"):
                    break
                self.at += len(written)
                line = json.loads(written)
                if "second" in line:
                    self.seconds.append(_SECOND.validate_python(line))
                elif "ended" in line:
                    self.ended = State(line["ended"])
                else:
                    self.pid = line["pid"]


class LoadSettings(VendorSettings):
    """Where load may go."""

    load_addresses: str = Field(
        default="127.0.0.1, localhost, [::1]",
        description="The hosts that load may be sent to, each alone or as host:port. Name no production here.",
    )

    @property
    def listed(self) -> tuple[str, ...]:
        """Each host."""
        return tuple(one.strip() for one in self.load_addresses.split(",") if one.strip())


class GeneratorProcesses:
    """See `integrations.load.Load`. `folder` is this tenant's own; `listed` are the hosts, each alone or with a
    port, that load may be sent to. `module` is what a generator runs: `MODULE PLAN REPORTS_FD LEASE STOP
    PARENT`. It holds its lock on the reports until it has ended, and is the first of a process group."""

    def __init__(self, folder: FilePath, listed: Sequence[str], module: str) -> None:
        """Raises ValueError where an entry of the list is no host."""
        self._folder, self._listed = folder, frozenset(map(_host_and_port, listed))
        self._module = module
        self._reaping = set[asyncio.Task[int]]()
        self._reports: dict[str, _Reports] = {}

    async def scenario(self, service: str) -> Scenario | None:
        return None

    async def start_load(self, grant: Grant, plan: Plan) -> str:
        self._check(plan.address)
        await self._demand_startable(plan)
        files = self._files(grant.id)
        await asyncio.to_thread(self._folder.mkdir, parents=True, exist_ok=True)
        await asyncio.to_thread(_clear_away, self._folder, time() - KEPT_SECONDS)
        if await asyncio.to_thread(files.plan.exists):
            return await asyncio.to_thread(_same, files, grant.id, plan)
        reports = await asyncio.to_thread(_locked, files.reports)
        with reports:
            if await asyncio.to_thread(files.plan.exists):  # another one was faster
                return await asyncio.to_thread(_same, files, grant.id, plan)
            await asyncio.to_thread(_write_whole, files.plan, _PLAN.dump_json(plan))
            await self._spawn(files, reports, plan)
        return grant.id

    async def stop_load(self, run: str) -> Progress:
        files = self._files(run)
        found = await self.progress(run)
        if found.state is not State.RUNNING:
            return found
        await asyncio.to_thread(files.stop.touch)
        ends = monotonic() + STOPS_WITHIN
        while (found := await self.progress(run)).state is State.RUNNING:
            if monotonic() > ends:
                await asyncio.to_thread(_kill, files, _Reports(files.reports))
            await asyncio.sleep(0.02)
        return found

    async def renew(self, run: str) -> None:
        files = self._files(run)
        if not await asyncio.to_thread(files.plan.exists):
            raise _no_such_run(run)
        await asyncio.to_thread(files.lease.touch)

    async def progress(self, run: str) -> Progress:
        files = self._files(run)
        reports = self._reports.pop(run, None) or _Reports(files.reports)
        found = await asyncio.to_thread(_progress, files, reports, run)
        if found.state is State.RUNNING:
            self._reports[run] = reports
            for oldest in list(self._reports)[:-_READ_AT_ONCE]:
                del self._reports[oldest]
        return found

    async def what_happened(self, grant: str) -> str | None:
        try:
            found = await self.progress(grant)
        except NoSuchRun:
            return None
        return f"load to {found.plan.address}: {found.state}"

    async def _demand_startable(self, plan: Plan) -> None:
        """Raises LoadError for what this generator cannot drive."""
        if plan.scenario is not None:
            raise LoadError(f"this generator asks for paths, and cannot drive {plan.scenario.file}")

    def _arguments(self, plan: Plan) -> tuple[str, ...]:
        """What a generator is given beside what each is."""
        return ()

    def _environment(self) -> dict[str, str] | None:
        """What a generator finds in its environment; this process's own where it is None."""
        return None

    def _check(self, address: str) -> None:
        """Raises AddressNotListed."""
        try:
            url = URL(address)
            port = url.port
        except ValueError as wrong:
            raise AddressNotListed(f"{address[:200]!r} is not an address") from wrong
        is_origin = url.scheme in _SCHEMES and url.host and url.user is None and url.password is None
        if not is_origin or url.raw_path_qs not in ("", "/") or url.fragment:
            raise AddressNotListed(f"{address[:200]!r} is not an address of scheme, host and port alone")
        if not self._listed & {(url.host, None), (url.host, port)}:
            raise AddressNotListed(f"{url.host}:{port} is not among those that LOAD_ADDRESSES lists")

    def _files(self, run: str) -> _Files:
        name = hashlib.sha256(run.encode()).hexdigest()[:32]
        return _Files(*(self._folder / f"{name}.{kind.name}" for kind in fields(_Files)))

    async def _spawn(self, files: _Files, reports: IO[bytes], plan: Plan) -> None:
        """The process dies with the thread that forks it: this one, which is the loop's."""
        command = [sys.executable, "-m", self._module]
        given = [str(files.plan), str(reports.fileno()), str(files.lease), str(files.stop), str(os.getpid())]
        with files.log.open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *command,
                *given,
                *self._arguments(plan),
                stdin=DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(reports.fileno(),),
                start_new_session=True,
                env=self._environment(),
            )
        os.write(reports.fileno(), json.dumps({"pid": process.pid}).encode() + b"\n")
        reaping = asyncio.create_task(process.wait())
        self._reaping.add(reaping)
        reaping.add_done_callback(self._reaping.discard)


def _host_and_port(listed: str) -> tuple[str, int | None]:
    url = URL(f"http://{listed}") if _HOST_AND_PORT.fullmatch(listed) else None
    if url is None or url.host is None:
        raise ValueError(f"{listed!r} is not a host, or a host and a port")
    return url.host, url.explicit_port


def _same(files: _Files, run: str, plan: Plan) -> str:
    """The run that this grant started. Raises GrantSpent where it was another."""
    if _PLAN.validate_json(files.plan.read_bytes()) != plan:
        raise GrantSpent("this leave has already started another load")
    return run


def _locked(reports: FilePath) -> IO[bytes]:
    """The file, opened and locked; waits for somebody who starts the same run in this moment."""
    opened = reports.open("ab", buffering=0)
    fcntl.flock(opened, fcntl.LOCK_EX)
    return opened


def _write_whole(file: FilePath, content: bytes) -> None:
    """So that a crash leaves the whole content, on the disk, or none."""
    beside = file.with_suffix(".new")
    with beside.open("wb") as written:
        written.write(content)
        written.flush()
        os.fsync(written.fileno())
    beside.replace(file)


def _no_such_run(run: str) -> NoSuchRun:
    return NoSuchRun(f"there is no load {run!r} on this machine")


def _progress(files: _Files, reports: _Reports, run: str) -> Progress:
    try:
        plan = _PLAN.validate_json(files.plan.read_bytes())
    except FileNotFoundError as missing:
        raise _no_such_run(run) from missing
    is_alive = _is_alive(files)  # looked at before its lines are read, so that none is missed of one that ended
    reports.read()
    seconds = tuple(reports.seconds)
    if is_alive:
        state = State.RUNNING
    else:
        state = reports.ended or (State.STOPPED if files.stop.exists() else State.DIED)
    return Progress(run, plan, state, seconds, invalid_because(plan, state, seconds))


def _is_alive(files: _Files) -> bool:
    """Whether the generator holds its lock."""
    with files.reports.open("rb") as reports:
        try:
            fcntl.flock(reports, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _kill(files: _Files, reports: _Reports) -> None:
    """End the generator by force, with all that it started. Its process id is nobody else's while it holds its
    lock."""
    reports.read()
    if reports.pid is not None and _is_alive(files):
        with suppress(ProcessLookupError):
            os.killpg(reports.pid, signal.SIGKILL)


def _clear_away(folder: FilePath, before: float) -> None:
    """Remove the files of runs that began before a time (UNIX) and are over. Their grants are long spent."""
    for plan in folder.glob("*.plan"):
        files = _Files(*(plan.with_suffix(f".{one.name}") for one in fields(_Files)))
        with suppress(FileNotFoundError):  # another process clears as well
            if plan.stat().st_mtime < before and not _is_alive(files):
                for one in (files.plan, files.lease, files.stop, files.log, files.reports):
                    one.unlink(missing_ok=True)
