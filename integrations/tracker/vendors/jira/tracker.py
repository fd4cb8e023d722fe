"""Jira as the tracker: what people change there is seen here, and what the gate allows is done there once."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from governance.action import Grant
from governance.visibility import EVERYTHING, Scope
from integrations.alerts import Delivery
from integrations.pages import Page
from integrations.tracker import (
    Defect,
    Epic,
    EpicDraft,
    EpicQuery,
    OpenWork,
    Sprint,
    SprintQuery,
    Story,
    StoryDraft,
    StoryEdit,
    StoryEvent,
    StoryQuery,
    StoryStatus,
    TrackerError,
    TrackerUnsure,
)
from integrations.tracker.rules import FINAL
from integrations.tracker.vendors.jira import drafts
from integrations.tracker.vendors.jira.api import WHO, Refused, Unsure
from integrations.tracker.vendors.jira.edits import Edits
from integrations.tracker.vendors.jira.found_again import CANCELLED, CHANGED, NEW_EPIC, NEW_STORY, Found
from integrations.tracker.vendors.jira.looks import Looks
from integrations.tracker.vendors.jira.once import Once
from integrations.tracker.vendors.jira.questions import NEWEST_FIRST, not_reached
from integrations.tracker.vendors.jira.receipts import LEASE
from integrations.tracker.vendors.jira.sprints import Sprints
from integrations.tracker.vendors.jira.told import Told
from integrations.tracker.vendors.jira.webhooks import Reader as Webhooks
from integrations.tracker.webhooks import TrackerEvent
from integrations.written_ids import WrittenIds

_MOST_CHILDREN = 200
"""Open stories of one epic that are cancelled with it."""


@dataclass
class JiraTracker:
    """A `Tracker`. Ids are Jira's keys. `settles` is how long what was sent may take until it is found."""

    looks: Looks
    sprints_of: Sprints
    webhooks: Webhooks
    settles: timedelta = LEASE
    title: str = field(default=WHO, init=False)

    def __post_init__(self) -> None:
        keys = "|".join(re.escape(one) for one in self.looks.settings.projects)
        self._ids = WrittenIds(re.compile(rf"\b(?:{keys})-[1-9]\d{{0,11}}\b", re.IGNORECASE))
        self._told = Told(self.looks)
        self._edits = Edits(self.looks, self.sprints_of)
        self._once = Once(self.looks, self.settles)

    @property
    def story_ids(self) -> WrittenIds:
        """See Tracker.story_ids. Epics are called alike."""
        return self._ids

    @property
    def epic_ids(self) -> WrittenIds:
        """See Tracker.epic_ids."""
        return self._ids

    async def stories(self, scope: Scope, query: StoryQuery) -> Page[Story]:
        """See Tracker.stories."""
        with _plain():
            return await self.looks.stories(scope, query)

    async def find_stories(self, scope: Scope, text: str, query: StoryQuery) -> Sequence[Story]:
        """See Tracker.find_stories."""
        with _plain():
            return await self.looks.find_stories(scope, text, query)

    async def story(self, scope: Scope, story: str) -> Story:
        """See Tracker.story."""
        with _plain():
            return await self.looks.story(scope, story)

    async def count_by_status(self, scope: Scope, query: StoryQuery) -> Mapping[StoryStatus, int]:
        """See Tracker.count_by_status. Jira counts, one status at a time."""
        wanted = frozenset(StoryStatus) if query.status is None else query.status

        async def count(status: StoryStatus) -> int:
            if status not in wanted:
                return 0
            where = await self.looks.where(scope, replace(query, status=frozenset({status})))
            return 0 if where is None else await self.looks.search.count(where)

        with _plain():
            counts = await asyncio.gather(*(count(status) for status in StoryStatus))
        return dict(zip(StoryStatus, counts, strict=True))

    async def count_others(self, scope: Scope, query: StoryQuery) -> int:
        """See Tracker.count_others."""
        hidden = not_reached(scope)
        if hidden is None:
            return 0
        with _plain():
            where = await self.looks.where(None, query)
            if where is None:
                return 0
            return await self.looks.search.count(f"{where} AND {hidden}" if hidden else where)

    async def open_work(self, scope: Scope) -> Sequence[OpenWork]:
        """See Tracker.open_work."""
        with _plain():
            return await self._told.open_work(scope)

    async def epics(self, scope: Scope, query: EpicQuery) -> Page[Epic]:
        """See Tracker.epics."""
        with _plain():
            return await self.looks.epics(scope, query)

    async def epic(self, scope: Scope, epic: str) -> Epic:
        """See Tracker.epic."""
        with _plain():
            return await self.looks.epic(scope, epic)

    async def find_epics(self, scope: Scope, text: str, query: EpicQuery) -> Sequence[Epic]:
        """See Tracker.find_epics."""
        with _plain():
            return await self.looks.find_epics(scope, text, query)

    async def sprints(self, query: SprintQuery) -> Page[Sprint]:
        """See Tracker.sprints."""
        with _plain():
            return await self.sprints_of.page(query)

    async def events(
        self, scope: Scope, *, since: datetime | None = None, story: str | None = None
    ) -> Sequence[StoryEvent]:
        """See Tracker.events."""
        with _plain():
            return await self._told.events(scope, since, story)

    async def defects(self, scope: Scope) -> Sequence[Defect]:
        """See Tracker.defects."""
        with _plain():
            return await self._told.defects(scope)

    async def create_epic(self, grant: Grant, draft: EpicDraft) -> Epic:
        """See Tracker.create_epic."""
        with _plain():
            body = drafts.epic_body(await self.looks.world(), self.looks.settings, draft, grant.id)
            [made] = await self._make(grant, NEW_EPIC, body)
            [issue] = await self.looks.demand([made], "epic")
            return (await self.looks.read_epics(EVERYTHING, [issue]))[0]

    async def create_story(self, grant: Grant, draft: StoryDraft) -> Story:
        """See Tracker.create_story."""
        with _plain():
            body = drafts.story_body(await self.looks.world(), self.looks.settings, draft, grant.id)

            async def demand() -> None:
                if draft.epic is not None:
                    await self.looks.demand([draft.epic], "epic")
                origin = draft.origin.story if draft.origin is not None else None
                named = [*draft.depends_on, *filter(None, [origin])]
                await self.looks.demand(named, "story")

            [made] = await self._make(grant, NEW_STORY, body, demand)
            return (await self._stories([made]))[0]

    async def change_stories(self, grant: Grant, edits: Sequence[StoryEdit]) -> Sequence[Story]:
        """See Tracker.change_stories. What is stale by now is refused before anything is sent."""
        keys = [edit.story for edit in edits]
        if len(set(keys)) < len(keys):
            raise ValueError("a story is changed twice in one effect")

        async def touched() -> list[str]:
            return [str(one["id"]) for one in await self.looks.demand(keys, "story")]

        async def change() -> Found:
            issues = await self.looks.demand(keys, "story")
            stories, reader = await self.looks.read(EVERYTHING, issues), await self.looks.reader()
            planned = [
                await self._edits.plan(edit, issue, story, reader)
                for edit, issue, story in zip(edits, issues, stories, strict=True)
            ]
            await self._edits.send(planned, grant.id)
            return Found(tuple(keys), tuple(str(one["id"]) for one in issues))

        with _plain():
            return await self._stories(await self._once.do(grant, CHANGED, "", touched, change))

    async def cancel_epic(self, grant: Grant, epic: str, reason: str) -> Epic:
        """See Tracker.cancel_epic. The epic is changed last, so that it tells of the whole."""

        async def there() -> list[str]:
            await self.looks.demand([epic], "epic")
            where = (await self.looks.questions()).children([epic], *(frozenset(StoryStatus) - FINAL))
            fields = ("summary",)
            found = (
                await self.looks.search.first(where, NEWEST_FIRST, fields, _MOST_CHILDREN + 1) if where else []
            )
            if len(found) > _MOST_CHILDREN:
                raise TrackerError(
                    f"{epic} has more than {_MOST_CHILDREN} open stories; cancel some of them first."
                )
            return [str(one["key"]) for one in found]

        async def touched() -> list[str]:
            issues = [
                *await self.looks.demand(await there(), "story"),
                *await self.looks.demand([epic], "epic"),
            ]
            return [str(one["id"]) for one in issues]

        async def cancel() -> Found:
            issues = [
                *await self.looks.demand(await there(), "story"),
                *await self.looks.demand([epic], "epic"),
            ]
            reader = await self.looks.reader()
            planned = [
                await self._edits.plan_move(one, StoryStatus.CANCELLED, reason, reader) for one in issues
            ]
            await self._edits.send(planned, grant.id)
            return Found((epic,), tuple(str(one["id"]) for one in issues))

        with _plain():
            [cancelled] = await self._once.do(grant, CANCELLED, "", touched, cancel)
            [issue] = await self.looks.demand([cancelled], "epic")
            return (await self.looks.read_epics(EVERYTHING, [issue]))[0]

    async def what_happened(self, grant: str) -> str | None:
        """See Tracker.what_happened. Raises CannotTell where it is half done, Away."""
        with _plain():
            return await self._once.what_happened(grant)

    def receive(self, delivery: Delivery) -> TrackerEvent | None:
        """See TrackerWebhooks.receive."""
        return self.webhooks.receive(delivery)

    def forget(self) -> None:
        """See TrackerWebhooks.forget."""
        self.looks.forget()
        self.sprints_of.forget()

    async def close(self) -> None:
        """Let go of its connections."""
        await self.looks.api.close()

    async def _stories(self, keys: Sequence[str]) -> list[Story]:
        return await self.looks.read(EVERYTHING, await self.looks.demand(keys, "story"))

    async def _make(
        self,
        grant: Grant,
        kind: str,
        body: Mapping[str, Any],
        demand: Callable[[], Awaitable[None]] | None = None,
    ) -> Sequence[str]:
        async def nothing() -> list[str]:
            return []

        async def make() -> Found:
            if demand is not None:
                await demand()
            try:
                made = await self.looks.api.change("POST", "/rest/api/3/issue", body)
            except Unsure as unsure:
                raise TrackerUnsure(str(unsure)) from unsure
            return Found((str(made["key"]),), (str(made["id"]),))

        return await self._once.do(grant, kind, body["fields"]["project"]["key"], nothing, make)


@contextmanager
def _plain() -> Iterator[None]:
    """Jira's refusals as the port's."""
    try:
        yield
    except Refused as refused:
        raise TrackerError(f"{refused}.") from refused
