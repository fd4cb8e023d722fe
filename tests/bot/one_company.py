"""One company's jobs, tried once: what its rows say, what is queued, and what people were shown."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import text

from bot.department import Installation
from bot.jobs import Jobs
from bot.opening import open_installation
from bot.tables import OutboxRow
from bot.wire import reply_from_json
from bot.worker import make_app, run_worker
from storage.embedded import EmbeddedServer
from storage.jobs import defer, queues_of
from tests.workplace import Deaf, settings_of


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
