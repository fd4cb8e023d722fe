"""The clock: sweeps, digests and the day's checkpoint at their times, whatever anybody says.

Each firing is one unique row (schedule, due time), so that two clocks never do a thing twice."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from time import time

import psycopg
import structlog
from sqlalchemy.exc import SQLAlchemyError

from bot.platforms.known_channels import KnownChannels
from handlers.office.digests.firing import fire_digests
from integrations.integration import Chore
from storage.database import Database
from storage.firings import fire_once
from storage.jobs import defer

_log = structlog.get_logger()

SWEEP_SECONDS = 60


async def run_clock(database: Database, tenant: str, chores: Iterable[Chore] = ()) -> None:
    """Fire until cancelled, and do the vendors' chores. Two clocks fire once: the row (schedule, due time)
    belongs to the first."""
    from apscheduler.schedulers.asyncio import AsyncIOScheduler

    scheduler = AsyncIOScheduler(timezone=UTC)
    scheduler.add_job(
        sweep, "interval", seconds=SWEEP_SECONDS, args=(database, tenant), coalesce=True, misfire_grace_time=30
    )
    scheduler.add_job(digests, "cron", second=0, args=(database, tenant), coalesce=True, misfire_grace_time=30)
    scheduler.add_job(post_checkpoint, "cron", hour=6, args=(database, tenant), coalesce=True)
    for chore in chores:
        scheduler.add_job(do, "interval", seconds=chore.seconds, args=(chore,), coalesce=True)
    scheduler.start()
    try:
        await asyncio.Event().wait()
    finally:
        scheduler.shutdown(wait=False)


async def post_checkpoint(database: Database, tenant: str) -> None:
    """Queue the day's checkpoint for its channel."""
    with _missed_at_most("post_checkpoint"):
        async with database.transaction(tenant) as tx:
            if await fire_once(tx, "post_checkpoint", _due(timedelta(hours=1))):
                await defer(tx, "post_checkpoint", {}, lock="post_checkpoint")


async def sweep(database: Database, tenant: str) -> None:
    """Queue the minute's sweep: overdue approvals, ended windows, reviews due, stuck outboxes, budgets."""
    with _missed_at_most("sweep"):
        async with database.transaction(tenant) as tx:
            if await fire_once(tx, "sweep", _due(timedelta(minutes=1))):
                await defer(tx, "sweep", {}, lock="sweep")


async def do(chore: Chore) -> None:
    """Do what a vendor does by itself."""
    with _missed_at_most(chore.name):
        await chore.do()


async def digests(database: Database, tenant: str) -> None:
    """Fire the digests that are due in each person's own time."""
    with _missed_at_most("digests"):
        await fire_digests(database, tenant, datetime.now(UTC), KnownChannels())


def _due(every: timedelta) -> datetime:
    seconds = every.total_seconds()
    return datetime.fromtimestamp(time() // seconds * seconds, UTC)


@contextmanager
def _missed_at_most(schedule: str) -> Iterator[None]:
    """A database that is away costs this firing, not the clock; what speaks to the driver itself meets the
    driver's own errors."""
    try:
        yield
    except (SQLAlchemyError, psycopg.Error, ConnectionError) as away:
        _log.warning("clock_missed", schedule=schedule, why=type(away).__name__)
