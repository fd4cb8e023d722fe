"""Text objects, and Slack's markup where it says no more than was written.

A `plain_text` object is shown as it is. In `mrkdwn`, `&`, `<` and `>` can be escaped, but `*`, `_`, `~`,
backticks and `:names:` cannot: a text with any of these is never given as markup.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime

from bot.platforms.links import outside_target
from bot.slack.limits import Json
from handlers.conversation.cards import Bold, Code, Inline, Link, Moment

MOMENT = "{date_short_pretty} {time}"
"""How Slack writes a moment, in the reader's own time zone."""

_ACTS = re.compile(r"[*_~`|@]|:[^\s:]+:|://|\bwww\.|^\s*>", re.MULTILINE)
_BEFORE = re.compile(r"(^|[\s(])$")
_AFTER = re.compile(r"^($|[\s.,;:!?)])")


def plain(text: str) -> Json:
    """A text object that is shown as it is written; `:smile:` in it stays that."""
    return {"type": "plain_text", "text": text, "emoji": False}


def markup(text: str) -> Json:
    """A text object of ready markup, in which Slack looks for no links or names by itself."""
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def context(*texts: Json) -> Json:
    """A block of small type."""
    return {"type": "context", "elements": list(texts)}


def escape(text: str) -> str:
    """The text with nothing in it that Slack takes for a mention, a link or a date."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def in_utc(at: datetime) -> str:
    """A moment in words, for where Slack cannot write it in the reader's time zone."""
    return f"{at.astimezone(UTC):%a %-d %b %Y, %H:%M} UTC"


def as_markup(parts: Sequence[Inline], public_url: str | None) -> str | None:
    """The parts as Slack's markup, or None if Slack would read more into their words than was written."""
    if acts("".join(_spoken(part) for part in parts)):
        return None
    said = ""
    for part, following in zip(parts, (*parts[1:], ""), strict=True):
        one = _marked(part, public_url)
        stands_apart = _BEFORE.search(said) and isinstance(following, str) and _AFTER.search(following)
        if one is None or (isinstance(part, Bold | Code) and not stands_apart):
            return None
        said += one
    return said


def acts(text: str) -> bool:
    """Whether Slack's markup would read something into this text."""
    return bool(_ACTS.search(text))


def _spoken(part: Inline) -> str:
    if isinstance(part, str):
        return part
    return part.text if isinstance(part, Bold | Link) else ""


def _marked(part: Inline, public_url: str | None) -> str | None:
    match part:
        case Moment():
            return f"<!date^{int(part.at.timestamp())}^{MOMENT}|{in_utc(part.at)}>"
        case Code():
            return f"`{escape(part.text)}`" if _can_be_marked(part.text) else None
        case Bold():
            return f"*{escape(part.text)}*" if _can_be_marked(part.text) else None
        case Link():
            address = outside_target(part.target, public_url)
            if address is None:
                return escape(part.text)
            return None if re.search(r"[|<>]", address) else f"<{address}|{escape(part.text)}>"
        case str():
            return escape(part)


def _can_be_marked(text: str) -> bool:
    # Slack takes the marks at both ends for marks only if no space stands within them, on one line.
    return bool(text) and text == text.strip() and len(text.splitlines()) == 1 and "`" not in text
