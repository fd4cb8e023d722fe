"""The peak of a time ahead: of five minutes, of the whole time, and what “10x” is ten times of."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from agents.operations.capacity.expected_peak import TimeAhead, expect_peak, said_peak
from agents.operations.capacity.traffic_forecast import HistoryTooShort, Traffic
from agents.operations.measured_traffic import Bursts, MeasuredDay, measured_bursts
from integrations.deployments import Stage
from integrations.metrics import Answer, MetricsQuery, Resolution, Series

NOW = datetime(2026, 11, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = MeasuredDay(mean=70.0, peak=150.0, hours=24.0, as_of=NOW, source="the last day")
BURSTS = Bursts(middle=1.2, high=1.5, hours=168)


def history(days: int = 40) -> Traffic:
    hours = np.arange(days * 24)
    noise = 1 + 0.02 * np.random.default_rng(5).standard_normal(len(hours))
    values = (70 + 50 * np.sin(2 * np.pi * hours / 24)) * noise
    return Traffic(NOW - days * 24 * HOUR, HOUR, values, "requests/s")


WEEK = TimeAhead("next week", NOW, NOW + timedelta(days=7), "Nathan Chen")


def test_a_peak_is_of_five_minutes_and_not_of_an_hour() -> None:
    even, bursty = expect_peak(history(), WEEK, DAY, None), expect_peak(history(), WEEK, DAY, BURSTS)
    assert bursty.peak.expected == pytest.approx(1.2 * even.peak.expected)
    assert bursty.peak.low == pytest.approx(1.2 * even.peak.low)
    assert bursty.peak.high == pytest.approx(1.5 * even.peak.high)
    assert "How it is spread within an hour was not measured" in even.basis
    assert "1.20 times its average, and 1.50 times in one of ten (168 busy hours measured)" in bursty.basis


@pytest.mark.parametrize("length", [timedelta(minutes=20), timedelta(days=1)])
def test_10x_is_ten_times_the_last_days_highest_five_minutes(length: timedelta) -> None:
    since = NOW + timedelta(days=2, hours=6, minutes=20)
    sale = TimeAhead("the sale", since, since + length, "Nathan Chen", times=10.0)
    found = expect_peak(history(), sale, DAY, BURSTS)
    assert found.peak.expected == pytest.approx(1_500)
    assert found.peak.expected < found.peak.high
    assert "Nathan Chen said 10x: of the highest five minutes of the last day, 150 requests/s." in found.basis
    assert said_peak(sale, DAY, "Nothing.").peak.expected == 1_500, "the same where nothing can be forecast"
    assert found.forecast is not None
    assert found.forecast.expected[:24].max() < 200, "before the sale it is as ever"


def test_what_there_is_nothing_to_multiply_with_is_said() -> None:
    sale = replace(WEEK, times=10.0)
    for day in (None, replace(DAY, peak=0.0)):
        with pytest.raises(HistoryTooShort, match="there is nothing to multiply"):
            expect_peak(history(), sale, day, BURSTS)
    with pytest.raises(HistoryTooShort, match=r"^It is short\.$"):
        said_peak(WEEK, DAY, "It is short.")
    still = replace(history(), values=np.zeros(40 * 24))
    with pytest.raises(HistoryTooShort, match="No traffic at all"):
        expect_peak(still, WEEK, DAY, None)


class Spiky:
    """An hour at 60 requests/s in its first five minutes and 12 in the others; idle at night."""

    resolution = Resolution(timedelta(seconds=15))

    def __init__(self, measured: timedelta) -> None:
        self.measured = measured

    async def series(self, query: MetricsQuery) -> Answer:
        def value(at: datetime) -> float:
            if query.end - at >= self.measured:
                return math.nan
            return (60.0 if at.minute == 5 else 12.0) * (1 if 8 <= (at - HOUR / 60).hour < 22 else 0.01)

        values = tuple(map(value, query.times))
        return Answer((Series("requests", {}, query.times, values, NOW, "spiky"),), NOW, "spiky")

    async def call_edges(self, stage: Stage | None, start: datetime, end: datetime) -> list[object]:
        raise NotImplementedError


async def test_bursts_are_measured_in_busy_hours() -> None:
    found = await measured_bursts(Spiky(timedelta(days=14)), "orders", NOW)  # type: ignore[arg-type]
    assert found is not None
    assert (found.middle, found.high) == (pytest.approx(3.75), pytest.approx(3.75))  # 60 by (60 + 11 × 12) / 12
    assert found.hours == 14 * 14
    few = await measured_bursts(Spiky(timedelta(hours=20)), "orders", NOW)  # type: ignore[arg-type]
    assert few is None


async def test_bursts_are_not_read_from_figures_that_are_coarser_than_five_minutes() -> None:
    metrics = Spiky(timedelta(days=14))
    metrics.resolution = Resolution(timedelta(seconds=15), ((timedelta(days=3), timedelta(hours=3)),))
    lately = await measured_bursts(metrics, "orders", NOW)  # type: ignore[arg-type]
    assert lately is not None
    assert (lately.middle, lately.hours) == (pytest.approx(3.75), 3 * 14)
    metrics.resolution = Resolution(timedelta(hours=1))
    assert await measured_bursts(metrics, "orders", NOW) is None  # type: ignore[arg-type]
