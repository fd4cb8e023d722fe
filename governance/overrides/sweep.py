"""Emergency deployments whose review is overdue: the compliance officer is told, once."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from governance.directory import holders
from governance.overrides.rows import NoSuchOverride
from governance.people import Role
from governance.tables import OverrideRow
from storage.database import locked
from storage.notices import NoticeRow, notify

KIND = "emergency_review_due"


async def emergency_to_review(tx: AsyncSession, emergency: str, *, lock: bool = False) -> OverrideRow:
    """An emergency deployment that stands or has passed. Raises NoSuchOverride."""
    query = select(OverrideRow).where(OverrideRow.id == emergency, OverrideRow.kind == "emergency")
    row = (await tx.execute(locked(query) if lock else query)).scalar()
    if row is None:
        raise NoSuchOverride(emergency)
    return row


async def unreviewed(tx: AsyncSession, *, lock: bool = False) -> list[OverrideRow]:
    """Emergency deployments that nobody has reviewed, oldest first, locked until `tx` ends if asked."""
    query = select(OverrideRow).where(OverrideRow.kind == "emergency", OverrideRow.reviewed.is_(None))
    query = query.order_by(OverrideRow.made)
    return list((await tx.execute(locked(query) if lock else query)).scalars())


async def sweep_overrides(tx: AsyncSession, now: datetime) -> int:
    """Tell the compliance officers of every review that is overdue at `now` and that they were not told of.

    Runs when a review falls due and from the clock, at once or one after the other; nobody is told twice.
    Returns how many.
    """
    overdue = [
        row for row in await unreviewed(tx, lock=True) if row.review_due is not None and row.review_due <= now
    ]
    if not overdue:
        return 0
    told = select(NoticeRow.ids["override"].astext).where(NoticeRow.kind == KIND)
    before = set((await tx.execute(told)).scalars())
    officers = tuple(person.id for person in await holders(tx, [Role.COMPLIANCE_OFFICER]))
    fresh = [row for row in overdue if row.id not in before]
    for row in fresh:
        await notify(tx, KIND, {"override": row.id, "key": f"review:{row.id}"}, people=officers)
    return len(fresh)
