"""Plans carried out in simulation, day by day, with hours that real stories took.

A plan's stories are done stories of the sample department, estimated from what was done before them only; what
they really took is their outcome. Who carries a plan out knows nothing of the forecast: each line of work has
its sprint's hours, spread over the sprint's working days; in each tenth of a day it goes on with what it has
begun, or begins the first story of its sprints that may begin. Its only input besides is the schedule's order.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from agents.planning.capacity import Free, free_hours
from agents.planning.draft import DraftStory, Estimate, Forecast, Precedence, Scheduled
from agents.planning.estimates import estimate, past_accuracy
from agents.planning.forecast import forecast
from agents.planning.history import DoneWork
from agents.planning.request import PlanningInput
from agents.planning.schedule import Timetable, schedule
from integrations.tracker import Story

PLANS = 200
CUTS = 8
"""Days at which history is cut in two: estimates come from before, stories and outcomes from after."""
_SLOTS = 10
"""Parts of a day."""
_MOST_DAYS = 1000


@dataclass(frozen=True, slots=True)
class Outcome:
    """A plan as forecast, and the day on which it was done."""

    stories: int
    scheduled: date
    p50: date
    p85: date
    done: date


@dataclass(frozen=True, slots=True)
class Covered:
    """Estimates of stories that were not yet done: how many, and how many lay within their range."""

    tested: int
    within: int
    under_median: int


def outcomes(given: PlanningInput, plans: int = PLANS, seed: int = 11) -> tuple[list[Outcome], Covered]:
    """Plans of 5 to 40 stories with random orders of real stories, and how well the estimates held."""
    chance = random.Random(seed)
    done = given.done()
    found: list[Outcome] = []
    tested = within = under = 0
    for cut in range(CUTS):
        at = round(len(done) * (0.5 + 0.4 * cut / CUTS))
        known, later = DoneWork(done[:at]), done[at:]
        estimates = {s.id: estimate(f"{s.title}. {s.description}", s.discipline, known) for s in later}
        for story in later:
            own = estimates[story.id]
            if not isinstance(own, Estimate) or not story.actual_hours:
                raise SystemExit("the sample has too little history")
            tested += 1
            within += own.low <= story.actual_hours <= own.high
            under += story.actual_hours <= own.p50
        while len(found) < round(plans * (cut + 1) / CUTS):
            one = _plan(chance, later, estimates, known, given)  # type: ignore[arg-type]
            if one is not None:
                found.append(one)
    return found, Covered(tested, within, under)


def _plan(
    chance: random.Random,
    later: Sequence[Story],
    estimates: dict[str, Estimate],
    known: DoneWork,
    given: PlanningInput,
) -> Outcome | None:
    """One plan; None if it does not fit into the sprints that are known."""
    chosen = _chosen(chance, later)
    stories = [_drafted(f"S{n}", s, estimates[s.id]) for n, s in enumerate(chosen)]
    links = _links(chance, len(stories))
    free = free_hours(given)
    table = schedule(stories, links, free, given)
    seed = f"{chance.getrandbits(64):016x}"
    coming = forecast(table, stories, past_accuracy(known), seed)
    if table.unscheduled or not isinstance(coming, Forecast) or table.ends is None:
        return None
    took = {f"S{n}": s.actual_hours or 0.0 for n, s in enumerate(chosen)}
    ended = carried_out(table, stories, links, took, free, given)
    return Outcome(len(stories), table.ends, coming.p50, coming.p85, ended)


def _chosen(chance: random.Random, later: Sequence[Story]) -> list[Story]:
    """5 to 40 stories of one epic, or of as many as it takes: a plan is about one thing."""
    by_epic: dict[str, list[Story]] = {}
    for story in later:
        by_epic.setdefault(story.epic or story.team, []).append(story)
    count = chance.randint(5, 40)
    found: list[Story] = []
    for epic in chance.sample(sorted(by_epic), len(by_epic)):
        found += by_epic[epic]
        if len(found) >= count:
            break
    return chance.sample(found, min(count, len(found)))


def _drafted(key: str, story: Story, own: Estimate) -> DraftStory:
    return DraftStory(
        key, story.title, "user", "it", "", (), (), story.team, story.discipline, own, (), story.priority
    )


def _links(chance: random.Random, count: int) -> list[Precedence]:
    pairs = {(late, chance.randrange(late)) for late in range(1, count) if chance.random() < 0.5}
    return [Precedence(f"S{late}", f"S{early}", "") for late, early in sorted(pairs)]


def carried_out(
    table: Timetable,
    stories: Sequence[DraftStory],
    links: Sequence[Precedence],
    took: dict[str, float],
    free: dict[str, tuple[Free, ...]],
    given: PlanningInput,
) -> date:
    """The day on which the last story is done if they take these hours."""
    places = {p.story: p for p in table.scheduled}
    queue = sorted(stories, key=lambda s: (places[s.key].begins, places[s.key].done, int(s.key[1:])))
    needs = {s.key: {link.after for link in links if link.story == s.key} for s in stories}
    left, done = dict(took), set[str]()
    current: dict[tuple[str, str], str] = {}
    day, lines = given.starts, sorted({(s.team, s.discipline) for s in queue})
    for _ in range(_MOST_DAYS):
        if given.days.works_on(day):
            hours = {line: _hours(line, day, free, given) / _SLOTS for line in lines}
            for _slot in range(_SLOTS):
                _work(day, hours, queue, places, needs, left, done, current)
                if len(done) == len(queue):
                    return day
        day += timedelta(days=1)
    raise SystemExit("a plan did not end within 1000 days")


def _work(
    day: date,
    free: dict[tuple[str, str], float],
    queue: Sequence[DraftStory],
    places: dict[str, Scheduled],
    needs: dict[str, set[str]],
    left: dict[str, float],
    done: set[str],
    current: dict[tuple[str, str], str],
) -> None:
    """A tenth of a day of every line of work; what is done in it counts for others from the next one on."""
    before = frozenset(done)
    for line, hours in free.items():
        while hours > 1e-9:
            key = current.get(line) or _next(line, day, queue, places, needs, before, done, current)
            if key is None:
                break
            current[line] = key
            worked = min(hours, left[key])
            left[key] -= worked
            hours -= worked
            if left[key] <= 1e-9:
                done.add(key)
                del current[line]


def _next(
    line: tuple[str, str],
    day: date,
    queue: Sequence[DraftStory],
    places: dict[str, Scheduled],
    needs: dict[str, set[str]],
    before: frozenset[str],
    done: set[str],
    current: dict[tuple[str, str], str],
) -> str | None:
    for s in queue:
        if (s.team, s.discipline) != line or s.key in done or s.key in current.values():
            continue
        if places[s.key].starts <= day and needs[s.key] <= before:
            return s.key
    return None


def _hours(line: tuple[str, str], day: date, free: dict[str, tuple[Free, ...]], given: PlanningInput) -> float:
    """Free hours of a line on a day; after the last known sprint the team's week, spread over its days."""
    team, discipline = line
    for f in free[team]:
        if f.sprint.starts <= day < f.sprint.ends:
            days = sum(
                given.days.works_on(f.sprint.starts + timedelta(days=n))
                for n in range((f.sprint.ends - f.sprint.starts).days)
            )
            return f.hours.get(discipline, 0.0) / max(days, 1)
    if free[team] and day < free[team][-1].sprint.ends:
        return 0.0
    weekly = next(t for t in given.teams if t.id == team).capacity
    return next((hours for d, hours in weekly.items() if d.value == discipline), 0.0) / 5


