"""The clock: each due time is fired by one clock, and the day's checkpoint reaches its channel."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import func, select, text
from sqlalchemy.exc import OperationalError

from bot.checkpoints import post_checkpoint
from bot.clock import do, run_clock, sweep
from bot.console.adapter import ConsoleAdapter
from bot.tables import OutboxRow
from bot.wire import reply_from_json
from governance.audit.entries import Absence, Entry, EntryKind, NotApplicable
from governance.audit.keys import signer_for
from governance.audit.log import record
from governance.audit.sequencer import Sequencer
from governance.department_file import read_department
from governance.department_rows import open_department
from governance.people import Actor
from integrations.integration import Chore
from storage.database import Database
from storage.firings import fire_once

ACME = Path(__file__).resolve().parents[2] / "examples" / "acme"
DUE = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)


async def test_of_many_clocks_one_fires(database: Database, tenant: str) -> None:
    async def clock() -> bool:
        async with database.transaction(tenant) as tx:
            return await fire_once(tx, "digest", DUE)

    fired = await asyncio.gather(*(clock() for _ in range(12)))
    assert sum(fired) == 1


async def test_a_minute_is_swept_once_however_many_clocks_there_are(database: Database, tenant: str) -> None:
    await asyncio.gather(*(sweep(database, tenant) for _ in range(5)))
    async with database.transaction(tenant) as tx:
        own = "task_name = 'sweep' AND args->>'tenant' = :tenant"
        query = text(f"SELECT count(*) FROM procrastinate_jobs WHERE {own}")
        assert (await tx.execute(query, {"tenant": tenant})).scalar_one() in (
            1,
            2,
        )  # two, where the minute turned between them


async def test_the_days_checkpoint_is_posted_as_it_was_signed(database: Database, tenant: str) -> None:
    async with database.transaction(tenant) as tx:
        await open_department(tx, read_department(ACME / "department.yaml"))
    assert not await post_checkpoint(database, tenant, ConsoleAdapter(), "compliance")
    async with database.transaction(tenant) as tx:
        nothing = NotApplicable(not_applicable=Absence.NOTHING_CHANGES)
        await record(
            tx,
            Entry(
                kind=EntryKind.SYSTEM,
                type="system.started",
                actor=Actor("system", "clock"),
                rationale="the test starts",
                approvals=nothing,
                impact=nothing,
                rollback_plan=nothing,
                artifacts=nothing,
            ),
        )
    key = Ed25519PrivateKey.generate()
    await Sequencer(database, lambda tenant: signer_for(key, tenant)).sequence(tenant)
    assert await post_checkpoint(database, tenant, ConsoleAdapter(), "compliance")
    async with database.transaction(tenant) as tx:
        row = (await tx.execute(select(OutboxRow))).scalar_one()
        notes = (await tx.execute(text("SELECT note FROM audit_checkpoints"))).scalars().all()
        assert (await tx.execute(select(func.count()).select_from(OutboxRow))).scalar_one() == 1
    quote = reply_from_json(row.reply).cards[0].blocks[1]
    assert [getattr(quote, "text", None)] == notes
    assert row.place["audience"] == "restricted"


async def test_a_database_that_is_away_costs_one_firing() -> None:
    away = Database.open("postgresql://countersign_app@127.0.0.1:1/nowhere")
    with structlog.testing.capture_logs() as logs:
        await sweep(away, "acme")
    await away.close()
    assert [line["event"] for line in logs] == ["clock_missed"]


@pytest.mark.parametrize(
    "away",
    [
        OperationalError("a statement", None, Exception("the database is away")),
        psycopg.OperationalError("the connection is lost"),
        psycopg.errors.AdminShutdown("terminating connection due to administrator command"),
        ConnectionResetError(),
    ],
)
async def test_a_database_that_is_away_costs_one_time_of_a_chore(away: Exception) -> None:
    async def chore() -> None:
        raise away

    with structlog.testing.capture_logs() as logs:
        await do(Chore("probe", 5.0, chore))
    assert [(line["event"], line["schedule"]) for line in logs] == [("clock_missed", "probe")]


async def test_a_fault_of_ours_is_no_outage() -> None:
    async def chore() -> None:
        raise KeyError("ours")

    with pytest.raises(KeyError):
        await do(Chore("probe", 5.0, chore))


async def test_the_clock_does_what_vendors_do_by_themselves(database: Database, tenant: str) -> None:
    done: list[int] = []
    twice = asyncio.Event()

    async def chore() -> None:
        done.append(len(done))
        if len(done) == 1:
            raise OperationalError("the first time", None, Exception("the database is away"))
        twice.set()

    ticking = asyncio.create_task(run_clock(database, tenant, [Chore("probe", 0.05, chore)]))
    try:
        await asyncio.wait_for(twice.wait(), 30)
    finally:
        ticking.cancel()
        await asyncio.gather(ticking, return_exceptions=True)
    assert done[:2] == [0, 1]
