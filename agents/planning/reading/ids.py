"""The ids by which a document calls its own requirements, whatever their form."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

_TOKEN = re.compile(
    r"^(?:(?:story|epic|requirement|feature|use case|item|rule|"
    r"req)\b[\s:#]+)?[\s*_\[(/#]*(?P<id>(?P<prefix>[^\W\d_]{1,12}(?:[-_][^\W\d_]{1,8})?)[-_ "
    r".]?(?P<number>\d{1,4}(?:\.\d+)*)[a-z]?)"
    r"(?=[\s\])/:.,;)–—-]|$)[\])/:.)*_–—-]*\s*",
    re.IGNORECASE,
)
_DOTTED = re.compile(r"^\W*(?P<id>\d+(?:\.\d+)+)\.?(?:\s+|$)")
_NEVER_IDS = frozenset(["q", "v", "p", "h", "page", "top", "level"])
"""Quarters, versions, priorities, headings."""
_NO_IDS = frozenset(
    ["phase", "version", "sprint", "week", "release", "chapter", "section", "table", "figure", "stage", "wave",
     "step", "tls", "iso", "http", "day", "year", "room", "january", "february", "march", "april",
     "may", "june", "july", "august", "september", "october", "november", "december", "about", "over", "under",
     "up",
     "no", "the", "in", "at", "within", "every", "after", "for", "to", "by", "and", "or", "of", "on", "a"]
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Ids:
    """The prefixes of this document's ids (lower case), among them `` for dotted numbers."""

    prefixes: frozenset[str]

    def leading(self, text: str) -> tuple[str, str]:
        """The id with which a text begins and what comes after; empty and the text if there is none."""
        if found := self._match(text):
            return found["id"], text[found.end() :].lstrip(" :.–—-")
        return "", text

    def lettered(self, heading: str) -> str:
        """The id in a heading that names one requirement (`FR-3 Export`); a section's number is none."""
        found = self._match(heading)
        return found["id"] if found and not found["id"][0].isdigit() else ""

    def anywhere(self, text: str) -> tuple[str, ...]:
        """Every id that is named in a text."""
        words = re.finditer(r"(?<![\w.-])(?:[^\W\d_]{1,12}[-_]?){0,2}\d{1,4}(?:\.\d+)*[a-z]?(?!\w|%)", text)
        found = (self._match(word[0].strip()) for word in words)
        return tuple(dict.fromkeys(match["id"] for match in found if match))

    def _match(self, text: str) -> re.Match[str] | None:
        dotted = _DOTTED.match(text) if "" in self.prefixes else None
        if dotted:
            return dotted
        found = _TOKEN.match(text)
        return found if found and found["prefix"].lower() in self.prefixes else None


def _may_be(found: re.Match[str]) -> bool:
    """`A1` may be an id, `a 1` may not."""
    prefix = found["prefix"].lower()
    apart = found["id"][len(prefix) : len(prefix) + 1] == " "
    if apart and not (found["prefix"].isupper() and len(prefix) <= 6):
        return False
    return prefix not in _NEVER_IDS and not (prefix in _NO_IDS and (apart or len(prefix) > 1))


_CLASSIC = re.compile(r"^\W*(?!PRD|UTF|SHA|ISO|TLS|AES|RFC|RSA|MD|IPV|HTTP|GDPR|WCAG|COVID)[A-Z]{2,8}-\d")
_CLAUSE = re.compile(r"^\W*\d+(?:\.\d+)+\.?\s+(?=[A-Z])")
"""An id that is known for one though it comes once: `FR-4`, `1.1 The system …`."""


def ids_of(beginnings: Iterable[str]) -> Ids:
    """The ids of a document whose passages, cells and headings begin like this: a prefix that comes twice with
    different numbers, or one that is known for an id."""
    numbers: dict[str, set[str]] = {}
    known: set[str] = set()
    for text in beginnings:
        if _CLASSIC.match(text) and (found := _TOKEN.match(text)):
            known.add(found["prefix"].lower())
        elif _CLAUSE.match(text):
            known.add("")
        if dotted := _DOTTED.match(text):
            numbers.setdefault("", set()).add(dotted["id"])
        elif (found := _TOKEN.match(text)) and _may_be(found):
            prefix = found["prefix"].lower()
            numbers.setdefault(prefix, set()).add(found["number"])
    return Ids(frozenset(prefix for prefix, seen in numbers.items() if len(seen) > 1) | frozenset(known))
