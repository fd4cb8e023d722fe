"""The embedded platform's replicas are scraped where its keeper says that they are: by us and by a real
Prometheus."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from integrations.deployments.vendors.local.client import LocalDeployments
from integrations.integration import Surroundings, find_vendors
from integrations.metrics import Dimension, Measure, MetricsQuery
from integrations.metrics.vendors.local import LocalMetricsSettings
from integrations.metrics.vendors.local.scraping import Scraper
from integrations.metrics.vendors.prometheus import PrometheusSettings
from storage.database import Database
from tests.integrations.local_platform import ORDERS, deploy, gone, grant, keepers, served
from tests.integrations.prometheus_process import needs_prometheus, prometheus

pytestmark = pytest.mark.processes

VERSION = (Dimension.VERSION,)


def _listed(keeper: Path) -> list[tuple[int, str]]:
    """How many replicas of which version are listed."""
    groups = json.loads((keeper / "targets.json").read_text())
    assert all(one["labels"]["service"] == "orders" and one["labels"]["stage"] == "staging" for one in groups)
    return [(len(one["targets"]), one["labels"]["version"]) for one in groups]


async def test_what_runs_is_listed_as_long_as_it_runs(platform: LocalDeployments, tmp_path: Path) -> None:
    keeper = tmp_path / "keeper"
    await deploy(platform, "1.0", "g1", replicas=2)
    assert _listed(keeper) == [(2, "1.0")]
    newer = await platform.release("orders", "1.1")
    begun = await platform.begin_canary(
        grant("g2"), ORDERS, "1.1", newer.digest, share=0.5, lease=60.0, before="1.0"
    )
    assert _listed(keeper) == [(2, "1.0"), (begun.canary.replicas, "1.1")]
    await platform.abort_canary(grant("g3"), ORDERS, begun.canary.id, "enough")
    assert _listed(keeper) == [(2, "1.0")]
    await deploy(platform, "1.1", "g4", replicas=1)
    assert _listed(keeper) == [(1, "1.1")]
    (pid,) = keepers(tmp_path)
    os.kill(pid, signal.SIGKILL)
    await gone(pid)
    await platform.status(ORDERS)
    assert _listed(keeper) == [(1, "1.1")], "the one that was started again"
    (pid,) = keepers(tmp_path)
    os.kill(pid, signal.SIGTERM)
    await gone(pid)
    assert _listed(keeper) == []


async def test_the_chores_scrape_what_runs(
    platform: LocalDeployments, database: Database, tenant: str, tmp_path: Path
) -> None:
    status = await deploy(platform, "1.0", "g1", replicas=2)
    vendor = find_vendors(shipped=()).chosen({})["metrics"]
    targets = tmp_path / "keeper" / "targets.json"
    settings = LocalMetricsSettings(_env_file=None, metrics_targets=targets)
    around = Surroundings(database, tenant, tmp_path, {}, tmp_path, settings)
    scrape, thin_out = vendor.chores(around)
    assert (scrape.seconds, thin_out.seconds) == (5.0, 600.0)
    (checked,) = await vendor.check(around)
    assert (checked.state, checked.says) == ("well", "2 replicas are to be scraped; nothing was scraped yet")
    before = datetime.now(UTC)
    await scrape.do()
    after = datetime.now(UTC)
    for _ in range(10):
        await served(status)
    later = after + timedelta(seconds=10)
    assert await Scraper(database, tenant, targets, 5.0).scrape(later) == 2
    await thin_out.do()
    asked = MetricsQuery(Measure.REQUESTS, later, later, timedelta(seconds=15), "orders", by=VERSION)
    (series,) = (await vendor.open(around).series(asked)).series
    assert series.labels == {Dimension.VERSION: "1.0"}
    between = [(later - at).total_seconds() for at in (before, after)]
    assert 10 / between[0] <= series.values[0] <= 10 / between[1], "ten requests between two scrapes"
    assert not await vendor.open(around).call_edges(None, later - timedelta(minutes=1), later)


@needs_prometheus
async def test_a_real_prometheus_reads_the_same_list(platform: LocalDeployments, tmp_path: Path) -> None:
    await deploy(platform, "1.0", "g1", replicas=2)
    folder = tmp_path / "prometheus"
    folder.mkdir()
    targets = tmp_path / "keeper" / "targets.json"
    configuration = {
        "global": {"scrape_interval": "1s"},
        "scrape_configs": [{"job_name": "keeper", "file_sd_configs": [{"files": [str(targets)]}]}],
    }
    vendor = find_vendors(shipped=()).chosen({"metrics": "prometheus"})["metrics"]
    async with prometheus(folder, json.dumps(configuration)) as url, asyncio.timeout(60):
        told = PrometheusSettings(_env_file=None, prometheus_url=url)
        port = vendor.open(Surroundings(cast(Any, None), "acme", folder, {}, folder, told))
        while await _replicas(port) != {("orders", "1.0"): 2.0}:  # noqa: ASYNC110 — it scrapes when it likes
            await asyncio.sleep(0.2)
        await vendor.close(port)


async def _replicas(port: Any) -> dict[tuple[str, str], float]:
    now = datetime.now(UTC)
    by = (Dimension.SERVICE, Dimension.VERSION)
    found = await port.series(MetricsQuery(Measure.REPLICAS, now, now, timedelta(seconds=15), by=by))
    return {
        (one.labels[Dimension.SERVICE], one.labels[Dimension.VERSION]): one.values[0] for one in found.series
    }
