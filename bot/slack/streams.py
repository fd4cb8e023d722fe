"""Cards of work under way as Slack's streams: each step shows the moment it is taken.

https://docs.slack.dev/reference/methods/chat.startStream. In direct messages alone: in a channel a stream
grows for one reader, and everybody else sees its beginning until it ends. Slack ends a stream by itself after
some minutes, and when somebody presses Stop; what comes then is an edit like any other.
"""

from __future__ import annotations

import hashlib
from typing import Any

import structlog
from limits import RateLimitItem, RateLimitItemPerMinute, RateLimitItemPerSecond
from slack_sdk.errors import SlackApiError

from bot.platforms.adapter import PostFailed
from bot.platforms.budgets import Budgets
from bot.slack.addresses import PLATFORM
from bot.slack.errors import error_of, is_for_later
from bot.slack.limits import Json, shortened
from bot.slack.post import Post, mark_of
from handlers.conversation.cards import Card, Progress, Reply

_log = structlog.get_logger()

STARTS: tuple[RateLimitItem, ...] = (RateLimitItemPerMinute(20),)
"""A workspace's streams: https://docs.slack.dev/apis/web-api/rate-limits, tier 2."""

STEPS: tuple[RateLimitItem, ...] = (RateLimitItemPerSecond(1),)
"""Steps added to one stream, well below a workspace's tier 4."""

_STREAMED = "~"
"""Before the id of a message that still streams."""

_OVER = frozenset({"message_not_in_streaming_state", "stopped_by_user"})

_TITLE = 150

_STATUS = {"done": "complete", "doing": "in_progress", "failed": "error"}
"""As Slack calls a task's state. What waits is not shown: a task cannot be taken back once it is there."""


def settled(message: str) -> str:
    """The ids of a message, whether it streams or not."""
    return message.removeprefix(_STREAMED)


class Streams:
    """Begins, carries on and ends streams."""

    def __init__(self, budgets: Budgets) -> None:
        self._budgets = budgets

    async def begun(self, post: Post, reply: Reply, author: str | None) -> str | None:
        """Show work under way as a stream. Returns the message's id; None if it is a message like any other,
        or Slack does not stream now. With an `author`, an attempt before this one may have begun a stream in
        that name: then it goes on.
        """
        card = _under_way(reply)
        if card is None or post.thread is None or not post.address.is_direct:
            return None
        if author is not None and (ts := await _left_behind(post, author)):
            return _STREAMED + ts
        if await self._budgets.spend(STARTS, PLATFORM, post.address.team, "streams"):
            return None
        # What notifications and screen readers say comes first.
        words: Json = {"type": "markdown_text", "text": post.messages[0].text}
        title: Json = {"type": "plan_update", "title": shortened(card.title, _TITLE)}
        try:
            answer = await post.client.chat_startStream(
                channel=post.address.id,
                thread_ts=post.thread,
                task_display_mode="plan",
                chunks=[words, title, *_tasks(card)],
            )
        except SlackApiError as refused:
            if is_for_later(refused):
                raise
            _log.info("slack_stream_not_begun", why=error_of(refused))
            return None
        return _STREAMED + str(answer["ts"])

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
                await post.client.chat_stopStream(**where, metadata=post.mark(0))
                return False
            if wait := await self._budgets.spend(STEPS, PLATFORM, post.address.team, post.address.id, ts):
                raise PostFailed("the next step is shown in a second", wait)
            await post.client.chat_appendStream(**where, chunks=_tasks(card))
        except SlackApiError as refused:
            if error_of(refused) not in _OVER:
                raise
            return False
        return True


def _under_way(reply: Reply) -> Card | None:
    match reply.cards:
        case [card] if card.is_under_way:
            return card
    return None


def _tasks(card: Card) -> list[Json]:
    return [
        {
            "type": "task_update",
            "id": hashlib.sha256(words.encode()).hexdigest()[:16],  # the same step, wherever it stands
            "title": shortened(words, _TITLE),
            "status": _STATUS[state],
        }
        for block in card.blocks
        if isinstance(block, Progress)
        for state, words in block.steps
        if state in _STATUS
    ]


async def _left_behind(post: Post, author: str) -> str | None:
    """A stream of ours that nobody knows of: all else that we post is marked, or is a file."""
    ours = [
        str(message["ts"])
        for message in await post.around()
        if message.get("user") == author and mark_of(message) is None and not message.get("files")
    ]
    return max(ours, default=None)
