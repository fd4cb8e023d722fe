"""Which stories of a plan come before which, and why.

Three rules, the first the strongest. What the document states (`reading/orders.py`): a story that needs
another requirement comes after it, one that is needed by another before it, one that names another by its id
after that. What a story names by its title: tests and documentation come after what they are about. And the
order of building: data and schemas before what works on them, an interface before what uses it, both before the
screens that show it and before tests and documentation, within one discipline as between two; only between
stories that share telling words, for weak likeness orders nothing.

The result has no cycles. A need that would close a circle is left out, with a sentence.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from agents.planning.draft import Precedence
from agents.planning.stated import NOTHING, Stated
from agents.planning.stories import Sketch
from agents.planning.terms import content_stems, overlap, stem, weights

_STAGES: Mapping[str, float] = {
    "design": 0, "data": 1, "ml": 2, "security": 3, "backend": 3.5, "frontend": 4, "sre": 5, "qa": 5,
    "documentation": 6,
}  # fmt: skip
_DATA, _INTERFACE, _LOGIC, _SCREEN = 1.0, 3.0, 3.5, 4.0
_WHY: tuple[tuple[float, str], ...] = (
    (0, "is built to its design"),
    (_DATA, "works on the data that it brings"),
    (2, "uses its model"),
    (_INTERFACE, "uses its interface"),
    (_LOGIC, "uses what it does"),
    (_SCREEN, "covers what it shows"),
    (5, "runs on what it sets up, or describes what it tests"),
)
_STORES = re.compile(
    r"^(?:the |an? )?(?:[\w'-]+ ){0,2}"
    r"(?:schemas?|data model|tables?|migrations?|pipelines?|backfill|data ?base)\b",
    re.IGNORECASE,
)
"""Titles of stories that bring what others store into and read from."""
_SPEAKS_OF_STORE = re.compile(r"\b(?:schema|data model|table|pipeline|database)\b", re.IGNORECASE)
_HUB = re.compile(
    r"^(?:the |an? )?(?:[\w'-]+ ){0,2}(?:apis?|interfaces?|backend)\b|^(?:[\w'-]+ ){0,2}endpoints?$",
    re.IGNORECASE,
)
"""Titles of stories that bring an interface: others rest on it even where few words are shared."""
_SPEAKS_OF_HUB = re.compile(r"\b(?:apis?|endpoints?|backend)\b", re.IGNORECASE)
_BASE = 0.6
"""Share of the words of a story's title that an interface speaks of, from which it serves what that brings."""
_SECTIONS: tuple[tuple[re.Pattern[str], float], ...] = (
    (re.compile(r"\bdata\b|\bschemas?\b|\bcollect\w*|\bingest\w*|\bstorage\b", re.IGNORECASE), _DATA),
    (re.compile(r"\bpeople see\b|\bscreens?\b|\bpages?\b|\buser interface\b|\bUI\b|\bfront-?end\b"), _SCREEN),
)
_ALIKE = 0.2
"""Overlap from which two stories are about the same thing, if they share _SHARED telling words at least."""
_SHARED = 2
_COMMON = 0.4
"""A word in more of the stories than this tells nothing; nor do units of time."""
_SAYS_NOTHING = ("second", "minute", "hour", "day", "week", "month", "year", "time", "number", "show", "last")
_MOST = 2
"""Predecessors by likeness; more add no order that those do not bring."""
_LONGEST_NAME = 3

Placed = tuple[str, Sketch, str]
"""A story's key, its sketch and its discipline."""


@dataclass(frozen=True, slots=True)
class Ordered:
    """The links, and a sentence for each stated need that was left out."""

    links: tuple[Precedence, ...]
    broken: tuple[str, ...] = ()


def precedences(
    stories: Sequence[Placed],
    advised: Sequence[Precedence] = (),
    said: Mapping[str, Stated] | None = None,
) -> Ordered:
    """From the stories in the plan's order; what the document states comes first, then what is advised."""
    keys = {key for key, _, _ in stories}
    states = said or {}
    found: dict[tuple[str, str], Precedence] = {}
    broken: list[str] = []
    for link in _needed(stories, states):
        if _reaches(found, link.after, link.story):
            broken.append(_left_out(link, stories))
        else:
            found.setdefault((link.story, link.after), link)
    wanted = [link for link in advised if {link.story, link.after} <= keys and link.story != link.after]
    for link in (*wanted, *_By(stories, states).links()):
        if (link.story, link.after) not in found and not _reaches(found, link.after, link.story):
            found[link.story, link.after] = link
    return Ordered(tuple(found.values()), tuple(broken))


def _left_out(link: Precedence, stories: Sequence[Placed]) -> str:
    names = {key: sketch.requirements[0] if sketch.requirements else key for key, sketch, _ in stories}
    one, other = names[link.story], names[link.after]
    return (
        f"{one} and {other} need each other, over others or directly. I left out that {one} comes after"
        f" {other}; say in the document which comes first."
    )


def _ids(stories: Sequence[Placed]) -> Mapping[str, str]:
    """The story of each requirement's id. Of an id that stands twice the first is meant."""
    found: dict[str, str] = {}
    for key, sketch, _ in stories:
        for name in sketch.requirements:
            found.setdefault(name.upper(), key)
    return found


