"""By when work that is under way may be expected, as a fact with how it was worked out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from governance.facts import Fact, Source
from integrations.tracker import Sprint, Story, StoryStatus

LATELY_WEEKS = 8
"""Weeks of finished stories that a pace is taken from."""

FINAL = frozenset({StoryStatus.DONE, StoryStatus.CANCELLED})


@dataclass(frozen=True, slots=True)
class Expected:
    """The day by which everything is done, or None with why no day can be given."""

    day: date | None
    why: str
    fact: Fact | None = None


def expected(stories: Sequence[Story], sprints: Mapping[str, Sprint], now: datetime) -> Expected:
    """From the schedule where each open story has a sprint that is not over, else from the latest pace.

    The schedule's day is the last day of the latest sprint. The pace is stories of this work finished a
    week over the last LATELY_WEEKS; the day is today and as many weeks as the open stories take at it.
    """
    left = [story for story in stories if story.status not in FINAL]
    if not left:
        return Expected(None, "nothing of it is open")
    today = now.date()
    placed = (sprints.get(story.sprint or "") for story in left)
    ends = [sprint.ends for sprint in placed if sprint is not None and sprint.ends > today]
    if len(ends) == len(left):
        day = max(ends) - timedelta(days=1)
        return Expected(day, "by the schedule", _fact(day, now, "the last day of its latest sprint", left))
    since = datetime.combine(today - timedelta(weeks=LATELY_WEEKS), time(), UTC)
    finished = sum(1 for story in stories if story.finished is not None and story.finished >= since)
    if not finished:
        missing = len(left) - len(ends)
        has = "has" if missing == 1 else "have"
        return Expected(None, f"{missing} of its open stories {has} no sprint, and none was finished lately")
    weeks = math.ceil(len(left) * LATELY_WEEKS / finished)
    day = today + timedelta(weeks=weeks)
    how = f"{len(left)} open stories at {finished} finished in the last {LATELY_WEEKS} weeks"
    return Expected(day, f"at its pace of the last {LATELY_WEEKS} weeks", _fact(day, now, how, left))


def _fact(day: date, now: datetime, how: str, left: Sequence[Story]) -> Fact:
    inputs = tuple(story.id for story in left)
    return Fact("expected", "Expected by", day.isoformat(), "", now, Source("computation", how, inputs))
