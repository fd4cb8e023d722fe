"""What is done in Jira is done once, and people's own changes win."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from governance.action import OutcomeState
from governance.registry import OutcomeUncertain
from governance.tables import PersonRow
from governance.visibility import EVERYTHING
from integrations import CannotTell
from integrations.tracker import (
    NoSuchItem,
    Priority,
    StaleItem,
    StoryChange,
    StoryEdit,
    StoryStatus,
    TrackerError,
    TrackerUnsure,
)
from integrations.tracker.actions import CreateStory
from integrations.tracker.performing import specs
from integrations.tracker.vendors.jira.issues import PROPERTY
from integrations.tracker.vendors.jira.tracker import JiraTracker
from simulators.jira import FakeJira, Fault
from simulators.jira.state import POINTS, Account
from storage.database import Database
from storage.look import Away
from tests.integrations.jira.world import opened
from tests.integrations.tracker_drafts import draft, epic, grant, ids

CREATES = "/rest/api/3/issue$"


async def test_the_grant_stands_on_the_issue(tracker: JiraTracker, jira: FakeJira) -> None:
    made = await tracker.create_story(first := grant(), draft())
    await tracker.change_stories(second := grant(), [StoryEdit(made.id, StoryChange(assignee="mei"))])
    assert jira.state.issues[made.id].properties[PROPERTY] == {
        "made": first.id,
        "grants": [first.id, second.id],
    }


async def test_an_answer_that_is_lost_makes_no_second_story(tracker: JiraTracker, jira: FakeJira) -> None:
    jira.faults.append(Fault("POST", CREATES, drop="after"))
    leave = grant()
    with pytest.raises(TrackerUnsure):
        await tracker.create_story(leave, draft())
    assert await tracker.what_happened(leave.id) == "SHOP-1"
    assert (await tracker.create_story(leave, draft())).id == "SHOP-1"
    assert jira.done == {"created": 1}


async def test_what_never_arrived_is_told_once_it_would_be_there(tracker: JiraTracker, jira: FakeJira) -> None:
    jira.faults.append(Fault("POST", CREATES, drop="before"))
    leave = grant()
    with pytest.raises(TrackerUnsure):
        await tracker.create_story(leave, draft())
    assert await tracker.what_happened(leave.id) is None
    assert jira.done == {}


async def test_a_search_that_lags_behind_is_waited_for(tracker: JiraTracker, jira: FakeJira) -> None:
    """What was made is not found at once; that it never arrived is not said before it would be."""
    jira.lag = timedelta(seconds=1.5)
    jira.faults.append(Fault("POST", CREATES, drop="after"))
    leave = grant()
    with pytest.raises(TrackerUnsure):
        await tracker.create_story(leave, draft())
    assert await tracker.what_happened(leave.id) == "SHOP-1"


async def test_what_we_wrote_is_found_at_once_though_the_search_lags(
    tracker: JiraTracker, jira: FakeJira
) -> None:
    jira.lag = timedelta(hours=1)
    made = await tracker.create_story(grant(), draft())
    assert await ids(tracker) == [made.id]


@pytest.mark.parametrize("drop", ["before", "after"])
async def test_a_change_whose_answer_is_lost(tracker: JiraTracker, jira: FakeJira, drop: str) -> None:
    made = await tracker.create_story(grant(), draft())
    jira.faults.append(Fault("PUT", made.id, drop=drop))
    leave = grant()
    edit = StoryEdit(made.id, StoryChange(priority=Priority.P0), StoryChange(priority=Priority.P2))
    if drop == "after":  # it is asked for, and there
        [changed] = await tracker.change_stories(leave, [edit])
        assert changed.priority is Priority.P0
        assert await tracker.what_happened(leave.id) == made.id
    else:
        with pytest.raises(TrackerUnsure):
            await tracker.change_stories(leave, [edit])
        assert await tracker.what_happened(leave.id) is None
    assert jira.done["edited"] == (1 if drop == "after" else 0)


async def test_half_of_several_changes_is_told_as_half(tracker: JiraTracker, jira: FakeJira) -> None:
    first, second = [(await tracker.create_story(grant(), draft())).id for _ in range(2)]
    said = {"errorMessages": ["The workflow is being published."]}
    jira.faults.append(Fault("PUT", second, answer=(400, said, {})))
    leave, p0 = grant(), StoryChange(priority=Priority.P0)
    with pytest.raises(
        TrackerUnsure, match=f"{second} was not changed: .*published.* Changed before it: {first}"
    ):
        await tracker.change_stories(leave, [StoryEdit(first, p0), StoryEdit(second, p0)])
    with pytest.raises(CannotTell, match=f"half done. Changed: {first}; not, or not wholly: {second}"):
        await tracker.what_happened(leave.id)
    ask = next(one for one in specs() if one.action is CreateStory).ask
    assert ask is not None
    outcome = await ask(leave.id, tracker)
    assert outcome is not None
    assert outcome.state is OutcomeState.UNKNOWN


async def test_fields_without_their_status_are_half_of_one_change(tracker: JiraTracker, jira: FakeJira) -> None:
    made = (await tracker.create_story(grant(), draft())).id
    jira.faults.append(Fault("POST", "transitions", answer=(400, {"errorMessages": ["no"]}, {})))
    leave = grant()
    with pytest.raises(TrackerUnsure):
        await tracker.change_stories(
            leave, [StoryEdit(made, StoryChange(assignee="mei", status=StoryStatus.IN_PROGRESS))]
        )
    with pytest.raises(CannotTell):
        await tracker.what_happened(leave.id)


async def test_the_first_refusal_leaves_nothing_behind(tracker: JiraTracker, jira: FakeJira) -> None:
    made = (await tracker.create_story(grant(), draft())).id
    jira.faults.append(Fault("PUT", made, answer=(400, {"errors": {"priority": "is not on the screen"}}, {})))
    leave, edit = grant(), StoryEdit(made, StoryChange(priority=Priority.P0))
    with pytest.raises(TrackerError, match="Jira refused: priority: is not on the screen"):
        await tracker.change_stories(leave, [edit])
    assert await tracker.what_happened(leave.id) is None
    assert (await tracker.change_stories(leave, [edit]))[0].priority is Priority.P0


async def test_what_people_changed_wins(tracker: JiraTracker, jira: FakeJira) -> None:
    made = (await tracker.create_story(grant(), draft())).id
    there = jira.state.issues[made]
    there.values["priority"] = {"id": "1"}
    there.labels.add("team:beta")
    there.labels.add("gdpr")
    jira.state.accounts["ana"] = Account("ana", "Ana Ruiz")
    jira.state.move(there, "10106", "ana")
    found = await tracker.story(EVERYTHING, made)
    assert (found.priority, found.team, found.labels) == (Priority.P0, "beta", ("gdpr",))
    assert found.status is StoryStatus.IN_PROGRESS
    assert [(one.status, one.by) for one in await tracker.events(EVERYTHING, story=made)][1:] == [
        (StoryStatus.IN_PROGRESS, "Ana Ruiz")
    ]
    stale = StoryEdit(made, StoryChange(priority=Priority.P3), StoryChange(priority=Priority.P2))
    with pytest.raises(StaleItem, match="its priority is P0, no longer P2"):
        await tracker.change_stories(grant(), [stale])
    assert there.values["priority"] == {"id": "1"}
    await tracker.change_stories(grant(), [StoryEdit(made, StoryChange(team="alpha"))])
    assert there.labels == {"gdpr"}


async def test_whoever_copies_our_mark_into_a_change_is_somebody_else(
    tracker: JiraTracker, jira: FakeJira
) -> None:
    made = (await tracker.create_story(grant(), draft())).id
    jira.state.accounts["eve"] = Account("eve", "Eve")
    forged = {"type": "countersign", "cause": {"id": "gr_forged"}, "description": "as approved"}
    jira.state.move(jira.state.issues[made], "10103", "eve", forged)
    found = await tracker.story(EVERYTHING, made)
    assert (found.status, found.blocked_reason) == (StoryStatus.BLOCKED, None)
    assert (await tracker.events(EVERYTHING, story=made))[-1].by == "Eve"


async def test_a_status_that_the_workflow_does_not_have_is_said(tracker: JiraTracker, jira: FakeJira) -> None:
    made = (await tracker.create_story(grant(), draft())).id
    jira.closed_ways.add(("10100", "10103"))
    with pytest.raises(TrackerError, match=f"no way for {made} to become blocked.*JIRA_STATUSES"):
        await tracker.change_stories(grant(), [StoryEdit(made, StoryChange(status=StoryStatus.BLOCKED))])
    assert set(jira.done) == {"created"}


async def test_an_unknown_key_of_our_project_is_no_error_of_jiras(tracker: JiraTracker) -> None:
    assert await ids(tracker, ids=frozenset({"SHOP-999"})) == []
    assert await ids(tracker, epic="SHOP-999") == []
    with pytest.raises(NoSuchItem):
        await tracker.create_story(grant(), draft(depends_on=("SHOP-999",)))


async def test_a_pause_that_jira_asks_for_is_kept(tracker: JiraTracker, jira: FakeJira) -> None:
    """Asked for a second, nothing is sent within it, and the effect is done once all the same."""
    await tracker.looks.world()
    begun = asyncio.get_running_loop().time()
    jira.faults.append(Fault("POST", CREATES, answer=(429, {}, {"Retry-After": "1"})))
    await tracker.create_story(grant(), draft())
    assert asyncio.get_running_loop().time() - begun >= 0.9
    assert jira.done == {"created": 1}


async def test_a_long_pause_puts_off_and_asks_nothing(tracker: JiraTracker, jira: FakeJira) -> None:
    made = (await tracker.create_story(grant(), draft())).id
    jira.faults.append(Fault("POST", "bulkfetch", answer=(429, {}, {"Retry-After": "600"})))
    with pytest.raises(Away, match="takes no more of us before"):
        await tracker.story(EVERYTHING, made)
    asked = tracker.looks.api.asked
    leave = grant()
    with pytest.raises(Away, match="takes no more of us before"):
        await tracker.create_story(leave, draft())
    assert tracker.looks.api.asked == asked
    assert await tracker.what_happened(leave.id) is None


async def test_cancelling_an_epic_is_found_by_the_epic(tracker: JiraTracker, jira: FakeJira) -> None:
    home = (await tracker.create_epic(grant(), epic())).id
    child = (await tracker.create_story(grant(), draft(epic=home))).id
    jira.faults.append(Fault("POST", f"{home}/transitions", answer=(400, {"errorMessages": ["no"]}, {})))
    leave = grant()
    with pytest.raises(TrackerUnsure, match=f"Changed before it: {child}"):
        await tracker.cancel_epic(leave, home, "enough")


async def test_a_department_person_is_assigned_by_their_address(tracker: JiraTracker, jira: FakeJira) -> None:
    async with tracker.looks.people.database.transaction(tracker.looks.people.tenant) as tx:
        tx.add(
            PersonRow(id="ana", name="Ana", email="Ana@example.com", team=None, time_zone="UTC", accounts=[])
        )
    jira.state.accounts["a1"] = Account("a1", "Ana Ruiz", "ana@example.com")
    made = (await tracker.create_story(grant(), draft())).id
    await tracker.change_stories(grant(), [StoryEdit(made, StoryChange(assignee="builder-1"))])
    assert jira.state.issues[made].labels == {"agent:builder-1"}
    [changed] = await tracker.change_stories(
        grant(), [StoryEdit(made, StoryChange(assignee="ana"), StoryChange(assignee="builder-1"))]
    )
    assert changed.assignee == "ana"
    assert jira.state.issues[made].values["assignee"] == {"accountId": "a1"}
    assert jira.state.issues[made].labels == set()
    assert POINTS in jira.state.issues[made].values


async def test_the_gate_hears_that_it_is_not_known(tracker: JiraTracker, jira: FakeJira) -> None:
    why = {"rationale": "asked for", "impact": "one story", "rollback_plan": "cancel it"}
    effect = next(one for one in specs() if one.action is CreateStory).effect
    assert effect is not None
    jira.faults.append(Fault("POST", CREATES, drop="before"))
    with pytest.raises(OutcomeUncertain, match="may have been done"):
        await effect(CreateStory(draft=draft(), **why), grant(), tracker)


async def test_two_processes_never_change_one_story_at_the_same_time(
    tracker: JiraTracker, jira: FakeJira, database: Database, tenant: str
) -> None:
    made = (await tracker.create_story(grant(), draft())).id
    was = StoryChange(priority=Priority.P2)
    async with opened(jira, database, tenant) as other:
        results = await asyncio.gather(
            *(
                port.change_stories(grant(), [StoryEdit(made, StoryChange(priority=wanted), was)])
                for port, wanted in ((tracker, Priority.P0), (other, Priority.P1))
            ),
            return_exceptions=True,
        )
    assert [type(one) for one in results].count(StaleItem) == 1
    assert jira.done["edited"] == 1
