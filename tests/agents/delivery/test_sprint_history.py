"""Histories are read as far back as there are not too many stories, and no further."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest

from agents.delivery.sprint_history import MOST_STORIES, TooManyStories, read_history
from agents.delivery.sprints import Today, Unit
from integrations.pages import Page
from integrations.tracker import Sprint, SprintQuery, Story, StoryQuery, StoryStatus, Tracker
from tests.agents.delivery.pieces import done, sprint

TODAY = Today(date(2026, 6, 1), ZoneInfo("UTC"))


class Crowded:
    """A tracker in which so many stories are finished a day, by all teams, and by one of them."""

    def __init__(self, daily: float, of_one: float) -> None:
        self.daily, self.of_one = daily, of_one
        self.read: list[StoryQuery] = []

    async def count_by_status(self, _scope: Any, query: StoryQuery) -> Mapping[StoryStatus, int]:
        assert query.finished_since is not None
        days = (datetime(2026, 6, 1, tzinfo=UTC) - query.finished_since).days
        return {StoryStatus.DONE: round(days * (self.daily if query.team is None else self.of_one))}

    async def stories(self, _scope: Any, query: StoryQuery) -> Page[Story]:
        self.read.append(query)
        return Page(tuple(done("alpha", 8, 3)) if query.finished_since else (), None)

    async def sprints(self, query: SprintQuery) -> Page[Sprint]:
        return Page(
            tuple(one for one in (sprint("alpha", n) for n in range(14)) if one.ends > cast(date, query.since)),
            None,
        )


async def since(daily: float, of_one: float = 1.0, asked: tuple[str, ...] = ()) -> SimpleNamespace:
    tracker = Crowded(daily, of_one)
    found = await read_history(cast(Tracker, tracker), ["alpha", "beta"], asked, Unit.STORIES, TODAY)
    return SimpleNamespace(weeks=(TODAY.day - found.since).days // 7, alone=found.alone, read=tracker.read)


async def test_two_years_where_that_is_little_and_less_where_it_is_much() -> None:
    assert (await since(5)).weeks == 104
    assert (await since(MOST_STORIES / 365)).weeks == 52
    assert (await since(MOST_STORIES / 100)).weeks == 13


async def test_of_one_team_alone_where_all_finish_too_much() -> None:
    found = await since(MOST_STORIES / 100, asked=("alpha",))
    assert found.alone
    assert found.weeks == 104
    assert {query.team for query in found.read} == {"alpha"}


async def test_nothing_is_read_where_it_is_too_much() -> None:
    with pytest.raises(TooManyStories, match="Ask about one team"):
        await since(MOST_STORIES)
