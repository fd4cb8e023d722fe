"""Canaries: a version that gets a share of a target's traffic for a while, beside the stable one.

A canary is on a lease. Whoever watches it renews it; where that stops, for whatever reason (a halt, a freeze, a
dead worker, a lost database), all traffic goes back to the stable version by itself. A keeper that begins again
does the same: nobody watched meanwhile. Whoever changes a place holds its lock, the end of a lease as well."""

from __future__ import annotations

import asyncio
from math import ceil
from time import monotonic, time
from typing import Any

from integrations.deployments import (
    BehindMigration,
    CanaryOver,
    CanaryUnderWay,
    ChangedMeanwhile,
    NothingRuns,
)
from integrations.deployments.going_back import gone_past
from integrations.deployments.vendors.local import releases as stored
from integrations.deployments.vendors.local.journal import Line
from integrations.deployments.vendors.local.places import (
    Canary,
    Place,
    Places,
    ended_on_failure,
    hand_over,
    write_line,
)


class Canaries:
    """The canaries of these places."""

    def __init__(self, places: Places) -> None:
        self._places = places

    def end_forgotten(self) -> None:
        """Write down of each canary that was under way when the keeper ended that it is over."""
        journal = self._places.journal
        last = {(line.service, line.stage): line for line in journal.lines if line.kind in _CANARY_KINDS}
        for line in list(last.values()):
            if line.kind in _UNDER_WAY:
                kept = {name: getattr(line, name) for name in _OF_THE_CANARY}
                why = "the keeper had to begin again"
                journal.owe(at=time(), kind="returned", grant="", share=0.0, why=why, **kept)

    async def begin(self, place: Place, given: dict[str, Any]) -> None:
        """Start the version and give it its first share. Whoever calls holds the place's lock."""
        standing = place.line
        if standing is None or standing.replicas == 0:
            raise NothingRuns(
                f"Nothing of {place.service} runs in {place.stage} that a canary could stand beside."
            )
        if standing.version != given["before"]:
            raise ChangedMeanwhile(
                f"{place.service} in {place.stage} stands at {standing.version}, and not at {given['before']}"
                " any more. Look at it, and ask again."
            )
        demand_none(place)
        await self._demand_side_by_side(place, standing, given["version"])
        runnable = await self._places.approved(place.service, given["version"], given["digest"])
        share = float(given["share"])
        replicas = await self._places.started(runnable, place.stage, _needed(standing.replicas, share))
        canary = Canary(given["grant"], runnable, replicas, share, float(given["lease"]), monotonic())
        async with ended_on_failure(replicas):
            self._places.journal.append(**self._values(place, canary, "canary begun", given["grant"], share))
        place.canary = canary
        place.share_out()
        canary.ending = asyncio.create_task(self._end_with_lease(place, canary))

    async def _demand_side_by_side(self, place: Place, standing: Line, version: str) -> None:
        """Raises BehindMigration where one of the two would not run with what the other makes of the data."""
        known = await self._places.known(place.service)
        ways = (gone_past(known, version, standing.version), gone_past(known, standing.version, version))
        passed = next((one for one in ways if one is not None), None)
        if passed is not None:
            raise BehindMigration(
                f"{place.service} {standing.version} and {version} do not run side by side: the migration of"
                f" {passed.version} lies between them and cannot be taken back."
            )

    async def step(self, place: Place, given: dict[str, Any]) -> None:
        """Give it another share of the traffic. Whoever calls holds the place's lock."""
        canary = demand_it(place, given["canary"])
        canary.renewed = monotonic()
        await self._grow(place, canary, share := float(given["share"]))
        demand_it(place, canary.id)  # starting took longer than its lease
        canary.renewed = monotonic()
        self._places.journal.append(**self._values(place, canary, "canary step", given["grant"], share))
        canary.share = share
        place.share_out()

    async def promote(self, place: Place, given: dict[str, Any]) -> None:
        """Put it in the place of the stable version. Whoever calls holds the place's lock."""
        canary, standing = demand_it(place, given["canary"]), place.line
        if standing is None:
            raise NothingRuns(f"Nothing of {place.service} runs in {place.stage}.")
        canary.renewed = monotonic()
        await self._grow(place, canary, 1.0)
        demand_it(place, canary.id)
        release = canary.runnable.release
        place.line = write_line(
            self._places.journal,
            place,
            kind="promoted",
            grant=given["grant"],
            replicas=standing.replicas,
            before=standing.version,
            canary=canary.id,
            share=1.0,
            **stored.for_the_journal(release),
        )
        over, place.replicas, place.canary = place.replicas, canary.replicas, None
        _stop_watching(canary)
        place.share_out()
        await hand_over(place, over)

    async def abort(self, place: Place, given: dict[str, Any]) -> None:
        """Give all traffic back to the stable version. Whoever calls holds the place's lock."""
        canary = demand_it(place, given["canary"])
        await self._return(place, canary, given["grant"], given["why"])

    def renew(self, place: Place, canary: str) -> None:
        """Go on for another lease. Raises CanaryOver."""
        demand_it(place, canary).renewed = monotonic()

    async def _grow(self, place: Place, canary: Canary, share: float) -> None:
        """As many replicas as this share of the traffic needs; more are started first, none is ended. Raises
        NoSuchRelease where its files are others by now than what was approved."""
        release = canary.runnable.release
        runnable = await self._places.approved(place.service, release.version, release.digest)
        stable = place.line.replicas if place.line else 1
        canary.replicas = [one for one in canary.replicas if one.is_alive]
        missing = _needed(stable, share) - len(canary.replicas)
        canary.replicas += await self._places.started(runnable, place.stage, missing)

    async def _return(self, place: Place, canary: Canary, grant: str, why: str) -> None:
        # The traffic first: giving it back waits for nothing, and so not for a disk that is full, either.
        canary.is_over, place.canary = True, None
        _stop_watching(canary)
        place.share_out()
        self._places.journal.owe(**self._values(place, canary, "returned", grant, 0.0, why))
        await hand_over(place, canary.replicas)

    async def _end_with_lease(self, place: Place, canary: Canary) -> None:
        # A renewal only moves the end further out, so that sleeping until it is enough.
        while (left := canary.renewed + canary.lease - monotonic()) > 0:  # noqa: ASYNC110
            await asyncio.sleep(left)
        # At once, whoever holds the lock: they find it over when they have it.
        canary.is_over = True
        place.proxy.give_to(place.replicas)
        async with place.lock:
            if place.canary is canary:
                canary.ending = None  # this is it, and is not to end itself
                await self._return(place, canary, "", f"nobody renewed it for {canary.lease:g} seconds")

    def _values(
        self, place: Place, canary: Canary, kind: str, grant: str, share: float, why: str = ""
    ) -> dict[str, Any]:
        """What a line says of it."""
        return {
            "at": time(),
            "service": place.service,
            "stage": place.stage,
            "kind": kind,
            "grant": grant,
            "replicas": len(canary.replicas),
            "before": place.line.version if place.line else None,
            "canary": canary.id,
            "share": share,
            "why": why,
            **stored.for_the_journal(canary.runnable.release),
        }


_UNDER_WAY = frozenset({"canary begun", "canary step"})
_OF_THE_CANARY = ("service", "stage", "version", "digest", "replicas", "before", "canary")
_CANARY_KINDS = _UNDER_WAY | {"promoted", "returned"}


def demand_none(place: Place) -> None:
    """Raises CanaryUnderWay where the place has a canary."""
    if place.canary is not None:
        version = place.canary.runnable.release.version
        raise CanaryUnderWay(
            f"A canary of {place.service} {version} is under way in {place.stage}."
            " Promote it or abort it first."
        )


def demand_it(place: Place, id: str) -> Canary:
    """The canary with this id. Raises CanaryOver."""
    if place.canary is None or place.canary.id != id or place.canary.is_over:
        raise CanaryOver(f"That canary of {place.service} in {place.stage} is over.")
    return place.canary


def _needed(stable: int, share: float) -> int:
    """Replicas that a share of the traffic needs where the whole of it has `stable`."""
    return max(1, ceil(stable * share))


def _stop_watching(canary: Canary) -> None:
    if canary.ending is not None:
        canary.ending.cancel()