def large_plan(given: PlanningInput, seed: int = 3) -> tuple[list[DraftStory], list[Precedence]]:
    """200 stories of the department's kinds for its eight teams, in 400 orders."""
    chance = random.Random(seed)
    kinds = [(t.id, d.value, hours) for t in given.teams for d, hours in t.capacity.items() if hours >= 6]
    stories = []
    for n in range(200):
        team, discipline, weekly = chance.choices(kinds, [k[2] for k in kinds])[0]
        hours = round(min(2 * weekly * 0.6, chance.lognormvariate(2.0, 0.5)) * 4) / 4
        own = Estimate(hours, hours * 0.6, hours * 1.7, "similar", (), spread=0.4)
        sketch = DraftStory(
            f"S{n}", f"Story {n}", "user", "it", "", (), (), team, discipline, own, (), given.done()[n].priority
        )
        stories.append(sketch)
    pairs: set[tuple[int, int]] = set()
    while len(pairs) < 400:
        late = chance.randrange(1, 200)
        pairs.add((late, chance.randrange(late)))
    return stories, [Precedence(f"S{late}", f"S{early}", "") for late, early in sorted(pairs)]


def without_commitments(given: PlanningInput) -> PlanningInput:
    """The same department with nothing taken on, so that plans of all sizes find room."""
    return replace(given, stories=given.done())
