"""When the work that teams have taken on will be done, from how many stories they really finish in a week.

There is no plan here, so no order and no hours: each run goes forward week by week; each week a team
finishes as many stories as in a past week drawn at random, less the part of the week that is holidays; a run
is done in the week in which its last team is. New work is not simulated. The same counts give the same figures.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta

from agents.planning.draft import HISTORY_NEEDED, Forecast, NotEnoughHistory
from agents.planning.working_days import WorkingDays
from integrations.tracker import Story

RUNS = 10_000
MOST_WEEKS = 104
"""Runs that are not done by then count as this many weeks."""
WEEKS = 26
"""Full weeks of finished stories that runs draw from."""


def finished_weekly(stories: Iterable[Story], today: date, weeks: int = WEEKS) -> Mapping[str, tuple[int, ...]]:
    """Stories that each team finished in each of the last full weeks (Monday to Sunday), oldest first."""
    monday = today - timedelta(days=today.weekday())
    counts: dict[str, list[int]] = {}
    for story in stories:
        ago = (monday - story.finished.date()).days if story.finished else 0
        if 0 < ago <= 7 * weeks:
            counts.setdefault(story.team, [0] * weeks)[weeks - 1 - (ago - 1) // 7] += 1
    return {team: tuple(weekly) for team, weekly in sorted(counts.items())}


def outlook(
    open_by_team: Mapping[str, int], weekly: Mapping[str, Sequence[int]], today: date, days: WorkingDays
) -> Forecast | NotEnoughHistory:
    """P50 and P85 of when all of `open_by_team` is done; `weekly` is what `finished_weekly` gives.

    Not enough history where too few stories were finished, or none by a team that has open ones.
    """
    import numpy as np

    found = sum(sum(counts) for counts in weekly.values())
    needed = {team: count for team, count in sorted(open_by_team.items()) if count}
    if found < HISTORY_NEEDED or not needed or not all(any(weekly.get(team, ())) for team in needed):
        return NotEnoughHistory(min(found, HISTORY_NEEDED - 1))
    random = np.random.default_rng([found, *needed.values()])
    done = np.ones(RUNS, dtype=np.int64)
    monday = today + timedelta(days=-today.weekday() % 7)  # of the first week that is whole
    shares = np.array([_share(monday + timedelta(weeks=week), days) for week in range(MOST_WEEKS)])
    for team, count in needed.items():
        drawn = random.choice(np.array(weekly[team]), size=(RUNS, MOST_WEEKS)) * shares
        finished = np.cumsum(drawn, axis=1) >= count - 1e-9
        done = np.maximum(done, np.where(finished.any(axis=1), finished.argmax(axis=1) + 1, MOST_WEEKS))
    half, most = (int(np.quantile(done, q, method="higher")) for q in (0.5, 0.85))
    counted = zip(*np.unique(done, return_counts=True), strict=True)
    return Forecast(
        p50=_last_day(monday, half, days),
        p85=_last_day(monday, most, days),
        weeks_p50=half,
        weeks_p85=most,
        samples=RUNS,
        histogram=tuple((int(week), int(runs)) for week, runs in counted),
    )


def _share(monday: date, days: WorkingDays) -> float:
    """What part of its usual working days a week has."""
    return len(days.between(monday, monday + timedelta(weeks=1))) / max(len(days.weekdays), 1)


def _last_day(monday: date, weeks: int, days: WorkingDays) -> date:
    """The last working day of the last of so many weeks."""
    return days.last_before(monday + timedelta(weeks=weeks))
