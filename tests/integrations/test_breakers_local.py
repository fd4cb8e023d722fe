"""Breakers of the embedded platform, on real requests; and what fills a replica's caches before it has any."""

from __future__ import annotations

import asyncio
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import httpx
import pytest

from integrations.deployments import (
    BreakerClosed,
    Change,
    ChangeKind,
    ChangeQuery,
    NothingRuns,
    Shed,
    Stage,
    Target,
)
from integrations.deployments.vendors.local import breakers
from integrations.deployments.vendors.local.client import LocalDeployments
from tests.integrations.local_platform import ORDERS, deploy, gone, grant, keepers, served
from tests.integrations.releases import write_release

pytestmark = pytest.mark.processes


@pytest.fixture
async def platform(tmp_path: Path) -> AsyncIterator[LocalDeployments]:
    releases = tmp_path / "releases"
    write_release(releases, "orders", "1.0", "2026-11-01")
    write_release(releases, "orders", "1.1", "2026-11-02", ERRS="1")
    opened = LocalDeployments(tmp_path / "keeper", releases, ready_seconds=5.0)
    await deploy(opened, "1.0", "first")
    yield opened
    for pid in keepers(tmp_path):
        os.kill(pid, signal.SIGTERM)
        await gone(pid)


async def asked(
    platform: LocalDeployments, times: int, headers: Mapping[str, str] | None = None
) -> Counter[int]:
    address = (await platform.status(ORDERS)).address
    async with httpx.AsyncClient() as client:
        return Counter([(await client.get(f"{address}/", headers=headers)).status_code for _ in range(times)])


async def last(platform: LocalDeployments) -> Change:
    return (await platform.history(ChangeQuery("orders"))).items[0]


async def closed(platform: LocalDeployments) -> None:
    async with asyncio.timeout(60):
        while (await platform.status(ORDERS)).breaker is not None:  # noqa: ASYNC110 — nobody tells
            await asyncio.sleep(0.05)


async def test_it_closes_by_itself_once_what_it_lets_through_is_answered_well(
    platform: LocalDeployments,
) -> None:
    status = await platform.open_breaker(grant("b"), ORDERS, Shed.ALL, 600)
    assert status.breaker is not None
    assert status.breaker.sheds is Shed.ALL
    one_short = breakers.PROBES_EVERY * breakers.PROBES_WELL - 1
    found = await asked(platform, one_short)
    assert found == {503: one_short - breakers.PROBES_WELL + 1, 200: breakers.PROBES_WELL - 1}
    status = await platform.status(ORDERS)
    assert status.breaker is not None
    assert status.breaker.refused == found[503]
    assert await asked(platform, 1) == {200: 1}
    await closed(platform)
    assert await asked(platform, 20) == {200: 20}
    ended = await last(platform)
    said = f"it answers again; {found[503]} requests were refused"
    assert (ended.kind, ended.grant, ended.why) == (ChangeKind.BREAKER_CLOSED, "", said)


async def test_it_stays_open_while_some_of_them_fail_and_ends_with_its_time(platform: LocalDeployments) -> None:
    await deploy(platform, "1.1", "second")
    await platform.open_breaker(grant("b"), ORDERS, Shed.ALL, 4)
    found = await asked(platform, breakers.PROBES_EVERY * 12)  # a fourth of what is let through fails
    assert found[200] == 9
    assert (await platform.status(ORDERS)).breaker is not None
    await closed(platform)
    assert (await last(platform)).why.startswith("its time was over; ")


async def test_less_urgent_requests_are_shed_and_the_others_answered(platform: LocalDeployments) -> None:
    await platform.open_breaker(grant("b"), ORDERS, Shed.LESS_URGENT, 600)
    assert await asked(platform, 20) == {200: 20}
    assert await asked(platform, 20, {"Priority": "u=3, i"}) == {200: 20}
    assert await asked(platform, 20, {"Priority": "i, u=4"}) == {503: 20}
    assert await asked(platform, 5, {"Priority": "u=rubbish"}) == {200: 5}
    await platform.close_breaker(grant("c"), ORDERS)
    assert await asked(platform, 5, {"Priority": "u=7"}) == {200: 5}


async def test_each_grant_holds_once_and_a_closed_one_cannot_be_closed(platform: LocalDeployments) -> None:
    await platform.open_breaker(grant("b"), ORDERS, Shed.ALL, 600)
    await platform.open_breaker(grant("b2"), ORDERS, Shed.LESS_URGENT, 600)
    status = await platform.open_breaker(grant("b"), ORDERS, Shed.ALL, 600)  # again, after a lost answer
    assert status.breaker is not None
    assert status.breaker.sheds is Shed.LESS_URGENT
    await platform.close_breaker(grant("c"), ORDERS)
    await platform.close_breaker(grant("c"), ORDERS)
    with pytest.raises(BreakerClosed, match="is closed"):
        await platform.close_breaker(grant("c2"), ORDERS)
    kinds = [one.kind for one in (await platform.history(ChangeQuery("orders"))).items]
    assert kinds.count(ChangeKind.BREAKER_OPENED) == 2
    assert kinds.count(ChangeKind.BREAKER_CLOSED) == 1
    assert await platform.what_happened("c") == "orders 1.0 breaker closed in staging"
    with pytest.raises(NothingRuns):
        await platform.open_breaker(grant("d"), Target("orders", Stage.PRODUCTION), Shed.ALL, 600)


async def test_a_keeper_that_begins_again_lets_everything_through_and_says_so(
    platform: LocalDeployments, tmp_path: Path
) -> None:
    await platform.open_breaker(grant("b"), ORDERS, Shed.ALL, 600)
    (keeper,) = keepers(tmp_path)
    os.kill(keeper, signal.SIGKILL)
    await gone(keeper)
    status = await platform.status(ORDERS)
    assert status.breaker is None
    assert (await served(status)).startswith("orders 1.0")
    ended = await last(platform)
    assert (ended.kind, ended.why) == (ChangeKind.BREAKER_CLOSED, "the keeper had to begin again")


async def test_a_replica_is_asked_for_what_fills_its_caches_before_it_has_traffic(
    platform: LocalDeployments, tmp_path: Path
) -> None:
    write_release(tmp_path / "releases", "orders", "2.0", "2026-11-05")
    file = tmp_path / "releases" / "orders" / "2.0" / "release.yaml"
    file.write_text(file.read_text() + 'warm_up: ["/popular", "/prices?top=100"]\n')
    await deploy(platform, "2.0", "third", replicas=2)
    # The service counts what it was asked for, but for its health and its metrics.
    assert {await served(await platform.status(ORDERS), "/metrics") for _ in range(2)} == {
        'http_requests_total{route="/",code="200"} 2\n'
    }
    file.write_text(file.read_text().replace('"/popular', '"popular'))
    with pytest.raises(Exception, match="warm_up"):
        await platform.release("orders", "2.0")
