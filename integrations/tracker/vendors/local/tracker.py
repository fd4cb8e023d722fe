"""The embedded tracker: kept in our own database, in tables that nothing else writes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from governance.action import Grant
from governance.visibility import EVERYTHING, Scope
from integrations import Embedded
from integrations.tracker import (
    Defect,
    Epic,
    EpicDraft,
    NoSuchItem,
    Sprint,
    Story,
    StoryDraft,
    StoryEdit,
    StoryEvent,
    StoryQuery,
    StoryStatus,
)
from integrations.tracker.vendors.local import reading, writing
from integrations.tracker.vendors.local.exact_text import is_exact, require_exact
from integrations.tracker.vendors.local.receipts import once, receipt
from integrations.tracker.vendors.local.tables import EpicRow, SprintRow, StoryRow
from storage.database import Database


def _now() -> datetime:
    return datetime.now(UTC)


class LocalTracker(Embedded):
    """A `Tracker` over the tables in `tables.py`, for one tenant. Ids are `CARD-12` and `EPIC-3`."""

    def __init__(self, database: Database, tenant: str, clock: Callable[[], datetime] = _now) -> None:
        self._database = database
        self._tenant = tenant
        self._clock = clock

    async def stories(self, scope: Scope, query: StoryQuery) -> Sequence[Story]:
        """Stories in creation order. Items outside the scope are not returned."""
        async with self._database.transaction(self._tenant) as tx:
            rows = await tx.execute(reading.select_stories(scope, reading.matching(query)).limit(query.limit))
            return [reading.story_of(row, scope) for row in rows]

    async def story(self, scope: Scope, story: str) -> Story:
        """One story. Raises NoSuchItem."""
        async with self._database.transaction(self._tenant) as tx:
            if not is_exact(story):
                raise NoSuchItem(f"There is no story {story!r}.")
            [found] = await _stories(tx, scope, [story])
            return found

    async def count_by_status(self, scope: Scope, query: StoryQuery) -> Mapping[StoryStatus, int]:
        """How many stories `stories` would return of each status (`limit` aside); every status is there."""
        async with self._database.transaction(self._tenant) as tx:
            counted = dict((await tx.execute(reading.count_by_status(scope, query))).all())
        return {status: counted.get(status, 0) for status in StoryStatus}

    async def count_others(self, scope: Scope, query: StoryQuery) -> int:
        """How many stories answer the query that the scope does not reach (`limit` aside)."""
        async with self._database.transaction(self._tenant) as tx:
            return (await tx.scalars(reading.count_outside(scope, query))).one()

    async def epics(self, scope: Scope) -> Sequence[Epic]:
        """All epics the scope reaches, newest first."""
        async with self._database.transaction(self._tenant) as tx:
            return [reading.epic_of(row, scope) for row in await tx.execute(reading.select_epics(scope))]

    async def sprints(self, team: str | None = None) -> Sequence[Sprint]:
        """Sprints, past and planned, in order of their start."""
        query = select(SprintRow).order_by(SprintRow.starts, SprintRow.team)
        if team is not None:
            query = query.where(SprintRow.team == team)
        async with self._database.transaction(self._tenant) as tx:
            rows = (await tx.execute(query)).scalars()
            return [Sprint(r.id, r.team, r.name, r.starts, r.ends, r.capacity_hours) for r in rows]

    async def events(
        self, scope: Scope, *, since: datetime | None = None, story: str | None = None
    ) -> Sequence[StoryEvent]:
        """What became of the stories that the scope reaches, in the order in which it was recorded."""
        async with self._database.transaction(self._tenant) as tx:
            rows = await tx.execute(reading.select_events(scope, since, story))
            return [reading.event_of(row) for row in rows]

    async def defects(self, scope: Scope) -> Sequence[Defect]:
        """The stories that mend defects, in creation order, with where each defect came from."""
        async with self._database.transaction(self._tenant) as tx:
            return [reading.defect_of(row) for row in await tx.execute(reading.select_defects(scope))]

    async def create_epic(self, grant: Grant, draft: EpicDraft) -> Epic:
        """Make an epic."""
        require_exact(draft)
        async with self._database.transaction(self._tenant) as tx:
            [made] = await once(tx, grant.id, "new epic", lambda: writing.make_epic(tx, draft, self._clock()))
            return await _epic(tx, made)

    async def cancel_epic(self, grant: Grant, epic: str, reason: str) -> Epic:
        """Cancel an epic and each of its stories that is not done. Raises NoSuchItem."""
        require_exact((epic, reason))
        async with self._database.transaction(self._tenant) as tx:
            [cancelled] = await once(
                tx,
                grant.id,
                "cancelled epic",
                lambda: writing.cancel_epic(tx, epic, reason, grant.id, self._clock()),
            )
            return await _epic(tx, cancelled)

    async def create_story(self, grant: Grant, draft: StoryDraft) -> Story:
        """Make a story. Raises NoSuchItem for an epic, dependency or origin that is not there."""
        require_exact(draft)
        async with self._database.transaction(self._tenant) as tx:
            made = await once(
                tx, grant.id, "new story", lambda: writing.make_story(tx, draft, grant.id, self._clock())
            )
            [story] = await _stories(tx, EVERYTHING, made)
            return story

    async def change_stories(self, grant: Grant, edits: Sequence[StoryEdit]) -> Sequence[Story]:
        """Change stories, each once, and return them in that order. Raises NoSuchItem, StaleItem."""
        require_exact(tuple(edits))
        async with self._database.transaction(self._tenant) as tx:
            changed = await once(
                tx,
                grant.id,
                "changed stories",
                lambda: writing.change_stories(tx, edits, grant.id, self._clock()),
            )
            return await _stories(tx, EVERYTHING, changed)

    async def what_happened(self, grant: str) -> str | None:
        """After a crash: the ids of what the effect with this grant id made or changed, with a comma
        and a space between them, or None if it never arrived."""
        async with self._database.transaction(self._tenant) as tx:
            items = await receipt(tx, grant) if is_exact(grant) else None
            return None if items is None else ", ".join(items)


async def _stories(tx: AsyncSession, scope: Scope, ids: Sequence[str]) -> list[Story]:
    rows = await tx.execute(reading.select_stories(scope, StoryRow.id.in_(ids)))
    found = {story.id: story for story in (reading.story_of(row, scope) for row in rows)}
    try:
        return [found[story] for story in ids]
    except KeyError as missing:
        raise NoSuchItem(f"There is no story {missing.args[0]}.") from None


async def _epic(tx: AsyncSession, epic: str) -> Epic:
    row = (await tx.execute(reading.select_epics(EVERYTHING, EpicRow.id == epic))).one()
    return reading.epic_of(row, EVERYTHING)
