"""The scalability law on published measurements: `python -m bench.scalability`.

SPEC SDM91's coefficients as its fit was published, within .1 %; the peak's interval holds the published place,
and holds it as well when only the first five of the seven points are known, of which the fit itself makes
another one. A ray tracer's figures have no peak. The data is found by BENCH_DATA and is not part of the
project. The last line is one JSON object.
"""

from __future__ import annotations

import csv
import json
import os
import sys
from pathlib import Path
from typing import Any

from agents.operations.capacity.scalability import Scalability, fit_scalability
from bench.targets import Targets

DATA = Path(os.environ.get("BENCH_DATA", "../shared/bench")) / "usl"
PUBLISHED = {"alpha": 0.0277285, "beta": 0.0001044, "gamma": 89.995}
PUBLISHED_PEAK = 96.52


def main() -> int:
    """Fit both sets; 1 where the data is missing or a target is missed."""
    files = {name: DATA / f"{name}.csv" for name in ("specsdm91", "raytracer")}
    if missing := [str(path) for path in files.values() if not path.is_file()]:
        print(f"missing: {', '.join(missing)}; set BENCH_DATA to the folder of the public data")
        return 1
    spec, tracer = (_read(path) for path in files.values())
    whole, part, endless = fit_scalability(spec), fit_scalability(spec[:5]), fit_scalability(tracer)
    off = {name: abs(getattr(whole, name).value / value - 1) for name, value in PUBLISHED.items()}
    for name, value in PUBLISHED.items():
        found = getattr(whole, name)
        print(f"  {name:6} {found.value:.6g} (published {value:g}; standard error {found.error:.2g})")
    for name, law in {"SPEC SDM91": whole, "its first five": part, "ray tracer": endless}.items():
        print(f"  {name:15} {law.says()}")
    targets = Targets()
    for name, share in off.items():
        targets.at_most(f"{name}, off by", share, 0.001)
    targets.at_least("peak in the interval", float(_holds(whole) and whole.peak is not None), 1)
    targets.at_least("published peak in the interval of five points", float(_holds(part)), 1)
    targets.at_most(
        "peaks found of two that are not shown", (part.peak is not None) + (endless.peak is not None), 0
    )
    status = targets.status()
    figures: dict[str, Any] = {name: getattr(whole, name).value for name in PUBLISHED}
    peak = whole.peak
    figures |= {"off": max(off.values()), "peak": peak and [peak.load, peak.low, peak.high]}
    print(json.dumps(figures | {"five_points": part.says(), "raytracer": endless.says()}))
    return status


def _read(path: Path) -> list[tuple[float, float]]:
    with path.open(encoding="utf-8", newline="") as lines:
        return [(float(load), float(throughput)) for load, throughput in list(csv.reader(lines))[1:]]


def _holds(law: Scalability) -> bool:
    found = law.fitted_peak
    return found is not None and found.low <= PUBLISHED_PEAK <= found.high


if __name__ == "__main__":
    sys.exit(main())
