"""How sprints end, foretold at 30 % of their time, on public sprints: `python -m bench.sprints`.

Data: the sprints of open-source communities (M. Choetkiertikul et al., Predicting Delivery Capability in
Iterative Software Development, 2017), `<community>_iteration_30.csv`; what is foretold is `vel_diff`, points
done less points aimed at. Protocol: each community by itself, sorted by sprint id (stable); learnt from the
first 70 %, measured on the rest, whose outcomes are never learnt from. The names of sprints hold commas, so a
line is split from both ends.

Figures, each the unweighted mean of the communities: `nmae` is the mean absolute error of the median over the
interquartile range of the outcomes *learnt from* (of all, where half of those are the same); `coverage` the
share of outcomes within P10 to P90, ends included; `brier` the mean of (p - o)² of "at least what was aimed at"
(vel_diff ≥ 0), so its divisor is the number of sprints measured, and always saying 50 % gives .25.
`nmae_by_all` divides by the interquartile range of all outcomes, and `nmae_by_test` by that of the measured
ones. The features of issues are not read. The last line is one JSON object.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from agents.delivery.quantile_forest import QuantileForest, aged
from bench.targets import Targets

DATA = Path(os.environ.get("BENCH_DATA", "../shared/bench")) / "sprints" / "dataset"
LEARNT = 0.7
HALF_LIFE = 120.0
"""Sprints after which one counts half."""
_COLUMNS = (
    "vel_diff",
    "planday",
    "no_issue_starttime",
    "vel_starttime",
    "no_issue_added",
    "vel_added",
    "no_issue_removed",
    "vel_removed",
    "no_issuetodo",
    "vel_todo",
    "no_issueinprogress",
    "vel_inprogress",
    "no_issuedone",
    "vel_done",
    "no_admin",
    "no_teammember",
)
_HEAD = ["boardid", "sprintid", "name", *_COLUMNS]

Numbers = NDArray[np.float64]


class Unreadable(Exception):
    """A file that does not hold what the protocol expects."""


@dataclass(frozen=True, slots=True)
class Measured:
    """The figures of one community."""

    learnt: int
    measured: int
    nmae: float
    nmae_by_all: float
    nmae_by_test: float
    median_nmae: float
    coverage: float
    brier: float


def main() -> int:
    """Measure every community that is there; 1 where the data is missing or a target is missed."""
    files = sorted(DATA.glob("*/*_iteration_30.csv"))
    if not files:
        print(f"missing: {DATA}/*/*_iteration_30.csv; set BENCH_DATA to the folder of the public data")
        return 1
    try:
        each = {file.parent.name: measured(read(file)) for file in files}
    except Unreadable as wrong:
        print(wrong)
        return 1
    names = ("nmae", "nmae_by_all", "nmae_by_test", "median_nmae", "coverage", "brier")
    figures = {name: round(fmean(getattr(one, name) for one in each.values()), 4) for name in names}
    _print(each, figures)
    targets = Targets()
    targets.below("NMAE", figures["nmae"], 0.982)
    targets.at_least("coverage", figures["coverage"], 0.78)
    targets.at_most("coverage", figures["coverage"], 0.82)
    targets.at_most("Brier", figures["brier"], 0.17)
    status = targets.status()
    divisor = "interquartile range of the outcomes learnt from"
    communities = {name: asdict(one) for name, one in each.items()}
    print(json.dumps({**figures, "divisor": divisor, "communities": communities}))
    return status


def read(file: Path) -> Numbers:
    """Rows of board, sprint and _COLUMNS, by sprint id. Raises Unreadable."""
    first, *lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    if first.strip().split(",") != _HEAD:
        raise Unreadable(f"{file}: these are not the columns of the protocol")
    rows = []
    for number, line in enumerate(lines, 2):
        parts = line.split(",")
        try:
            rows.append([float(part) for part in (*parts[:2], *parts[-len(_COLUMNS) :])])
        except ValueError as wrong:
            raise Unreadable(f"{file}:{number}: {wrong}") from wrong
        if len(rows[-1]) != 2 + len(_COLUMNS):
            raise Unreadable(f"{file}:{number}: too few fields")
    if len(rows) < 30:
        raise Unreadable(f"{file}: {len(rows)} sprints are too few to learn from and to measure on")
    table = np.array(rows)
    ordered: Numbers = table[np.argsort(table[:, 1], kind="stable")]
    return ordered


def measured(table: Numbers) -> Measured:
    """Learn from the first sprints, foretell the others, and compare."""
    outcomes, features = table[:, 2], _features(table)
    cut = int(LEARNT * len(table))
    past, actual = outcomes[:cut], outcomes[cut:]
    ages = np.arange(cut, dtype=np.float64)[::-1]
    found = QuantileForest(features[:cut], past, aged(ages, HALF_LIFE)).asked(features[cut:])
    low, middle, high = (np.array([one.quantile(share) for one in found]) for share in (0.1, 0.5, 0.9))
    chances = np.array([one.at_least(0.0) for one in found])
    error = float(np.mean(np.abs(actual - middle)))
    naive = float(np.mean(np.abs(actual - np.median(past))))
    return Measured(
        learnt=cut,
        measured=len(actual),
        nmae=error / _spread(past, outcomes),
        nmae_by_all=error / _spread(outcomes),
        nmae_by_test=error / _spread(actual, outcomes),
        median_nmae=naive / _spread(past, outcomes),
        coverage=float(np.mean((low <= actual) & (actual <= high))),
        brier=float(np.mean((chances - (actual >= 0)) ** 2)),
    )


def _features(table: Numbers) -> Numbers:
    """The sprint's own columns, and what follows from them: what is aimed at now, and what is left of it."""
    had = {name: table[:, 2 + at] for at, name in enumerate(_COLUMNS)}
    left, done = had["vel_todo"] + had["vel_inprogress"], had["vel_done"]
    derived = (
        had["vel_starttime"] + had["vel_added"] - had["vel_removed"],
        left,
        left / np.maximum(left + done, 1),
        done - 0.3 * (left + done),
        had["no_issuetodo"] + had["no_issueinprogress"],
        had["vel_added"] - had["vel_removed"],
        had["vel_added"] / np.maximum(had["vel_starttime"], 1),
    )
    return np.column_stack([*(had[name] for name in _COLUMNS[1:]), *derived])


def _spread(*choices: Numbers) -> float:
    """The interquartile range of the first of these that has one."""
    for values in choices:
        upper, lower = np.percentile(values, [75, 25])
        if upper > lower:
            return float(upper - lower)
    raise Unreadable("half of the outcomes are the same, so there is no interquartile range to divide by")


def _print(each: dict[str, Measured], figures: dict[str, float]) -> None:
    print(f"{'':12}{'learnt':>8}{'measured':>10}{'NMAE':>8}{'median':>8}{'within 80 %':>13}{'Brier':>8}")
    for name, one in each.items():
        print(
            f"{name:12}{one.learnt:8d}{one.measured:10d}{one.nmae:8.3f}{one.median_nmae:8.3f}"
            f"{one.coverage:13.3f}{one.brier:8.3f}"
        )
    mean = (figures["nmae"], figures["median_nmae"], figures["coverage"], figures["brier"])
    print(f"{'mean':30}{mean[0]:8.3f}{mean[1]:8.3f}{mean[2]:13.3f}{mean[3]:8.3f}")


if __name__ == "__main__":
    sys.exit(main())
