"""How long the embedded metrics keep what was scraped: less often with age, and no request is lost."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from integrations.metrics import Measure, MetricsQuery
from integrations.metrics.vendors.local.retention import Retention, Thinning
from integrations.metrics.vendors.local.scraping import Scraper
from integrations.metrics.vendors.local.tables import ScrapeRow, TargetRow
from storage.database import Database
from tests.integrations.scraped_replicas import SECOND, Replicas, counted, port, read_at, running


@pytest.fixture
async def replicas(tmp_path: Path) -> AsyncIterator[Replicas]:
    async with running(tmp_path / "targets.json") as made:
        yield made


@pytest.fixture
def scraper(database: Database, tenant: str, replicas: Replicas) -> Scraper:
    return Scraper(database, tenant, replicas.file, 5.0)


async def test_older_scrapes_are_kept_less_often_and_lose_no_request(
    database: Database, tenant: str, replicas: Replicas, scraper: Scraper
) -> None:
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    await replicas.list(a="orders 1.0")
    ages = {"days": 40 * 24, "minutes": 48, "raw": 3, "young": 0}
    for hours in ages.values():
        for n in range(24):
            replicas.say("a", counted(10 * n, code="200") + f"db_pool_in_use {n % 3}\n")
            await scraper.scrape(now - timedelta(hours=hours, minutes=3) + n * 5 * SECOND)
    await Thinning(database, tenant, Retention()).thin_out(now)
    async with database.transaction(tenant) as tx:
        kept = list(await tx.scalars(select(ScrapeRow.at).order_by(ScrapeRow.at)))
    by_age = {
        name: [at for at in kept if abs(now - timedelta(hours=hours) - at) < timedelta(minutes=5)]
        for name, hours in ages.items()
    }
    assert {name: len(times) for name, times in by_age.items()} == {
        "days": 0,
        "minutes": 2,
        "raw": 8,
        "young": 24,
    }
    local = port(database, tenant)
    for name in ("minutes", "raw", "young"):
        (rate,) = await read_at(local, Measure.REQUESTS, by_age[name][-1])
        assert rate.values == (pytest.approx(2.0),), name
        (pool,) = await read_at(local, Measure.POOL_IN_USE, by_age[name][-1])
        assert pool.values == (pytest.approx(1.0),), name
    query = MetricsQuery(Measure.REQUESTS, by_age["minutes"][0], now, timedelta(minutes=1))
    assert (await local.series(query)).notes == (
        "As old as this, one scrape in 60 s is kept: each value is over the 180 s before it.",
    )
    before = len(kept)
    await Thinning(database, tenant, Retention()).thin_out(now)
    async with database.transaction(tenant) as tx:
        assert await tx.scalar(select(func.count()).select_from(ScrapeRow)) == before


async def test_what_was_thinned_out_once_is_not_read_again(
    database: Database, tenant: str, replicas: Replicas, scraper: Scraper
) -> None:
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    await replicas.list(a="orders 1.0")
    replicas.say("a", counted(1, code="200"))

    async def scrape(*hours: float) -> None:
        for ago in hours:
            for n in range(3):
                await scraper.scrape(now - timedelta(hours=ago) + n * 5 * SECOND)

    async def kept(ago: float) -> int:
        begin = now - timedelta(hours=ago)
        query = select(func.count()).select_from(ScrapeRow)
        async with database.transaction(tenant) as tx:
            within = (ScrapeRow.at >= begin, ScrapeRow.at < begin + 15 * SECOND)
            return await tx.scalar(query.where(*within)) or 0

    thinning = Thinning(database, tenant, Retention())
    await scrape(30, 5, 0.5)
    await thinning.thin_out(now)
    assert [await kept(ago) for ago in (30, 5, 0.5)] == [1, 1, 3]
    await scrape(29, 4)  # as if it had been there before, which it cannot: it shows what is read
    await thinning.thin_out(now + timedelta(hours=1))
    assert [await kept(ago) for ago in (29, 4, 0.5)] == [3, 3, 1], "what has come of age since is read alone"
    await Thinning(database, tenant, Retention()).thin_out(now)
    assert [await kept(ago) for ago in (29, 4)] == [1, 1]


async def test_who_has_no_scrape_left_is_forgotten(
    database: Database, tenant: str, replicas: Replicas, scraper: Scraper
) -> None:
    now = datetime.now(UTC)
    await replicas.list(a="orders 1.0")
    replicas.say("a", counted(1, code="200"))
    await scraper.scrape(now - timedelta(days=31))
    await Thinning(database, tenant, Retention()).thin_out(now)
    async with database.transaction(tenant) as tx:
        assert await tx.scalar(select(func.count()).select_from(TargetRow)) == 0
