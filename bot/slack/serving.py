"""Where Slack's events come in: at addresses of the web server, or over the connection of Socket Mode."""

from __future__ import annotations

import asyncio
import re

import aiohttp
import structlog
from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp, AsyncBoltRequest
from slack_bolt.request.internals import parse_body
from slack_sdk.errors import SlackApiError
from slack_sdk.socket_mode.aiohttp import SocketModeClient

from bot.slack.connecting import SlackWeb

_SECONDS = re.compile(r"[0-9]{1,15}", re.ASCII)


def add_slack(app: web.Application, slack: SlackWeb) -> None:
    """Serve Slack from `app`. Without a signing secret nothing is served: events come by the socket."""
    bolt, flow = slack.bolt, slack.flow

    async def events(request: web.Request) -> web.Response:
        return await to_aiohttp_response(await bolt.async_dispatch(await _read(request)))

    if slack.is_signed:
        app.router.add_post("/slack/events", events)
    if flow is None:
        return

    async def install(request: web.Request) -> web.Response:
        return await to_aiohttp_response(await flow.handle_installation(await to_bolt_request(request)))

    async def installed(request: web.Request) -> web.Response:
        return await to_aiohttp_response(await flow.handle_callback(await to_bolt_request(request)))

    app.router.add_get("/slack/install", install)
    app.router.add_get("/slack/oauth_redirect", installed)


async def _read(request: web.Request) -> AsyncBoltRequest:
    """Bolt reads a request before it looks at its signature, and takes for granted that it can be read, that
    JSON is an object, and what stands in it. Raises HTTPBadRequest for anything else, whoever sent it."""
    if not _SECONDS.fullmatch(request.headers.get("X-Slack-Request-Timestamp", "0")):
        raise web.HTTPBadRequest(text="This is nothing of Slack's.")
    try:
        read: object = parse_body(await request.text(), request.content_type)
    except (ValueError, LookupError, RecursionError) as rubbish:
        # no JSON, bytes that are no text, no such charset, nested too deeply
        raise web.HTTPBadRequest(text="This cannot be read.") from rubbish
    if not isinstance(read, dict):
        raise web.HTTPBadRequest(text="This is nothing of Slack's.")
    try:
        return await to_bolt_request(request)
    except (TypeError, LookupError, AttributeError, ValueError) as rubbish:  # a team that is a number, …
        raise web.HTTPBadRequest(text="This is nothing of Slack's.") from rubbish


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
