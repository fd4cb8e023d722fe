"""What the risks of a feature are worked out from, read from the tracker and the department's file.

Read are the feature's stories, what its open stories wait for (three steps deep), the open commitments of the
teams behind them, and those teams' latest done stories; nothing grows with the backlog.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from statistics import median
from zoneinfo import ZoneInfo

from agents.delivery.lateness import LONGEST_WAIT, Runs, Work, in_order, known_from
from agents.planning.capacity import free_hours
from agents.planning.course import Horizon, horizon
from agents.planning.request import COMMITTED, PlanningInput
from agents.planning.working_days import working_days
from governance.department import Department
from governance.visibility import EVERYTHING
from integrations.documents import Document
from integrations.pages import everything
from integrations.tracker import Sprint, SprintQuery, Story, StoryQuery, StoryStatus, Tracker

MOST_OPEN = 300
"""Open stories of one feature; of a larger one the newest are left out, which is said."""
MOST_COMMITTED, MOST_DONE = 1_000, 400
MOST_OTHERS = 200
"""Open stories of other features that compete for the same hours."""
_DEEP, _MOST_OUTSIDE = 3, 60
_OPEN = frozenset(StoryStatus) - {StoryStatus.DONE, StoryStatus.CANCELLED}


@dataclass(frozen=True, slots=True)
class FeatureWork:
    """A feature's open stories and those of others that they wait for; `done` are its teams' latest done ones,
    `all` counts its stories that are not cancelled. `blocked` has since when. `cut` says that it has more open
    ones."""

    epic: str
    open: tuple[Story, ...]
    outside: tuple[Story, ...]
    all: int
    committed: tuple[Story, ...]
    done: tuple[Story, ...]
    sprints: Mapping[str, Sprint]
    blocked: Mapping[str, date]
    cut: bool


async def read_feature(tracker: Tracker, epic: str, now: datetime, zone: ZoneInfo) -> FeatureWork:
    """Raises TrackerError."""
    read = partial(tracker.stories, EVERYTHING)
    page = await read(StoryQuery(epic=epic, status=_OPEN, limit=MOST_OPEN))
    counts = await tracker.count_by_status(EVERYTHING, StoryQuery(epic=epic))
    outside = await _outside(tracker, page.items)
    teams = sorted({story.team for story in (*page.items, *outside)})
    committed: list[Story] = []
    done: list[Story] = []
    sprints: list[Sprint] = []
    for team in teams:
        committed += (await read(StoryQuery(team=team, status=COMMITTED, limit=MOST_COMMITTED))).items
        latest = StoryQuery(team=team, status=frozenset({StoryStatus.DONE}), newest_first=True, limit=MOST_DONE)
        done += (await read(latest)).items
        sprints += await everything(tracker.sprints, SprintQuery(team=team, since=now.astimezone(zone).date()))
    held = [story for story in (*page.items, *outside) if story.status is StoryStatus.BLOCKED]
    blocked = {story.id: await _since(tracker, story, zone) for story in held[:_MOST_OUTSIDE]}
    return FeatureWork(
        epic,
        page.items,
        outside,
        sum(count for status, count in counts.items() if status is not StoryStatus.CANCELLED),
        tuple(committed),
        tuple(done),
        {sprint.id: sprint for sprint in sprints},
        blocked,
        page.after is not None,
    )


async def _outside(tracker: Tracker, own: Sequence[Story]) -> tuple[Story, ...]:
    """Open stories that these wait for and that are none of them."""
    known = {story.id for story in own}
    found: list[Story] = []
    asked: Sequence[Story] = own
    for _ in range(_DEEP):
        wanted = sorted({id for story in asked for id in story.depends_on} - known)[:_MOST_OUTSIDE]
        if not wanted:
            break
        query = StoryQuery(ids=frozenset(wanted), status=_OPEN, limit=_MOST_OUTSIDE)
        asked = (await tracker.stories(EVERYTHING, query)).items
        known.update(wanted)
        found += asked
    return tuple(found)


async def _since(tracker: Tracker, story: Story, zone: ZoneInfo) -> date:
    events = await tracker.events(EVERYTHING, story=story.id)
    at = [event.at for event in events if event.status is StoryStatus.BLOCKED]
    return (at[-1] if at else story.started or story.created).astimezone(zone).date()


def runs_of(found: FeatureWork, department: Department, now: datetime) -> tuple[Runs, tuple[Work, ...]]:
    """The feature's open work carried out many times, and that work. CPU-bound (some 100 ms): call it in a
    thread."""
    zone = ZoneInfo(department.calendar_of(None).time_zone)
    given = PlanningInput(
        document=Document("", "", "", ""),
        stories=(),
        epics=(),
        sprints=tuple(found.sprints.values()),
        teams=department.teams,
        products=(),
        services=(),
        today=now.astimezone(zone).date(),
        as_of=now,
        days=working_days(department),
    )
    days = horizon(free_hours(given, running=True), given)
    asked = {story.id: story for story in (*found.open, *found.outside)}
    others = [story for story in found.committed if story.id not in asked][:MOST_OTHERS]
    works = in_order([_work(story, found, department, days, given) for story in (*asked.values(), *others)])
    ids = frozenset(story.id for story in found.open)
    runs = Runs(works, ids, frozenset(asked), days, known_from(found.done))
    return runs, tuple(work for work in works if work.story.id in asked)


def _work(
    story: Story, found: FeatureWork, department: Department, days: Horizon, given: PlanningInput
) -> Work:
    sprint = found.sprints.get(story.sprint or "")
    begins = days.moment(sprint.starts) if sprint is not None else 0.0
    gate = begins
    if (since := found.blocked.get(story.id)) is not None:
        wait = min(given.today - since, LONGEST_WAIT)
        gate = max(begins, days.moment(given.today + wait))
    known = {one.id for one in (*found.open, *found.outside)}
    return Work(
        story,
        hours_of(story, found.done),
        (story.team, story.discipline),
        gate,
        begins,
        tuple(id for id in story.depends_on if id in known),
        tuple(
            (days.moment(first), days.moment(last + timedelta(days=1)))
            for first, last in away(story, department)
        ),
        given.days.last_before(sprint.ends) if sprint is not None else None,
    )


def away(story: Story, department: Department) -> tuple[tuple[date, date], ...]:
    """The days on which the person who holds a story is away."""
    held = next((one for one in department.people if one.id == story.assignee), None)
    return tuple((one.since, one.until) for one in held.away) if held is not None else ()


def hours_of(story: Story, done: Sequence[Story]) -> float:
    """Its estimate; without one, what the done stories of its team's discipline took at the median."""
    if story.estimate_hours:
        return story.estimate_hours
    alike = [one.actual_hours for one in done if one.actual_hours and _line(one) == _line(story)]
    return median(alike or [one.actual_hours for one in done if one.actual_hours] or [8.0])


def _line(story: Story) -> tuple[str, str]:
    return story.team, story.discipline
