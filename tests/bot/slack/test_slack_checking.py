"""What the doctor says of Slack's settings."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.settings import Settings
from bot.slack.checking import examine_slack
from simulators.slack import FakeSlack


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with await FakeSlack.start() as started:
        yield started


def _settings(slack: FakeSlack, **changed: Any) -> Settings:
    told = {name.lower(): value for name, value in slack.settings().items()}
    return Settings(_env_file=None, **told | changed)


async def _says(settings: Settings) -> list[tuple[str, str, str]]:
    return [(found.what, found.state, found.says) async for found in examine_slack(settings)]


async def test_all_is_well(slack: FakeSlack) -> None:
    (token,) = await _says(_settings(slack))
    assert token[:2] == ("Slack token", "well")
    assert "T0ACME" in token[2]


async def test_nothing_is_configured() -> None:
    assert await _says(Settings(_env_file=None)) == [
        ("Slack", "advice", "not configured; docs/slack.md says how")
    ]


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"slack_signing_secret": None}, "set SLACK_SIGNING_SECRET"),
        ({"slack_bot_token": None}, "set SLACK_BOT_TOKEN for one workspace"),
        ({"slack_client_id": "1.2", "slack_client_secret": None}, "go together"),
        ({"slack_client_id": "1.2", "slack_client_secret": "s", "public_url": None}, "set PUBLIC_URL"),
        ({"slack_bot_token": "xoxb-wrong"}, "SLACK_BOT_TOKEN is refused (invalid_auth)"),
        ({"slack_bot_token": "xoxe.xoxb-1-abc"}, "ends after twelve hours"),
        ({"slack_app_token": "xapp-wrong"}, "SLACK_APP_TOKEN is refused"),
        ({"slack_api_url": "http://127.0.0.1:9/api/"}, "does not answer"),
    ],
)
async def test_what_is_missing_or_wrong_is_named(slack: FakeSlack, changed: dict[str, Any], says: str) -> None:
    found = [said for _, state, said in await _says(_settings(slack, **changed)) if state == "wrong"]
    assert any(says in said for said in found), found


async def test_a_scope_that_was_not_granted_is_named(slack: FakeSlack) -> None:
    slack.app.scopes = frozenset(slack.all_scopes) - {"files:write"}
    (token,) = await _says(_settings(slack))
    assert token[1:] == (
        "wrong",
        "lacks files:write; update the app from app-manifest.yml and install it again",
    )
