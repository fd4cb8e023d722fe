"""A schedule over sprints, by constraint solving (OR-tools CP-SAT).

The model. A story lies in one sprint of its team, or in none. In each sprint the hours of the stories
of a discipline stay within what the team has free: the sprint's capacity times the discipline's share
of the team's week, less what is already committed there. A story starts on or after the day on which
each story that it comes after ends; it may share a sprint with one of the same team only if the hours
of both together are at most half of what is free there, so that one can follow the other. A story
without a place leaves those that come after it without one.

The objective, in this order: as few stories as possible without a place (the important ones first),
the earliest finish, then important stories early. It is deterministic: one worker, a fixed seed, and
a limit in the solver's own deterministic time, never on the clock. `solve` releases the GIL inside
OR-tools, but is CPU-bound: call it from a thread, never on the event loop.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from math import ceil
from typing import TYPE_CHECKING

from agents.planning.draft import DraftStory, Precedence, Scheduled, Unscheduled
from agents.planning.request import PlanningInput
from integrations.tracker import Priority, Sprint

if TYPE_CHECKING:
    from ortools.sat.python import cp_model

MOST_SPRINTS = 16
"""Sprints of a team that are looked at: about eight months. What does not fit into them is no plan."""
DETERMINISTIC_LIMIT = 4.0
_WEIGHT = {Priority.P0: 8, Priority.P1: 4, Priority.P2: 2, Priority.P3: 1}


@dataclass(frozen=True, slots=True)
class Free:
    """A sprint with what is left of it: agent-hours by discipline, commitments taken off."""

    sprint: Sprint
    hours: Mapping[str, float]


def free_hours(given: PlanningInput) -> dict[str, tuple[Free, ...]]:
    """For each team its sprints that begin on or after the plan's start, first to last."""
    committed: defaultdict[tuple[str, str], float] = defaultdict(float)
    for story in given.committed():
        committed[story.sprint or "", story.discipline] += story.estimate_hours or 0.0
    found: dict[str, tuple[Free, ...]] = {}
    for team in given.teams:
        week = {discipline.value: hours for discipline, hours in team.capacity.items()}
        total = sum(week.values()) or 1.0
        coming = sorted(
            (s for s in given.sprints if s.team == team.id and s.starts >= given.starts), key=_start
        )
        found[team.id] = tuple(
            Free(
                sprint,
                {
                    name: max(0.0, sprint.capacity_hours * hours / total - committed[sprint.id, name])
                    for name, hours in week.items()
                },
            )
            for sprint in coming[:MOST_SPRINTS]
        )
    return found


def _start(sprint: Sprint) -> tuple[date, str]:
    return sprint.starts, sprint.id


def schedule(
    stories: Sequence[DraftStory],
    links: Sequence[Precedence],
    free: Mapping[str, Sequence[Free]],
    order: Sequence[str] = (),
) -> tuple[tuple[Scheduled, ...], tuple[Unscheduled, ...]]:
    """Places for the stories, and for those without one the reason. `order` are keys wanted first to last."""
    impossible = {s.key: why for s in stories if (why := _no_place(s, free.get(s.team, ())))}
    rest = [s for s in stories if s.key not in impossible]
    places = _Model(rest, links, free, order, frozenset(impossible)).solve() if rest else {}
    scheduled = tuple(
        Scheduled(s.key, place.sprint.id, s.team, place.sprint.starts, place.sprint.ends)
        for s in stories
        if (place := places.get(s.key)) is not None
    )
    left = tuple(
        Unscheduled(s.key, impossible.get(s.key) or _why(s, links, places, free))
        for s in stories
        if s.key not in places
    )
    return scheduled, left


def _no_place(story: DraftStory, sprints: Sequence[Free]) -> str:
    if story.estimate.kind == "not_enough_history":
        return "it has no estimate: there is not enough history"
    if not story.team:
        return f"no team works in {story.discipline}"
    if not sprints:
        return f"{story.team} has no sprint planned from the start on"
    most = max(free.hours.get(story.discipline, 0.0) for free in sprints)
    if most <= 0:
        return f"{story.team} has no free hours for {story.discipline}"
    if story.hours > most:
        return f"it needs {story.hours:g} hours, and no sprint of {story.team} has more than {most:g} free"
    return ""


def _why(
    story: DraftStory,
    links: Sequence[Precedence],
    places: Mapping[str, Free],
    free: Mapping[str, Sequence[Free]],
) -> str:
    waiting = [link.after for link in links if link.story == story.key and link.after not in places]
    if waiting:
        return f"it comes after {', '.join(waiting)}, which has no place"
    last = free[story.team][-1].sprint
    return f"the sprints of {story.team} up to {last.name} are full"


