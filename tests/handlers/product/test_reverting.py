"""Taking a merge back: who may, once, and that its production is asked for no more."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text, update

from agents.engineering import production_step
from agents.engineering.delivery_rows import DELIVERY
from agents.engineering.production_step import FOLLOW, PRODUCTION, ask_step
from agents.engineering.revert_rows import Standing, standing_of
from agents.engineering.story_releases import keep_release
from agents.engineering.story_rows import is_taken_back
from agents.engineering.story_run import RUN
from agents.engineering.tables import StoryWorkRow
from agents.operations.canary import canary_run
from agents.work import runs
from agents.work.kinds import NewStep, Over, Step, Still, find_kinds
from agents.work.tables import StepRow
from governance.release_rules import ReleaseRules
from integrations.deployments import Stage
from integrations.deployments.actions import BeginCanary
from tests.handlers.conftest import buttons
from tests.handlers.product.conftest import NOW, Product


async def _merged(product: Product, **known: Any) -> str:
    async with product.talk.database.transaction(product.talk.tenant) as tx:
        run = await runs.begin(tx, find_kinds(), RUN.name, "CARD-3", (), requester="david")
        given = {
            "story": "CARD-3",
            "repository": "orders",
            "service": "orders",
            "discipline": "backend",
            "answers": "nathan",
            "brief": {"title": "Pieces", "description": "", "acceptance": []},
            "base_branch": "main",
            "base": "0" * 40,
            "branch": "countersign/x",
            "merged": "a" * 40,
            "pull_request": 7,
        }
        tx.add(StoryWorkRow(run=run.id, **{**given, **known}))
        run.state = "done"
        return run.id


async def _reverts(product: Product, run: str) -> list[StoryWorkRow]:
    async with product.talk.database.transaction(product.talk.tenant) as tx:
        return list((await tx.execute(select(StoryWorkRow).where(StoryWorkRow.takes_back == run))).scalars())


async def test_who_answers_and_who_leads_may_and_nobody_else(product: Product) -> None:
    run = await _merged(product)
    (no,) = (await product.talk.press("carlos", "revert_story", run)).replies
    assert "whoever answers for the story" in no.text
    assert await _reverts(product, run) == []
    (done,) = (await product.talk.press("nathan", "revert_story", run)).replies
    assert "Taking orders#7 back" in done.text
    (again,) = (await product.talk.press("david", "revert_story", run)).replies
    assert "already" in again.text
    (back,) = await _reverts(product, run)
    assert (back.story, back.repository, back.answers) == ("CARD-3", "orders", "nathan")
    card = await product.card_of(back.run)
    assert "revert_story" not in buttons(card), "it is not merged"


async def test_what_could_not_be_taken_back_is_tried_again(product: Product) -> None:
    run = await _merged(product)
    await product.talk.press("david", "revert_story", run)
    (back,) = await _reverts(product, run)
    async with product.talk.database.transaction(product.talk.tenant) as tx:
        failed = {"state": "failed", "detail": "It conflicts with main in orders/book.py."}
        await tx.execute(update(StepRow).where(StepRow.run == back.run).values(**failed))
        row = await runs.run_for_update(tx, back.run)
        row.state, row.why = "failed", failed["detail"]
    card = await product.card_of(back.run)
    assert card.text.startswith("Failed: CARD-3: Take back “Pieces”")
    assert "It conflicts with main in orders/book.py." in card.text
    await product.talk.press("david", "revert_story", run)
    assert [one.run for one in await _reverts(product, run)] == [back.run]
    async with product.talk.database.transaction(product.talk.tenant) as tx:
        assert (await runs.run_for_update(tx, back.run)).state == "running"


async def test_a_revert_of_a_revert_stands_again(product: Product) -> None:
    first = await _merged(product)
    second = await _merged(product, takes_back=first, pull_request=8)
    async with product.talk.database.transaction(product.talk.tenant) as tx:
        assert await is_taken_back(tx, first)
    card = await product.card_of(first)
    assert card.text.startswith("Taken back: ")
    assert "revert_story" not in buttons(card)
    third = await _merged(product, takes_back=second, pull_request=9)
    async with product.talk.database.transaction(product.talk.tenant) as tx:
        assert not await is_taken_back(tx, first)
    (said,) = (await product.talk.press("david", "revert_story", first)).replies
    assert "Taking orders#9 back" in said.text, "that is what brought it in again"
    assert [one.merged for one in await _reverts(product, third)] == [None]


async def test_what_was_tried_again_is_recorded_and_pressed_twice_it_is_not(product: Product) -> None:
    run = await _merged(product)
    await product.talk.press("david", "revert_story", run)
    (back,) = await _reverts(product, run)
    async with product.talk.database.transaction(product.talk.tenant) as tx:
        (await runs.run_for_update(tx, back.run)).state = "failed"
    (said,) = (await product.talk.press("nathan", "revert_story", run)).replies
    assert "Taking orders#7 back" in said.text
    await product.talk.press("david", "revert_story", run)
    async with product.talk.database.transaction(product.talk.tenant) as tx:
        kept = (await tx.execute(text("SELECT person FROM interventions ORDER BY at"))).scalars().all()
    assert kept == ["david", "nathan"]


@pytest.mark.parametrize("state", ["done", "cancelled"])
async def test_what_was_closed_is_taken_back_by_a_new_one(product: Product, state: str) -> None:
    run = await _merged(product)
    await product.talk.press("david", "revert_story", run)
    (first,) = await _reverts(product, run)
    async with product.talk.database.transaction(product.talk.tenant) as tx:
        (await runs.run_for_update(tx, first.run)).state = state
        assert (await standing_of(tx, [run])).stories == (run,), "it stands"
    assert "“Revert” tries it again" in (await product.card_of(run)).text
    product.talk.now = NOW + timedelta(minutes=1)
    await product.talk.press("david", "revert_story", run)
    await product.talk.press("david", "revert_story", run)
    (second,) = [one for one in await _reverts(product, run) if one.run != first.run]
    async with product.talk.database.transaction(product.talk.tenant) as tx:
        assert (await runs.run_for_update(tx, second.run)).state == "running"
        assert (await standing_of(tx, [run])).waits_for == "Take back orders#7"


async def test_its_own_engineer_opens_what_takes_it_back(product: Product) -> None:
    run = await _merged(product, discipline="frontend")
    await product.talk.press("david", "revert_story", run)
    (back,) = await _reverts(product, run)
    async with product.talk.database.transaction(product.talk.tenant) as tx:
        assert {step.actor for step in await runs.steps_of(tx, back.run)} == {"frontend_engineer"}


async def test_what_is_staged_of_it_takes_the_place_of_what_is_taken_back(product: Product) -> None:
    first = await _merged(product)
    other = await _merged(product, story="CARD-4", pull_request=9)
    back = await _merged(product, takes_back=first, pull_request=8)
    async with product.talk.database.transaction(product.talk.tenant) as tx:
        (await runs.run_for_update(tx, back)).state = "running"
        assert (await standing_of(tx, [first, other])).waits_for == "CARD-3"
        await keep_release(tx, back, service="orders", version="1.3", staged=NOW)
        assert await standing_of(tx, [first, other]) == Standing((other,), "1.3")
        assert (await standing_of(tx, [first])).stories == ()
        (await runs.run_for_update(tx, back)).state = "failed"
        assert await standing_of(tx, [first, other]) == Standing((other,), "1.3")
        await keep_release(tx, back, staged=None, says="It cannot be released.")
        assert (await standing_of(tx, [first, other])).stuck == "CARD-3"


def _canary() -> BeginCanary:
    rules = ReleaseRules()
    return BeginCanary(
        service="orders",
        environment=Stage.PRODUCTION,
        version="1.2",
        content="2" * 64,
        before="1.1",
        before_content="1" * 64,
        shares=rules.shares,
        lease=rules.lease_seconds,
        least_requests=rules.least_requests,
        least_seconds=rules.least_seconds,
        deadline=rules.deadline_seconds,
        rationale="It is merged.",
        impact="It runs.",
        rollback_plan="Back.",
    )


async def test_its_production_is_asked_for_no_more(product: Product) -> None:
    run = await _merged(product)
    async with product.talk.database.transaction(product.talk.tenant) as tx:
        canary = await canary_run.begin(
            tx, runs.new_id(), _canary(), None, requester="david", place=None, turn=None
        )
        merging = await runs.run_for_update(tx, run)
        merging.state = "running"
        follow = NewStep("production:orders:canary", FOLLOW, "x", {"run": canary.id})
        await runs.add_steps(tx, find_kinds(), merging, [follow])
    product.talk.now = NOW + timedelta(minutes=1)
    await product.talk.press("david", "revert_story", run)
    async with product.talk.database.transaction(product.talk.tenant) as tx:
        assert (await runs.run_for_update(tx, canary.id)).state == "cancelled"
        assert (await runs.run_for_update(tx, run)).state == "cancelled"


@pytest.mark.parametrize("begun", [False, True])
async def test_the_canary_of_its_plan_ends_and_what_else_is_in_it_is_asked_for_again(
    product: Product, begun: bool
) -> None:
    run = await _merged(product)
    other = await _merged(product, story="CARD-4", pull_request=9)
    asked = ask_step("orders", "1.2", "orders", (run, other), "watch")
    args = {**asked.args, "asked": True, "by": "canary"}
    async with product.talk.database.transaction(product.talk.tenant) as tx:
        delivery = await runs.begin(tx, find_kinds(), DELIVERY, "Writing", (), requester="david", plan="pl_1")
        canary = await canary_run.begin(
            tx, runs.new_id(), _canary(), None, requester="david", place=None, turn=None
        )
        follow = NewStep("canary", FOLLOW, "x", {"run": canary.id})
        seen = NewStep("seen", PRODUCTION, "x", args, ("canary",))
        await runs.add_steps(tx, find_kinds(), delivery, [follow, seen])
        if begun:
            mine = (StepRow.run == canary.id, StepRow.key == canary_run.BEGIN)
            await tx.execute(update(StepRow).where(*mine).values(state="done"))
    await product.talk.press("david", "revert_story", run)
    (back,) = await _reverts(product, run)
    async with product.talk.database.transaction(product.talk.tenant) as tx:
        assert (await runs.run_for_update(tx, canary.id)).state == "cancelled"
        assert (await runs.run_for_update(tx, delivery.id)).state == "running"
        (_, row) = await runs.steps_of(tx, delivery.id)
        ends = [step for step in await runs.steps_of(tx, back.run) if step.kind == canary_run.ABORT_KIND]
        assert len(ends) == begun, "what has traffic is ended at once"
    step = Step(product.talk.tenant, delivery.id, "seen", "", row.args, None, None, "pl_1", 1, None, {})
    worker = _Worker(product)
    assert isinstance(await production_step._production(step, worker), Still), "it is being taken back"  # type: ignore[arg-type]
    async with product.talk.database.transaction(product.talk.tenant) as tx:
        await tx.execute(update(StoryWorkRow).where(StoryWorkRow.run == back.run).values(merged="b" * 40))
        await keep_release(tx, back.run, service="orders", version="1.3", staged=NOW)
    looked = await production_step._production(step, worker)  # type: ignore[arg-type]
    assert looked == Over({"again": "1.3", "stories": [other]})
    async with product.talk.database.transaction(product.talk.tenant) as tx:
        (again,) = await production_step._after_production(tx, step, looked.result)
    assert (again.args["version"], again.args["stories"], again.args["asked"]) == ("1.3", [other], False)


async def test_what_is_taken_back_while_production_is_looked_at_is_not_asked_for(product: Product) -> None:
    run = await _merged(product)
    asked = ask_step("orders", "1.2", "orders", (run,), "watch")
    async with product.talk.database.transaction(product.talk.tenant) as tx:
        delivery = await runs.begin(tx, find_kinds(), DELIVERY, "Writing", (), requester="david", plan="pl_1")
    step = Step(product.talk.tenant, delivery.id, asked.key, "", asked.args, None, None, "pl_1", 1, None, {})
    await product.talk.press("david", "revert_story", run)
    looked = {"action": _canary().body(), "free": None, "stories": [run], "version": "1.2"}
    async with product.talk.database.transaction(product.talk.tenant) as tx:
        (again,) = await production_step._after_production(tx, step, looked)
    assert (again.kind, again.args["asked"]) == (PRODUCTION, False)


@dataclass
class _Worker:
    """A worker over the product's rows, whose outside world is not asked."""

    product: Product

    def transaction(self) -> Any:
        return self.product.talk.database.transaction(self.product.talk.tenant)

    def now(self) -> datetime:
        return self.product.talk.now


