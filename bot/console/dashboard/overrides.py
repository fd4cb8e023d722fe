"""What stands above the matrix: the halt, freezes, emergency deployments, overruled decisions, windows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select

from bot.console.dashboard.wording import name_of
from bot.console.visit import Visit
from governance.overrides.halt_report import read_report
from governance.overrides.halted import HaltReport
from governance.tables import OverrideRow, WindowRow
from governance.visibility import scope_of
from handlers.conversation.wording import last_minute

_LATELY = 20

_KINDS = {
    "halt": "Every agent is halted",
    "freeze": "Freeze",
    "emergency": "Emergency deployment",
    "pin": "Overruled decision",
}


@dataclass(frozen=True, slots=True)
class ShownOverride:
    """An override as the page shows it. `reason` is None for those who may not read it."""

    id: str
    kind: str
    title: str
    what: str
    reason: str | None
    by: str
    made: datetime
    expires: datetime | None
    ended: datetime | None
    ended_by: str | None
    review_due: datetime | None
    reviewed: datetime | None
    reviewed_by: str | None
    is_overdue: bool


@dataclass(frozen=True, slots=True)
class ShownWindow:
    """A window as the page shows it."""

    mode: str
    starts: datetime
    ends: datetime
    by: str
    reason: str | None
    is_open: bool


@dataclass(frozen=True, slots=True)
class Overrides:
    """What stands now, reviews that are due, windows that are open or to come, and what is past."""

    halt: ShownOverride | None
    report: HaltReport | None
    standing: tuple[ShownOverride, ...]
    to_review: tuple[ShownOverride, ...]
    windows: tuple[ShownWindow, ...]
    past: tuple[ShownOverride, ...]


async def read_overrides(visiting: Visit, now: datetime) -> Overrides:
    """The page at `now`. Reasons are shown to those who see every customer's items."""
    stands = OverrideRow.ended.is_(None) & or_(OverrideRow.expires.is_(None), OverrideRow.expires > now)
    standing = await _shown(visiting, now, stands, OverrideRow.made.desc())
    unreviewed = OverrideRow.review_due.is_not(None) & OverrideRow.reviewed.is_(None)
    halt = next((item for item in standing if item.kind == "halt"), None)
    return Overrides(
        halt=halt,
        report=await read_report(visiting.tx, halt.id) if halt else None,
        standing=tuple(item for item in standing if item is not halt),
        to_review=await _shown(visiting, now, unreviewed, OverrideRow.review_due),
        windows=await _windows(visiting, now),
        past=(await _shown(visiting, now, ~stands, OverrideRow.made.desc()))[:_LATELY],
    )


async def _shown(visiting: Visit, now: datetime, where: object, order: object) -> tuple[ShownOverride, ...]:
    query = select(OverrideRow).where(where).order_by(order).limit(200)  # type: ignore[arg-type]
    rows: Sequence[OverrideRow] = (await visiting.tx.execute(query)).scalars().all()
    return tuple(_override(visiting, row, now) for row in rows)


def _override(visiting: Visit, row: OverrideRow, now: datetime) -> ShownOverride:
    residents = visiting.residents
    sees = scope_of(visiting.reader.person).everything
    unreviewed = row.review_due is not None and row.reviewed is None
    return ShownOverride(
        id=row.id,
        kind=row.kind,
        title=_KINDS.get(row.kind, row.kind),
        what="" if row.kind == "halt" else " ".join(filter(None, (row.scope, row.subject if sees else None))),
        reason=row.reason if sees else None,
        by=name_of(residents, row.made_by),
        made=row.made,
        expires=row.expires and last_minute(row.expires, visiting.zone),
        ended=row.ended,
        ended_by=row.ended_by and name_of(residents, row.ended_by),
        review_due=row.review_due,
        reviewed=row.reviewed,
        reviewed_by=row.reviewed_by and name_of(residents, row.reviewed_by),
        is_overdue=unreviewed and row.review_due is not None and row.review_due <= now,
    )


async def _windows(visiting: Visit, now: datetime) -> tuple[ShownWindow, ...]:
    query = select(WindowRow).where(WindowRow.ends > now).order_by(WindowRow.starts)
    sees = scope_of(visiting.reader.person).everything
    return tuple(
        ShownWindow(
            mode=row.mode,
            starts=row.starts,
            ends=last_minute(row.ends, visiting.zone),
            by=name_of(visiting.residents, row.opened_by),
            reason=row.reason if sees else None,
            is_open=row.starts <= now,
        )
        for row in (await visiting.tx.execute(query)).scalars()
    )
