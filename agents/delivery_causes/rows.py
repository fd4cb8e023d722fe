"""Reports of delay as rows."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from agents.delivery_causes.gathering import Wanted
from agents.delivery_causes.tables import DelayReportRow
from governance.outside_text import storable_json


@dataclass(frozen=True, slots=True)
class Kept:
    """A remedy as it is kept: the action's body, or `words` that order it of another request. `cause` is the
    key of the finding that it ends, empty where it ends none; `effect` what it came to once it was ordered."""

    title: str
    cause: str
    body: dict[str, Any] | None = None
    words: str = ""
    effect: str | None = None


class NoSuchReport(LookupError):
    """There is no such report."""


async def keep_report(
    tx: AsyncSession, thread: str, asked_by: str, title: str, wanted: Wanted, remedies: Sequence[Kept]
) -> str:
    """Write down what is shown. Returns its id."""
    row = DelayReportRow(
        id=f"dr_{secrets.token_hex(6)}",
        thread=thread,
        asked_by=asked_by,
        title=title,
        wanted=asdict(wanted),
        remedies=[storable_json(asdict(one)) for one in remedies],
    )
    tx.add(row)
    await tx.flush()
    return row.id


async def report_by_id(tx: AsyncSession, report: str, *, lock: bool = False) -> DelayReportRow:
    """One report. Raises NoSuchReport."""
    query = select(DelayReportRow).where(DelayReportRow.id == report)
    query = query.execution_options(populate_existing=True)
    row = (await tx.execute(query.with_for_update() if lock else query)).scalar()
    if row is None:
        raise NoSuchReport(report)
    return row


def remedies_of(row: DelayReportRow) -> tuple[Kept, ...]:
    """Its remedies, number 1 first."""
    return tuple(Kept(**one) for one in row.remedies)


def wanted_of(row: DelayReportRow) -> Wanted:
    """What it is about."""
    found = row.wanted
    return Wanted(tuple(found["epics"]), found["team"], tuple(found["stories"]))


def note_effect(row: DelayReportRow, number: int, effect: str) -> None:
    """Write down what remedy `number` came to."""
    remedies = [dict(one) for one in row.remedies]
    remedies[number - 1]["effect"] = effect
    row.remedies = remedies
