"""What changed near the beginning of an incident: a coincidence in time, and never more than that by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from integrations.deployments import Change, ChangeQuery, Deployments, Release, ReleaseQuery, Stage
from integrations.pages import every

LOOKED_BACK = timedelta(hours=1)
_MOST_CHANGES = 1_000
"""Of one stage, newest first; so many releases as well."""
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


@dataclass(frozen=True, slots=True)
class History:
    """What was done in a stage since some time, newest first, and the releases that there are."""

    changes: tuple[Change, ...]
    releases: tuple[Release, ...]

    def near(self, services: Sequence[str], began: datetime, until: datetime, *, within: timedelta) -> Changes:
        """Changes of these services from an hour before `began` until `until`.

        When it began is only known to a window of the length `within`: a change in it may have come before, and
        counts as one that did.
        """
        wanted = (one for one in self.changes if one.target.service in services)
        found = [one for one in wanted if began - LOOKED_BACK <= one.at <= until]
        found.sort(key=lambda one: one.at)
        earlier = [one for one in reversed(found) if one.at <= began + within]
        later = [one for one in found if one.at > began + within]
        return Changes(
            tuple(self._suspect(one, max(began - one.at, timedelta(0))) for one in earlier[:_MOST_SHOWN]),
            tuple(self._suspect(one, began - one.at) for one in later[:_MOST_SHOWN]),
            tuple(services),
        )

    def _suspect(self, change: Change, before: timedelta) -> Suspect:
        """A release that was deleted since then is not there; the change is told all the same."""
        its = (change.target.service, change.version)
        return Suspect(change, next((r for r in self.releases if (r.service, r.version) == its), None), before)


async def read_history(deployments: Deployments, stage: Stage, since: datetime) -> History:
    """What was done in a stage since then; its last thousand changes at most. Raises DeploymentError."""
    changes: list[Change] = []
    async for change in every(deployments.history, ChangeQuery(stage=stage, limit=200)):
        if change.at < since or len(changes) == _MOST_CHANGES:
            break
        changes.append(change)
    if not changes:
        return History((), ())
    releases = await deployments.releases(ReleaseQuery(limit=_MOST_CHANGES))
    return History(tuple(changes), releases.items)
