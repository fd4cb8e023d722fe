"""Poisoned plans: each ends, pauses or goes on as far as it can, and its person is told once what to do."""

from __future__ import annotations

import pytest

from agents.planning.draft import to_json
from agents.planning.plan import plan as planned
from agents.plans import steps
from agents.plans.rows import plan_for_update
from bot.department import Installation
from tests.agents.acme_input import planning_input
from tests.bot.one_company import plan_in, rows, told, waiting, work_and_give_up, work_off


async def test_a_failed_epic_pauses_its_plan_tells_its_person_and_is_tried_again_when_resumed(
    office: Installation,
) -> None:
    plan = await plan_in(office, "proposed", draft=_draft())
    async with office.database.transaction(office.settings.tenant) as tx:
        await steps.begin(tx, await plan_for_update(tx, plan))
    ((run,),) = await rows(office, "SELECT run FROM plans WHERE id = :p", p=plan)
    await office.jobs.advance_run(office.settings.tenant, run)
    await rows(office, "UPDATE effects SET state = 'failed', outcome = NULL WHERE plan = :p", p=plan)
    await office.jobs.advance_run(office.settings.tenant, run)
    await rows(office, "DELETE FROM procrastinate_jobs WHERE args->>'tenant' = :t", t=office.settings.tenant)
    text = await work_and_give_up(office, office.jobs, "advance_plan", {"plan": plan})
    assert await rows(office, "SELECT state FROM plans WHERE id = :p", p=plan) == [("paused",)]
    assert "The epic could not be made, so its stories were not started. Resume it to try again." in text
    async with office.database.transaction(office.settings.tenant) as tx:
        await steps.resume(tx, await plan_for_update(tx, plan))
    epic = "SELECT state, effect FROM run_steps WHERE key = 'epic' AND run = :r"
    assert await rows(office, epic, r=run) == [("waiting", None)]


def _draft() -> str:
    text = "# Statements\n\n**Product:** Checkout\n\n## Requirements\n\n- FR-1: It must list statements.\n"
    return to_json(planned(planning_input("PRD-statements", text))).decode()


async def test_hours_that_cannot_be_counted_are_told_of_once_and_the_sweep_goes_on(
    office: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def worked(_tracker: object, epic: str) -> float:
        if epic == "EPIC-bad":
            raise ValueError("this epic is poisoned")
        return 3.0

    monkeypatch.setattr("agents.plans.consumption.hours_worked", worked)
    bad = await plan_in(office, "created", epic="EPIC-bad")
    good = await plan_in(office, "created", epic="EPIC-good")
    for _ in range(2):
        await office.jobs.sweep(office.settings.tenant)
        await work_off(office, office.jobs)
    ((people, what, then),) = await told(office, f"hours:{bad}")
    assert people == ["david"]
    assert "its budget is not watched now" in what
    assert "pause the plan" in then
    assert await rows(office, "SELECT used_hours FROM plans WHERE id = :p", p=good) == [(3.0,)]


async def test_a_draft_that_cannot_be_read_ends_its_plan_and_the_document_can_be_planned_anew(
    office: Installation,
) -> None:
    plan = await plan_in(office, "drafting", draft="{", original="{", version=1)
    text = await work_and_give_up(office, office.jobs, "draft_plan", {"plan": plan})
    ((state, why),) = await rows(office, "SELECT state, why FROM plans WHERE id = :p", p=plan)
    assert state == "failed"
    assert f"No plan for PRD-statements: {why}" in text
    await office.jobs.sweep(office.settings.tenant)
    assert await waiting(office, "draft_plan") == []


async def test_a_plan_that_is_set_up_and_cannot_be_advanced_is_told_of_once(
    office: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise ValueError("this plan is poisoned")

    monkeypatch.setattr("agents.plans.coordination.advance", broken)
    plan = await plan_in(office, "created")
    for _ in range(2):
        await work_and_give_up(office, office.jobs, "advance_plan", {"plan": plan})
    ((people, what, _),) = await told(office, f"step:{plan}")
    assert people == ["david"]
    assert "“Statements” could not be brought up to date" in what


async def test_a_replanning_that_always_fails_leaves_the_plan_and_says_so(office: Installation) -> None:
    plan = await plan_in(office, "created", draft="{")
    text = await work_and_give_up(office, office.jobs, "replan", {"plan": plan, "person": "david"})
    assert "trying again did not help" in text
    assert "“Statements” stands as it is." in text
