"""What the document says comes before what: by id, by a column, or by naming what another records."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from agents.planning.reading.ids import Ids
from agents.planning.reading.wanted import Wanted
from agents.planning.terms import content_stems

_NEEDS = (
    r"needs?|requires?|depends? on|relies on|rests on|builds? (?:up)?on|based on|"
    r"prerequisite:?|waits? for|wants|uses|runs on|works (?:on|from)|comes? on top of|on "
    r"top of"
)
_COLUMN = re.compile(
    r"^(?:needs?|depends?(?: on)?|after|prerequisites?|requires?|builds on|blocked by|"
    r"first|before it|dependenc\w*)\s*:\s*",
    re.I,
)
_BEFORE = re.compile(
    r"\b(?:before|blocks|needed (?:for|by|before)|precedes|ahead of)\s+(?:\w+\s+){0,2}$", re.IGNORECASE
)
_SUBJECT_NEEDS = re.compile(rf"\b(?:{_NEEDS}|after|once)\b", re.IGNORECASE)
_PHRASE = re.compile(
    rf"\b(?:{_NEEDS}|reads from|(?:taken|drawn|worked out|computed|reckoned|derived|made|"
    rf"planned|produced|reported|built|fed|charged|counted|"
    r"comes?|filled) from|out of the|from (?:the|these|those|what)|after(?: an?| the| "
    r"both| all)?|once|as soon as|following)\s+"
    r"(?P<what>[^.;:,()]{3,70})",
    re.IGNORECASE,
)
_KEEPS = (
    r"record|log|stor|keep|kept|import|load|regist|enter|count|book|scan|tap|tick|publish|"
    r"collect|read|measur|post"
)
_PARTICIPLE = re.compile(
    r"\b(?P<verb>recorded|logged|stored|kept|imported|loaded|registered|entered|counted|"
    r"booked|scanned|tapped|ticked|published|collected|posted|measured)\b"
    r"(?: in)?(?P<thing>(?: [\w'’-]+){0,2})",
    re.IGNORECASE,
)
_DOES_KEEP = re.compile(
    rf"^(?:{_KEEPS})\w*|\b(?:is|are|be|gets?) (?:\w+ly )?(?:{_KEEPS})\w*|"
    rf"\b(?:{_KEEPS})s?\b(?! (?:by|in|from)\b)",
    re.IGNORECASE,
)
_BRINGS = re.compile(
    r"^(?:\w+ ){0,6}(?:enters?|records?|imports?|loads?|creates?|registers?|keeps?|stores?|adds?|holds?|books?|"
    r"(?:is|are|be) (?:entered|recorded|imported|loaded|created|registered|kept|stored|logged|taken over))\b",
    re.IGNORECASE,
)
_ENABLES = re.compile(
    r"\bbefore (?:anybody|anyone|anything|somebody|any \w+|it|they|others?) (?:can|"
    r"may)(?: be)? (?P<what>[^.;]+)",
    re.IGNORECASE,
)
_FIRST = re.compile(r"\b(?:this|that|it)\b[^.;]{0,30}\b(?:comes|goes|has to be there) first\b", re.IGNORECASE)
_THAT_WORKS = re.compile(
    r"^(?:once|when|as soon as|after) (?:that|this|it|these) (?:works?|is (?:there|done|"
    r"live|in|ready)|are\b|runs)|^(?:after|with) (?:that|this)\b|^then\b",
    re.I,
)
_TIME = re.compile(
    r"\d|\b(?:days?|hours?|minutes?|seconds?|months?|weeks?|years?|time|moment|while)\b", re.IGNORECASE
)
_LIKE, _SURELY_LIKE = 0.34, 0.7
"""Share of a phrase's weight that a requirement has to hold to be meant by it: in a note, and in a sentence
that says something else."""
_LETTERS = 6
"""Of a stem that count: `rehearsal` and `rehearsed` are the same."""


@dataclass(frozen=True, slots=True)
class StatedOrder:
    """`later` comes after `earlier` (places in the list of what is wanted); `because` quotes the document."""

    earlier: int
    later: int
    because: str


def stated_orders(wanted: Sequence[Wanted], ids: Ids, beside: Sequence[str] = ()) -> tuple[StatedOrder, ...]:
    """Every order that is stated, each once. `beside` are further sentences (`A2 needs A1`)."""
    found = {
        (o.earlier, o.later): o for o in reversed([*_Orders(wanted, ids).found(beside)]) if o.earlier != o.later
    }
    return tuple(found[pair] for pair in sorted(found))


class _Orders:
    def __init__(self, wanted: Sequence[Wanted], ids: Ids) -> None:
        self._wanted = wanted
        self._ids = ids
        self._by_id = {_bare(w.unit.id): place for place, w in enumerate(wanted) if w.unit.id}
        self._stems = [_stems(f"{w.unit.lead} {w.unit.text}") for w in wanted]
        counted = Counter(stem for stems in self._stems for stem in stems)
        self._weight = {stem: math.log(1 + len(wanted) / count) for stem, count in counted.items()}

    def found(self, beside: Sequence[str]) -> Iterator[StatedOrder]:
        for place, wanted in enumerate(self._wanted):
            yield from self._of(place, wanted.unit.quote, is_note=False)
            for note in (*wanted.notes, *(d.text for d in wanted.details)):
                yield from self._of(place, note, is_note=True)
        for text in beside:
            yield from self._of_subject(text)

    def _places(self, text: str) -> list[int]:
        named = (self._by_id.get(_bare(name)) for name in self._ids.anywhere(text))
        return [place for place in named if place is not None]

    def _of_subject(self, text: str) -> Iterator[StatedOrder]:
        """`A2 needs A1`, `the list (B1) has to be there before anybody can be refused (B2)`."""
        sign = _SUBJECT_NEEDS.search(text)
        if sign and self._places(text[: sign.start()]):
            later = self._places(text[: sign.start()])[0]
            yield from (StatedOrder(earlier, later, text) for earlier in self._places(text[sign.end() :]))
        elif " before " in text:
            first, _, then = text.partition(" before ")
            yield from (StatedOrder(a, b, text) for a in self._places(first)[:1] for b in self._places(then))

    def _of(self, place: int, text: str, *, is_note: bool) -> Iterator[StatedOrder]:
        others = [other for other in self._places(text) if other != place]
        column = _COLUMN.match(text)
        if others:
            for other in others:
                at = text.lower().find(self._wanted[other].unit.id.lower())
                before = not column and at > 0 and _BEFORE.search(text[:at]) is not None
                yield StatedOrder(place, other, text) if before else StatedOrder(other, place, text)
            return
        if place and _THAT_WORKS.search(self._wanted[place].unit.text) and not is_note:
            yield StatedOrder(place - 1, place, text)
            return
        yield from self._in_words(place, text, column, is_note=is_note)

    def _in_words(
        self, place: int, text: str, column: re.Match[str] | None, *, is_note: bool
    ) -> Iterator[StatedOrder]:
        for enabled in _ENABLES.finditer(text):
            if (other := self._meant(place, enabled["what"], _LIKE)) is not None:
                yield StatedOrder(place, other, text)
        if is_note and _FIRST.search(text):
            section = self._wanted[place].section
            yield from (StatedOrder(place, n, text) for n, w in enumerate(self._wanted) if w.section == section)
        if column:
            phrases = [p for p in re.split(r",|;| and ", text[column.end() :]) if re.search(r"[^\W_]", p)]
        else:
            phrases = [match["what"] for match in _PHRASE.finditer(text)]
        for phrase in phrases:
            if not column and (_TIME.search(phrase) or text.rstrip().endswith("?")):
                continue
            if (other := self._meant(place, phrase, _LIKE if is_note else _SURELY_LIKE)) is not None:
                yield StatedOrder(other, place, text)
        for done in _PARTICIPLE.finditer(text):
            if not self._does(place, done) and (other := self._keeper(place, done)) is not None:
                yield StatedOrder(other, place, text)

    def _does(self, place: int, done: re.Match[str]) -> bool:
        """Whether the sentence itself says that this is recorded (`is recorded`), instead of resting on it."""
        before = done.string[: done.start()].rstrip()
        return (
            re.search(r"\b(?:is|are|be|was not|gets?|not|never|also|then)$", before) is not None
            and "that" not in before[-12:]
        )

    def _keeper(self, place: int, done: re.Match[str]) -> int | None:
        """The requirement by which that is recorded: its verb says so, and of that thing where it is named."""
        verb, things = _stems(done["verb"]), _stems(done["thing"])
        scored = []
        for number, wanted in enumerate(self._wanted):
            if number == place or not (verb & self._stems[number]) or not _DOES_KEEP.search(wanted.unit.text):
                continue
            shared = sum(self._weight.get(s, 0.0) for s in things & self._stems[number])
            if shared or number < place:
                scored.append((shared, number < place, -abs(place - number), number))
        return max(scored)[3] if scored else None

    def _meant(self, place: int, phrase: str, least: float) -> int | None:
        """The requirement that a phrase names; of several the one that brings it, then the nearest before."""
        stems = _stems(phrase)
        total = sum(self._weight.get(stem, 1.0) for stem in stems)
        scored = [
            (
                round(sum(self._weight.get(s, 0.0) for s in stems & other) / total, 2),
                _BRINGS.search(self._wanted[number].unit.text) is not None,
                number < place,
                -abs(place - number),
                number,
            )
            for number, other in enumerate(self._stems)
            if number != place and total
        ]
        best = max(scored, default=None)
        return best[-1] if best is not None and best[0] >= least else None


def _stems(text: str) -> frozenset[str]:
    return frozenset(stem[:_LETTERS] for stem in content_stems(text))


def _bare(name: str) -> str:
    return re.sub(r"[^\w.]+", "", name).lower()
