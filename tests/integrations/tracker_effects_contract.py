"""What every tracker must do with a grant: once, wholly, and never over what others decided."""

from __future__ import annotations

import asyncio
from itertools import combinations_with_replacement

import pytest

from governance.visibility import EVERYTHING
from integrations.tracker import (
    DefectOrigin,
    GrantSpent,
    NoSuchItem,
    Priority,
    Stage,
    StaleItem,
    StoryChange,
    StoryEdit,
    StoryQuery,
    StoryStatus,
    Tracker,
)
from integrations.tracker.rules import Progress, epic_status, moved
from tests.integrations.tracker_drafts import draft, epic, epics, grant, ids, set_status


class EffectsContract:
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

    async def test_an_estimate_is_changed_unless_it_stands_otherwise_by_now(self, tracker: Tracker) -> None:
        story = (await tracker.create_story(grant(), draft(estimate_hours=6.5))).id
        change = StoryChange(estimate_hours=9.25)
        stale = StoryEdit(story, change, StoryChange(estimate_hours=8.0))
        with pytest.raises(StaleItem, match=r"estimate hours is 6\.5, no longer 8\.0"):
            await tracker.change_stories(grant(), [stale])
        [changed] = await tracker.change_stories(
            grant(), [StoryEdit(story, change, StoryChange(estimate_hours=6.5))]
        )
        assert changed.estimate_hours == 9.25

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
            [found] = await epics(tracker)
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

    async def test_an_epic_stands_where_the_rules_say(self, tracker: Tracker) -> None:
        """Of no story, of one in each status, and of two in each pair of them."""
        expected: dict[str, StoryStatus] = {
            (await tracker.create_epic(grant(), epic())).id: StoryStatus.BACKLOG
        }
        for pair in combinations_with_replacement(StoryStatus, 2):
            home = (await tracker.create_epic(grant(), epic())).id
            for status in pair:
                story = (await tracker.create_story(grant(), draft(epic=home))).id
                await set_status(tracker, story, status)
            expected[home] = epic_status(pair, cancelled=False)
        assert {one.id: one.status for one in await epics(tracker)} == expected
        for status in StoryStatus:
            there = await epics(tracker, status=frozenset({status}))
            assert {one.id for one in there} == {id for id, stands in expected.items() if stands is status}
        for one in expected:
            assert (await tracker.cancel_epic(grant(), one, "enough")).status is StoryStatus.CANCELLED

    async def test_a_story_keeps_what_the_rules_say_of_every_move(self, tracker: Tracker) -> None:
        story = (await tracker.create_story(grant(), draft())).id
        stands = Progress(StoryStatus.BACKLOG, None, None, None)
        done, begun, blocked = StoryStatus.DONE, StoryStatus.IN_PROGRESS, StoryStatus.BLOCKED
        for status in (
            done,
            begun,
            blocked,
            begun,
            done,
            blocked,
            StoryStatus.CANCELLED,
            StoryStatus.SCHEDULED,
        ):
            edit = StoryEdit(story, StoryChange(status=status), reason=f"because {status}")
            [now] = await tracker.change_stories(grant(), [edit])
            at = (await tracker.events(EVERYTHING, story=story))[-1].at
            stands = moved(stands, status, at, f"because {status}")
            assert Progress(now.status, now.blocked_reason, now.started, now.finished) == stands

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
        statuses = {s.id: s.status for s in (await tracker.stories(EVERYTHING, StoryQuery())).items}
        assert statuses == {
            open_story: StoryStatus.CANCELLED,
            done: StoryStatus.DONE,
            elsewhere: StoryStatus.BACKLOG,
        }
        last = (await tracker.events(EVERYTHING, story=open_story))[-1]
        assert (last.status, last.reason) == (StoryStatus.CANCELLED, "the market moved")
        assert await tracker.what_happened(leave.id) == home
