"""A schedule over sprints: a place for every story that has one, and a reason for every other.

A story lies in one sprint of its team, or in none; one that fits into no single sprint lies in two or
three that follow each other. In each sprint the hours of the stories of a discipline stay within what
the team has free (`capacity.py`). A story begins when each story that it comes after has ended: in a
later sprint, or in one that begins on the same day if the two fit into it one after the other. (A
story takes that part of a sprint which its hours are of the hours free in its discipline.) A story
without a place leaves those that come after it without one.

Aims, in this order: as few stories as possible without a place (the important ones first), the
earliest finish, then important stories early. See `solver.py` for how. CPU-bound: call it from a
thread, never on the event loop.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from math import ceil

from agents.planning.capacity import Free
from agents.planning.draft import DraftStory, Precedence, Scheduled, Unscheduled

MOST_SPRINTS_OF_A_STORY = 3


@dataclass(frozen=True, slots=True)
class Window:
    """A place that a story could take: consecutive sprints of its team.

    `loads` are (sprint id, tenths of an hour); `percent` is the part of the sprint that the story
    takes, 100 for one that goes over several.
    """

    sprint: str
    starts: date
    ends: date
    loads: tuple[tuple[str, int], ...]
    percent: int


def windows(story: DraftStory, sprints: Sequence[Free]) -> tuple[Window, ...]:
    """Every place for a story, earliest first; over several sprints only if no single one holds it."""
    for length in range(1, MOST_SPRINTS_OF_A_STORY + 1):
        runs = [sprints[i : i + length] for i in range(len(sprints) - length + 1)]
        found = [w for run in runs if (w := _window(story, run)) is not None]
        if found:
            return tuple(found)
    return ()


def _window(story: DraftStory, run: Sequence[Free]) -> Window | None:
    free = [f.hours.get(story.discipline, 0.0) for f in run]
    if not sum(free) or story.hours > sum(free) or min(free) <= 0:
        return None
    if any(one.sprint.ends != two.sprint.starts for one, two in pairwise(run)):
        return None
    loads = tuple(
        (f.sprint.id, tenths(story.hours * hours / sum(free))) for f, hours in zip(run, free, strict=True)
    )
    percent = max(1, ceil(100 * story.hours / sum(free))) if len(run) == 1 else 100
    return Window(run[0].sprint.id, run[0].sprint.starts, run[-1].sprint.ends, loads, percent)


def tenths(hours: float) -> int:
    """Hours as the solver counts them, in whole tenths."""
    return round(hours * 10)


def schedule(
    stories: Sequence[DraftStory],
    links: Sequence[Precedence],
    free: Mapping[str, Sequence[Free]],
    order: Sequence[str] = (),
    not_before: Mapping[str, date] | None = None,
) -> tuple[tuple[Scheduled, ...], tuple[Unscheduled, ...]]:
    """Places for the stories, and for those without one the reason. `order` are keys wanted first to last;
    `not_before` are the first days of stories that wait for something that is no story here."""
    from agents.planning.solver import solve

    first = not_before or {}
    choices = {
        s.key: tuple(
            w for w in windows(s, free.get(s.team, ())) if s.key not in first or w.starts >= first[s.key]
        )
        for s in stories
        if s.estimate.kind == "estimate"
    }
    possible = [s for s in stories if choices.get(s.key)]
    places = solve(possible, choices, [s.key for s in stories if s not in possible], links, free, order)
    scheduled = tuple(
        Scheduled(s.key, place.sprint, s.team, place.starts, place.ends)
        for s in stories
        if (place := places.get(s.key)) is not None
    )
    left = tuple(Unscheduled(s.key, _why(s, links, places, free)) for s in stories if s.key not in places)
    return scheduled, left


def _why(
    story: DraftStory,
    links: Sequence[Precedence],
    places: Mapping[str, Window],
    free: Mapping[str, Sequence[Free]],
) -> str:
    sprints = free.get(story.team, ())
    most = max((f.hours.get(story.discipline, 0.0) for f in sprints), default=0.0)
    if story.estimate.kind == "not_enough_history":
        return "it has no estimate: there is not enough history"
    if not story.team:
        return f"no team works in {story.discipline}"
    if not sprints:
        return f"{story.team} has no sprint planned from the start on"
    if most <= 0:
        return f"{story.team} has no free hours for {story.discipline}"
    if not windows(story, sprints):
        return f"it needs {story.hours:g} hours, and no sprint of {story.team} has more than {most:.0f} free"
    waiting = [link.after for link in links if link.story == story.key and link.after not in places]
    if waiting:
        return f"it comes after {', '.join(waiting)}, which has no place"
    return f"the sprints of {story.team} up to {sprints[-1].sprint.name} are full"
