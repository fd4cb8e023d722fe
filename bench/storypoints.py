"""Effort from an issue's text: the product's own estimator on public projects, against their median.

Protocol: file order, the first 80 % are history, the last 20 % are estimated;
raw points; mean absolute error a project, unweighted mean. The estimator has nothing to tune, so the
validation fifth is history too. The data is found by BENCH_DATA and is not part of the project.
"""

from __future__ import annotations

import csv
import gzip
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean, median

from agents.planning.draft import Estimate
from agents.planning.estimates import estimate
from agents.planning.history import DoneWork
from bench.targets import Targets
from integrations.tracker import Priority, Story, StoryStatus

DATA = Path(os.environ.get("BENCH_DATA", "../shared/bench")) / "storypoints"
_AT = datetime(2020, 1, 1, tzinfo=UTC)


def main() -> int:
    """Measure every project that is there; 1 if none is, or the median would have done better."""
    files = sorted(DATA.glob("*_deep-se.csv.gz"))
    if not files:
        print(f"{DATA}: no *_deep-se.csv.gz; set BENCH_DATA to the folder of the public data")
        return 1
    print(f"{'project':10}{'issues':>8}{'estimator':>11}{'median':>9}{'ratio':>8}{'within 10-90 %':>16}")
    rows = [measured(file) for file in files]
    for name, issues, own, reference, covered in rows:
        print(f"{name:10}{issues:8d}{own:11.3f}{reference:9.3f}{own / reference:8.2f}{covered:16.2f}")
    own, reference = fmean(row[2] for row in rows), fmean(row[3] for row in rows)
    covered = fmean(row[4] for row in rows)
    print(f"{'mean':10}{'':8}{own:11.3f}{reference:9.3f}{own / reference:8.2f}{covered:16.2f}")
    targets = Targets()
    targets.below("mean ratio to the median", own / reference, 1.005)
    return targets.status()


def measured(file: Path) -> tuple[str, int, float, float, float]:
    """Project, issues, mean absolute error of the estimator and of the median, share within the range."""
    with gzip.open(file, "rt", encoding="utf-8", newline="") as lines:
        stories = [_story(row) for row in csv.DictReader(lines)]
    cut = round(0.8 * len(stories))
    work = DoneWork(tuple(stories[:cut]))
    middle = median(s.actual_hours or 0.0 for s in stories[:cut])
    errors, references, within = [], [], []
    for story in stories[cut:]:
        actual = story.actual_hours or 0.0
        found = estimate(f"{story.title}. {story.description}", story.discipline, work)
        if not isinstance(found, Estimate):
            raise SystemExit(f"{file.name}: not enough history")
        errors.append(abs(found.p50 - actual))
        references.append(abs(middle - actual))
        within.append(found.low <= actual <= found.high)
    return file.name.split("_")[0], len(stories), fmean(errors), fmean(references), fmean(within)


def _story(row: dict[str, str]) -> Story:
    """An issue as a done story, its points in the place of hours."""
    return Story(
        id=row["issuekey"],
        title=row["title"],
        description=row["description"] or "",
        acceptance=(),
        team="",
        product="",
        status=StoryStatus.DONE,
        priority=Priority.P2,
        epic=None,
        discipline="any",
        estimate_hours=None,
        actual_hours=float(row["storypoint"]),
        customers=(),
        labels=(),
        depends_on=(),
        blocked_reason=None,
        assignee=None,
        sprint=None,
        created=_AT,
        started=_AT,
        finished=_AT,
    )


if __name__ == "__main__":
    sys.exit(main())
