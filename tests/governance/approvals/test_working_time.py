"""Working time across evenings, weekends, holidays and changes of the clocks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from governance.approvals.working_time import NoWorkingTime, add_working_time, deadlines
from governance.department import Calendar

WEEK = ["monday", "tuesday", "wednesday", "thursday", "friday"]


def calendar(zone="Europe/Dublin", days=WEEK, start="09:00", end="17:00", holidays=()):
    return Calendar.model_validate(
        {
            "id": "office",
            "time_zone": zone,
            "days": days,
            "start": start,
            "end": end,
            "holidays": [{"day": day, "name": "Off"} for day in holidays],
        },
        strict=False,
    )


def at(text):
    return datetime.fromisoformat(text).astimezone(UTC)


CASES = [
    ("within a day", calendar(), "2026-11-23T09:00+00:00", "0.5", "2026-11-23T13:00+00:00"),
    ("a whole day", calendar(), "2026-11-23T09:00+00:00", "1", "2026-11-23T17:00+00:00"),
    ("over night", calendar(), "2026-11-23T13:00+00:00", "1", "2026-11-24T13:00+00:00"),
    ("before the day begins", calendar(), "2026-11-23T03:00+00:00", "0.25", "2026-11-23T11:00+00:00"),
    ("after it ended", calendar(), "2026-11-23T17:00+00:00", "0.25", "2026-11-24T11:00+00:00"),
    ("late in the evening", calendar(), "2026-11-23T21:00+00:00", "0.25", "2026-11-24T11:00+00:00"),
    (
        "an evening that is tomorrow in UTC",
        calendar("America/New_York", start="15:00", end="23:00"),
        "2026-11-24T02:00+00:00",
        "0.25",
        "2026-11-24T04:00+00:00",
    ),
    ("over a weekend", calendar(), "2026-11-27T15:00+00:00", "1", "2026-11-30T15:00+00:00"),
    ("from a Saturday", calendar(), "2026-11-28T12:00+00:00", "1", "2026-11-30T17:00+00:00"),
    (
        "over holidays",
        calendar(holidays=["2026-12-25", "2026-12-28"]),
        "2026-12-24T13:00+00:00",
        "1",
        "2026-12-29T13:00+00:00",
    ),
    ("a week", calendar(), "2026-11-23T09:00+00:00", "5", "2026-11-27T17:00+00:00"),
    ("summer ends over the weekend", calendar(), "2026-10-23T12:00+01:00", "1", "2026-10-26T12:00+00:00"),
    (
        "summer begins over the weekend",
        calendar("Europe/Berlin"),
        "2026-03-27T13:00+01:00",
        "1",
        "2026-03-30T13:00+02:00",
    ),
    (
        "the hour that is left out does not count",
        calendar("Europe/Berlin", days=["sunday"], start="00:00", end="08:00"),
        "2026-03-29T00:00+01:00",
        "1",
        "2026-04-05T01:00+02:00",
    ),
    (
        "the hour that comes twice counts twice",
        calendar("Europe/Berlin", days=["sunday"], start="00:00", end="08:00"),
        "2026-10-25T00:00+02:00",
        "1",
        "2026-10-25T07:00+01:00",
    ),
    (
        "where it is tomorrow already",
        calendar("Pacific/Auckland"),
        "2026-11-23T20:00+00:00",
        "0.5",
        "2026-11-24T00:00+00:00",
    ),
    (
        "half hours",
        calendar("Asia/Kolkata", start="09:30", end="17:30"),
        "2026-11-23T04:00+00:00",
        "1",
        "2026-11-23T12:00+00:00",
    ),
]


@pytest.mark.parametrize(
    ("office", "start", "days", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_working_time(office, start, days, expected):
    assert add_working_time(at(start), Decimal(days), office) == at(expected)


def test_a_calendar_without_working_days_is_named():
    closed = calendar(
        days=["monday"],
        holidays=[f"{datetime(2026, 11, 23, tzinfo=UTC) + timedelta(weeks=w):%Y-%m-%d}" for w in range(70)],
    )
    with pytest.raises(NoWorkingTime, match="office"):
        add_working_time(at("2026-11-23T09:00+00:00"), Decimal(1), closed)


def test_a_start_without_a_zone_and_a_span_of_nothing_are_refused():
    with pytest.raises(ValueError, match="time zone"):
        add_working_time(datetime(2026, 11, 23, 9), Decimal(1), calendar())  # noqa: DTZ001
    for days in ("0", "-1"):
        with pytest.raises(ValueError, match="positive"):
            add_working_time(at("2026-11-23T09:00+00:00"), Decimal(days), calendar())


moments = st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
spans = st.integers(1, 40).map(lambda quarters: Decimal(quarters) / 4)


@settings(max_examples=80, deadline=None)
@given(moments, spans, spans, st.sampled_from(["Europe/Dublin", "America/New_York", "Asia/Kolkata"]))
def test_working_time_adds_up_and_ends_within_working_hours(start, first, second, zone):
    office = calendar(zone, holidays=["2026-07-03", "2026-12-25"])
    halfway = add_working_time(start, first, office)
    end = add_working_time(halfway, second, office)
    assert end == add_working_time(start, first + second, office)
    assert start < halfway < end
    local = end.astimezone(ZoneInfo(zone))
    assert local.weekday() < 5
    assert 9 <= local.hour + local.minute / 60 <= 17


def test_the_reminder_comes_at_three_quarters_and_the_next_roles_share_the_rest():
    times = deadlines(at("2026-11-23T09:00+00:00"), Decimal(1), 2, calendar())
    assert times.remind == at("2026-11-23T15:00+00:00")
    assert times.ask_next == (at("2026-11-23T15:40+00:00"), at("2026-11-23T16:20+00:00"))
    assert times.expires == at("2026-11-23T17:00+00:00")
    friday = deadlines(at("2026-11-27T12:00+00:00"), Decimal(1), 1, calendar())
    assert friday.remind == at("2026-11-30T10:00+00:00")
    assert friday.ask_next == (at("2026-11-30T11:00+00:00"),)
