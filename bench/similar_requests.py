"""Similar requests: the product's own search on public duplicate reports, and how long it takes among 10,000.

Protocol: each report of a pair is asked with, all other reports are searched; a hit if the other report of the
pair is among the first k. The data is found by BENCH_DATA and is not part of the project.
"""

from __future__ import annotations

import ast
import csv
import json
import os
import sys
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from time import perf_counter

from agents.customers.similar import Described, SimilarTexts
from bench.targets import Targets

DATA = Path(os.environ.get("BENCH_DATA", "../shared/bench")) / "duplicates"
AMONG = 10_000
ASKED = 60
"""Questions of which the time is taken."""

Pair = tuple[str, str]


def main() -> int:
    """Measure all pairs; 1 if there are none, or a target is missed."""
    csv.field_size_limit(sys.maxsize)
    reports, pairs = read(DATA)
    if not pairs:
        print(f"{DATA}: no *_pair.csv; set BENCH_DATA to the folder of the public data")
        return 1
    names = list(reports)
    index = SimilarTexts([reports[name] for name in names])
    place = {name: at for at, name in enumerate(names)}
    firsts = [first_at(index, place, *way) for pair in pairs for way in (pair, pair[::-1])]
    r1, r5, r10 = (sum(at < k for at in firsts) / len(firsts) for k in (1, 5, 10))
    took = milliseconds(list(reports.values()))
    print(f"{len(pairs)} pairs among {len(names)} reports: recall@1 {r1:.3f}, @5 {r5:.3f}, @10 {r10:.3f}")
    print(f"median of {ASKED} questions among {AMONG}: {took:.1f} ms")
    targets = Targets()
    targets.at_least("recall@5", r5, 0.70)
    targets.at_least("recall@10", r10, 0.77)
    targets.below("milliseconds", took, 50)
    status = targets.status()
    figures = {"r1": round(r1, 4), "r5": round(r5, 4), "r10": round(r10, 4), "ms": round(took, 1)}
    print(json.dumps(figures | {"pairs": len(pairs), "reports": len(names)}))
    return status


def read(folder: Path) -> tuple[dict[str, Described], list[Pair]]:
    """The reports by their id, and which two are the same."""
    reports: dict[str, Described] = {}
    pairs: list[Pair] = []
    for file in sorted(folder.glob("*_pair.csv")):
        with file.open(encoding="utf-8", errors="replace", newline="") as lines:
            for row in csv.DictReader(lines):
                one, other = (_id(row[name]) for name in ("Bug ID", "Duplicate_Bug_Ids"))
                reports.setdefault(one, Described(_text(row["Summary1"]), _text(row["description1"])))
                reports.setdefault(other, Described(_text(row["summary2"]), _text(row["description2"])))
                pairs.append((one, other))
    return reports, pairs


def first_at(index: SimilarTexts, place: dict[str, int], asked: str, other: str) -> int:
    """Where the other report stands among the nearest, itself left out; behind them all where it does not."""
    own, sought = place[asked], place[other]
    found = [near.place for near in index.nearest(index.texts[own], 11) if near.place != own]
    return found.index(sought) if sought in found else len(found) + 1


def milliseconds(reports: list[Described]) -> float:
    """How long a question takes among AMONG texts, by the clock."""
    index = SimilarTexts(list(islice(_varied(reports), AMONG)))
    took = []
    for one in reports[:ASKED]:
        asked = Described(f"{one.title} (asked anew)", one.body)
        began = perf_counter()
        index.nearest(asked, 10)
        took.append((perf_counter() - began) * 1000)
    return median(took)


def _varied(reports: list[Described]) -> Iterator[Described]:
    """As many reports as one likes: those that there are, each time a number longer."""
    for number, one in enumerate(cycle(reports)):
        again = number // len(reports)
        yield one if not again else Described(f"{one.title} {again}", one.body)


def _id(written: str) -> str:
    return written.strip().removesuffix(".0")


def _text(written: str) -> str:
    """A field: a list with one text in it, as Python writes it."""
    try:
        found = ast.literal_eval(written)
    except (ValueError, SyntaxError):
        found = written
    return " ".join(" ".join(found).split()) if isinstance(found, list) else " ".join(str(found).split())


if __name__ == "__main__":
    sys.exit(main())
