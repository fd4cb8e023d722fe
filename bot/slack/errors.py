"""What Slack's refusals mean for a message that waits: later, never, or look first."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
from slack_sdk.errors import SlackApiError, SlackRequestError

from bot.platforms.adapter import PlatformAway, PostFailed
from integrations.budgets import seconds_asked

_SLACK_IS_ILL = frozenset(
    {
        "internal_error",
        "fatal_error",
        "service_unavailable",
        "request_timeout",
        "team_added_to_org",
        "org_login_required",
    }
)
"""Slack's own failures, and workspaces on the move, after which a message may have been taken all the same."""

_TOO_MANY = frozenset({"ratelimited", "rate_limited", "message_limit_exceeded"})

_STILL_STREAMS = "streaming_state_conflict"

_NO_TOKEN = frozenset({"account_inactive", "invalid_auth", "not_authed", "token_expired", "token_revoked"})


class TokenRefused(PostFailed):
    """Slack does not take the token any more: the app was taken out, or was given another one."""


class PictureRefused(PostFailed):
    """A card names a picture that Slack does not have, or not yet."""


@asynccontextmanager
async def as_post_failed() -> AsyncIterator[None]:
    """Raises PostFailed for whatever the Web API answers but success, or does not answer."""
    try:
        yield
    except SlackApiError as refused:
        raise _from_answer(refused) from refused
    except aiohttp.ClientConnectorError as away:
        raise PostFailed("Slack cannot be reached", 0.0) from away
    except (TimeoutError, aiohttp.ClientError) as lost:
        raise PostFailed("Slack did not answer", 0.0, is_certain=False) from lost
    except SlackRequestError as lost:
        raise PostFailed("Slack did not take a file", 0.0, is_certain=False) from lost


@asynccontextmanager
async def as_platform_away() -> AsyncIterator[None]:
    """Raises PlatformAway where Slack does not answer, or asks to come back later."""
    try:
        yield
    except SlackApiError as refused:
        if not is_for_later(refused):
            raise
        raise PlatformAway("Slack asks to come back later") from refused
    except (TimeoutError, aiohttp.ClientError) as lost:
        raise PlatformAway("Slack did not answer") from lost


def error_of(refused: SlackApiError) -> str:
    """Slack's word for what is wrong (`channel_not_found`); empty where something else answered for it."""
    told = refused.response.data
    return str(told.get("error", "")) if isinstance(told, dict) else ""


def is_for_later(refused: SlackApiError) -> bool:
    """Whether Slack may well answer otherwise in a while."""
    return _from_answer(refused).retry_after is not None


def is_certain(refused: SlackApiError) -> bool:
    """Whether nothing was done, for sure: Slack itself said no, or what answered for it never asked Slack."""
    return _from_answer(refused).is_certain


def is_missing(refused: SlackApiError) -> bool:
    """Whether there is no such method where it was asked."""
    status: int = refused.response.status_code
    return status == 404


def _from_answer(refused: SlackApiError) -> PostFailed:
    status, error = refused.response.status_code, error_of(refused)
    if status == 429 or error in _TOO_MANY:
        asked = seconds_asked(refused.response.headers)
        return PostFailed("Slack asks to slow down", 1.0 if asked is None else asked)
    if status >= 500 or error in _SLACK_IS_ILL or not error:  # without Slack's word something else answered
        return PostFailed(f"Slack failed ({error or status})", 0.0, is_certain=400 <= status < 500)
    if error == _STILL_STREAMS:
        return PostFailed("Slack still shows it as a stream", 1.0)
    if error == "invalid_blocks" and "slack file" in str(refused.response.data):
        return PictureRefused("Slack does not have a picture of it", 0.0)
    if error in _NO_TOKEN:
        return TokenRefused(f"Slack refused: {error}", None)
    return PostFailed(f"Slack refused: {error}", None)
