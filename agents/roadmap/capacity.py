"""What the teams have in the time of a roadmap: by discipline, with absences, and as somebody supposes.

The hours of a day are those that plans are scheduled into (`planning/capacity.py`, `planning/course.py`): a
sprint's, with holidays and what is committed taken off, or the team's usual week after its last sprint. From
these the share of a team's people who are away on a day is taken off: agents' work waits for somebody who
answers for it, so a team of five with one away counts as four fifths of itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from agents.planning.capacity import free_hours
from agents.planning.course import Horizon, Line, Supply, horizon
from agents.planning.request import PlanningInput
from agents.roadmap.items import MoreHands, Span, Wishes
from governance.department import Department, Discipline, PersonEntry, Team
from governance.moments import day_text


@dataclass(frozen=True, slots=True)
class TeamHours:
    """A team's agent-hours in the span: `free` by discipline, after `lost` ones for which somebody is away
    (`away` person-days of `people`, listed in `absences`) and with `added` ones that are supposed."""

    team: str
    name: str
    free: Mapping[str, float]
    people: int
    away: int
    lost: float
    added: float
    absences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Capacity:
    """The days and hours from today on, the moments between which the span lies, and what each team has in it.
    `before` are hours that are free from today until the span begins; `supposed` says what is supposed."""

    days: Horizon
    opens: float
    closes: float
    teams: tuple[TeamHours, ...]
    before: float
    supposed: tuple[str, ...]

    def free(self, line: Line) -> float:
        """Hours of a line in the span."""
        supply = self.days.supplies.get(line)
        return 0.0 if supply is None else supply.until(self.closes) - supply.until(self.opens)


def capacity(given: PlanningInput, department: Department, span: Span, wishes: Wishes) -> Capacity:
    """What the teams have in `span`."""
    usual = horizon(free_hours(given, running=True), given)
    opens, closes = usual.moment(span.starts), usual.moment(span.ends)
    people = {team.id: _people(department, team.id) for team in given.teams}
    present = {team: _present(own, usual.days) for team, own in people.items()}
    added, supposed = _added(given.teams, wishes.more, people)
    supplies: dict[Line, Supply] = {}
    first = int(opens)
    for line in {*usual.supplies, *added}:
        supply = usual.supplies.get(line)
        hours = np.zeros(len(usual.days)) if supply is None else np.diff(supply.totals)
        hours = hours * present.get(line[0], 1.0)
        hours[first:] += added.get(line, 0.0) / max(len(given.days.weekdays), 1)
        hours[first:] *= wishes.share
        supplies[line] = Supply(np.maximum(hours, 0.0).tolist())
    days = replace(usual, supplies=supplies)
    found = Capacity(days, opens, closes, (), 0.0, supposed)
    teams = tuple(_team(team, people[team.id], usual, found, added) for team in given.teams)
    before = sum(supply.until(opens) for supply in supplies.values())
    return replace(found, teams=teams, before=before)


def _people(department: Department, team: str) -> tuple[PersonEntry, ...]:
    return tuple(one for one in department.people if one.team == team and one.active)


def _present(
    people: Sequence[PersonEntry], days: Sequence[date]
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """The share of a team's people who are there, by day."""
    share = np.ones(len(days))
    for one in people:
        for absence in one.away:
            off = [at for at, day in enumerate(days) if absence.since <= day <= absence.until]
            share[off] -= 1 / len(people)
    return share


def _team(
    team: Team,
    people: Sequence[PersonEntry],
    usual: Horizon,
    found: Capacity,
    added: Mapping[Line, float],
) -> TeamHours:
    within = usual.days[int(found.opens) : int(found.closes)]
    away = {
        one.name: days
        for one in people
        if (days := [day for day in within if any(a.since <= day <= a.until for a in one.away)])
    }
    names = sorted({line[1] for line in found.days.supplies if line[0] == team.id})
    share = _present(people, within)
    lost = 0.0
    for name in names:
        if (supply := usual.supplies.get((team.id, name))) is not None:
            hours = np.diff(supply.totals)[int(found.opens) : int(found.closes)]
            lost += float((hours * (1 - share)).sum())
    return TeamHours(
        team.id,
        team.name,
        {name: found.free((team.id, name)) for name in names},
        len(people),
        sum(map(len, away.values())),
        lost,
        sum(week * len(within) / 5 for line, week in added.items() if line[0] == team.id),
        tuple(
            f"{name}, {len(days)} d ({day_text(days[0])} to {day_text(days[-1])})"
            for name, days in away.items()
        ),
    )


def _added(
    teams: Sequence[Team], more: Sequence[MoreHands], people: Mapping[str, Sequence[PersonEntry]]
) -> tuple[dict[Line, float], tuple[str, ...]]:
    """Hours a week by line that are supposed, and what that takes somebody to be worth."""
    found: dict[Line, float] = {}
    said = []
    for hands in more:
        team = next((one for one in teams if one.id == hands.team), None)
        if team is None:
            continue
        each = _each(team, hands.discipline, len(people.get(team.id, ())))
        who = f"{abs(hands.count)} {'more' if hands.count > 0 else 'fewer'} in {team.name}"
        if not each:
            said.append(f"{who}: nobody knows how many hours that is, so it changes nothing.")
            continue
        hours = ", ".join(f"{week:g} of {name}" for name, week in each.items())
        said.append(f"{who}: each counts as those who are there, {hours} agent-hours a week.")
        for name, week in each.items():
            found[team.id, name] = found.get((team.id, name), 0.0) + hands.count * week
    return found, tuple(said)


def _each(team: Team, discipline: str, people: int) -> dict[str, float]:
    """Hours a week, by discipline, of one more of those whom the team has: of the discipline that is named, or
    an engineer as its engineers are on average."""
    counts: dict[str, int] = {}
    for agents in team.agents:
        kind = agents.role.discipline
        named = kind is not None and kind.value == discipline
        if kind is not None and (named or (not discipline and agents.role.value.endswith("_engineer"))):
            counts[kind.value] = counts.get(kind.value, 0) + agents.count
    week = {kind.value: hours for kind, hours in team.capacity.items() if hours > 0}
    if discipline and discipline not in counts:
        counts = {discipline: 1} if discipline in week else {}
    if counts:
        total = sum(counts.values())
        return {name: round(week[name] / total, 2) for name in counts if name in week}
    if discipline or not people:
        return {}
    return {name: round(hours / people, 2) for name, hours in week.items()}


def no_line(line: Line, teams: Sequence[Team]) -> str:
    """Why nobody can do this work."""
    name = next((team.name for team in teams if team.id == line[0]), "")
    known = {kind.value for kind in Discipline}
    if not name:
        return f"its team {line[0]} is none of the department's" if line[0] else "it has no team"
    if line[1] not in known:
        return f"its kind of work, {line[1] or 'which is not given'}, is none that teams have hours for"
    return f"{name} has no hours for {line[1]}"
