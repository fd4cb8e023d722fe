"""What every vendor of metrics answers about one scripted half hour, whose traffic is known.

Two replicas of orders, one of payments that serves no failed request, and one of checkout that serves nothing,
are scraped every 15 seconds. Each counts with Prometheus' own client, as a service of one's own would."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from integrations.deployments import Stage
from integrations.metrics import Answer, Dimension, Measure, Metrics, MetricsError, MetricsQuery

EVERY = timedelta(seconds=15)
MINUTE = timedelta(minutes=1)
LENGTH = 26 * MINUTE
WINDOW = 60.0
"""Over which rates are taken, in seconds."""


def beginning() -> datetime:
    """When the scripted time begins: it has just ended."""
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    return now - LENGTH - MINUTE


@dataclass
class Exporter:
    """A replica's figures, counted as its service would count them."""

    service: str
    version: str
    instance: str
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)

    def __post_init__(self) -> None:
        self.begin_again()

    def begin_again(self) -> None:
        """What a restart leaves: nothing counted."""
        self.registry = made = CollectorRegistry()
        self.requests = Counter("http_requests", "", ["route", "code"], registry=made)
        self.seconds = Histogram(
            "http_request_duration_seconds", "", ["route"], registry=made, buckets=(0.1, 0.5, 1)
        )
        self.calls = Counter("http_client_requests", "", ["callee", "code"], registry=made)
        call = "http_client_request_duration_seconds"
        self.call_seconds = Histogram(call, "", ["callee"], registry=made, buckets=(0.1, 1))
        self.in_use = Gauge("db_pool_in_use", "", registry=made)
        self.size = Gauge("db_pool_size", "", registry=made)

    def serve(self, route: str, code: int, seconds: float, times: int) -> None:
        """So many requests that took so long each."""
        self.requests.labels(route, str(code)).inc(times)
        for _ in range(times):
            self.seconds.labels(route).observe(seconds)

    def call(self, callee: str, code: int, seconds: float, times: int) -> None:
        """So many calls of another service."""
        self.calls.labels(callee, str(code)).inc(times)
        for _ in range(times):
            self.call_seconds.labels(callee).observe(seconds)


