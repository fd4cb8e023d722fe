"""Composes stories of the sample's history: what a story is about, how it reads, and how much work it is.

Effort depends on the kind of work and on the service, with log-normal noise on top, so that similar stories
took similar time, as they do in life.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
ESTIMATE_SPREAD = 0.22
"""Standard deviation of the logarithm of estimated over expected hours."""
ACTUAL_SPREAD = 0.27
"""The same for the hours that it really took."""


@dataclass(frozen=True)
class Kind:
    """A kind of work: `hours` is its median effort, `weight` how often it occurs in its discipline."""

    kind: str
    hours: float
    weight: int
    titles: tuple[str, ...]
    text: str
    accept: tuple[str, ...]
    labels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Theme:
    """An epic that a team worked on between two months, both included (`2025-01`)."""

    key: str
    team: str
    product: str
    title: str
    months: tuple[str, str]
    priority: str
    service: str
    who: str
    things: tuple[str, ...]
    pii: bool = False
    document: str | None = None
    customers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Idea:
    """A story that was thought of: its words and its effort, not yet when."""

    theme: Theme
    kind: Kind
    title: str
    description: str
    acceptance: tuple[str, ...]
    estimate: float
    actual: float


class Words:
    """The vocabulary. Every title is given out once."""

    def __init__(self, chance: random.Random) -> None:
        kinds = _read("history_kinds.yaml")
        epics = _read("history_epics.yaml")
        self._chance = chance
        self._difficulty: dict[str, float] = epics["difficulty"]
        self._taken: set[tuple[str, str]] = set()
        self.themes = tuple(_frozen(Theme, entry) for entry in epics["epics"])
        self.kinds = {name: tuple(_frozen(Kind, entry) for entry in entries) for name, entries in kinds.items()}

    def idea(self, theme: Theme, discipline: str) -> Idea:
        """A new story of this discipline within the theme, which must have words left."""
        left = self._left(theme, discipline)
        kind, thing = self._chance.choices(left, [kind.weight for kind, _ in left])[0]
        self._taken.add((kind.kind, thing))
        return self._compose(theme, kind, thing)

    def has_left(self, theme: Theme, discipline: str) -> bool:
        """Whether a story of this discipline can still be made of the theme's words."""
        return bool(self._left(theme, discipline))

    def _left(self, theme: Theme, discipline: str) -> list[tuple[Kind, str]]:
        pairs = ((kind, thing) for kind in self.kinds[discipline] for thing in theme.things)
        return [(kind, thing) for kind, thing in pairs if (kind.kind, thing) not in self._taken]

    def _compose(self, theme: Theme, kind: Kind, thing: str) -> Idea:
        def fill(template: str) -> str:
            words = template.format(thing=thing, Thing=_capital(thing), service=theme.service, who=theme.who)
            return _capital(words)

        expected = kind.hours * self._difficulty[theme.service]
        return Idea(
            theme=theme,
            kind=kind,
            title=fill(self._chance.choice(kind.titles)),
            description=f"{fill(kind.text)} Part of “{theme.title}”, for {theme.who}.",
            acceptance=tuple(fill(line) for line in kind.accept),
            estimate=_half(expected * self._chance.lognormvariate(0, ESTIMATE_SPREAD)),
            actual=_half(expected * self._chance.lognormvariate(0, ACTUAL_SPREAD)),
        )


def _read(name: str) -> Any:
    return yaml.safe_load((HERE / name).read_text(encoding="utf-8"))


def _frozen(shape: Any, entry: dict[str, Any]) -> Any:
    return shape(**{key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()})


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _half(hours: float) -> float:
    return max(0.5, round(hours * 2) / 2)
