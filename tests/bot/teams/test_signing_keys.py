"""The signing keys: fetched when they are needed, not more often, and missed without harm."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
import pytest

from bot.teams.signing_keys import FRESH_FOR, NOT_SOONER_THAN, KeysUnavailable, NoSuchKey, SigningKeys
from tests.fakes.teams import FakeTeams


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Cache:
    teams: FakeTeams
    keys: SigningKeys
    clock: Clock


@pytest.fixture
async def cache() -> AsyncIterator[Cache]:
    async with await FakeTeams.start() as teams, httpx.AsyncClient() as http:
        clock = Clock()
        yield Cache(teams, SigningKeys(f"{teams.url}/openid", http, clock=clock), clock)


async def test_one_fetch_serves_everybody_for_a_day(cache: Cache) -> None:
    await asyncio.gather(*(cache.keys.key("key-1") for _ in range(10)))
    cache.clock.now += FRESH_FOR - 1
    await cache.keys.key("key-1")
    assert cache.teams.keys.fetches == 1
    cache.clock.now += 1
    await cache.keys.key("key-1")
    assert cache.teams.keys.fetches == 2


async def test_a_new_key_is_fetched_and_a_withdrawn_one_is_gone(cache: Cache) -> None:
    await cache.keys.warm()
    cache.teams.keys.roll()
    cache.clock.now += NOT_SOONER_THAN
    assert await cache.keys.key("key-2")
    with pytest.raises(NoSuchKey):
        await cache.keys.key("key-1")


async def test_invented_names_are_looked_for_once_in_a_while(cache: Cache) -> None:
    await cache.keys.warm()
    cache.clock.now += NOT_SOONER_THAN
    for _ in range(5):
        with pytest.raises(NoSuchKey):
            await cache.keys.key("invented")
    assert cache.teams.keys.fetches == 2


async def test_yesterdays_keys_will_do_while_no_new_ones_can_be_had(cache: Cache) -> None:
    await cache.keys.warm()
    cache.clock.now += FRESH_FOR
    cache.teams.faults.add("keys", 503)
    assert await cache.keys.key("key-1")


async def test_without_any_keys_nothing_is_verified(cache: Cache) -> None:
    cache.teams.faults.add("keys", 502, times=2)
    await cache.keys.warm()
    with pytest.raises(KeysUnavailable):
        await cache.keys.key("key-1")
    assert await cache.keys.key("key-1")
