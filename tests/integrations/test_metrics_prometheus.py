"""Prometheus: a real one answers the contract, and a fake one fails in every way."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest
from aiohttp.test_utils import TestServer
from pydantic import ValidationError

from integrations.integration import Integration, Surroundings, find_vendors
from integrations.metrics import MOST_SERIES, Answer, Dimension, Measure, Metrics, MetricsError, MetricsQuery
from integrations.metrics.promql import OPENTELEMETRY, PROMETHEUS
from integrations.metrics.vendors.prometheus import PrometheusSettings, names
from integrations.web_service import Manners
from simulators.prometheus import FakePrometheus, Fault
from storage.look import Away
from tests.integrations.metrics_contract import MINUTE, MetricsContract, beginning
from tests.integrations.prometheus_process import needs_prometheus, prometheus, write_scripted

TOKEN = "t0p-s3cret"
AT = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)


def _vendor() -> Integration:
    return find_vendors(shipped=()).chosen({"metrics": "prometheus"})["metrics"]


def _around(url: str, **settings: Any) -> Surroundings:
    told = PrometheusSettings(_env_file=None, prometheus_url=url, **settings)
    return Surroundings(cast(Any, None), "acme", Path(), {}, Path(), told)


@pytest.fixture(scope="module")
def began() -> datetime:
    return beginning()


@pytest.fixture(scope="module")
async def real(tmp_path_factory: pytest.TempPathFactory, began: datetime) -> AsyncIterator[str]:
    """A real one, with the scripted half hour in it."""
    folder = tmp_path_factory.mktemp("prometheus")
    write_scripted(folder, began)
    async with prometheus(folder, "scrape_configs: []\n") as url:
        yield url


@pytest.fixture(scope="module")
async def metrics(real: str) -> AsyncIterator[Metrics]:
    port = _vendor().open(_around(real))
    yield port
    await _vendor().close(port)


@needs_prometheus
@pytest.mark.processes
class TestPrometheus(MetricsContract):
    pass


@needs_prometheus
@pytest.mark.processes
@pytest.mark.parametrize("convention", [PROMETHEUS, OPENTELEMETRY])
@pytest.mark.parametrize("measure", Measure)
async def test_every_query_is_one(real: str, tmp_path: Path, convention: Any, measure: Measure) -> None:
    named = "prometheus" if convention is PROMETHEUS else "opentelemetry"
    port = _vendor().open(_around(real, prometheus_convention=named))
    whole = {"service": "a", "stage": None, "version": "1", "by": tuple(measure.dimensions)}
    for asked in ({}, whole):
        await port.series(MetricsQuery(measure, AT, AT, MINUTE, **asked))
    assert len(await port.call_edges(None, AT - MINUTE, AT)) == 0
    await _vendor().close(port)


@needs_prometheus
@pytest.mark.processes
async def test_the_doctor_says_what_has_data(real: str) -> None:
    (checked,) = await _vendor().check(_around(real))
    assert checked.state in ("well", "advice"), checked.says
    (nothing,) = await _vendor().check(_around(real, prometheus_convention="opentelemetry"))
    assert (nothing.state, "has no data for: requests" in nothing.says) == ("advice", True)
    (away,) = await _vendor().check(_around("http://127.0.0.1:1"))
    assert (away.state, "Prometheus cannot be reached" in away.says) == ("wrong", True)


@pytest.fixture
def fake() -> FakePrometheus:
    return FakePrometheus()


@pytest.fixture
async def port(fake: FakePrometheus) -> AsyncIterator[Any]:
    server = TestServer(fake.app())
    await server.start_server()
    opened = _vendor().open(_around(str(server.make_url("/metrics-store")), prometheus_token=TOKEN))
    yield opened
    await _vendor().close(opened)
    await server.close()


async def _requests(port: Metrics, **given: Any) -> Answer:
    return await port.series(MetricsQuery(Measure.REQUESTS, AT, AT + 3 * MINUTE, MINUTE, **given))


async def test_values_stand_at_their_times_with_warnings(fake: FakePrometheus, port: Metrics) -> None:
    fake.series = [({"version": "2"}, {AT.timestamp() + 60: "NaN", AT.timestamp() + 120.0001: "1.5"})]
    fake.warnings = ["PromQL info: metric might not be a counter"]
    answer = await _requests(port, by=(Dimension.VERSION,))
    (series,) = answer.series
    assert [math.isnan(value) for value in series.values] == [True, True, False, True]
    assert (series.values[2], series.labels) == (1.5, {Dimension.VERSION: "2"})
    assert answer.notes == ("Prometheus says: PromQL info: metric might not be a counter",)
    assert fake.asked[0]["step"] == "60.0"
    assert fake.authorisations == [f"Bearer {TOKEN}"]


@pytest.mark.parametrize("fault", ["error", "no json", "truncated", "packed", "endless", "other shape"])
async def test_what_is_no_answer_is_away(fake: FakePrometheus, port: Metrics, fault: Fault) -> None:
    fake.faults = [fault] * 3
    with pytest.raises(Away, match=r"^Prometheus "):
        await _requests(port)


@pytest.mark.parametrize("fault", ["slow", "error", "truncated", "no json"])
async def test_one_failure_is_tried_again(fake: FakePrometheus, port: Any, fault: Fault) -> None:
    port.service.manners = Manners(seconds=1.0)
    fake.faults = [fault]
    fake.series = [({}, {AT.timestamp(): "2"})]
    assert (await _requests(port)).series[0].values[0] == 2.0
    assert len(fake.asked) == 2


async def test_a_refused_query_is_said_with_what_was_asked(fake: FakePrometheus, port: Metrics) -> None:
    fake.faults = ["bad query"]
    with pytest.raises(MetricsError, match=r"multiple matches.*asked for \(sum by"):
        await _requests(port)
    assert len(fake.asked) == 1


async def test_no_credential_stands_in_words(fake: FakePrometheus, port: Metrics) -> None:
    fake.faults = ["unauthorised"]
    with pytest.raises(MetricsError, match="may not") as refused:
        await _requests(port)
    assert TOKEN not in str(refused.value)


async def test_too_many_or_alike_series_are_refused(fake: FakePrometheus, port: Metrics) -> None:
    fake.series = [({"version": str(n)}, {AT.timestamp(): "1"}) for n in range(MOST_SERIES + 1)]
    with pytest.raises(MetricsError, match="1001 series there"):
        await _requests(port, by=(Dimension.VERSION,))
    fake.series = fake.series[:2]
    with pytest.raises(MetricsError, match="alike"):
        await _requests(port)


async def test_basic_authentication(fake: FakePrometheus) -> None:
    server = TestServer(fake.app())
    await server.start_server()
    url = str(server.make_url("/metrics-store/"))
    opened = _vendor().open(_around(url, prometheus_user="ops", prometheus_password="pw"))
    await _requests(opened)
    assert fake.authorisations == ["Basic b3BzOnB3"]
    await _vendor().close(opened)
    await server.close()


def test_a_company_names_its_metrics_as_it_likes(tmp_path: Path) -> None:
    file = tmp_path / "names.yaml"
    settings = PrometheusSettings(
        _env_file=None, prometheus_url="https://metrics.example.com/prom", prometheus_names=file
    )
    assert settings.prometheus_url == "https://metrics.example.com/prom/"
    file.write_text(
        "labels: {service: app}\nqueries: {requests: 'sum by ($by) (rate(hits{$where}[$window]))'}\n"
    )
    asked = names(settings).query(Measure.REQUESTS, {Dimension.SERVICE: 'a"b'}, (Dimension.STAGE,), 90)
    assert asked == 'sum by (stage) (rate(hits{app="a\\"b"}[90s]))'
    assert names(settings).queries[Measure.FAILED] == PROMETHEUS.queries[Measure.FAILED]
    for wrong in ("queries: {speed: x}", "queries: {requests: $what}", "- x", "labels: {", "more: 1"):
        file.write_text(wrong)
        with pytest.raises(MetricsError, match=r"names\.yaml cannot be read"):
            names(settings)
    file.unlink()
    with pytest.raises(MetricsError, match=r"names\.yaml cannot be read"):
        names(settings)


@pytest.mark.parametrize("url", ["ftp://x", "metrics:9090", "http://ops:pw@metrics:9090"])
def test_an_address_without_credentials_in_it(url: str) -> None:
    with pytest.raises(ValidationError) as refused:
        PrometheusSettings(_env_file=None, prometheus_url=url)
    assert "pw" not in str(refused.value)
