"""The clock: what is done at its time, whatever anybody says. Each firing is one unique row."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import structlog
from sqlalchemy.exc import SQLAlchemyError

from bot.firings import fire_once
from storage.database import Database
from storage.jobs import defer

_log = structlog.get_logger()

SWEEP_SECONDS = 60


async def run_clock(database: Database, tenant: str) -> None:
    """Fire until cancelled. Two clocks fire once: the row (schedule, due time) belongs to the first."""
    from apscheduler.schedulers.asyncio import AsyncIOScheduler

    scheduler = AsyncIOScheduler(timezone=UTC)
    scheduler.add_job(
        sweep, "interval", seconds=SWEEP_SECONDS, args=(database, tenant), coalesce=True, misfire_grace_time=30
    )
    scheduler.add_job(post_checkpoint, "cron", hour=6, args=(database, tenant), coalesce=True)
    scheduler.start()
    try:
        await asyncio.Event().wait()
    finally:
        scheduler.shutdown(wait=False)


async def post_checkpoint(database: Database, tenant: str) -> None:
    """Queue the day's checkpoint for its channel."""
    await _fire(
        database, tenant, "post_checkpoint", datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    )


async def sweep(database: Database, tenant: str) -> None:
    """Queue the minute's sweep: overdue approvals, ended windows, reviews due, stuck outboxes, budgets."""
    await _fire(database, tenant, "sweep", datetime.now(UTC).replace(second=0, microsecond=0))


async def _fire(database: Database, tenant: str, schedule: str, due: datetime) -> None:
    try:
        async with database.transaction(tenant) as tx:
            if await fire_once(tx, schedule, due):
                await defer(tx, schedule, {}, lock=schedule)
    except SQLAlchemyError as away:
        _log.warning("clock_missed", schedule=schedule, why=type(away).__name__)
