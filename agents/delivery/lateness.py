"""How likely each open story of a feature, and the feature, is late: the work carried out many times (Monte
Carlo).

Each run draws how far estimates are off, as they were off for the same teams so far, those of one feature going
together (`accuracy.py`); how much of a story under way is left is not kept anywhere, so any share is as likely.
Then all that the teams have taken on is worked off in the hours of their disciplines, over holidays
(`course.py`): what is under way first, then by sprint and priority, nothing before its sprint or before what it
waits for. A blocked story waits as long again as it has by now (the best guess without knowing why: J. R. Gott,
Implications of the Copernican Principle, 1993). While who holds a story is away, it rests. The same input gives
the same figures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from math import log
from typing import TYPE_CHECKING

import numpy as np

from agents.planning.accuracy import Accuracy, Error, accuracy
from agents.planning.course import Horizon, Line
from integrations.tracker import Story, StoryStatus

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

RUNS = 2_000
LONGEST_WAIT = timedelta(days=60)
"""A blocked story is taken to be free after so long, however long it was blocked."""


@dataclass(frozen=True, slots=True)
class Work:
    """An open story as it is worked off. `gate` is the moment before which it cannot be begun (its sprint, or
    how long it stays blocked), `unhindered` that without being blocked; `after` are open stories that it waits
    for; `away` are the moments between which whoever holds it is away; `due` is the last day of its sprint."""

    story: Story
    hours: float
    line: Line
    gate: float
    unhindered: float
    after: tuple[str, ...]
    away: tuple[tuple[float, float], ...]
    due: date | None


@dataclass(frozen=True, slots=True)
class Late:
    """A story: how likely it is not done by `due`; by how many working days that makes the feature later, in
    the runs in which it is; and how likely the feature misses its date if the story goes as it should: not held
    up, begun before the other work of its line, and no longer than estimated."""

    work: Work
    due: date
    likelihood: float
    days: float
    feature_then: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """A feature: how likely it is not done by `due`, and the days by which half and 85 of 100 runs were."""

    due: date
    likelihood: float
    p50: date
    p85: date
    late: tuple[Late, ...]


class Runs:
    """The runs of one feature: `works` in the order in which they are begun, other features' among them; `own`
    are ids of the feature's, `asked` those that are told of."""

    def __init__(
        self,
        works: Sequence[Work],
        own: frozenset[str],
        asked: frozenset[str],
        days: Horizon,
        known: Accuracy,
    ) -> None:
        self._works, self._own, self._asked, self._days = works, own, asked, days
        chance = np.random.default_rng([len(works), *(round(work.hours * 4) for work in works)])
        drawn = known.drawn([work.hours for work in works], [1.0] * len(works), RUNS, chance)
        left = chance.uniform(size=(len(works), RUNS))
        self._hours: dict[str, Numbers] = {
            work.story.id: row * share if work.story.started is not None else row
            for work, row, share in zip(works, drawn, left, strict=True)
        }
        self._ends = self._carried_out(works, self._hours)
        self._end = self._whole(self._ends)

    def outcome(self, due: date) -> Outcome:
        """What came of the runs; every story that may be late, the one that costs most first."""
        ordered = np.sort(self._end)
        half, most = (
            self._days.last_day(float(ordered[round(share * len(ordered)) - 1])) for share in (0.5, 0.85)
        )
        late = [
            one
            for work in self._works
            if work.due is not None and work.story.id in self._asked
            for one in self._late(work, work.due, due)
        ]
        late.sort(key=lambda one: (-one.likelihood * max(one.days, 0.05), one.work.story.id))
        return Outcome(due, self._share(self._end, due), half, most, tuple(late))

    def _late(self, work: Work, due: date, feature_due: date) -> list[Late]:
        missed = self._ends[work.story.id] > self._after(due)
        if not missed.any():
            return []
        free = replace(work, gate=work.unhindered, away=())
        works = _first_of_its_line(free, [one for one in self._works if one is not work])
        hours = {**self._hours, work.story.id: np.minimum(self._hours[work.story.id], work.hours)}
        then = self._whole(self._carried_out(works, hours))
        days = float((self._end - then)[missed].mean())
        return [Late(work, due, float(missed.mean()), max(days, 0.0), self._share(then, feature_due))]

    def _whole(self, ends: Mapping[str, Numbers]) -> Numbers:
        whole: Numbers = np.max(np.stack([ends[id] for id in ends if id in self._own]), axis=0)
        return whole

    def _share(self, ends: Numbers, due: date) -> float:
        return float((ends > self._after(due)).mean())

    def _after(self, due: date) -> float:
        """The moment at which the day after `due` begins, a little later: what ends with the day is in time."""
        return self._days.moment(due + timedelta(days=1)) + 1e-6

    def _carried_out(self, works: Sequence[Work], hours: Mapping[str, Numbers]) -> dict[str, Numbers]:
        ends: dict[str, Numbers] = {}
        free_from: dict[Line, Numbers] = {}
        for work in works:
            begin = np.full(RUNS, work.gate)
            for before in (*(ends[id] for id in work.after if id in ends), free_from.get(work.line)):
                begin = begin if before is None else np.maximum(begin, before)
            end = self._end_of(work, begin, hours[work.story.id])
            ends[work.story.id] = free_from[work.line] = end
        return ends

    def _end_of(self, work: Work, begin: Numbers, hours: Numbers) -> Numbers:
        supply = self._days.supplies.get(work.line)
        if supply is None:  # the team has no hours of this discipline, so it is never done
            return np.full(RUNS, float(len(self._days.days)))
        for since, until in work.away:
            begin = np.where((begin >= since) & (begin < until), until, begin)
        used = np.interp(begin, supply.moments, supply.totals) + hours
        end: Numbers = np.interp(used, supply.totals, supply.moments)
        for since, until in work.away:
            end = np.where((begin < since) & (end > since), end + (until - since), end)
        return end


def _first_of_its_line(first: Work, others: Sequence[Work]) -> list[Work]:
    """`first` before all of its line that can be begun no earlier, behind what it waits for."""
    behind = max((at + 1 for at, one in enumerate(others) if one.story.id in first.after), default=0)
    before = next(
        (at for at, one in enumerate(others) if one.line == first.line and one.gate >= first.gate), len(others)
    )
    place = max(behind, before)
    return [*others[:place], first, *others[place:]]


def known_from(done: Sequence[Story]) -> Accuracy:
    """How far the estimates of done stories were off, as the logarithm of actual over estimated hours."""
    return accuracy(
        [
            Error(story.epic, log(story.actual_hours / story.estimate_hours))
            for story in done
            if story.actual_hours and story.estimate_hours
        ]
    )


def in_order(works: Sequence[Work]) -> list[Work]:
    """What is under way first, then by sprint and priority, nothing before what it waits for. Stories that wait
    for each other in a circle come last."""
    left = sorted(
        works,
        key=lambda one: (
            one.story.status is not StoryStatus.IN_PROGRESS,
            one.gate,
            one.story.priority.value,
            one.story.id,
        ),
    )
    found: list[Work] = []
    known = {one.story.id for one in left}
    while left:
        placed = {one.story.id for one in found}
        ready = next((one for one in left if all(id in placed for id in one.after if id in known)), left[0])
        found.append(ready)
        left.remove(ready)
    return found
