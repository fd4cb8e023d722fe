"""Causes of incidents: the product's own search on PetShop, incidents in a real application on AWS.

Protocol (Hardt et al., The PetShop Dataset, CLeaR 2024): a scenario's `noissue` is the normal period of each of
its issues; of `target.json` only `target` is an input. A hit is a root cause among the first one or three; an
empty answer is a miss. Specificity: `noissue` is cut at 50 %, 60 % and so on, and the rest put as the incident:
nobody is the right answer. That rest is up to two days long, so it is asked as well of every five windows that
follow the first half, an issue's length, with all before them as the normal period.

Settings are the product's, one for all scenarios and both metrics.

    python -m bench.causes             # data from BENCH_DATA (every folder below petshop/dataset)
"""

from __future__ import annotations

import csv
import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import isnan
from pathlib import Path

import numpy as np

from agents.operations.burden import Call, Mask, Metric, Series, Service, System
from agents.operations.causes import find_causes
from bench.targets import Targets

ROOT = Path(__file__).resolve().parent.parent
LENGTH = 5

Columns = dict[tuple[str, str], Series]


@dataclass(frozen=True)
class Scenario:
    """One folder: its calls, its normal period, its issues, and their targets."""

    name: str
    calls: tuple[Call, ...]
    noissue: Columns
    issues: tuple[Path, ...]


@dataclass(frozen=True)
class Issue:
    """What came out for one issue: whether its cause was named first, and among the first three."""

    metric: Metric
    first: bool
    among_three: bool


@dataclass(frozen=True)
class Normal:
    """What came out where nothing had happened: whether nobody was named."""

    metric: Metric
    nobody: bool


