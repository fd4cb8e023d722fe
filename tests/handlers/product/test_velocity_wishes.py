"""What words about velocity ask for: teams, units, periods, and what was asked in the thread before."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from agents.delivery.sprints import Unit
from governance.department_file import read_department
from handlers.delivery.velocity.wish import MOST_AHEAD, UnknownTeam, Wish, from_json, read_wish, to_json

ACME = read_department(Path(__file__).parents[3] / "examples" / "acme" / "department.yaml")
NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)


def wish(text: str, kept: Wish | None = None) -> Wish:
    return read_wish(text, None if kept is None else to_json(kept), ACME, NOW)


@pytest.mark.parametrize(
    ("text", "teams", "name"),
    [
        ("Show me our velocity trends and predictions", (), ""),
        ("how fast is team gamma", ("gamma",), ""),
        ("how fast is Payments?", ("alpha", "performance"), "Payments"),
        ("compare the velocity of teams Alpha and Beta", ("alpha", "beta"), ""),
        ("how fast are we", (), ""),
        ("how fast will we be next quarter", (), ""),
        ("velocity of the last 10 sprints", (), ""),
        ("how productive were we last sprint compared to earlier", (), ""),
        ("velocity per team", (), ""),
        ("show throughput per week for payments team", ("alpha", "performance"), "Payments"),
    ],
)
def test_which_teams(text: str, teams: tuple[str, ...], name: str) -> None:
    found = wish(text)
    assert (found.teams, found.name) == (teams, name)


@pytest.mark.parametrize("text", ["how fast is zebra?", "velocity of zebra", "and what about zebra?"])
def test_a_team_that_is_not_there(text: str) -> None:
    with pytest.raises(UnknownTeam, match="zebra"):
        wish(text)


def test_units() -> None:
    assert wish("velocity").unit is Unit.STORIES
    assert wish("how many agent-hours per sprint").unit is Unit.HOURS
    points = wish("trend of completed points")
    assert (points.unit, points.points) == (Unit.HOURS, True)
    assert wish("stories done per sprint").unit is Unit.STORIES


def test_how_far_back_and_ahead() -> None:
    assert wish("velocity of the last 10 sprints").back == 10
    assert wish("forecast the next five sprints").ahead == 5
    assert wish("forecast the next 500 sprints").ahead == MOST_AHEAD
    assert wish("velocity last quarter").since == date(2026, 7, 1)
    assert wish("velocity last quarter").until == date(2026, 10, 1)
    assert wish("how has delivery speed developed since March").since == date(2026, 3, 1)
    assert wish("velocity prediction for Q1").ahead_to == date(2027, 4, 1)
    assert wish("velocity prediction for Q1").since is None
    assert wish("what was our velocity last sprint").since is None


def test_a_thread_goes_on_with_what_is_not_said_anew() -> None:
    before = wish("velocity of team gamma over the last 6 sprints")
    other = wish("and delta?", before)
    assert (other.teams, other.back) == (("delta",), 6)
    hours = wish("in hours please", other)
    assert (hours.teams, hours.unit, hours.back) == (("delta",), Unit.HOURS, 6)
    file = wish("as csv", hours)
    assert (file.csv, file.unit, file.teams) == (True, Unit.HOURS, ("delta",))
    assert not wish("in stories", file).csv
    assert wish("for all teams", hours).teams == ()
    anew = wish("what is our velocity?", hours)
    assert (anew.teams, anew.unit, anew.back) == ((), Unit.STORIES, 12)


def test_what_is_kept_of_a_thread_is_read_as_it_was() -> None:
    kept = wish("velocity last quarter of team gamma in points")
    assert from_json(to_json(kept)) == kept
