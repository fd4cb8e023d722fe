"""Deciding in the dashboard: a press as on the person's own card, which may stand in another chat.

It goes the way of every press, and is answered where that card stands.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

from aiohttp import web
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot import outbox
from bot.console.reading import reader_of
from bot.console.visit import Visit, Visitor
from bot.inbox import store_click
from bot.platforms.adapter import Adapter, PlatformAway
from bot.tables import ButtonRow, OutboxRow
from governance.places import Place
from handlers.conversation.approval_card import decision_buttons
from handlers.conversation.usable import Reader, works
from storage.database import Database

ADAPTERS: web.AppKey[Callable[[], Mapping[str, Adapter]]] = web.AppKey("adapters")
"""The chat platforms, by name. Where they are not given, nothing is decided in the dashboard."""


class CannotDecide(Exception):
    """A decision that is not taken here. The text says why, and what to do."""


async def can_decide(reader: Reader, approval: str) -> bool:
    """Whether this reader's vote on an approval would count now."""
    approve, _ = decision_buttons(approval)
    return await works(approve, reader)


async def fresh_thread(
    database: Database, tenant: str, adapters: Mapping[str, Adapter], visitor: Visitor
) -> Place:
    """A new thread with the visitor on the platform that they come from. Holds no transaction.

    Raises CannotDecide.
    """
    adapter = adapters[visitor.identity.partition(":")[0]]
    try:
        async with database.statements(tenant) as session:
            fresh = await adapter.direct(session, visitor.person)
    except PlatformAway as away:
        raise CannotDecide(f"{away} Nothing was decided; try again in a minute.") from away
    if fresh is None:
        raise CannotDecide("There is no direct conversation with you yet. Write to Countersign in chat first.")
    return fresh


async def decide_here(
    visiting: Visit,
    fresh: Place,
    approval: str,
    choice: Literal["approve", "deny"],
    *,
    reason: str,
    key: str,
) -> Place:
    """Store the press and queue its turn; a repeated `key` does nothing. Returns where it is answered: on the
    visitor's own card, or in the `fresh` thread with them.

    Raises CannotDecide.
    """
    if not await can_decide(await reader_of(visiting), approval):
        raise CannotDecide("It is decided already, or your vote does not count. Load the page again.")
    token = await _token(visiting.tx, approval, choice)
    if token is None:
        raise CannotDecide("Its card is being posted. Try again in a moment.")
    place = await outbox.place_of(visiting.tx, approval, fresh) or fresh
    await store_click(
        visiting.tx,
        platform=place.platform,
        key=key,
        identity=visiting.reader.identity,
        place=place,
        token=token,
        values={"reason": reason} if choice == "deny" and reason else {},
    )
    return place


async def _token(tx: AsyncSession, approval: str, choice: str) -> str | None:
    """The newest button with this meaning, wherever it was posted: it means the same in each place."""
    meant = select(ButtonRow.token).where(ButtonRow.subject == approval, ButtonRow.verb == choice)
    newest = meant.join(OutboxRow, OutboxRow.id == ButtonRow.outbox).order_by(OutboxRow.number.desc()).limit(1)
    return (await tx.execute(newest)).scalar()
