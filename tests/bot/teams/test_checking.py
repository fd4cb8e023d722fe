"""What the doctor says of Teams."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest

from bot.settings import Settings
from bot.teams.checking import examine_teams
from simulators.teams import FakeTeams
from simulators.teams.graph import Permission


@pytest.fixture
async def teams() -> AsyncIterator[FakeTeams]:
    async with await FakeTeams.start() as started:
        yield started


async def _findings(teams: FakeTeams, **changes: str) -> dict[str, tuple[str, str]]:
    told = {name.lower(): value for name, value in (teams.settings() | changes).items()}
    settings = Settings(_env_file=None, **told)  # type: ignore[call-arg]
    return {each.what.partition(" in ")[0]: (each.state, each.says) async for each in examine_teams(settings)}


async def test_all_is_well(teams: FakeTeams) -> None:
    assert {state for state, _ in (await _findings(teams)).values()} == {"well"}


async def test_what_is_missing_is_named(teams: FakeTeams) -> None:
    settings = Settings(_env_file=None)  # type: ignore[call-arg]
    assert [each.state async for each in examine_teams(settings)] == ["advice"]
    state, says = (await _findings(teams, TEAMS_APP_ID=""))["Teams"]
    assert (state, "TEAMS_APP_ID" in says) == ("wrong", True)


async def test_what_entra_refuses_or_withholds_is_said(teams: FakeTeams) -> None:
    state, says = (await _findings(teams, TEAMS_APP_PASSWORD="wrong"))["Teams token"]
    assert (state, "invalid_client" in says) == ("wrong", True)


@pytest.mark.parametrize(
    ("withheld", "named"),
    [
        ("users", ["User.Read.All"]),
        ("channels", ["Channel.ReadBasic.All"]),
        ("installing", ["AppCatalog.Read.All", "TeamsAppInstallation.ReadWriteSelfForUser.All"]),
    ],
)
async def test_each_permission_that_was_not_granted_is_named(
    teams: FakeTeams, withheld: Permission, named: list[str]
) -> None:
    teams.graph.forbidden.add(withheld)
    state, says = (await _findings(teams))["Graph"]
    assert state == "advice"
    assert re.findall(r"([\w.]+) is not granted", says) == named


async def test_what_does_not_answer_is_said(teams: FakeTeams) -> None:
    nowhere = "http://127.0.0.1:1/x"
    found = await _findings(teams, TEAMS_OPENID_URL=nowhere, ENTRA_AUTHORITY=nowhere)
    assert {found["Teams keys"][0], found["Teams token"][0]} == {"wrong"}
