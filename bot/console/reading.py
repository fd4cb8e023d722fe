"""Stored messages as the one who visits reads them: with the buttons alone that would work for them now."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from bot.console.messages import Thread
from bot.console.render import Shown, ShownThread, shown, shown_thread
from bot.console.visit import Visit
from bot.tables import ConsoleMessageRow
from governance.overrides.rows import read_standing
from handlers.conversation.usable import Reader, has_buttons, usable


async def reader_of(visiting: Visit) -> Reader:
    """The visitor, with what stands now."""
    now = datetime.now(UTC)
    modes = (await read_standing(visiting.tx, now)).modes(now)
    return Reader(visiting.tx, visiting.reader.person, now, modes)


class Reading:
    """One visitor's reading. What stands, and what they may do, is looked up once within the visit."""

    def __init__(self, visiting: Visit) -> None:
        self._visiting = visiting
        self._reader: Reader | None = None

    async def message(self, row: ConsoleMessageRow) -> Shown:
        """A message as they see it."""
        return await self._usable(shown(row, self._visiting.residents, self._visiting.reader))

    async def thread(self, thread: Thread) -> ShownThread:
        """A thread as its channel lists it to them."""
        listed = shown_thread(thread, self._visiting.residents, self._visiting.reader)
        return replace(listed, root=await self._usable(listed.root))

    async def _usable(self, message: Shown) -> Shown:
        if message.reply is None or not has_buttons(message.reply):
            return message
        self._reader = self._reader or await reader_of(self._visiting)
        return replace(message, reply=await usable(message.reply, self._reader))
