"""Mail that an outbox of our own keeps, for whoever may see everything."""

from __future__ import annotations

from collections.abc import Sequence

from aiohttp import web

from bot.console.visit import Visit
from governance.visibility import scope_of
from integrations.mail import KeepsOutbox, Kept

OUTBOX: web.AppKey[KeepsOutbox] = web.AppKey("outbox", KeepsOutbox)
"""The department's outbox; not there where its mail goes out."""

_MOST = 50


async def read_outbox(outbox: KeepsOutbox, visiting: Visit) -> Sequence[Kept] | None:
    """The newest messages; None for somebody who does not see every customer's items, for mail names them."""
    return await outbox.outbox(_MOST) if scope_of(visiting.reader.person).everything else None
