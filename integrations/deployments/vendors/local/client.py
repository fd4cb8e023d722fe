"""The port onto the keeper, which is started where none is there."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any

from governance.action import Grant
from integrations import deployments
from integrations.deployments import (
    Breaker,
    Canary,
    Change,
    ChangeKind,
    ChangeQuery,
    During,
    Release,
    ReleaseQuery,
    Running,
    Served,
    Shed,
    Stage,
    Status,
    Strategy,
    Target,
    Tick,
)
from integrations.deployments.builds import Build
from integrations.deployments.vendors.local.building import build_release
from integrations.deployments.vendors.local.database import SETTING
from integrations.deployments.vendors.local.releases import Shelves
from integrations.pages import NoSuchPage, Page, page_behind
from storage.look import Away

STARTS_WITHIN = 20.0
ANSWERS_WITHIN = 45.0
_LONGEST_BESIDE_READY = 200.0
"""Seconds of a deployment in which it does not wait for replicas to be ready: the services' database (30),
warming up (100), requests that come to their end (10), the end of what ran before (10), and some."""
READY_WITHIN = 30.0
_TRIES = 3
_LONGEST_ANSWER = 8 * 1024**2
_LONGEST_PATH = 100
"""Of a unix socket; the kernel's limit is 107."""


def socket_of(folder: Path) -> Path:
    """Where the keeper of this folder answers: in it, or elsewhere where that path is too long."""
    socket = folder / "keeper.sock"
    if len(str(socket)) <= _LONGEST_PATH:
        return socket
    name = hashlib.sha256(str(folder).encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"countersign-{name}.sock"


def keeper_command(
    folder: Path, releases: Path, *, ready_seconds: float = READY_WITHIN, idle_seconds: float | None
) -> tuple[str, ...]:
    """How the keeper of this folder is started; without `idle_seconds` it stays until it is told to end, and
    waits for one that is there already."""
    where = ("--folder", folder, "--releases", releases, "--socket", socket_of(folder))
    stays = ("--stays",) if idle_seconds is None else ("--idle-seconds", str(idle_seconds))
    module = "integrations.deployments.vendors.local.keeper_process"
    return (sys.executable, "-m", module, *map(str, where), "--ready-seconds", str(ready_seconds), *stays)


class KeeperAway(Away):
    """The keeper does not come up, or died before it answered: whether it did something is not known."""

    def __init__(self, log: Path) -> None:
        super().__init__("The keeper of this machine’s services", f"does not answer; {log} says why")


class LocalDeployments:
    """See `integrations.deployments.Deployments`. `folder` is the keeper's own, `releases` holds what it can
    run."""

    strategies = frozenset(Strategy)
    has_breakers = True

    def __init__(
        self,
        folder: Path,
        releases: Path,
        *,
        ready_seconds: float = READY_WITHIN,
        idle_seconds: float = 1_800.0,
        database_url: str | None = None,
        answers_within: float = ANSWERS_WITHIN,
    ) -> None:
        """A replica that does not answer within `ready_seconds` is not waited for; a keeper that nobody asks
        for `idle_seconds` ends, and what it keeps with it. `database_url` is where services keep their data;
        without it the keeper brings a server of its own. A question is waited for `answers_within` seconds; an
        effect for longer than two of the longest, of which one waits for the other."""
        self._answers_within = answers_within
        self._done_within = answers_within + 2 * (ready_seconds + _LONGEST_BESIDE_READY)
        # In the environment, which is its own user's alone to read: an address may hold a password.
        self._environment = {**os.environ, SETTING: database_url} if database_url else None
        self._folder, self._shelves = folder, Shelves.of(folder, releases)
        self._socket = socket_of(folder)
        self._command = keeper_command(folder, releases, ready_seconds=ready_seconds, idle_seconds=idle_seconds)
        self._starting = asyncio.Lock()

    async def services(self) -> Sequence[str]:
        return await asyncio.to_thread(self._shelves.services)

    async def releases(self, query: ReleaseQuery) -> Page[Release]:
        found = await asyncio.to_thread(self._shelves.releases, query.service)
        return page_behind(found, query.after, query.limit, lambda one: f"{one.service} {one.version}")

    async def release(self, service: str, version: str) -> Release:
        return (await asyncio.to_thread(self._shelves.read, service, version)).release

    async def build(self, build: Build) -> Release:
        """See `integrations.deployments.builds.Builds`."""
        return await asyncio.to_thread(build_release, self._shelves, build)

    async def status(self, target: Target) -> Status:
        return _status(target, await self._ask("status", **_where(target)))

    async def history(self, query: ChangeQuery) -> Page[Change]:
        of = {"service": query.service, "stage": query.stage and query.stage.value}
        page = await self._ask("changes", **of, limit=query.limit, after=query.after)
        if page is None:
            raise NoSuchPage(query.after)
        return Page(tuple(map(_change, page["lines"])), page["after"])

    async def deploy(
        self, grant: Grant, target: Target, version: str, digest: str, replicas: int, *, before: str | None
    ) -> Status:
        given = {"version": version, "digest": digest, "replicas": replicas, "before": before}
        return await self._do("deploy", grant, target, **given)

    async def roll_back(
        self, grant: Grant, target: Target, version: str, digest: str, *, before: str
    ) -> Status:
        return await self._do("roll_back", grant, target, version=version, digest=digest, before=before)

    async def scale(self, grant: Grant, target: Target, replicas: int, *, before: int) -> Status:
        return await self._do("scale", grant, target, replicas=replicas, before=before)

    async def begin_canary(
        self,
        grant: Grant,
        target: Target,
        version: str,
        digest: str,
        *,
        share: float,
        lease: float,
        before: str,
    ) -> Status:
        given = {"version": version, "digest": digest, "share": share, "lease": lease, "before": before}
        return await self._do("begin_canary", grant, target, **given)

    async def step_canary(self, grant: Grant, target: Target, canary: str, share: float) -> Status:
        return await self._do("step_canary", grant, target, canary=canary, share=share)

    async def promote_canary(self, grant: Grant, target: Target, canary: str) -> Status:
        return await self._do("promote_canary", grant, target, canary=canary)

    async def abort_canary(self, grant: Grant, target: Target, canary: str, why: str) -> Status:
        return await self._do("abort_canary", grant, target, canary=canary, why=why)

    async def renew_canary(self, target: Target, canary: str) -> Status:
        return _status(target, await self._ask("renew_canary", **_where(target), canary=canary))

    async def open_breaker(self, grant: Grant, target: Target, sheds: Shed, seconds: float) -> Status:
        return await self._do("open_breaker", grant, target, sheds=sheds.value, seconds=seconds)

    async def close_breaker(self, grant: Grant, target: Target) -> Status:
        return await self._do("close_breaker", grant, target)

    async def traffic(self, target: Target, canary: str, *, after: int) -> Sequence[Tick]:
        found = await self._ask("traffic", **_where(target), canary=canary, after=after)
        return tuple(_tick(one) for one in found)

    async def what_happened(self, grant: str) -> str | None:
        done = await self._ask("done", grant=grant)
        return (
            None if done is None else f"{done['service']} {done['version']} {done['kind']} in {done['stage']}"
        )

    async def _do(self, method: str, grant: Grant, target: Target, **given: object) -> Status:
        of = {"grant": grant.id, **_where(target), **given}
        return _status(target, await self._asked(method, of, self._done_within))

    async def _ask(self, method: str, **given: object) -> Any:
        """What the keeper answers to a question. Raises as `_asked`."""
        return await self._asked(method, given, self._answers_within)

    async def _asked(self, method: str, given: Mapping[str, object], within: float) -> Any:
        """What the keeper answers. Raises the DeploymentError that it refuses with, and KeeperAway: also where
        it does not answer `within` so many seconds.

        A keeper that dies in the middle is asked again, which does nothing twice: effects are known by their
        grant."""
        said = json.dumps({"method": method, "given": given}).encode() + b"\n"
        for _ in range(_TRIES):
            try:
                async with asyncio.timeout(within):
                    answer = await self._answer(said)
            except TimeoutError:
                break  # one that is stopped would be waited for as long again
            if answer is None:
                continue
            if "refused" in answer:
                raise getattr(deployments, answer["refused"])(answer["why"])
            return answer["result"]
        raise KeeperAway(self._folder / "keeper.log")

    async def _answer(self, said: bytes) -> dict[str, Any] | None:
        """The answer to one line; None where the keeper died before it was whole."""
        reader, writer = await self._connected()
        try:
            writer.write(said)
            await writer.drain()
            line = await reader.readline()
        except ConnectionError:
            return None
        finally:
            writer.close()
        answer: dict[str, Any] | None = json.loads(line) if line.endswith(b"\n") else None
        return answer

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        try:
            return await asyncio.open_unix_connection(str(self._socket), limit=_LONGEST_ANSWER)
        except (FileNotFoundError, ConnectionRefusedError):
            async with self._starting:
                return await self._started()

    async def _started(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        self._folder.mkdir(parents=True, exist_ok=True)
        log = self._folder / "keeper.log"
        keeper = await asyncio.to_thread(_spawn, self._command, log, self._environment)
        ends = monotonic() + STARTS_WITHIN
        while monotonic() < ends:
            try:
                return await asyncio.open_unix_connection(str(self._socket), limit=_LONGEST_ANSWER)
            except (FileNotFoundError, ConnectionRefusedError):
                if keeper.poll() not in (None, 0):
                    break
                await asyncio.sleep(0.05)
        raise KeeperAway(log)


def _spawn(command: Sequence[str], log: Path, environment: Mapping[str, str] | None) -> subprocess.Popen[bytes]:
    """A process of its own session: whoever asked first may die, and what runs goes on."""
    with log.open("ab") as told:
        return subprocess.Popen(  # noqa: S603 — our own module, with paths from settings
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=told,
            stderr=told,
            start_new_session=True,
        )


def _where(target: Target) -> dict[str, str]:
    return {"service": target.service, "stage": target.stage.value}


def _tick(found: dict[str, Any]) -> Tick:
    sides = (
        Served(**{**one, "sample": tuple(map(tuple, one["sample"]))})
        for one in (found["stable"], found["canary"])
    )
    return Tick(found["number"], datetime.fromtimestamp(found["at"], UTC), *sides)


def _status(target: Target, answer: dict[str, Any]) -> Status:
    running = answer["running"]
    stable = None if running is None else Running(**running)
    canary = None if answer["canary"] is None else Canary(**answer["canary"])
    found = answer["breaker"]
    breaker = found and Breaker(Shed(found["sheds"]), found["seconds_left"], found["refused"])
    during = None if answer.get("during") is None else During(**answer["during"])
    return Status(target, stable, canary, answer["address"], datetime.now(UTC), breaker, during)


def _change(line: dict[str, Any]) -> Change:
    return Change(
        id=str(line["number"]),
        at=datetime.fromtimestamp(line["at"], UTC),
        target=Target(line["service"], Stage(line["stage"])),
        kind=ChangeKind(line["kind"]),
        version=line["version"],
        digest=line["digest"],
        replicas=line["replicas"],
        before=line["before"],
        grant=line["grant"],
        canary=line["canary"],
        share=line["share"],
        why=line["why"],
    )