def scripted() -> Iterator[tuple[timedelta, list[Exporter], set[str]]]:
    """Each scrape's time from the beginning, the replicas as they stand at it, and which of them (by instance)
    do not answer.

    From minute 10 on a tenth of orders' requests fail. From 14 to 17 no replica of orders answers. At 20:30 the
    second one's counters begin again; from 22 on it is a newer version.
    """
    first, second = Exporter("orders", "1.0", "127.0.0.1:1"), Exporter("orders", "1.0", "127.0.0.1:2")
    newer = Exporter("orders", "1.1", "127.0.0.1:5")
    payments = Exporter("payments", "3.2", "127.0.0.1:3")
    checkout = Exporter("checkout", "0.9", "127.0.0.1:4")
    checkout.serve("/buy", 200, 0.05, 3)  # before anybody looked
    for n in range(LENGTH // EVERY + 1):
        at = n * EVERY
        replicas = [first, newer if at >= 22 * MINUTE else second, payments, checkout]
        silent = {first.instance, second.instance} if 14 * MINUTE <= at < 17 * MINUTE else set()
        if at == 20 * MINUTE + 2 * EVERY:
            second.begin_again()
        for one in replicas[:2]:
            _serve_orders(one, failing=at > 10 * MINUTE)
        payments.serve("/pay", 200, 0.3, 15)
        yield at, replicas, silent


def _serve_orders(one: Exporter, *, failing: bool) -> None:
    """What a replica of orders does in 15 seconds: 2 requests a second, of which 1.6 are quick."""
    one.serve("/cart", 200, 0.05, 24)
    one.serve("/order", 500 if failing else 200, 0.3, 3)
    one.serve("/order", 500, 0.3, 0)
    one.serve("/order", 200, 0.3, 3)
    one.call("payments", 200, 0.2, 6)
    one.call("payments", 503, 0.2, 0)
    one.in_use.set(4)
    one.size.set(10)


class MetricsContract:
    """Vendors inherit this with a fixture `metrics` that has the scripted half hour, and `began`."""

    @pytest.fixture
    async def ask(self, metrics: Metrics, began: datetime) -> Asks:
        return Asks(metrics, began)

    async def test_rates_are_sums_over_replicas(self, ask: Asks) -> None:
        assert await ask.one(Measure.REQUESTS, "orders", 5) == pytest.approx(4.0)
        assert await ask.one(Measure.REQUESTS, "payments", 5) == pytest.approx(1.0)
        by_route = await ask.at(5, Measure.REQUESTS, "orders", by=(Dimension.ROUTE,))
        assert by_route == {("/cart",): pytest.approx(3.2), ("/order",): pytest.approx(0.8)}
        both = await ask.at(5, Measure.REQUESTS, None, by=(Dimension.SERVICE, Dimension.STAGE))
        assert both == {
            ("orders", "production"): pytest.approx(4.0),
            ("payments", "production"): pytest.approx(1.0),
            ("checkout", "production"): 0.0,
        }

    async def test_no_failure_among_known_requests_is_zero(self, ask: Asks) -> None:
        assert await ask.one(Measure.FAILED, "payments", 5) == 0.0
        assert await ask.one(Measure.FAILED, "orders", 5) == 0.0
        assert await ask.one(Measure.FAILED, "orders", 12) == pytest.approx(0.4)

    async def test_what_nobody_measures_is_no_series(self, ask: Asks) -> None:
        for measure, service in (
            (Measure.REQUESTS, "auth"),
            (Measure.FAILED, "auth"),
            (Measure.CALLS, "payments"),
        ):
            answer = await ask(measure, service)
            assert (answer.series, bool(answer.source)) == ((), True)
        assert (await ask(Measure.REQUESTS, "orders", stage=Stage.STAGING)).series == ()

    async def test_no_traffic_is_zero_and_its_latency_not_a_number(self, ask: Asks) -> None:
        assert await ask.one(Measure.REQUESTS, "checkout", 5) == 0.0
        assert math.isnan(await ask.one(Measure.LATENCY_MEAN, "checkout", 5))
        assert math.isnan(await ask.one(Measure.LATENCY_P95, "checkout", 5))

    async def test_latencies_are_read_off_histograms(self, ask: Asks) -> None:
        # 24 requests of 0.05 s and 6 of 0.3 s; buckets to 0.1, 0.5 and 1 s.
        assert await ask.one(Measure.LATENCY_MEAN, "orders", 5) == pytest.approx(0.1)
        assert await ask.one(Measure.LATENCY_P50, "orders", 5) == pytest.approx(0.1 * 15 / 24)
        assert await ask.one(Measure.LATENCY_P95, "orders", 5) == pytest.approx(0.1 + 0.4 * (28.5 - 24) / 6)
        assert await ask.one(Measure.LATENCY_P99, "payments", 5) == pytest.approx(0.1 + 0.4 * 0.99)
        slow = await ask.at(5, Measure.LATENCY_MEAN, "orders", by=(Dimension.ROUTE,))
        assert slow == {("/cart",): pytest.approx(0.05), ("/order",): pytest.approx(0.3)}

    async def test_a_gap_is_not_a_number(self, ask: Asks) -> None:
        for measure in (Measure.REQUESTS, Measure.FAILED, Measure.LATENCY_MEAN, Measure.POOL_IN_USE):
            (series,) = (await ask(measure, "orders")).series
            known = {minute for minute, value in enumerate(series.values) if not math.isnan(value)}
            # One scrape, at 17:00, is enough for what stands in a pool, and tells no rate.
            assert not known & ({15, 16} if measure is Measure.POOL_IN_USE else {15, 16, 17}), measure
            assert known >= {*range(1, 14), 18, 19, 20, 22, 23, 24}, measure
        assert await ask.one(Measure.REQUESTS, "orders", 19) == pytest.approx(4.0)

    async def test_replicas_that_do_not_answer_are_counted(self, ask: Asks) -> None:
        assert [await ask.one(Measure.REPLICAS, "orders", minute) for minute in (5, 15, 19)] == [2.0, 0.0, 2.0]

    async def test_a_counter_that_began_again_is_said_and_makes_no_rate(self, ask: Asks) -> None:
        assert [await ask.one(Measure.RESETS, "orders", minute) for minute in (20, 21, 22)] == [0.0, 1.0, 0.0]
        for measure in (Measure.REQUESTS, Measure.FAILED, Measure.LATENCY_P50, Measure.CALLS):
            assert math.isnan(await ask.one(measure, "orders", 21)), measure
        assert await ask.one(Measure.REQUESTS, "orders", 24) == pytest.approx(4.0)

    async def test_versions_are_told_apart(self, ask: Asks) -> None:
        found = await ask.at(25, Measure.REQUESTS, "orders", by=(Dimension.VERSION,))
        assert found == {("1.0",): pytest.approx(2.0), ("1.1",): pytest.approx(2.0)}
        (only,) = (await ask(Measure.REQUESTS, "orders", version="1.1")).series
        assert math.isnan(only.values[20])
        assert only.values[25] == pytest.approx(2.0)

    async def test_a_replica_that_takes_anothers_place_does_not_count_beside_it(
        self, metrics: Metrics, began: datetime
    ) -> None:
        for minute in (22, 22.5, 23):
            at = began + minute * MINUTE
            by = (Dimension.SERVICE,)
            for measure, usual in ((Measure.REQUESTS, 4.0), (Measure.FAILED, 0.4), (Measure.CALLS, 0.8)):
                query = MetricsQuery(measure, at, at, MINUTE, "orders", Stage.PRODUCTION, by=by)
                (series,) = (await metrics.series(query)).series
                # A first scrape tells no rate: that part of a window is not known.
                assert series.values[0] == pytest.approx(usual, rel=0.15), (minute, measure)

    async def test_pools_and_calls(self, ask: Asks) -> None:
        assert await ask.one(Measure.POOL_IN_USE, "orders", 5) == 8.0
        assert await ask.one(Measure.POOL_SIZE, "orders", 5) == 20.0
        assert await ask.at(5, Measure.CALLS, "orders", by=(Dimension.CALLEE,)) == {
            ("payments",): pytest.approx(0.8)
        }
        assert await ask.one(Measure.FAILED_CALLS, "orders", 5) == 0.0
        assert await ask.one(Measure.CALL_LATENCY_MEAN, "orders", 5, callee="payments") == pytest.approx(0.2)
        assert (await ask(Measure.CALLS, "orders", callee="auth")).series == ()

    async def test_who_called_whom_how_often(self, metrics: Metrics, began: datetime) -> None:
        start, end = began + 2 * MINUTE, began + 12 * MINUTE
        (edge,) = await metrics.call_edges(Stage.PRODUCTION, start, end)
        assert (edge.caller, edge.callee, edge.failed) == ("orders", "payments", 0.0)
        assert edge.calls == pytest.approx(480, rel=0.01)
        assert edge.mean_seconds == pytest.approx(0.2)
        assert "http_client_requests_total" in edge.source
        assert list(await metrics.call_edges(Stage.STAGING, start, end)) == []

    async def test_an_answer_says_where_it_is_from(self, ask: Asks, began: datetime) -> None:
        answer = await ask(Measure.REQUESTS, "orders")
        (series,) = answer.series
        assert series.source == answer.source
        asked = 'sum by () (rate(http_requests_total{service="orders",stage="production"}[60s]))'
        assert asked in answer.source
        assert began.strftime("%FT%T") in answer.source
        assert (series.name, series.labels, series.as_of) == ("requests", {}, answer.as_of)
        assert series.times == tuple(began + n * MINUTE for n in range(27))
        assert len(series.values) == 27

    async def test_names_are_data(self, ask: Asks) -> None:
        for name in ('orders"} or vector(1) #', "orders\\", ".*", "or\nders", "ordérs"):
            assert (await ask(Measure.REQUESTS, name)).series == ()


@dataclass
class Asks:
    """Questions about the scripted half hour, once a minute."""

    metrics: Metrics
    began: datetime

    async def __call__(
        self,
        measure: Measure,
        service: str | None,
        *,
        stage: Stage | None = Stage.PRODUCTION,
        by: tuple[Dimension, ...] = (),
        version: str | None = None,
        callee: str | None = None,
    ) -> Answer:
        end = self.began + LENGTH
        return await self.metrics.series(
            MetricsQuery(measure, self.began, end, MINUTE, service, stage, version, None, callee, by)
        )

    async def at(
        self, minute: int, measure: Measure, service: str | None, *, by: tuple[Dimension, ...]
    ) -> dict[tuple[str, ...], float]:
        """The values at one minute, by what is told apart; without those that are not known."""
        answer = await self(measure, service, by=by)
        return {
            tuple(one.labels[name] for name in by): one.values[minute]
            for one in answer.series
            if not math.isnan(one.values[minute])
        }

    async def one(self, measure: Measure, service: str, minute: int, *, callee: str | None = None) -> float:
        """The value of the one series that there is."""
        (series,) = (await self(measure, service, callee=callee)).series
        return series.values[minute]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"end": datetime(2026, 11, 1, tzinfo=UTC)}, "forward in time"),
        ({"step": timedelta(0)}, "forward in time"),
        ({"step": timedelta(seconds=1)}, "more than 11000 points"),
        ({"start": datetime(2026, 11, 2)}, "time zone"),  # noqa: DTZ001 — that is what is wrong with it
        ({"by": (Dimension.CALLEE,)}, "Requests cannot be told apart by callee"),
        ({"measure": Measure.POOL_SIZE, "route": "/x"}, "cannot be told apart by route"),
    ],
)
def test_what_cannot_be_asked(given: dict[str, object], said: str) -> None:
    asked: dict[str, object] = {
        "measure": Measure.REQUESTS,
        "start": datetime(2026, 11, 2, tzinfo=UTC),
        "end": datetime(2026, 11, 3, tzinfo=UTC),
        "step": timedelta(minutes=1),
    }
    with pytest.raises(MetricsError, match=said):
        MetricsQuery(**{**asked, **given})  # type: ignore[arg-type]
