"""What every tracker must tell, and what never."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from governance.visibility import EVERYTHING, NOTHING, Scope
from integrations.pages import Page
from integrations.tracker import (
    DefectOrigin,
    EpicQuery,
    NoSuchItem,
    Priority,
    Sprint,
    SprintQuery,
    Stage,
    StoryChange,
    StoryEdit,
    StoryQuery,
    StoryStatus,
    Tracker,
    UnacceptableText,
)
from tests.integrations.pages_contract import keeps_pages
from tests.integrations.tracker_drafts import ACME, HOSTILE, MARKER, draft, epic, epics, grant, ids, set_status


class ReadingContract:
    async def test_a_story_comes_back_as_it_was_drafted(self, tracker: Tracker) -> None:
        before = datetime.now(UTC)
        home = await tracker.create_epic(grant(), epic(customers=("acme-corp",)))
        first = await tracker.create_story(grant(), draft())
        second = await tracker.create_story(grant(), draft("Another"))
        wanted = draft(
            "Third",
            epic=home.id,
            customers=("acme-corp", "globex"),
            labels=("export", "gdpr"),
            depends_on=(second.id, first.id),
        )
        made = await tracker.create_story(grant(), wanted)

        assert made == await tracker.story(EVERYTHING, made.id)
        for name in (f.name for f in dataclasses.fields(wanted) if f.name != "origin"):
            assert getattr(made, name) == getattr(wanted, name), name
        assert made.status is StoryStatus.BACKLOG
        assert (made.assignee, made.sprint, made.started, made.finished) == (None, None, None, None)
        assert before - timedelta(minutes=1) < made.created < datetime.now(UTC) + timedelta(minutes=1)

    async def test_stories_come_in_creation_order_and_epics_newest_first(self, tracker: Tracker) -> None:
        stories = [(await tracker.create_story(grant(), draft(f"Story {n}"))).id for n in range(12)]
        made = [(await tracker.create_epic(grant(), epic(f"Epic {n}"))).id for n in range(3)]
        await set_status(tracker, stories[0], StoryStatus.DONE)

        assert await ids(tracker) == stories
        assert await ids(tracker, limit=4) == stories[:4]
        assert [found.id for found in await epics(tracker)] == made[::-1]

    async def test_a_query_restricts_by_each_of_its_parts(self, tracker: Tracker) -> None:
        home = await tracker.create_epic(grant(), epic())
        a = (await tracker.create_story(grant(), draft(epic=home.id, customers=("acme-corp",)))).id
        b = (await tracker.create_story(grant(), draft(team="beta"))).id
        c = (await tracker.create_story(grant(), draft(product="search"))).id
        await set_status(tracker, b, StoryStatus.IN_PROGRESS, StoryStatus.DONE)
        finished = (await tracker.story(EVERYTHING, b)).finished
        assert finished is not None

        assert await ids(tracker, epic=home.id) == [a]
        assert await ids(tracker, team="beta") == [b]
        assert await ids(tracker, product="search") == [c]
        assert await ids(tracker, customer="acme-corp") == [a]
        assert await ids(tracker, status=frozenset({StoryStatus.BACKLOG})) == [a, c]
        every = dict.fromkeys(StoryStatus, 0)
        counted = {StoryStatus.BACKLOG: 2, StoryStatus.DONE: 1}
        assert await tracker.count_by_status(EVERYTHING, StoryQuery(limit=1)) == every | counted
        open_alone = StoryQuery(status=frozenset({StoryStatus.BACKLOG, StoryStatus.BLOCKED}))
        assert await tracker.count_by_status(EVERYTHING, open_alone) == every | {StoryStatus.BACKLOG: 2}
        assert await ids(tracker, status=frozenset()) == []
        assert await ids(tracker, finished_since=finished) == [b]
        assert await ids(tracker, finished_since=finished + timedelta(seconds=1)) == []

    async def test_a_scope_never_leaks(self, tracker: Tracker) -> None:
        """Everything that an account's scope can read, searched for what stands only outside it."""
        secret_epic = await tracker.create_epic(
            grant(), epic(f"{MARKER} epic", document=MARKER, customers=(f"{MARKER}-corp",))
        )
        secret = await tracker.create_story(
            grant(),
            draft(
                f"{MARKER} story",
                description=MARKER,
                acceptance=(MARKER,),
                customers=(f"{MARKER}-corp",),
                labels=(MARKER,),
                epic=secret_epic.id,
            ),
        )
        untagged = await tracker.create_story(grant(), draft(f"{MARKER} untagged"))
        blocked = StoryEdit(untagged.id, StoryChange(status=StoryStatus.BLOCKED), reason=MARKER)
        await tracker.change_stories(grant(), [blocked])
        shared_epic = await tracker.create_epic(
            grant(), epic("Shared", customers=("acme-corp", f"{MARKER}-corp"))
        )
        shared = await tracker.create_story(
            grant(),
            draft(
                "Shared",
                customers=(f"{MARKER}-corp", "acme-corp"),
                epic=secret_epic.id,
                depends_on=(secret.id, untagged.id),
                origin=DefectOrigin(secret.id, Stage.CODE, Stage.PRODUCTION),
            ),
        )

        seen = repr(
            (
                await tracker.stories(ACME, StoryQuery()),
                await tracker.story(ACME, shared.id),
                await epics(tracker, ACME),
                await tracker.find_stories(ACME, f"{MARKER} story untagged shared", StoryQuery()),
                await tracker.find_epics(ACME, f"{MARKER} epic shared", EpicQuery()),
                await tracker.open_work(ACME),
                await tracker.events(ACME),
                await tracker.defects(ACME),
            )
        )
        assert MARKER not in seen
        for hidden in (secret.id, untagged.id, secret_epic.id):
            assert repr(hidden) not in seen
        assert await ids(tracker, ACME) == [shared.id]
        assert [found.id for found in await epics(tracker, ACME)] == [shared_epic.id]
        assert await ids(tracker, ACME, customer=f"{MARKER}-corp") == [shared.id]
        assert await ids(tracker, ACME, epic=secret_epic.id) == [shared.id]
        for hidden in (secret.id, untagged.id):
            with pytest.raises(NoSuchItem) as refused:
                await tracker.story(ACME, hidden)
            assert MARKER not in str(refused.value)
            assert await tracker.events(ACME, story=hidden) == []

        counted = dict.fromkeys(StoryStatus, 0) | {StoryStatus.BACKLOG: 1}
        assert await tracker.count_by_status(ACME, StoryQuery()) == counted
        assert await tracker.count_others(ACME, StoryQuery()) == 2
        assert await tracker.count_others(ACME, StoryQuery(limit=1)) == 2
        assert await tracker.count_others(ACME, StoryQuery(team="beta")) == 0
        assert await tracker.count_others(EVERYTHING, StoryQuery()) == 0

    async def test_an_empty_scope_sees_nothing(self, tracker: Tracker) -> None:
        await tracker.create_epic(grant(), epic())
        made = await tracker.create_story(grant(), draft())
        assert await ids(tracker, NOTHING) == []
        assert await epics(tracker, NOTHING) == []
        assert await tracker.events(NOTHING) == []
        assert await tracker.count_others(NOTHING, StoryQuery()) == 1
        with pytest.raises(NoSuchItem):
            await tracker.story(NOTHING, made.id)

    async def test_unknown_ids_are_said_to_be_unknown(self, tracker: Tracker) -> None:
        for unknown in ("CARD-999999", "", "nothing", "'; DROP TABLE x; --", "\x00", "\ud83d", "x" * 5000):
            with pytest.raises(NoSuchItem):
                await tracker.story(EVERYTHING, unknown)
            assert await ids(tracker, epic=unknown) == []
            assert await tracker.events(EVERYTHING, story=unknown) == []
        with pytest.raises(NoSuchItem):
            await tracker.cancel_epic(grant(), "EPIC-999999", "gone")

    @pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
    async def test_text_is_kept_exactly_or_refused(self, tracker: Tracker, text: str) -> None:
        leave = grant()
        story = draft(text, description=text, acceptance=(text,), labels=(text,), customers=(text,))
        try:
            made = await tracker.create_story(leave, story)
        except UnacceptableText:
            assert await ids(tracker) == []
            assert await tracker.what_happened(leave.id) is None
            return
        found = await tracker.story(Scope(everything=False, accounts=frozenset({text})), made.id)
        assert (found.title, found.description) == (text, text)
        assert (found.acceptance, found.labels, found.customers) == ((text,), (text,), (text,))
        assert await ids(tracker, customer=text) == [made.id]

    async def test_companies_never_see_each_others_items(self, tracker: Tracker, neighbour: Tracker) -> None:
        story = (await tracker.create_story(leave := grant(), draft(MARKER))).id
        home = (await tracker.create_epic(grant(), epic(MARKER))).id

        assert await ids(neighbour) == []
        assert await epics(neighbour) == []
        assert (await neighbour.sprints(SprintQuery())).items == ()
        assert not any((await neighbour.count_by_status(EVERYTHING, StoryQuery())).values())
        assert await neighbour.events(EVERYTHING) == []
        assert await neighbour.count_others(NOTHING, StoryQuery()) == 0
        assert await neighbour.what_happened(leave.id) is None
        with pytest.raises(NoSuchItem):
            await neighbour.story(EVERYTHING, story)
        with pytest.raises(NoSuchItem):
            await neighbour.change_stories(grant(), [StoryEdit(story, StoryChange(priority=Priority.P0))])
        with pytest.raises(NoSuchItem):
            await neighbour.create_story(grant(), draft(epic=home))
        with pytest.raises(NoSuchItem):
            await neighbour.create_story(grant(), draft(depends_on=(story,)))
        with pytest.raises(NoSuchItem):
            await neighbour.cancel_epic(grant(), home, "not yours")

        same_grant = await neighbour.create_story(leave, draft("Theirs"))
        assert (await neighbour.story(EVERYTHING, same_grant.id)).title == "Theirs"
        assert [s.title for s in (await tracker.stories(EVERYTHING, StoryQuery())).items] == [MARKER]

    async def test_a_defect_remembers_where_it_came_from(self, tracker: Tracker) -> None:
        source = (await tracker.create_story(grant(), draft())).id
        known = DefectOrigin(source, Stage.DESIGN, Stage.PRODUCTION)
        unknown = DefectOrigin(None, Stage.CODE, Stage.TEST)
        first = (await tracker.create_story(grant(), draft(origin=known))).id
        second = (await tracker.create_story(grant(), draft(origin=unknown))).id
        assert [(d.story, d.origin) for d in await tracker.defects(EVERYTHING)] == [
            (first, known),
            (second, unknown),
        ]

    async def test_a_defect_is_told_as_far_as_the_scope_reaches(self, tracker: Tracker) -> None:
        hidden = (await tracker.create_story(grant(), draft(customers=("globex",)))).id
        shown = (await tracker.create_story(grant(), draft(customers=("acme-corp",)))).id
        for customers, origin in ((("globex",), shown), (("acme-corp",), hidden), (("acme-corp",), shown)):
            known = DefectOrigin(origin, Stage.CODE, Stage.PRODUCTION)
            await tracker.create_story(grant(), draft(customers=customers, origin=known))
        own = await ids(tracker, ACME)
        assert [(found.story, found.origin) for found in await tracker.defects(ACME)] == [
            (own[1], DefectOrigin(None, Stage.CODE, Stage.PRODUCTION)),
            (own[2], DefectOrigin(shown, Stage.CODE, Stage.PRODUCTION)),
        ]
        assert await tracker.defects(NOTHING) == []

    async def test_sprints_are_those_that_the_query_asks_for(
        self, tracker: Tracker, sprints: Sequence[Sprint]
    ) -> None:
        async def found(**query: Any) -> list[Sprint]:
            return list((await tracker.sprints(SprintQuery(**query))).items)

        assert await found() == list(sprints)
        assert [one.starts for one in sprints] == sorted(one.starts for one in sprints)
        alpha = [one for one in sprints if one.team == "alpha"]
        assert await found(team="alpha") == alpha != list(sprints)
        assert await found(team="no such team") == []
        named = [sprints[-1], sprints[0]]
        assert await found(ids=frozenset(one.id for one in named)) == named[::-1]
        assert await found(ids=frozenset({sprints[0].id, "no such sprint"})) == [sprints[0]]
        assert await found(ids=frozenset()) == []
        over = sprints[0].ends
        assert await found(since=over) == [one for one in sprints if one.ends > over] != []
        assert await found(since=over - timedelta(days=1)) == list(sprints)
        assert await found(since=over, team="alpha") == [one for one in alpha if one.ends > over]

    async def test_sprints_come_in_pages(self, tracker: Tracker, sprints: Sequence[Sprint]) -> None:
        async def read(after: str | None, limit: int) -> Page[Sprint]:
            return await tracker.sprints(SprintQuery(after=after, limit=limit))

        async def since(after: str | None, limit: int) -> Page[Sprint]:
            return await tracker.sprints(SprintQuery(since=sprints[0].ends, after=after, limit=limit))

        await keeps_pages(read)
        await keeps_pages(since)
