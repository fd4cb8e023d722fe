"""Socket Mode: Slack's events over a connection that we open, for servers that Slack cannot reach."""

from __future__ import annotations

import asyncio

import aiohttp
import structlog
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.socket_mode.aiohttp import SocketModeClient

_log = structlog.get_logger()

PING_SECONDS = 5.0
"""A connection that does not answer for four pings is dead, however open it looks, and is made anew."""


RETRIED_AFTER_SECONDS = 5.0


async def run_socket(bolt: AsyncApp, app_token: str, *, ping_seconds: float = PING_SECONDS) -> None:
    """Take events until cancelled. The client connects again by itself whenever the connection is lost."""
    client = AsyncSocketModeHandler(bolt, app_token, ping_interval=ping_seconds).client
    try:
        await _connected(client)
        await asyncio.Event().wait()
    finally:
        await client.close()  # type: ignore[no-untyped-call]


async def _connected(client: SocketModeClient) -> None:
    """Connect for the first time; Slack may be away, or the token wrong, and the doctor says which."""
    while True:
        try:
            await client.connect()  # type: ignore[no-untyped-call]
        except (SlackApiError, aiohttp.ClientError, TimeoutError) as away:
            _log.warning("slack_socket_away", why=type(away).__name__)
            await asyncio.sleep(RETRIED_AFTER_SECONDS)
        else:
            _log.info("slack_socket_open")
            return
