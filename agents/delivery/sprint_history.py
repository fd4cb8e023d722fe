"""The series of teams, read from the tracker: as far back as there are not too many finished stories.

How many there are is counted before any is read, so an answer takes as long with a million stories as with some
thousand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import partial

from agents.delivery.sprints import Series, Today, Unit, series_of
from governance.visibility import EVERYTHING
from integrations.pages import everything
from integrations.tracker import SprintQuery, StoryQuery, StoryStatus, Tracker

MOST_STORIES = 4_000
"""Finished stories that are read at most."""
MOST_BEGUN = 1_000
_WINDOWS = (104, 78, 52, 39, 26, 13, 6)
"""Weeks looked back, the longest first that holds no more than MOST_STORIES."""
_DONE = frozenset({StoryStatus.DONE})
_BEGUN = frozenset({StoryStatus.IN_PROGRESS, StoryStatus.BLOCKED})


class TooManyStories(Exception):
    """More stories were finished in the last weeks than can be looked at."""


@dataclass(frozen=True, slots=True)
class History:
    """The series of `teams`, since which day, and how many finished stories lie behind them. `alone` says that
    there are so many stories that the other teams' were not read."""

    series: tuple[Series, ...]
    since: date
    stories: int
    alone: bool


async def read_history(
    tracker: Tracker, teams: Sequence[str], asked: Sequence[str], unit: Unit, today: Today
) -> History:
    """The series of all teams, or of the `asked` alone where they finished too much together. Raises
    TrackerError, TooManyStories."""
    since = await _since(tracker, None, today, _WINDOWS[:5])
    if since is not None:
        return await _read(tracker, teams, None, unit, today, since, alone=False)
    if len(asked) == 1:
        since = await _since(tracker, asked[0], today, _WINDOWS)
        if since is not None:
            return await _read(tracker, asked, asked[0], unit, today, since, alone=True)
    since = await _since(tracker, None, today, _WINDOWS[5:])
    if since is None:
        raise TooManyStories(
            f"More than {MOST_STORIES:,} stories were finished in the last {_WINDOWS[-1]} weeks."
            " Ask about one team."
        )
    return await _read(tracker, teams, None, unit, today, since, alone=False)


async def _since(tracker: Tracker, team: str | None, today: Today, windows: Sequence[int]) -> date | None:
    for weeks in windows:
        day = today.day - timedelta(weeks=weeks)
        query = StoryQuery(team=team, status=_DONE, finished_since=_midnight(day))
        counted = await tracker.count_by_status(EVERYTHING, query)
        if counted[StoryStatus.DONE] <= MOST_STORIES:
            return day
    return None


async def _read(
    tracker: Tracker,
    teams: Sequence[str],
    team: str | None,
    unit: Unit,
    today: Today,
    since: date,
    *,
    alone: bool,
) -> History:
    query = StoryQuery(team=team, status=_DONE, finished_since=_midnight(since))
    done = await everything(partial(tracker.stories, EVERYTHING), query)
    begun = await tracker.stories(EVERYTHING, StoryQuery(team=team, status=_BEGUN, limit=MOST_BEGUN))
    sprints = await everything(tracker.sprints, SprintQuery(team=team, since=since))
    whole = [one for one in sprints if one.starts >= since]
    return History(series_of(whole, (*done, *begun.items), teams, unit, today), since, len(done), alone)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
