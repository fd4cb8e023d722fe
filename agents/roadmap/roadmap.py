"""A roadmap, as frozen data, stored as JSON (`to_json`, `from_json`)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Literal

from pydantic import TypeAdapter

from agents.roadmap.capacity import TeamHours
from agents.roadmap.items import Span, Wishes, Worth

Why = Literal["hours", "time", "order", "never", "asked", "elsewhere"]


@dataclass(frozen=True, slots=True)
class Chosen:
    """An item that is in: `teams` by id, `hours` expected, the first and last working day if every story takes
    its median, the `chance` that it is done within the roadmap's time, and the day by which it is in 85 of 100
    runs. `stories` are ids; `why` says what speaks for it."""

    id: str
    title: str
    kind: Literal["feature", "story"]
    product: str
    priority: str
    teams: tuple[str, ...]
    stories: tuple[str, ...]
    hours: float
    begins: date
    ends: date
    chance: float
    likely: date
    worth: Worth
    why: str


@dataclass(frozen=True, slots=True)
class Left:
    """An item that is out, and why. `lacks` are hours that would bring it in, where hours alone keep it out."""

    id: str
    title: str
    product: str
    priority: str
    hours: float
    worth: Worth
    kind: Why
    why: str
    lacks: float = 0.0


@dataclass(frozen=True, slots=True)
class TeamPlan:
    """What a team has in the time (see `TeamHours`), and the hours of what is chosen, by discipline."""

    hours: TeamHours
    planned: Mapping[str, float]

    @property
    def free(self) -> float:
        """All that it has."""
        return sum(self.hours.free.values())

    @property
    def used(self) -> float:
        """All that is planned."""
        return sum(self.planned.values())

    @property
    def tightest(self) -> str:
        """The discipline with the least left of it; empty where nothing is planned."""
        shares = {name: used / self.hours.free[name] for name, used in self.planned.items() if used > 0}
        return max(shares, key=lambda name: (shares[name], name), default="")


@dataclass(frozen=True, slots=True)
class Roadmap:
    """What was chosen, in the order of the work, and what was left, what is worth most first.

    `worth` is that of what is chosen, `bound` what no choice could be worth more than. `items` were chosen
    among, of `open_items`; `unread` open stories were not looked at, `committed` ones are in sprints already,
    `estimated` ones were estimated from similar done work and `unestimated` could not be. `overrun` is what
    done stories took, as a multiple of their written estimates, over `overrun_from` of them. `before` are hours
    that are free from today until it begins. `supposed` and `notes` are sentences.
    """

    span: Span
    wishes: Wishes
    chosen: tuple[Chosen, ...]
    left: tuple[Left, ...]
    teams: tuple[TeamPlan, ...]
    worth: float
    bound: float
    items: int
    open_items: int
    unread: int
    committed: int
    estimated: int
    unestimated: int
    overrun: float | None
    overrun_from: int
    before: float
    runs: int
    as_of: datetime
    supposed: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def gap(self) -> float:
        """By what part of it any choice can be worth more than this one, at most."""
        return max(0.0, self.bound / self.worth - 1) if self.worth else 0.0

    def team_name(self, team: str) -> str:
        """A team as people call it."""
        return next((one.hours.name for one in self.teams if one.hours.team == team), team)


@cache
def _adapter() -> TypeAdapter[Roadmap]:
    return TypeAdapter(Roadmap)


def to_json(roadmap: Roadmap) -> str:
    """The roadmap as JSON, for storing."""
    return _adapter().dump_json(roadmap).decode()


def from_json(stored: str) -> Roadmap:
    """The roadmap that `to_json` stored, equal to it. Raises pydantic.ValidationError."""
    return _adapter().validate_json(stored)


def digest_of(stored: str) -> str:
    """SHA-256 (hex) of a stored roadmap: what an approval of it binds."""
    return hashlib.sha256(stored.encode()).hexdigest()


@cache
def wishes_adapter() -> TypeAdapter[Wishes]:
    """Wishes as JSON and back."""
    return TypeAdapter(Wishes)
