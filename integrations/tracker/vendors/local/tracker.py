"""The embedded tracker: kept in our own database, in tables that nothing else writes."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime

from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from governance.action import Grant
from governance.visibility import EVERYTHING, Scope
from integrations import Embedded
from integrations.pages import NoSuchPage, Page, page_of
from integrations.tracker import (
    Defect,
    Epic,
    EpicDraft,
    EpicQuery,
    NoSuchItem,
    OpenWork,
    Sprint,
    SprintQuery,
    Story,
    StoryDraft,
    StoryEdit,
    StoryEvent,
    StoryQuery,
    StoryStatus,
)
from integrations.tracker.vendors.local import reading, searching, team_sprints, writing
from integrations.tracker.vendors.local.exact_text import require_exact
from integrations.tracker.vendors.local.receipts import once, receipt
from integrations.tracker.vendors.local.tables import EpicRow, SprintRow, StoryRow
from integrations.written_ids import WrittenIds
from storage.database import Database
from storage.exact_text import is_exact

STORY_IDS = WrittenIds(re.compile(r"\bCARD-\d+\b", re.IGNORECASE))
EPIC_IDS = WrittenIds(re.compile(r"\bEPIC-\d+\b", re.IGNORECASE))


def _now() -> datetime:
    return datetime.now(UTC)


class LocalTracker(Embedded):
    """A `Tracker` over the tables in `tables.py`, for one tenant. Ids are `CARD-12` and `EPIC-3`."""

    def __init__(self, database: Database, tenant: str, clock: Callable[[], datetime] = _now) -> None:
        self._database = database
        self._tenant = tenant
        self._clock = clock

    @property
    def story_ids(self) -> WrittenIds:
        """See Tracker.story_ids."""
        return STORY_IDS

    @property
    def epic_ids(self) -> WrittenIds:
        """See Tracker.epic_ids."""
        return EPIC_IDS

    async def stories(self, scope: Scope, query: StoryQuery) -> Page[Story]:
        """See Tracker.stories."""
        newest = query.newest_first
        where = (reading.matching(query), reading.behind(StoryRow.number, query.after, newest_first=newest))
        wanted = reading.select_stories(scope, *where, newest_first=newest).limit(query.limit + 1)
        async with self._database.transaction(self._tenant) as tx:
            rows = (await tx.execute(wanted)).all()
        page = page_of(rows, query.limit, lambda row: str(row.number))
        return Page(tuple(reading.story_of(row, scope) for row in page.items), page.after)

    async def find_stories(self, scope: Scope, text: str, query: StoryQuery) -> Sequence[Story]:
        """See Tracker.find_stories."""
        async with self._database.transaction(self._tenant) as tx:
            if (hits := await searching.hits(tx, "story", text)) is None:
                return []
            where = (reading.reached(scope, StoryRow.customers), reading.matching(query))
            best = searching.best(hits, StoryRow, query.limit, *where)
            return await _stories(tx, scope, (await tx.scalars(best)).all())

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

    async def open_work(self, scope: Scope) -> Sequence[OpenWork]:
        """See Tracker.open_work."""
        async with self._database.transaction(self._tenant) as tx:
            work = (await tx.execute(reading.select_open_work(scope))).all()
            tagged = (await tx.execute(reading.select_open_customers(scope))).all()
        customers: defaultdict[str, list[str]] = defaultdict(list)
        for epic, customer in tagged:
            if scope.everything or customer in scope.accounts:
                customers[epic].append(customer)
        return [OpenWork(epic, count, hours, tuple(sorted(customers[epic]))) for epic, count, hours in work]

    async def epics(self, scope: Scope, query: EpicQuery) -> Page[Epic]:
        """See Tracker.epics."""
        where = (
            reading.matching_epics(query),
            reading.behind(EpicRow.number, query.after, newest_first=True),
        )
        async with self._database.transaction(self._tenant) as tx:
            rows = (await tx.execute(reading.select_epics(scope, *where).limit(query.limit + 1))).all()
        page = page_of(rows, query.limit, lambda row: str(row.EpicRow.number))
        return Page(tuple(reading.epic_of(row, scope) for row in page.items), page.after)

    async def epic(self, scope: Scope, epic: str) -> Epic:
        """See Tracker.epic."""
        found = (await self.epics(scope, EpicQuery(ids=frozenset({epic})))).items
        if not found:
            raise NoSuchItem(f"There is no epic {epic}.")
        return found[0]

    async def find_epics(self, scope: Scope, text: str, query: EpicQuery) -> Sequence[Epic]:
        """See Tracker.find_epics."""
        async with self._database.transaction(self._tenant) as tx:
            if (hits := await searching.hits(tx, "epic", text)) is None:
                return []
            where = (reading.reached(scope, EpicRow.customers), reading.matching_epics(query))
            best = (await tx.scalars(searching.best(hits, EpicRow, query.limit, *where))).all()
            rows = await tx.execute(reading.select_epics(scope, EpicRow.id.in_(best)))
            found = {epic.id: epic for epic in (reading.epic_of(row, scope) for row in rows)}
            return [found[epic] for epic in best]

    async def sprints(self, query: SprintQuery) -> Page[Sprint]:
        """See Tracker.sprints."""
        if not is_exact(query):
            return Page((), None)
        order = (SprintRow.starts, SprintRow.team, SprintRow.id)
        wanted = select(SprintRow).order_by(*order).limit(query.limit + 1)
        if query.ids is not None:
            wanted = wanted.where(SprintRow.id.in_(sorted(query.ids)))
        if query.team is not None:
            wanted = wanted.where(SprintRow.team == query.team)
        if query.since is not None:
            wanted = wanted.where(SprintRow.ends > query.since)
        if query.after is not None:
            wanted = wanted.where(tuple_(*order) > tuple_(*_sprint_marked(query.after)))
        async with self._database.transaction(self._tenant) as tx:
            await team_sprints.make_due(tx, self._clock())
            rows = (await tx.scalars(wanted)).all()
        found = [Sprint(r.id, r.team, r.name, r.starts, r.ends, r.capacity_hours) for r in rows]
        return page_of(found, query.limit, lambda s: json.dumps((s.starts.isoformat(), s.team, s.id)))

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


def _sprint_marked(after: str) -> tuple[date, str, str]:
    try:
        starts, team, id = json.loads(after)
        return date.fromisoformat(starts), str(team), str(id)
    except (ValueError, TypeError) as error:
        raise NoSuchPage(f"{after!r} is no mark of this list") from error


async def _epic(tx: AsyncSession, epic: str) -> Epic:
    row = (await tx.execute(reading.select_epics(EVERYTHING, EpicRow.id == epic))).one()
    return reading.epic_of(row, EVERYTHING)
