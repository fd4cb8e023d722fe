"""When it will be done, from how many stories the teams really finish in a week (Monte Carlo).

The model. For each team of the plan: the stories that it finished in each of the last full weeks (26,
or 52 where those hold under 20). A run goes forward week by week from the plan's start; each week a team
finishes as many stories as in a past week drawn at random, times the part of its usual sprint that is
free then (holidays and commitments taken off). The plan is done in the week in which its last team has
finished its stories. Throughput is counted in stories, not hours; dependencies between teams are not
simulated (the schedule has them), so a forecast may be earlier than the schedule allows.

The runs are seeded from the document's digest: the same input gives the same figures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median

from agents.planning.capacity import Free
from agents.planning.draft import HISTORY_NEEDED, DraftStory, Forecast, NotEnoughHistory
from agents.planning.request import PlanningInput

RUNS = 10_000
MOST_WEEKS = 104
"""Runs that are not done by then count as this many weeks."""
_WINDOWS = (26, 52)


@dataclass(frozen=True, slots=True)
class Throughput:
    """Stories finished by one team in each past week, oldest first."""

    team: str
    weekly: tuple[int, ...]


def throughput(teams: Sequence[str], given: PlanningInput) -> tuple[Throughput, ...] | NotEnoughHistory:
    """The last full weeks (Monday to Sunday) of these teams."""
    monday = given.today - timedelta(days=given.today.weekday())
    found = 0
    for weeks in _WINDOWS:
        counts = {team: [0] * weeks for team in teams}
        for story in given.done():
            ago = (monday - story.finished.date()).days if story.finished else 0
            if story.team in counts and 0 < ago <= 7 * weeks:
                counts[story.team][weeks - 1 - (ago - 1) // 7] += 1
        found = sum(sum(weekly) for weekly in counts.values())
        if found >= HISTORY_NEEDED and all(any(weekly) for weekly in counts.values()):
            return tuple(Throughput(team, tuple(weekly)) for team, weekly in sorted(counts.items()))
    return NotEnoughHistory(min(found, HISTORY_NEEDED - 1))


def forecast(
    stories: Sequence[DraftStory],
    past: Sequence[Throughput],
    free: Mapping[str, Sequence[Free]],
    given: PlanningInput,
) -> Forecast:
    """P50 and P85 over RUNS runs. Raises ValueError if a team of the stories has no throughput in `past`."""
    import numpy as np

    random = np.random.default_rng(int(given.document.digest[:16] or "0", 16))
    monday = given.starts + timedelta(days=-given.starts.weekday() % 7)
    done = np.ones(RUNS, dtype=np.int64)
    for team in past:
        needed = sum(story.team == team.team for story in stories)
        if not needed:
            continue
        shares = np.array(
            [_share(free[team.team], monday + timedelta(weeks=w), given) for w in range(MOST_WEEKS)]
        )
        drawn = random.choice(np.array(team.weekly), size=(RUNS, MOST_WEEKS)) * shares
        finished = np.cumsum(drawn, axis=1) >= needed - 1e-9
        weeks = np.where(finished.any(axis=1), finished.argmax(axis=1) + 1, MOST_WEEKS)
        done = np.maximum(done, weeks)
    half, most = (int(np.quantile(done, q, method="higher")) for q in (0.5, 0.85))
    counted = np.unique(done, return_counts=True)
    histogram = tuple((int(week), int(runs)) for week, runs in zip(*counted, strict=True))
    first = (monday - given.today).days // 7
    return Forecast(
        p50=_last_day(monday, half),
        p85=_last_day(monday, most),
        weeks_p50=first + half,
        weeks_p85=first + most,
        samples=RUNS,
        histogram=tuple((first + week, runs) for week, runs in histogram),
    )


def _last_day(monday: date, weeks: int) -> date:
    """The Friday of the last of so many weeks."""
    return monday + timedelta(weeks=weeks, days=-3)


def _share(sprints: Sequence[Free], week: date, given: PlanningInput) -> float:
    """What part of the team's usual sprint is free in this week; beyond the last sprint, the mean."""
    if not sprints:
        return 1.0
    past = [
        s.capacity_hours for s in given.sprints if s.team == sprints[0].sprint.team and s.ends <= given.today
    ]
    usual = median(past[-13:]) if past else median(free.sprint.capacity_hours for free in sprints)
    parts = [min(1.0, sum(free.hours.values()) / usual) if usual else 1.0 for free in sprints]
    for free, part in zip(sprints, parts, strict=True):
        if free.sprint.starts <= week < free.sprint.ends:
            return part
    return sum(parts) / len(parts)
