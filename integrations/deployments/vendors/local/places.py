"""The targets of this machine: what runs at each, its way in, and replicas that are started and replaced."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from subprocess import SubprocessError
from time import time

import aiohttp

from integrations.deployments import DeploymentError, NoSuchRelease, NotReady, Release, Stage
from integrations.deployments.vendors.local import releases as stored
from integrations.deployments.vendors.local.database import ServicesDatabase
from integrations.deployments.vendors.local.journal import Journal, Line, say
from integrations.deployments.vendors.local.processes import Replica, end, is_ready, start
from integrations.deployments.vendors.local.proxy import Proxy
from integrations.deployments.vendors.local.pruning import prune, ran_last

_HEARD_WITHIN = 0.2
_WARMED_WITHIN = aiohttp.ClientTimeout(total=5)
_PART = 65_536
_MENDED_WITHIN = 2.5
"""Seconds that a status waits for replicas that are started anew; they go on becoming ready without it."""


@dataclass(slots=True)
class Canary:
    """A version that has a share (0 to 1) of a place's traffic for a while. Where nobody renews it for `lease`
    seconds it ends: `renewed` is when that was done last, by a clock that never goes back."""

    id: str
    runnable: stored.Runnable
    replicas: list[Replica]
    share: float
    lease: float
    renewed: float
    is_over: bool = False
    ending: asyncio.Task[None] | None = None


@dataclass(slots=True)
class Place:
    """What runs at a target. Whoever changes it holds `lock`."""

    service: str
    stage: str
    proxy: Proxy
    changed: Callable[[], None]
    """Told of it whenever other replicas run here."""
    line: Line | None = None
    replicas: list[Replica] = field(default_factory=list)
    canary: Canary | None = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    mending: asyncio.Task[None] | None = None

    def share_out(self) -> None:
        """Let the traffic go to what runs here now."""
        if self.canary is None or self.canary.is_over:
            self.proxy.give_to(self.replicas)
        else:
            self.proxy.give_to(self.replicas, self.canary.replicas, self.canary.share)
        self.changed()

    @property
    def versions(self) -> Mapping[str, Sequence[Replica]]:
        """The replicas of each version that runs here."""
        stable = {self.line.version: self.replicas} if self.line else {}
        return {
            **stable,
            **({self.canary.runnable.release.version: self.canary.replicas} if self.canary else {}),
        }


class Places:
    """The targets, opened when they are first asked for. `releases` holds what can be run."""

    def __init__(
        self,
        folder: Path,
        releases: Path,
        client: aiohttp.ClientSession,
        ready_seconds: float,
        database: ServicesDatabase,
    ) -> None:
        """A replica that does not answer within `ready_seconds` is not waited for."""
        self.releases, self._database = stored.Shelves.of(folder, releases), database
        self.journal = Journal(folder / "journal.jsonl")
        self._ready_seconds, self._client = ready_seconds, client
        self._ports_file = folder / "ports.json"
        self._ports: dict[str, int] = (
            json.loads(self._ports_file.read_text()) if self._ports_file.exists() else {}
        )
        self._etc = folder / "etc"
        self._open: dict[tuple[str, str], Place] = {}
        self._opening = asyncio.Lock()
        self._beginning: list[tuple[str, str]] = []
        self._targets_file = folder / "targets.json"
        self._list_targets()  # what was listed before a crash does not run any more

    @property
    def used(self) -> float:
        """When something came in last for any of the services, by the monotonic clock; 0 where nothing did."""
        return max((place.proxy.used for place in self._open.values()), default=0.0)

    @property
    def is_any_on_its_way(self) -> bool:
        """Whether a canary is under way at any of them, or a breaker open."""
        return any(place.canary or place.proxy.breaker for place in self._open.values())

    async def at(self, service: str, stage: str) -> Place:
        """A target, with its way in open."""
        async with self._opening:
            place = self._open.get((service, stage))
            if place is None:
                proxy = Proxy(self._client)
                line = self.journal.last_of(service, stage)
                place = Place(service, stage, proxy, self._list_targets, line)
                proxy.wake = partial(self.whole, place)
                name = f"{service}/{stage}"
                self._ports[name] = await proxy.open(self._ports.get(name, 0))
                _write_whole(self._ports_file, json.dumps(self._ports))
                self._open[service, stage] = place
        return place

    async def ready(self, replicas: list[Replica]) -> int:
        """How many of them answer."""
        return sum(await asyncio.gather(*(is_ready(one, self._client, 0.5) for one in replicas)))

    async def whole(self, place: Place) -> None:
        """Give replicas that ended by themselves a moment to be replaced."""
        if place.line is not None and await self.ready(place.replicas) < place.line.replicas:
            await asyncio.sleep(_HEARD_WITHIN)  # one may have ended before its end was heard of
            await asyncio.wait({self.mended(place)}, timeout=_MENDED_WITHIN)

    async def approved(self, service: str, version: str, digest: str) -> stored.Runnable:
        """A release as it was approved. Raises NoSuchRelease where its files are others by now."""
        runnable = await asyncio.to_thread(self.releases.read, service, version)
        if runnable.release.digest != digest:
            raise NoSuchRelease(
                f"{service} {version} is not what was approved any more: its files have changed."
            )
        return runnable

    async def known(self, service: str) -> tuple[Release, ...]:
        """A service's releases, newest first: those that are there, and those that ran and are not there any
        more, or were others then. Raises ReleaseUnreadable."""
        there = await asyncio.to_thread(self.releases.releases, service)
        digests = {one.digest for one in there}
        ran = (one for one in self.journal.releases_that_ran(service) if one.digest not in digests)
        return tuple(sorted((*there, *ran), key=lambda one: one.built, reverse=True))

    async def prune(self, service: str) -> None:
        """Remove its built releases that nobody goes back to; what cannot be removed is said, and stays."""
        places = [place for place in self._open.values() if place.service == service]
        running = {version for place in places for version in place.versions}
        beginning = {version for name, version in self._beginning if name == service}
        kept = ran_last(self.journal, service) | running | beginning
        try:
            gone = await asyncio.to_thread(prune, self.releases, service, kept)
        except OSError as wrong:
            say(f"Old releases of {service} stay: {wrong}")
        else:
            if gone:
                say(f"Removed old releases of {service}: {', '.join(gone)}")

    async def started(self, runnable: stored.Runnable, stage: str, count: int) -> list[Replica]:
        """Replicas that are ready. Raises NotReady, and none is left, where one of them does not become so, and
        NoSuchRelease where its files or its program are gone."""
        release = runnable.release
        self._beginning.append((release.service, release.version))
        try:
            return await self._started(runnable, stage, count)
        finally:  # by now it runs, or it does not: whoever asked writes that down before anything else happens
            self._beginning.remove((release.service, release.version))

    async def _started(self, runnable: stored.Runnable, stage: str, count: int) -> list[Replica]:
        told = await self._told(runnable, stage) if count > 0 else {}
        new: list[Replica] = []
        release = runnable.release
        async with ended_on_failure(new):
            try:
                for _ in range(count):
                    new.append(await start(runnable, stage, told, self._etc))
            except (OSError, SubprocessError) as wrong:
                refused = NoSuchRelease if isinstance(wrong, FileNotFoundError) else NotReady
                raise refused(
                    f"{release.service} {release.version} cannot be started: {wrong}. Nothing was changed: what"
                    f" ran in {stage} before has all traffic."
                ) from wrong
            if not all(
                await asyncio.gather(*(is_ready(one, self._client, self._ready_seconds) for one in new))
            ):
                raise NotReady(
                    f"{release.service} {release.version} did not become ready in {stage}, so nothing was"
                    " changed: what ran there before has all traffic."
                )
            await asyncio.gather(*(self._warmed_up(one, runnable) for one in new))
        return new

    async def _warmed_up(self, replica: Replica, runnable: stored.Runnable) -> None:
        """Ask for what fills its caches before anybody waits for it. What fails is said and holds nothing up:
        the replica answers, only slower at first."""
        for path in runnable.warm_up:
            try:
                async with self._client.get(
                    f"{replica.address}{path}", timeout=_WARMED_WITHIN, allow_redirects=False
                ) as answer:
                    async for _ in answer.content.iter_chunked(_PART):
                        pass  # whole, and kept nowhere
                    wrong = f"answered {answer.status}" if answer.status >= 400 else ""
            except (aiohttp.ClientError, TimeoutError) as away:
                wrong = f"did not answer ({type(away).__name__})"
            if wrong:
                release = runnable.release
                say(f"{release.service} {release.version}: warming up, {path} {wrong}")

    async def _told(self, runnable: stored.Runnable, stage: str) -> dict[str, str]:
        """The addresses that a release finds in its environment: of what it calls in its own stage, which may
        not run, and of its data. They hold as long as this keeper does. Raises DeploymentError."""
        callees = {name: await self.at(name, stage) for name in runnable.calls}
        told = {f"{name.replace('-', '_').upper()}_URL": place.proxy.address for name, place in callees.items()}
        if runnable.database:
            own = runnable.release.service, Stage(stage)
            url = await (self._database.url_of(*own) if runnable.confined else self._database.url())
            told["DATABASE_URL"] = url
        return told

    def mended(self, place: Place) -> asyncio.Task[None]:
        """The replacing of replicas that ended by themselves; one at a time of a place."""
        if place.mending is None or place.mending.done():
            place.mending = asyncio.create_task(self._mend(place))
        return place.mending

    async def _mend(self, place: Place) -> None:
        async with place.lock:
            line = place.line
            alive = [one for one in place.replicas if one.is_alive]
            if line is None or len(alive) == line.replicas:
                return
            new: list[Replica] = []
            try:
                runnable = await self.approved(line.service, line.version, line.digest)
                new = await self.started(runnable, line.stage, line.replicas - len(alive))
            except (DeploymentError, OSError) as wrong:
                say(f"{line.service} in {line.stage}: {wrong}")
            place.replicas = [*alive, *new]
            place.share_out()

    def _list_targets(self) -> None:
        """Say where replicas are to whoever scrapes their metrics, in the format of Prometheus' file_sd."""
        listed = [
            {
                "targets": [f"127.0.0.1:{one.port}" for one in replicas],
                "labels": {"service": place.service, "stage": place.stage, "version": version},
            }
            for place in self._open.values()
            for version, replicas in place.versions.items()
        ]
        _write_whole(self._targets_file, json.dumps(listed))

    async def close(self) -> None:
        """End all that runs."""
        _write_whole(self._targets_file, "[]")
        for place in self._open.values():
            on_their_way = [one.ending for one in (place.canary, place.proxy.breaker) if one is not None]
            for task in (place.mending, *on_their_way):
                if task is not None:
                    task.cancel()
            await place.proxy.close()
        await asyncio.gather(*(end(one) for place in self._open.values() for one in _all(place)))
        await self._database.close()


def _all(place: Place) -> list[Replica]:
    return [*place.replicas, *(place.canary.replicas if place.canary else ())]


@asynccontextmanager
async def ended_on_failure(replicas: Sequence[Replica]) -> AsyncIterator[None]:
    """Where what follows fails, whatever it is, end these: nobody else knows of them yet."""
    try:
        yield
    except BaseException:
        await asyncio.gather(*(end(one) for one in replicas))
        raise


async def hand_over(place: Place, over: list[Replica]) -> None:
    """Let replicas that have no traffic any more finish what they have, and end them."""
    await place.proxy.drained(over)
    await asyncio.gather(*(end(one) for one in over))


def write_line(journal: Journal, place: Place, **values: object) -> Line:
    """A line about a place, at this moment. It holds once it is on disk."""
    return journal.append(at=time(), service=place.service, stage=place.stage, **values)


def _write_whole(file: Path, content: str) -> None:
    """So that a crash leaves the old content or the new. Where it cannot be written that is said, and the old
    is left: nothing that runs waits for it."""
    beside = file.with_suffix(".new")
    try:
        beside.write_text(content)
        beside.replace(file)
    except OSError as wrong:
        say(f"{file.name} is left as it was: {wrong}")
