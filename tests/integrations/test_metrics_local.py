"""The embedded metrics: what replicas export is scraped over HTTP, bounded, kept in rows, and read again."""

from __future__ import annotations

import asyncio
import json
import math
import uuid
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.looked import looked
from integrations.metrics import Answer, Dimension, Measure, Metrics, MetricsError, MetricsQuery
from integrations.metrics.vendors.local.exposition import MOST_SERIES, ExpositionError, parse
from integrations.metrics.vendors.local.reading import LocalMetrics
from integrations.metrics.vendors.local.scraping import Scraper
from integrations.metrics.vendors.local.tables import ScrapeRow, TargetRow
from integrations.metrics.vendors.local.targets import read_targets
from storage.database import Database, holds_transaction
from storage.look import Look, act, look_of
from tests.integrations import metrics_contract
from tests.integrations.metrics_contract import WINDOW, Exporter, MetricsContract, beginning, scripted
from tests.integrations.scraped_replicas import OPEN, SECOND, Replicas, counted, port, read_at, running

test_what_cannot_be_asked = metrics_contract.test_what_cannot_be_asked


@pytest.fixture
async def replicas(tmp_path: Path) -> AsyncIterator[Replicas]:
    async with running(tmp_path / "targets.json") as made:
        yield made


@pytest.fixture
def scraper(database: Database, tenant: str, replicas: Replicas) -> Scraper:
    return Scraper(database, tenant, replicas.file, 5.0)


@pytest.fixture(scope="module")
def began() -> datetime:
    return beginning()


@pytest.fixture(scope="module")
async def metrics(database: Database, began: datetime, tmp_path_factory: pytest.TempPathFactory) -> Metrics:
    """What was scraped of the scripted half hour."""
    tenant = f"t{uuid.uuid4().hex[:12]}"
    async with database.untenanted() as tx:
        await tx.execute(text("INSERT INTO tenants (id, name) VALUES (:id, :id)"), {"id": tenant})
    async with running(tmp_path_factory.mktemp("metrics") / "targets.json") as replicas:
        scraper = Scraper(database, tenant, replicas.file, 15.0)
        for at, exporters, silent in scripted():
            await replicas.list(**{f"r{one.instance[-1]}": f"{one.service} {one.version}" for one in exporters})
            for one in exporters:
                is_silent = one.instance in silent
                replicas.say(f"r{one.instance[-1]}", generate_latest(one.registry), 503 if is_silent else 200)
            assert await scraper.scrape(began + at) == len(exporters) - len(silent)
    return port(database, tenant, WINDOW / 3)


class TestLocalMetrics(MetricsContract):
    pass


async def test_what_the_platform_says_of_a_replica_counts(
    database: Database, tenant: str, replicas: Replicas, scraper: Scraper
) -> None:
    now = datetime.now(UTC)
    await replicas.list(a="orders 1.0")
    for seconds, count in ((30, 10), (15, 40)):
        replicas.say("a", counted(count, service="payments", version="9", code="200"))
        await scraper.scrape(now - seconds * SECOND)
    (series,) = await read_at(port(database, tenant), Measure.REQUESTS, now - 15 * SECOND)
    assert series.labels == {Dimension.SERVICE: "orders", Dimension.VERSION: "1.0"}
    assert series.values == (2.0,)


async def test_the_first_failure_of_a_replica_counts(
    database: Database, tenant: str, replicas: Replicas, scraper: Scraper
) -> None:
    now = datetime.now(UTC)
    await replicas.list(a="orders 1.0")
    replicas.say("a", counted(10, code="200"))
    await scraper.scrape(now - 30 * SECOND)
    replicas.say("a", counted(10, code="200") + counted(3, code="500"))
    await scraper.scrape(now - 15 * SECOND)
    (series,) = await read_at(port(database, tenant), Measure.FAILED, now - 15 * SECOND)
    assert series.values == (0.2,)


