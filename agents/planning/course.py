"""How work goes on: the one model of time that schedule and forecast share.

Time is counted in working days of the department from the day on which the plan may begin; 2.25 is a
quarter through the third one. A line of work is one discipline of one team. In each working day it has so
many free hours (`capacity.py`: holidays and commitments are taken off), and all of them go to one story
after the other, in the schedule's order. A story begins when the one before it in its line is done, when
every story that it comes after is done, and not before its sprint does. So a story that takes longer never
makes another one end earlier, and with every story at its median this is the schedule itself.

`carry_out` goes through the stories once for any number of runs: hours are arrays, one value a run.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil
from typing import TYPE_CHECKING

import numpy as np

from agents.planning.capacity import Free
from agents.planning.request import PlanningInput

if TYPE_CHECKING:
    from numpy.typing import NDArray

Line = tuple[str, str]
"""A team and a discipline of it."""

_AFTER_THE_LAST_SPRINT = timedelta(weeks=104)
_TRICKLE = 1e-7
"""Hours added to each day, so that hours and moments can be turned into each other both ways."""
_CLOSE = 1e-6


@dataclass(frozen=True, slots=True)
class Task:
    """A story to be worked on: `gate` is the moment at which its sprint begins, `after` keys of stories."""

    key: str
    line: Line
    gate: float
    after: tuple[str, ...]


class Supply:
    """The free hours of a line of work, added up over the working days."""

    def __init__(self, by_day: Sequence[float]) -> None:
        self._total = [0.0]
        for hours in by_day:
            self._total.append(self._total[-1] + hours + _TRICKLE)
        self.totals: NDArray[np.float64] = np.array(self._total)
        self.moments: NDArray[np.float64] = np.arange(len(self._total), dtype=np.float64)

    def until(self, moment: float) -> float:
        """Hours that are free before a moment."""
        day = min(int(moment), len(self._total) - 2)
        return self._total[day] + (moment - day) * (self._total[day + 1] - self._total[day])

    def when(self, hours: float) -> float:
        """The moment at which so many hours have been free; the end of all days if there are fewer."""
        if hours >= self._total[-1]:
            return float(len(self._total) - 1)
        day = bisect_right(self._total, hours) - 1
        return day + (hours - self._total[day]) / (self._total[day + 1] - self._total[day])


@dataclass(frozen=True, slots=True)
class Horizon:
    """The working days from the plan's start on, to two years after the last known sprint."""

    days: tuple[date, ...]
    supplies: Mapping[Line, Supply]

    def moment(self, day: date) -> float:
        """The moment at which a day begins."""
        return float(bisect_left(self.days, day))

    def first_day(self, moment: float) -> date:
        """The day in which something begins at this moment."""
        return self.days[min(int(moment + _CLOSE), len(self.days) - 1)]

    def last_day(self, moment: float) -> date:
        """The day in which something ends at this moment; the end of a day belongs to that day."""
        return self.days[min(max(ceil(moment - _CLOSE) - 1, 0), len(self.days) - 1)]


def horizon(free: Mapping[str, Sequence[Free]], given: PlanningInput) -> Horizon:
    """The days and hours that a plan has. After its last known sprint a team has its usual week."""
    known = [f.sprint for sprints in free.values() for f in sprints]
    last = max((sprint.ends for sprint in known), default=given.starts)
    days = given.days.between(given.starts, last + _AFTER_THE_LAST_SPRINT)
    supplies: dict[Line, Supply] = {}
    for team in given.teams:
        sprints = free.get(team.id, ())
        for discipline, weekly in team.capacity.items():
            usual = weekly / max(len(given.days.weekdays), 1)
            supplies[team.id, discipline.value] = Supply(_by_day(days, sprints, discipline.value, usual))
    return Horizon(days, supplies)


def _by_day(days: Sequence[date], sprints: Sequence[Free], discipline: str, usual: float) -> list[float]:
    """Free hours of each day: a sprint's are the same on all its days, and there are none between sprints."""
    ends = max((f.sprint.ends for f in sprints), default=None)
    hours = [usual if ends is not None and day >= ends else 0.0 for day in days]
    for f in sprints:
        at, to = bisect_left(days, f.sprint.starts), bisect_left(days, f.sprint.ends)
        for place in range(at, to):
            hours[place] = f.hours.get(discipline, 0.0) / (to - at)
    return hours


def carry_out(
    tasks: Sequence[Task], hours: Mapping[str, NDArray[np.float64]], supplies: Mapping[Line, Supply]
) -> dict[str, NDArray[np.float64]]:
    """The moment at which each task ends, in every run. `tasks` are in the order in which they are begun."""
    ends: dict[str, NDArray[np.float64]] = {}
    free_from: dict[Line, NDArray[np.float64]] = {}
    for task in tasks:
        supply = supplies[task.line]
        begin = np.full(len(hours[task.key]), task.gate)
        for before in (*(ends[key] for key in task.after if key in ends), free_from.get(task.line)):
            if before is not None:
                begin = np.maximum(begin, before)
        used = np.interp(begin, supply.moments, supply.totals) + hours[task.key]
        ends[task.key] = free_from[task.line] = np.interp(used, supply.totals, supply.moments)
    return ends