def _needed(stories: Sequence[Placed], said: Mapping[str, Stated]) -> Iterator[Precedence]:
    by_id = _ids(stories)
    for key, _, _ in stories:
        states = said.get(key, NOTHING)
        for name in states.after:
            if by_id.get(name, key) != key:
                yield Precedence(key, by_id[name], f"needs {name}, as the document says")


@dataclass
class _By:
    """Links by what stories are about, and in which order things are built."""

    stories: Sequence[Placed]
    said: Mapping[str, Stated]
    stems: dict[str, frozenset[str]] = field(init=False)
    titles: dict[str, frozenset[str]] = field(init=False)
    layers: dict[str, float] = field(init=False)

    def __post_init__(self) -> None:
        self.stems = {key: content_stems(sketch.about) for key, sketch, _ in self.stories}
        self.titles = {key: content_stems(sketch.called or sketch.title) for key, sketch, _ in self.stories}
        self.weight = weights(self.stems.values())
        counts = Counter(word for stems in self.stems.values() for word in stems)
        most = max(2.0, _COMMON * len(self.stories))
        self.telling = {word for word, count in counts.items() if count <= most}.difference(
            map(stem, _SAYS_NOTHING)
        )
        self.layers = {
            key: _layer(sketch, discipline, self.said.get(key, NOTHING).section)
            for key, sketch, discipline in self.stories
        }

    def links(self) -> Iterator[Precedence]:
        for key, sketch, discipline in self.stories:
            before = [
                one for one in self.stories if self.layers[one[0]] < self.layers[key] and not one[1].quality
            ]
            chosen = self._named_in(key, before) + self._alike(key, before, proves=sketch.quality)
            if _HUB.search(sketch.title):
                chosen += self._base(key, before)
            elif not any(_HUB.search(s.title) for k, s, _ in before if k in chosen):
                chosen += self._hub(key, sketch, discipline, before)
            for other in dict.fromkeys(chosen):
                yield Precedence(key, other, _why(self.layers[other]))

    def _named_in(self, key: str, before: Sequence[Placed]) -> list[str]:
        """What tests and documentation name by its title, where that is short and tells something."""
        if self.layers[key] <= _SCREEN:
            return []
        return [
            other
            for other, _, _ in before
            if 0 < len(self.titles[other]) <= _LONGEST_NAME
            and self.titles[other] <= self.stems[key]
            and self.titles[other] & self.telling
        ]

    def _alike(self, key: str, before: Sequence[Placed], *, proves: bool) -> list[str]:
        scored = sorted(
            ((overlap(self.stems[key], self.stems[k], self.weight), self.layers[k], k) for k, _, _ in before),
            key=lambda found: (-found[0], -found[1], found[2]),
        )
        alike = [
            other
            for score, _, other in scored
            if proves
            or (score >= _ALIKE and len(self.stems[key] & self.stems[other] & self.telling) >= _SHARED)
        ]
        return alike[:_MOST]

    def _base(self, key: str, before: Sequence[Placed]) -> list[str]:
        """The data that an interface serves: what is mostly named by its title in what the interface does."""
        shares = [
            (len(self.titles[other] & self.stems[key]) / len(self.titles[other]), other)
            for other, _, _ in before
            if self.layers[other] == _DATA and len(self.titles[other]) > 1
        ]
        return [other for share, other in shares if share >= _BASE]

    def _hub(self, key: str, sketch: Sketch, discipline: str, before: Sequence[Placed]) -> list[str]:
        """The interface (or schema) that a story speaks of, or that screens and tests rest on anyway."""
        hubs = [other for other, s, _ in before if _HUB.search(s.title)]
        stores = [other for other, s, _ in before if _STORES.search(s.title)]
        rests = self.layers[key] == _SCREEN or discipline in ("frontend", "qa")
        same = [h for h in hubs if self._section(h) == self._section(key) and self._section(key)]
        if rests or _SPEAKS_OF_HUB.search(sketch.about):
            return hubs[:1]
        speaks = _SPEAKS_OF_STORE.search(sketch.about) is not None
        return (same if sketch.i_want.startswith("to ") else [])[:1] or (stores if speaks else [])[:1]

    def _section(self, key: str) -> str:
        return self.said.get(key, NOTHING).section


def _layer(sketch: Sketch, discipline: str, section: str) -> float:
    """Where in the order of building a story stands: by its title, its section, its discipline."""
    stage = _STAGES.get(discipline, _LOGIC)
    if sketch.quality or discipline not in ("backend", "data"):
        return stage
    if _STORES.search(sketch.title):
        return _DATA
    if _HUB.search(sketch.title):
        return _INTERFACE
    return next((layer for words, layer in _SECTIONS if words.search(section)), stage)


def _why(layer: float) -> str:
    return next((why for most, why in _WHY if layer <= most), "builds on it")


def _reaches(found: Mapping[tuple[str, str], Precedence], start: str, goal: str) -> bool:
    """Whether `start` already comes, over any number of steps, after `goal`."""
    open_keys, seen = [start], {start}
    while open_keys:
        key = open_keys.pop()
        if key == goal:
            return True
        for story, after in found:
            if story == key and after not in seen:
                seen.add(after)
                open_keys.append(after)
    return False
