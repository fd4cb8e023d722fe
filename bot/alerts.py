"""`POST /alerts/<vendor>`: alerts come in here. Proved, bounded, stored once, acknowledged after the commit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import structlog
from aiohttp import web

from agents.operations.alert_intake import store_alerts
from integrations.alerts import AlertSource, Delivery, NotProved, SwitchedOff, TooMany, Unreadable
from storage.database import Database

_log = structlog.get_logger()

_NOBODY = "Nothing takes alerts at this address."


def add_alerts(
    app: web.Application, database: Database, tenant: str, sources: Callable[[], Mapping[str, AlertSource]]
) -> None:
    """Take alerts at `app`. Of a vendor that is not there, or has no secret, nothing is said but 404.

    Until what was sent is committed nothing is acknowledged: the database's absence is a 503, after which the
    senders send again.
    """

    async def take(request: web.Request) -> web.Response:
        vendor = request.match_info["vendor"]
        source = sources().get(vendor)
        if source is None:
            raise web.HTTPNotFound(text=_NOBODY)
        now = datetime.now(UTC)
        delivery = Delivery(request.headers, await request.read(), now)
        try:
            alerts = source.receive(delivery)
        except SwitchedOff:
            raise web.HTTPNotFound(text=_NOBODY) from None
        except NotProved as refused:
            _log.warning("alerts_refused", vendor=vendor, why=str(refused))
            raise web.HTTPUnauthorized(text=str(refused)) from refused
        except Unreadable as refused:
            _log.warning("alerts_unreadable", vendor=vendor, why=str(refused))
            raise web.HTTPBadRequest(text=str(refused)) from refused
        except TooMany as refused:
            _log.error("alerts_too_many", vendor=vendor, why=str(refused))
            return web.json_response({"error": str(refused)}, status=413)
        async with database.transaction(tenant) as tx:
            news = await store_alerts(tx, alerts, now)
        return web.json_response({"alerts": len(alerts), "new": news}, status=202)

    app.router.add_post("/alerts/{vendor}", take)
