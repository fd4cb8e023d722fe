"""What the document says comes before what: by id, by a column, or by naming what another records."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from agents.planning.reading.ids import Ids
from agents.planning.reading.read import Wanted
from agents.planning.terms import content_stems

_NEEDS_COLUMN = re.compile(r"^(?:needs?|depends?(?: on)?|after|prerequisites?|requires?|builds on|blocked by|first|before it|dependenc\w*)\s*:\s*", re.I)
_BEFORE_IT = re.compile(r"\b(?:before|blocks|needed (?:for|by|before)|precedes|ahead of)\b[^.;]*$", re.IGNORECASE)
_NAMED = re.compile(
    r"\b(?:needs?|requires?|depends? on|relies on|rests on|builds? (?:up)?on|based on|prerequisite:?|waits? for|wants|uses|works (?:on|from)|runs on|reads from|"
    r"(?:taken|drawn|worked out|computed|reckoned|derived|made|planned|produced|reported|built|fed) from|(?:out )?of the|from (?:the|these|those)|"
    r"after(?: an?| the| both)?|once|as soon as|following|on top of|first needs)\s+(?P<what>[^.;:()]{3,90})",
    re.IGNORECASE,
)
_RECORDS = re.compile(r"\b(?:record|log|kept|keep|store|count|hold|register|enter|load|import|tick|tap|check[- ]in|posting|ledger|list|history|counts|values|readings|feed|grant|scan|table)\w*", re.I)
_FIRST = re.compile(r"\b(?:this|that|it|which)\b[^.;]{0,60}\b(?:comes|goes|has to (?:be|come)|must (?:be|come)|is) (?:there |done |ready )?(?:first|before)\b|\bbefore (?:anybody|anyone|anything|it|any)\b", re.I)
_THAT_WORKS = re.compile(r"^(?:once|when|as soon as|after) (?:that|this|it|these) (?:works?|is (?:there|done|live|in|ready)|are)|^then\b|^that (?:done|in place)|^after (?:that|this)\b|\bthen\b", re.I)
_LIKE = 0.34
"""Share of a phrase's weight that a requirement has to hold to be meant by it."""


@dataclass(frozen=True, slots=True)
class StatedOrder:
    """`later` comes after `earlier` (places in the list of what is wanted); `because` are the document's words."""

    earlier: int
    later: int
    because: str


def stated_orders(wanted: Sequence[Wanted], ids: Ids, beside: Sequence[str] = ()) -> tuple[StatedOrder, ...]:
    """Every order that is stated, each once. `beside` are further sentences (`A2 needs A1`)."""
    return tuple(dict.fromkeys(_Orders(wanted, ids).found(beside)))


class _Orders:
    def __init__(self, wanted: Sequence[Wanted], ids: Ids) -> None:
        self._wanted = wanted
        self._ids = ids
        self._by_id = {_bare(w.unit.id): place for place, w in enumerate(wanted) if w.unit.id}
        self._stems = [content_stems(f"{w.unit.lead} {w.unit.text}") for w in wanted]
        counted = Counter(stem for stems in self._stems for stem in stems)
        self._weight = {stem: math.log(1 + len(wanted) / count) for stem, count in counted.items()}

    def found(self, beside: Sequence[str]) -> Iterator[StatedOrder]:
        for place, wanted in enumerate(self._wanted):
            for text in (wanted.unit.text, *wanted.notes, *(d.text for d in wanted.details)):
                yield from self._of(place, text, own=text == wanted.unit.text)
        for text in beside:
            named = [self._by_id[_bare(name)] for name in self._ids.anywhere(text) if _bare(name) in self._by_id]
            if len(named) >= 2 and re.search(r"\b(?:needs?|after|requires?|depends|builds|once|wants)\b", text, re.I):
                yield from (StatedOrder(other, named[0], text) for other in named[1:] if other != named[0])
            elif len(named) >= 2 and re.search(r"\bbefore\b", text, re.IGNORECASE):
                yield from (StatedOrder(named[0], other, text) for other in named[1:] if other != named[0])

    def _of(self, place: int, text: str, *, own: bool) -> Iterator[StatedOrder]:
        column = _NEEDS_COLUMN.match(text)
        names = [name for name in self._ids.anywhere(text) if _bare(name) != _bare(self._wanted[place].unit.id)]
        others = [self._by_id[_bare(name)] for name in names if _bare(name) in self._by_id]
        for other in others:
            reverse = not column and _BEFORE_IT.search(text[: text.find(names[0])] + " x") is not None
            if other != place:
                yield StatedOrder(place, other, text) if reverse else StatedOrder(other, place, text)
        if others:
            return
        yield from self._phrases(place, text, column, own=own)

    def _phrases(self, place: int, text: str, column: re.Match[str] | None, *, own: bool) -> Iterator[StatedOrder]:
        if column:
            phrases = [part for part in re.split(r",|;| and ", text[column.end() :]) if re.search(r"\w", part)]
        else:
            phrases = [match["what"] for match in _NAMED.finditer(text)]
        for phrase in phrases:
            other = self._meant(place, phrase, sure=not own or bool(column))
            if other is not None:
                yield StatedOrder(other, place, text)
        if not own and _FIRST.search(text) and place + 1 < len(self._wanted):
            search = self._meant(place, text[_FIRST.search(text).end() :] or text, sure=True)  # type: ignore[union-attr]
            yield StatedOrder(place, search if search is not None else max(place - 1, 0), text)
        if own and place and _THAT_WORKS.search(text) and not phrases:
            yield StatedOrder(place - 1, place, text)

    def _meant(self, place: int, phrase: str, *, sure: bool) -> int | None:
        """The requirement that a phrase names; within a requirement's own sentence only what is recorded or kept."""
        stems = content_stems(phrase)
        total = sum(self._weight.get(stem, 0.0) for stem in stems)
        if not total or (not sure and not _RECORDS.search(phrase)):
            return None
        scored = [
            (sum(self._weight.get(s, 0.0) for s in stems & other) / total, -abs(place - number), number)
            for number, other in enumerate(self._stems)
            if number != place
        ]
        best = max(scored, default=None)
        return best[2] if best is not None and best[0] >= _LIKE and best[0] > 0 else None


def _bare(name: str) -> str:
    return re.sub(r"[^\w.]+", "", name).lower()
