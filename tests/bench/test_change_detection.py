"""Changes in a stream: what is found, what is not, and what a score may depend on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import inf, nan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.change_detection import ChangeDetector, ChangeSetting, Reading

SMALL = ChangeSetting(pattern=8, neighbours=3, short=10, long=100, history=200, warm_up=30)
DAY = 96
Floats = Sequence[float] | np.ndarray


def readings(values: Floats | Sequence[float | None], setting: ChangeSetting = SMALL) -> list[Reading]:
    detector = ChangeDetector(setting)
    return [detector.update(None if value is None else float(value)) for value in values]


def alarms(values: Floats | Sequence[float | None], setting: ChangeSetting = SMALL) -> list[int]:
    return [row for row, reading in enumerate(readings(values, setting)) if reading.is_alarm]


def noise(seed: int, length: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=length)


def daily(seed: int, days: int) -> np.ndarray:
    rows = np.arange(days * DAY)
    return 100 + 20 * np.sin(rows * 2 * np.pi / DAY) + noise(seed, len(rows))


missing_or_number = st.one_of(st.none(), st.just(nan), st.just(inf), st.floats(-1e6, 1e6), st.integers(0, 3))


@given(st.lists(missing_or_number, min_size=60, max_size=150), st.integers(0, 150))
@settings(max_examples=40, deadline=None)
def test_later_values_change_no_earlier_score(values: list[float | None], cut: int) -> None:
    assert readings(values[:cut]) == readings(values)[:cut]


@given(st.lists(st.one_of(missing_or_number, st.floats()), min_size=60, max_size=200))
@settings(max_examples=60, deadline=None)
def test_a_score_is_within_0_and_1_whatever_comes(values: list[float | None]) -> None:
    for reading in readings(values):
        assert reading.score is None or 0 <= reading.score <= 1
        assert reading.is_alarm == (reading.score is not None and reading.score >= 0.5)


@pytest.mark.parametrize(("shift", "scale"), [(0, 4), (0, -1), (50, 1), (-3000, 0.001), (7, 12345)])
def test_neither_shift_nor_scale_changes_a_score(shift: float, scale: float) -> None:
    values = noise(3, 600)
    values[400:] += 6
    plain, moved = readings(values), readings(shift + scale * values)

    assert [r.is_alarm for r in moved] == [r.is_alarm for r in plain]
    assert [r.score for r in moved] == pytest.approx([r.score for r in plain], abs=1e-6)


def test_the_state_is_bounded() -> None:
    detector = ChangeDetector(SMALL)

    def size() -> int:
        patterns = detector._nearest
        windows = [detector._long, *(record._past for record in detector._records)]
        return len(patterns._values) + len(patterns._squares) + sum(len(w.sorted) for w in windows)

    values = noise(1, 3000)
    for value in values[:1000]:
        detector.update(float(value))
    full = size()
    for value in values[1000:]:
        detector.update(float(value))
    assert size() == full


def test_distances_that_are_carried_along_are_those_that_a_plain_search_finds() -> None:
    """Over the end of the buffer as well, and with the oldest patterns falling out."""
    values = np.cumsum(noise(9, 900))
    nearest = ChangeDetector(SMALL)._nearest
    length, kept = SMALL.pattern, SMALL.history
    for now, value in enumerate(values):
        found = nearest.distance(float(value))
        ends = range(max(length - 1, now - kept), now - length)
        if len(ends) <= SMALL.neighbours:
            assert found is None
            continue
        last = values[now - length + 1 : now + 1]
        squares = sorted(float(((values[end - length + 1 : end + 1] - last) ** 2).sum()) for end in ends)
        assert found == pytest.approx(np.sqrt(np.mean(squares[: SMALL.neighbours])), rel=1e-6)


@pytest.mark.parametrize("kind", ["spike", "level", "variance"])
def test_a_planted_change_is_found_soon(kind: str) -> None:
    values, begin = daily(4, 12), 8 * DAY + 30
    if kind == "spike":
        values[begin : begin + 3] += 60
    elif kind == "level":
        values[begin:] += 40
    else:
        values[begin : begin + 30] += 25 * noise(5, 30)

    found = [row for row in alarms(values, ChangeSetting()) if row >= begin]

    assert found
    assert found[0] <= begin + 24


def test_a_missing_peak_is_found_though_no_value_is_extreme() -> None:
    values, begin = daily(6, 20), 18 * DAY
    values[begin : begin + DAY // 2] = 100 + noise(7, DAY // 2)
    found = readings(values, ChangeSetting())[begin : begin + DAY // 2]

    assert any(reading.is_alarm for reading in found)
    assert max(reading.pattern for reading in found) > max(reading.level for reading in found)


def test_noise_alarms_seldom() -> None:
    rows = 0
    for seed in range(3):
        rows += len(alarms(noise(seed, 2000), ChangeSetting())) + len(alarms(daily(seed, 20), ChangeSetting()))
    assert rows <= 12  # of 11,760


def test_what_never_changes_never_alarms() -> None:
    assert alarms([5.0] * 500) == []
    assert alarms([0.1, 0.7, 1e9 + 0.1] * 200) == []


def test_a_constant_series_that_moves_alarms_once() -> None:
    assert alarms([20.1] * 300 + [20.2] * 20) == [300]


def test_a_lasting_change_is_told_once_and_a_worse_one_again() -> None:
    values = noise(2, 400)
    values[300:] += 30
    begin = alarms(values)
    assert [row for row in begin if row >= 300] == [300]
    values[320:] += 30_000
    assert [row for row in alarms(values) if row >= 300] == [300, 320]


def test_the_cool_down_ends() -> None:
    setting = replace(SMALL, cool_down_least=20, cool_down_most=20, escalation=100.0)
    values = noise(2, 400)
    values[300], values[310], values[330] = 50, 200, 5000
    assert [row for row in alarms(values, setting) if row >= 300] == [300, 330]


def test_a_cool_down_is_a_share_of_what_was_seen() -> None:
    setting = replace(SMALL, cool_down_share=0.5, cool_down_least=1, cool_down_most=1000, escalation=100.0)
    values = noise(2, 1000)
    values[300], values[440], values[460] = 50, 5e4, 5e7
    assert [row for row in alarms(values, setting) if 300 <= row <= 460] == [300, 460]


def test_missing_values_say_nothing_and_time_goes_on() -> None:
    values: list[float | None] = [float(value) for value in noise(2, 500)]
    values[200:203] = [None, nan, -inf]
    found = readings(values)
    assert [reading.score for reading in found[200:203]] == [None] * 3
    assert not any(reading.is_alarm for reading in found[190:220])

    setting = replace(SMALL, cool_down_least=20, cool_down_most=20, escalation=100.0)
    values[300] = 50.0
    values[301:320] = [None] * 19
    values[320] = 5000.0
    assert [row for row in alarms(values, setting) if row >= 300] == [300, 320]


def test_a_gap_is_no_new_pattern() -> None:
    """Half a day without data: what follows joins what was before at a step, which is not the series' own."""
    values: list[float | None] = [float(value) for value in daily(8, 12)]
    begin = 9 * DAY + DAY // 8
    gone = slice(begin, begin + DAY // 4)
    values[gone] = [None] * (DAY // 4)
    after = readings(values, ChangeSetting())[begin + DAY // 4 :][:18]

    assert {reading.pattern for reading in after} == {0.0}
    assert any(reading.pattern > 0 for reading in readings(values, ChangeSetting(bridged=DAY))[begin:][:60])


def test_nothing_is_said_before_enough_was_seen() -> None:
    assert {reading.score for reading in readings([*noise(1, 20), 1e6])} == {None}


def test_a_number_that_is_no_measurement_does_not_blind() -> None:
    values = noise(2, 600)
    values[300], values[301] = 1e200, 1e12
    values[500] += 60
    found = readings(values)
    assert found[300].score is None
    assert found[301].is_alarm
    assert found[500].score is not None
    assert found[500].pattern > 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"pattern": 1}, {"history": 30}, {"neighbours": 0}, {"short": 100}, {"smoothing": 0.0},
        {"threshold": 0.0}, {"warm_up": 0}, {"bridged": -1},
        {"cool_down_least": 0}, {"cool_down_most": 1}, {"cool_down_share": 1.0},
    ],
)  # fmt: skip
def test_settings_that_do_not_fit_together_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="to be"):
        replace(SMALL, **wrong)
