"""The signing keys: fetched when they are needed, not more often, and missed without harm."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
import pytest

from bot.teams.authentication import (
    AFTER_A_FAILURE,
    FRESH_FOR,
    NOT_SOONER_THAN,
    KeysUnavailable,
    NoSuchKey,
    SigningKeys,
)
from simulators.teams import FakeTeams


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
    cache.clock.now += AFTER_A_FAILURE
    with pytest.raises(KeysUnavailable):
        await cache.keys.key("key-1")
    cache.clock.now += AFTER_A_FAILURE
    assert await cache.keys.key("key-1")


async def test_a_failed_fetch_is_not_repeated_by_everybody(cache: Cache) -> None:
    await cache.keys.warm()
    cache.clock.now += NOT_SOONER_THAN
    cache.teams.faults.add("keys", 503, times=50)
    asked = cache.teams.faults.count("keys")
    for number in range(20):
        with pytest.raises(KeysUnavailable):
            await cache.keys.key(f"invented-{number}")
    assert cache.teams.faults.count("keys") == asked + 1
    assert await cache.keys.key("key-1"), "who is known is not held up"


@pytest.mark.parametrize("page", [
    "<html>Sign in</html>", "[]", "null", "{}", '{"keys": null}', '{"keys": {}}', '{"keys": [1, null, {}]}',
    '{"keys": [{"kty": "RSA", "kid": "bad", "n": "!", "e": "AQAB"}]}', '{"keys": [{"kty": "RSA", "kid": 1}]}',
])  # fmt: skip
async def test_a_document_of_another_shape_has_no_keys(cache: Cache, page: str) -> None:
    cache.teams.faults.add("keys", 200, says=page)
    await cache.keys.warm()
    with pytest.raises(KeysUnavailable):
        await cache.keys.key("key-1")


@pytest.mark.parametrize("spoilt", [{"n": "!"}, {"n": 5}, {"e": None}, {"endorsements": "msteams"}], ids=str)
async def test_a_key_that_cannot_be_read_takes_no_other_along(
    cache: Cache, spoilt: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    document = cache.teams.keys.document()
    bad = document["keys"][0] | {"kid": "bad"} | spoilt
    monkeypatch.setattr(cache.teams.keys, "document", lambda: {"keys": [bad, *document["keys"]]})
    assert await cache.keys.key("key-1")
    with pytest.raises(NoSuchKey):
        await cache.keys.key("bad")
