"""Paragraphs: runs of text that look alike, the elements that show them, and the links in them.

A RichTextBlock takes every character for itself; only there is text safe from Markdown on every client. It does
not show times in the reader's own zone, which a TextBlock does, so lines with a time go there, made inert.

Two parsers read TextBlocks: CommonMark on desktops, and a small one on phones that knows no escaped brackets. A
bracket followed by a zero-width space begins no link in either of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import groupby
from typing import Any, Literal

from bot.platforms.links import file_target, outside_target
from bot.teams.packing import ELEMENT, cut, wire_size
from handlers.conversation.cards import Bold, Code, Inline, Link, Moment

_GAP = "\u200b"
_NOT_WITHIN_WORD = r"(?<![^\W_])_|_(?![^\W_])"
# What could go on in the text that follows is taken for what it could become.
_BACKSLASHED = re.compile(
    rf"[\\`*]|{_NOT_WITHIN_WORD}|<(?=[A-Za-z/!?]|\Z)|&(?=#?\w*(?:;|\Z))|~(?=~|\Z)|(?:(?<=~)|(?<=\A))~"
)
_MACRO = re.compile(r"\{(?=\{(?:DATE|TIME)|\Z|\{\Z)")
_LIST_NUMBER = re.compile(r"\d{1,9}(?=[.)])")
_URL_MARKS = str.maketrans({mark: f"%{ord(mark):02X}" for mark in "()[]*_`~;"})


def inert(text: str) -> str:
    """Plain text, without line ends, as Markdown that shows it and does nothing."""
    broken = _BACKSLASHED.sub(r"\\\g<0>", text).replace("]", f"]{_GAP}").replace("://", f":{_GAP}//")
    return _MACRO.sub("{" + _GAP, broken)


def inert_bold(text: str) -> str:
    """The same, bold from its first letter or digit to its last: there the stars count for sure."""
    inside = [index for index, character in enumerate(text) if character.isalnum()]
    if not inside:
        return inert(text)
    first, end = inside[0], inside[-1] + 1
    return f"{inert(text[:first])}**{inert(text[first:end])}**{inert(text[end:])}"


def inert_link(text: str, url: str) -> str:
    """The same, as a link to `url`, which must have been checked."""
    words = re.sub(r"[\[\]]", r"\\\g<0>", inert(text).replace(f"]{_GAP}", "]"))
    # The gap: an exclamation mark before the link would make it a picture.
    return f"{_GAP}[{words}]({url.translate(_URL_MARKS)})"


def inert_line(markdown: str) -> str:
    """A line put together from the above, whose beginning then makes no list, quote or heading."""
    line = markdown.lstrip()
    number = _LIST_NUMBER.match(line)
    if number:
        return f"{number[0]}\\{line[number.end() :]}"
    return f"\\{line}" if line[:1] in ("#", ">", "+", "-") else line


_LONGEST = 2_000
"""Characters of JSON of the longest address that is linked; browsers take little more."""


def address(target: str, public_url: str | None) -> str | None:
    """The address that a card's link opens, or None where its words must do."""
    return _short(outside_target(target, public_url))


def file_address(file: str, public_url: str | None) -> str | None:
    """The page that shows a stored file to whoever may see it."""
    return _short(file_target(file, public_url))


def _short(found: str | None) -> str | None:
    return found if found is not None and wire_size(found) <= _LONGEST else None


Element = dict[str, Any]
Spacing = Literal["None", "Small", "Default", "Medium", "Large"]

_LINE_END = re.compile(r"\r\n|[\n\r\v\f\x85\u2028\u2029]")
# Some clients read these functions in a RichTextBlock too, but never across two runs.
_TEXT_MACRO = re.compile(r"(?<=\{)(?=\{(?:DATE|TIME)\()")


@dataclass(frozen=True, slots=True)
class Run:
    """Text that looks alike throughout. `at` is the time that `text` says in words."""

    text: str
    bold: bool = False
    code: bool = False
    url: str | None = None
    at: datetime | None = None
    color: Literal["Default", "Accent", "Good", "Attention"] = "Default"


@dataclass(frozen=True, slots=True)
class Look:
    """How a whole paragraph looks."""

    small: bool = False
    italic: bool = False


PLAIN = Look()
SMALL = Look(small=True)


def runs_of(parts: Iterable[Inline], public_url: str | None) -> tuple[Run, ...]:
    """A card's inline parts as runs."""
    return tuple(_run_of(part, public_url) for part in parts)