@pytest.mark.parametrize(
    ("body", "status", "headers"),
    [
        (counted(1, code="200"), 500, {}),
        (counted(1, code="200"), 302, {"Location": "/metrics"}),
        ("<html>", 200, {}),
        ('http_requests_total{code="200} 3\n', 200, {}),
        (f"http_requests_total {'9' * 400}\n", 200, {}),
        ("http_requests_total\n", 200, {}),
        (b"http_requests_total 1\n\xff\xfe", 200, {}),
        ("http_requests_total 1\n", 200, OPEN),  # cut off: OpenMetrics ends with # EOF
        (b"# " + b"x" * 2_100_000, 200, {}),
        ("http_requests_total 1\n", 200, {"Content-Encoding": "gzip"}),
    ],
)
async def test_what_is_no_answer_is_a_replica_that_does_not_answer(
    database: Database,
    tenant: str,
    replicas: Replicas,
    scraper: Scraper,
    body: bytes | str,
    status: int,
    headers: Mapping[str, str],
) -> None:
    now = datetime.now(UTC)
    await replicas.list(bad="orders 1.0", good="payments 2.0")
    replicas.say("bad", body, status, headers)
    replicas.say("good", counted(1, code="200"))
    assert await scraper.scrape(now) == 1
    assert {
        one.labels[Dimension.SERVICE]: one.values
        for one in await read_at(port(database, tenant), Measure.REPLICAS, now)
    } == {"orders": (0.0,), "payments": (1.0,)}


