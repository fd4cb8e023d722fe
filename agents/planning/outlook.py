"""When the work that teams have taken on will be done, from how many stories they really finish in a week.

The model is that of `forecast.py` without a plan: each run goes forward week by week; each week a team
finishes as many stories as in a past week drawn at random; a run is done in the week in which its last
team is. Holidays and new work are not simulated. The same counts give the same figures.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta

from agents.planning.draft import HISTORY_NEEDED, Forecast, NotEnoughHistory
from agents.planning.forecast import MOST_WEEKS, RUNS
from integrations.tracker import Story

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
    open_by_team: Mapping[str, int], weekly: Mapping[str, Sequence[int]], today: date
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
    for team, count in needed.items():
        drawn = random.choice(np.array(weekly[team]), size=(RUNS, MOST_WEEKS))
        finished = np.cumsum(drawn, axis=1) >= count
        done = np.maximum(done, np.where(finished.any(axis=1), finished.argmax(axis=1) + 1, MOST_WEEKS))
    half, most = (int(np.quantile(done, q, method="higher")) for q in (0.5, 0.85))
    counted = zip(*np.unique(done, return_counts=True), strict=True)
    monday = today + timedelta(days=-today.weekday() % 7)  # of the first week that is whole
    return Forecast(
        p50=_friday(monday, half),
        p85=_friday(monday, most),
        weeks_p50=half,
        weeks_p85=most,
        samples=RUNS,
        histogram=tuple((int(week), int(runs)) for week, runs in counted),
    )


def _friday(monday: date, weeks: int) -> date:
    return monday + timedelta(weeks=weeks, days=-3)
