"""What would meet a target that is missed, found by trying: these stories first, others moved, some left out.

Each try schedules the plan anew with that change; what is named was scheduled and met the date.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from math import ceil

from agents.planning.capacity import Free, free_hours
from agents.planning.course import Horizon, Line, horizon
from agents.planning.draft import DraftStory, Precedence
from agents.planning.request import PlanningInput
from agents.planning.schedule import schedule
from governance.moments import day_text

TRIES = 12
"""Orders tried for each change; the plan itself is searched longer."""
_MOST_LEFT_OUT = 0.6
"""Leaving out more than this part of a plan is no way to meet its date."""
_MOST_MOVED = 4
_MOST_NAMED = 8
_MOST_LINES = 3
_TIMES = (1.0, 2.0)
_LEAST_MORE = 4.0
"""Agent-hours that are tried at least, where a line is not short of hours but has them too late."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A plan whose stories `wanted` should be done by `day`, and are not; `places` are the days on which its
    stories are done."""

    stories: tuple[DraftStory, ...]
    links: tuple[Precedence, ...]
    free: Mapping[str, Sequence[Free]]
    wanted: tuple[str, ...]
    day: date
    given: PlanningInput
    days: Horizon
    places: Mapping[str, date]
    not_before: Mapping[str, date]

    def done(self, stories: Sequence[DraftStory], order: Sequence[str] = ()) -> date | None:
        """When the wanted stories among these are done; None if one of them has no place."""
        keys = {s.key for s in stories}
        links = [link for link in self.links if {link.story, link.after} <= keys]
        table = schedule(
            stories, links, self.free, self.given, order, self.not_before, tries=TRIES, days=self.days
        )
        places = {place.story: place for place in table.scheduled}
        wanted = [key for key in self.wanted if key in keys]
        if not wanted or any(key not in places for key in wanted):
            return None
        return max(places[key].done for key in wanted)

    def meets(self, stories: Sequence[DraftStory], order: Sequence[str] = ()) -> bool:
        """Whether the wanted stories among these are done in time."""
        done = self.done(stories, order)
        return done is not None and done <= self.day


def remedy(trial: Trial, tight: Sequence[tuple[Line, float]]) -> str:
    """What would meet the date, as a sentence; `tight` are the lines of work with the hours that they have too
    few, the one with least room first."""
    order = trial.wanted if len(trial.wanted) < len(trial.stories) else ()
    if order and trial.meets(trial.stories, order):
        return f"Doing {_named(trial.wanted)} first meets it."
    for found in _moves(trial, [line for line, _ in tight]):
        return found
    if left_out := _left_out(trial, [line for line, _ in tight]):
        return f"Leaving out {_named(left_out)} meets it."
    if more := _more_hours(trial, tight):
        return f"{more} by then would meet it, if other work of those sprints gives way."
    if earlier := _from_today(trial, order):
        return earlier
    return (
        f"Moving stories, leaving some out and more hours were tried; nothing meets it. {_can_be_there(trial)}"
    )


def _from_today(trial: Trial, order: Sequence[str]) -> str:
    """Beginning today, where somebody or the document wants a later start."""
    now = replace(trial.given, changes=replace(trial.given.changes, start=None), wanted_start=None)
    if trial.given.starts <= now.starts:
        return ""
    free = free_hours(now)
    meets = replace(trial, given=now, free=free, days=horizon(free, now)).meets(trial.stories, order)
    return f"Beginning before {day_text(trial.given.starts)} meets it." if meets else ""


def _can_be_there(trial: Trial) -> str:
    """Which of the wanted stories the plan has done by then."""
    there = [key for key in trial.wanted if key in trial.places and trial.places[key] <= trial.day]
    late = max((trial.places[key] for key in trial.wanted if key in trial.places), default=None)
    rest = f", the rest by {day_text(late)}" if late is not None else ""
    return f"By then {_named(there)} can be there{rest}." if there else "None of it can be there by then."


def _more_hours(trial: Trial, tight: Sequence[tuple[Line, float]]) -> str:
    """Agent-hours that a few lines of work would need more than are free, tried for the tightest ones."""
    names = {team.id: team.name for team in trial.given.teams}
    for count in range(1, min(len(tight), _MOST_LINES) + 1):
        for times in _TIMES:
            more = {line: max(short, _LEAST_MORE) * times for line, short in tight[:count]}
            free = {team: tuple(_with(f, more, trial) for f in sprints) for team, sprints in trial.free.items()}
            if replace(trial, free=free, days=horizon(free, trial.given)).meets(trial.stories):
                said = [
                    f"{hours:.0f} more agent-hours of {d} in {names.get(t, t)}"
                    for (t, d), hours in more.items()
                ]
                return " and ".join(said)
    return ""


def _with(free: Free, more: Mapping[Line, float], trial: Trial) -> Free:
    """A sprint with its part of the additional hours, if it begins by the day that is to be met."""
    own = [f for f in trial.free[free.sprint.team] if f.sprint.starts <= trial.day]
    if free not in own:
        return free
    added = {d: hours / len(own) for (team, d), hours in more.items() if team == free.sprint.team}
    return replace(free, hours={d: hours + added.get(d, 0.0) for d, hours in free.hours.items()})


def _moves(trial: Trial, tight: Sequence[Line]) -> Iterator[str]:
    """Stories of the tightest line given to the team that has most free hours of that discipline by then."""
    if not tight:
        return
    team, discipline = tight[0]
    others = [t for t in trial.given.teams if t.id != team and _free(trial, t.id, discipline) > 0]
    if not others:
        return
    to = max(others, key=lambda t: _free(trial, t.id, discipline))
    own = [s for s in trial.stories if s.team == team and s.discipline == discipline]
    candidates = sorted(own, key=lambda s: (-s.hours, s.key))
    for count in range(1, min(len(candidates), _MOST_MOVED) + 1):
        keys = {s.key for s in candidates[:count]}
        if trial.meets([replace(s, team=to.id) if s.key in keys else s for s in trial.stories]):
            yield f"Moving {_named([s.key for s in own if s.key in keys])} to {to.name} meets it."


def _free(trial: Trial, team: str, discipline: str) -> float:
    sprints = trial.free.get(team, ())
    return sum(f.hours.get(discipline, 0.0) for f in sprints if f.sprint.starts <= trial.day)


def _left_out(trial: Trial, tight: Sequence[Line]) -> tuple[str, ...]:
    """The fewest stories, the least important first, without which the date is met; empty if too many."""
    rank = {line: place for place, line in enumerate(tight)}
    ordered = _least_first(trial.stories, trial.links, rank)
    low, high = 1, ceil(_MOST_LEFT_OUT * len(trial.stories))
    best: tuple[str, ...] = ()
    while low <= high:
        count = (low + high) // 2
        gone = {s.key for s in ordered[:count]}
        if trial.meets([s for s in trial.stories if s.key not in gone]):
            best, high = tuple(s.key for s in trial.stories if s.key in gone), count - 1
        else:
            low = count + 1
    return _needed_only(trial, best)


def _needed_only(trial: Trial, gone: tuple[str, ...]) -> tuple[str, ...]:
    """Less those that can stay after all."""
    for key in gone if len(gone) <= _MOST_NAMED else ():
        rest = tuple(one for one in gone if one != key)
        if rest and trial.meets([s for s in trial.stories if s.key not in rest]):
            gone = rest
    return gone


def _least_first(
    stories: Sequence[DraftStory], links: Sequence[Precedence], rank: Mapping[Line, int]
) -> list[DraftStory]:
    """Stories in the order in which they are left out: the least important first, then those of the tightest
    line, the largest first; none before what comes after it."""
    left, found = list(stories), list[DraftStory]()
    while left:
        keys = {s.key for s in left}
        needed = {link.after for link in links if link.story in keys}
        free = [s for s in left if s.key not in needed] or left
        least = min(
            free,
            key=lambda s: (
                -int(s.priority.value[1:]),
                rank.get((s.team, s.discipline), len(rank)),
                -s.hours,
                s.key,
            ),
        )
        found.append(least)
        left.remove(least)
    return found


def hours_remedy(stories: Sequence[DraftStory], links: Sequence[Precedence], over: float) -> str:
    """What to leave out of stories that are not begun so that the plan needs this many agent-hours less."""
    gone: list[str] = []
    for least in _least_first(stories, links, {}):
        if over <= 0:
            break
        gone.append(least.key)
        over -= least.hours
    if over > 0 or len(gone) > _MOST_LEFT_OUT * len(stories):
        return "Leaving out stories alone does not: it would be most of them."
    order = {s.key: at for at, s in enumerate(stories)}
    return f"Leaving out {_named(sorted(gone, key=order.__getitem__))} stays within it."


def _named(keys: Sequence[str]) -> str:
    shown = list(keys[:_MOST_NAMED])
    if len(keys) > _MOST_NAMED:
        return f"{', '.join(shown)} and {len(keys) - _MOST_NAMED} more"
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
