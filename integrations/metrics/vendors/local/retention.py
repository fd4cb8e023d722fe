"""Retention: what is older is kept less often, and what is too old not at all."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from sqlalchemy import delete, exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.metrics.vendors.local.exposition import GAUGES
from integrations.metrics.vendors.local.scraping import pack, unpack
from integrations.metrics.vendors.local.tables import ScrapeRow, TargetRow
from storage.database import Database

RAW_FOR = timedelta(hours=1)
_AT_ONCE = 100
"""Periods that one transaction thins out."""


@dataclass(frozen=True, slots=True)
class Retention:
    """Every scrape for an hour, one in 15 s for `hours`, one a minute for `days`."""

    hours: int = 24
    days: int = 30

    @property
    def tiers(self) -> tuple[tuple[timedelta, int], ...]:
        """From which age on one scrape in so many seconds is kept, youngest first."""
        return ((RAW_FOR, 15), (timedelta(hours=self.hours), 60))

    def seconds_between(self, age: timedelta, scraped_every: float) -> float:
        """How far apart scrapes of that age lie."""
        kept = [float(seconds) for since, seconds in self.tiers if age > since]
        return max([scraped_every, *kept])


async def thin_out(database: Database, tenant: str, retention: Retention, now: datetime) -> None:
    """Keep as much as is to be kept at that time.

    Of several scrapes in one period the last one is kept, with its counters as they are, so that no increase
    is lost, and with the means of the gauges.
    """
    for age, seconds in reversed(retention.tiers):
        while await _thin_some(database, tenant, now - age, seconds):
            pass
    async with database.transaction(tenant) as tx:
        await tx.execute(delete(ScrapeRow).where(ScrapeRow.at < now - timedelta(days=retention.days)))
        of_target = exists().where(ScrapeRow.target == TargetRow.id, ScrapeRow.tenant == TargetRow.tenant)
        await tx.execute(delete(TargetRow).where(~of_target))


async def _thin_some(database: Database, tenant: str, before: datetime, seconds: int) -> bool:
    period = func.floor(func.extract("epoch", ScrapeRow.at) / seconds)
    whole = datetime.fromtimestamp(before.timestamp() // seconds * seconds, before.tzinfo)
    crowded = (
        select(ScrapeRow.target, func.array_agg(ScrapeRow.at))
        .where(ScrapeRow.at < whole)
        .group_by(ScrapeRow.target, period)
        .having(func.count() > 1)
        .limit(_AT_ONCE)
    )
    async with database.transaction(tenant) as tx:
        found = (await tx.execute(crowded)).all()
        gauges = {target: await _gauges(tx, target) for target in {target for target, _ in found}}
        for target, times in found:
            await _merge(tx, target, sorted(times), gauges[target])
    return len(found) == _AT_ONCE


async def _gauges(tx: AsyncSession, target: str) -> Sequence[int]:
    series = await tx.scalar(select(TargetRow.series).where(TargetRow.id == target))
    return [place for place, (name, _) in enumerate(series or ()) if name in GAUGES]


async def _merge(tx: AsyncSession, target: str, times: Sequence[datetime], gauges: Sequence[int]) -> None:
    mine = ScrapeRow.target == target
    rows = (
        await tx.execute(select(ScrapeRow.at, ScrapeRow.samples).where(mine, ScrapeRow.at.in_(times)))
    ).all()
    answered = sorted((at, samples) for at, samples in rows if samples is not None)
    kept = answered[-1][0] if answered else times[-1]
    if len(answered) > 1:
        samples = await asyncio.to_thread(_merged, [one for _, one in answered], gauges)
        await tx.execute(update(ScrapeRow).where(mine, ScrapeRow.at == kept).values(samples=samples))
    await tx.execute(delete(ScrapeRow).where(mine, ScrapeRow.at.in_(times), ScrapeRow.at != kept))


def _merged(scrapes: Sequence[bytes], gauges: Sequence[int]) -> bytes:
    each = [unpack(one) for one in scrapes]
    last = each[-1].copy()
    for place in gauges:
        values = [one[place] for one in each if place < len(one) and not np.isnan(one[place])]
        if values and place < len(last):
            last[place] = float(np.mean(values))
    return pack(last.tolist())
