"""What the doctor says of Slack: which settings are missing, whether Slack takes them, and what it grants."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.finding import Finding
from bot.settings import Settings
from bot.slack.errors import error_of
from bot.slack.installing import bot_scopes

_TIMEOUT_SECONDS = 5

_ENDING = "xoxe."
"""How tokens begin that are rotated: https://docs.slack.dev/authentication/using-token-rotation."""


async def examine_slack(settings: Settings) -> AsyncIterator[Finding]:
    """Look at everything that Slack needs, one thing after the other."""
    for problem in _missing(settings):
        yield Finding("Slack", "wrong", problem)
    if not settings.speaks_slack:
        if not _is_begun(settings):
            yield Finding("Slack", "advice", "not configured; docs/slack.md says how")
        return
    if not settings.slack_workspaces and settings.slack_bot_token is None:
        says = "SLACK_WORKSPACES is empty, so every workspace is refused; list your team ids"
        yield Finding("Slack workspaces", "wrong", says)
    if settings.slack_bot_token is not None:
        yield await _token(settings, settings.slack_bot_token.get_secret_value())
    if settings.slack_app_token is not None:
        yield await _socket(settings, settings.slack_app_token.get_secret_value())


def _is_begun(settings: Settings) -> bool:
    return any(
        (
            settings.slack_signing_secret,
            settings.slack_bot_token,
            settings.slack_client_id,
            settings.slack_client_secret,
            settings.slack_app_token,
        )
    )


def _missing(settings: Settings) -> list[str]:
    if not _is_begun(settings):
        return []
    found = []
    if settings.slack_signing_secret is None and settings.slack_app_token is None:
        found.append("set SLACK_SIGNING_SECRET (Basic Information → Signing Secret), or SLACK_APP_TOKEN")
    if settings.slack_bot_token is None and settings.slack_client_id is None:
        found.append("set SLACK_BOT_TOKEN for one workspace, or SLACK_CLIENT_ID and SLACK_CLIENT_SECRET")
    if (settings.slack_client_id is None) != (settings.slack_client_secret is None):
        found.append("SLACK_CLIENT_ID and SLACK_CLIENT_SECRET go together")
    if settings.slack_client_id is not None and settings.public_url is None:
        found.append("set PUBLIC_URL: Slack sends people back there after installing")
    return found


async def _token(settings: Settings, token: str) -> Finding:
    if token.startswith(_ENDING):
        says = (
            "SLACK_BOT_TOKEN ends after twelve hours, for the app rotates its tokens; set SLACK_CLIENT_ID,"
            " SLACK_CLIENT_SECRET and PUBLIC_URL in its place, and install by /slack/install"
        )
        return Finding("Slack token", "wrong", says)
    client = AsyncWebClient(
        token=token, base_url=settings.slack_api_url, timeout=_TIMEOUT_SECONDS, retry_handlers=[]
    )
    try:
        said = await client.auth_test()
    except SlackApiError as refused:
        says = f"SLACK_BOT_TOKEN is refused ({error_of(refused)}); install the app again and copy its token"
        return Finding("Slack token", "wrong", says)
    except (aiohttp.ClientError, TimeoutError) as away:
        return Finding("Slack token", "wrong", f"{settings.slack_api_url} does not answer: {away}")
    granted = {scope.strip() for scope in str(said.headers.get("x-oauth-scopes", "")).split(",")} - {""}
    missing = sorted(set(bot_scopes()) - granted) if granted else []
    if missing:
        says = f"lacks {', '.join(missing)}; update the app from app-manifest.yml and install it again"
        return Finding("Slack token", "wrong", says)
    return Finding("Slack token", "well", f"{said['user']} in {said['team']} ({said['team_id']})")


async def _socket(settings: Settings, app_token: str) -> Finding:
    client = AsyncWebClient(base_url=settings.slack_api_url, timeout=_TIMEOUT_SECONDS, retry_handlers=[])
    try:
        await client.apps_connections_open(app_token=app_token)
    except SlackApiError as refused:
        says = f"SLACK_APP_TOKEN is refused ({error_of(refused)}); it needs the scope connections:write"
        return Finding("Slack socket", "wrong", says)
    except (aiohttp.ClientError, TimeoutError) as away:
        return Finding("Slack socket", "wrong", f"{settings.slack_api_url} does not answer: {away}")
    return Finding("Slack socket", "well", "Socket Mode")
