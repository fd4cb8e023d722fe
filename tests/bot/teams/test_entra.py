"""Tokens of our own: fetched once until they end, per tenant and resource, and refused for a wrong secret."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bot.settings import Settings
from bot.teams import entra
from bot.teams.configuration import TeamsConfiguration, configuration
from bot.teams.entra import EntraLost, EntraTokens, NoToken
from simulators.teams import FakeTeams

GRAPH = "https://graph.example"


@pytest.fixture
async def teams() -> AsyncIterator[FakeTeams]:
    async with await FakeTeams.start() as started:
        yield started


def _configured(teams: FakeTeams) -> TeamsConfiguration:
    told = {name.lower(): value for name, value in teams.settings().items()}
    return configuration(Settings(_env_file=None, **told))  # type: ignore[call-arg]


async def test_one_token_is_fetched_for_many_and_another_for_another_resource(teams: FakeTeams) -> None:
    tokens, tenant = EntraTokens(_configured(teams)), teams.world.tenant
    given = await asyncio.gather(*(tokens.token(tenant, GRAPH) for _ in range(10)))
    assert len(set(given)) == 1
    assert teams.entra.issued[given[0]] == (tenant, GRAPH)
    assert await tokens.token(tenant, "https://other.example") != given[0]
    assert teams.faults.count("token") == 2


async def test_a_token_is_not_used_to_its_last_minutes(
    teams: FakeTeams, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens, tenant = EntraTokens(_configured(teams)), teams.world.tenant
    first = await tokens.token(tenant, GRAPH)
    at = entra.time.monotonic()
    monkeypatch.setattr(entra.time, "monotonic", lambda: at + 3600 - 299)
    monkeypatch.setattr("msal.token_cache.time.time", lambda: at + 10**10)
    assert await tokens.token(tenant, GRAPH) != first


async def test_a_wrong_secret_is_refused_by_name(teams: FakeTeams) -> None:
    tokens = EntraTokens(replace(_configured(teams), password="wrong"))
    with pytest.raises(NoToken, match=r"^invalid_client$"):
        await tokens.token(teams.world.tenant, GRAPH)


async def test_entra_away_is_not_entra_refusing(teams: FakeTeams) -> None:
    tokens = EntraTokens(replace(_configured(teams), authority="http://127.0.0.1:1/entra"))
    with pytest.raises(EntraLost):
        await tokens.token(teams.world.tenant, GRAPH)


@pytest.mark.parametrize(("status", "says"), [
    (200, "<html>Sign in</html>"),
    (503, "<html>Busy</html>"),
    (429, '{"error": "temporarily_unavailable"}'),
    (400, "<html>Proxy</html>"),
])  # fmt: skip
async def test_what_says_nothing_about_us_is_entra_away(teams: FakeTeams, status: int, says: str) -> None:
    tokens = EntraTokens(_configured(teams))
    teams.faults.add("token", status, says=says)
    with pytest.raises(EntraLost):
        await tokens.token(teams.world.tenant, GRAPH)
