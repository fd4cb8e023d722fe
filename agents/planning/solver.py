"""Searches for a good schedule: many orders, each placed as early as it can go, the best one kept.

The orders come from rules (the longest chain first, the most important first, the document's own) and from
random changes of the first rule. That finds the shortest schedule, or one close to it, in a second for
plans of hundreds of stories; how close is said: no schedule can be shorter than the longest chain of
stories with nobody in its way, nor than the hours of a line of work. The same plan gives the same schedule.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush

from agents.planning.course import Horizon
from agents.planning.draft import DraftStory
from agents.planning.placing import Place, Placing, Window
from integrations.tracker import Priority

WEIGHT = {Priority.P0: 8, Priority.P1: 4, Priority.P2: 2, Priority.P3: 1}
_WORK = 8_000
"""Stories placed in a search, over all its tries."""
_FEWEST, _MOST = 30, 150
_SPREAD = 0.35
"""How far random tries move a story in the order, as a part of what it has behind it."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is to be placed. `order` are keys wanted first to last; `within` each story's windows; `not_before`
    the moments at which stories may begin that wait for something outside."""

    stories: tuple[DraftStory, ...]
    after: Mapping[str, tuple[str, ...]]
    within: Mapping[str, tuple[Window, ...]]
    days: Horizon
    order: tuple[str, ...] = ()
    not_before: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Solution:
    """Places by story key, and the moment before which no schedule of these stories can end."""

    places: Mapping[str, Place]
    bound: float

    @property
    def ends(self) -> float:
        """The moment at which the last story is done."""
        return max((place.ends for place in self.places.values()), default=0.0)


def solve(problem: Problem, tries: int | None = None) -> Solution:
    """The best schedule found; stories without a place are missing in it."""
    behind = _behind(problem)
    most = tries or max(_FEWEST, min(_MOST, _WORK // max(len(problem.stories), 1)))
    best: dict[str, Place] = {}
    score: tuple[float, ...] | None = None
    bound = lower_bound(problem)
    for keys in _rules(problem, behind, most):
        places = _placed(problem, keys)
        found = _score(problem, places)
        if score is None or found > score:
            best, score = places, found
    return Solution(best, min(bound, _ends(best)))


def _ends(places: Mapping[str, Place]) -> float:
    return max((place.ends for place in places.values()), default=0.0)


def _score(problem: Problem, places: Mapping[str, Place]) -> tuple[float, ...]:
    """More is better: what has a place, how early it ends, how early the important stories begin."""
    weight = {s.key: WEIGHT[s.priority] + (8 if s.key in problem.order else 0) for s in problem.stories}
    early = sum(weight[key] * place.begins for key, place in places.items())
    return (sum(weight[key] for key in places), -round(_ends(places), 6), -early)


def _rules(
    problem: Problem, behind: Mapping[str, float], most: int
) -> Sequence[Mapping[str, tuple[float, ...]]]:
    """Sort keys for the stories, one mapping a try; the smallest goes first."""
    number = {s.key: at for at, s in enumerate(problem.stories)}
    rank = {s.key: float(s.priority.value[1:]) for s in problem.stories}
    chance = random.Random(7)
    rules: list[dict[str, tuple[float, ...]]] = [
        {key: (-behind[key], rank[key], number[key]) for key in number},
        {key: (rank[key], -behind[key], number[key]) for key in number},
        {key: (number[key],) for key in number},
        {key: (-behind[key] * (5 - rank[key]), number[key]) for key in number},
    ]
    for _ in range(most - len(rules)):
        rules.append({key: (-behind[key] * (1 + chance.gauss(0, _SPREAD)), number[key]) for key in number})
    wanted = _wanted(problem)
    return [{key: (wanted.get(key, len(wanted)), *rule[key]) for key in rule} for rule in rules]


def _wanted(problem: Problem) -> dict[str, int]:
    """The place in the wanted order, for the stories in it and for all that they come after."""
    places: dict[str, int] = {}
    for place, key in enumerate(problem.order):
        waiting = [key]
        while waiting:
            one = waiting.pop()
            if one not in places:
                places[one] = place
                waiting.extend(problem.after.get(one, ()))
    return places


def _placed(problem: Problem, keys: Mapping[str, tuple[float, ...]]) -> dict[str, Place]:
    stories = {s.key: s for s in problem.stories}
    left = {key: sum(a in stories for a in problem.after.get(key, ())) for key in stories}
    before: dict[str, list[str]] = {}
    for key in stories:
        for other in problem.after.get(key, ()):
            before.setdefault(other, []).append(key)
    ready = [(keys[key], key) for key in stories if not left[key]]
    heapify(ready)
    placing = Placing(problem.days, problem.within)
    while ready:
        _, key = heappop(ready)
        placing.place(stories[key], problem.after.get(key, ()), _not_before(problem, key, placing.places))
        for later in before.get(key, ()):
            left[later] -= 1
            if not left[later]:
                heappush(ready, (keys[later], later))
    return placing.places


def _not_before(problem: Problem, key: str, places: Mapping[str, Place]) -> float:
    """A story of the wanted order begins no earlier than those before it there that have a place."""
    outside = problem.not_before.get(key, 0.0)
    if key not in problem.order:
        return outside
    earlier = problem.order[: problem.order.index(key)]
    return max([outside, *(places[one].begins for one in earlier if one in places)])


def _behind(problem: Problem) -> dict[str, float]:
    """Working days of the longest chain that begins with each story, at its line's usual pace."""
    known = {s.key for s in problem.stories}
    later: dict[str, list[str]] = {key: [] for key in known}
    for key in known:
        for other in problem.after.get(key, ()):
            if other in known:
                later[other].append(key)
    length: dict[str, float] = {}
    for s in reversed(topological(problem)):
        length[s.key] = _duration(problem, s) + max((length[one] for one in later[s.key]), default=0.0)
    return length


