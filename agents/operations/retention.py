"""Retention: what work leaves behind is deleted at the age that the department says.

Deleted is what grows with traffic. What was decided by it (verdicts, incidents, the audit log) stays. A sweep
deletes a bounded batch of each, so that no transaction is long; rows that somebody is at are left for the next.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, exists, literal_column, null, select, tuple_, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from agents.engineering.coverage_tables import SuiteRunRow
from agents.meetings.tables import MeetingRow
from agents.model_tables import ModelUseRow
from agents.operations.canary.tables import CanaryTickRow
from agents.operations.incident_tables import AlertRow, AnnouncedTestRow, IncidentAlertRow, IncidentRow
from agents.operations.load_testing.tables import LoadTestRow
from agents.work.tables import RunRow
from governance.department_rows import read_department

AT_ONCE = 2_000
"""Rows of one kind that one sweep deletes: at one a minute, over two million a day."""

_NOTHING = literal_column("'[]'", JSONB)


async def delete_old(tx: AsyncSession, now: datetime) -> None:
    """Delete a batch of what is older than the department keeps it."""
    kept = (await read_department(tx)).retention
    await _delete_ticks(tx, now - timedelta(days=kept.canaries))
    await _delete_seconds(tx, now - timedelta(days=kept.load_tests))
    await _delete_alerts(tx, now - timedelta(days=kept.alerts))
    await _delete_announced(tx, now - timedelta(days=kept.alerts))
    await _delete_lines(tx, now - timedelta(days=kept.coverage))
    await _delete_model_uses(tx, now - timedelta(days=kept.models))
    await _delete_meetings(tx, now - timedelta(days=kept.meetings))


async def _delete_ticks(tx: AsyncSession, before: datetime) -> None:
    """Of canaries whose run was over by then, so that nothing that still goes on loses its beginning."""
    key = (CanaryTickRow.run, CanaryTickRow.number)
    over = exists().where(
        RunRow.tenant == CanaryTickRow.tenant, RunRow.id == CanaryTickRow.run, RunRow.ended < before
    )
    old = select(*key).where(CanaryTickRow.at < before, over).order_by(CanaryTickRow.at).limit(AT_ONCE)
    await tx.execute(delete(CanaryTickRow).where(tuple_(*key).in_(old)))


async def _delete_seconds(tx: AsyncSession, before: datetime) -> None:
    over = exists().where(
        RunRow.tenant == LoadTestRow.tenant, RunRow.id == LoadTestRow.run, RunRow.ended < before
    )
    old = select(LoadTestRow.run).where(LoadTestRow.seconds != _NOTHING, LoadTestRow.created < before, over)
    batch = old.order_by(LoadTestRow.created).limit(AT_ONCE).with_for_update(skip_locked=True)
    await tx.execute(update(LoadTestRow).where(LoadTestRow.run.in_(batch)).values(seconds=_NOTHING))


async def _delete_alerts(tx: AsyncSession, before: datetime) -> None:
    """Alerts that are done with: not the last one of any incident, nor any of one that goes on or ended since.

    Their keys stand against replays. What may be replayed and still opens something was said within
    `LONGEST_AGO`, and `before` lies before that.
    """
    last = exists().where(IncidentAlertRow.tenant == AlertRow.tenant, IncidentAlertRow.alert == AlertRow.id)
    wanted = exists().where(
        IncidentRow.tenant == AlertRow.tenant,
        IncidentRow.id == AlertRow.incident,
        IncidentRow.resolved.is_(None) | (IncidentRow.resolved >= before),
    )
    done = AlertRow.state.in_(("taken", "failed"))
    old = select(AlertRow.id).where(done, AlertRow.received < before, ~last, ~wanted)
    batch = old.order_by(AlertRow.received).limit(AT_ONCE).with_for_update(skip_locked=True)
    await tx.execute(delete(AlertRow).where(AlertRow.id.in_(batch)))


async def _delete_announced(tx: AsyncSession, before: datetime) -> None:
    old = select(AnnouncedTestRow.id).where(AnnouncedTestRow.ends < before)
    batch = old.order_by(AnnouncedTestRow.ends).limit(AT_ONCE)
    await tx.execute(delete(AnnouncedTestRow).where(AnnouncedTestRow.id.in_(batch)))


async def _delete_lines(tx: AsyncSession, before: datetime) -> None:
    """Which lines were covered, of runs after which the suite of their repository ran again."""
    later = aliased(SuiteRunRow)
    is_newest = ~exists().where(
        later.tenant == SuiteRunRow.tenant,
        later.repository == SuiteRunRow.repository,
        later.at > SuiteRunRow.at,
    )
    key = (SuiteRunRow.repository, SuiteRunRow.tree)
    old = select(*key).where(SuiteRunRow.files.is_not(None), SuiteRunRow.at < before, ~is_newest)
    batch = old.order_by(SuiteRunRow.at).limit(AT_ONCE).with_for_update(skip_locked=True, of=SuiteRunRow)
    await tx.execute(update(SuiteRunRow).where(tuple_(*key).in_(batch)).values(files=null()))


async def _delete_model_uses(tx: AsyncSession, before: datetime) -> None:
    """But for those of runs that were not over by then: their budgets are sums of all that they used."""
    under_way = exists().where(
        RunRow.tenant == ModelUseRow.tenant,
        RunRow.id == ModelUseRow.run,
        RunRow.ended.is_(None) | (RunRow.ended >= before),
    )
    old = select(ModelUseRow.number).where(ModelUseRow.at < before, ~under_way).order_by(ModelUseRow.at)
    await tx.execute(delete(ModelUseRow).where(ModelUseRow.number.in_(old.limit(AT_ONCE))))


async def _delete_meetings(tx: AsyncSession, before: datetime) -> None:
    """Those that are over, where nothing that changes them is under way."""
    under_way = exists().where(
        RunRow.tenant == MeetingRow.tenant, RunRow.id == MeetingRow.run, RunRow.ended.is_(None)
    )
    old = select(MeetingRow.id).where(MeetingRow.starts < before, MeetingRow.ends < before, ~under_way)
    batch = old.order_by(MeetingRow.starts).limit(AT_ONCE).with_for_update(skip_locked=True)
    await tx.execute(delete(MeetingRow).where(MeetingRow.id.in_(batch)))
