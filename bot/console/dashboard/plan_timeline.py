"""A plan as a picture: a column per sprint, a lane per team, a box per story, curves for dependencies.

A story that takes several sprints lies across their columns; a sprint in which nothing begins has one, too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from agents.planning.draft import PlanDraft, PlanSprint, Scheduled
from handlers.delivery.plans.formats import dates_text

_LANE_NAME = 124
_COLUMN = 216
_BOX_WIDTH = 176
_BOX_HEIGHT = 46
_GAP = 10
_HEAD = 50
_ONE_DAY = timedelta(days=1)
_LETTERS = 23
"""As many letters have room in a box of one sprint."""


@dataclass(frozen=True, slots=True)
class Column:
    """A sprint: where it stands, and when it is."""

    name: str
    days: str
    x: int
    width: int


@dataclass(frozen=True, slots=True)
class Lane:
    """A team's lane."""

    name: str
    y: int
    height: int


@dataclass(frozen=True, slots=True)
class Box:
    """A story. `label` is as much of its title as fits; `title` all of it."""

    key: str
    label: str
    title: str
    hours: str
    x: int
    y: int
    width: int
    height: int
    is_created: bool


@dataclass(frozen=True, slots=True)
class Arrow:
    """A dependency, as the `d` of an SVG path from the story that comes first."""

    first: str
    then: str
    path: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """The picture in pixels. `summary` says what it shows."""

    width: int
    height: int
    columns: tuple[Column, ...]
    lanes: tuple[Lane, ...]
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    summary: str


def lay_out(draft: PlanDraft, created: Collection[str], teams: Mapping[str, str]) -> Timeline:
    """The plan's scheduled stories in their places. `created` are keys of stories that exist by now,
    `teams` the names of teams by id."""
    columns = _columns(draft)
    rows = _rows(draft.schedule)
    lanes = _lanes(draft.schedule, rows, teams)
    boxes = _boxes(draft, columns, lanes, rows, created)
    bottom = max((lane.y + lane.height for lane in lanes.values()), default=_HEAD)
    arrows = tuple(_arrows(draft, boxes))
    return Timeline(
        width=_LANE_NAME + len(columns) * _COLUMN + 8,
        height=bottom + 8,
        columns=tuple(columns.values()),
        lanes=tuple(lanes.values()),
        boxes=tuple(boxes.values()),
        arrows=arrows,
        summary=(
            f"{dates_text(draft)}. {len(boxes)} stories of {len(lanes)} teams in {len(columns)} sprints,"
            f" with {len(arrows)} dependencies. The table below says the same."
        ),
    )


def _columns(draft: PlanDraft) -> dict[date, Column]:
    """By their first day: the company's sprints from the first story to the last, each once, in order. Where
    teams' sprints overlap, a column reaches to the next one's first day."""
    known = draft.sprints or tuple(_guessed(draft.schedule))
    found: dict[date, Column] = {}
    starts = sorted({sprint.starts for sprint in known})
    for at, first in enumerate(starts):
        own = [sprint for sprint in known if sprint.starts == first]
        name = " / ".join(dict.fromkeys(sprint.name for sprint in own))
        until = [sprint.last for sprint in own] + [day - _ONE_DAY for day in starts[at + 1 : at + 2]]
        found[first] = Column(name, _days(first, min(until)), _LANE_NAME + at * _COLUMN, _COLUMN)
    return found


def _guessed(schedule: Collection[Scheduled]) -> Iterator[PlanSprint]:
    """Of a plan from before its sprints were kept: between each two days on which one begins or ends."""
    days = sorted({day for placed in schedule for day in (placed.starts, placed.ends)})
    length = min((after - day for day, after in pairwise(days)), default=timedelta())
    sprints = [sprint for day, after in pairwise(days) for sprint in _split(day, after, length)]
    for at, (starts, ends) in enumerate(sprints):
        yield PlanSprint(f"Sprint {at + 1}", starts, ends, ends - 3 * _ONE_DAY)


def _split(starts: date, ends: date, length: timedelta) -> Iterator[tuple[date, date]]:
    """A time in pieces of `length`; whole where it is no multiple of it."""
    if (ends - starts) % length:
        length = ends - starts
    while starts < ends:
        yield starts, starts + length
        starts += length


def _rows(schedule: Collection[Scheduled]) -> dict[str, int]:
    """In which row of its team's lane each story lies: the first that is free from its start on."""
    rows: dict[str, int] = {}
    free_from: dict[str, list[date]] = defaultdict(list)
    for placed in sorted(schedule, key=lambda one: one.starts):
        until = free_from[placed.team]
        row = next((at for at, day in enumerate(until) if day <= placed.starts), len(until))
        until[row : row + 1] = [placed.ends]
        rows[placed.story] = row
    return rows


def _lanes(
    schedule: Collection[Scheduled], rows: Mapping[str, int], teams: Mapping[str, str]
) -> dict[str, Lane]:
    deepest: dict[str, int] = {}
    for placed in schedule:
        deepest[placed.team] = max(deepest.get(placed.team, 0), rows[placed.story])
    lanes: dict[str, Lane] = {}
    y = _HEAD
    for team, row in deepest.items():
        height = (row + 1) * (_BOX_HEIGHT + _GAP) + _GAP
        lanes[team] = Lane(teams.get(team, team), y, height)
        y += height
    return lanes


def _boxes(
    draft: PlanDraft,
    columns: Mapping[date, Column],
    lanes: Mapping[str, Lane],
    rows: Mapping[str, int],
    created: Collection[str],
) -> dict[str, Box]:
    boxes: dict[str, Box] = {}
    for placed in draft.schedule:
        story = draft.story(placed.story)
        covered = sum(placed.starts <= day < placed.ends for day in columns)
        width = (covered - 1) * _COLUMN + _BOX_WIDTH
        boxes[story.key] = Box(
            key=story.key,
            label=_short(story.title, width),
            title=story.title,
            hours=f"{story.hours:g} h" if story.hours else "",
            x=columns[placed.starts].x + (_COLUMN - _BOX_WIDTH) // 2,
            y=lanes[placed.team].y + _GAP + rows[placed.story] * (_BOX_HEIGHT + _GAP),
            width=width,
            height=_BOX_HEIGHT,
            is_created=story.key in created,
        )
    return boxes


def _arrows(draft: PlanDraft, boxes: dict[str, Box]) -> list[Arrow]:
    return [
        Arrow(first, story.key, _curve(boxes[first], boxes[story.key]))
        for story in draft.stories
        for first in story.depends_on
        if story.key in boxes and first in boxes
    ]


def _curve(first: Box, then: Box) -> str:
    y1, y2 = first.y + first.height // 2, then.y + then.height // 2
    x1 = first.x + first.width
    if then.x > first.x:
        middle = (x1 + then.x) // 2
        return f"M{x1} {y1}C{middle} {y1} {middle} {y2} {then.x - 3} {y2}"
    # In the same sprint the curve leaves on the left, so that every arrow comes in on the left.
    out = min(first.x, then.x) - 17
    return f"M{first.x} {y1}C{out} {y1} {out} {y2} {then.x - 3} {y2}"


def _short(title: str, width: int) -> str:
    letters = _LETTERS * width // _BOX_WIDTH
    return title if len(title) <= letters else title[: letters - 1].rstrip() + "…"


def _days(starts: date, last: date) -> str:
    return f"{starts:%-d %b} – {last:%-d %b}"
