"""Slack's addresses in the web server: events, presses, commands, and the app's installation."""

from __future__ import annotations

import re

from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.async_app import AsyncBoltRequest
from slack_bolt.request.internals import parse_body

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
