"""When it will be done: the schedule carried out many times, each time with other hours (Monte Carlo).

A run draws the hours of every story from how far such estimates were off so far (`accuracy.py`), the errors
of one run going together as they did within the department's epics, and works them off as `course.py` says:
in the schedule's order, in the same free hours, over the same holidays, nothing before what it comes after
or before its sprint. The schedule is the run in which every story takes its median; as stories that overrun
hold up more than those that end early win, it comes before most of the runs. Where errors so far were such
that it would not, the runs' dates are still never given as earlier than the schedule's.

The runs are seeded from the document's digest: the same input gives the same figures.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date

import numpy as np

from agents.planning.accuracy import Accuracy, spread_of
from agents.planning.course import Horizon, carry_out
from agents.planning.draft import DraftStory, Estimate, Forecast, NotEnoughHistory
from agents.planning.schedule import Timetable
from agents.planning.times import week_of

RUNS = 4_000


def forecast(
    table: Timetable,
    stories: Sequence[DraftStory],
    known: Accuracy,
    digest: str,
    others: Sequence[date] = (),
) -> Forecast | NotEnoughHistory:
    """P50 and P85 of the stories that have a place; "not enough history" if none has. `others` are days on
    which stories that are not simulated, being under way, are taken to be done."""
    estimates = {s.key: s.estimate for s in stories if isinstance(s.estimate, Estimate)}
    scheduled = table.ends
    if scheduled is None or not estimates:
        return NotEnoughHistory(0)
    chance = np.random.default_rng(seed(digest))
    own = [estimates[task.key] for task in table.tasks]
    hours = known.drawn([e.p50 for e in own], [spread(e) for e in own], RUNS, chance)
    drawn = {task.key: row for task, row in zip(table.tasks, hours, strict=True)}
    ends = carry_out(table.tasks, drawn, table.days.supplies)
    done = np.max(np.stack(list(ends.values())), axis=0)
    scheduled = max(scheduled, *others, scheduled)
    return _from_ends(done, table.days, scheduled, min(p.begins for p in table.scheduled))


def _from_ends(
    done: np.ndarray[tuple[int], np.dtype[np.float64]], days: Horizon, scheduled: date, since: date
) -> Forecast:
    ordered = np.sort(done)
    half, most = (
        max(days.last_day(float(ordered[round(share * len(ordered)) - 1])), scheduled) for share in (0.5, 0.85)
    )
    last = [days.last_day(float(moment)) for moment in np.unique(np.ceil(ordered - 1e-6))]
    runs = np.unique(np.ceil(ordered - 1e-6), return_counts=True)[1]
    by_week: Counter[int] = Counter()
    for day, count in zip(last, runs, strict=True):
        by_week[week_of(day, since)] += int(count)
    reached = sum(int(count) for day, count in zip(last, runs, strict=True) if day <= scheduled)
    return Forecast(
        p50=half,
        p85=most,
        weeks_p50=week_of(half, since),
        weeks_p85=week_of(most, since),
        samples=len(ordered),
        histogram=tuple(sorted(by_week.items())),
        since=since,
        scheduled=round(reached / len(ordered), 3),
    )


def seed(digest: str) -> int:
    """A seed from a document's digest."""
    return int(digest[:16] or "0", 16)


def spread(estimate: Estimate) -> float:
    """An estimate's spread; in plans from before it was kept, from its range."""
    return estimate.spread or spread_of(estimate.low, estimate.high)
