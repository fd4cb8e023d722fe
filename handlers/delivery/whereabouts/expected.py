"""By when work that is under way may be expected, as a fact with how it was worked out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from agents.planning.draft import Forecast, PlanDraft
from agents.planning.working_days import WorkingDays
from governance.facts import Fact, Source
from governance.moments import day_text
from integrations.tracker import Sprint, Story, StoryStatus

LATELY_WEEKS = 8
"""Weeks of finished stories that a pace is taken from."""

FINAL = frozenset({StoryStatus.DONE, StoryStatus.CANCELLED})


@dataclass(frozen=True, slots=True)
class Planned:
    """The plan that some stories were made by: its id, its draft, and its stories' keys by their ids."""

    id: str
    draft: PlanDraft
    keys: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Expected:
    """The day by which everything is done, or None with why no day can be given."""

    day: date | None
    why: str
    fact: Fact | None = None


def expected(
    stories: Sequence[Story],
    sprints: Mapping[str, Sprint],
    now: datetime,
    days: WorkingDays,
    plan: Planned | None = None,
) -> Expected:
    """From the plan where every open story still has the sprint that it has there; else from the schedule where
    each of them has a sprint that is not over; else from the latest pace.

    The schedule's day is the last working day of the latest sprint. The pace is stories of this work finished a
    week over the last LATELY_WEEKS; the day is today and as many weeks as the open stories take at it.
    """
    left = [story for story in stories if story.status not in FINAL]
    if not left:
        return Expected(None, "nothing of it is open")
    today = now.date()
    if plan is not None and (day := _by_its_plan(left, plan)) is not None and day >= today:
        half = _forecast_text(plan.draft)
        how = f"the schedule of {plan.id}, every story at its median"
        return Expected(day, f"by its plan{half}", _fact(day, now, how, left))
    placed = (sprints.get(story.sprint or "") for story in left)
    ends = [sprint.ends for sprint in placed if sprint is not None and sprint.ends > today]
    if len(ends) == len(left):
        day = days.last_before(max(ends))
        return Expected(
            day, "by the schedule", _fact(day, now, "the last working day of its latest sprint", left)
        )
    since = datetime.combine(today - timedelta(weeks=LATELY_WEEKS), time(), UTC)
    finished = sum(1 for story in stories if story.finished is not None and story.finished >= since)
    if not finished:
        missing = len(left) - len(ends)
        has = "has" if missing == 1 else "have"
        return Expected(None, f"{missing} of its open stories {has} no sprint, and none was finished lately")
    weeks = math.ceil(len(left) * LATELY_WEEKS / finished)
    day = days.first_from(today + timedelta(weeks=weeks))
    how = f"{len(left)} open stories at {finished} finished in the last {LATELY_WEEKS} weeks"
    return Expected(day, f"at its pace of the last {LATELY_WEEKS} weeks", _fact(day, now, how, left))


def _by_its_plan(left: Sequence[Story], plan: Planned) -> date | None:
    """The day on which the plan has them done, None where one of them has another place by now."""
    places = {place.story: place for place in plan.draft.schedule}
    own = [(story, places.get(plan.keys.get(story.id, ""))) for story in left]
    if any(place is None or story.sprint != place.sprint for story, place in own):
        return None
    return max(place.done for _, place in own if place is not None)


def _forecast_text(draft: PlanDraft) -> str:
    if not isinstance(draft.forecast, Forecast):
        return ""
    half, most = day_text(draft.forecast.p50), day_text(draft.forecast.p85)
    return f"; half of the simulated runs of all of it are done by {half}, 85 of 100 by {most}"


def _fact(day: date, now: datetime, how: str, left: Sequence[Story]) -> Fact:
    inputs = tuple(story.id for story in left)
    return Fact("expected", "Expected by", day.isoformat(), "", now, Source("computation", how, inputs))