def main() -> int:
    """Print the figures, the last line as JSON; 1 if a target was missed or a scenario lacks data, 2 if all."""
    data = Path(os.environ.get("BENCH_DATA", ROOT.parent / "shared" / "bench")) / "petshop" / "dataset"
    folders = sorted(path for path in data.glob("*") if path.is_dir())
    missing = [str(path) for folder in folders for path in _missing(folder)] if folders else [f"{data}/*"]
    if missing:
        print("missing, so not measured (set BENCH_DATA):", *missing, sep="\n  ", file=sys.stderr)
    folders = [folder for folder in folders if not _missing(folder)]
    if not folders:
        return 2
    issues: list[Issue] = []
    published: list[Normal] = []
    short: list[Normal] = []
    for folder in folders:
        scenario = _read(folder)
        issues += _issues(scenario)
        rows = len(next(iter(scenario.noissue.values())))
        cuts = range(rows // 2, rows - 3, int(rows * 0.1))
        published += _normal(scenario, [(cut, rows) for cut in cuts])
        short += _normal(scenario, [(row, row + LENGTH) for row in range(rows // 2, rows - LENGTH + 1, LENGTH)])
    return max(_report(issues, published, short), int(bool(missing)))


def _missing(folder: Path) -> list[Path]:
    """What a scenario lacks. One without a normal period cannot be asked; the others still are."""
    needed = [folder / "graph.csv", folder / "noissue" / "metrics.csv"]
    issues = [] if any(folder.glob("*/*/target.json")) else [folder / "*" / "*" / "target.json"]
    return [path for path in needed if not path.is_file()] + issues


def _read(folder: Path) -> Scenario:
    with (folder / "graph.csv").open(encoding="utf-8", newline="") as lines:
        head, *rows = list(csv.reader(lines))
    pairs = ((row[0], *pair) for row in rows for pair in zip(head[1:], row[1:], strict=True))
    calls = [Call(caller, callee) for caller, callee, is_call in pairs if float(is_call)]
    issues = tuple(sorted(path.parent for path in folder.glob("*/*/target.json")))
    return Scenario(folder.name, tuple(calls), _columns(folder / "noissue"), issues)


def _columns(folder: Path) -> Columns:
    """The columns that are asked for; the file's three header rows are service, metric and statistic."""
    with (folder / "metrics.csv").open(encoding="utf-8", newline="") as lines:
        services, metrics, statistics, *rows = list(csv.reader(lines))
    rows = [row for row in rows if row[0] != "unix_timestamp"]
    statistic = {"requests": "Sum", "latency": "Average", "availability": "Average"}
    return {
        (services[i], metrics[i]): np.array([float(row[i] or "nan") for row in rows])
        for i in range(1, len(services))
        if statistics[i] == statistic.get(metrics[i])
    }


def _system(calls: tuple[Call, ...], *periods: Columns) -> System:
    """One system over periods that follow each other. A service without a column had no requests."""
    lengths = [len(next(iter(period.values()))) for period in periods]

    def series(service: str, metric: str, otherwise: float) -> Series:
        parts = zip(periods, lengths, strict=True)
        return np.concatenate([p.get((service, metric), np.full(n, otherwise)) for p, n in parts])

    services: dict[str, Service] = {}
    for name in sorted({service for period in periods for service, _ in period}):
        requests = series(name, "requests", 0.0)
        failed = (1 - series(name, "availability", np.nan) / 100) * requests
        services[name] = Service(requests, series(name, "latency", np.nan), np.maximum(failed, 0.0))
    return System(services, calls)


def _named(system: System, target: str, metric: Metric, start: int, end: int) -> tuple[str, ...]:
    """Who is named for the windows from `start` to `end`, where all before them are normal."""
    windows = np.arange(len(system.services[target].requests))
    normal: Mask = windows < start
    found = find_causes(system, target, metric, normal, (windows >= start) & (windows < end))
    return tuple(cause.service for cause in found.causes)


def _target(issue: Path) -> tuple[str, Metric]:
    target = json.loads((issue / "target.json").read_text("utf-8"))["target"]
    return target["node"], Metric(target["metric"])


def _issues(scenario: Scenario) -> Iterator[Issue]:
    for issue in scenario.issues:
        node, metric = _target(issue)
        columns = _columns(issue)
        system = _system(scenario.calls, scenario.noissue, columns)
        start = len(next(iter(scenario.noissue.values())))
        named = _named(system, node, metric, start, start + len(next(iter(columns.values()))))
        cause = json.loads((issue / "target.json").read_text("utf-8"))["root_cause"]["node"]
        if cause not in named[:1]:
            where = f"{scenario.name} {issue.parent.name}/{issue.name} {metric}"
            print(f"  {where}: {', '.join(named) or 'nobody'}, not {cause}")
        yield Issue(metric, cause in named[:1], cause in named[:3])


def _normal(scenario: Scenario, spans: Sequence[tuple[int, int]]) -> Iterator[Normal]:
    system = _system(scenario.calls, scenario.noissue)
    for node, metric in sorted({_target(issue) for issue in scenario.issues}):
        for start, end in spans:
            if named := _named(system, node, metric, start, end):
                print(f"  {scenario.name} {metric}, normal from {start} to {end}: {', '.join(named)}")
            yield Normal(metric, not named)


def _report(issues: list[Issue], published: list[Normal], short: list[Normal]) -> int:
    figures: dict[str, float] = {"issues": len(issues)}
    for suffix, metrics in (("", tuple(Metric)), *((f"_{metric}", (metric,)) for metric in Metric)):
        those = [issue for issue in issues if issue.metric in metrics]
        figures[f"top1{suffix}"] = _share(issue.first for issue in those)
        figures[f"top3{suffix}"] = _share(issue.among_three for issue in those)
        figures[f"specificity{suffix}"] = _share(n.nobody for n in published if n.metric in metrics)
        figures[f"specificity_{LENGTH}_rows{suffix}"] = _share(n.nobody for n in short if n.metric in metrics)
    targets = Targets()
    targets.at_least("top1", figures["top1"], 0.88)
    targets.at_least("top3", figures["top3"], 0.95)
    targets.at_least("specificity, latency", figures["specificity_latency"], 0.5)
    targets.at_least("specificity of 5 rows, latency", figures["specificity_5_rows_latency"], 0.93)
    targets.at_least("specificity, availability", figures["specificity_availability"], 0.5)
    status = targets.status()
    print(json.dumps({name: None if isnan(value) else round(value, 4) for name, value in figures.items()}))
    return status


def _share(outcomes: Iterable[bool]) -> float:
    """NaN where nothing was asked: no target is met by it."""
    all_of_them = list(outcomes)
    return sum(all_of_them) / len(all_of_them) if all_of_them else float("nan")


if __name__ == "__main__":
    sys.exit(main())
