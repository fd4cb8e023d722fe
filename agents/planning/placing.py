"""One way to place stories: each in turn as early as it can go, in the order that it is given.

A story is worked on in one go. It lies within one sprint of its team; one that no single sprint could hold
goes over two or three that follow each other. It begins when all that it comes after is done, and takes the
first gap in its line of work (`course.py`) that holds it.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

from agents.planning.capacity import Free
from agents.planning.course import Horizon, Line, Supply
from integrations.tracker import Sprint

MOST_SPRINTS_OF_A_STORY = 3
_CLOSE = 1e-6


class Work(Protocol):
    """What is placed: some hours of one discipline of one team."""

    @property
    def key(self) -> str:
        """Its key."""

    @property
    def team(self) -> str:
        """The team, by id."""

    @property
    def discipline(self) -> str:
        """The discipline."""

    @property
    def hours(self) -> float:
        """Agent-hours."""


@dataclass(frozen=True, slots=True)
class Window:
    """Consecutive sprints of a team: from moment `opens` to `closes` (see `course.py`)."""

    sprints: tuple[Sprint, ...]
    opens: float
    closes: float


@dataclass(frozen=True, slots=True)
class Place:
    """Where a story lies: its window, and the moments between which it is worked on."""

    window: Window
    begins: float
    ends: float


def windows(story: Work, sprints: Sequence[Free], days: Horizon) -> tuple[Window, ...]:
    """The sprints that a story could lie in, earliest first; several at a time if no single one holds it."""
    supply = days.supplies.get((story.team, story.discipline))
    if supply is None or story.hours <= 0:
        return ()
    for length in range(1, MOST_SPRINTS_OF_A_STORY + 1):
        runs = (sprints[i : i + length] for i in range(len(sprints) - length + 1))
        found = [_window(run, days) for run in runs if _follow(run)]
        holding = tuple(w for w in found if _hours(supply, w) + _CLOSE >= story.hours)
        if holding:
            return holding
    return ()


def _follow(run: Sequence[Free]) -> bool:
    return all(one.sprint.ends == two.sprint.starts for one, two in pairwise(run))


def _window(run: Sequence[Free], days: Horizon) -> Window:
    sprints = tuple(f.sprint for f in run)
    return Window(sprints, days.moment(sprints[0].starts), days.moment(sprints[-1].ends))


def _hours(supply: Supply, window: Window) -> float:
    return supply.until(window.closes) - supply.until(window.opens)


class Placing:
    """Stories placed so far. `within` are the windows of each story, by key."""

    def __init__(self, days: Horizon, within: Mapping[str, Sequence[Window]]) -> None:
        self.places: dict[str, Place] = {}
        self._days = days
        self._within = within
        self._taken: dict[Line, list[tuple[float, float]]] = {}
        self._at: dict[str, tuple[Line, tuple[float, float]]] = {}

    def place(self, story: Work, after: Sequence[str], not_before: float = 0.0) -> Place | None:
        """Place a story as early as it can go; None where it fits nowhere, or something before it does not."""
        if any(key not in self.places for key in after):
            return None
        ready = max((self.places[key].ends for key in after), default=0.0)
        ready = max(ready, not_before)
        line = (story.team, story.discipline)
        taken = self._taken.setdefault(line, [])
        for window in self._within.get(story.key, ()):
            if window.closes <= ready:
                continue
            begin = _gap(self._days.supplies[line], taken, window, ready, story.hours)
            if begin is not None:
                hours = (begin, begin + story.hours)
                insort(taken, hours)
                self._at[story.key] = (line, hours)
                supply = self._days.supplies[line]
                place = Place(window, supply.when(begin), supply.when(begin + story.hours))
                self.places[story.key] = place
                return place
        return None

    def take_back(self, key: str) -> None:
        """A story gives its place up again. What comes after it keeps its own: take that back first."""
        line, hours = self._at.pop(key)
        self._taken[line].remove(hours)
        del self.places[key]


def _gap(
    supply: Supply, taken: Sequence[tuple[float, float]], window: Window, ready: float, hours: float
) -> float | None:
    """Where, in hours of the line, the first gap of this size begins."""
    begin, most = supply.until(max(window.opens, ready)), supply.until(window.closes) + _CLOSE
    for start, end in taken:
        if end <= begin:
            continue
        if begin + hours <= start + _CLOSE:
            break
        begin = max(begin, end)
    return begin if begin + hours <= most else None
