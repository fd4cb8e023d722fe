"""Tests of ours that may set off alerts: said before they begin, so that nobody is called for them."""

from __future__ import annotations

import secrets
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from agents.operations.incident_tables import AnnouncedTestRow


async def announce_test(
    tx: AsyncSession, service: str, stage: str, what: str, starts: datetime, ends: datetime
) -> str:
    """Say that a test of ours may set off alerts of this target: they open no incident until it is over, and
    are looked at again then. `ends` holds whatever becomes of the test. Returns its id."""
    test = f"at_{secrets.token_hex(6)}"
    tx.add(AnnouncedTestRow(id=test, service=service, stage=stage, what=what, starts=starts, ends=ends))
    return test


async def end_test(tx: AsyncSession, test: str, now: datetime) -> None:
    """Say that an announced test is over."""
    over = update(AnnouncedTestRow).where(AnnouncedTestRow.id == test, AnnouncedTestRow.ended.is_(None))
    await tx.execute(over.values(ended=now))


async def end_tests(tx: AsyncSession, what: str, now: datetime) -> None:
    """Say that whatever was announced as `what` is over."""
    over = update(AnnouncedTestRow).where(AnnouncedTestRow.what == what, AnnouncedTestRow.ended.is_(None))
    await tx.execute(over.values(ended=now))


async def test_of(tx: AsyncSession, service: str, stage: str, now: datetime) -> str | None:
    """The announced test of a target that goes on `now`; of several the one that may go on longest."""
    query = select(AnnouncedTestRow.id).where(
        AnnouncedTestRow.service == service,
        AnnouncedTestRow.stage == stage,
        AnnouncedTestRow.starts <= now,
        AnnouncedTestRow.ends > now,
        AnnouncedTestRow.ended.is_(None),
    )
    return (await tx.execute(query.order_by(AnnouncedTestRow.ends.desc()).limit(1))).scalar()
