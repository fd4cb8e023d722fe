"""One reply on its way into Slack, and what of it is there already."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.addresses import Address
from bot.slack.blocks import SlackMessage
from bot.slack.limits import Json

_EVENT = "countersign_post"


@dataclass(frozen=True, slots=True)
class Post:
    """One reply on its way: the client, where to, and as which messages."""

    client: AsyncWebClient
    address: Address
    thread: str | None
    key: str
    messages: tuple[SlackMessage, ...]

    def mark(self, number: int) -> Json:
        """The metadata by which a message in Slack is known as this post's."""
        return {"event_type": _EVENT, "event_payload": {"key": self._name(number)}}

    async def found(self) -> dict[int, str]:
        """The messages that are there already, by number."""
        return self.among(await self.around())

    def among(self, messages: list[Json]) -> dict[int, str]:
        """Those of these messages in Slack that are this post's, by number."""
        wanted = {self._name(number): number for number in range(len(self.messages))}
        marked = [(mark_of(message), str(message["ts"])) for message in messages]
        return {wanted[mark]: ts for mark, ts in marked if mark in wanted}

    async def around(self) -> list[Json]:
        """The newest messages where this one goes, oldest first in a thread."""
        where: Any = {"channel": self.address.id, "include_all_metadata": True}
        if self.thread is None:
            return list((await self.client.conversations_history(**where, limit=100))["messages"])
        # the oldest come first, and what is looked for is among the newest
        read: Any = await self.client.conversations_replies(**where, ts=self.thread, limit=200)
        return [message async for page in read for message in page["messages"]]

    def _name(self, number: int) -> str:
        return f"{self.key}/{number}"


def mark_of(message: Json) -> str | None:
    """Which post of ours a message in Slack is marked as; None for none."""
    metadata = message.get("metadata") or {}
    if metadata.get("event_type") != _EVENT:
        return None
    key = (metadata.get("event_payload") or {}).get("key")
    return None if key is None else str(key)
