"""The traffic ahead: what it is made of, how sure it is, and when there is none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from agents.operations.capacity.forecast_candidates import Past, candidates, fill_gaps
from agents.operations.capacity.traffic_forecast import (
    Event,
    Growth,
    HistoryTooShort,
    Traffic,
    daily_peaks,
    forecast_traffic,
)

START = datetime(2026, 9, 7, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def shop(days: int, *, growth: float = 0.0, noise: float = 0.03, seed: int = 7) -> np.ndarray:
    """A shop's requests an hour: a day's rhythm, quieter weekends, growth a week."""
    hours = np.arange(days * 24)
    daily = 100 + 60 * np.sin((hours % 24 - 8) / 24 * 2 * np.pi)
    weekend = np.where(hours // 24 % 7 >= 5, 0.6, 1.0)
    grown = (1 + growth) ** (hours / 168)
    return daily * weekend * grown * (1 + noise * np.random.default_rng(seed).standard_normal(len(hours)))


def traffic(values: np.ndarray, step: timedelta = HOUR) -> Traffic:
    return Traffic(START, step, values, "requests/s")


def test_the_rhythms_of_day_and_week_are_learnt_and_the_interval_holds_what_comes() -> None:
    covered = []
    for seed in range(6):
        whole = shop(37, seed=seed)
        said = forecast_traffic(traffic(whole[: 35 * 24]), 2 * DAY)
        coming = whole[35 * 24 :]
        assert np.mean(np.abs(said.expected - coming)) < 0.05 * coming.mean()
        assert np.all(said.low <= said.expected)
        assert np.all(said.expected <= said.high)
        covered.append(np.mean((coming >= said.low) & (coming <= said.high)))
    assert 0.7 < np.mean(covered) < 0.9
    assert said.start == START + 35 * DAY
    assert said.origins == 14
    assert sum(said.weights.values()) == pytest.approx(1)
    assert said.limits == ()


def test_what_grows_is_expected_to_grow_on() -> None:
    whole = shop(49, growth=0.12)
    said = forecast_traffic(traffic(whole[: 42 * 24]), 7 * DAY)
    assert said.usual.mean() == pytest.approx(whole[42 * 24 :].mean(), rel=0.04)


def test_no_candidate_looks_ahead() -> None:
    values = shop(30)
    origins = (20 * 24, 22 * 24, 25 * 24)
    short = Past(values[: 25 * 24], values[: 25 * 24], (24, 168), origins, 48)
    other = values.copy()
    other[22 * 24 :] *= 5  # what comes after the second origin
    changed = Past(other[: 25 * 24], other[: 25 * 24], (24, 168), origins, 48)
    before, after = candidates(short), candidates(changed)
    for name in ("the same time a day or cycle before", "typical cycle with trend"):
        assert np.array_equal(before[name][:2], after[name][:2])
        assert not np.array_equal(before[name][2], after[name][2])
    scaled = before["regression in proportion"][:2] / after["regression in proportion"][:2]
    assert np.allclose(scaled, 1, rtol=0.02)  # it is fitted before the first origin; the scale alone moves


def test_what_was_said_is_applied_on_top_and_kept_apart() -> None:
    history = traffic(shop(35))
    end = history.end
    sale = Event("Black Friday", end + DAY, end + 2 * DAY, 9.0, "Nathan: 9x normal")
    growth = Growth("the launch", end + 4 * DAY, 10.0, "the plan says x10")
    plain = forecast_traffic(history, 6 * DAY)
    said = forecast_traffic(history, 6 * DAY, (sale, growth))
    factor = said.expected / plain.expected
    assert np.array_equal(said.usual, plain.usual)
    assert said.said == (sale, growth)
    assert factor[0] == pytest.approx(1)
    assert factor[24] == pytest.approx(9 * 10**0.25)
    assert factor[48] == pytest.approx(10**0.5)
    assert factor[-1] == factor[4 * 24] == pytest.approx(10)
    assert np.allclose(said.high, plain.high * factor)
    assert "how sure the said factors are is not known" in said.limits[-1]
    assert Growth("past", end - DAY, 2.0, "").over(end, end + HOUR, end) == 2.0


def test_an_event_within_a_step_counts_for_that_step() -> None:
    history = traffic(shop(35))
    since = history.end + 14 * HOUR + timedelta(minutes=20)
    plain = forecast_traffic(history, DAY)
    sale = plain.with_said(Event("flash sale", since, since + HOUR / 3, 5.0, "said"), history.end)
    assert (sale.expected / plain.expected).tolist() == pytest.approx([1.0] * 14 + [5.0] + [1.0] * 9)
    assert sale.high[14] == pytest.approx(5 * plain.high[14])
    assert plain.steps_of(since, since + HOUR / 3) == slice(14, 15)
    assert plain.steps_of(since, since + HOUR) == slice(14, 16)
    rest = plain.with_said(Event("a pause", since, since + HOUR / 3, 0.1, "said"), history.end)
    assert rest.expected[14] == plain.expected[14], "the rest of the hour is as ever"
    with pytest.raises(ValueError, match="a factor is a number above zero"):
        plain.with_said(Event("nothing", since, since + HOUR, 0.0, "said"), history.end)


@pytest.mark.parametrize(
    ("days", "ahead", "text"),
    [
        (7, DAY, "A forecast 24 hours ahead takes 8 days of history; there are 7 days."),
        (20, 20 * DAY, "A forecast 20 days ahead takes 27 days of history; there are 20 days."),
    ],
)
def test_too_little_history_is_refused_with_how_much_it_takes(days: int, ahead: timedelta, text: str) -> None:
    with pytest.raises(HistoryTooShort) as refused:
        forecast_traffic(traffic(shop(days)), ahead)
    assert str(refused.value) == text
    enough = {7: 8, 20: 27}[days]
    assert forecast_traffic(traffic(shop(enough)), ahead).origins == 5


def test_without_two_weeks_the_weeks_rhythm_is_said_to_be_unknown() -> None:
    limits = forecast_traffic(traffic(shop(12)), DAY).limits
    assert limits == ("The history is too short for the rhythm of a week: every day is taken to be alike.",)


def test_gaps_are_neither_zero_nor_learnt_from() -> None:
    whole = shop(35)
    holed = whole.copy()
    holed[np.random.default_rng(3).random(len(holed)) < 0.1] = np.nan
    holed[30 * 24 : 30 * 24 + 12] = np.nan
    said, full = forecast_traffic(traffic(holed), 2 * DAY), forecast_traffic(traffic(whole), 2 * DAY)
    assert np.all(np.isfinite(said.high))
    assert said.expected == pytest.approx(full.expected, rel=0.12)
    assert said.limits[0].startswith(f"{int(np.isnan(holed).sum())} of 840 steps were not measured")


def test_a_gap_is_filled_from_before_it() -> None:
    seen = np.array([np.nan, 2.0, 3.0, 4.0, np.nan, 6.0, np.nan, 8.0, np.nan])
    assert fill_gaps(seen, (2, 4)).tolist() == [2.0, 2.0, 3.0, 4.0, 2.0, 6.0, 3.0, 8.0, 2.0]


def test_a_series_that_was_hardly_measured_of_late_is_refused() -> None:
    values = shop(35)
    values[-8 * 24 :] = np.nan
    with pytest.raises(
        HistoryTooShort, match="57% of the last 14 days was not measured; a forecast takes 75% of it"
    ):
        forecast_traffic(traffic(values), DAY)
    values = shop(35)
    values[13 * 24 : 24 * 24] = np.nan
    with pytest.raises(HistoryTooShort, match="Only 4 stretches of 10 days were measured well enough"):
        forecast_traffic(traffic(values), 10 * DAY)


def test_traffic_of_zero_stays_at_or_above_zero() -> None:
    values = np.maximum(shop(35) - 120, 0)
    said = forecast_traffic(traffic(values), 2 * DAY)
    assert said.low.min() >= 0
    assert said.expected.min() >= 0
    assert said.expected.max() > 20
    still = forecast_traffic(traffic(np.zeros(35 * 24)), DAY)
    assert still.high.tolist() == [0.0] * 24


def test_days_as_steps_look_further_ahead() -> None:
    peaks = daily_peaks(traffic(shop(140, growth=0.02)))
    assert len(peaks.values) == 140
    assert peaks.values[0] == traffic(shop(140, growth=0.02)).values[:24].max()
    said = forecast_traffic(peaks, 28 * DAY)
    assert len(said.expected) == 28
    assert said.expected[2] > 1.3 * said.expected[5]  # a Wednesday and a Saturday
    holed = shop(3)
    holed[24:32] = np.nan
    assert np.isnan(daily_peaks(traffic(holed)).values).tolist() == [False, True, False]
    with pytest.raises(HistoryTooShort, match="no whole day"):
        daily_peaks(traffic(shop(1)[:20]))


@pytest.mark.parametrize(
    ("history", "ahead", "text"),
    [
        (traffic(shop(35), timedelta(hours=7)), DAY, "do not make up a day"),
        (traffic(shop(35)), timedelta(), "a time to come"),
        (traffic(np.append(shop(35), np.inf)), DAY, "infinite traffic"),
        (traffic(shop(35)), 2000 * HOUR, "1,500 ahead"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(history: Traffic, ahead: timedelta, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        forecast_traffic(history, ahead)


@pytest.mark.parametrize("factor", [0.0, -1.0, float("nan"), float("inf")])
def test_a_factor_that_is_none_is_refused(factor: float) -> None:
    with pytest.raises(ValueError, match="a factor is a number above zero"):
        forecast_traffic(traffic(shop(35)), DAY, [Event("odd", START, START + DAY, factor, "")])


def test_a_typical_cycle_grows_with_its_trend() -> None:
    whole = shop(44, growth=0.3, noise=0.0)
    values = whole[: 42 * 24]
    past = Past(values, values, (24, 168), (35 * 24, 42 * 24), 48)
    said = candidates(past)["typical cycle with trend"]
    assert said[1] == pytest.approx(whole[42 * 24 :], rel=0.01)
