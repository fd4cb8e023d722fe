"""The tracker's actions: what they refuse to carry, what the matrix learns of them, what takes them back."""

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
from governance.registry import EffectFailed, Registry
from governance.tables import PersonRoleRow, PersonRow, WindowRow
from governance.visibility import EVERYTHING
from integrations.tracker import EpicDraft, Priority, StoryDraft, StoryStatus
from integrations.tracker.actions import (
    Assignment,
    AssignStories,
    CancelEpic,
    Cancellation,
    CancelStories,
    CreateEpic,
    CreateStory,
    CreateUrgentStory,
    ScheduleStory,
    SetPriority,
    SetStatus,
    StatusStep,
    TrackerAction,
    new_story,
)
from integrations.tracker.local import LocalTracker
from integrations.tracker.performing import specs
from integrations.tracker.tables import SprintRow
from storage.database import Database
from tests.integrations.tracker_contract import HOSTILE, draft, grant

WHY: dict[str, Any] = {"rationale": "asked for", "impact": "one story", "rollback_plan": "cancel it"}
REGISTRY = Registry(specs())


def epic_draft(title: str = "Exports") -> EpicDraft:
    return EpicDraft(title, "checkout", "PRD-1", Priority.P1)


@pytest.fixture
def tracker(database: Database, tenant: str) -> LocalTracker:
    return LocalTracker(database, tenant)


async def perform(action: Action, tracker: LocalTracker, name: str | None = None) -> Any:
    effect = REGISTRY.spec(action.type).effect
    assert effect is not None
    return await effect(action, grant(name), tracker)


async def undone(action: Action, tracker: LocalTracker) -> Action | None:
    outcome = await perform(action, tracker)
    undo = REGISTRY.spec(action.type).undo
    return undo(action, outcome) if undo else None


EACH: tuple[TrackerAction, ...] = (
    CreateEpic(draft=epic_draft(), plan="plan-7", **WHY),
    CancelEpic(epic="EPIC-1", reason="the market moved", **WHY),
    CreateStory(draft=draft(), **WHY),
    CreateUrgentStory(draft=draft(priority=Priority.P0), incident="inc-1", **WHY),
    SetPriority(story="CARD-1", priority=Priority.P0, was=Priority.P2, **WHY),
    ScheduleStory(story="CARD-1", sprint="s-1", was="", **WHY),
    SetStatus(
        stories=(StatusStep("CARD-1", StoryStatus.BLOCKED, StoryStatus.BACKLOG, "waits\nfor docs"),), **WHY
    ),
    AssignStories(stories=(Assignment("CARD-1", "mei"),), **WHY),
    CancelStories(stories=(Cancellation("CARD-1", StoryStatus.BACKLOG),), reason="double", **WHY),
)


@pytest.mark.parametrize("action", EACH, ids=lambda action: action.type)
def test_what_is_stored_is_what_comes_back(action: TrackerAction) -> None:
    assert REGISTRY.decode(action.body()) == action
    assert REGISTRY.decode(action.body()).digest() == action.digest()


def test_every_action_is_registered_and_tried_here() -> None:
    assert {spec.action for spec in REGISTRY} == {type(action) for action in EACH}


def test_rows_are_those_of_the_matrix() -> None:
    assert {spec.action.type: spec.action.decision_type for spec in REGISTRY} == {
        "tracker.create_epic": "story_creation",
        "tracker.create_story": "story_creation",
        "tracker.create_urgent_story": "story_priority",
        "tracker.set_priority": "priority_change",
        "tracker.schedule_story": "scheduling",
        "tracker.assign_stories": "team_assignments",
        "tracker.set_status": "story_changes",
        "tracker.cancel_stories": "story_changes",
        "tracker.cancel_epic": "story_changes",
    }


@pytest.mark.parametrize("priority", list(Priority))
def test_an_urgent_story_cannot_pass_for_an_ordinary_one(priority: Priority) -> None:
    story = draft(priority=priority)
    urgent = priority in (Priority.P0, Priority.P1)
    assert type(new_story(story, **WHY)) is (CreateUrgentStory if urgent else CreateStory)
    with pytest.raises(ValidationError):
        (CreateStory if urgent else CreateUrgentStory)(draft=story, **WHY)


REFUSED_IN_A_LINE = ("", "   ", "\u202eesrever", "two\nlines", "nul\x00", "\ud83d", "\x1b[31m", "x" * 501)


@pytest.mark.parametrize("text", REFUSED_IN_A_LINE, ids=range(len(REFUSED_IN_A_LINE)))
def test_a_line_that_reads_as_something_else_is_not_carried(text: str) -> None:
    for make in (
        lambda: CreateStory(draft=draft(text), **WHY),
        lambda: CreateStory(draft=draft(labels=(text,)), **WHY),
        lambda: CreateStory(draft=draft(epic=text), **WHY),
        lambda: CreateEpic(draft=epic_draft(text), **WHY),
        lambda: CancelEpic(epic=text, reason="r", **WHY),
        lambda: CancelEpic(epic="EPIC-1", reason=text, **WHY),
        lambda: AssignStories(stories=(Assignment(text, "mei"),), **WHY),
    ):
        with pytest.raises(ValidationError):
            make()


@pytest.mark.parametrize("text", ["nul\x00", "\u202eesrever", "x" * 50_001], ids=range(3))
def test_a_text_with_hidden_characters_is_not_carried(text: str) -> None:
    for field in ({"description": text}, {"acceptance": (text,)}):
        with pytest.raises(ValidationError):
            CreateStory(draft=draft(**field), **WHY)


@pytest.mark.parametrize("hours", [float("nan"), float("inf"), -1.0])
def test_an_estimate_is_a_number_of_hours(hours: float) -> None:
    with pytest.raises(ValidationError, match="agent-hours"):
        CreateStory(draft=draft(estimate_hours=hours), **WHY)


def test_many_stories_are_some_and_each_named_once() -> None:
    for stories in ((), (Assignment("CARD-1", "a"), Assignment("CARD-1", "b"))):
        with pytest.raises(ValidationError):
            AssignStories(stories=stories, **WHY)


def test_what_is_decided_is_told_apart_beyond_what_a_line_shows() -> None:
    def assign(*people: str) -> AssignStories:
        items = tuple(Assignment(f"CARD-{n}", person) for n, person in enumerate(people))
        return AssignStories(stories=items, **WHY)

    six, other = assign(*"abcdef"), assign(*"abcdeg")
    assert six.decides() != other.decides()
    assert "and 1 more" in six.summary()
    lower = SetPriority(story="CARD-1", priority=Priority.P0, was=Priority.P3, **WHY)
    assert lower.decides() == EACH[4].decides()


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
    changes: tuple[TrackerAction, ...] = (EACH[4], EACH[5], EACH[6], EACH[7], EACH[8])
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
    [epic] = await tracker.epics(EVERYTHING)
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


def test_freezing_planning_or_one_plan_reaches_every_action() -> None:
    for action in EACH:
        subject = REGISTRY.spec(action.type).subject(action)
        assert (subject.process, subject.plan) == ("planning", action.plan)
        assert subject.decides


def test_a_draft_cannot_bring_fields_of_its_own() -> None:
    body = CreateStory(draft=draft(), **WHY).body()
    assert isinstance(REGISTRY.decode(body), CreateStory)
    with pytest.raises(ValidationError):
        REGISTRY.decode({**body, "assignee": "mei"})
    assert "sprint" not in StoryDraft.__dataclass_fields__
