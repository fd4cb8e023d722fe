"""Changes in metrics: the product's own detector on the Numenta Anomaly Benchmark, and on noise.

Protocol (numenta/NAB, standard profile): each series is streamed, without a look ahead; the first
min(⌊.15 n⌋, 750) rows do not count; one threshold for all series, the best. In a window the earliest alarm
earns most, by a sigmoid; a false one costs .11, a missed window 1. 100 is every window at its first row,
0 is no alarm.

The best threshold is fitted, and so is the setting. So three figures stand beside it: the score at the
product's own threshold; the score if the threshold of each folder is chosen on the other folders; and, with
`--settings`, the same for setting and threshold, by folder, and by half: a random half of the series, chosen
on the other half.

The data is found by BENCH_DATA and is not part of the project.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import product
from math import exp
from pathlib import Path
from statistics import fmean
from time import monotonic

import numpy as np

from bench.change_detection import ChangeDetector, ChangeSetting
from bench.targets import Targets

DATA = Path(os.environ.get("BENCH_DATA", "../shared/bench")) / "nab"
ALARM = 0.5
FALSE_COST = 0.11
SPLITS = 200
NOISE_LENGTH = 4032  # two weeks of 5 minutes
NOISE_SERIES = 10


@dataclass(frozen=True)
class Series:
    """A labelled series: its values, its windows as first and last row, and the first row that counts."""

    name: str
    values: tuple[float, ...]
    windows: tuple[tuple[int, int], ...]

    @property
    def folder(self) -> str:
        return self.name.split("/")[0]

    @property
    def counts_from(self) -> int:
        return min(int(0.15 * len(self.values)), 750)


@dataclass(frozen=True)
class Outcome:
    """What one threshold makes of some series."""

    raw: float
    windows: int
    found: int
    false_alarms: int

    @property
    def score(self) -> float:
        """Between no alarm (0) and every window at its first row (100)."""
        return 100 * (self.raw + self.windows) / (2 * self.windows)


def main() -> int:
    """Measure all series that are there; 1 if none is, or a target was missed."""
    parser = argparse.ArgumentParser(prog="python -m bench.detection", description=__doc__.split("\n")[0])
    parser.add_argument("--settings", action="store_true", help="choose settings by leaving out (minutes)")
    options = parser.parse_args()
    if not (DATA / "labels" / "combined_windows.json").is_file():
        print(f"{DATA}: no labels/combined_windows.json; set BENCH_DATA to the folder of the public data")
        return 1
    corpus = load(DATA)
    if not any(series.windows for series in corpus):
        print(f"{DATA}: no data/*/*.csv with a labelled window")
        return 1
    with ProcessPoolExecutor() as pool:
        began = monotonic()
        scores = list(pool.map(partial(stream, ChangeSetting()), (series.values for series in corpus)))
        figures = _figures(corpus, scores) | {"seconds": round(monotonic() - began, 1)}
        noise = {kind: _false_alarms(pool, kind) for kind in NOISES}
        if options.settings:
            figures |= _settings_left_out(pool, corpus)
    print("false alarms in 1,000 values of noise: " + ", ".join(f"{k} {v:.2f}" for k, v in noise.items()))
    targets = Targets()
    targets.at_least("nab_standard", float(figures["nab_standard"]), 63)
    for kind, most in (("white", 1.0), ("seasonal", 1.0), ("heavy_tailed", 2.0), ("random_walk", 2.0)):
        targets.at_most(f"false alarms in 1,000 values, {kind}", noise[kind], most)
    status = targets.status()
    print(json.dumps(figures | {"false_alarms_per_1000": noise}))
    return status


def load(folder: Path) -> list[Series]:
    """Every CSV below `data/`, with its windows. Raises KeyError for one without a label."""
    labels = json.loads((folder / "labels" / "combined_windows.json").read_text(encoding="utf-8"))
    corpus = []
    for file in sorted((folder / "data").glob("*/*.csv")):
        name = f"{file.parent.name}/{file.name}"
        with file.open(encoding="utf-8", newline="") as lines:
            rows = list(csv.DictReader(lines))
        times = [row["timestamp"][:19] for row in rows]
        windows = tuple((times.index(first[:19]), times.index(last[:19])) for first, last in labels[name])
        corpus.append(Series(name, tuple(float(row["value"]) for row in rows), windows))
    return corpus


def stream(setting: ChangeSetting, values: Sequence[float]) -> list[float]:
    """The detector's score for each value; 0 where it has nothing to say."""
    detector = ChangeDetector(setting)
    return [detector.update(value).score or 0.0 for value in values]


