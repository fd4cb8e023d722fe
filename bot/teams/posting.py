"""Posting and editing in Teams, within what it takes from one bot in one conversation."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import TypeVar

from limits import RateLimitItemPerHour, RateLimitItemPerSecond
from sqlalchemy.ext.asyncio import AsyncSession

from bot.platforms.adapter import PostFailed
from bot.platforms.channels import began, is_ours, message_of
from bot.teams.activities import PLATFORM
from bot.teams.connector import Connector
from bot.teams.conversations import Known
from bot.teams.entra import EntraLost, NoToken
from bot.teams.files import FileCard
from bot.teams.render import TeamsMessage
from bot.teams.sdk import ConnectorLost, ConnectorRefused
from governance.places import Place
from integrations.budgets import Budgets

Failed = ConnectorRefused | ConnectorLost | NoToken | EntraLost

_SOON = 5.0
_SECONDS = {412: 2.0, 429: _SOON, 502: _SOON, 503: _SOON, 504: _SOON}
"""Answers after which trying again helps, and after how many seconds where the answer does not say."""

_NOT_TAKEN = frozenset({412, 429})
"""Answers after which the message was certainly not taken."""

_ADMINISTRATOR = 60.0
"""Seconds between tries while our own credentials are refused: an administrator has to see to that."""


def failure_of(failed: Failed) -> PostFailed:
    """The failure as the outbox understands it. 403 and 404 are final: blocked, uninstalled, deleted."""
    match failed:
        case ConnectorLost():
            return PostFailed(f"no answer: {failed}", _SOON, is_certain=not failed.was_sent)
        case EntraLost():
            return PostFailed(f"Entra does not answer: {failed}", _SOON)
        case NoToken():
            return PostFailed(f"Entra gives us no token: {failed}", _ADMINISTRATOR)
        case ConnectorRefused(status=401):
            return PostFailed("the connector does not take our token", _ADMINISTRATOR)
        case ConnectorRefused(status=status) if status in _SECONDS:
            wait = _SECONDS[status] if failed.retry_after is None else failed.retry_after
            return PostFailed(str(failed), wait, is_certain=status in _NOT_TAKEN)
        case _:
            return PostFailed(str(failed), None)


RATES = (
    RateLimitItemPerSecond(7),
    RateLimitItemPerSecond(8, 2),
    RateLimitItemPerSecond(60, 30),
    RateLimitItemPerHour(1800),
)

_JOIN = "+"
"""Between the ids of several messages that are one reply."""

_Done = TypeVar("_Done")


class Posting:
    """Posts for one application. All raise PostFailed."""

    def __init__(self, connector: Connector, budgets: Budgets) -> None:
        self._connector = connector
        self._budgets = budgets
        # What this process posted of replies that take several messages and stopped half-way, by key.
        self._begun: dict[str, list[str]] = {}

    async def post(
        self, tx: AsyncSession, known: Known, place: Place, messages: Sequence[TeamsMessage], key: str
    ) -> str:
        """Post the messages of a reply, one after the other; after a failure the next try goes on there."""
        posted = self._begun.setdefault(key, [])
        try:
            for message in messages[len(posted) :]:
                posted.append(await self._send(tx, known, place, message))
        except PostFailed as failed:
            if failed.retry_after is None:
                del self._begun[key]
            raise
        del self._begun[key]
        return _JOIN.join(posted)

    async def edit(
        self,
        tx: AsyncSession,
        known: Known,
        place: Place,
        messages: Sequence[TeamsMessage],
        key: str,
        edits: str,
    ) -> str:
        """Edit a reply's messages, for everyone. What is too many is taken back, what is missing follows."""
        ids = edits.split(_JOIN)
        for message_id, message in zip(ids, messages, strict=False):
            await self._allowed(known)
            await _explained(self._connector.update(known, message_id, message))
        for message_id in ids[len(messages) :]:
            await self.take_back(known, message_id)
        kept = ids[: len(messages)]
        if len(messages) > len(ids):
            kept.append(await self.post(tx, known, place, messages[len(ids) :], key))
        return _JOIN.join(kept)

    async def file_card(self, known: Known, card: FileCard) -> str:
        """Post a card about a file, beside replies. Returns its id."""
        await self._allowed(known)
        return await _explained(self._connector.send(known, None, card))

    async def take_back(self, known: Known, message_id: str) -> None:
        """Take a message back."""
        await self._allowed(known)
        await _explained(self._connector.delete(known, message_id))

    async def _send(self, tx: AsyncSession, known: Known, place: Place, message: TeamsMessage) -> str:
        is_channel = known.kind == "channel"
        root = await message_of(tx, PLATFORM, place.channel, place.thread) if is_channel else None
        await self._allowed(known)
        sent = await _explained(self._connector.send(known, root, message))
        if is_channel and root is None and is_ours(place.thread):
            await began(tx, PLATFORM, place.channel, place.thread, sent)
        return sent

    async def _allowed(self, known: Known) -> None:
        wait = await self._budgets.spend(RATES, PLATFORM, known.conversation)
        if wait:
            raise PostFailed("this conversation has had as much as Teams takes at a time", wait)


async def _explained(call: Awaitable[_Done]) -> _Done:
    try:
        return await call
    except (ConnectorRefused, ConnectorLost, NoToken, EntraLost) as failed:
        raise failure_of(failed) from failed
