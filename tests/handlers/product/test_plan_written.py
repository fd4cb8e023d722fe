"""A plan while agents write it: its one message, its budget, what blocks it, its day and its end."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select, update

from agents.engineering.delivery_rows import DELIVERY, hours_of, written
from agents.engineering.story_releases import keep_release
from agents.engineering.story_rows import DELIVERED, plan_of, tell_blocked
from agents.engineering.story_run import RUN
from agents.engineering.tables import StoryWorkRow
from agents.model_tables import ModelUseRow
from agents.plans import coordination
from agents.plans.rows import plan_for_update, steps_of
from agents.work import runs
from agents.work.kinds import NewStep, find_kinds
from agents.work.tables import RunRow, StepRow
from governance.department_rows import read_department
from handlers.conversation.cards import Progress, Reply, Table
from storage.notices import NoticeRow
from tests.handlers.conftest import buttons
from tests.handlers.product.conftest import NOW, Product
from tests.handlers.product.test_plan_under_way import _begun, _do


async def _set_up(product: Product) -> str:
    plan = await _begun(product)
    await product.advance(plan)
    await _do(product, plan)
    return plan


async def _written(product: Product) -> str:
    plan = await _set_up(product)
    await product.talk.press("david", "write_plan", plan)
    return plan


async def _deliveries(product: Product) -> list[RunRow]:
    async with product.talk.database.transaction(product.talk.tenant) as tx:
        query = select(RunRow).where(RunRow.kind == DELIVERY).order_by(RunRow.created)
        return list((await tx.execute(query)).scalars())


async def _work(product: Product, story: str, state: str = "running", **known: object) -> str:
    """An agent's work on a story, which took a quarter of an hour, and was paused for a day's work."""
    async with product.talk.database.transaction(product.talk.tenant) as tx:
        first = NewStep("write", "write_backend", "Write it")
        run = await runs.begin(
            tx, find_kinds(), RUN.name, story, (first,), requester="david", plan=await plan_of(tx, story)
        )
        given = {
            "story": story,
            "repository": "orders",
            "service": "orders",
            "discipline": "backend",
            "answers": "kofi",
            "brief": {"title": story, "description": "", "acceptance": []},
            "base_branch": "main",
            "base": "0" * 40,
            "branch": "countersign/x",
        }
        tx.add(StoryWorkRow(run=run.id, **{**given, **known}))
        await tx.flush()
        used = {"input_tokens": 1, "output_tokens": 1, "cost": Decimal("1.25")}
        tx.add(ModelUseRow(run=run.id, subject=run.id, role="backend_engineer", model="m", **used))
        times = {"started": NOW - timedelta(hours=9), "finished": NOW, "worked": 900, "state": "done"}
        await tx.execute(update(StepRow).where(StepRow.run == run.id).values(**times))
        run.state = state
        return run.id


def _lines(reply: Reply) -> list[tuple[str, str]]:
    return list(next(block for block in reply.cards[0].blocks if isinstance(block, Progress)).steps)


async def _stories(product: Product) -> list[str]:
    (delivery,) = await _deliveries(product)
    async with product.talk.database.transaction(product.talk.tenant) as tx:
        return [one.story for one in await written(tx, delivery.id)]


async def test_pressed_twice_it_is_begun_once(product: Product) -> None:
    plan = await _written(product)
    (again,) = (await product.talk.press("amanda", "write_plan", plan)).replies
    assert "already" in again.text
    (delivery,) = await _deliveries(product)
    progress = await product.card(plan, "plan_progress")
    assert progress.text.startswith("Being written: ")
    assert "0 of 17 stories merged" in progress.text
    assert set(buttons(progress)) == {"pause_plan", "stop_writing"}
    async with product.talk.database.transaction(product.talk.tenant) as tx:
        steps = await runs.steps_of(tx, delivery.id)
    assert sum(one.kind == DELIVERED for one in steps) == 17


async def test_the_message_says_who_is_at_what_and_what_it_took(product: Product) -> None:
    plan = await _written(product)
    first, second, third, fourth, *_ = await _stories(product)
    produced = await _work(product, first, "done", merged="a" * 40, pull_request=1)
    back = await _work(product, second, "done", merged="b" * 40, pull_request=2)
    await _work(product, third, blocked="Its tests fail.\nIn detail: …")
    await _work(product, fourth, pull_request=4)
    async with product.talk.database.transaction(product.talk.tenant) as tx:
        known = {"service": "orders", "version": "1.0-gaaa", "address": "http://127.0.0.1:1"}
        await keep_release(tx, produced, staged=NOW, produced=NOW, **known)
    await _work(product, second, "done", merged="c" * 40, takes_back=back)
    progress = await product.card(plan, "plan_progress")
    shown = {line.split(" ")[0]: (state, line) for state, line in _lines(progress)}
    assert shown[first] == ("done", shown[first][1])
    assert shown[first][1].endswith(": in production as orders 1.0-gaaa")
    assert shown[second] == ("failed", shown[second][1])
    assert shown[second][1].endswith(": taken back")
    assert shown[third][1].endswith("needs a person: Its tests fail.")
    assert shown[fourth][1].endswith("being written in orders#4")
    assert progress.text.startswith("Needs a person: ")
    assert "http://127.0.0.1:1" in repr(progress.cards)
    facts = {fact.id: fact.value for fact in progress.facts}
    assert (facts["merged"], facts["staged"], facts["produced"]) == (1, 1, 1)
    assert facts["model_cost"] == Decimal("5.00"), "what takes a merge back is none of the story's own work"


async def test_the_day_and_the_end_compare_what_came(product: Product) -> None:
    plan = await _written(product)
    first, second, *_ = await _stories(product)
    run = await _work(product, first, "done", merged="a" * 40, pull_request=1)
    await _work(product, second, blocked="It needs a model.")
    async with product.talk.database.transaction(product.talk.tenant) as tx:
        await keep_release(tx, run, service="orders", version="1.0-ga", staged=NOW, created=NOW)
    day = await product.card(plan, "plan_daily")
    assert "1 story merged in the last day" in day.text
    assert "It needs a model." in repr(day.cards)
    end = await product.card(plan, "plan_delivered")
    assert "Over, and not complete" in end.text
    table = next(block for block in end.cards[0].blocks if isinstance(block, Table))
    assert table.rows[0] == ("Stories", "17", "1 merged")
    assert {"estimate", "plan_cost", "promised"} & {fact.id for fact in end.facts} or "not known" in repr(table)
    assert all(fact.source.detail for fact in end.facts)


async def test_a_plans_pause_stops_its_stories_and_those_alone(product: Product) -> None:
    plan = await _written(product)
    first, second, *_ = await _stories(product)
    going, held = await _work(product, first), await _work(product, second)
    async with product.talk.database.transaction(product.talk.tenant) as tx:
        await runs.pause(tx, held, "Kofi paused it.")
    (reply,) = (await product.talk.press("david", "pause_plan", plan)).replies
    assert "is paused" in reply.text
    assert await _states(product, going, held) == ["paused", "paused"]
    assert [one.state for one in await _deliveries(product)] == ["paused"]
    await product.talk.say("david", "/plan resume the dashboard plan")
    assert await _states(product, going, held) == ["running", "paused"], "who paused it for itself resumes it"
    assert [one.state for one in await _deliveries(product)] == ["running"]
    assert (await product.plan()).state == "created"


async def _states(product: Product, *ids: str) -> list[str]:
    async with product.talk.database.transaction(product.talk.tenant) as tx:
        return [(await runs.run_for_update(tx, id)).state for id in ids]


async def test_a_budget_that_is_used_up_stops_the_writing(product: Product) -> None:
    plan = await _written(product)
    first, *_ = await _stories(product)
    run = await _work(product, first)
    async with product.talk.database.transaction(product.talk.tenant) as tx:
        (delivery,) = await _deliveries(product)
        hours = await hours_of(tx, await written(tx, delivery.id))
        assert hours == pytest.approx(0.25)
        (await plan_for_update(tx, plan)).budget_hours = 0.25
        await coordination.spend(tx, plan, hours)
    await product.advance(plan)
    assert await _states(product, run) == ["paused"]
    over = await product.card(plan, "plan_over_budget")
    assert {button.label for button in buttons(over).values()} == {"Raise budget…", "Stop here"}
    await product.talk.press("david", "stop_writing", plan)
    assert await _states(product, run) == ["cancelled"]
    assert (await product.plan()).state == "created"
    ((end, people),) = await product.talk.notices("plan_delivered")
    assert end is not None
    assert "stopped it" in end.text
    assert people == ["david"]
    assert set(buttons(end)) == {"write_plan"}
    await product.talk.press("david", "write_plan", plan)
    assert [one.state for one in await _deliveries(product)] == ["cancelled", "running"]


@pytest.mark.parametrize(("wishes", "told"), [([], ["kofi"]), (["blockers"], ["kofi", "david"])])
async def test_blockers_reach_who_answers_and_who_wanted_to_hear(
    product: Product, wishes: list[str], told: list[str]
) -> None:
    plan = await _written(product)
    first, *_ = await _stories(product)
    run = await _work(product, first, blocked="Its tests fail.")
    async with product.talk.database.transaction(product.talk.tenant) as tx:
        (await plan_for_update(tx, plan)).notifications = wishes
        await tx.flush()
        work = (await tx.execute(select(StoryWorkRow).where(StoryWorkRow.run == run))).scalar_one()
        await tell_blocked(tx, work, "Its tests fail.")
        await tx.flush()
        query = select(NoticeRow).where(NoticeRow.kind == "story_blocked")
        notice = (await tx.execute(query)).scalar_one()
        assert notice.people == told
        assert (notice.place is not None) == bool(wishes)


async def test_approving_begins_the_writing_where_the_department_says_so(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def by_itself(tx: object) -> object:
        department = await read_department(tx)  # type: ignore[arg-type]
        plans = department.plans.model_copy(update={"writing": "by itself"})
        return department.model_copy(update={"plans": plans})

    monkeypatch.setattr(coordination, "read_department", by_itself)
    plan = await _set_up(product)
    (delivery,) = await _deliveries(product)
    assert delivery.requester == "david"
    assert delivery.subject == f"plan:{plan}"
    await product.advance(plan)
    assert len(await _deliveries(product)) == 1
    await product.talk.press("david", "stop_writing", plan)
    async with product.talk.database.transaction(product.talk.tenant) as tx:
        (await plan_for_update(tx, plan)).state = "executing"  # as after a replanning
    await product.advance(plan)
    assert (await product.plan()).state == "created"
    assert len(await _deliveries(product)) == 1, "what people stopped, people begin again"


async def test_of_a_plan_that_is_cancelled_nothing_is_begun(product: Product) -> None:
    plan = await _set_up(product)
    async with product.talk.database.transaction(product.talk.tenant) as tx:
        row = await plan_for_update(tx, plan)
        row.state = "cancelled"
        assert await coordination.begin_writing(tx, row, await steps_of(tx, plan)) == 0
    (reply,) = (await product.talk.press("david", "write_plan", plan)).replies
    assert "is cancelled" in reply.text
    assert await _deliveries(product) == []