def row_worth(series: Series) -> Iterator[tuple[float, int | None]]:
    """What an alarm at each row is worth, and the number of the window that it lies in."""
    number, ended = 0, None
    for row in range(len(series.values)):
        if number < len(series.windows) and row > series.windows[number][1]:
            ended, number = series.windows[number], number + 1
        if number < len(series.windows) and row >= series.windows[number][0]:
            first, last = series.windows[number]
            yield _sigmoid(-(last - row + 1) / (last - first + 1)) / _sigmoid(-1), number
        elif ended:
            yield FALSE_COST * _sigmoid((row - ended[1]) / (ended[1] - ended[0])), None
        else:
            yield -FALSE_COST, None


def _sigmoid(place: float) -> float:
    return -1.0 if place > 3 else 2 / (1 + exp(5 * place)) - 1


def outcome(corpus: Sequence[Series], scores: Sequence[Sequence[float]], threshold: float) -> Outcome:
    """What alarms at or above the threshold earn."""
    raw, found, false_alarms = 0.0, 0, 0
    for series, own in zip(corpus, scores, strict=True):
        best = [-1.0] * len(series.windows)
        for row, (worth, window) in enumerate(row_worth(series)):
            if row < series.counts_from or own[row] < threshold:
                continue
            if window is None:
                raw, false_alarms = raw + worth, false_alarms + 1
            else:
                best[window] = max(best[window], worth)
        raw += sum(best)
        found += sum(worth > -1 for worth in best)
    return Outcome(raw, sum(len(series.windows) for series in corpus), found, false_alarms)


def best_threshold(corpus: Sequence[Series], scores: Sequence[Sequence[float]]) -> float:
    """The threshold with the highest score, of all that make a difference: the published sweep."""
    rows = [
        (own[row], worth, None if window is None else (series.name, window))
        for series, own in zip(corpus, scores, strict=True)
        for row, (worth, window) in enumerate(row_worth(series))
        if row >= series.counts_from
    ]
    rows.sort(key=lambda each: -each[0])
    best_at, best_raw, raw = 1.1, 0.0, 0.0
    windows: dict[tuple[str, int], float] = {}
    for place, (score, worth, window) in enumerate(rows):
        if window is None:
            raw += worth
        else:
            before = windows.get(window, -1.0)
            windows[window] = max(before, worth)
            raw += windows[window] - before
        if raw > best_raw and (place + 1 == len(rows) or rows[place + 1][0] < score):
            best_at, best_raw = score, raw
    return best_at


def _figures(corpus: Sequence[Series], scores: Sequence[Sequence[float]]) -> dict[str, float | str]:
    threshold = best_threshold(corpus, scores)
    fitted, own = outcome(corpus, scores, threshold), outcome(corpus, scores, ALARM)
    raw = 0.0
    print(f"{'folder':22}{'series':>8}{'windows':>9}{'found':>7}{'false':>7}{'left out':>10}")
    for folder in sorted({series.folder for series in corpus}):
        rest = [place for place, series in enumerate(corpus) if series.folder != folder]
        part = [place for place, series in enumerate(corpus) if series.folder == folder]
        chosen = best_threshold([corpus[p] for p in rest], [scores[p] for p in rest])
        held = outcome([corpus[p] for p in part], [scores[p] for p in part], chosen)
        raw += held.raw
        figure = f"{held.score:10.1f}" if held.windows else f"{'':10}"
        print(f"{folder:22}{len(part):8d}{held.windows:9d}{held.found:7d}{held.false_alarms:7d}{figure}")
    return {
        "nab_standard": round(fitted.score, 2),
        "threshold": round(threshold, 4),
        "nab_own_threshold": round(own.score, 2),
        "nab_threshold_left_out": round(Outcome(raw, fitted.windows, 0, 0).score, 2),
        "windows": fitted.windows,
        "recall": round(fitted.found / fitted.windows, 3),
        "false_positives": fitted.false_alarms,
    }


