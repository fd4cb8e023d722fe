"""Words as Slack shows them: rich text (paragraphs, lists, quotes), plain text, and escaped markup.

The texts of rich text are data and not markup, so nothing in them is escaped and nothing in them acts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from bot.platforms.links import outside_target
from bot.slack.packing import BLOCK_ROOM, Json, cut, encoded, pieces, size
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


_STUB = 400
_LONGEST_ADDRESS = 2_000


def elements(parts: Iterable[Inline], public_url: str | None) -> list[Json]:
    """The parts as elements of rich text, those without a word left out."""
    return [_element(part, public_url) for part in parts if isinstance(part, Moment) or _words(part)]


def _words(part: str | Bold | Code | Link) -> str:
    return part if isinstance(part, str) else part.text


def _element(part: Inline, public_url: str | None) -> Json:
    match part:
        case str():
            return {"type": "text", "text": part}
        case Bold():
            return {"type": "text", "text": part.text, "style": {"bold": True}}
        case Code():
            return {"type": "text", "text": part.text, "style": {"code": True}}
        case Moment():
            at = int(part.at.timestamp())
            return {"type": "date", "timestamp": at, "format": MOMENT, "fallback": in_utc(part.at)}
        case Link():
            address = outside_target(part.target, public_url)
            if address is None or encoded(address) > _LONGEST_ADDRESS:
                return {"type": "text", "text": part.text}
            return {"type": "link", "url": address, "text": part.text}


def paragraphs(elements: Sequence[Json]) -> list[Json]:
    """A paragraph, in several blocks if it is long; none if it says nothing."""
    return [_block({"type": "rich_text_section", "elements": group}) for group in _split(elements)]


def quotes(text: str) -> list[Json]:
    """Somebody's words, set apart."""
    return [
        _block({"type": "rich_text_quote", "elements": [{"type": "text", "text": piece}]})
        for piece in pieces(text)
    ]


def lists(items: Sequence[Sequence[Json]], *, numbered: bool) -> list[Json]:
    """A list, in several blocks if it is long; each item keeps its number."""
    blocks: list[Json] = []
    group: list[Json] = []
    room = BLOCK_ROOM
    for number, item in enumerate(items):
        head, *rest = _split(item) or [[{"type": "text", "text": "–"}]]
        section = {"type": "rich_text_section", "elements": head}
        if group and size(section) + 1 > room:
            blocks.append(_list(group, number - len(group), numbered))
            group, room = [], BLOCK_ROOM
        group.append(section)
        room -= size(section) + 1
        if rest:
            blocks.append(_list(group, number + 1 - len(group), numbered))
            blocks += [_block({"type": "rich_text_section", "elements": more}) for more in rest]
            group, room = [], BLOCK_ROOM
    if group:
        blocks.append(_list(group, len(items) - len(group), numbered))
    return blocks


def _list(sections: list[Json], before: int, numbered: bool) -> Json:
    made: Json = {
        "type": "rich_text_list",
        "style": "ordered" if numbered else "bullet",
        "elements": sections,
    }
    return _block({**made, "offset": before} if numbered and before else made)


def _block(element: Json) -> Json:
    return {"type": "rich_text", "elements": [element]}


def _split(elements: Sequence[Json]) -> list[list[Json]]:
    """The elements in groups that each have room in a block; long texts are cut, links stay links."""
    groups: list[list[Json]] = []
    left = 0
    for element in elements:
        rest: Json | None = element
        while rest is not None:
            if size(rest) + 1 > left and left < size(_of(rest, "")) + _STUB:
                groups.append([])
                left = BLOCK_ROOM
            fitting, rest = _cut(rest, left - 1)
            groups[-1].append(fitting)
            left -= size(fitting) + 1
    return groups


def _cut(element: Json, room: int) -> tuple[Json, Json | None]:
    if "text" not in element:
        return element, None
    head, rest = cut(element["text"], room - size(_of(element, "")))
    return _of(element, head), _of(element, rest) if rest else None


def _of(element: Json, text: str) -> Json:
    return {**element, "text": text} if "text" in element else element
