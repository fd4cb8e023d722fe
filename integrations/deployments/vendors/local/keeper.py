"""What runs on this machine, and how it changes.

A change holds from its line in the journal on: whoever begins again after a crash starts what that says, and
only what was approved by its digest. Whoever changes a place, or replaces what ended of it, holds its lock."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from time import monotonic, time
from typing import Any

import aiohttp

from integrations.deployments import (
    BehindMigration,
    ChangedMeanwhile,
    DeploymentError,
    GrantSpent,
    NeverRan,
    NothingRuns,
)
from integrations.deployments.going_back import gone_past
from integrations.deployments.vendors.local import releases as stored
from integrations.deployments.vendors.local.breakers import Breakers
from integrations.deployments.vendors.local.canaries import Canaries, demand_it, demand_none
from integrations.deployments.vendors.local.database import ServicesDatabase
from integrations.deployments.vendors.local.journal import Line, say
from integrations.deployments.vendors.local.places import (
    Canary,
    Place,
    Places,
    ended_on_failure,
    hand_over,
    write_line,
)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A change that a grant allows. `before` is what stood when it was asked for: the version, or how many."""

    grant: str
    kind: str
    before: str | int | None
    version: str | None = None
    digest: str | None = None
    replicas: int | None = None


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
        self._places = Places(folder, releases, client, ready_seconds, database)
        self._journal = self._places.journal
        self._canaries = Canaries(self._places)
        self._breakers = Breakers(self._journal)

    async def begin_again(self) -> None:
        """Begin to start what the journal says is to run; where it is new, what the releases say that runs at
        first. What cannot be started or written down is said in the keeper's log and holds nothing else up.

        What nobody has ever changed is started when it is first asked for, or when something comes in for it.
        """
        if not self._journal.lines:
            try:
                for at_first in stored.at_first(self._places.releases.written):
                    self._journal.owe(at=time(), grant="", kind="deployed", before=None, **at_first)
            except DeploymentError as wrong:
                say(str(wrong))
        self._canaries.end_forgotten()
        self._breakers.close_forgotten()
        for target in dict.fromkeys((line.service, line.stage) for line in self._journal.lines):
            place = await self._places.at(*target)
            if place.line is not None and place.line.grant:
                self._places.mended(place)

    @property
    def used(self) -> float:
        """When something came in last for any of the services, by the monotonic clock; 0 where nothing did."""
        return self._places.used

    @property
    def is_needed(self) -> bool:
        """Whether something ends by itself later, for which the keeper stays: a canary or an open breaker."""
        return self._places.is_any_on_its_way

    async def status(self, service: str, stage: str) -> dict[str, Any]:
        """What runs at a target, as JSON values."""
        if self._journal.last_of(service, stage) is None:
            return {"running": None, "canary": None, "address": None, "breaker": None}
        place = await self._places.at(service, stage)
        await self._places.whole(place)
        line, canary = place.line, place.canary
        running = line and {
            "version": line.version,
            "digest": line.digest,
            "replicas": line.replicas,
            "ready": await self._places.ready(place.replicas),
        }
        return {
            "running": running,
            "canary": canary and await self._shown(canary),
            "address": place.proxy.address,
            "breaker": place.proxy.breaker and place.proxy.breaker.shown(),
        }

    async def _shown(self, canary: Canary) -> dict[str, Any]:
        release = canary.runnable.release
        return {
            "id": canary.id,
            "version": release.version,
            "digest": release.digest,
            "replicas": len(canary.replicas),
            "ready": await self._places.ready(canary.replicas),
            "share": 0.0 if canary.is_over else canary.share,
            "lease_left": max(0.0, canary.renewed + canary.lease - monotonic()),
        }

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
        return await self._change(service, stage, _Wanted(grant, "deployed", before, version, digest, replicas))

    async def roll_back(
        self, grant: str, service: str, stage: str, version: str, digest: str, before: str
    ) -> dict[str, Any]:
        """The same with an earlier version, and as many replicas as run."""
        return await self._change(service, stage, _Wanted(grant, "rolled back", before, version, digest))

    async def scale(self, grant: str, service: str, stage: str, replicas: int, before: int) -> dict[str, Any]:
        """More or fewer replicas of what runs."""
        return await self._change(service, stage, _Wanted(grant, "scaled", before, replicas=replicas))

    async def begin_canary(
        self,
        grant: str,
        service: str,
        stage: str,
        version: str,
        digest: str,
        share: float,
        lease: float,
        before: str,
    ) -> dict[str, Any]:
        """Give a version a share of the traffic, for as long as it is renewed. Its id is the grant's."""
        given = {"grant": grant, "version": version, "digest": digest, "share": share, "lease": lease}
        return await self._once(
            grant, "canary begun", service, stage, self._canaries.begin, {**given, "before": before}
        )

    async def step_canary(
        self, grant: str, service: str, stage: str, canary: str, share: float
    ) -> dict[str, Any]:
        """Give it another share."""
        given = {"grant": grant, "canary": canary, "share": share}
        return await self._once(grant, "canary step", service, stage, self._canaries.step, given)

    async def promote_canary(self, grant: str, service: str, stage: str, canary: str) -> dict[str, Any]:
        """Put it in the place of the stable version."""
        given = {"grant": grant, "canary": canary}
        return await self._once(grant, "promoted", service, stage, self._canaries.promote, given)

    async def abort_canary(self, grant: str, service: str, stage: str, canary: str, why: str) -> dict[str, Any]:
        """Give all traffic back to the stable version."""
        given = {"grant": grant, "canary": canary, "why": why}
        return await self._once(grant, "returned", service, stage, self._canaries.abort, given)

    async def open_breaker(
        self, grant: str, service: str, stage: str, sheds: str, seconds: float
    ) -> dict[str, Any]:
        """Refuse requests in place of the service, for so long at most."""
        given = {"grant": grant, "sheds": sheds, "seconds": seconds}
        return await self._once(grant, "breaker opened", service, stage, self._breakers.open, given)

    async def close_breaker(self, grant: str, service: str, stage: str) -> dict[str, Any]:
        """Let all requests through again."""
        return await self._once(grant, "breaker closed", service, stage, self._breakers.close, grant)

    async def renew_canary(self, service: str, stage: str, canary: str) -> dict[str, Any]:
        """Let it go on for another lease."""
        self._canaries.renew(await self._places.at(service, stage), canary)
        return await self.status(service, stage)

    async def traffic(self, service: str, stage: str, canary: str, after: int) -> list[dict[str, Any]]:
        """What came of the requests since tick number `after`, while that canary is under way."""
        place = await self._places.at(service, stage)
        demand_it(place, canary)
        return place.proxy.meter.closed(after)

    async def changes(
        self, service: str | None, stage: str | None, limit: int, after: str | None
    ) -> dict[str, Any] | None:
        """A page of the journal, newest first, and the mark of the next; None where `after` is no mark."""
        page = self._journal.page(service, stage, limit, after)
        return page and {"lines": [asdict(line) for line in page[0]], "after": page[1]}

    async def done(self, grant: str) -> dict[str, Any] | None:
        """The line of what a grant was used for."""
        line = self._journal.of_grant(grant)
        return None if line is None else asdict(line)

    async def _change(self, service: str, stage: str, wanted: _Wanted) -> dict[str, Any]:
        return await self._once(wanted.grant, wanted.kind, service, stage, self._carry_out, wanted)

    async def _once(
        self,
        grant: str,
        kind: str,
        service: str,
        stage: str,
        doing: Callable[[Place, Any], Awaitable[None]],
        given: Any,
    ) -> dict[str, Any]:
        place = await self._places.at(service, stage)
        async with place.lock:
            # First: what a grant has done already holds, whatever has come after it.
            done = self._journal.of_grant(grant)
            counted = None
            if done is None:
                before = replace(place.proxy.counts)
                await doing(place, given)
                counted = place.proxy.counts.since(before)
            elif (done.kind, done.service, done.stage) != (kind, service, stage):
                raise GrantSpent(
                    f"This leave was used before, for something else ({done.kind} {done.service})."
                )
        await self._journal.settled()  # with nothing held: what it ended has ended, written or not
        return {**await self.status(service, stage), "during": counted}

    async def _carry_out(self, place: Place, wanted: _Wanted) -> None:
        """Whoever calls holds the place's lock."""
        demand_none(place)
        runnable, count = await self._checked(place, wanted)
        standing = place.line
        same = standing is not None and standing.digest == runnable.release.digest
        kept = [one for one in place.replicas if one.is_alive][:count] if same else []
        new = await self._places.started(runnable, place.stage, count - len(kept))
        # From this line on it holds: a crash before it leaves what ran before, one after it begins with the new
        # one.
        async with ended_on_failure(new):
            place.line = write_line(
                self._journal,
                place,
                grant=wanted.grant,
                kind=wanted.kind,
                replicas=count,
                before=standing.version if standing else None,
                **stored.for_the_journal(runnable.release),
            )
        over = [one for one in place.replicas if one not in kept]
        place.replicas = [*kept, *new]
        place.share_out()
        await hand_over(place, over)
        await self._places.prune(place.service)

    async def _checked(self, place: Place, wanted: _Wanted) -> tuple[stored.Runnable, int]:
        """What is to run, and how often. Raises DeploymentError where it is not to be."""
        standing = place.line
        if standing is None and wanted.kind != "deployed":
            raise NothingRuns(f"Nothing of {place.service} runs in {place.stage}. Deploy a version first.")
        self._demand_unchanged(place, standing, wanted)
        version = wanted.version or (standing.version if standing else "")
        approved = wanted.digest or (standing.digest if standing else "")
        is_back = wanted.kind == "rolled back"
        if is_back and not self._journal.ran(place.service, place.stage, version, approved):
            asked = f"{place.service} {version}, as it was asked for,"
            raise NeverRan(f"{asked} never ran in {place.stage}: deploy it instead.")
        runnable = await self._places.approved(place.service, version, approved)
        if standing is not None and wanted.version is not None:
            await self._demand_reachable(place.service, version, standing.version)
        if wanted.replicas is not None:
            return runnable, wanted.replicas
        return runnable, standing.replicas if standing else 1

    def _demand_unchanged(self, place: Place, standing: Line | None, wanted: _Wanted) -> None:
        stands: object = None
        if standing is not None:
            stands = standing.replicas if wanted.kind == "scaled" else standing.version
        if stands != wanted.before:
            raise ChangedMeanwhile(
                f"{place.service} in {place.stage} stands at {stands or 'nothing'}, and not at"
                f" {wanted.before or 'nothing'} any more. Look at it, and ask again."
            )

    async def _demand_reachable(self, service: str, version: str, standing: str) -> None:
        known = await self._places.known(service)
        passed = gone_past(known, version, standing)
        if passed is not None:
            raise BehindMigration(
                f"{service} {version} is older than {passed.version}, whose migration cannot be taken back; it"
                f" would not run with what {passed.version} made of the data. Bring out a newer one instead."
            )

    async def close(self) -> None:
        """End all that runs."""
        await self._places.close()
