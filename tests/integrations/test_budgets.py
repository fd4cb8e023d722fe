"""Rate budgets: what is spent is spent, by whomever; a real Redis between processes, memory within one."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from limits import RateLimitItemPerHour, RateLimitItemPerSecond

from integrations.budgets import Budgets
from tests.redis_server import redis_server

TWO = (RateLimitItemPerSecond(2, 60),)


@pytest.fixture(scope="module")
def redis_url() -> Iterator[str]:
    """A Redis server on a port of its own."""
    with redis_server() as server:
        yield server.url


async def test_a_budget_is_spent_and_then_says_how_long_to_wait() -> None:
    budgets = Budgets(None)
    assert [await budgets.spend(TWO, "slack", "T1", "C1") for _ in range(2)] == [0.0, 0.0]
    wait = await budgets.spend(TWO, "slack", "T1", "C1")
    assert 50 < wait <= 60
    assert await budgets.spend(TWO, "slack", "T1", "C2") == 0.0, "another channel has a budget of its own"


async def test_what_cannot_be_spent_takes_nothing_from_the_other_rates() -> None:
    budgets = Budgets(None)
    both = (RateLimitItemPerHour(3), RateLimitItemPerSecond(1, 60))
    assert await budgets.spend(both, "teams", "a") == 0.0
    for _ in range(5):
        assert await budgets.spend(both, "teams", "a") > 0
    assert await budgets.spend((RateLimitItemPerHour(3),), "teams", "a") == 0.0
    assert await budgets.spend((RateLimitItemPerHour(3),), "teams", "a") == 0.0
    assert await budgets.spend((RateLimitItemPerHour(3),), "teams", "a") > 0


async def test_replicas_spend_from_one_purse_where_there_is_a_redis(redis_url: str) -> None:
    one, other = Budgets(redis_url), Budgets(redis_url)
    assert await one.spend(TWO, "slack", "T1", "shared") == 0.0
    assert await other.spend(TWO, "slack", "T1", "shared") == 0.0
    assert await one.spend(TWO, "slack", "T1", "shared") > 0
    assert await other.spend(TWO, "slack", "T1", "shared") > 0


async def test_replicas_that_spend_at_the_same_moment_spend_no_more_than_there_is(redis_url: str) -> None:
    purses = [Budgets(redis_url) for _ in range(6)]
    waits = await asyncio.gather(*(one.spend(TWO, "slack", "T1", "at-once") for one in purses))
    assert sorted(wait > 0 for wait in waits) == [False, False, True, True, True, True]


async def test_a_redis_that_went_away_leaves_each_process_a_purse_of_its_own() -> None:
    with redis_server() as server:
        budgets = Budgets(server.url)
        assert await budgets.spend(TWO, "slack", "T1", "C1") == 0.0
        server.stop()
        assert [await budgets.spend(TWO, "slack", "T1", "C1") for _ in range(2)] == [0.0, 0.0]
        assert await budgets.spend(TWO, "slack", "T1", "C1") > 0
