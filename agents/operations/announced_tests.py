"""Tests of ours that may set off alerts: said before they begin, so that nobody is called for them."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, DateTime, func, literal, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from agents.operations.incident_tables import AlertRow, AnnouncedTestRow


async def announce_test(
    tx: AsyncSession,
    service: str,
    stage: str,
    what: str,
    starts: datetime,
    ends: datetime,
    holds: timedelta | None = None,
) -> str:
    """Say that a test of ours may set off alerts of this target: those that begin in it open no incident until
    it is over, nor for longer than it `holds` each, and are looked at again then. `ends` holds whatever becomes
    of the test. Returns its id."""
    test = f"at_{secrets.token_hex(6)}"
    seconds = None if holds is None else round(holds.total_seconds())
    row = AnnouncedTestRow(
        id=test, service=service, stage=stage, what=what, starts=starts, ends=ends, holds_seconds=seconds
    )
    tx.add(row)
    return test


async def end_test(tx: AsyncSession, test: str, now: datetime) -> None:
    """Say that an announced test is over."""
    over = update(AnnouncedTestRow).where(AnnouncedTestRow.id == test, AnnouncedTestRow.ended.is_(None))
    await tx.execute(over.values(ended=now))


async def end_tests(tx: AsyncSession, what: str, now: datetime) -> None:
    """Say that whatever was announced as `what` is over."""
    over = update(AnnouncedTestRow).where(AnnouncedTestRow.what == what, AnnouncedTestRow.ended.is_(None))
    await tx.execute(over.values(ended=now))


def still_holds(since: ColumnElement[datetime], now: datetime) -> tuple[ColumnElement[bool], ...]:
    """The tests that go on `now` and hold what they have held `since` then."""
    for_long = func.make_interval(0, 0, 0, 0, 0, 0, AnnouncedTestRow.holds_seconds)
    return (
        AnnouncedTestRow.starts <= now,
        AnnouncedTestRow.ends > now,
        AnnouncedTestRow.ended.is_(None),
        or_(AnnouncedTestRow.holds_seconds.is_(None), since + for_long > now),
    )


async def test_of(tx: AsyncSession, row: AlertRow, service: str, now: datetime) -> str | None:
    """The announced test that holds an alert of this service `now`; of several the one that may go on longest.
    What fired before a test began was not set off by it."""
    query = select(AnnouncedTestRow.id).where(
        AnnouncedTestRow.service == service,
        AnnouncedTestRow.stage == row.stage,
        AnnouncedTestRow.starts <= row.started,
        *still_holds(literal(row.held or now, DateTime(timezone=True)), now),
    )
    return (await tx.execute(query.order_by(AnnouncedTestRow.ends.desc()).limit(1))).scalar()
