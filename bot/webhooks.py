"""What other systems tell by themselves, each kind at an address of its own. Proved, stored, acknowledged."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

import structlog
from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.alerts import Delivery, NotProved, SwitchedOff, Unreadable
from storage.database import Database

_log = structlog.get_logger()


class Teller(Protocol):
    """A system that tells by itself."""

    def receive(self, delivery: Delivery) -> Any:
        """The event of a delivery; None where it is none of ours. Raises SwitchedOff, NotProved, Unreadable."""

    def forget(self) -> None:
        """What is known of it may be otherwise by now."""


@dataclass(frozen=True, slots=True)
class Told:
    """What one kind of system tells: `POST /<path>/<vendor>`. `tellers` are there by their vendors' names,
    `store` says whether an event is news, and `makes_forget` whether it changes what is known of its teller."""

    path: str
    name: str
    tellers: Callable[[], Mapping[str, Teller]]
    store: Callable[[AsyncSession, Any], Awaitable[bool]]
    makes_forget: Callable[[Any], bool]


def add_webhooks(app: web.Application, database: Database, tenant: str, told: Told) -> None:
    """Take what a kind of system tells at `app`. Of one that is not there, or has no secret, nothing is said
    but 404.

    Until what was sent is committed nothing is acknowledged: the database's absence is a 503. A delivery that
    was there before is answered, and is no news.
    """
    nobody = f"Nothing of a {told.name} is taken at this address."

    async def take(request: web.Request) -> web.Response:
        vendor = request.match_info["vendor"]
        teller = told.tellers().get(vendor)
        if teller is None:
            raise web.HTTPNotFound(text=nobody)
        try:
            event = teller.receive(Delivery(request.headers, await request.read(), datetime.now(UTC)))
        except SwitchedOff:
            raise web.HTTPNotFound(text=nobody) from None
        except NotProved as refused:
            _log.warning("event_refused", path=told.path, vendor=vendor, why=str(refused))
            raise web.HTTPUnauthorized(text=str(refused)) from refused
        except Unreadable as refused:
            _log.warning("event_unreadable", path=told.path, vendor=vendor, why=str(refused))
            raise web.HTTPBadRequest(text=str(refused)) from refused
        if event is None:
            return web.json_response({"new": False}, status=202)
        async with database.transaction(tenant) as tx:
            is_new = await told.store(tx, event)
        if told.makes_forget(event):
            teller.forget()
        return web.json_response({"new": is_new}, status=202)

    app.router.add_post(f"/{told.path}/{{vendor}}", take)
