"""The benchmark's scorer, against figures worked out by hand from the published rules."""

from __future__ import annotations

import os
import subprocess
import sys
from math import exp
from pathlib import Path

import pytest

from bench.detection import Series, best_threshold, load, outcome, row_worth

ROOT = Path(__file__).parents[2]
SERIES = Series("a/one.csv", (0.0,) * 1000, ((400, 449), (600, 699)))
BARE = Series("a/none.csv", (0.0,) * 1000, ())


def sigmoid(place: float) -> float:
    return 2 / (1 + exp(5 * place)) - 1


def scored(*alarms: int) -> list[float]:
    return [0.9 if row in alarms else 0.0 for row in range(1000)]


def test_a_perfect_detector_has_100_and_a_silent_one_0() -> None:
    assert outcome([SERIES], [scored(400, 600)], 0.5).score == pytest.approx(100)
    assert outcome([SERIES], [scored()], 0.5).score == 0


def test_the_earliest_alarm_of_a_window_counts_and_the_rest_neither_helps_nor_harms() -> None:
    found = outcome([SERIES], [scored(425, 430, 449)], 0.5)

    assert found.raw == pytest.approx(sigmoid(-25 / 50) / sigmoid(-1) - 1)
    assert (found.found, found.false_alarms) == (1, 0)


def test_a_false_alarm_costs_by_its_distance_from_the_window_before() -> None:
    raw = {row: outcome([SERIES], [scored(row)], 0.5).raw + 2 for row in (200, 450, 470, 599, 700)}

    assert raw == pytest.approx(
        {
            200: -0.11,
            450: 0.11 * sigmoid(1 / 49),
            470: 0.11 * sigmoid(21 / 49),
            599: -0.11,
            700: 0.11 * sigmoid(1 / 99),
        }
    )


def test_the_probation_does_not_count() -> None:
    assert outcome([BARE], [scored(149)], 0.5).raw == 0
    assert outcome([BARE], [scored(150)], 0.5).raw == -0.11
    assert Series("a/long.csv", (0.0,) * 9000, ()).counts_from == 750


def test_the_best_threshold_is_the_best_of_all() -> None:
    scores = [((row * 7919) % 101) / 100 for row in range(1000)]
    corpus, both = [SERIES, BARE], [scores, scores[::-1]]
    best = max({*scores, 1.1}, key=lambda threshold: outcome(corpus, both, threshold).raw)

    assert best_threshold(corpus, both) == best


def test_all_rows_have_their_worth() -> None:
    windows = [window for _, window in row_worth(SERIES)]
    assert [windows.count(which) for which in (0, 1, None)] == [50, 100, 850]


def test_a_series_without_a_label_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / "combined_windows.json").write_text("{}")
    (tmp_path / "data" / "a").mkdir(parents=True)
    (tmp_path / "data" / "a" / "one.csv").write_text("timestamp,value\n2020-01-01 00:00:00,1\n")
    with pytest.raises(KeyError, match=r"a/one\.csv"):
        load(tmp_path)


@pytest.mark.processes
def test_without_data_it_fails(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "bench.detection"],
        cwd=ROOT, env=os.environ | {"BENCH_DATA": str(tmp_path)}, capture_output=True, text=True,
    )  # fmt: skip
    assert ran.returncode == 1
    assert "set BENCH_DATA" in ran.stdout
