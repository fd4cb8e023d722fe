"""Kept roadmaps: found again, and which of them is the plan of record."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from agents.roadmap.items import Span, Wishes
from agents.roadmap.roadmap import Roadmap, from_json, wishes_adapter
from agents.roadmap.tables import RoadmapRow

OF_RECORD = "of_record"


class NoSuchRoadmap(LookupError):
    """No roadmap has this id."""


async def kept_roadmap(tx: AsyncSession, id: str, *, lock: bool = False) -> RoadmapRow:
    """A roadmap by its id. Raises NoSuchRoadmap."""
    query = select(RoadmapRow).where(RoadmapRow.id == id).execution_options(populate_existing=True)
    row = (await tx.execute(query.with_for_update() if lock else query)).scalar()
    if row is None:
        raise NoSuchRoadmap(id)
    return row


async def roadmap_of_run(tx: AsyncSession, run: str) -> RoadmapRow | None:
    """The roadmap that a run works out."""
    return (await tx.execute(select(RoadmapRow).where(RoadmapRow.run == run))).scalar()


async def of_record(tx: AsyncSession, starts: date, ends: date) -> Sequence[RoadmapRow]:
    """Plans of record for a time that shares a day with this one, the one that begins first first."""
    query = select(RoadmapRow).where(
        RoadmapRow.state == OF_RECORD, RoadmapRow.starts < ends, RoadmapRow.ends > starts
    )
    return (await tx.execute(query.order_by(RoadmapRow.starts, RoadmapRow.id))).scalars().all()


async def next_of_record(tx: AsyncSession, today: date) -> RoadmapRow | None:
    """The plan of record that runs today, or else the next one to come."""
    query = select(RoadmapRow).where(RoadmapRow.state == OF_RECORD, RoadmapRow.ends > today)
    return (await tx.execute(query.order_by(RoadmapRow.starts, RoadmapRow.id).limit(1))).scalar()


async def promised_elsewhere(tx: AsyncSession, span: Span, today: date) -> dict[str, Span]:
    """Items (ids) on plans of record of other times that are not over, each with that time."""
    query = select(RoadmapRow).where(RoadmapRow.state == OF_RECORD, RoadmapRow.ends > today)
    found: dict[str, Span] = {}
    for row in (await tx.execute(query)).scalars():
        if row.starts < span.ends and row.ends > span.starts:
            continue
        roadmap = roadmap_of(row)
        found.update({item.id: span_of(row) for item in (roadmap.chosen if roadmap else ())})
    return found


def roadmap_of(row: RoadmapRow) -> Roadmap | None:
    """What was worked out; None while it is not."""
    return None if row.draft is None else from_json(row.draft)


def span_of(row: RoadmapRow) -> Span:
    """The time that it is for."""
    return Span(row.name, row.starts, row.ends)


def wishes_of(row: RoadmapRow) -> Wishes:
    """What was asked for."""
    return wishes_adapter().validate_json(row.wishes)
