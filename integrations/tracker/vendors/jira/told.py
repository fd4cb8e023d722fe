"""What is told of many stories at once: what is left of epics, what became of stories, where defects came from.

Jira adds nothing up, so that each goes through stories, with few fields, and never through more than some.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from governance.visibility import Scope
from integrations.tracker import Defect, OpenWork, StoryEvent
from integrations.tracker.vendors.jira import histories, labels
from integrations.tracker.vendors.jira.api import WHO
from integrations.tracker.vendors.jira.histories import Moves
from integrations.tracker.vendors.jira.issues import (
    Issue,
    Reader,
    labels_of,
    moment,
    property_of,
    reaches,
)
from integrations.tracker.vendors.jira.looks import Looks
from integrations.tracker.vendors.jira.questions import OLDEST_FIRST
from integrations.tracker.vendors.jira.world import ESTIMATE
from storage.look import Away

MOST = 2_000
"""Stories that one answer goes through."""


@dataclass(frozen=True, slots=True)
class Told:
    """Goes through the stories of one Jira."""

    looks: Looks

    async def open_work(self, scope: Scope) -> Sequence[OpenWork]:
        """See Tracker.open_work. Raises Away where there is more than is gone through."""
        where = (await self.looks.questions()).in_epics(scope)
        reader = await self.looks.reader()
        issues = await self._through(where, ("parent", "labels", ESTIMATE, *reader.world.points))
        by_epic: defaultdict[str, list[Issue]] = defaultdict(list)
        for one in issues:
            by_epic[str(one["fields"]["parent"]["key"])].append(one)
        epics = sorted(by_epic)
        reached = epics if scope.everything else await self.looks.reached(scope, epics)
        return [
            OpenWork(
                epic,
                len(by_epic[epic]),
                sum((reader.hours(one) or 0.0 for one in by_epic[epic]), 0.0),
                tuple(sorted({name for one in by_epic[epic] for name in _customers(one, scope)})),
            )
            for epic in epics
            if epic in reached
        ]

    async def events(self, scope: Scope, since: datetime | None, story: str | None) -> Sequence[StoryEvent]:
        """See Tracker.events. Raises Away where more stories changed than are gone through."""
        fields = ("labels", "status", "created", "creator", "statuscategorychangedate")
        if story is not None:
            world = await self.looks.world()
            keys = await self.looks.there([story], world.stories)
            found = list((await self.looks.search.fetch(keys, fields)).values()) if keys else []
            issues = [one for one in found if reaches(scope, labels_of(one))]
        else:
            where = (await self.looks.questions()).moved_since(scope, since, self.looks.clock())
            issues = await self._through(where, fields)
        moves = await self.looks.moves(issues)
        reader = await self.looks.reader()
        told = [event for one in issues for event in _events(reader, one, moves.get(str(one["id"]), Moves()))]
        return sorted((one for one in told if since is None or one.at >= since), key=lambda one: one.at)

    async def defects(self, scope: Scope) -> Sequence[Defect]:
        """See Tracker.defects."""
        issues = await self._through((await self.looks.questions()).defects(scope), ("labels",))
        reader, reached = await self.looks.reader(), None
        if not scope.everything:
            named = {key for one in issues if (key := labels.ORIGIN.first(labels_of(one)))}
            reached = await self.looks.reached(scope, named)
        return [defect for one in issues if (defect := reader.defect(one, reached)) is not None]

    async def _through(self, where: str | None, fields: Sequence[str]) -> list[Issue]:
        if where is None:
            return []
        found = await self.looks.search.first(where, OLDEST_FIRST, fields, MOST + 1)
        if len(found) > MOST:
            raise Away(WHO, f"has more than {MOST:,} stories to go through for this, which is too many")
        return found


def _customers(issue: Issue, scope: Scope) -> Sequence[str]:
    named = labels.CUSTOMER.all(labels_of(issue))
    return [one for one in named if scope.everything or one in scope.accounts]


def _events(reader: Reader, issue: Issue, moves: Moves) -> list[StoryEvent]:
    creator = issue["fields"].get("creator") or {}
    made = property_of(issue).get("made") if creator.get("accountId") == reader.world.me else None
    by = str(made) if made else histories.name_of(creator, reader.people)
    at = moment(issue["fields"]["created"])
    return histories.events(str(issue["key"]), (at, by), reader.own_status(issue), moves, reader.people)
