"""The jobs: one poisoned row stops no other, what is given up is ended, and what stands still is told of."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agents.plans.rows import new_plan
from bot import worker
from bot.department import Installation
from bot.inbox import store_words
from bot.jobs import Jobs
from bot.wire import place_to_json
from integrations.pages import Page
from integrations.tracker import Story
from storage.embedded import EmbeddedServer
from storage.jobs import defer
from tests.bot.one_company import DAVID, one_company, queued, rows, shown, work_and_give_up


@pytest.fixture
async def installation(server: EmbeddedServer, tmp_path: Path) -> AsyncIterator[Installation]:
    async with one_company(server, tmp_path) as opened:
        yield opened


async def _plan(installation: Installation, state: str, **columns: Any) -> str:
    async with installation.database.transaction(installation.settings.tenant) as tx:
        plan = new_plan("PRD-statements", "david", place_to_json(DAVID), DAVID.key, None)
        plan.state = state
        for name, value in columns.items():
            setattr(plan, name, value)
        tx.add(plan)
    return plan.id


class Tracker:
    """A tracker in which one epic cannot be read."""

    async def stories(self, _caller: object, query: Any) -> Page[Story]:
        if query.epic == "EPIC-bad":
            raise ValueError("this epic is poisoned")
        return Page((), None)


async def test_one_poisoned_row_keeps_the_sweep_from_nothing_else(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(_tx: object) -> None:
        raise ValueError("these effects are poisoned")

    counted: list[tuple[str, float]] = []

    async def take_note_of(_tx: object, plan: str, hours: float) -> None:
        counted.append((plan, hours))

    monkeypatch.setattr("bot.jobs.queue_abandoned", broken)
    monkeypatch.setattr("agents.plans.consumption.take_note_of", take_note_of)
    await rows(
        installation,
        "INSERT INTO approvals (id, title, decision_type, digest, ruling, notifications, actor, status, body,"
        " opened) VALUES ('ap_bad', 'Bad', 'plan_execution', '', '{}', '[]', '{}', 'open', '{}', now())",
    )
    forgotten = await _plan(installation, "executing", draft="{")
    await _plan(installation, "created", epic="EPIC-bad")
    good = await _plan(installation, "created", epic="EPIC-good")
    jobs: Jobs = replace(installation.jobs, tracker=lambda _: Tracker())  # type: ignore[arg-type, return-value]
    await jobs.sweep(installation.settings.tenant)
    assert counted == [(good, 0)]
    assert [args["plan"] for args in await queued(installation, "advance_plan")] == [forgotten]
    assert len(await queued(installation, "check_subscriptions")) == 1


async def test_a_plan_without_a_job_gets_one_and_a_plan_with_one_no_other(installation: Installation) -> None:
    plan = await _plan(installation, "drafting")
    for _ in range(2):
        await installation.jobs.sweep(installation.settings.tenant)
        assert [args["plan"] for args in await queued(installation, "draft_plan")] == [plan]


async def _state(installation: Installation, plan: str) -> tuple[str, str]:
    ((state, why),) = await rows(installation, "SELECT state, why FROM plans WHERE id = :id", id=plan)
    return state, why


class Author:
    """Cannot work any plan out."""

    async def draft(self, *_given: object) -> None:
        raise ValueError("zip() argument 2 is shorter than argument 1")


async def test_a_plan_that_cannot_be_worked_out_ends_and_says_so(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "MOST_TRIES", 0)
    plan = await _plan(installation, "drafting")
    author: Any = Author()
    jobs = installation.jobs

    drafting = replace(jobs.drafting, author=author, agent_work=lambda _: nullcontext())  # type: ignore[arg-type, return-value]
    shown = await work_and_give_up(installation, replace(jobs, drafting=drafting), "draft_plan", {"plan": plan})
    state, why = await _state(installation, plan)
    assert state == "failed"
    assert "trying again did not help" in why
    assert f"No plan for PRD-statements: {why} Nothing was carried out." in shown


async def test_a_plan_whose_next_step_cannot_be_begun_is_paused_and_its_owner_told(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "MOST_TRIES", 0)
    plan = await _plan(installation, "executing", draft="{", title="Statements")
    shown = await work_and_give_up(installation, installation.jobs, "advance_plan", {"plan": plan})
    state, why = await _state(installation, plan)
    assert state == "paused"
    assert "Resume it to try once more, or cancel it." in why
    assert "“Statements” is paused: its next step could not be done." in shown


async def test_who_waits_for_work_that_stands_still_is_told_once(installation: Installation) -> None:
    tenant = installation.settings.tenant
    plan = await _plan(installation, "drafting", title="Statements")
    async with installation.database.transaction(tenant) as tx:
        await store_words(tx, platform="console", key="k", identity="console:david", place=DAVID, text="hello")
        await defer(tx, "draft_plan", {"plan": plan}, slow=True)
        await defer(tx, "replan", {"plan": plan, "person": "david"}, slow=True)
    await _age(installation, "1 minute")
    await installation.jobs.sweep(tenant)
    assert await _stands_still(installation) == []
    await _age(installation, "30 minutes")
    for _ in range(2):
        await installation.jobs.sweep(tenant)
        told = await _stands_still(installation)
        assert len(told) == 2
    for (notice,) in told:
        await installation.jobs.post_notice(tenant, notice)
    cards = await shown(installation)
    assert "The answer to your message takes longer than it should: over 2 minutes by now." in cards
    assert "The plan “Statements” takes longer than it should: over 20 minutes by now." in cards


async def _age(installation: Installation, by: str) -> None:
    await rows(
        installation,
        "UPDATE procrastinate_events SET at = at - CAST(:by AS interval) FROM procrastinate_jobs AS job"
        " WHERE job.id = job_id AND job.args->>'tenant' = :tenant",
        by=by,
        tenant=installation.settings.tenant,
    )


async def _stands_still(installation: Installation) -> list[Any]:
    return await rows(installation, "SELECT id FROM notices WHERE kind = 'work_stands_still'")
