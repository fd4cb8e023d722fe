"""What runs on this machine, and how it changes.

A change holds from its line in the journal on: whoever begins again after a crash starts what that says, and
only what was approved by its digest. Whoever changes a place, or replaces what ended of it, holds its lock."""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from time import time
from typing import Any

import aiohttp

from integrations.deployments import (
    BehindMigration,
    ChangedMeanwhile,
    DeploymentError,
    GrantSpent,
    NoSuchRelease,
    NothingRuns,
    NotReady,
    gone_past,
)
from integrations.deployments.vendors.local import releases as stored
from integrations.deployments.vendors.local.database import ServicesDatabase
from integrations.deployments.vendors.local.journal import Journal, Line
from integrations.deployments.vendors.local.processes import Replica, end, is_ready, start
from integrations.deployments.vendors.local.proxy import Proxy

_HEARD_WITHIN = 0.2
_MENDED_WITHIN = 6.0
"""Seconds that a status waits for replicas that are started anew; they go on becoming ready without it."""


@dataclass(slots=True)
class _Place:
    """What runs at a target. Whoever changes it holds `lock`."""

    proxy: Proxy
    line: Line | None = None
    replicas: list[Replica] = field(default_factory=list)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    mending: asyncio.Task[None] | None = None


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A change that a grant allows. `before` is what stood when it was asked for: the version, or how many."""

    grant: str
    kind: str
    service: str
    stage: str
    before: str | int | None
    version: str | None = None
    digest: str | None = None
    replicas: int | None = None


def _say(words: str) -> None:
    """Into the keeper's log, which is where its standard error goes."""
    print(words, file=sys.stderr, flush=True)  # noqa: T201


def _write_whole(file: Path, content: str) -> None:
    """So that a crash leaves the old content or the new."""
    beside = file.with_suffix(".new")
    beside.write_text(content)
    beside.replace(file)


