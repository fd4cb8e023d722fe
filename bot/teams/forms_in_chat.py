"""Forms as messages, for clients that open no dialogs: the same card, filled in where it stands."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.platforms.adapter import PostFailed
from bot.tables import ButtonRow
from bot.teams import conversations
from bot.teams.activities import PLATFORM
from bot.teams.cards import TeamsMessage
from bot.teams.dialogs import in_chat
from bot.teams.posting import Posting
from bot.wire import form_from_json
from governance.places import Audience, Place
from storage.database import Database
from storage.jobs import defer

SHOW = "show_form_in_chat"
"""The job that posts a form."""


async def queue(tx: AsyncSession, place: Place, token: str, at: datetime | None = None) -> None:
    """Queue the posting of the form behind a button where that was pressed, for when `tx` commits."""
    args = {"conversation": place.channel, "thread": place.thread, "token": token}
    await defer(tx, SHOW, args, lock=f"post:{place.key}", at=at)


class FormsInChat:
    """Posts forms, for one application."""

    def __init__(self, database: Database, posting: Posting) -> None:
        self._database = database
        self._posting = posting

    async def show(self, tenant: str, conversation: str, thread: str, token: str) -> None:
        """Post the form behind a button. After a crash it may stand there twice; it counts as often as it is
        sent."""
        place = Place(PLATFORM, conversation, thread, Audience.PUBLIC)
        async with self._database.statements(tenant) as tx:
            known = await conversations.conversation(tx, conversation)
            stored = (await tx.execute(select(ButtonRow.form).where(ButtonRow.token == token))).scalar()
            if known is None or stored is None:
                return
            form = form_from_json(stored)
            message = TeamsMessage("", in_chat(form, token), form.title)
            try:
                await self._posting.post(tx, known, place, (message,), f"form:{token}")
            except PostFailed as failed:
                if failed.retry_after is not None:
                    later = datetime.now(UTC) + timedelta(seconds=max(failed.retry_after, 0.5))
                    await queue(tx, place, token, at=later)
