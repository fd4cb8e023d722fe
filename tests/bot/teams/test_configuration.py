"""What Teams needs to be told: without all of it, it does not start, and says what is missing."""

from __future__ import annotations

from typing import Any

import pytest

from bot.settings import Settings
from bot.teams.configuration import TeamsMisconfigured, configuration

APP = "11111111-1111-4111-8111-111111111111"
ONE, TWO = "AAAAAAAA-0000-4000-8000-000000000001", "bbbbbbbb-0000-4000-8000-000000000002"
GOOD = {"teams_app_id": APP, "teams_app_password": "secret", "entra_tenants": ONE}


def _settings(**told: Any) -> Settings:
    return Settings(_env_file=None, **told)  # type: ignore[call-arg]


def test_only_where_an_application_is_named_there_is_teams() -> None:
    assert not _settings().speaks_teams
    assert _settings(teams_app_id="").speaks_teams, "and then it does not start"


def test_all_that_is_needed() -> None:
    configured = configuration(_settings(**GOOD))
    assert (configured.app_tenant, configured.tenants) == (ONE.lower(), {ONE.lower()})


@pytest.mark.parametrize(("told", "names"), [
    ({"teams_app_id": ""}, "TEAMS_APP_ID"),
    ({"teams_app_id": "  "}, "TEAMS_APP_ID"),
    ({"teams_app_id": "countersign"}, "TEAMS_APP_ID"),
    ({"teams_app_password": ""}, "TEAMS_APP_PASSWORD"),
    ({"teams_app_password": None}, "TEAMS_APP_PASSWORD"),
    ({"entra_tenants": ""}, "ENTRA_TENANTS"),
    ({"entra_tenants": "example.com"}, "ENTRA_TENANTS"),
    ({"entra_tenants": f"{ONE},{TWO}"}, "TEAMS_APP_TENANT"),
    ({"teams_openid_url": "http://login.example/keys"}, "TEAMS_OPENID_URL"),
    ({"entra_authority": "http://login.example"}, "ENTRA_AUTHORITY"),
    ({"graph_url": "http://graph.example"}, "GRAPH_URL"),
], ids=str)  # fmt: skip
def test_what_would_not_be_safe_does_not_start(told: dict[str, Any], names: str) -> None:
    with pytest.raises(TeamsMisconfigured) as wrong:
        configuration(_settings(**(GOOD | told)))
    assert names in str(wrong.value)


def test_several_tenants_need_to_know_whose_the_application_is() -> None:
    configured = configuration(_settings(**(GOOD | {"entra_tenants": f"{ONE} {TWO}", "teams_app_tenant": TWO})))
    assert configured.app_tenant == TWO