async def test_a_replica_cannot_fill_the_disk(
    database: Database, tenant: str, replicas: Replicas, scraper: Scraper
) -> None:
    now = datetime.now(UTC)
    await replicas.list(a="orders 1.0")
    for scrape in range(3):
        every = (counted(1, route=f"/{scrape}/{n}", code="200") for n in range(MOST_SERIES // 2 + 10))
        longest = counted(1, route="x" * 300, code="200") + counted(1, route="y" * 5000, code="200")
        replicas.say("a", "".join(every) + longest)
        assert await scraper.scrape(now - (30 - 10 * scrape) * SECOND) == 1
    async with database.transaction(tenant) as tx:
        row = (await tx.scalars(select(TargetRow))).one()
        assert (len(row.series), row.left_out) == (MOST_SERIES, MOST_SERIES // 2 + 12)
        kept = [len(one) for one in await tx.scalars(select(ScrapeRow.samples)) if one is not None]
    assert max(kept) < 2_000, "many alike numbers take little room"
    query = MetricsQuery(Measure.REQUESTS, now, now, SECOND)
    (note,) = (await port(database, tenant).series(query)).notes
    assert note.endswith(f"{MOST_SERIES // 2 + 12} of its series are missing.")


async def test_two_processes_scrape_once(
    database: Database, tenant: str, replicas: Replicas, scraper: Scraper
) -> None:
    now = datetime.now(UTC)
    await replicas.list(a="orders 1.0")
    replicas.say("a", counted(1, code="200"))
    answered = await asyncio.gather(*(scraper.scrape(now + n * SECOND / 10) for n in range(6)))
    assert (sorted(answered), replicas.asked) == ([0, 0, 0, 0, 0, 1], 1)
    assert await scraper.scrape(now - SECOND) == 0, "begun before, and waited for the one that was done"
    assert await scraper.scrape(now + 5 * SECOND) == 1
    assert await scraper.scrape(now - 3600 * SECOND) == 1, "a clock that was set back goes on"


def test_a_list_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    file = tmp_path / "targets.json"
    assert read_targets(file) == ()
    for wrong in ("", "{", '[{"targets": ["a:1"]}]', "[1]", " " * 1_000_001):
        file.write_text(wrong)
        with pytest.raises(MetricsError, match=r"targets\.json"):
            read_targets(file)
    labels = {"service": "a", "stage": "staging", "version": "1"}
    file.write_text(json.dumps([{"targets": [f"127.0.0.1:{n}" for n in range(201)], "labels": labels}]))
    with pytest.raises(MetricsError, match="names 201 replicas"):
        read_targets(file)


def test_both_formats_say_the_same() -> None:
    one = Exporter("orders", "1.0", "a")
    one.serve('/a "quoted" \\ route\n', 200, 0.3, 2)
    one.requests.labels("/b", "500").inc(1, exemplar={"trace_id": "a b"})
    plain = parse(generate_latest(one.registry).decode())
    assert plain == parse(generate_openmetrics(one.registry).decode())
    labels = (("code", "200"), ("route", '/a "quoted" \\ route\n'))
    assert plain.samples["http_requests_total", labels] == 2.0
    assert plain.samples["http_requests_total", (("code", "500"), ("route", "/b"))] == 1.0


@given(st.lists(st.sampled_from([*'{}",\\= \t#\0\ne1_', "http_requests_total", 'a="b"', "NaN", "+Inf", "é"])))
def test_whatever_a_replica_says_is_read_or_refused(parts: list[str]) -> None:
    try:
        samples = parse("".join(parts)).samples
    except ExpositionError:
        return
    assert all(name == "http_requests_total" for name, _ in samples)


async def test_an_act_reads_metrics_while_no_transaction_is_open(
    database: Database, tenant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = datetime.now(UTC)
    open_meanwhile: list[bool] = []
    read = LocalMetrics.series

    async def series(self: LocalMetrics, query: MetricsQuery) -> Answer:
        open_meanwhile.append(holds_transaction())
        return await read(self, query)

    monkeypatch.setattr(LocalMetrics, "series", series)

    async def doing(tx: AsyncSession) -> Answer:
        metrics = looked("metrics", port(database, tenant), look_of(tx))
        assert metrics.resolution.shortest == 15 * SECOND
        return await metrics.series(MetricsQuery(Measure.REQUESTS, at, at, SECOND, "orders"))

    answer = await act(database, tenant, Look(), doing)
    assert (answer.series, open_meanwhile) == ((), [False])


async def test_replicas_are_replaced_and_all_else_stays_as_it_was(
    database: Database, tenant: str, replicas: Replicas, scraper: Scraper
) -> None:
    """Ten requests a second, by one replica after the other, each of which counts from its beginning on."""
    now = datetime.now(UTC)
    for seconds in range(120, -1, -5):
        old, first = seconds > 60, 120 if seconds > 60 else 65
        await replicas.list(**({"a": "orders 1.0"} if old else {"b": "orders 1.1"}))
        replicas.say("a" if old else "b", counted(10 * (first - seconds), code="200") + "db_pool_size 8\n")
        await scraper.scrape(now - seconds * SECOND)
    local = port(database, tenant)

    async def read(measure: Measure, width: int, version: str | None = None) -> tuple[float, ...]:
        start = now - 60 * SECOND
        query = MetricsQuery(measure, start, start + 30 * SECOND, width * SECOND, "orders", version=version)
        (series,) = (await local.series(query)).series
        return series.values

    for width in (5, 15, 20):  # 5: read over 15, as everything is that was scraped every 5 seconds
        for measure, usual in ((Measure.REQUESTS, 10.0), (Measure.POOL_SIZE, 8.0), (Measure.REPLICAS, 1.0)):
            values = await read(measure, width)
            # Between the last scrape of the one and the second of the other not all is known.
            assert max(values) == pytest.approx(usual), (measure, width)
            assert min(values) > usual * (0.5 if measure is Measure.REQUESTS else 0.99), (measure, width)
            assert values[-1] == pytest.approx(usual), (measure, width)
    each = [await read(Measure.REQUESTS, 20, version) for version in ("1.0", "1.1")]
    assert np.nansum(each, axis=0) == pytest.approx(await read(Measure.REQUESTS, 20))


async def test_a_number_that_is_none_is_not_known(
    database: Database, tenant: str, replicas: Replicas, scraper: Scraper
) -> None:
    now = datetime.now(UTC)
    await replicas.list(a="orders 1.0")
    for seconds, written in ((10, "7"), (5, "NaN")):
        replicas.say("a", f"db_pool_in_use {written}\n")
        await scraper.scrape(now - seconds * SECOND)
    (series,) = await read_at(port(database, tenant), Measure.POOL_IN_USE, now - 5 * SECOND)
    assert series.values == (7.0,)
    query = MetricsQuery(Measure.POOL_IN_USE, now - 5 * SECOND, now + 60 * SECOND, 65 * SECOND)
    (later,) = (await port(database, tenant).series(query)).series
    assert later.values[0] == 7.0
    assert math.isnan(later.values[1])
