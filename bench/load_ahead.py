"""The traffic forecast on M4's hourly series, beside the seasonal naive: `python -m bench.load_ahead`.

Protocol: fit on the training part, forecast 48 hours. sMAPE is the mean of 200|y-f|/(|y|+|f|), MASE is scaled
by the mean absolute difference to a day before in the training part; both are averaged over the series.
Coverage is the share of hours within the 80 % interval. The forecast's settings were chosen on every second
series (from the first one on); the figures of the others are printed beside theirs. The data is found by
BENCH_DATA and is not part of the project. The last line is one JSON object.
"""

from __future__ import annotations

import csv
import json
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agents.operations.capacity.traffic_forecast import Traffic, forecast_traffic
from bench.targets import Targets

DATA = Path(os.environ.get("BENCH_DATA", "../shared/bench")) / "m4-hourly"
HOURS, DAY = 48, 24
_START = datetime(2026, 1, 1, tzinfo=UTC)  # the series have no date; the forecast does not look at it

Series = NDArray[np.float64]


def main() -> int:
    """Measure all series that are there; 1 where the data is missing or a target is missed."""
    train, test = DATA / "Hourly-train.csv", DATA / "Hourly-test.csv"
    if missing := [str(path) for path in (train, test) if not path.is_file()]:
        print(f"missing: {', '.join(missing)}; set BENCH_DATA to the folder of the public data")
        return 1
    pasts, futures = _read(train), _read(test)
    if not pasts or pasts.keys() != futures.keys() or any(len(each) != HOURS for each in futures.values()):
        print(f"{DATA}: the two files do not hold the same series with {HOURS} hours to forecast")
        return 1
    rows = np.array([_measured(pasts[name], futures[name]) for name in pasts])
    figures: dict[str, Any] = {"series": len(rows), **_figures(rows)}
    figures |= {"chosen_on": _figures(rows[::2]), "judged_on": _figures(rows[1::2])}
    _print(figures)
    targets = Targets()
    targets.below("sMAPE", figures["smape"], 10.5)
    targets.below("MASE", figures["mase"], 0.90)
    targets.at_least("coverage", figures["coverage80"], 0.75)
    targets.at_most("coverage", figures["coverage80"], 0.85)
    status = targets.status()
    print(json.dumps(figures))
    return status


def _read(path: Path) -> dict[str, Series]:
    with path.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.reader(lines))[1:]
    return {row[0]: np.array([float(value) for value in row[1:] if value]) for row in rows}


def _measured(past: Series, future: Series) -> tuple[float, ...]:
    said = forecast_traffic(Traffic(_START, timedelta(hours=1), past, ""), timedelta(hours=HOURS))
    naive = past[-DAY:][np.arange(HOURS) % DAY]
    scale = float(np.mean(np.abs(past[DAY:] - past[:-DAY])))
    covered = float(np.mean((future >= said.low) & (future <= said.high)))
    return *_errors(future, said.expected, scale), covered, *_errors(future, naive, scale)


def _errors(actual: Series, said: Series, scale: float) -> tuple[float, float]:
    smape = np.mean(200 * np.abs(actual - said) / (np.abs(actual) + np.abs(said)))
    return float(smape), float(np.mean(np.abs(actual - said))) / scale


def _figures(rows: NDArray[np.float64]) -> dict[str, float]:
    names = ("smape", "mase", "coverage80", "naive_smape", "naive_mase")
    return {name: round(float(value), 4) for name, value in zip(names, rows.mean(axis=0), strict=True)}


def _print(figures: dict[str, Any]) -> None:
    print(f"{'':24}{'sMAPE':>8}{'MASE':>8}{'within 80 %':>13}{'naive sMAPE':>13}{'naive MASE':>12}")
    parts = {"all": figures, "settings chosen on": figures["chosen_on"], "the others": figures["judged_on"]}
    for name, each in parts.items():
        print(
            f"  {name:22}{each['smape']:8.3f}{each['mase']:8.3f}{each['coverage80']:13.3f}"
            f"{each['naive_smape']:13.3f}{each['naive_mase']:12.3f}"
        )


if __name__ == "__main__":
    sys.exit(main())
