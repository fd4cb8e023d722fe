"""From a PRD to a proposal that people change and decide on."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from agents.plans.coordination import advance
from agents.plans.rows import changes_of, draft_of
from governance.tables import AgentRunRow
from handlers.conversation.cards import Chart, Fields, Form, Progress, Reply, Table
from handlers.delivery.plans.formats import within_text
from handlers.notices import find_notices
from integrations.tracker.vendors.local.tables import EpicRow
from tests.handlers.conftest import buttons
from tests.handlers.product.conftest import Product

DASHBOARD = "PRD-2025-Q1-Dashboard"
BUILD = f"/build_feature Build the customer dashboard feature from {DASHBOARD}"


async def _proposed(product: Product) -> Reply:
    await product.talk.say("david", BUILD)
    return await product.draft()


def _shown(reply: Reply) -> str:
    return repr(reply.cards)


async def test_it_answers_at_once_and_works_in_the_background(product: Product) -> None:
    (reply,) = (await product.talk.say("david", BUILD)).replies
    plan = await product.plan()
    assert (plan.state, plan.document, plan.requester) == ("drafting", DASHBOARD, "david")
    assert reply.key == f"plan:{plan.id}"
    steps = next(block for block in reply.cards[0].blocks if isinstance(block, Progress))
    assert [state for state, _ in steps.steps] == ["doing", "waiting", "waiting", "waiting"]


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("build PRD-2025-Q1-Search", "PRD-2026-Q3-Search"),
        ("build the feature from the PRD", DASHBOARD),
        ("build from PRD-2025-Q1-Dashbord", None),
        ("implement the scheduled export feature from its PRD", None),
    ],
)
async def test_a_document_is_found_by_what_people_call_it(
    product: Product, words: str, offered: str | None
) -> None:
    (reply,) = (await product.talk.say("david", f"/build_feature {words}")).replies
    if offered is None:
        assert await product.plans() == 1
        return
    assert await product.plans() == 0
    choices = [button for card in reply.cards for button in _buttons_of(card.blocks)]
    assert offered in [button.subject for button in choices]
    await product.talk.press("david", "build_document", offered)
    assert (await product.plan()).document == offered


def _buttons_of(blocks: tuple[object, ...]) -> list[object]:
    return [button for block in blocks for button in getattr(block, "buttons", ())]


@pytest.mark.parametrize("name", ["../../etc/passwd", "PRD-\u202eDROP TABLE plans; --", "x" * 5000])
async def test_hostile_names_start_nothing(product: Product, name: str) -> None:
    (reply,) = (await product.talk.say("david", f"/build_feature build {name}")).replies
    assert await product.plans() == 0
    assert "There are" in reply.text or "Did you mean" in reply.text


async def test_while_agents_are_halted_nothing_is_begun_and_that_is_all_that_is_said(product: Product) -> None:
    await product.talk.say("amanda", "/halt_agents look at this first", thread="halt")
    (reply,) = (await product.talk.say("david", BUILD)).replies
    assert "All agents are halted by Amanda Reyes-Holt" in reply.text
    assert "Nothing was begun" in reply.text
    assert await product.plans() == 0


async def test_a_change_asked_for_during_a_halt_leaves_the_proposal_as_it_is(product: Product) -> None:
    await _proposed(product)
    await product.talk.say("amanda", "/halt_agents look at this first", thread="halt")
    before = await product.plan()
    (reply,) = await _modified(product, drop=("S13",))
    assert "All agents are halted by Amanda Reyes-Holt" in reply.text
    assert "stands as it was proposed" in reply.text
    assert "seconds" not in reply.text
    plan = await product.plan()
    assert (plan.state, plan.approval) == ("proposed", before.approval)
    await product.talk.say("carlos", "/resume_agents", thread="halt")
    (changed,) = await _modified(product, drop=("S13",))
    assert "Changing the plan" in changed.text


async def test_risks_on_the_card_add_up_to_those_that_are_counted(product: Product) -> None:
    reply = await _proposed(product)
    shown = _shown(reply)
    counted = next(fact.value for fact in reply.facts if fact.name == "risks")
    assert f"Risks ({counted} with the 3 dependencies below)" in shown


@pytest.mark.parametrize(
    ("slowest", "has_model", "said"),
    [
        (None, False, "in a few seconds"),
        (None, True, "in some minutes, for a model writes it"),
        (4.2, False, "in a few seconds"),
        (31.0, True, "within 40 seconds, as the last ones did"),
        (187.0, True, "within 4 minutes, as the last ones did"),
    ],
)
def test_how_long_a_plan_takes_is_said_by_how_long_the_last_ones_took(
    slowest: float | None, has_model: bool, said: str
) -> None:
    assert within_text(slowest, has_model=has_model) == said


async def test_a_plan_that_took_long_is_remembered_when_the_next_is_asked_for(product: Product) -> None:
    await _proposed(product)
    async with product.talk.database.transaction(product.talk.tenant) as tx:
        await tx.execute(update(AgentRunRow).values(busy_ms=187_000))
    (changing,) = await _modified(product, drop=("S13",))
    assert "The proposal comes here within 4 minutes, as the last ones did;" in changing.text


async def test_only_who_may_ask_starts_a_plan_and_others_hear_who_may(product: Product) -> None:
    for person in ("rachel", "nathan", "carlos", "mei.tanemori"):
        (reply,) = (await product.talk.say(person, BUILD)).replies
        assert "product owner or engineering director" in reply.text
    assert await product.plans() == 0
    await product.talk.say("amanda", BUILD)
    assert await product.plans() == 1


async def test_a_second_plan_for_a_document_shows_the_first(product: Product) -> None:
    await _proposed(product)
    (reply,) = (await product.talk.say("priya", BUILD, thread="t2")).replies
    assert await product.plans() == 1
    assert "David Lindqvist asked for a plan" in reply.text
    assert buttons(reply)["approve"].subject == (await product.plan()).approval


async def test_what_an_epic_was_made_from_is_planned_again_only_when_that_is_meant(product: Product) -> None:
    await product.talk.say("david", BUILD)
    async with product.talk.database.transaction(product.talk.tenant) as tx:
        row = await tx.get(EpicRow, (product.talk.tenant, "EPIC-1"))
        assert row is not None
        row.document = "PRD-2026-Q3-Search"
    (reply,) = (await product.talk.say("david", "/build_feature PRD-2026-Q3-Search", thread="t2")).replies
    assert "EPIC-1 Refunds by self-service" in reply.text
    assert await product.plans() == 1
    await product.talk.press("david", "build_anyway", buttons(reply)["build_anyway"].subject, thread="t2")
    assert await product.plans() == 2


async def test_the_card_says_what_a_decision_needs(product: Product) -> None:
    reply = await _proposed(product)
    draft = draft_of(await product.plan())
    assert draft is not None
    shown = _shown(reply)
    for part in (
        "Product owner agent: 17 stories from 21 requirements",
        "not enough history",
        "Untestable, line 119",
        "Agents write them when somebody lets them: ",
        "Wei Zhangwen (Insights Team)",
        "Amanda Reyes-Holt or Leila Farrokh is asked",
        "Worked out without a model",
    ):
        assert part in shown, part
    assert set(buttons(reply)) == {"approve", "modify", "cancel", "show_reading"}
    table = next(block for card in reply.cards for block in card.blocks if isinstance(block, Table))
    assert [row[0] for row in table.rows] == [story.key for story in draft.stories]
    assert reply.facts == draft.facts
    assert not any(isinstance(block, Chart) for card in reply.cards for block in card.blocks)


async def _modified(product: Product, **values: object) -> tuple[Reply, ...]:
    approval = (await product.plan()).approval or ""
    return (await product.talk.press("david", "modify", approval, values)).replies


async def test_a_change_makes_a_new_proposal_that_says_what_changed(product: Product) -> None:
    first = await _proposed(product)
    old = (await product.plan()).approval or ""
    (working,) = await _modified(product, drop=("S13", "S17"), move="S8: Team Delta", notify=("blockers",))
    plan = await product.plan()
    assert plan.state == "drafting"
    assert working.key == f"plan:{plan.id}:2"
    second = await product.draft()
    plan = await product.plan()
    assert second.key == working.key != first.key
    assert plan.approval != old
    assert plan.notifications == ["blockers"]
    shown = _shown(second)
    assert "S13 Large screen mode is dropped" in shown
    assert "goes from Insights Team to Team Delta" in shown
    (late,) = (await product.talk.press("david", "approve", old)).replies
    assert "superseded by a newer proposal" in late.text
    form = buttons(second)["modify"].form
    assert isinstance(form, Form)
    filled = {entry.name: entry.value for entry in form.inputs}
    assert filled["drop"] == ("S13", "S17")
    assert filled["move"] == "S8: Team Delta"
    options = next(entry.options for entry in form.inputs if entry.name == "drop")
    assert ("S13", "S13 Large screen mode") in options


async def test_changes_stand_until_they_are_changed_again(product: Product) -> None:
    await _proposed(product)
    await _modified(product, drop=("S1",))
    await product.draft()
    await _modified(product, budget_hours="120")
    await product.draft()
    assert changes_of(await product.plan()).drop == ("S1",)
    await _modified(product, drop=())
    await product.draft()
    draft = draft_of(await product.plan())
    assert draft is not None
    assert "S1" in {story.key for story in draft.stories}


async def test_wanting_to_hear_of_blockers_is_no_new_proposal(product: Product) -> None:
    await _proposed(product)
    before = (await product.plan()).approval
    (reply,) = await _modified(product, notify=("blockers",))
    plan = await product.plan()
    assert (plan.state, plan.approval, plan.version) == ("proposed", before, 1)
    assert plan.notifications == ["blockers"]
    assert reply.key == f"plan:{plan.id}"
    (reply,) = await _modified(product, notify=("blockers",))
    assert "Nothing differs" in reply.text


IMPOSSIBLE: tuple[tuple[dict[str, object], str], ...] = (
    ({"drop": ("S99",)}, "no story S99"),
    ({"drop": tuple(f"S{n}" for n in range(1, 18))}, "leave out every story"),
    ({"move": "S3: Team Omega"}, "no team called Team Omega"),
    ({"move": "the third one to beta"}, "I do not understand"),
    ({"start": "soon"}, "“soon” is no date"),
    ({"start": "2020-01-01"}, "is over"),
    ({"budget_hours": "-4"}, "is no budget"),
    ({"budget_hours": "nan"}, "is no budget"),
    ({"order": "S99"}, "S99, which is not in the plan"),
    ({"order": "the important ones"}, "I do not understand the order"),
)


async def test_what_cannot_be_changed_is_said_and_nothing_moves(product: Product) -> None:
    await _proposed(product)
    for values, why in IMPOSSIBLE:
        (reply,) = await _modified(product, **values)
        assert why in reply.text, values
        assert (await product.plan()).state == "proposed", values


async def test_the_requester_takes_back_and_somebody_else_denies(product: Product) -> None:
    for person, outcome in (("david", "Taken back"), ("priya", "Denied")):
        await _proposed(product)
        plan = await product.plan()
        assert plan.approval is not None
        await product.talk.press(person, "cancel", plan.approval)
        async with product.talk.database.transaction(product.talk.tenant) as tx:
            await advance(tx, product.talk.gate, plan.id)
        assert (await product.plan()).state == "cancelled"
        notices = await product.talk.notices("approval_closed")
        titles = [card.title for reply, _ in notices if reply for card in reply.cards]
        assert f"{outcome}: plan “Customer Dashboard”" in titles
        (again,) = await _modified(product, drop=("S1",))
        assert "cannot be modified any more" in again.text
    await _proposed(product)
    assert await product.plans() == 3


async def test_the_plan_card_is_the_approval_card_of_its_thread(product: Product) -> None:
    await _proposed(product)
    assert [reply for reply, _ in await product.talk.notices("approval_requested")] == [None]
    (approvals,) = (await product.talk.say("priya", "/approvals", thread="elsewhere")).replies
    assert set(buttons(approvals)) == {"approve", "deny", "modify"}
    assert any(
        isinstance(block, Fields) and "Timeline" in dict(block.pairs) for block in approvals.cards[0].blocks
    )
    await product.talk.press("priya", "approve", (await product.plan()).approval or "", thread="elsewhere")
    ((closed, _),) = await product.talk.notices("approval_closed")
    assert closed is not None
    assert closed.key == f"plan:{(await product.plan()).id}"
    assert "Approved by Priya Ramaswell" in closed.text
    assert buttons(closed) == {}


async def test_a_document_that_asks_for_nothing_is_answered_with_why(product: Product) -> None:
    await product.talk.say("david", BUILD)
    async with product.talk.database.transaction(product.talk.tenant) as tx:
        plan = await product.plan()
        row = await tx.get(type(plan), (product.talk.tenant, plan.id))
        assert row is not None
        row.document = "PRD-gone"
    reply = await product.draft()
    assert "There is no document called 'PRD-gone'" in reply.text
    assert (await product.plan()).state == "failed"
    assert "build_document" in buttons(reply)


async def test_a_models_steps_show_on_the_card_until_the_proposal_is_there(product: Product) -> None:
    (asked,) = (await product.talk.say("david", BUILD)).replies
    plan = await product.plan()
    steps = ["Product Owner: reads the document", "Product Owner: estimates from the department's history"]
    reply = await product.card(plan.id, "plan_working", steps=steps)
    assert reply.key == asked.key, "the same message, edited"
    (progress,) = [block for block in reply.cards[0].blocks if isinstance(block, Progress)]
    assert [state for state, text in progress.steps if text in steps] == ["done", "doing"]
    await product.draft()
    async with product.talk.desk() as desk:
        late = await find_notices()["plan_working"].render(desk, {"plan": plan.id, "steps": steps}, None)
    assert late is None, "what was told too late does not hide the proposal"
