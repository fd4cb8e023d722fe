"""A plan as a picture: a column per sprint, a lane per team, a box per story, curves for dependencies."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

from agents.planning.draft import PlanDraft, Scheduled

_LANE_NAME = 124
_COLUMN = 216
_BOX_WIDTH = 176
_BOX_HEIGHT = 46
_GAP = 10
_HEAD = 50
_LETTERS = 23


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
    `teams` the names of teams by id. Teams whose sprints begin together share the column."""
    sprints = sorted({(placed.starts, placed.ends) for placed in draft.schedule})
    columns = {
        starts: Column(f"Sprint {at + 1}", _days(starts, ends), _LANE_NAME + at * _COLUMN, _COLUMN)
        for at, (starts, ends) in enumerate(sprints)
    }
    lanes = _lanes(draft.schedule, teams)
    boxes = _boxes(draft, columns, lanes, created)
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
            f"{len(boxes)} stories of {len(lanes)} teams in {len(columns)} sprints,"
            f" with {len(arrows)} dependencies. The table below says the same."
        ),
    )


def _lanes(schedule: Collection[Scheduled], teams: Mapping[str, str]) -> dict[str, Lane]:
    crowd: dict[str, dict[date, int]] = defaultdict(lambda: defaultdict(int))
    for placed in schedule:
        crowd[placed.team][placed.starts] += 1
    lanes: dict[str, Lane] = {}
    y = _HEAD
    for team, by_sprint in crowd.items():
        height = max(by_sprint.values()) * (_BOX_HEIGHT + _GAP) + _GAP
        lanes[team] = Lane(teams.get(team, team), y, height)
        y += height
    return lanes


def _boxes(
    draft: PlanDraft, columns: Mapping[date, Column], lanes: dict[str, Lane], created: Collection[str]
) -> dict[str, Box]:
    taken: dict[tuple[str, date], int] = defaultdict(int)
    boxes: dict[str, Box] = {}
    for placed in draft.schedule:
        story = draft.story(placed.story)
        row = taken[placed.team, placed.starts]
        taken[placed.team, placed.starts] += 1
        boxes[story.key] = Box(
            key=story.key,
            label=_short(story.title),
            title=story.title,
            hours=f"{story.hours:g} h" if story.hours else "",
            x=columns[placed.starts].x + (_COLUMN - _BOX_WIDTH) // 2,
            y=lanes[placed.team].y + _GAP + row * (_BOX_HEIGHT + _GAP),
            width=_BOX_WIDTH,
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


def _short(title: str) -> str:
    return title if len(title) <= _LETTERS else title[: _LETTERS - 1].rstrip() + "…"


def _days(starts: date, ends: date) -> str:
    last = date.fromordinal(ends.toordinal() - 1)
    return f"{starts:%-d %b} – {last:%-d %b}"