def _settings_left_out(pool: ProcessPoolExecutor, corpus: Sequence[Series]) -> dict[str, float]:
    """Choose setting and threshold on other series than those that are scored."""
    values = [series.values for series in corpus]
    runs = [list(pool.map(partial(stream, setting), values)) for setting in _settings()]
    # The alarm's own threshold is part of a setting, so it is the one to score at.
    raws = np.array([[outcome([s], [o], ALARM).raw for s, o in zip(corpus, run, strict=True)] for run in runs])
    windows = np.array([len(series.windows) for series in corpus])
    folders = np.array([series.folder for series in corpus])

    def held_out(test: np.ndarray) -> float:
        return float(raws[int(raws[:, ~test].sum(axis=1).argmax())][test].sum())

    by_folder = sum(held_out(folders == folder) for folder in sorted(set(folders)))
    shuffled = np.random.default_rng(0)
    halves = []
    for _ in range(SPLITS):
        test = np.zeros(len(corpus), dtype=bool)
        test[shuffled.permutation(len(corpus))[: len(corpus) // 2]] = True
        count = max(1, int(windows[test].sum()))
        halves.append(100 * (held_out(test) + count) / (2 * count))
    total = int(windows.sum())
    return {
        "nab_settings_left_out_by_folder": round(100 * (by_folder + total) / (2 * total), 2),
        "nab_settings_left_out_by_half": round(fmean(halves), 2),
        "nab_settings_left_out_by_half_sd": round(float(np.std(halves)), 2),
    }


def _settings() -> list[ChangeSetting]:
    choices = product((1, 5), (0.1, 0.2), (1.0, 2.0), (1.6, 1.7, 1.8))
    return [
        ChangeSetting(neighbours=neighbours, smoothing=smoothing, pattern_weight=weight, threshold=threshold)
        for neighbours, smoothing, weight, threshold in choices
    ]


def _white(random: np.random.Generator) -> np.ndarray:
    return random.normal(size=NOISE_LENGTH)


def _seasonal(random: np.random.Generator) -> np.ndarray:
    day = np.sin(np.arange(NOISE_LENGTH) * 2 * np.pi / 288)
    return 10 + 5 * day + random.normal(size=NOISE_LENGTH)


def _heavy_tailed(random: np.random.Generator) -> np.ndarray:
    return random.standard_t(2, size=NOISE_LENGTH)


def _random_walk(random: np.random.Generator) -> np.ndarray:
    return np.cumsum(random.normal(size=NOISE_LENGTH))


NOISES = {
    "white": _white,
    "seasonal": _seasonal,
    "heavy_tailed": _heavy_tailed,
    "random_walk": _random_walk,
}


def _false_alarms(pool: ProcessPoolExecutor, kind: str) -> float:
    """Alarms in 1,000 values of noise, at the product's own threshold."""
    series = [NOISES[kind](np.random.default_rng(seed)).tolist() for seed in range(NOISE_SERIES)]
    alarms = sum(score >= ALARM for own in pool.map(partial(stream, ChangeSetting()), series) for score in own)
    return round(1000 * alarms / (NOISE_SERIES * NOISE_LENGTH), 3)


if __name__ == "__main__":
    sys.exit(main())