def _run_of(part: Inline, public_url: str | None) -> Run:
    match part:
        case Bold():
            return Run(part.text, bold=True)
        case Code():
            return Run(part.text, code=True)
        case Link():
            return Run(part.text, url=address(part.target, public_url))
        case Moment():
            return Run(f"{part.at.astimezone(UTC):%-d %b %Y, %H:%M} UTC", at=part.at)
        case str():
            return Run(part)


def paragraphs(runs: Sequence[Run], look: Look = PLAIN, spacing: Spacing = "Default") -> list[Element]:
    """Elements that show the runs, one a line, and more where a line is too long for one.

    `spacing` is above the first; nothing is shown for runs without text.
    """
    elements: list[Element] = []
    above = spacing
    for line in _lines(runs):
        if not "".join(run.text for run in line).strip():
            above = "Medium" if elements else spacing
            continue
        for element in _line_elements(line, look):
            elements.append(element if above == "Default" else element | {"spacing": above})
            above = "None"
        above = "Small"
    return elements


def rich_text(runs: Iterable[Run], look: Look = PLAIN) -> Element:
    """One line in which every character is shown as it is."""
    return {"type": "RichTextBlock", "inlines": [_inline(run, look) for run in _unread(runs)]}


def text_block(runs: Iterable[Run], look: Look = PLAIN) -> Element:
    """One line with times in the reader's own zone; everything else is shown as it is."""
    shown = ""
    for (bold, url, at), alike in groupby(runs, key=lambda run: (run.bold, run.url, run.at)):
        if at is not None:
            shown += " ".join(_local_time(at) for _ in alike)
            continue
        text = "".join(run.text for run in alike)
        if url is not None:
            shown += inert_link(text, url)
        else:
            shown += inert_bold(text) if bold else inert(text)
    element: Element = {"type": "TextBlock", "text": inert_line(shown), "wrap": True}
    return element | ({"size": "Small", "isSubtle": True} if look.small else {})


def _local_time(at: datetime) -> str:
    utc = f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return f"{{{{DATE({utc},SHORT)}}}} {{{{TIME({utc})}}}}"


def _lines(runs: Iterable[Run]) -> Iterator[list[Run]]:
    line: list[Run] = []
    for run in runs:
        first, *more = _LINE_END.split(run.text)
        line.append(replace(run, text=first))
        for text in more:
            yield line
            line = [replace(run, text=text)]
    yield line


def _line_elements(line: list[Run], look: Look) -> list[Element]:
    has_time = any(run.at is not None for run in line)
    whole = text_block(line, look) if has_time else rich_text(line, look)
    if wire_size(whole) <= ELEMENT:
        return [whole]
    # What makes a line of Markdown inert may take nine times the room of the text.
    room = ELEMENT // 9 if has_time else ELEMENT
    return [
        text_block(part, look) if any(run.at is not None for run in part) else rich_text(part, look)
        for part in _parts(line, look, room)
    ]


def _parts(line: Iterable[Run], look: Look, room: int) -> Iterator[list[Run]]:
    """The line in parts whose inlines are at most `room` characters of JSON, or hold one run that is more."""
    part: list[Run] = []
    size = 0
    for run in line:
        frame = wire_size(_inline(replace(run, text=""), look)) + 2
        texts = [run.text] if run.at is not None else cut(run.text, max(room - frame, 200))
        for text in texts:
            cost = frame + sum(wire_size(piece.text) + frame for piece in _unread([replace(run, text=text)]))
            if part and size + cost > room:
                yield part
                part, size = [], 0
            part.append(replace(run, text=text))
            size += cost
    if part:
        yield part


def _unread(runs: Iterable[Run]) -> Iterator[Run]:
    """The runs that have text, with date functions that somebody wrote split in two."""
    for run in runs:
        for text in _TEXT_MACRO.split(run.text):
            if text:
                yield replace(run, text=text)


def _inline(run: Run, look: Look) -> Element:
    shown: Element = {"type": "TextRun", "text": run.text}
    if run.bold:
        shown["weight"] = "Bolder"
    if run.code:
        shown["fontType"] = "Monospace"
    if run.color != "Default":
        shown["color"] = run.color
    if look.small:
        shown |= {"size": "Small", "isSubtle": True}
    if look.italic:
        shown["italic"] = True
    if run.url is not None:
        shown["selectAction"] = {"type": "Action.OpenUrl", "url": run.url}
    return shown
