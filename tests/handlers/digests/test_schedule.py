"""When a digest is due: by the person's own clock, once, whatever our clock did."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handlers.office.digests.schedule import EVERY_DAY, LATEST, Schedule, due, next_due, previous_due

WORK = frozenset(range(5))
NEW_YORK, DUBLIN = "America/New_York", "Europe/Dublin"
NINE = Schedule(time(9), WORK, NEW_YORK)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]


MONDAY_NINE = utc(2026, 11, 23, 14)


@pytest.mark.parametrize(
    ("now", "after", "expected"),
    [
        (MONDAY_NINE, LONG_AGO, MONDAY_NINE),
        (MONDAY_NINE - timedelta(seconds=1), LONG_AGO, None),
        (MONDAY_NINE + timedelta(minutes=1), MONDAY_NINE, None),
        (MONDAY_NINE + timedelta(hours=5), LONG_AGO, MONDAY_NINE),
        (MONDAY_NINE + LATEST, LONG_AGO, MONDAY_NINE),
        (MONDAY_NINE + LATEST + timedelta(seconds=1), LONG_AGO, None),
        # Made at 9:30, a setting for 9:00 begins the next day.
        (MONDAY_NINE + timedelta(hours=1), MONDAY_NINE + timedelta(minutes=30), None),
        # Saturday and Sunday.
        (utc(2026, 11, 28, 14), LONG_AGO, None),
        (utc(2026, 11, 29, 14, 30), LONG_AGO, None),
    ],
)
def test_it_is_due_from_its_time_on_once(now: datetime, after: datetime, expected: datetime | None) -> None:
    assert due(NINE, now, after) == expected


def test_a_clock_that_was_down_for_days_makes_up_for_the_newest_alone() -> None:
    friday = utc(2026, 11, 27, 14)
    assert due(NINE, friday + timedelta(hours=2), utc(2026, 11, 23, 14)) == friday


def test_a_clock_that_goes_backwards_fires_nothing_again() -> None:
    assert due(NINE, MONDAY_NINE - timedelta(days=1), MONDAY_NINE) is None
    assert due(NINE, MONDAY_NINE - timedelta(hours=3), MONDAY_NINE) is None
    again = [due(NINE, MONDAY_NINE + timedelta(minutes=m), MONDAY_NINE) for m in (-5, 0, 5)]
    assert again == [None, None, None]


def test_nothing_is_sent_on_a_day_off_and_the_next_one_comes_after_it() -> None:
    thanksgiving = Schedule(time(9), WORK, NEW_YORK, frozenset({date(2026, 11, 26), date(2026, 11, 27)}))
    wednesday, monday = utc(2026, 11, 25, 14), utc(2026, 11, 30, 14)
    assert due(thanksgiving, utc(2026, 11, 26, 14), wednesday) is None
    assert next_due(thanksgiving, wednesday) == monday
    assert previous_due(thanksgiving, monday) == wednesday
    # Late on Wednesday, and Thursday has begun: what was due on Wednesday waits for Monday, too.
    late = Schedule(time(23, 30), WORK, NEW_YORK, frozenset({date(2026, 11, 26)}))
    assert due(late, utc(2026, 11, 26, 5, 10), LONG_AGO) is None


@pytest.mark.parametrize(
    ("at", "zone", "day", "expected"),
    [
        # New York: 2:30 is skipped on 8 March 2026, and comes as 3:30; 1:30 comes twice on 1 November.
        (time(2, 30), NEW_YORK, date(2026, 3, 8), utc(2026, 3, 8, 7, 30)),
        (time(1, 30), NEW_YORK, date(2026, 11, 1), utc(2026, 11, 1, 5, 30)),
        (time(9), NEW_YORK, date(2026, 3, 9), utc(2026, 3, 9, 13)),
        (time(1, 15), DUBLIN, date(2026, 3, 29), utc(2026, 3, 29, 1, 15)),
        (time(1, 15), DUBLIN, date(2026, 10, 25), utc(2026, 10, 25, 0, 15)),
    ],
)
def test_on_days_on_which_the_clocks_change_it_comes_once(
    at: time, zone: str, day: date, expected: datetime
) -> None:
    schedule = Schedule(at, EVERY_DAY, zone)
    after, fired = expected - timedelta(hours=20), []
    for minute in range(0, 26 * 60, 10):
        now = expected - timedelta(hours=3) + timedelta(minutes=minute)
        if now >= expected + timedelta(hours=22):
            break
        found = due(schedule, now, after)
        if found is not None:
            fired.append((found, now))
            after = found
    assert fired == [(expected, expected)]
    assert next_due(schedule, expected - timedelta(hours=20)) == expected


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    start=st.integers(0, 3 * 365 * 24 * 60),
    steps=st.lists(st.integers(-600, 900), min_size=1, max_size=40),
    at=st.integers(0, 24 * 60 - 1),
    days=st.frozensets(st.integers(0, 6), min_size=1),
    zone=st.sampled_from([NEW_YORK, DUBLIN, "Australia/Lord_Howe", "Asia/Kolkata", "UTC"]),
)
def test_however_the_clock_runs_each_due_time_is_fired_at_most_once_and_in_order(
    start: int, steps: list[int], at: int, days: frozenset[int], zone: str
) -> None:
    """All in minutes: from the beginning of 2025, of the clock's steps, of the day."""
    schedule = Schedule(time(at // 60, at % 60), days, zone)
    now = after = utc(2025, 1, 1) + timedelta(minutes=start)
    fired: list[datetime] = []
    for step in steps:
        now += timedelta(minutes=step)
        found = due(schedule, now, after)
        if found is not None:
            assert after < found <= now
            assert now - found <= LATEST
            fired.append(found)
            after = found
    assert fired == sorted(set(fired))
