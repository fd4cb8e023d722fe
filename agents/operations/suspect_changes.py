"""What changed near the beginning of an incident: a coincidence in time, and never more than that by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from integrations.deployments import (
    Change,
    ChangeKind,
    ChangeQuery,
    DeploymentError,
    Deployments,
    Release,
    Stage,
)
from integrations.pages import every

LOOKED_BACK = timedelta(hours=1)
_MOST_SERVICES = 12
_MOST_CHANGES = 200
"""Of one service, newest first."""
_MOST_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Suspect:
    """A change, the release that it brought where there is one, and how long before the beginning it was: below
    zero if it came after."""

    change: Change
    release: Release | None
    before: timedelta

    @property
    def is_before(self) -> bool:
        """What came afterwards is no suspect."""
        return self.before >= timedelta(0)


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed before the beginning, nearest first, and afterwards, in order; of which services."""

    before: tuple[Suspect, ...]
    afterwards: tuple[Suspect, ...]
    services: tuple[str, ...]


async def changes_near(
    deployments: Deployments,
    services: Sequence[str],
    stage: Stage,
    began: datetime,
    until: datetime,
    *,
    within: timedelta,
) -> Changes:
    """Changes of these services (the first few of them) from an hour before `began` until `until`.

    When it began is only known to a window of the length `within`: a change in it may have come before, and
    counts as one that did.
    """
    asked = tuple(services[:_MOST_SERVICES])
    found: list[Change] = []
    for service in asked:
        seen = 0
        async for change in every(deployments.history, ChangeQuery(service, stage, limit=50)):
            seen += 1
            if change.at < began - LOOKED_BACK or seen > _MOST_CHANGES:
                break
            if change.at <= until and not _is_renewal(change, found):
                found.append(change)
    earlier = sorted((one for one in found if one.at <= began + within), key=lambda one: one.at, reverse=True)
    later = sorted((one for one in found if one.at > began + within), key=lambda one: one.at)
    return Changes(
        tuple([await _suspect(deployments, one, began) for one in earlier[:_MOST_SHOWN]]),
        tuple([await _suspect(deployments, one, began, came_after=True) for one in later[:_MOST_SHOWN]]),
        asked,
    )


def _is_renewal(change: Change, newer: Sequence[Change]) -> bool:
    """Whether it is a canary's step to the share that it already had."""
    return change.kind is ChangeKind.CANARY_STEP and any(
        one.canary == change.canary and one.share == change.share and one.kind is change.kind for one in newer
    )


async def _suspect(
    deployments: Deployments, change: Change, began: datetime, *, came_after: bool = False
) -> Suspect:
    apart = began - change.at
    if not came_after:
        apart = max(apart, timedelta(0))
    try:
        release = await deployments.release(change.target.service, change.version)
    except DeploymentError:  # deleted since then: the change is told all the same
        release = None
    return Suspect(change, release, apart)
