"""When things are: the parts of a plan that are about time, as frozen data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal


@dataclass(frozen=True, slots=True)
class Scheduled:
    """A story's place: `sprint` is the sprint's id; `starts` and `ends` are the sprint's, `ends` the day after
    its last. `first` and `last` are the working days on which the story is worked on if every story takes its
    median hours; None in plans from before they were worked out.
    """

    story: str
    sprint: str
    team: str
    starts: date
    ends: date
    first: date | None = None
    last: date | None = None

    @property
    def begins(self) -> date:
        """The first day of work on it, as far as that is known."""
        return self.first or self.starts

    @property
    def done(self) -> date:
        """The day on which it is done by the schedule; of an old plan the Friday of its last sprint."""
        if self.last is not None:
            return self.last
        final = self.ends - timedelta(days=1)
        return final - timedelta(days=max(0, final.weekday() - 4))


@dataclass(frozen=True, slots=True)
class PlanSprint:
    """A sprint of the company that the plan reaches, as the company names it; `ends` is the day after it.

    `last` is its last working day.
    """

    name: str
    starts: date
    ends: date
    last: date


@dataclass(frozen=True, slots=True)
class Unscheduled:
    """A story that found no place, and why."""

    story: str
    why: str


@dataclass(frozen=True, slots=True)
class Forecast:
    """Dates by which half, and 85 of 100, of the simulated runs were done.

    Weeks count from `since`, its own week being the first; `histogram` is (week, runs), ascending, for the
    chart. `scheduled` is the share of the runs that were done by the schedule's date, None where nothing
    is scheduled or in plans from before it was kept.
    """

    p50: date
    p85: date
    weeks_p50: int
    weeks_p85: int
    samples: int
    histogram: tuple[tuple[int, int], ...]
    kind: Literal["forecast"] = "forecast"
    since: date | None = None
    scheduled: float | None = None


TargetKind = Literal["date", "hours"]


@dataclass(frozen=True, slots=True)
class Target:
    """A date or a limit that the document states: `quote` is its own words, at `line`.

    `day` is the last day that still meets it, `hours` a limit in agent-hours; one of them is None. `what` is
    what is to be there then (`beta`); `when` is the time as the document gives it (`week 6`). `stories` are
    keys of the stories that it is about, empty for all of them.
    """

    kind: TargetKind
    what: str
    when: str
    line: int
    quote: str
    day: date | None = None
    hours: float | None = None
    stories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Miss:
    """A target that the plan does not meet: what the plan has instead, why, and what would meet it."""

    target: Target
    planned: str
    why: str
    remedy: str


def week_of(day: date, since: date) -> int:
    """In which week of the plan a day lies; the calendar week of `since`, Monday to Sunday, is the first."""
    return (day.toordinal() - (since.toordinal() - since.weekday())) // 7 + 1