class Keeper:
    """What runs on this machine, and how it changes."""

    def __init__(
        self,
        folder: Path,
        releases: Path,
        client: aiohttp.ClientSession,
        ready_seconds: float,
        database: ServicesDatabase,
    ) -> None:
        """A replica that does not answer within `ready_seconds` is not waited for."""
        self._ready_seconds, self._database = ready_seconds, database
        self._folder, self._releases, self._client = folder, releases, client
        self._journal = Journal(folder / "journal.jsonl")
        self._ports_file = folder / "ports.json"
        self._ports: dict[str, int] = (
            json.loads(self._ports_file.read_text()) if self._ports_file.exists() else {}
        )
        self._places: dict[tuple[str, str], _Place] = {}
        self._opening = asyncio.Lock()

    async def begin_again(self) -> None:
        """Begin to start what the journal says is to run; where it is new, what the releases say that runs at
        first. What cannot be started is said in the keeper's log and holds nothing else up."""
        if not self._journal.lines:
            try:
                for at_first in stored.at_first(self._releases):
                    self._journal.append(at=time(), grant="", kind="deployed", before=None, **at_first)
            except DeploymentError as wrong:
                _say(str(wrong))
        for target in dict.fromkeys((line.service, line.stage) for line in self._journal.lines):
            self._mended(await self._place(*target))

    @property
    def used(self) -> float:
        """When something came in last for any of the services, in seconds since 1970; 0 where nothing did."""
        return max((place.proxy.used for place in self._places.values()), default=0.0)

    async def status(self, service: str, stage: str) -> dict[str, Any]:
        """What runs at a target, as JSON values."""
        if self._journal.last_of(service, stage) is None:
            return {"running": None, "address": None}
        place = await self._place(service, stage)
        if place.line is not None and await self._ready(place) < place.line.replicas:
            await asyncio.sleep(_HEARD_WITHIN)  # one may have ended before its end was heard of
            await asyncio.wait({self._mended(place)}, timeout=_MENDED_WITHIN)
        line = place.line
        running = line and {
            "version": line.version,
            "digest": line.digest,
            "replicas": line.replicas,
            "ready": await self._ready(place),
        }
        return {"running": running, "address": place.proxy.address}

    async def _ready(self, place: _Place) -> int:
        return sum([await is_ready(one, self._client, 0.5) for one in place.replicas])

    async def deploy(
        self,
        grant: str,
        service: str,
        stage: str,
        version: str,
        digest: str,
        replicas: int,
        before: str | None,
    ) -> dict[str, Any]:
        """Start a version beside the one that runs, and let it take over once it is ready."""
        return await self._change(_Wanted(grant, "deployed", service, stage, before, version, digest, replicas))

    async def roll_back(
        self, grant: str, service: str, stage: str, version: str, digest: str, before: str
    ) -> dict[str, Any]:
        """The same with an earlier version, and as many replicas as run."""
        return await self._change(_Wanted(grant, "rolled back", service, stage, before, version, digest))

    async def scale(self, grant: str, service: str, stage: str, replicas: int, before: int) -> dict[str, Any]:
        """More or fewer replicas of what runs."""
        return await self._change(_Wanted(grant, "scaled", service, stage, before, replicas=replicas))

    async def changes(self) -> list[dict[str, Any]]:
        """The journal, newest first."""
        return [
            {name: getattr(line, name) for name in Line.__slots__} for line in reversed(self._journal.lines)
        ]

    async def _change(self, wanted: _Wanted) -> dict[str, Any]:
        place = await self._place(wanted.service, wanted.stage)
        async with place.lock:
            # First: what a grant has done already holds, whatever has come after it.
            done = self._journal.of_grant(wanted.grant)
            if done is None:
                await self._carry_out(place, wanted)
            elif (done.kind, done.service, done.stage) != (wanted.kind, wanted.service, wanted.stage):
                raise GrantSpent(
                    f"This leave was used before, for something else ({done.kind} {done.service})."
                )
        return await self.status(wanted.service, wanted.stage)

    async def _carry_out(self, place: _Place, wanted: _Wanted) -> None:
        """Whoever calls holds the place's lock."""
        runnable, count = self._checked(place.line, wanted)
        standing, version = place.line, runnable.release.version
        same = standing is not None and standing.digest == runnable.release.digest
        kept = [one for one in place.replicas if one.is_alive][:count] if same else []
        new = await self._started(runnable, wanted.stage, count - len(kept))
        if new is None:
            raise NotReady(
                f"{wanted.service} {version} did not become ready in {wanted.stage}, so nothing was changed:"
                " what ran there before has all traffic."
            )
        # From this line on it holds: a crash before it leaves what ran before, one after it begins with the new
        # one.
        place.line = self._journal.append(
            at=time(),
            grant=wanted.grant,
            kind=wanted.kind,
            service=wanted.service,
            stage=wanted.stage,
            version=version,
            digest=runnable.release.digest,
            replicas=count,
            before=standing.version if standing else None,
        )
        over = [one for one in place.replicas if one not in kept]
        place.replicas = [*kept, *new]
        place.proxy.give_to(place.replicas)
        await place.proxy.drained(over)
        await asyncio.gather(*(end(one) for one in over))

    def _checked(self, standing: Line | None, wanted: _Wanted) -> tuple[stored.Runnable, int]:
        """What is to run, and how often. Raises DeploymentError where it is not to be."""
        if standing is None and wanted.kind != "deployed":
            raise NothingRuns(f"Nothing of {wanted.service} runs in {wanted.stage}. Deploy a version first.")
        stands: object = None
        if standing is not None:
            stands = standing.replicas if wanted.kind == "scaled" else standing.version
        if stands != wanted.before:
            raise ChangedMeanwhile(
                f"{wanted.service} in {wanted.stage} stands at {stands or 'nothing'}, and not at"
                f" {wanted.before or 'nothing'} any more. Look at it, and ask again."
            )
        version = wanted.version or (standing.version if standing else "")
        runnable = stored.read(self._releases, wanted.service, version)
        approved = wanted.digest or (standing.digest if standing else "")
        if runnable.release.digest != approved:
            raise NoSuchRelease(
                f"{wanted.service} {version} is not what was approved any more: its files have changed."
            )
        if standing is not None and wanted.version is not None:
            self._demand_reachable(wanted.service, version, standing.version)
        if wanted.replicas is not None:
            return runnable, wanted.replicas
        return runnable, standing.replicas if standing else 1

    def _demand_reachable(self, service: str, version: str, standing: str) -> None:
        passed = gone_past(stored.releases(self._releases, service), version, standing)
        if passed is not None:
            raise BehindMigration(
                f"{service} {version} is older than {passed.version}, whose migration cannot be taken back; it"
                f" would not run with what {passed.version} made of the data. Bring out a newer one instead."
            )

    async def _started(self, runnable: stored.Runnable, stage: str, count: int) -> list[Replica] | None:
        """Replicas that are ready; None, and none is left, where one of them does not become so."""
        told = await self._told(runnable, stage) if count > 0 else {}
        new = [await start(runnable, stage, told) for _ in range(max(0, count))]
        ready = await asyncio.gather(*(is_ready(one, self._client, self._ready_seconds) for one in new))
        if all(ready):
            return new
        await asyncio.gather(*(end(one) for one in new))
        return None

    async def _told(self, runnable: stored.Runnable, stage: str) -> dict[str, str]:
        """The addresses that a release finds in its environment: of what it calls in its own stage, which may
        not run, and of its data. They hold as long as this keeper does. Raises DeploymentError."""
        callees = {name: await self._place(name, stage) for name in runnable.calls}
        told = {f"{name.replace('-', '_').upper()}_URL": place.proxy.address for name, place in callees.items()}
        return told | ({"DATABASE_URL": await self._database.url()} if runnable.database else {})

    async def _place(self, service: str, stage: str) -> _Place:
        """A target, with its way in open."""
        async with self._opening:
            place = self._places.get((service, stage))
            if place is None:
                place = _Place(Proxy(self._client), self._journal.last_of(service, stage))
                name = f"{service}/{stage}"
                self._ports[name] = await place.proxy.open(self._ports.get(name, 0))
                _write_whole(self._ports_file, json.dumps(self._ports))
                self._places[service, stage] = place
        return place

    def _mended(self, place: _Place) -> asyncio.Task[None]:
        """The replacing of replicas that ended by themselves; one at a time of a place."""
        if place.mending is None or place.mending.done():
            place.mending = asyncio.create_task(self._mend(place))
        return place.mending

    async def _mend(self, place: _Place) -> None:
        async with place.lock:
            line = place.line
            alive = [one for one in place.replicas if one.is_alive]
            if line is None or len(alive) == line.replicas:
                return
            try:
                runnable = stored.read(self._releases, line.service, line.version)
                if runnable.release.digest != line.digest:
                    raise NoSuchRelease(f"{line.service} {line.version} is not what was approved any more.")
                new = await self._started(runnable, line.stage, line.replicas - len(alive))
                if new is None:
                    raise NotReady(f"{line.service} {line.version} does not become ready in {line.stage}.")
            except (DeploymentError, OSError) as wrong:
                _say(f"{line.service} in {line.stage}: {wrong}")
                new = []
            place.replicas = [*alive, *new]
            place.proxy.give_to(place.replicas)

    async def close(self) -> None:
        """End all that runs."""
        for place in self._places.values():
            if place.mending is not None:
                place.mending.cancel()
            await place.proxy.close()
        await asyncio.gather(*(end(one) for place in self._places.values() for one in place.replicas))
        await self._database.close()