def _duration(problem: Problem, story: DraftStory) -> float:
    supply = problem.days.supplies[story.team, story.discipline]
    window = problem.within[story.key]
    opens, closes = window[0].opens, window[-1].closes
    pace = (supply.until(closes) - supply.until(opens)) / max(closes - opens, 1.0)
    return story.hours / max(pace, 1e-3)


def topological(problem: Problem) -> list[DraftStory]:
    """The stories, each after all that it comes after; what goes round in circles is left out."""
    stories = {s.key: s for s in problem.stories}
    done: dict[str, DraftStory] = {}
    waiting = list(problem.stories)
    while waiting:
        ready = [s for s in waiting if all(a in done or a not in stories for a in problem.after.get(s.key, ()))]
        if not ready:
            break
        done.update((s.key, s) for s in ready)
        waiting = [s for s in waiting if s.key not in done]
    return list(done.values())


def lower_bound(problem: Problem) -> float:
    """The moment before which these stories cannot all be done, whatever their order."""
    begins: dict[str, float] = {}
    ends: dict[str, float] = {}
    lines: dict[tuple[str, str], list[DraftStory]] = {}
    for s in topological(problem):
        ready = max((ends[a] for a in problem.after.get(s.key, ()) if a in ends), default=0.0)
        ready = max(ready, problem.not_before.get(s.key, 0.0))
        alone = Placing(problem.days, problem.within).place(s, (), ready)
        begins[s.key], ends[s.key] = (alone.begins, alone.ends) if alone else (ready, ready)
        lines.setdefault((s.team, s.discipline), []).append(s)
    by_line = [_line_bound(problem, own, begins) for own in lines.values()]
    return max([*ends.values(), *by_line], default=0.0)


def _line_bound(problem: Problem, stories: Sequence[DraftStory], begins: Mapping[str, float]) -> float:
    """For the stories of a line: their hours from some moment on, and that no two large ones share a sprint."""
    supply, hours, most = problem.days.supplies[stories[0].team, stories[0].discipline], 0.0, 0.0
    for s in sorted(stories, key=lambda s: -begins[s.key]):
        hours += s.hours
        most = max(most, supply.when(supply.until(begins[s.key]) + hours))
    single = {w.opens: w for s in stories for w in problem.within[s.key] if len(w.sprints) == 1}
    room = {opens: supply.until(w.closes) - supply.until(opens) for opens, w in single.items()}
    large = [s.hours for s in stories if room and s.hours > max(room.values()) / 2]
    alone = [s for s in large if s <= max(room.values())]
    holding = sorted(opens for opens in room if alone and room[opens] >= min(alone))
    if alone and len(holding) >= len(alone):
        opens = holding[len(alone) - 1]
        most = max(most, supply.when(supply.until(opens) + min(alone)))
    return most
