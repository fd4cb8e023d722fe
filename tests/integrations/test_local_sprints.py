"""The embedded tracker gives teams sprints by itself: when, with what capacity, and once whoever asks."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from sqlalchemy import update

from governance.department_file import parse_department
from governance.department_renewal import renew_department
from governance.department_rows import open_department
from governance.tables import DepartmentRow
from integrations.tracker import Sprint, SprintQuery
from integrations.tracker.vendors.local.tracker import LocalTracker
from storage.database import Database
from tests.examples.own_departments import TWO_PEOPLE

TEAMS = TWO_PEOPLE + "teams:\n  - name: One\n  - name: Two\n"
OPENED = datetime(2026, 11, 25, 23, 30, tzinfo=UTC)
"""A Wednesday."""
NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)


class Own:
    """A department of one's own, and its tracker at a moment."""

    def __init__(self, database: Database, tenant: str) -> None:
        self.database, self.tenant = database, tenant

    async def begin(self, text: str) -> None:
        async with self.database.transaction(self.tenant) as tx:
            if not await open_department(tx, parse_department(text)):
                await renew_department(tx, parse_department(text))
            await tx.execute(update(DepartmentRow).values(opened=OPENED))

    async def sprints(self, at: datetime, team: str | None = None) -> list[Sprint]:
        tracker = LocalTracker(self.database, self.tenant, clock=lambda: at)
        return [*(await tracker.sprints(SprintQuery(team=team))).items]


@pytest.fixture
def own(database: Database, tenant: str) -> Own:
    return Own(database, tenant)


async def test_sprints_begin_on_the_monday_after_the_start_and_reach_a_quarter_ahead(own: Own) -> None:
    await own.begin(TEAMS)
    found = await own.sprints(NOON)
    assert [one.team for one in found[:2]] == ["one", "two"]
    ours = [one for one in found if one.team == "one"]
    assert (ours[0].id, ours[0].name) == ("one-s01", "One, sprint 1")
    assert ours[0].starts == date(2026, 11, 30)
    assert all(a.ends == b.starts for a, b in pairwise(ours))
    assert all(one.ends - one.starts == timedelta(weeks=2) for one in ours)
    assert ours[-1].starts < date(2026, 11, 26) + timedelta(weeks=13) <= ours[-1].ends


async def test_capacity_is_the_agents_hours_without_holidays(own: Own) -> None:
    await own.begin(TEAMS)
    by_start = {one.starts: one.capacity_hours for one in await own.sprints(NOON, "one")}
    week = by_start[date(2026, 11, 30)] / 2
    assert week == 56.0  # of the 70 hours of agents with a discipline four in five are planned
    assert by_start[date(2026, 12, 14)] == pytest.approx(week * 9 / 5)  # Christmas Day
    assert by_start[date(2026, 12, 28)] == pytest.approx(week * 9 / 5)  # New Year's Day


async def test_two_processes_at_once_make_each_sprint_once(own: Own) -> None:
    await own.begin(TEAMS)
    found = await asyncio.gather(*(own.sprints(NOON) for _ in range(8)))
    assert all(one == found[0] for one in found)
    assert len({one.id for one in found[0]}) == len(found[0]) == 14


async def test_as_time_goes_on_more_follow_and_the_past_stays(own: Own) -> None:
    await own.begin(TEAMS)
    before = await own.sprints(NOON, "one")
    later = await own.sprints(NOON + timedelta(weeks=30), "one")
    assert later[: len(before)] == before
    assert all(a.ends == b.starts for a, b in pairwise(later))
    assert later[-1].ends >= (NOON + timedelta(weeks=43)).date()


async def test_the_file_sets_the_first_monday_and_the_length(own: Own) -> None:
    await own.begin(TEAMS + "sprints: {first: 2026-11-02, weeks: 3}\n")
    first = (await own.sprints(NOON, "one"))[0]
    assert (first.starts, first.ends) == (date(2026, 11, 23), date(2026, 12, 14))  # the one that runs


async def test_another_length_counts_behind_what_is_there(own: Own) -> None:
    await own.begin(TEAMS)
    before = await own.sprints(NOON, "one")
    await own.begin(TEAMS + "sprints: {weeks: 1}\n")
    later = await own.sprints(NOON + timedelta(weeks=6), "one")
    assert [one.starts for one in later[: len(before)]] == [one.starts for one in before]
    behind = later[len(before) :]
    assert behind[0].starts == before[-1].ends
    assert {one.ends - one.starts for one in behind} == {timedelta(weeks=1)}


async def test_what_is_to_come_follows_the_teams_agents_and_what_runs_does_not(own: Own) -> None:
    await own.begin(TEAMS)
    runs = datetime(2026, 12, 2, 12, tzinfo=UTC)
    before = await own.sprints(runs, "one")
    agents = "    agents: [{role: qa, count: 1, weekly_hours: 10, hourly_cost: '5'}]\n"
    await own.begin(TEAMS.replace("  - name: One\n", "  - name: One\n" + agents))
    after = await own.sprints(runs, "one")
    assert after[0] == before[0]
    assert (after[1].capacity_hours, after[3].capacity_hours) == (14.4, 16.0)


async def test_the_samples_sprints_are_its_own(own: Own) -> None:
    await own.begin(TEAMS + "sample: true\n")
    assert await own.sprints(NOON) == []
