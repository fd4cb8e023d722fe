"""The state of work: in words, its sprints and its plan, and by when it may be expected."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import select

from agents.planning.draft import Forecast, PlanDraft
from agents.planning.working_days import WorkingDays
from agents.plans.replanning import UNDER_WAY
from agents.plans.rows import draft_of, steps_of
from agents.plans.steps import made_by
from agents.plans.tables import PlanRow
from governance.facts import Fact, Source
from governance.moments import day_text, moment_words
from handlers.conversation.cards import Inline, Moment
from handlers.conversation.desk import Desk
from handlers.conversation.wording import counted
from integrations.pages import everything
from integrations.tracker import Sprint, SprintQuery, Story, StoryStatus

STATUS: Mapping[StoryStatus, str] = {
    StoryStatus.BACKLOG: "in the backlog",
    StoryStatus.SCHEDULED: "scheduled",
    StoryStatus.IN_PROGRESS: "in progress",
    StoryStatus.BLOCKED: "blocked",
    StoryStatus.DONE: "done",
    StoryStatus.CANCELLED: "cancelled",
}

PLAIN: Mapping[StoryStatus, str] = {
    StoryStatus.BACKLOG: "noted, not planned yet",
    StoryStatus.SCHEDULED: "planned",
    StoryStatus.IN_PROGRESS: "being worked on",
    StoryStatus.BLOCKED: "held up",
    StoryStatus.DONE: "finished",
    StoryStatus.CANCELLED: "not pursued any more",
}

LATELY_WEEKS = 8
"""Weeks of finished stories that a pace is taken from."""

FINAL = frozenset({StoryStatus.DONE, StoryStatus.CANCELLED})


def expected_text(found: Expected) -> str:
    """`28 Feb 2027, by the schedule`, or why there is no day."""
    return f"no date yet, because {found.why}" if found.day is None else f"{day_text(found.day)}, {found.why}"


def others_text(count: int) -> str:
    """What lies outside one's own accounts, as a count."""
    return f"{counted(count, 'other item')} of this {'is' if count == 1 else 'are'} not your customers'."


def plain_text(line: Iterable[Inline]) -> str:
    """A line of a card as plain text; moments in UTC."""
    return "".join(
        part if isinstance(part, str) else moment_words(part.at) if isinstance(part, Moment) else part.text
        for part in line
    )


def reason_text(reason: str | None) -> str:
    """Why something is held up, as a sentence."""
    if not reason:
        return "The reason is not noted."
    return reason if reason.endswith((".", "!", "?")) else f"{reason}."


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


async def sprints_of(desk: Desk, stories: Sequence[Story]) -> Mapping[str, Sprint]:
    """By id."""
    ids = frozenset(story.sprint for story in stories if story.sprint)
    found = await everything(desk.ports.tracker.sprints, SprintQuery(ids=ids)) if ids else ()
    return {sprint.id: sprint for sprint in found}


async def sprint_names(desk: Desk, ids: Iterable[str]) -> Mapping[str, str]:
    """The names of these sprints, by id."""
    wanted = SprintQuery(ids=frozenset(filter(None, ids)))
    return {sprint.id: sprint.name for sprint in await everything(desk.ports.tracker.sprints, wanted)}


async def planned(desk: Desk, epic: str | None) -> Planned | None:
    """The plan that an epic was made by, if it was made by one that still goes on."""
    if epic is None:
        return None
    query = select(PlanRow).where(PlanRow.epic == epic, PlanRow.state.in_(UNDER_WAY))
    row = (await desk.tx.execute(query.limit(1))).scalar()
    draft = None if row is None else draft_of(row)
    if row is None or draft is None:
        return None
    made = made_by(await steps_of(desk.tx, row.id))
    return Planned(row.id, draft, {story: key for key, story in made.items()})
