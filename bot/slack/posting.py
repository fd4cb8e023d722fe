"""Replies on their way into Slack: what of one is there already, streams, and agent sessions."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import structlog
from limits import RateLimitItem, RateLimitItemPerMinute, RateLimitItemPerSecond
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.platforms.adapter import PostFailed
from bot.slack.addresses import PLATFORM, Address
from bot.slack.errors import error_of, is_certain, is_for_later, is_missing
from bot.slack.packing import Json, shortened
from bot.slack.render import SlackMessage
from handlers.conversation.cards import Card, Progress, Reply
from integrations.budgets import Budgets

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


_log = structlog.get_logger()

STARTS: tuple[RateLimitItem, ...] = (RateLimitItemPerMinute(20),)
"""A workspace's streams: https://docs.slack.dev/apis/web-api/rate-limits, tier 2."""

STEPS: tuple[RateLimitItem, ...] = (RateLimitItemPerSecond(1),)
"""Steps added to one stream, well below a workspace's tier 4."""

_STREAMED = "~"
"""Before the id of a message that still streams."""

_OVER = frozenset({"message_not_in_streaming_state", "stopped_by_user"})

_TITLE = 250

_WORDS = "Working on it. What comes of it takes the place of these steps."
"""What notifications and screen readers say. Slack reads it as Markdown, so nobody else's words are in it."""

_INERT = str.maketrans("<>", "‹›")

_STATUS = {"done": "complete", "doing": "in_progress", "failed": "error"}
"""As Slack calls a task's state. What waits is not shown: a task cannot be taken back once it is there."""


def streamed(ts: str) -> str:
    """The id of a message that streams."""
    return _STREAMED + ts


def settled(message: str) -> str:
    """The ids of a message, whether it streams or not."""
    return message.removeprefix(_STREAMED)


class Streams:
    """Begins, carries on and ends streams."""

    def __init__(self, budgets: Budgets) -> None:
        self._budgets = budgets

    async def begun(self, post: Post, reply: Reply, reader: Address | None) -> str | None:
        """Show `reader` work under way as a stream. Returns the message's id; None if it is a message like any
        other, or Slack will not stream.
        """
        card = _under_way(reply)
        if card is None or post.thread is None or not post.address.is_direct:
            return None
        if await self._budgets.spend(STARTS, PLATFORM, post.address.team, "streams"):
            return None
        words: Json = {"type": "markdown_text", "text": _WORDS}
        title: Json = {"type": "plan_update", "title": _inert(card.title)}
        try:
            answer = await post.client.chat_startStream(
                channel=post.address.id,
                thread_ts=post.thread,
                recipient_user_id=None if reader is None else reader.id,
                recipient_team_id=None if reader is None else reader.team,
                task_display_mode="plan",
                chunks=[words, title, *_tasks(card)],
            )
        except SlackApiError as refused:
            if not is_certain(refused):
                raise
            _log.info("slack_stream_not_begun", why=_why(refused))
            return None
        return streamed(str(answer["ts"]))

    async def carried_on(self, post: Post, edits: str, reply: Reply) -> bool:
        """Show in the stream that `edits` names what was done since. False if the message is to be edited
        instead: it never streamed, Slack ended that, or it ends now, with what came of the work.
        """
        ts, card = settled(edits), _under_way(reply)
        if ts == edits:
            return False
        where: Any = {"channel": post.address.id, "ts": ts}
        try:
            if card is None:
                await self._end(post, where)
                return False
            if wait := await self._budgets.spend(STEPS, PLATFORM, post.address.team, post.address.id, ts):
                raise PostFailed("the next step is shown in a second", wait)
            await post.client.chat_appendStream(**where, chunks=_tasks(card))
        except SlackApiError as refused:
            if error_of(refused) in _OVER:
                return False
            if _may_come(refused):
                raise
            _log.warning("slack_stream_not_carried_on", why=_why(refused))  # what comes next says it, too
        return True

    async def _end(self, post: Post, where: Any) -> None:
        """End a stream; whatever Slack thinks of that, what came of the work is shown in its place."""
        try:
            await post.client.chat_stopStream(**where, metadata=post.mark(0))
        except SlackApiError as refused:
            if _may_come(refused):
                raise
            if error_of(refused) not in _OVER:
                _log.warning("slack_stream_not_ended", why=_why(refused))


def _may_come(refused: SlackApiError) -> bool:
    return is_for_later(refused) and not is_missing(refused)


def _why(refused: SlackApiError) -> str:
    return error_of(refused) or f"HTTP {refused.response.status_code}"


def _under_way(reply: Reply) -> Card | None:
    return reply.cards[0] if reply.is_under_way else None


def _tasks(card: Card) -> list[Json]:
    return [
        {
            "type": "task_update",
            "id": hashlib.sha256(words.encode()).hexdigest()[:16],  # the same step, wherever it stands
            "title": _inert(words),
            "status": _STATUS[state],
        }
        for block in card.blocks
        if isinstance(block, Progress)
        for state, words in block.steps
        if state in _STATUS
    ]


def _inert(words: str) -> str:
    """Words that cannot be taken for a mention or a link, whichever markup a task's title is read as."""
    return shortened(words.translate(_INERT).replace("](", "] ("), _TITLE)


def left_behind(messages: list[Json], author: str, known: Collection[str]) -> str | None:
    """A stream of `author`'s that nobody knows of: all else that we post is marked, or a file, or `known`."""
    ours = [
        str(message["ts"])
        for message in messages
        if message.get("user") == author and mark_of(message) is None and not message.get("files")
    ]
    return max((ts for ts in ours if ts not in known), default=None)


async def show_state(client: AsyncWebClient, address: Address, thread: str, reply: Reply) -> None:
    """Tell Slack whether the work that a card shows goes on. Cards without progress say nothing of it.

    It is an ornament: where the workspace has no agent sessions the card alone tells.
    """
    states = {state for state, _ in _steps(reply)}
    if not states:
        return
    status = "processing" if states & {"doing", "waiting"} else "active"
    body = {"channel_id": address.id, "thread_ts": thread, "status": status}
    try:
        await client.api_call("agents.sessions.setStatus", json=body)
    except SlackApiError as refused:
        _log.info("slack_session_not_shown", why=error_of(refused))


def _steps(reply: Reply) -> list[tuple[str, str]]:
    return [
        step
        for card in reply.cards
        for block in card.blocks
        if isinstance(block, Progress)
        for step in block.steps
    ]
