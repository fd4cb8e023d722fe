"""`POST /code/<vendor>`: what a code host tells by itself comes in here. Proved, stored once, then
acknowledged."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import structlog
from aiohttp import web

from integrations.alerts import Delivery, NotProved, SwitchedOff, Unreadable
from integrations.code_host.webhooks import CodeEventKind, CodeWebhooks, store_event
from storage.database import Database

_log = structlog.get_logger()

_NOBODY = "Nothing of a code host is taken at this address."


def add_code_webhooks(
    app: web.Application, database: Database, tenant: str, hosts: Callable[[], Mapping[str, CodeWebhooks]]
) -> None:
    """Take a code host's webhooks at `app`. Of one that is not there, or has no secret, nothing is said but
    404.

    Until what was sent is committed nothing is acknowledged: the database's absence is a 503. A delivery that
    was there before is answered, and is no news.
    """

    async def take(request: web.Request) -> web.Response:
        vendor = request.match_info["vendor"]
        host = hosts().get(vendor)
        if host is None:
            raise web.HTTPNotFound(text=_NOBODY)
        try:
            event = host.receive(Delivery(request.headers, await request.read(), datetime.now(UTC)))
        except SwitchedOff:
            raise web.HTTPNotFound(text=_NOBODY) from None
        except NotProved as refused:
            _log.warning("code_event_refused", vendor=vendor, why=str(refused))
            raise web.HTTPUnauthorized(text=str(refused)) from refused
        except Unreadable as refused:
            _log.warning("code_event_unreadable", vendor=vendor, why=str(refused))
            raise web.HTTPBadRequest(text=str(refused)) from refused
        if event is None:
            return web.json_response({"new": False}, status=202)
        async with database.transaction(tenant) as tx:
            is_new = await store_event(tx, event)
        if event.kind is CodeEventKind.ACCESS:
            host.forget()
        return web.json_response({"new": is_new}, status=202)

    app.router.add_post("/code/{vendor}", take)
