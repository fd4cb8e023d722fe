"""The jobs: one poisoned row stops no other, what is given up is ended, and what stands still is told of."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from agents.plans.rows import new_plan
from bot import worker
from bot.console.adapter import direct_channel
from bot.department import Installation
from bot.inbox import store_words
from bot.jobs import Jobs
from bot.opening import open_installation
from bot.tables import OutboxRow
from bot.wire import place_to_json, reply_from_json
from bot.worker import make_app, run_worker
from governance.places import Audience, Place
from integrations.tracker import Story
from storage.embedded import EmbeddedServer
from storage.jobs import defer, queues_of
from tests.workplace import Deaf, settings_of

DAVID = Place("console", direct_channel("david"), "m1", Audience.DIRECT)


@pytest.fixture
async def installation(server: EmbeddedServer, tmp_path: Path) -> AsyncIterator[Installation]:
    opened = await open_installation(settings_of(server, tmp_path, openai_api_key=None))
    opened.__dict__["recogniser"] = Deaf()
    yield opened
    await _all(opened, "DELETE FROM procrastinate_jobs WHERE args->>'tenant' = :t", t=opened.settings.tenant)
    await opened.close()


async def _all(installation: Installation, query: str, **values: Any) -> list[Any]:
    async with installation.database.transaction(installation.settings.tenant) as tx:
        found = await tx.execute(text(query), values)
        return [tuple(row) for row in found] if found.returns_rows else []


async def _queued(installation: Installation, name: str) -> list[Any]:
    query = "SELECT args FROM procrastinate_jobs WHERE task_name = :name AND args->>'tenant' = :tenant"
    return [args for (args,) in await _all(installation, query, name=name, tenant=installation.settings.tenant)]


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

    async def stories(self, _caller: object, query: Any) -> Sequence[Story]:
        if query.epic == "EPIC-bad":
            raise ValueError("this epic is poisoned")
        return ()


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
    await _all(
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
    assert [args["plan"] for args in await _queued(installation, "advance_plan")] == [forgotten]
    assert len(await _queued(installation, "check_subscriptions")) == 1


async def test_a_plan_without_a_job_gets_one_and_a_plan_with_one_no_other(installation: Installation) -> None:
    plan = await _plan(installation, "drafting")
    for _ in range(2):
        await installation.jobs.sweep(installation.settings.tenant)
        assert [args["plan"] for args in await _queued(installation, "draft_plan")] == [plan]


async def _work_and_give_up(installation: Installation, jobs: Jobs, name: str, args: dict[str, str]) -> str:
    """Everything that is shown in the end, with the job tried once."""
    tenant = installation.settings.tenant
    async with installation.database.transaction(tenant) as tx:
        await defer(tx, name, args, slow=True)
    app = make_app(installation.urls.app, jobs.by_name(), connections=6)
    async with app.open_async():
        work = run_worker(app, queues_of(tenant), concurrency=4, name="test", ends=jobs.ends())
        task = asyncio.create_task(work)
        unfinished = (
            "SELECT 1 FROM procrastinate_jobs WHERE args->>'tenant' = :t AND status IN ('todo', 'doing')"
        )
        async with asyncio.timeout(60):
            while await _all(installation, unfinished, t=tenant):  # noqa: ASYNC110 — the rows are the truth
                await asyncio.sleep(0.05)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    return await _shown(installation)


async def _shown(installation: Installation) -> str:
    async with installation.database.transaction(installation.settings.tenant) as tx:
        rows = (await tx.execute(OutboxRow.__table__.select().order_by(OutboxRow.number))).all()
    return "\n".join(reply_from_json(row.reply).text for row in rows)


async def _state(installation: Installation, plan: str) -> tuple[str, str]:
    ((state, why),) = await _all(installation, "SELECT state, why FROM plans WHERE id = :id", id=plan)
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
    shown = await _work_and_give_up(
        installation, replace(jobs, drafting=drafting), "draft_plan", {"plan": plan}
    )
    state, why = await _state(installation, plan)
    assert state == "failed"
    assert "trying again did not help" in why
    assert f"No plan for PRD-statements: {why} Nothing was carried out." in shown


async def test_a_plan_whose_next_step_cannot_be_begun_is_paused_and_its_owner_told(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "MOST_TRIES", 0)
    plan = await _plan(installation, "executing", draft="{", title="Statements")
    shown = await _work_and_give_up(installation, installation.jobs, "advance_plan", {"plan": plan})
    state, why = await _state(installation, plan)
    assert state == "paused"
    assert "Resume it to try once more, or cancel it." in why
    assert "“Statements” is paused: its next step could not be begun." in shown


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
    shown = await _shown(installation)
    assert "The answer to your message takes longer than it should: over 2 minutes by now." in shown
    assert "The plan “Statements” takes longer than it should: over 20 minutes by now." in shown


async def _age(installation: Installation, by: str) -> None:
    await _all(
        installation,
        "UPDATE procrastinate_events SET at = at - CAST(:by AS interval) FROM procrastinate_jobs AS job"
        " WHERE job.id = job_id AND job.args->>'tenant' = :tenant",
        by=by,
        tenant=installation.settings.tenant,
    )


async def _stands_still(installation: Installation) -> list[Any]:
    return await _all(installation, "SELECT id FROM notices WHERE kind = 'work_stands_still'")
