"""Counting requests by ticks."""

from __future__ import annotations

from random import Random

import aiohttp

from integrations.deployments.vendors.local.meter import SAMPLE, TICK_SECONDS, Meter
from integrations.deployments.vendors.local.proxy import Counts, Proxy


class _Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def _meter() -> tuple[Meter, _Clock]:
    clock = _Clock()
    return Meter(clock, Random(1)), clock


def test_what_is_counted_is_there_once_its_tick_is_over() -> None:
    meter, clock = _meter()
    meter.count(canary=False, failed=False, seconds=0.01)
    meter.count(canary=True, failed=True, seconds=0.2)
    assert meter.closed(0) == []
    clock.now += TICK_SECONDS
    (tick,) = meter.closed(0)
    assert tick["stable"] == {"requests": 1, "failed": 0, "sample": [[False, 0.01]]}
    assert tick["canary"] == {"requests": 1, "failed": 1, "sample": [[True, 0.2]]}
    assert meter.closed(tick["number"]) == []


def test_seconds_in_which_nothing_came_in_are_said_as_such() -> None:
    meter, clock = _meter()
    meter.count(canary=False, failed=False, seconds=0.01)
    clock.now += 4 * TICK_SECONDS
    ticks = meter.closed(0)
    assert [tick["stable"]["requests"] for tick in ticks] == [1, 0, 0, 0]
    numbers = [tick["number"] for tick in ticks]
    assert numbers == list(range(numbers[0], numbers[0] + 4))


def test_a_flood_is_counted_whole_and_sampled_evenly() -> None:
    meter, clock = _meter()
    for number in range(20_000):
        meter.count(canary=False, failed=number < 5_000, seconds=0.01)
    clock.now += TICK_SECONDS
    (tick,) = meter.closed(0)
    assert (tick["stable"]["requests"], tick["stable"]["failed"]) == (20_000, 5_000)
    failed = [failed for failed, _ in tick["stable"]["sample"]]
    assert len(failed) == SAMPLE
    assert 0.18 < sum(failed) / SAMPLE < 0.32, "a quarter, four standard errors about it"


def test_what_is_old_is_forgotten_and_a_page_is_bounded() -> None:
    meter, clock = _meter()
    for _ in range(400):
        meter.count(canary=False, failed=False, seconds=0.01)
        clock.now += TICK_SECONDS
    found, after = 0, 0
    while page := meter.closed(after):
        assert len(page) <= 60
        found, after = found + len(page), page[-1]["number"]
    assert 170 <= found <= 180


async def test_the_proxy_counts_what_no_replica_answered_as_lost() -> None:
    async with aiohttp.ClientSession() as client:
        proxy = Proxy(client)
        try:
            await proxy.open(0)
            async with client.get(proxy.address) as answer:
                assert answer.status == 503
        finally:
            await proxy.close()
    assert proxy.counts == Counts(requests=1, failed=1, lost=1)
    assert proxy.counts.since(Counts(1, 0, 0)) == {"requests": 0, "failed": 1, "lost": 1}
