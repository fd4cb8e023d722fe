"""Periods, moments and spans: tables of cases, and what holds for all of them."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.department import Calendar
from governance.department_file import read_department
from handlers.language.dates import read_moment
from handlers.language.local_time import WEEKDAYS, Leaning, instant, midnight
from handlers.language.periods import read_period
from handlers.language.spans import read_span, read_spans

NEW_YORK = "America/New_York"
TRIAL_ZONES = ("UTC", NEW_YORK, "Europe/Dublin", "Europe/Berlin")
DEPARTMENT = read_department(Path(__file__).resolve().parents[3] / "examples" / "acme" / "department.yaml")
MONDAY = datetime(2026, 11, 23, 15, 30, tzinfo=UTC)  # 10:30 in New York
FRIDAY = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("Generate SOC2 Type II evidence for Q3 2025", "2025-07-01", "2025-10-01"),
        ("2025-Q1", "2025-01-01", "2025-04-01"),
        ("Q4 of 2026", "2026-10-01", "2027-01-01"),
        ("the last quarter of 2025", "2025-10-01", "2026-01-01"),
        ("Customer X needs the export feature by next quarter", "2027-01-01", "2027-04-01"),
        ("this quarter", "2026-10-01", "2027-01-01"),
        ("last week", "2026-11-16", "2026-11-23"),
        ("next week", "2026-11-30", "2026-12-07"),
        ("last month", "2026-10-01", "2026-11-01"),
        ("this year", "2026-01-01", "2027-01-01"),
        ("last year", "2025-01-01", "2026-01-01"),
        ("in March 2025", "2025-03-01", "2025-04-01"),
        ("October", "2026-10-01", "2026-11-01"),
        ("H1 2027", "2027-01-01", "2027-07-01"),
        ("second half of 2025", "2025-07-01", "2026-01-01"),
        ("February 2028", "2028-02-01", "2028-03-01"),
        ("2026-02", "2026-02-01", "2026-03-01"),
        ("for 2025", "2025-01-01", "2026-01-01"),
        ("today", "2026-11-23", "2026-11-24"),
        ("yesterday", "2026-11-22", "2026-11-23"),
        ("on 29 February 2028", "2028-02-29", "2028-03-01"),
        ("January to March 2025", "2025-01-01", "2025-04-01"),
        ("between November 2025 and February 2026", "2025-11-01", "2026-03-01"),
        ("from December 28 to January 3", "2026-12-28", "2027-01-04"),
        ("from December 1 to 12", "2026-12-01", "2026-12-13"),
        ("first week of January 2027", "2027-01-01", "2027-01-08"),
        ("so far this year", "2026-01-01", "2026-11-24"),
    ],
)
def test_periods(text: str, start: str, end: str) -> None:
    found = read_period(text, MONDAY, "UTC")
    assert found is not None
    assert (found.start, found.end) == (utc(start), utc(end))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "PRD-2025-Q1-Dashboard",
        "may I deploy",
        "$2025",
        "2.2025",
        "30 February 2026",
        "quarter",
        "CVE-2025-1234",
    ],
)
def test_no_period(text: str) -> None:
    assert read_period(text, MONDAY, "UTC") is None


@pytest.mark.parametrize(
    ("text", "leaning", "start"),
    [
        ("Q2", Leaning.PAST, "2026-04-01"),
        ("Q2", Leaning.FUTURE, "2027-04-01"),
        ("Q4", Leaning.PAST, "2026-10-01"),
        ("Q4", Leaning.FUTURE, "2026-10-01"),
        ("in March", Leaning.PAST, "2026-03-01"),
        ("in March", Leaning.FUTURE, "2027-03-01"),
        ("last March", Leaning.FUTURE, "2026-03-01"),
        ("last November", Leaning.NEAREST, "2025-11-01"),
    ],
)
def test_an_open_year_follows_the_leaning(text: str, leaning: Leaning, start: str) -> None:
    found = read_period(text, MONDAY, "UTC", leaning)
    assert found is not None
    assert found.start == utc(start)


def test_since_and_rolling_periods_end_now() -> None:
    since = read_period("since Monday", FRIDAY, "UTC")
    assert since is not None
    assert (since.start, since.end) == (utc("2026-11-23"), FRIDAY)
    rolling = read_period("the last 3 weeks", MONDAY, "UTC")
    assert rolling is not None
    assert (rolling.start, rolling.end) == (MONDAY - timedelta(weeks=3), MONDAY)


def test_a_quarter_over_the_clock_change_is_whole_local_days() -> None:
    found = read_period("Q1 2026", MONDAY, NEW_YORK)
    assert found is not None
    assert (found.start, found.end) == (utc("2026-01-01T05:00"), utc("2026-04-01T04:00"))


@pytest.mark.parametrize(
    ("text", "now", "at", "whole_day"),
    [
        ("schedule review for Monday", MONDAY, "2026-11-30T00:00", True),
        ("Amanda decides for me until Friday", MONDAY, "2026-11-27T00:00", True),
        ("until Friday", FRIDAY, "2026-11-27T00:00", True),
        ("by Friday", FRIDAY, "2026-11-27T00:00", True),
        ("on Friday", FRIDAY, "2026-12-04T00:00", True),
        ("Friday at 3 pm", FRIDAY, "2026-11-27T15:00", False),
        ("Friday at 9 am", FRIDAY, "2026-12-04T09:00", False),
        ("this Friday", FRIDAY, "2026-11-27T00:00", True),
        ("next Friday", FRIDAY, "2026-12-04T00:00", True),
        ("next Monday", FRIDAY, "2026-11-30T00:00", True),
        ("last Friday", FRIDAY, "2026-11-20T00:00", True),
        ("tomorrow at 10", MONDAY, "2026-11-24T10:00", False),
        ("in 2 hours", MONDAY, "2026-11-23T17:30", False),
        ("in half an hour", MONDAY, "2026-11-23T16:00", False),
        ("in three days", MONDAY, "2026-11-26T15:30", False),
        ("2 days ago", MONDAY, "2026-11-21T15:30", False),
        ("2026-12-01", MONDAY, "2026-12-01T00:00", True),
        ("2026-12-01 14:30", MONDAY, "2026-12-01T14:30", False),
        ("2026-12-01T14:30:00Z", MONDAY, "2026-12-01T14:30", False),
        ("the 3rd of December", MONDAY, "2026-12-03T00:00", True),
        ("Dec 3 at noon", MONDAY, "2026-12-03T12:00", False),
        ("until the 12th", MONDAY, "2026-12-12T00:00", True),
        ("tomorrow from 2 to 4 pm", MONDAY, "2026-11-24T14:00", False),
        ("end of the month", MONDAY, "2026-11-30T00:00", True),
        ("on 29 February", MONDAY, "2028-02-29T00:00", True),
        ("tonight", MONDAY, "2026-11-23T20:00", False),
        ("12 am tomorrow", MONDAY, "2026-11-24T00:00", False),
        ("12 pm tomorrow", MONDAY, "2026-11-24T12:00", False),
    ],
)
def test_moments(text: str, now: datetime, at: str, whole_day: bool) -> None:
    found = read_moment(text, now, "UTC")
    assert found is not None
    assert (found.at, found.whole_day) == (utc(at), whole_day)


@pytest.mark.parametrize(
    "text", ["", "scale to 8", "Feb 30", "2026-02-30", "at 25 pm", "v2.4", "3 pods", "to 5 replicas", "money"]
)
def test_no_moment(text: str) -> None:
    assert read_moment(text, MONDAY, "UTC") is None


def test_a_time_alone_leans_back_when_something_happened() -> None:
    back = read_moment("What caused the latency spike at 3 AM?", MONDAY, NEW_YORK, Leaning.PAST)
    ahead = read_moment("at 3 AM", MONDAY, NEW_YORK)
    assert back is not None
    assert ahead is not None
    assert (back.at, ahead.at) == (utc("2026-11-23T08:00"), utc("2026-11-24T08:00"))


def test_a_deadline_is_the_end_of_its_day() -> None:
    found = read_moment("until Friday", MONDAY, NEW_YORK)
    assert found is not None
    assert found.deadline == utc("2026-11-28T05:00")


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-03-08 02:30", "2026-03-08T07:30"),  # skipped when clocks go forward: moved on by the gap
        ("2026-11-01 01:30", "2026-11-01T05:30"),  # comes twice: the first
        ("2026-11-01 03:00", "2026-11-01T08:00"),
    ],
)
def test_wall_times_around_a_clock_change(text: str, at: str) -> None:
    found = read_moment(text, MONDAY, NEW_YORK)
    assert found is not None
    assert found.at == utc(at)


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("until Friday", MONDAY, "2026-11-28T00:00"),
        ("incident mode for the next 2 hours", MONDAY, "2026-11-23T17:30"),
        ("demo mode tomorrow from 2 to 4 pm", utc("2026-11-24T14:00"), "2026-11-24T16:00"),
        ("from Monday to Wednesday", utc("2026-11-30"), "2026-12-03T00:00"),
        ("planning mode next week Monday to Thursday", utc("2026-11-30"), "2026-12-04T00:00"),
        ("from tomorrow till the 15th", utc("2026-11-24"), "2026-12-16T00:00"),
        ("audit window on Thursday", utc("2026-11-26"), "2026-11-27T00:00"),
        ("next quarter", utc("2027-01-01"), "2027-04-01T00:00"),
        ("until 18:00", MONDAY, "2026-11-23T18:00"),
    ],
)
def test_spans(text: str, start: datetime, end: str) -> None:
    found = read_span(text, MONDAY, "UTC")
    assert found is not None
    assert (found.start, found.end) == (start, utc(end))


@pytest.mark.parametrize("text", ["yesterday", "last week", "demo mode", "for ever", "until 2020-01-01"])
def test_no_span_without_an_end_to_come(text: str) -> None:
    assert read_span(text, MONDAY, "UTC") is None


VOCABULARY = (
    "last next this Q1 Q4 2025 2028 March may Monday friday until from to since week quarter in 3 days hours "
    "2 pm at noon 29 February the 31st and between half year ago for tomorrow 2026-02-29 H1 of 99999 after "
    "holiday thurs + weekend end morgen bis quarter to five 13/12 a couple of , - every month eob"
)
WORDS = st.lists(st.sampled_from(VOCABULARY.split(" ")), max_size=8).map(" ".join)
ZONES = st.sampled_from([*TRIAL_ZONES, "Asia/Kathmandu", "Pacific/Apia", "Africa/Casablanca"])
NOWS = st.integers(800_000_000, 3_900_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
CALENDARS = st.sampled_from([None, *DEPARTMENT.calendars])


@given(WORDS | st.text(max_size=40), NOWS, ZONES, st.sampled_from(Leaning), CALENDARS)
def test_whatever_is_said_times_are_ordered_and_utc(
    text: str, now: datetime, zone: str, leaning: Leaning, calendar: Calendar | None
) -> None:
    moment = read_moment(text, now, zone, leaning, calendar)
    if moment is not None:
        assert moment.at <= moment.ends
        assert moment.at.tzinfo is UTC
        assert (moment.at < moment.ends) == moment.whole_day
    spans = read_spans(text, now, zone, calendar)
    for period in (read_period(text, now, zone, leaning, calendar), *spans):
        if period is not None:
            assert period.start < period.end
            assert period.start.tzinfo is UTC
            assert period.end.tzinfo is UTC
    for span in spans:
        assert span.start >= now
    for before, after in pairwise(spans):
        assert before.end <= after.start
    whole = read_span(text, now, zone, calendar)
    assert (whole.start, whole.end) == (spans[0].start, spans[-1].end) if whole and spans else whole is None


DAYS = st.dates(date(1996, 1, 1), date(2090, 12, 31))
BY_DAYS = (
    "thurs + fri", "until friday", "mon, wed and fri", "over the weekend", "next week", "tomorrow", "wed-fri",
    "until the end of the month", "for 3 days", "for a fortnight", "tomorrow from 2 to 4", "till mon morning",
    "until half past nine tomorrow", "next weekend", "until the 12th", "bis übermorgen",
    "from tomorrow till friday",
)  # fmt: skip


@given(st.sampled_from(BY_DAYS), DAYS)
def test_the_same_is_read_in_every_zone(text: str, day: date) -> None:
    """In local time: what a phrase means does not depend on where it is said."""
    read = set()
    for zone in (*TRIAL_ZONES, "Asia/Kathmandu"):
        span = read_span(text, at_noon(day, zone), zone)
        assert span is not None
        read.add((locally(span.start, zone), locally(span.end, zone)))
    assert len(read) == 1


@given(st.sampled_from([text for text in BY_DAYS if "month" not in text and "12th" not in text]), DAYS)
def test_a_year_of_weeks_later_the_same_is_read_so_much_later(text: str, day: date) -> None:
    year = timedelta(weeks=52)
    for zone in TRIAL_ZONES:
        now, later = (read_span(text, at_noon(on, zone), zone) for on in (day, day + year))
        assert now is not None
        assert later is not None
        assert locally(now.start, zone) + year == locally(later.start, zone)
        assert locally(now.end, zone) + year == locally(later.end, zone)


@given(DAYS, st.sets(st.integers(0, 6), min_size=2), ZONES)
def test_days_that_are_listed_are_the_days_that_are_covered(day: date, weekdays: set[int], zone: str) -> None:
    text = ", ".join(WEEKDAYS[number] for number in sorted(weekdays))
    covered: set[date] = set()
    for span in read_spans(text, at_noon(day, zone), zone):
        first, last = locally(span.start, zone).date(), locally(span.end, zone).date()
        covered |= {first + timedelta(days=ahead) for ahead in range((last - first).days)}
    assert {one.weekday() for one in covered} == weekdays
    assert len(covered) == len(weekdays)


@given(DAYS, st.integers(0, 300), ZONES, st.sampled_from(["from {} to {}", "{} - {}", "between {} and {}"]))
def test_a_span_between_two_dates_is_those_days(day: date, length: int, zone: str, form: str) -> None:
    last = day + timedelta(days=length)
    text = form.format(*(f"{one.day} {one:%B} {one.year}" for one in (day, last)))
    span = read_span(text, at_noon(day - timedelta(days=1), zone), zone)
    assert span is not None
    assert (span.start, span.end) == (midnight(day, zone), midnight(last + timedelta(days=1), zone))


@given(DAYS, ZONES)
def test_every_way_of_writing_a_date_is_that_date(day: date, zone: str) -> None:
    written = [
        f"{day:%Y-%m-%d}",
        f"{day.day} {day:%b} {day.year}",
        f"{day:%B} {day.day}, {day.year}",
        f"{day:%d.%m.%Y}",
    ]
    if day.day > 12:
        written += [f"{day:%d/%m/%Y}", f"{day:%m/%d/%Y}"]
    for text in written:
        found = read_moment(text, MONDAY, zone)
        assert found is not None, text
        assert found.at == midnight(day, zone), text


@given(st.integers(1, 4), st.integers(2000, 2090), ZONES)
def test_quarters_join_without_gap_or_overlap(number: int, year: int, zone: str) -> None:
    following = f"Q{number % 4 + 1} {year + number // 4}"
    first, second = read_period(f"Q{number} {year}", MONDAY, zone), read_period(following, MONDAY, zone)
    assert first is not None
    assert second is not None
    assert first.end == second.start


def at_noon(day: date, zone: str) -> datetime:
    return instant(day, time(12), zone)


def locally(at: datetime, zone: str) -> datetime:
    return at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
