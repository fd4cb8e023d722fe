"""What each team got done in each of its sprints: the series that velocity is told and foretold from.

What is done is counted in finished stories, or in the agent-hours that they were estimated at; a story counts
in the sprint of its team in which it was finished, whatever sprint it was planned for. A team whose tracker has
no sprints is counted by weeks.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from integrations.tracker import Sprint, Story

ALL = ""
"""The team of a series that is all teams'."""


class Unit(StrEnum):
    """What is counted."""

    STORIES = "stories"
    HOURS = "agent-hours"

    def of(self, story: Story) -> float:
        """How much a story counts; an unestimated one no hours."""
        return 1.0 if self is Unit.STORIES else story.estimate_hours or 0.0


@dataclass(frozen=True, slots=True)
class Past:
    """A sprint that is over, or runs: what was done in it, what was done when this share of its days had passed
    (`early`), and what was begun and not done then (`begun`)."""

    sprint: Sprint
    done: float
    early: float
    begun: float


@dataclass(frozen=True, slots=True)
class Series:
    """A team's sprints by time. `running` has so far `done`; `share` is how much of it has passed."""

    team: str
    unit: Unit
    ended: tuple[Past, ...]
    running: Past | None
    share: float
    coming: tuple[Sprint, ...]


@dataclass(frozen=True, slots=True)
class Today:
    """The department's day, and its time zone: days of sprints are its own."""

    day: date
    zone: ZoneInfo

    def day_of(self, moment: datetime) -> date:
        """The department's day on which a moment lies."""
        return moment.astimezone(self.zone).date()


def series_of(
    sprints: Sequence[Sprint], stories: Iterable[Story], teams: Sequence[str], unit: Unit, today: Today
) -> tuple[Series, ...]:
    """The series of these teams, those without a sprint that is over left out. `stories` are finished ones, and
    those that are begun."""
    by_team: dict[str, list[Story]] = {team: [] for team in teams}
    for story in stories:
        if story.team in by_team:
            by_team[story.team].append(story)
    found = []
    for team in teams:
        own = sorted((one for one in sprints if one.team == team), key=lambda one: (one.starts, one.id))
        if not own and by_team[team]:
            own = weeks(team, by_team[team], today)
        one = _series(team, own, by_team[team], unit, today)
        if one.ended:
            found.append(one)
    return tuple(found)


def weeks(team: str, stories: Sequence[Story], today: Today) -> list[Sprint]:
    """Whole weeks from the first finished story to eight weeks ahead."""
    finished = [today.day_of(story.finished) for story in stories if story.finished is not None]
    monday = min(finished, default=today.day)
    monday -= timedelta(days=monday.weekday())
    made = []
    while monday < today.day + timedelta(weeks=8):
        after = monday + timedelta(weeks=1)
        made.append(Sprint(f"{team}-{monday}", team, f"week of {monday}", monday, after, 1.0))
        monday = after
    return made


def _series(team: str, own: Sequence[Sprint], stories: Sequence[Story], unit: Unit, today: Today) -> Series:
    now = next((one for one in own if one.starts <= today.day < one.ends), None)
    share = 0.0 if now is None else (today.day - now.starts) / (now.ends - now.starts)
    counted = _counted(own, stories, unit, today, share)
    return Series(
        team,
        unit,
        tuple(counted[one.id] for one in own if one.ends <= today.day),
        None if now is None else counted[now.id],
        share,
        tuple(one for one in own if one.starts > today.day),
    )


def _counted(
    own: Sequence[Sprint], stories: Sequence[Story], unit: Unit, today: Today, share: float
) -> Mapping[str, Past]:
    starts = [one.starts for one in own]
    marks = [one.starts + timedelta(days=round((one.ends - one.starts).days * share)) for one in own]
    done, early, begun = ([0.0] * len(own) for _ in range(3))
    for story in stories:
        amount = unit.of(story)
        finished = None if story.finished is None else today.day_of(story.finished)
        started = None if story.started is None else today.day_of(story.started)
        if finished is not None and (at := _in(own, starts, finished)) is not None:
            done[at] += amount
            early[at] += amount if finished < marks[at] else 0.0
        if started is not None and (first := _in(own, starts, started)) is not None:
            for at in range(first, len(own)):
                if (finished is not None and finished < marks[at]) or own[at].starts > today.day:
                    break
                begun[at] += amount if started < marks[at] else 0.0
    return {one.id: Past(one, done[at], early[at], begun[at]) for at, one in enumerate(own)}


def _in(own: Sequence[Sprint], starts: Sequence[date], day: date) -> int | None:
    at = bisect_right(starts, day) - 1
    return at if at >= 0 and day < own[at].ends else None


def together(every: Sequence[Series], name: str = ALL) -> Series | None:
    """These teams as one, called `name`, by sprints that all have; None where their days differ."""
    if len(every) < 2:
        return None
    shared = set.intersection(*({_days(past.sprint) for past in one.ended} for one in every))
    running = [one.running for one in every if one.running is not None]
    if not shared or len({_days(past.sprint) for past in running}) > 1 or len(running) not in (0, len(every)):
        return None
    ended: dict[tuple[date, date], list[Past]] = {days: [] for days in sorted(shared)}
    coming: dict[tuple[date, date], list[Sprint]] = {}
    for one in every:
        for past in one.ended:
            if _days(past.sprint) in ended:
                ended[_days(past.sprint)].append(past)
        for sprint in one.coming:
            coming.setdefault(_days(sprint), []).append(sprint)
    whole = [own for _, own in sorted(coming.items()) if len(own) == len(every)]
    return Series(
        name,
        every[0].unit,
        tuple(_sum(own) for own in ended.values()),
        _sum(running) if running else None,
        every[0].share,
        tuple(_joint(own) for own in whole),
    )


def _days(sprint: Sprint) -> tuple[date, date]:
    return sprint.starts, sprint.ends


def _sum(own: Sequence[Past]) -> Past:
    return Past(
        _joint([past.sprint for past in own]),
        sum(past.done for past in own),
        sum(past.early for past in own),
        sum(past.begun for past in own),
    )


def _joint(own: Sequence[Sprint]) -> Sprint:
    first = own[0]
    name = f"sprint of {first.starts}"
    return Sprint(name, ALL, name, first.starts, first.ends, sum(one.capacity_hours for one in own))
