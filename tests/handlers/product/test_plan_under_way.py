"""Plans while they are carried out: step after step, paused, resumed, cancelled, held up."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from agents.plans import coordination, steps
from agents.plans.rows import changes_of, plan_for_update, steps_of
from agents.plans.tables import PlanRow
from agents.work.tables import StepRow
from governance.action import Outcome, OutcomeState
from governance.effects import outcome_to_json
from governance.tables import EffectRow
from handlers.conversation.cards import Progress
from tests.handlers.conftest import buttons
from tests.handlers.product.conftest import Product

BUILD = "/build_feature build PRD-2025-Q1-Dashboard"


async def _begun(product: Product) -> str:
    """A plan that is being carried out."""
    await product.talk.say("david", BUILD)
    await product.draft()
    plan = (await product.plan()).id
    async with product.talk.database.transaction(product.talk.tenant) as tx:
        await steps.begin(tx, await plan_for_update(tx, plan))
    return plan


async def _advance(product: Product, plan: str) -> None:
    await product.advance(plan)


async def _do(product: Product, plan: str, most: int = 1000) -> int:
    """Do what is queued, as the performer would, and advance; how many effects that were."""
    done = 0
    made_before = len([row for row in (await _steps(product, plan)).values() if steps.reference_of(row)])
    while done < most:
        async with product.talk.database.transaction(product.talk.tenant) as tx:
            ready = select(EffectRow).where(EffectRow.plan == plan, EffectRow.state == "ready")
            row = (await tx.execute(ready.limit(1))).scalar()
            if row is None:
                break
            done += 1
            number = 900 + made_before + done
            made = f"EPIC-{number}" if "epic" in row.action_type else f"CARD-{number}"
            row.state, row.outcome = "done", outcome_to_json(Outcome(OutcomeState.DONE, "Made it.", made))
        await _advance(product, plan)
    return done


async def _steps(product: Product, plan: str) -> dict[str, StepRow]:
    async with product.talk.database.transaction(product.talk.tenant) as tx:
        return {row.key: row for row in await steps_of(tx, plan)}


async def _state(product: Product) -> PlanRow:
    return await product.plan()


async def test_a_plan_is_carried_out_to_its_end(product: Product) -> None:
    plan = await _begun(product)
    await _advance(product, plan)
    progress = await product.card(plan, "plan_progress")
    assert progress.key == f"progress:{plan}"
    assert "Being set up" in progress.text
    assert set(buttons(progress)) == {"pause_plan", "cancel_plan"}
    made = await _do(product, plan)
    assert (await _state(product)).state == "created"
    rows = await _steps(product, plan)
    assert {row.state for key, row in rows.items() if key.startswith("story:")} == {"done"}
    placed = [key for key, row in rows.items() if key.startswith("schedule:") and row.state == "done"]
    assert made == 1 + 17 + len(placed)
    assert rows["assign"].state == "submitted"
    progress = await product.card(plan, "plan_progress")
    assert "with 17 stories" in progress.text
    assert "Amanda Reyes-Holt or Leila Farrokh is asked who holds them" in progress.text
    listed = next(block for block in progress.cards[0].blocks if isinstance(block, Progress))
    assert len(listed.steps) == 1 + 17 + 1
    assert {fact.id: fact.value for fact in progress.facts}["stories_made"] == 17


async def test_steps_without_a_place_do_not_hold_the_plan_up(product: Product) -> None:
    plan = await _begun(product)
    await _advance(product, plan)
    await _do(product, plan)
    left = [row for row in (await _steps(product, plan)).values() if row.state == "left"]
    assert left  # the little department has room for some of the stories only
    assert (await _state(product)).state == "created"


async def test_pausing_stops_at_the_next_step_and_resuming_goes_on(product: Product) -> None:
    plan = await _begun(product)
    await _advance(product, plan)
    await _do(product, plan, most=3)
    (reply,) = (await product.talk.say("david", "/plan pause the dashboard plan")).replies
    assert "is paused" in reply.text
    await _do(product, plan)
    before = await _steps(product, plan)
    assert (await _state(product)).state == "paused"
    assert any(row.state == "waiting" for row in before.values())
    (again,) = (await product.talk.say("david", "/plan pause it")).replies
    assert "is paused, so there is nothing to pause" in again.text
    await product.talk.say("amanda", "/plan resume the dashboard plan", thread="t9")
    await _advance(product, plan)
    await _do(product, plan)
    assert (await _state(product)).state == "created"


async def test_a_used_up_budget_pauses_until_somebody_allows_more(product: Product) -> None:
    plan = await _begun(product)
    async with product.talk.database.transaction(product.talk.tenant) as tx:
        row = await plan_for_update(tx, plan)
        row.budget_hours = 100.0
        await coordination.spend(tx, plan, 81.0)
    await _advance(product, plan)
    near = await product.card(plan, "plan_near_budget")
    assert "81 agent-hours of its 100" in near.text
    async with product.talk.database.transaction(product.talk.tenant) as tx:
        await coordination.spend(tx, plan, 20.0)
    await _do(product, plan)
    assert (await _state(product)).state == "paused"
    over = await product.card(plan, "plan_over_budget")
    assert {"resume_plan", "cancel_plan"} <= set(buttons(over))
    (no,) = (await product.talk.press("david", "resume_plan", plan, {"budget_hours": "100"})).replies
    assert "over that" in no.text
    (reply,) = (await product.talk.say("david", "/plan resume the dashboard plan with 200 hours")).replies
    assert "goes on" in reply.text
    assert (await _state(product)).budget_hours == 200.0


async def test_cancelling_asks_once_more_and_takes_the_epic_along(product: Product) -> None:
    plan = await _begun(product)
    await _advance(product, plan)
    await _do(product, plan, most=2)
    (reply,) = (await product.talk.say("david", "/plan cancel the dashboard plan")).replies
    assert (await _state(product)).state == "executing"
    confirm = buttons(reply)["cancel_plan_now"]
    await product.talk.press("david", confirm.verb, confirm.subject)
    await _advance(product, plan)
    assert (await _state(product)).state == "cancelled"
    (cancelled,) = await product.effects("tracker.cancel_epic")
    assert cancelled.body["epic"] == "EPIC-901"
    progress = await product.card(plan, "plan_progress")
    assert "Cancelled" in progress.text
    assert "EPIC-901 and its stories that are not done are cancelled" in progress.text


async def test_a_halt_keeps_the_next_step_waiting_and_loses_none(product: Product) -> None:
    plan = await _begun(product)
    await product.talk.say("amanda", "/halt_agents look at this first", thread="halt")
    await _advance(product, plan)
    rows = await _steps(product, plan)
    assert rows["epic"].state == "waiting"
    assert "halted" in (rows["epic"].detail or "")
    assert "halted" in repr((await product.card(plan, "plan_progress")).cards)
    product.talk.now += timedelta(minutes=1)
    await product.talk.say("carlos", "/resume_agents", thread="halt")
    await _advance(product, plan)
    await _do(product, plan)
    assert (await _state(product)).state == "created"


async def test_a_failed_step_is_told_to_who_wanted_to_hear(product: Product) -> None:
    plan = await _begun(product)
    async with product.talk.database.transaction(product.talk.tenant) as tx:
        (await plan_for_update(tx, plan)).notifications = ["blockers", "completion"]
    await _advance(product, plan)
    await _do(product, plan, most=1)
    async with product.talk.database.transaction(product.talk.tenant) as tx:
        ready = select(EffectRow).where(EffectRow.plan == plan, EffectRow.state == "ready")
        row = (await tx.execute(ready)).scalar_one()
        row.state = "failed"
        row.outcome = outcome_to_json(Outcome(OutcomeState.FAILED, "The tracker says no."))
    await _advance(product, plan)
    await _do(product, plan)
    ((told, people),) = await product.talk.notices("plan_blocked")
    assert told is not None
    assert "The tracker says no." in told.text
    assert people == ["david"]
    ((done, _),) = await product.talk.notices("plan_created")
    assert done is not None
    assert "with 16 stories" in done.text
    assert "1 story was not made" in done.text


async def test_who_only_reads_changes_nothing(product: Product) -> None:
    plan = await _begun(product)
    for person in ("carlos", "rachel", "nathan"):
        for words in ("/plan pause the dashboard plan", "/plan cancel the dashboard plan"):
            await product.talk.say(person, words, thread=person)
        await product.talk.press(person, "cancel_plan_now", plan, thread=person)
    assert (await _state(product)).state == "executing"
    (shown,) = (await product.talk.say("carlos", "/plan show the dashboard plan", thread="c")).replies
    assert "Being set up" in shown.text
    (refused,) = (await product.talk.say("rachel", "/plan show the dashboard plan", thread="r")).replies
    assert "Customer Dashboard" not in repr(refused)


@pytest.mark.parametrize(
    ("words", "changes"),
    [
        ("take story 4 out of the dashboard plan", {"drop": ("S4",)}),
        ("change the plan: drop the last two stories", {"drop": ("S16", "S17")}),
        ("move the dashboard plan to team Delta", {"teams": {"delta"}}),
        ("adjust the dashboard plan to 150 hours", {"budget": 150.0}),
        ("reschedule the dashboard plan to start in January", {"start": "2027-01-01"}),
    ],
)
async def test_a_proposal_is_replanned_by_words(
    product: Product, words: str, changes: dict[str, object]
) -> None:
    await product.talk.say("david", BUILD)
    await product.draft()
    await product.talk.say("david", f"/plan {words}")
    plan = await product.plan()
    assert plan.state == "drafting"
    asked = changes_of(plan)
    found = {
        "drop": asked.drop,
        "teams": {team for _, team in asked.move},
        "budget": asked.budget_hours,
        "start": asked.start and asked.start.isoformat(),
    }
    assert {name: found[name] for name in changes} == changes


async def test_what_is_being_set_up_is_not_replanned_meanwhile(product: Product) -> None:
    await _begun(product)
    (reply,) = (await product.talk.say("david", "/plan replan the dashboard plan")).replies
    assert "still being set up" in reply.text
    assert (await _state(product)).state == "executing"


async def test_it_is_the_threads_plan_and_no_other_thread_guesses_one(product: Product) -> None:
    plan = await _begun(product)
    await _advance(product, plan)
    (elsewhere,) = (await product.talk.say("david", "/plan cancel that", thread="elsewhere")).replies
    assert "Which plan do you mean?" in elsewhere.text
    for words, state in (("pause it", "paused"), ("Resume it please!", "executing")):
        await product.talk.say("david", words)
        assert (await _state(product)).state == state, words


@pytest.mark.parametrize(("ended", "again"), [("failed", True), ("unknown", False)])
async def test_resuming_tries_what_surely_did_nothing_and_never_what_nobody_knows(
    product: Product, ended: str, again: bool
) -> None:
    plan = await _begun(product)
    await _advance(product, plan)
    await _do(product, plan, most=1)
    async with product.talk.database.transaction(product.talk.tenant) as tx:
        ready = select(EffectRow).where(EffectRow.plan == plan, EffectRow.state == "ready")
        row = (await tx.execute(ready)).scalar_one()
        row.state, row.outcome = ended, outcome_to_json(Outcome(OutcomeState(ended), "The line broke."))
        first = row.id
    await _advance(product, plan)
    (step,) = (key for key, row in (await _steps(product, plan)).items() if row.state == "failed")
    await product.talk.say("david", "/plan pause the dashboard plan")
    await product.talk.say("david", "/plan resume the dashboard plan")
    await _advance(product, plan)
    stands = (await _steps(product, plan))[step]
    assert (stands.effect != first, stands.state != "failed") == (again, again)
    await _do(product, plan)
    assert (await _state(product)).state == "created"
