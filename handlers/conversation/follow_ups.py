"""Follow-ups: written decisions about what was last proposed in a thread."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from handlers.conversation.cards import Reply
from handlers.conversation.desk import Desk
from handlers.conversation.handler import Handler
from handlers.conversation.turn import Turn


@dataclass(frozen=True, slots=True)
class Taken:
    """A message that was a decision: the replies, the name it counts under, and the requests left in it."""

    replies: tuple[Reply, ...]
    intent: str
    remaining: tuple[str, ...]


async def take(turn: Turn, text: str, desk: Desk, handlers: Mapping[str, Handler]) -> Taken | None:
    """Take a message as a decision about the thread's open proposal; None if it is none."""
    return None
