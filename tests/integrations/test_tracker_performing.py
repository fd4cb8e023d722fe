"""How the gate performs the tracker's actions, asks about them and takes them back; what it learns of them."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from governance.action import Action, OutcomeState
from governance.authority.vocabulary import FACTS
from governance.people import Actor
from governance.registry import EffectFailed
from governance.tables import PersonRoleRow, PersonRow, WindowRow
from governance.visibility import EVERYTHING
from integrations.tracker import EpicQuery, Priority, StoryStatus
from integrations.tracker.actions import (
    CancelEpic,
    CreateEpic,
    CreateStory,
    CreateUrgentStory,
    Placing,
    RescheduleStories,
    SetPriority,
    SetStatus,
    StatusStep,
    TrackerAction,
    new_story,
)
from integrations.tracker.performing import specs
from integrations.tracker.vendors.local.tables import SprintRow
from integrations.tracker.vendors.local.tracker import LocalTracker
from storage.database import Database
from tests.integrations.tracker_drafts import HOSTILE, draft
from tests.integrations.tracker_samples import EACH, REGISTRY, WHY, epic_draft, perform, undone


@pytest.fixture
def tracker(database: Database, tenant: str) -> LocalTracker:
    return LocalTracker(database, tenant)


async def test_what_cannot_be_stored_as_it_is_cannot_be_proposed_either(tracker: LocalTracker) -> None:
    kept = 0
    for text in HOSTILE:
        try:
            action = CreateStory(draft=draft(text), **WHY)
        except ValidationError:
            continue
        outcome = await perform(action, tracker)
        assert (await tracker.story(EVERYTHING, outcome.reference)).title == text
        kept += 1
    assert kept == 7


async def test_making_leaves_a_reference_and_is_known_after_a_crash(tracker: LocalTracker) -> None:
    ask = REGISTRY.spec("tracker.create_story").ask
    assert ask is not None
    assert await ask("g-1", tracker) is None
    outcome = await perform(CreateStory(draft=draft(), **WHY), tracker, "g-1")
    assert (outcome.state, outcome.reference) == (OutcomeState.DONE, "CARD-1")
    known = await ask("g-1", tracker)
    assert known is not None
    assert (known.state, known.reference) == (OutcomeState.DONE, "CARD-1")


@pytest.mark.parametrize("action", [a for a in EACH if "create" not in a.type], ids=lambda a: a.type)
async def test_what_the_tracker_refuses_has_failed(tracker: LocalTracker, action: TrackerAction) -> None:
    with pytest.raises(EffectFailed, match="There is no"):
        await perform(action, tracker)


async def test_each_change_can_be_taken_back(tracker: LocalTracker, database: Database, tenant: str) -> None:
    now = datetime.now(UTC).date()
    async with database.transaction(tenant) as tx:
        tx.add(SprintRow(id="s-1", team="alpha", name="S1", starts=now, ends=now, capacity_hours=80))
    await perform(CreateStory(draft=draft(), **WHY), tracker)
    before = await tracker.story(EVERYTHING, "CARD-1")
    changes: tuple[TrackerAction, ...] = EACH[4:]
    for action in changes:
        back = await undone(action, tracker)
        changed = await tracker.story(EVERYTHING, "CARD-1")
        assert changed != before, action.type
        assert back is not None
        again = await undone(back, tracker)
        assert await tracker.story(EVERYTHING, "CARD-1") == before, action.type
        assert again is not None
        assert isinstance(again, TrackerAction)
        assert again.decides() == action.decides()


async def test_of_stories_that_are_scheduled_anew_one_that_was_begun_keeps_all_where_they_are(
    tracker: LocalTracker, database: Database, tenant: str
) -> None:
    now = datetime.now(UTC).date()
    async with database.transaction(tenant) as tx:
        tx.add(SprintRow(id="s-1", team="alpha", name="S1", starts=now, ends=now, capacity_hours=80))
    for _ in range(2):
        await perform(CreateStory(draft=draft(), **WHY), tracker)
    start = StatusStep("CARD-2", StoryStatus.IN_PROGRESS, StoryStatus.BACKLOG)
    await perform(SetStatus(stories=(start,), **WHY), tracker)
    places = tuple(Placing(f"CARD-{n}", "s-1", "", StoryStatus.BACKLOG, 9.0, 6.5) for n in (1, 2))
    with pytest.raises(EffectFailed, match="CARD-2 has changed since: its status is in_progress"):
        await perform(RescheduleStories(stories=places, **WHY), tracker)
    for number in (1, 2):
        stands = await tracker.story(EVERYTHING, f"CARD-{number}")
        assert (stands.sprint, stands.estimate_hours) == (None, 6.5)


async def test_taking_back_a_new_story_spares_work_that_was_begun(tracker: LocalTracker) -> None:
    untouched = await undone(CreateStory(draft=draft(), **WHY), tracker)
    begun = await undone(CreateUrgentStory(draft=draft(priority=Priority.P0), **WHY), tracker)
    assert untouched is not None
    assert begun is not None
    start = StatusStep("CARD-2", StoryStatus.IN_PROGRESS, StoryStatus.BACKLOG)
    await perform(SetStatus(stories=(start,), **WHY), tracker)

    await perform(untouched, tracker)
    with pytest.raises(EffectFailed, match="CARD-2 has changed since"):
        await perform(begun, tracker)
    assert (await tracker.story(EVERYTHING, "CARD-1")).status is StoryStatus.CANCELLED
    assert (await tracker.story(EVERYTHING, "CARD-2")).status is StoryStatus.IN_PROGRESS


async def test_taking_back_an_epic_cancels_it(tracker: LocalTracker) -> None:
    back = await undone(CreateEpic(draft=epic_draft(), plan="plan-7", **WHY), tracker)
    assert isinstance(back, CancelEpic)
    assert back.plan == "plan-7"
    await perform(back, tracker)
    [epic] = (await tracker.epics(EVERYTHING, EpicQuery())).items
    assert epic.status is StoryStatus.CANCELLED
    assert REGISTRY.spec(back.type).undo is None


async def test_an_approved_priority_never_overwrites_another_decision(tracker: LocalTracker) -> None:
    await perform(CreateStory(draft=draft(), **WHY), tracker)
    approved = SetPriority(story="CARD-1", priority=Priority.P0, was=Priority.P2, **WHY)
    await perform(SetPriority(story="CARD-1", priority=Priority.P3, was=Priority.P2, **WHY), tracker)
    with pytest.raises(EffectFailed, match="its priority is P3, no longer P2"):
        await perform(approved, tracker)


async def add_incident(tx: AsyncSession, name: str, starts: timedelta, ends: timedelta, mode: str) -> None:
    now = datetime.now(UTC)
    tx.add(WindowRow(id=name, mode=mode, starts=now + starts, ends=now + ends, opened_by="nathan", reason="r"))


async def test_only_an_sre_in_person_links_a_story_to_an_open_incident(database: Database, tenant: str) -> None:
    hour = timedelta(hours=1)
    async with database.transaction(tenant) as tx:
        for person, role, active in (
            ("nathan", "sre_lead", True),
            ("david", "product_owner", True),
            ("left", "sre_lead", False),
        ):
            tx.add(
                PersonRow(
                    id=person, name=person, email=None, team=None, time_zone="UTC", accounts=[], active=active
                )
            )
            await tx.flush()
            tx.add(PersonRoleRow(person=person, role=role, given_by=None))
        await add_incident(tx, "open", -hour, hour, "incident")
        await add_incident(tx, "over", -2 * hour, -hour, "incident")
        await add_incident(tx, "ahead", hour, 2 * hour, "incident")
        await add_incident(tx, "demo", -hour, hour, "demo")

    nathan = Actor("person", "nathan")
    agent = Actor("agent", "pm", on_behalf_of="nathan")
    for incident, actor, linked in (
        ("open", nathan, True),
        ("open", agent, False),
        ("open", Actor("person", "david"), False),
        ("open", Actor("person", "left"), False),
        ("open", Actor("system", "nathan"), False),
        ("over", nathan, False),
        ("ahead", nathan, False),
        ("demo", nathan, False),
        (None, nathan, False),
        (f"'; -- {uuid.uuid4().hex}", nathan, False),
    ):
        action = new_story(draft(priority=Priority.P0), incident=incident, **WHY)
        assert await established(action, actor, database, tenant) == {
            "within_plan": False,
            "new_priority": "P0",
            "linked_by_sre": linked,
        }, (incident, actor)


async def established(action: Action, actor: Actor, database: Database, tenant: str) -> Any:
    establish = REGISTRY.spec(action.type).establish
    assert establish is not None
    async with database.transaction(tenant) as tx:
        return await establish(action, actor, tx)


async def test_whether_it_is_within_a_plan_is_asked_of_who_knows_plans(database: Database, tenant: str) -> None:
    async def covers(action: TrackerAction, tx: AsyncSession) -> bool:
        return action.plan == "plan-7"

    actor = Actor("agent", "pm", on_behalf_of="david")
    for spec in specs(covers):
        assert spec.establish is not None
        sample = next(action for action in EACH if type(action) is spec.action)
        async with database.transaction(tenant) as tx:
            for plan, expected in (("plan-7", True), ("plan-8", False), (None, False)):
                facts = await spec.establish(sample.model_copy(update={"plan": plan}), actor, tx)
                assert facts["within_plan"] is expected
                assert set(facts) == set(spec.establishes) <= set(FACTS)
