"""What a roadmap chooses among, and what people ask of it, as frozen data.

An item is a feature with all of its open stories that nobody has begun and no sprint holds, or one such story
that belongs to no feature. It is taken as a whole or not at all. Hours are agent-hours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from agents.ranking import Revenue
from integrations.tracker import Priority

Basis = Literal["priority", "RICE", "ROI"]


@dataclass(frozen=True, slots=True)
class Worth:
    """What speaks for an item. `weight` comes from its priority, or from the RICE score or return (ROI) that
    was `given` for it; `revenue` is the yearly revenue of the accounts (by name) that wait for it, `points` the
    same as counted; `due` the nearest day on which one needs it, was promised it or renews; `urgency` 1 or 2.
    """

    weight: float
    basis: Basis
    given: float | None
    revenue: Revenue
    points: float
    waiting: tuple[str, ...]
    due: date | None
    urgency: int

    @property
    def value(self) -> float:
        """Value times urgency: what choosing the item is worth."""
        return (self.weight + self.points) * self.urgency


@dataclass(frozen=True, slots=True)
class Piece:
    """One story's work. `hours` are the median that is expected; `written` the estimate that somebody wrote, of
    which it is so many `spread`s off at times (see `chances.py`), None for one that was estimated from similar
    done work. `after` are keys of pieces that come first, `not_before` a day before which it cannot begin."""

    key: str
    item: str
    team: str
    discipline: str
    hours: float
    written: float | None
    spread: float
    after: tuple[str, ...] = ()
    not_before: date | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to be chosen or left. `never` says why it cannot be chosen at all, empty where it can."""

    id: str
    title: str
    kind: Literal["feature", "story"]
    product: str
    priority: Priority
    worth: Worth
    pieces: tuple[Piece, ...]
    never: str = ""

    @property
    def hours(self) -> float:
        """Expected hours of all of its stories."""
        return sum(piece.hours for piece in self.pieces)

    @property
    def by_line(self) -> Mapping[tuple[str, str], float]:
        """Hours by team and discipline."""
        found: dict[tuple[str, str], float] = {}
        for piece in self.pieces:
            line = (piece.team, piece.discipline)
            found[line] = found.get(line, 0.0) + piece.hours
        return found


@dataclass(frozen=True, slots=True)
class MoreHands:
    """`count` more (or, under 0, fewer) people or agents in a team, of a discipline or, where it is empty, as
    its engineers are."""

    team: str
    count: int
    discipline: str = ""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What was asked for besides a time: `product` and `team` restrict (by id); `without` and `include` are
    names as people said them; `more` and `share` change what the teams have; `only` are the items (ids) of a
    roadmap that is looked at again."""

    product: str = ""
    team: str = ""
    without: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    more: tuple[MoreHands, ...] = ()
    share: float = 1.0
    only: tuple[str, ...] | None = None

    def and_also(self, later: Wishes) -> Wishes:
        """These, and what was asked for after them."""
        return Wishes(
            later.product or self.product,
            later.team or self.team,
            tuple(dict.fromkeys((*_less(self.without, later.include), *later.without))),
            tuple(dict.fromkeys((*_less(self.include, later.without), *later.include))),
            (*self.more, *later.more),
            later.share if later.share != 1.0 else self.share,
            later.only if later.only is not None else self.only,
        )

    @property
    def changes(self) -> bool:
        """Whether anything is supposed that is not so."""
        return bool(self.without or self.include or self.more or self.share != 1.0)


def _less(names: tuple[str, ...], taken: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in names if name not in taken)


@dataclass(frozen=True, slots=True)
class Span:
    """The time that a roadmap is for: from `starts` to the day before `ends`."""

    name: str
    starts: date
    ends: date


@dataclass(frozen=True, slots=True)
class Backlog:
    """What was read to choose from: `items`, how many were `open` items in all, and stories that are in sprints
    already. `unread` counts open stories that were not looked at."""

    items: tuple[Item, ...]
    open_items: int
    committed: int
    unread: int
    estimated: int
    unestimated: int
    overrun: float | None
    overrun_from: int
    as_of: datetime
    notes: tuple[str, ...] = field(default=())