class _Model:
    """The CP-SAT model: one Boolean for each story and sprint of its team."""

    def __init__(
        self,
        stories: Sequence[DraftStory],
        links: Sequence[Precedence],
        free: Mapping[str, Sequence[Free]],
        order: Sequence[str],
        impossible: frozenset[str],
    ) -> None:
        from ortools.sat.python import cp_model

        self._model = cp_model.CpModel()
        self._stories = {s.key: s for s in stories}
        self._free = free
        self._days = sorted({f.sprint.starts for s in stories for f in free[s.team]})
        self._in: dict[str, list[cp_model.IntVar]] = {
            s.key: [self._model.new_bool_var(f"{s.key}@{f.sprint.id}") for f in free[s.team]] for s in stories
        }
        self._placed = {key: self._model.new_bool_var(f"{key} placed") for key in self._in}
        self._end = {key: self._model.new_int_var(0, 100, f"{key} ends at") for key in self._in}
        for key, choices in self._in.items():
            self._model.add(_sum(choices, [1] * len(choices)) == self._placed[key])
            for free_sprint, choice in zip(self._sprints(key), choices, strict=True):
                needed = _percent(self._stories[key], free_sprint)
                self._model.add(self._end[key] >= min(needed, 100)).only_enforce_if(choice)
        self._capacity()
        for link in links:
            if link.story in self._stories and link.after in impossible:
                self._model.add(self._placed[link.story] == 0)
            elif link.story in self._stories and link.after in self._stories:
                self._follow(self._stories[link.story], self._stories[link.after])
        self._in_order(order, links)
        self._objective(order)

    def solve(self) -> dict[str, Free]:
        """Story key to its place. Every model has a solution: the one that places nothing."""
        from ortools.sat.python import cp_model

        solver = cp_model.CpSolver()
        solver.parameters.num_workers = 1
        solver.parameters.random_seed = 7
        solver.parameters.max_deterministic_time = DETERMINISTIC_LIMIT
        status = solver.solve(self._model)
        if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            return {}
        return {
            key: self._sprints(key)[place]
            for key, choices in self._in.items()
            for place, choice in enumerate(choices)
            if solver.value(choice)
        }

    def _sprints(self, key: str) -> Sequence[Free]:
        return self._free[self._stories[key].team]

    def _capacity(self) -> None:
        groups: defaultdict[tuple[str, str], list[DraftStory]] = defaultdict(list)
        for story in self._stories.values():
            groups[story.team, story.discipline].append(story)
        for (team, discipline), stories in groups.items():
            for place, free in enumerate(self._free[team]):
                used = _sum([self._in[s.key][place] for s in stories], [_tenths(s.hours) for s in stories])
                self._model.add(used <= _tenths(free.hours.get(discipline, 0.0)))

    def _follow(self, later: DraftStory, earlier: DraftStory) -> None:
        """`later` has a place only if `earlier` has; within one sprint it ends a part of it after `earlier`."""
        self._model.add_implication(self._placed[later.key], self._placed[earlier.key])
        for here, mine in zip(self._free[later.team], self._in[later.key], strict=True):
            for there, other in zip(self._free[earlier.team], self._in[earlier.key], strict=True):
                if here.sprint.starts == there.sprint.starts:
                    after = self._end[earlier.key] + _percent(later, here)
                    self._model.add(self._end[later.key] >= after).only_enforce_if([mine, other])
                elif here.sprint.starts < there.sprint.ends:
                    self._model.add_bool_or([mine.negated(), other.negated()])

    def _in_order(self, order: Sequence[str], links: Sequence[Precedence]) -> None:
        """Wanted neighbours begin in that order, unless the plan's own dependencies say the opposite."""
        wanted = [key for key in order if key in self._stories]
        for first, second in pairwise(wanted):
            if not _depends(links, first, second):
                both = [self._placed[first], self._placed[second]]
                self._model.add(self._begin(first) <= self._begin(second)).only_enforce_if(both)

    def _begin(self, key: str) -> cp_model.LinearExpr:
        """The position of the day on which the story's sprint begins, 0 if it has no place."""
        return _sum(self._in[key], [self._days.index(free.sprint.starts) for free in self._sprints(key)])

    def _objective(self, order: Sequence[str]) -> None:
        steps = len(self._days) + 1
        finish = self._model.new_int_var(0, steps, "finish")
        weight = {key: _WEIGHT[story.priority] for key, story in self._stories.items()}
        weight.update({key: 8 + len(order) - place for place, key in enumerate(order) if key in weight})
        for key in self._stories:
            self._model.add(finish >= self._begin(key) + self._placed[key])
        keys = list(self._stories)
        most_early = steps * sum(weight.values()) + 1
        early = _sum([self._begin(key) for key in keys], [weight[key] for key in keys])
        placed = _sum([self._placed[key] for key in keys], [weight[key] for key in keys])
        self._model.minimize(early + most_early * finish - most_early * (steps + 1) * placed)


def _sum(terms: Sequence[cp_model.LinearExprT], factors: Sequence[int]) -> cp_model.LinearExpr:
    from ortools.sat.python import cp_model

    total: cp_model.LinearExpr = cp_model.LinearExpr.weighted_sum(terms, factors)
    return total


def _percent(story: DraftStory, free: Free) -> int:
    """The part of a sprint that a story takes, 1 to 100 for one that fits."""
    return max(1, ceil(100 * story.hours / max(free.hours.get(story.discipline, 0.0), 0.01)))


def _depends(links: Sequence[Precedence], story: str, other: str) -> bool:
    """Whether `story` comes, over any number of steps, after `other`."""
    reached = {story}
    while found := {link.after for link in links if link.story in reached} - reached:
        reached |= found
    return other in reached


def _tenths(hours: float) -> int:
    return round(hours * 10)
