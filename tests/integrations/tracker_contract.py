"""What every tracker must do, whoever's it is. A vendor's tests subclass `TrackerContract`.

The subclass gives the fixtures `tracker` (an empty one, in which team `alpha` has the sprint that
`sprint` names) and `neighbour` (another company's, on the same service).
"""

from __future__ import annotations

import asyncio
import dataclasses
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from governance.action import Grant
from governance.visibility import EVERYTHING, NOTHING, Scope
from integrations.tracker import (
    DefectOrigin,
    EpicDraft,
    GrantSpent,
    NoSuchItem,
    Priority,
    Stage,
    StaleItem,
    StoryChange,
    StoryDraft,
    StoryEdit,
    StoryQuery,
    StoryStatus,
    Tracker,
    UnacceptableText,
)

ACME = Scope(everything=False, accounts=frozenset({"acme-corp"}))
MARKER = "zanzibar-7731"

HOSTILE = (
    "'; DROP TABLE tracker_stories; --",
    "Robert' OR '1'='1",
    "<!channel> *bold* <https://evil.example|click> @here",
    "\u202eesrever\u202c and \u2067isolated\u2069",
    "bell \x07, escape \x1b[31m, tab \t, newline \n, carriage return \r",
    "nul \x00 inside",
    "half a character \ud83d",
    "%s %(x)s {0} ${HOME} $1 \\ \\\\",
    "🧨" * 300,
    "x" * 10_000,
    "  spaces kept  ",
    "e\u0301 is not \u00e9",
)


def grant(name: str | None = None) -> Grant:
    return Grant(
        id=name or uuid.uuid4().hex,
        tenant="contract",
        effect="e1",
        digest="d",
        epoch=0,
        minted_at=datetime.now(UTC),
    )


def draft(title: str = "Export orders as CSV", **fields: object) -> StoryDraft:
    story = StoryDraft(
        title=title,
        description="As a shop owner, I want my orders as a file.",
        acceptance=("Given orders, when I export, then I get them all",),
        team="alpha",
        product="checkout",
        priority=Priority.P2,
        discipline="backend",
        estimate_hours=6.5,
    )
    return dataclasses.replace(story, **fields)


def epic(title: str = "Exports", **fields: object) -> EpicDraft:
    return dataclasses.replace(EpicDraft(title, "checkout", "PRD-1", Priority.P1), **fields)


async def ids(tracker: Tracker, scope: Scope = EVERYTHING, **query: object) -> list[str]:
    return [story.id for story in await tracker.stories(scope, StoryQuery(**query))]


async def set_status(tracker: Tracker, story: str, *statuses: StoryStatus) -> None:
    for status in statuses:
        await tracker.change_stories(grant(), [StoryEdit(story, StoryChange(status=status))])


