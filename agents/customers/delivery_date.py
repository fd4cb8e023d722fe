"""By when a feature can be there at the pace of its teams, and what would have to wait for it to be there
sooner.

The date is `outlook`'s: each simulated run works off what stands before the feature and the feature itself, at
weekly counts of finished stories drawn from the last half year. What stands before it is what its teams have
begun or scheduled, and what of their backlog is at least as urgent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from agents.planning.draft import Forecast, NotEnoughHistory
from agents.planning.outlook import outlook
from agents.planning.working_days import WorkingDays
from integrations.tracker import Priority, Story, StoryStatus

_BEGUN = frozenset({StoryStatus.IN_PROGRESS, StoryStatus.BLOCKED})
_TAKEN_ON = _BEGUN | {StoryStatus.SCHEDULED}


@dataclass(frozen=True, slots=True)
class Pace:
    """What a date is worked out from: stories that each team finished in each of the last full weeks, today,
    and the days on which people work."""

    weekly: Mapping[str, Sequence[int]]
    today: date
    days: WorkingDays


@dataclass(frozen=True, slots=True)
class Delivery:
    """By when it can be there: with even odds (`half`) and in 85 of 100 runs (`most`), behind `ahead` stories.

    Where that is behind the day on which it is needed, `moves` are the stories, last in line first, without
    which it would be there in time; empty and `cannot` where not even that would do."""

    half: date
    most: date
    ahead: int
    runs: int
    needed_by: date | None = None
    moves: tuple[Story, ...] = ()
    cannot: bool = False

    @property
    def is_late(self) -> bool:
        """Whether the day that the schedule can hold is behind the one on which it is needed."""
        return self.needed_by is not None and self.most > self.needed_by


def before_it(
    open_stories: Sequence[Story], own: frozenset[str], teams: frozenset[str], priority: Priority
) -> tuple[Story, ...]:
    """What these teams do before a feature of this priority: what they have taken on, and what of their
    backlog is at least as urgent. First what is begun, then by urgency and age."""
    ahead = [
        story
        for story in open_stories
        if story.team in teams
        and story.id not in own
        and (story.status in _TAKEN_ON or story.priority <= priority)
    ]
    order = {status: place for place, status in enumerate((*sorted(_BEGUN), StoryStatus.SCHEDULED))}
    last = len(order)
    return tuple(sorted(ahead, key=lambda s: (order.get(s.status, last), s.priority, s.created, s.id)))


def delivery(
    own: Mapping[str, int], ahead: Sequence[Story], pace: Pace, needed_by: date | None
) -> Delivery | NotEnoughHistory:
    """When a feature with so many stories of each team can be there. CPU-bound: call it from a thread."""
    found = _when(own, ahead, pace)
    if isinstance(found, NotEnoughHistory):
        return found
    dated = Delivery(found.p50, found.p85, len(ahead), found.samples, needed_by)
    return _what_moves(dated, own, ahead, pace) if dated.is_late else dated


def _when(own: Mapping[str, int], ahead: Sequence[Story], pace: Pace) -> Forecast | NotEnoughHistory:
    counts = {team: count + sum(story.team == team for story in ahead) for team, count in own.items()}
    return outlook(counts, pace.weekly, pace.today, pace.days)


def _what_moves(dated: Delivery, own: Mapping[str, int], ahead: Sequence[Story], pace: Pace) -> Delivery:
    """The fewest stories, from the end of the line, without which it is there in time: found by halving, for
    the fewer stand before it the sooner it is done."""
    needed = dated.needed_by
    movable = [story for story in ahead if story.status not in _BEGUN][::-1]

    def is_in_time(count: int) -> bool:
        gone = {story.id for story in movable[:count]}
        found = _when(own, [story for story in ahead if story.id not in gone], pace)
        return isinstance(found, Forecast) and needed is not None and found.p85 <= needed

    if not is_in_time(len(movable)):
        return replace(dated, cannot=True)
    few, many = 0, len(movable)  # `many` is always enough, `few` never
    while many - few > 1:
        middle = (few + many) // 2
        few, many = (few, middle) if is_in_time(middle) else (middle, many)
    return replace(dated, moves=tuple(movable[:many]))
