"""Text that stays text in a TextBlock, whatever Markdown was written into it.

Two parsers read TextBlocks: CommonMark on desktops, and a small one on phones that knows no escaped
brackets. A bracket followed by a zero-width space begins no link in either of them.
"""

from __future__ import annotations

import re

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
