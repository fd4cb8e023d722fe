"""What is looked up in Jira: the half of the port that changes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from governance.visibility import Scope
from integrations.finding import best
from integrations.pages import Page
from integrations.tracker import Epic, EpicQuery, NoSuchItem, Story, StoryQuery, StoryStatus
from integrations.tracker.rules import FINAL
from integrations.tracker.vendors.jira import histories, jql, labels
from integrations.tracker.vendors.jira.api import WHO, Api
from integrations.tracker.vendors.jira.epics import standing_of
from integrations.tracker.vendors.jira.histories import Moves
from integrations.tracker.vendors.jira.issues import (
    Issue,
    Reader,
    fields_wanted,
    labels_of,
    moment,
    reaches,
    waits_for,
)
from integrations.tracker.vendors.jira.people import People
from integrations.tracker.vendors.jira.questions import MOST_IDS, NEWEST_FIRST, OLDEST_FIRST, Questions
from integrations.tracker.vendors.jira.receipts import Receipts
from integrations.tracker.vendors.jira.search import LARGEST, Search
from integrations.tracker.vendors.jira.settings import JiraSettings
from integrations.tracker.vendors.jira.world import World, look_around
from storage.look import Away

_KNOWN_FOR = timedelta(minutes=10)
"""What Jira is like is looked up again after so long."""
_CANDIDATES = 200
"""Issues that one search by words ranks: the newest that have words like those."""
EPIC_FIELDS = ("summary", "labels", "status", "priority", "project", "issuetype", "created")


@dataclass
class Looks:
    """One Jira. What it is like is found out once in a while."""

    api: Api
    settings: JiraSettings
    receipts: Receipts
    people: People
    clock: Callable[[], datetime]
    _world: tuple[World, datetime] | None = None
    _looking: asyncio.Lock = field(default_factory=asyncio.Lock)

    def __post_init__(self) -> None:
        self.search = Search(self.api, self.receipts)

    async def world(self) -> World:
        """What it is like. Raises Refused, NoAccess, Away."""
        async with self._looking:
            if self._world is None or self.clock() - self._world[1] > _KNOWN_FOR:
                self._world = (await look_around(self.api, self.settings), self.clock())
            return self._world[0]

    def forget(self) -> None:
        """It changed: it is looked up again."""
        self._world = None

    async def questions(self) -> Questions:
        """What may be asked of it."""
        return Questions(await self.world(), self.settings)

    async def reader(self) -> Reader:
        """Who reads its issues."""
        return Reader(await self.world(), self.settings, await self.people.known())

    async def there(self, keys: Collection[str], types: Collection[str]) -> list[str]:
        """Those of the keys that an issue of these types has: only such may stand in a query. Raises Away for
        too many."""
        questions = await self.questions()
        ours = sorted(one for one in keys if questions.is_ours(one))
        if len(ours) > MOST_IDS:
            raise Away(WHO, f"is asked for more than {MOST_IDS:,} issues by their keys at once")
        found = await self.search.fetch(ours, ("issuetype",)) if ours else {}
        return [key for key, one in found.items() if str(one["fields"]["issuetype"]["id"]) in types]

    async def stories(self, scope: Scope, query: StoryQuery) -> Page[Story]:
        """See Tracker.stories."""
        where = await self.where(scope, query)
        if where is None:
            return Page((), None)
        order = NEWEST_FIRST if query.newest_first else OLDEST_FIRST
        wanted = fields_wanted(await self.world())
        page = await self.search.page(where, order, wanted, query.limit, query.after)
        return Page(tuple(await self.read(scope, page.items)), page.after)

    async def where(self, scope: Scope | None, query: StoryQuery) -> str | None:
        """The query as JQL. What it names that is not there is left out of it."""
        world = await self.world()
        if query.ids is not None:
            query = replace(query, ids=frozenset(await self.there(query.ids, world.stories)))
        if query.epic is not None and not await self.there([query.epic], world.epics):
            return None
        return (await self.questions()).stories(scope, query, self.clock())

    async def find_stories(self, scope: Scope, text: str, query: StoryQuery) -> Sequence[Story]:
        """See Tracker.find_stories."""
        where, about = await self.where(scope, query), (await self.questions()).about(text)
        if where is None or about is None:
            return []
        wanted = fields_wanted(await self.world())
        found = await self.search.first(f"{where} AND {about}", NEWEST_FIRST, wanted, _CANDIDATES)
        named = [(one, (str(one["fields"].get("summary") or ""),)) for one in found]
        return await self.read(scope, best(text, named, query.limit))

    async def epics(self, scope: Scope, query: EpicQuery) -> Page[Epic]:
        """See Tracker.epics."""
        where = await self.epics_where(scope, query)
        if where is None:
            return Page((), None)
        if query.status is None:
            page = await self.search.page(where, NEWEST_FIRST, EPIC_FIELDS, query.limit, query.after)
            return Page(tuple(await self.read_epics(scope, page.items)), page.after)

        async def keep(issues: list[Issue]) -> list[Epic]:
            return [one for one in await self.read_epics(scope, issues) if one.status in (query.status or ())]

        return await self.search.page_of(where, NEWEST_FIRST, EPIC_FIELDS, query.limit, query.after, keep)

    async def epics_where(self, scope: Scope, query: EpicQuery) -> str | None:
        """The query as JQL, but for where the epics' stories stand."""
        if query.ids is not None:
            query = replace(query, ids=frozenset(await self.there(query.ids, (await self.world()).epics)))
        questions = await self.questions()
        where = questions.epics(scope, query)
        if where is None or query.status is None or query.status & FINAL:
            return where
        closed = questions.world.statuses_of(*FINAL)
        return f"{where} AND {jql.is_in('status', closed, 'not in')}" if closed else where

    async def find_epics(self, scope: Scope, text: str, query: EpicQuery) -> Sequence[Epic]:
        """See Tracker.find_epics. Documents stand in labels, of which Jira finds no part: those of the newest
        epics are gone through."""
        where, about = await self.epics_where(scope, query), (await self.questions()).about(text)
        if where is None or about is None:
            return []
        by_title, newest = await asyncio.gather(
            self.search.first(f"{where} AND {about}", NEWEST_FIRST, EPIC_FIELDS, _CANDIDATES),
            self.search.first(where, NEWEST_FIRST, EPIC_FIELDS, LARGEST),
        )
        found = {one["key"]: one for one in (*newest, *by_title)}
        ordered = sorted(found.values(), key=lambda one: moment(one["fields"]["created"]), reverse=True)
        named = [(one, _names(one)) for one in ordered]
        ranked = best(text, named, query.limit if query.status is None else LARGEST)
        epics = await self.read_epics(scope, ranked[:LARGEST])
        return [one for one in epics if query.status is None or one.status in query.status][: query.limit]

    async def story(self, scope: Scope, story: str) -> Story:
        """See Tracker.story."""
        [issue] = await self.demand([story], "story")
        if not reaches(scope, labels_of(issue)):
            raise NoSuchItem(f"There is no story {story[:40]!r}.")
        [found] = await self.read(scope, [issue])
        return found

    async def epic(self, scope: Scope, epic: str) -> Epic:
        """See Tracker.epic."""
        [issue] = await self.demand([epic], "epic")
        if not reaches(scope, labels_of(issue)):
            raise NoSuchItem(f"There is no epic {epic[:40]!r}.")
        [found] = await self.read_epics(scope, [issue])
        return found

    async def demand(self, keys: Sequence[str], kind: str) -> list[Issue]:
        """Issues as they stand, in this order. Raises NoSuchItem for one that is no story, or no epic."""
        world, questions = await self.world(), await self.questions()
        types = world.stories if kind == "story" else world.epics
        ours = [one for one in keys if questions.is_ours(one)]
        found = await self.search.fetch(list(dict.fromkeys(ours)), fields_wanted(world)) if ours else {}
        for key in keys:
            issue = found.get(key)
            if issue is None or str(issue["fields"]["issuetype"]["id"]) not in types:
                raise NoSuchItem(f"There is no {kind} {key[:40]!r}.")
        return [found[key] for key in keys]

    async def read(self, scope: Scope, issues: Sequence[Issue]) -> list[Story]:
        """The stories in these issues."""
        reader = await self.reader()
        moves, reached = await asyncio.gather(self.moves(issues), self._reached(scope, issues))
        nothing = Moves()
        return [reader.story(one, moves.get(str(one["id"]), nothing), scope, reached) for one in issues]

    async def read_epics(self, scope: Scope, issues: Sequence[Issue]) -> list[Epic]:
        """The epics in these issues."""
        reader, questions = await self.reader(), await self.questions()
        epics: list[Epic] = []
        for first in range(0, len(issues), LARGEST):
            some = issues[first : first + LARGEST]
            stands = await standing_of(self.search, questions, reader, some)
            epics += [reader.epic(one, stands[one["key"]], scope) for one in some]
        return epics

    async def moves(self, issues: Sequence[Issue]) -> Mapping[str, Moves]:
        """What became of those that ever moved."""
        world = await self.world()
        moved = [str(one["id"]) for one in issues if _ever_moved(one, world)]
        return await histories.read(self.api, moved, world.statuses, world.me) if moved else {}

    async def _reached(self, scope: Scope, issues: Sequence[Issue]) -> frozenset[str] | None:
        """Of the issues that these name, those that the scope reaches; None for all."""
        if scope.everything:
            return None
        world = await self.world()
        named = {key for one in issues for key in waits_for(one, world.blocks)}
        named |= {one["fields"]["parent"]["key"] for one in issues if one["fields"].get("parent")}
        named |= {key for one in issues if (key := labels.ORIGIN.first(labels_of(one)))}
        return await self.reached(scope, named)

    async def reached(self, scope: Scope, keys: Collection[str]) -> frozenset[str]:
        """Those of the keys whose issues the scope reaches."""
        questions = await self.questions()
        ours = sorted(one for one in keys if questions.is_ours(one))
        found = await self.search.fetch(ours, ("labels",)) if ours else {}
        return frozenset(key for key, one in found.items() if reaches(scope, labels_of(one)))


def _ever_moved(issue: Issue, world: World) -> bool:
    fields = issue["fields"]
    status = world.statuses.get(str(fields["status"]["id"]))
    changed = fields.get("statuscategorychangedate")
    if status not in (StoryStatus.BACKLOG, StoryStatus.SCHEDULED) or not changed:
        return True
    return moment(changed) > moment(fields["created"])


def _names(issue: Issue) -> tuple[str, ...]:
    document = labels.DOCUMENT.first(labels_of(issue))
    return tuple(filter(None, [str(issue["fields"].get("summary") or ""), document]))
