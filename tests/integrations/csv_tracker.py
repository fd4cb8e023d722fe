"""A tracker that keeps its items in a CSV file, as a company might bring one: its ids are like `SHOP-12`, of
stories and epics alike. Tests copy this file into a package of the company's own; it makes items, and changes
none.
"""

import csv
import re
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from governance.visibility import EVERYTHING, Scope
from integrations.finding import best
from integrations.integration import Checked, Integration, VendorSettings
from integrations.pages import NoSuchPage, Page, page_of
from integrations.tracker import (
    Epic,
    EpicDraft,
    EpicQuery,
    NoSuchItem,
    OpenWork,
    Priority,
    Sprint,
    SprintQuery,
    Story,
    StoryDraft,
    StoryQuery,
    StoryStatus,
)
from integrations.written_ids import WrittenIds

COLUMNS = (
    "id",
    "kind",
    "title",
    "status",
    "priority",
    "team",
    "product",
    "epic",
    "customers",
    "document",
    "hours",
)
BEGINNING = datetime(2026, 11, 2, tzinfo=UTC)
FINAL = frozenset({StoryStatus.DONE, StoryStatus.CANCELLED})


class Csv(VendorSettings):
    csv_tracker_token: str


@dataclass(frozen=True)
class Row:
    """A line of the file."""

    number: int
    written: dict[str, str]

    @property
    def id(self) -> str:
        return self.written["id"]

    @property
    def customers(self) -> tuple[str, ...]:
        return tuple(filter(None, self.written["customers"].split(";")))

    def within(self, scope: Scope) -> bool:
        return scope.everything or not scope.accounts.isdisjoint(self.customers)


class Tracker:
    title = "The CSV tracker"
    story_ids = epic_ids = WrittenIds(re.compile(r"\bSHOP-\d+\b", re.IGNORECASE))

    def __init__(self, path: Path) -> None:
        self.path, self.closed = path, False

    async def stories(self, scope: Scope, query: StoryQuery) -> Page[Story]:
        return _page(self._stories(scope, query), query)

    async def find_stories(self, scope: Scope, text: str, query: StoryQuery) -> list[Story]:
        named = [(story, (story.title,)) for story in reversed(self._stories(scope, query))]
        return best(text, named, query.limit)

    async def story(self, scope: Scope, story: str) -> Story:
        for found in self._stories(scope, StoryQuery(ids=frozenset({story}))):
            return found
        raise NoSuchItem(f"There is no story {story}.")

    async def count_by_status(self, scope: Scope, query: StoryQuery) -> dict[StoryStatus, int]:
        counted = Counter(story.status for story in self._stories(scope, query))
        return {status: counted[status] for status in StoryStatus}

    async def count_others(self, scope: Scope, query: StoryQuery) -> int:
        return len(self._stories(EVERYTHING, query)) - len(self._stories(scope, query))

    async def open_work(self, scope: Scope) -> list[OpenWork]:
        left: dict[str, list[Story]] = {}
        for story in self._stories(scope, StoryQuery(status=frozenset(StoryStatus) - FINAL)):
            if story.epic is not None:
                left.setdefault(story.epic, []).append(story)
        return [
            OpenWork(
                epic,
                len(stories),
                sum(story.estimate_hours or 0.0 for story in stories),
                tuple(sorted({customer for story in stories for customer in story.customers})),
            )
            for epic, stories in sorted(left.items())
        ]

    async def epics(self, scope: Scope, query: EpicQuery) -> Page[Epic]:
        return _page(self._epics(scope, query), query)

    async def find_epics(self, scope: Scope, text: str, query: EpicQuery) -> list[Epic]:
        named = [(epic, (epic.title, epic.document or "")) for epic in self._epics(scope, query)]
        return best(text, named, query.limit)

    async def epic(self, scope: Scope, epic: str) -> Epic:
        for found in self._epics(scope, EpicQuery(ids=frozenset({epic}))):
            return found
        raise NoSuchItem(f"There is no epic {epic}.")

    async def sprints(self, query: SprintQuery) -> Page[Sprint]:
        return Page((), None)

    async def events(self, scope: Scope, **_which: Any) -> list[Any]:
        return []

    async def defects(self, scope: Scope) -> list[Any]:
        return []

    async def create_story(self, _grant: object, draft: StoryDraft) -> Story:
        return await self.story(EVERYTHING, self._append("story", draft))

    async def create_epic(self, _grant: object, draft: EpicDraft) -> Epic:
        return await self.epic(EVERYTHING, self._append("epic", draft))

    def _append(self, kind: str, draft: Any) -> str:
        rows = self._rows()
        id = f"SHOP-{len(rows) + 1}"
        told = {name: getattr(draft, name, None) or "" for name in COLUMNS}
        told |= {"id": id, "kind": kind, "status": "backlog", "customers": ";".join(draft.customers)}
        told["hours"] = str(getattr(draft, "estimate_hours", None) or "")
        new = not self.path.exists()
        with self.path.open("a", newline="") as opened:
            writer = csv.DictWriter(opened, COLUMNS)
            if new:
                writer.writeheader()
            writer.writerow(told)
        return id

    def _rows(self) -> list[Row]:
        if not self.path.exists():
            return []
        with self.path.open(newline="") as opened:
            return [Row(number, line) for number, line in enumerate(csv.DictReader(opened), 1)]

    def _stories(self, scope: Scope, query: StoryQuery) -> list[Story]:
        rows = self._rows()
        epics = {row.id for row in rows if row.written["kind"] == "epic" and row.within(scope)}
        wanted = (
            ("epic", query.epic),
            ("team", query.team),
            ("product", query.product),
            ("priority", query.priority),
        )
        found = [
            _story(row, scope, epics)
            for row in rows
            if row.written["kind"] == "story"
            and row.within(scope)
            and all(value is None or row.written[name] == value for name, value in wanted)
            and (query.ids is None or row.id in query.ids)
            and (query.customer is None or query.customer in row.customers)
            and (query.status is None or row.written["status"] in query.status)
            and query.finished_since is None
        ]
        return found[::-1] if query.newest_first else found

    def _epics(self, scope: Scope, query: EpicQuery) -> list[Epic]:
        return [
            _epic(row, scope)
            for row in reversed(self._rows())
            if row.written["kind"] == "epic"
            and row.within(scope)
            and (query.ids is None or row.id in query.ids)
            and (query.document is None or row.written["document"] == query.document)
            and (query.status is None or row.written["status"] in query.status)
        ]


