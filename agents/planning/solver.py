"""The schedule's model for OR-tools CP-SAT: one Boolean for each story and window.

Deterministic: one worker, a fixed seed, and a limit in the solver's own deterministic time, never on
the clock; every model has a solution, the one that places nothing. OR-tools releases the GIL while it
solves.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise

from ortools.sat.python import cp_model

from agents.planning.capacity import Free
from agents.planning.draft import DraftStory, Precedence
from agents.planning.schedule import Window, tenths
from integrations.tracker import Priority

DETERMINISTIC_LIMIT = 4.0
_WEIGHT = {Priority.P0: 8, Priority.P1: 4, Priority.P2: 2, Priority.P3: 1}


def solve(
    stories: Sequence[DraftStory],
    choices: Mapping[str, Sequence[Window]],
    impossible: Sequence[str],
    links: Sequence[Precedence],
    free: Mapping[str, Sequence[Free]],
    order: Sequence[str],
) -> dict[str, Window]:
    """Story key to its window; what has none is missing. `impossible` are stories without any window."""
    if not stories:
        return {}
    model = _Model(stories, choices)
    model.keep_capacity(free)
    for link in links:
        if link.after in impossible:
            model.leave_out(link.story)
        else:
            model.follow(link.story, link.after)
    model.keep_order([key for key in order if key not in impossible], links)
    return model.best(order)


class _Model:
    def __init__(self, stories: Sequence[DraftStory], choices: Mapping[str, Sequence[Window]]) -> None:
        self._model = cp_model.CpModel()
        self._stories = {s.key: s for s in stories}
        self._windows = {key: choices[key] for key in self._stories}
        self._days = sorted({w.starts for found in self._windows.values() for w in found})
        self._in = {
            key: [self._model.new_bool_var(f"{key}@{w.sprint}") for w in found]
            for key, found in self._windows.items()
        }
        self._placed = {key: self._model.new_bool_var(f"{key} placed") for key in self._in}
        self._end = {key: self._model.new_int_var(0, 100, f"{key} ends at") for key in self._in}
        for key, options in self._in.items():
            self._model.add(_sum(options, [1] * len(options)) == self._placed[key])
            for window, option in zip(self._windows[key], options, strict=True):
                self._model.add(self._end[key] >= window.percent).only_enforce_if(option)

    def keep_capacity(self, free: Mapping[str, Sequence[Free]]) -> None:
        """The hours of a discipline in a sprint stay within what is free."""
        used: defaultdict[tuple[str, str], list[tuple[cp_model.IntVar, int]]] = defaultdict(list)
        for key, options in self._in.items():
            for window, option in zip(self._windows[key], options, strict=True):
                for sprint, load in window.loads:
                    used[sprint, self._stories[key].discipline].append((option, load))
        hours = {f.sprint.id: f.hours for sprints in free.values() for f in sprints}
        for (sprint, discipline), loads in used.items():
            most = tenths(hours[sprint].get(discipline, 0.0)) + 1  # a split story's parts are rounded
            self._model.add(_sum([option for option, _ in loads], [load for _, load in loads]) <= most)

    def leave_out(self, key: str) -> None:
        """This story gets no place."""
        if key in self._placed:
            self._model.add(self._placed[key] == 0)

    def follow(self, later: str, earlier: str) -> None:
        """`later` has a place only if `earlier` has, and begins after it; see the schedule's rules."""
        if later not in self._stories or earlier not in self._stories:
            return
        self._model.add_implication(self._placed[later], self._placed[earlier])
        for here, mine in zip(self._windows[later], self._in[later], strict=True):
            for there, other in zip(self._windows[earlier], self._in[earlier], strict=True):
                if here.starts == there.starts and len(there.loads) == 1:
                    after = self._end[earlier] + here.percent
                    self._model.add(self._end[later] >= after).only_enforce_if([mine, other])
                elif here.starts < there.ends:
                    self._model.add_bool_or([mine.negated(), other.negated()])

    def keep_order(self, order: Sequence[str], links: Sequence[Precedence]) -> None:
        """Neighbours begin in this order, unless the plan's own dependencies say the opposite."""
        for first, second in pairwise(key for key in order if key in self._stories):
            if not depends(links, first, second):
                both = [self._placed[first], self._placed[second]]
                self._model.add(self._begin(first) <= self._begin(second)).only_enforce_if(both)

    def best(self, order: Sequence[str]) -> dict[str, Window]:
        """The best places found within the limit."""
        self._aim(order)
        solver = cp_model.CpSolver()
        solver.parameters.num_workers = 1
        solver.parameters.random_seed = 7
        solver.parameters.max_deterministic_time = DETERMINISTIC_LIMIT
        if solver.solve(self._model) not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            return {}
        return {
            key: window
            for key, options in self._in.items()
            for window, option in zip(self._windows[key], options, strict=True)
            if solver.value(option)
        }

    def _begin(self, key: str) -> cp_model.LinearExpr:
        """The position of the day on which the story begins, 0 if it has no place."""
        return _sum(self._in[key], [self._days.index(w.starts) for w in self._windows[key]])

    def _aim(self, order: Sequence[str]) -> None:
        lasts = {
            key: [len([d for d in self._days if d < w.ends]) for w in ws] for key, ws in self._windows.items()
        }
        steps = max(last for found in lasts.values() for last in found) + 1
        finish = self._model.new_int_var(0, steps, "finish")
        for key, found in lasts.items():
            self._model.add(finish >= _sum(self._in[key], found))
        weight = {key: _WEIGHT[story.priority] for key, story in self._stories.items()}
        weight.update({key: 8 + len(order) - place for place, key in enumerate(order) if key in weight})
        keys = list(self._stories)
        most = steps * sum(weight.values()) + 1
        early = _sum([self._begin(key) for key in keys], [weight[key] for key in keys])
        placed = _sum([self._placed[key] for key in keys], [weight[key] for key in keys])
        self._model.minimize(early + most * finish - most * (steps + 1) * placed)


def depends(links: Sequence[Precedence], story: str, other: str) -> bool:
    """Whether `story` comes, over any number of steps, after `other`."""
    reached = {story}
    while found := {link.after for link in links if link.story in reached} - reached:
        reached |= found
    return other in reached


def _sum(terms: Sequence[cp_model.LinearExprT], factors: Sequence[int]) -> cp_model.LinearExpr:
    total: cp_model.LinearExpr = cp_model.LinearExpr.weighted_sum(terms, factors)
    return total