class TrackerContract:
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
        epics = [(await tracker.create_epic(grant(), epic(f"Epic {n}"))).id for n in range(3)]
        await set_status(tracker, stories[0], StoryStatus.DONE)

        assert await ids(tracker) == stories
        assert await ids(tracker, limit=4) == stories[:4]
        assert [found.id for found in await tracker.epics(EVERYTHING)] == epics[::-1]

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
                await tracker.epics(ACME),
                await tracker.events(ACME),
                await tracker.defects(ACME),
            )
        )
        assert MARKER not in seen
        for hidden in (secret.id, untagged.id, secret_epic.id):
            assert repr(hidden) not in seen
        assert await ids(tracker, ACME) == [shared.id]
        assert [found.id for found in await tracker.epics(ACME)] == [shared_epic.id]
        assert await ids(tracker, ACME, customer=f"{MARKER}-corp") == [shared.id]
        assert await ids(tracker, ACME, epic=secret_epic.id) == [shared.id]
        for hidden in (secret.id, untagged.id):
            with pytest.raises(NoSuchItem) as refused:
                await tracker.story(ACME, hidden)
            assert MARKER not in str(refused.value)
            assert await tracker.events(ACME, story=hidden) == []

        assert await tracker.count_others(ACME, StoryQuery()) == 2
        assert await tracker.count_others(ACME, StoryQuery(limit=1)) == 2
        assert await tracker.count_others(ACME, StoryQuery(team="beta")) == 0
        assert await tracker.count_others(EVERYTHING, StoryQuery()) == 0

    async def test_an_empty_scope_sees_nothing(self, tracker: Tracker) -> None:
        await tracker.create_epic(grant(), epic())
        made = await tracker.create_story(grant(), draft())
        assert await ids(tracker, NOTHING) == []
        assert await tracker.epics(NOTHING) == []
        assert await tracker.events(NOTHING) == []
        assert await tracker.count_others(NOTHING, StoryQuery()) == 1
        with pytest.raises(NoSuchItem):
            await tracker.story(NOTHING, made.id)

    async def test_fifty_calls_at_once_with_one_grant_make_one_story(self, tracker: Tracker) -> None:
        leave = grant()
        made = await asyncio.gather(*(tracker.create_story(leave, draft()) for _ in range(50)))
        assert len({story.id for story in made}) == 1
        assert await ids(tracker) == [made[0].id]
        assert len(await tracker.events(EVERYTHING)) == 1

    async def test_fifty_grants_at_once_make_fifty_stories(self, tracker: Tracker) -> None:
        made = await asyncio.gather(*(tracker.create_story(grant(), draft()) for _ in range(50)))
        assert sorted(story.id for story in made) == sorted(set(await ids(tracker)))
        assert len(made) == 50 == len({story.id for story in made})

    async def test_a_repeated_change_does_nothing_even_when_the_world_moved_on(self, tracker: Tracker) -> None:
        story = (await tracker.create_story(grant(), draft())).id
        leave = grant()
        edit = StoryEdit(story, StoryChange(priority=Priority.P0), was=StoryChange(priority=Priority.P2))
        await tracker.change_stories(leave, [edit])
        await tracker.change_stories(grant(), [StoryEdit(story, StoryChange(priority=Priority.P3))])
        [again] = await tracker.change_stories(leave, [edit])
        assert again.id == story
        assert (await tracker.story(EVERYTHING, story)).priority is Priority.P3

    async def test_a_grant_never_makes_two_kinds_of_thing(self, tracker: Tracker) -> None:
        leave = grant()
        await tracker.create_epic(leave, epic())
        with pytest.raises(GrantSpent):
            await tracker.create_story(leave, draft())
        assert await ids(tracker) == []

    async def test_what_happened_tells_made_changed_and_never_arrived(self, tracker: Tracker) -> None:
        made, changed, refused = grant(), grant(), grant()
        first = await tracker.create_story(made, draft())
        second = await tracker.create_story(grant(), draft())
        p0 = StoryChange(priority=Priority.P0)
        await tracker.change_stories(changed, [StoryEdit(second.id, p0), StoryEdit(first.id, p0)])
        with pytest.raises(NoSuchItem):
            await tracker.change_stories(refused, [StoryEdit(first.id, p0), StoryEdit("CARD-999999", p0)])

        assert await tracker.what_happened(made.id) == first.id
        assert await tracker.what_happened(changed.id) == f"{second.id}, {first.id}"
        assert await tracker.what_happened(refused.id) is None
        for unknown in ("", "never", "'; --", "\x00"):
            assert await tracker.what_happened(unknown) is None

    async def test_a_refused_grant_may_be_used_again(self, tracker: Tracker) -> None:
        leave = grant()
        with pytest.raises(NoSuchItem):
            await tracker.create_story(leave, draft(epic="EPIC-999999"))
        made = await tracker.create_story(leave, draft())
        assert await ids(tracker) == [made.id]

    @pytest.mark.parametrize(
        "broken",
        [
            {"epic": "EPIC-999999"},
            {"depends_on": ("CARD-999999",)},
            {"origin": DefectOrigin("CARD-999999", Stage.CODE, Stage.TEST)},
        ],
        ids=lambda fields: next(iter(fields)),
    )
    async def test_a_story_that_names_what_is_not_there_is_not_made(
        self, tracker: Tracker, broken: dict[str, object]
    ) -> None:
        with pytest.raises(NoSuchItem):
            await tracker.create_story(grant(), draft(**broken))
        assert await ids(tracker) == []

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
        assert await neighbour.epics(EVERYTHING) == []
        assert await neighbour.sprints() == []
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
        assert [s.title for s in await tracker.stories(EVERYTHING, StoryQuery())] == [MARKER]

    async def test_a_stale_change_changes_nothing(self, tracker: Tracker) -> None:
        first = (await tracker.create_story(grant(), draft())).id
        second = (await tracker.create_story(grant(), draft())).id
        edits = [
            StoryEdit(first, StoryChange(priority=Priority.P0), was=StoryChange(priority=Priority.P2)),
            StoryEdit(second, StoryChange(assignee="mei"), was=StoryChange(assignee="jonas")),
        ]
        with pytest.raises(StaleItem, match=second):
            await tracker.change_stories(grant(), edits)
        assert (await tracker.story(EVERYTHING, first)).priority is Priority.P2

    async def test_of_many_who_change_what_they_saw_one_wins(self, tracker: Tracker) -> None:
        story = (await tracker.create_story(grant(), draft())).id
        was = StoryChange(assignee="")
        results = await asyncio.gather(
            *(
                tracker.change_stories(grant(), [StoryEdit(story, StoryChange(assignee=f"p{n}"), was)])
                for n in range(20)
            ),
            return_exceptions=True,
        )
        stale = [result for result in results if isinstance(result, StaleItem)]
        [won] = [result for result in results if not isinstance(result, BaseException)]
        assert len(stale) == 19
        assert (await tracker.story(EVERYTHING, story)).assignee == won[0].assignee

    async def test_effects_on_the_same_stories_in_opposite_order_all_end(self, tracker: Tracker) -> None:
        a, b = [(await tracker.create_story(grant(), draft())).id for _ in range(2)]
        p0 = StoryChange(priority=Priority.P0)
        pairs = [(a, b), (b, a)] * 10
        changed = await asyncio.gather(
            *(tracker.change_stories(grant(), [StoryEdit(x, p0) for x in pair]) for pair in pairs)
        )
        assert [tuple(story.id for story in stories) for stories in changed] == pairs

    async def test_sprint_and_assignee_are_set_and_taken_away(self, tracker: Tracker, sprint: str) -> None:
        story = (await tracker.create_story(grant(), draft())).id
        away = StoryChange(sprint="", assignee="")
        there = StoryChange(sprint=sprint, assignee="mei", team="beta")
        [scheduled] = await tracker.change_stories(grant(), [StoryEdit(story, there, was=away)])
        assert (scheduled.sprint, scheduled.assignee, scheduled.team) == (sprint, "mei", "beta")
        assert scheduled.status is StoryStatus.SCHEDULED
        [back] = await tracker.change_stories(grant(), [StoryEdit(story, away, was=there)])
        assert (back.sprint, back.assignee, back.status) == (None, None, StoryStatus.BACKLOG)
        with pytest.raises(NoSuchItem):
            await tracker.change_stories(grant(), [StoryEdit(story, StoryChange(sprint="no-such"))])

    async def test_a_status_leaves_its_times_its_reason_and_its_event(self, tracker: Tracker) -> None:
        story = (await tracker.create_story(made := grant(), draft())).id
        leave = grant()
        await set_status(tracker, story, StoryStatus.IN_PROGRESS)
        started = (await tracker.story(EVERYTHING, story)).started
        edit = StoryEdit(story, StoryChange(status=StoryStatus.BLOCKED), reason="waits for the API docs")
        [blocked] = await tracker.change_stories(leave, [edit])
        assert blocked.blocked_reason == "waits for the API docs"
        await set_status(tracker, story, StoryStatus.IN_PROGRESS, StoryStatus.DONE)
        done = await tracker.story(EVERYTHING, story)
        assert started is not None
        assert done.started == started
        assert done.finished is not None
        assert done.finished > started
        assert done.blocked_reason is None
        await set_status(tracker, story, StoryStatus.IN_PROGRESS)
        assert (await tracker.story(EVERYTHING, story)).finished is None

        events = await tracker.events(EVERYTHING, story=story)
        assert [event.status.value for event in events] == [
            "backlog", "in_progress", "blocked", "in_progress", "done", "in_progress",
        ]  # fmt: skip
        assert (events[0].by, events[2].by) == (made.id, leave.id)
        assert events[2].reason == "waits for the API docs"
        assert [e.at for e in events] == sorted(e.at for e in events)
        assert await tracker.events(EVERYTHING, since=events[3].at) == events[3:]

    async def test_an_epic_stands_where_its_stories_stand(self, tracker: Tracker, sprint: str) -> None:
        home = (await tracker.create_epic(grant(), epic())).id

        async def status() -> StoryStatus:
            [found] = await tracker.epics(EVERYTHING)
            return found.status

        assert await status() is StoryStatus.BACKLOG
        first = (await tracker.create_story(grant(), draft(epic=home))).id
        await tracker.change_stories(grant(), [StoryEdit(first, StoryChange(sprint=sprint))])
        second = (await tracker.create_story(grant(), draft(epic=home))).id
        assert await status() is StoryStatus.SCHEDULED
        await set_status(tracker, first, StoryStatus.DONE)
        assert await status() is StoryStatus.IN_PROGRESS
        await set_status(tracker, second, StoryStatus.CANCELLED)
        assert await status() is StoryStatus.DONE

    async def test_cancelling_an_epic_cancels_what_is_not_done(self, tracker: Tracker) -> None:
        home = (await tracker.create_epic(grant(), epic())).id
        open_story = (await tracker.create_story(grant(), draft(epic=home))).id
        done = (await tracker.create_story(grant(), draft(epic=home))).id
        elsewhere = (await tracker.create_story(grant(), draft())).id
        await set_status(tracker, done, StoryStatus.DONE)

        leave = grant()
        cancelled = await tracker.cancel_epic(leave, home, "the market moved")
        again = await tracker.cancel_epic(leave, home, "the market moved")
        assert cancelled == again
        assert cancelled.status is StoryStatus.CANCELLED
        statuses = {s.id: s.status for s in await tracker.stories(EVERYTHING, StoryQuery())}
        assert statuses == {
            open_story: StoryStatus.CANCELLED,
            done: StoryStatus.DONE,
            elsewhere: StoryStatus.BACKLOG,
        }
        last = (await tracker.events(EVERYTHING, story=open_story))[-1]
        assert (last.status, last.reason) == (StoryStatus.CANCELLED, "the market moved")
        assert await tracker.what_happened(leave.id) == home

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

    async def test_sprints_are_listed_by_team(self, tracker: Tracker, sprint: str) -> None:
        assert sprint in [found.id for found in await tracker.sprints("alpha")]
        assert await tracker.sprints("no such team") == []
        starts = [found.starts for found in await tracker.sprints()]
        assert starts == sorted(starts)