def _page(found: list[Any], query: Any) -> Page[Any]:
    if query.after is not None:
        ids = [item.id for item in found]
        if query.after not in ids:
            raise NoSuchPage(query.after)
        found = found[ids.index(query.after) + 1 :]
    return page_of(found, query.limit, lambda item: str(item.id))


def _shown(row: Row, scope: Scope) -> tuple[str, ...]:
    return tuple(one for one in row.customers if scope.everything or one in scope.accounts)


def _story(row: Row, scope: Scope, epics: set[str]) -> Story:
    told = row.written
    return Story(
        id=row.id,
        title=told["title"],
        description="",
        acceptance=(),
        team=told["team"],
        product=told["product"],
        status=StoryStatus(told["status"]),
        priority=Priority(told["priority"]),
        epic=told["epic"] if told["epic"] in epics else None,
        discipline="backend",
        estimate_hours=float(told["hours"]) if told["hours"] else None,
        actual_hours=None,
        customers=_shown(row, scope),
        labels=(),
        depends_on=(),
        blocked_reason=None,
        assignee=None,
        sprint=None,
        created=BEGINNING + timedelta(minutes=row.number),
        started=None,
        finished=None,
    )


def _epic(row: Row, scope: Scope) -> Epic:
    told = row.written
    return Epic(
        id=row.id,
        title=told["title"],
        product=told["product"],
        document=told["document"] or None,
        status=StoryStatus(told["status"]),
        priority=Priority(told["priority"]),
        customers=_shown(row, scope),
        created=BEGINNING + timedelta(minutes=row.number),
    )


async def check(around: Any) -> list[Checked]:
    there = (around.folder / "stories.csv").exists()
    return [Checked("csv tracker", "well" if there else "wrong", str(around.folder / "stories.csv"))]


async def close(port: Tracker) -> None:
    port.closed = True


INTEGRATION = Integration(
    "tracker",
    "csv",
    "The CSV tracker",
    lambda around: Tracker(around.folder / "stories.csv"),
    settings=Csv,
    check=check,
    close=close,
)
