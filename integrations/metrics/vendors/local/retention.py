"""Retention: what is older is kept less often, and what is too old not at all."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np
from sqlalchemy import delete, exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.metrics.vendors.local.exposition import GAUGES
from integrations.metrics.vendors.local.scraping import pack, unpack
from integrations.metrics.vendors.local.tables import ScrapeRow, TargetRow
from storage.database import Database

RAW_FOR = timedelta(hours=1)
_AT_ONCE = timedelta(hours=1)
"""What is read at once, by the index of times."""
_MOST_PERIODS = 100
"""That one transaction thins out."""


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


@dataclass(slots=True)
class Thinning:
    """Keeps as much as is to be kept.

    Of several scrapes in one period the last one is kept, with its counters as they are, so that no increase
    is lost, and with the means of the gauges. What one process has thinned out once it does not read again.
    """

    database: Database
    tenant: str
    retention: Retention
    _done: dict[int, datetime] = field(default_factory=dict)
    """Until when, by how many seconds a period has."""

    async def thin_out(self, now: datetime) -> None:
        """Keep as much as is to be kept at that time."""
        for age, seconds in reversed(self.retention.tiers):
            await self._thin_tier(now - age, seconds)
        async with self.database.transaction(self.tenant) as tx:
            await tx.execute(delete(ScrapeRow).where(ScrapeRow.at < now - timedelta(days=self.retention.days)))
            of_target = exists().where(ScrapeRow.target == TargetRow.id, ScrapeRow.tenant == TargetRow.tenant)
            await tx.execute(delete(TargetRow).where(~of_target))

    async def _thin_tier(self, before: datetime, seconds: int) -> None:
        end = _whole(before, seconds)
        begin = self._done.get(seconds)
        if begin is None:
            async with self.database.transaction(self.tenant) as tx:
                first = await tx.scalar(select(func.min(ScrapeRow.at)))
            begin = end if first is None else _whole(first, seconds)
        while begin < end:
            until = min(begin + _AT_ONCE, end)
            while await _thin_some(self.database, self.tenant, begin, until, seconds):
                pass
            self._done[seconds] = begin = until


def _whole(at: datetime, seconds: int) -> datetime:
    """When the period that a time lies in begins."""
    return datetime.fromtimestamp(at.timestamp() // seconds * seconds, at.tzinfo)


async def _thin_some(database: Database, tenant: str, begin: datetime, until: datetime, seconds: int) -> bool:
    period = func.floor(func.extract("epoch", ScrapeRow.at) / seconds)
    crowded = (
        select(ScrapeRow.target, func.array_agg(ScrapeRow.at))
        .where(ScrapeRow.at >= begin, ScrapeRow.at < until)
        .group_by(ScrapeRow.target, period)
        .having(func.count() > 1)
        .limit(_MOST_PERIODS)
    )
    async with database.transaction(tenant) as tx:
        found = (await tx.execute(crowded)).all()
        gauges = {target: await _gauges(tx, target) for target in {target for target, _ in found}}
        for target, times in found:
            await _merge(tx, target, sorted(times), gauges[target])
    return len(found) == _MOST_PERIODS


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