async def test_what_follows_a_run_ends_with_it_and_with_its_plan(product: Product) -> None:
    asked = ask_step("orders", "1.2", "orders", (await _merged(product),), "watch")
    looked = {"action": _canary().body(), "free": None, "stories": asked.args["stories"], "version": "1.2"}
    async with product.talk.database.transaction(product.talk.tenant) as tx:
        delivery = await runs.begin(tx, find_kinds(), DELIVERY, "Writing", (), requester="david", plan="pl_1")
        step = Step(
            product.talk.tenant, delivery.id, asked.key, "", asked.args, None, None, "pl_1", 1, None, {}
        )
        follow, _ = await production_step._after_production(tx, step, looked)
        canary = await runs.run_for_update(tx, follow.args["run"])
        assert canary.plan == "pl_1"
        (await runs.run_for_update(tx, delivery.id)).state = "paused"
    ends, step = production_step._follow_no_more, replace(step, args=follow.args)
    product.talk.now = NOW + timedelta(minutes=1)
    for state, left in (("paused", "running"), ("cancelled", "cancelled")):
        async with product.talk.database.transaction(product.talk.tenant) as tx:
            (await runs.run_for_update(tx, delivery.id)).state = state
        await ends(step, _Worker(product))  # type: ignore[arg-type]
        async with product.talk.database.transaction(product.talk.tenant) as tx:
            assert (await runs.run_for_update(tx, canary.id)).state == left
