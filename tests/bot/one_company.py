"""One company's jobs, tried once: what its rows say, what is queued, and what people were shown."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from agents.plans.rows import new_plan
from bot import worker
from bot.bootstrap import open_installation
from bot.console.adapter import direct_channel
from bot.department import Installation
from bot.jobs import Jobs
from bot.tables import OutboxRow
from bot.wire import place_to_json, reply_from_json
from bot.worker import make_app, run_worker
from governance.effects import Origin
from governance.people import Actor
from governance.places import Audience, Place
from integrations.tracker import EpicDraft, Priority
from integrations.tracker.actions import CreateEpic
from storage.embedded import EmbeddedServer
from storage.jobs import defer, queues_of
from tests.books import TAMPERED
from tests.workplace import Deaf, settings_of

DAVID = Place("console", direct_channel("david"), "m1", Audience.DIRECT)
"""David's direct conversation, in which everything here is told."""


@asynccontextmanager
async def one_company(server: EmbeddedServer, folder: Path, **settings: Any) -> AsyncIterator[Installation]:
    """The sample department, a company of its own, without a worker."""
    opened = await open_installation(settings_of(server, folder, openai_api_key=None, **settings))
    opened.__dict__["recogniser"] = Deaf()
    yield opened
    await rows(opened, "DELETE FROM procrastinate_jobs WHERE args->>'tenant' = :t", t=opened.settings.tenant)
    await opened.close()


async def rows(installation: Installation, query: str, **values: Any) -> list[Any]:
    async with installation.database.transaction(installation.settings.tenant) as tx:
        found = await tx.execute(text(query), values)
        return [tuple(row) for row in found] if found.returns_rows else []


async def queued(installation: Installation, name: str) -> list[Any]:
    query = "SELECT args FROM procrastinate_jobs WHERE task_name = :name AND args->>'tenant' = :tenant"
    return [args for (args,) in await rows(installation, query, name=name, tenant=installation.settings.tenant)]


async def work_and_give_up(installation: Installation, jobs: Jobs, name: str, args: dict[str, str]) -> str:
    """Everything that is shown in the end, with this job and those that it sets going tried once each."""
    async with installation.database.transaction(installation.settings.tenant) as tx:
        await defer(tx, name, args, slow=True)
    await work_off(installation, jobs)
    return await shown(installation)


async def work_off(installation: Installation, jobs: Jobs) -> None:
    """Work until no job of this company waits or runs."""
    tenant = installation.settings.tenant
    app = make_app(installation.urls.app, jobs.by_name(), connections=6)
    async with app.open_async():
        work = run_worker(app, queues_of(tenant), concurrency=4, name="test", ends=jobs.ends())
        task = asyncio.create_task(work)
        unfinished = (
            "SELECT 1 FROM procrastinate_jobs WHERE args->>'tenant' = :t AND status IN ('todo', 'doing')"
        )
        async with asyncio.timeout(60):
            while await rows(installation, unfinished, t=tenant):  # noqa: ASYNC110 — the rows are the truth
                await asyncio.sleep(0.05)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def shown(installation: Installation) -> str:
    async with installation.database.transaction(installation.settings.tenant) as tx:
        rows = (await tx.execute(OutboxRow.__table__.select().order_by(OutboxRow.number))).all()
    return "\n".join(reply_from_json(row.reply).text for row in rows)


@pytest.fixture
async def office(
    server: EmbeddedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Installation]:
    async def numbered(*_: object) -> None:
        """No sequencer runs here; what it does is tested elsewhere."""

    monkeypatch.setattr(worker, "MOST_TRIES", 0)
    monkeypatch.setattr("governance.performing.wait_until_numbered", numbered)
    async with one_company(server, tmp_path, checkpoint_channel="compliance") as opened:
        TAMPERED.add(opened.settings.tenant)
        yield opened


async def told(office: Installation, subject: str) -> list[Any]:
    query = "SELECT people, ids ->> 'what', ids ->> 'next' FROM notices WHERE ids ->> 'subject' = :s"
    return await rows(office, query, s=subject)


async def waiting(office: Installation, job: str) -> list[Any]:
    query = (
        "SELECT args FROM procrastinate_jobs WHERE task_name = :n AND status = 'todo' AND args->>'tenant' = :t"
    )
    return await rows(office, query, n=job, t=office.settings.tenant)


async def plan_in(office: Installation, state: str, **columns: Any) -> str:
    async with office.database.transaction(office.settings.tenant) as tx:
        plan = new_plan("PRD-statements", "david", place_to_json(DAVID), DAVID.key, None)
        plan.state, plan.title = state, "Statements"
        for name, value in columns.items():
            setattr(plan, name, value)
        tx.add(plan)
    return plan.id


async def effect_of(office: Installation, title: str) -> str:
    action = CreateEpic(
        draft=EpicDraft(title, "checkout", None, Priority.P2),
        rationale="It is wanted.",
        impact="One epic.",
        rollback_plan="Cancel it.",
    )
    actor = Actor("person", "david", identity="console:david")
    async with office.database.transaction(office.settings.tenant) as tx:
        origin = Origin(None, place_to_json(DAVID))
        return (await office.jobs.gate.submit(tx, action, actor=actor, origin=origin)).effect
