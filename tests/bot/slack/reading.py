"""What a reader of blocks reads, in order, and whether all that was written is in it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import unescape
from typing import Any

from bot.slack.render import SlackMessage

_TOKEN = re.compile(r"<[^|>]+\|([^>]*)>")


def said(messages: Sequence[SlackMessage]) -> str:
    """The words of all messages, without the lines that say which message this is."""
    blocks = [block for at, message in enumerate(messages) for block in message.blocks[1 if at else 0 :]]
    return words(blocks)


def words(blocks: Iterable[Any]) -> str:
    """The words of the blocks."""
    return "".join(_words(block) for block in blocks)


def squeezed(text: str) -> str:
    """The text without spaces, which Slack and we may put elsewhere."""
    return "".join(text.split())


def tokens(messages: Sequence[SlackMessage]) -> list[str]:
    """What the buttons send, in order."""
    pressed = [
        button
        for message in messages
        for block in message.blocks
        if block["type"] in ("actions", "context_actions")
        for element in block["elements"]
        for button in (element, element.get("positive_button", {}), element.get("negative_button", {}))
    ]
    return [button["value"] for button in pressed if "value" in button]


def markup(value: Any) -> list[str]:
    """Every text in which Slack reads markup."""
    if isinstance(value, dict):
        own = [value["text"]] if value.get("type") == "mrkdwn" else []
        return own + [text for nested in value.values() for text in markup(nested)]
    return [text for nested in value for text in markup(nested)] if isinstance(value, list | tuple) else []


def _words(value: Any) -> str:
    if isinstance(value, list | tuple):
        return "".join(_words(nested) for nested in value)
    if not isinstance(value, dict):
        return ""
    if value.get("type") == "mrkdwn":
        return unescape(re.sub(r"[*`]", "", _TOKEN.sub(r"\1", value["text"])))
    if value.get("type") == "date":
        return str(value["fallback"])
    if isinstance(value.get("text"), str):
        return str(value["text"])
    keys = ("text", "alt_text", "fields", "rows", "label", "hint", "description", "options", "option_groups")
    own = "".join(value[key] if isinstance(value.get(key), str) else _words(value.get(key)) for key in keys)
    return own + _words(value.get("elements")) + _words(value.get("element"))
