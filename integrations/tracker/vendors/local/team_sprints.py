"""The sprints that the embedded tracker gives each team by itself, made where they are asked for.

One follows the other without a gap, some quarter ahead of today. Those that are there keep their days, whatever
the department's file says later of how long a sprint is. Those to come have the capacity that the team has now.
The sample department brings its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from governance.department import Department, Team, Weekday
from governance.department_rows import NoDepartment, read_department
from governance.tables import DepartmentRow
from integrations.tracker import Sprint
from integrations.tracker.vendors.local.tables import SprintRow

AHEAD = timedelta(weeks=13)
"""Sprints that begin within this time are there."""

_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtext(current_setting('app.tenant') || ' sprints'))")


@dataclass(frozen=True, slots=True)
class There:
    """What a team has: how many sprints, and the day after the last one's end."""

    count: int
    ends: date


async def make_due(tx: AsyncSession, now: datetime) -> None:
    """Make the sprints that are missing, and bring the capacity of those to come up to date."""
    try:
        department = await read_department(tx)
    except NoDepartment:
        return
    if department.sample or not department.teams:
        return
    zone = ZoneInfo(department.calendar_of(None).time_zone)
    today = now.astimezone(zone).date()
    if not await _changes(tx, department, zone, today):
        return
    # Whoever waited here sees what the other made, and finds nothing left to do.
    await tx.execute(_ONE_AT_A_TIME)
    for sprint in await _changes(tx, department, zone, today):
        values = {name: getattr(sprint, name) for name in ("id", "team", "name", "starts", "ends")}
        made = insert(SprintRow).values(**values, capacity_hours=sprint.capacity_hours).on_conflict_do_nothing()
        if (await tx.execute(made.returning(SprintRow.id))).scalar() is None:
            changed = update(SprintRow).where(SprintRow.id == sprint.id)
            await tx.execute(changed.values(capacity_hours=sprint.capacity_hours))


async def _changes(tx: AsyncSession, department: Department, zone: ZoneInfo, today: date) -> list[Sprint]:
    """The sprints that are not there yet, or are to come and have another capacity by now."""
    opened = (await tx.execute(select(DepartmentRow.opened))).scalar_one().astimezone(zone).date()
    counted = select(SprintRow.team, func.count(), func.max(SprintRow.ends)).group_by(SprintRow.team)
    there = {team: There(count, ends) for team, count, ends in await tx.execute(counted)}
    found = [
        sprint
        for team in department.teams
        for sprint in due(department, team, there.get(team.id), opened=opened, today=today)
    ]
    teams = {team.id: team for team in department.teams}
    coming = select(SprintRow).where(SprintRow.starts > today, SprintRow.team.in_(teams))
    for row in (await tx.execute(coming)).scalars():
        hours = capacity(department, teams[row.team], row.starts, row.ends)
        if hours != row.capacity_hours:
            found.append(Sprint(row.id, row.team, row.name, row.starts, row.ends, hours))
    return found


def due(
    department: Department, team: Team, there: There | None, *, opened: date, today: date
) -> Iterator[Sprint]:
    """A team's sprints that are missing on this day: behind its last one or, where it has none, from the first
    that is not over."""
    length = timedelta(weeks=department.sprints.weeks)
    first = department.sprints.first or opened + timedelta(days=7 - opened.weekday())
    over = max(0, (today - first) // length)
    number, starts = (there.count + 1, there.ends) if there else (1, first + over * length)
    while starts < today + AHEAD:
        ends = starts + length
        hours = capacity(department, team, starts, ends)
        name = f"{team.name}, sprint {number}"
        yield Sprint(f"{team.id}-s{number:02d}", team.id, name, starts, ends, hours)
        number, starts = number + 1, ends


def capacity(department: Department, team: Team, starts: date, ends: date) -> float:
    """The agent-hours that can be planned between two days: holidays of the department's place are left out."""
    calendar = department.calendar_of(None)
    week: Mapping[int, bool] = {day: name in calendar.days for day, name in enumerate(Weekday)}
    off = {holiday.day for holiday in calendar.holidays}
    days = (starts + timedelta(days=past) for past in range((ends - starts).days))
    worked = sum(week[day.weekday()] and day not in off for day in days)
    return round(sum(team.capacity.values()) * worked / len(calendar.days), 1)
