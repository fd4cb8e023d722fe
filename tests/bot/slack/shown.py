"""Replies and single blocks as messages that Slack takes."""

from __future__ import annotations

from typing import Any

from bot.slack.render import SlackMessage, render
from handlers.conversation.cards import Block, Card, Reply
from tests.bot.slack.block_kit import check_message

PUBLIC = "https://countersign.example/"


def messages_of(reply: Reply, public_url: str | None = PUBLIC, **images: str) -> tuple[SlackMessage, ...]:
    messages = render(reply, public_url=public_url, images=images)
    for message in messages:
        check_message(message)
    return messages


def blocks_of(*blocks: Block, public_url: str | None = PUBLIC, **images: str) -> list[dict[str, Any]]:
    """The blocks of a card below its title."""
    (message,) = messages_of(Reply("Said.", (Card("Card", blocks),)), public_url, **images)
    return list(message.blocks[1:])
