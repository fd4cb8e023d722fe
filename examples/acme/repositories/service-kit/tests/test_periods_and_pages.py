from datetime import date
from http import HTTPStatus

import pytest
from service_kit import Period, Problem, page

WEEK = Period(date(2026, 11, 2), date(2026, 11, 8))


def test_a_period_has_both_of_its_ends():
    assert (WEEK.days, len(list(WEEK))) == (7, 7)
    assert WEEK.since in WEEK
    assert WEEK.until in WEEK
    assert date(2026, 11, 9) not in WEEK


def test_the_period_before_is_as_long_and_ends_the_day_before():
    assert WEEK.previous == Period(date(2026, 10, 26), date(2026, 11, 1))


def test_a_period_does_not_end_before_it_begins():
    with pytest.raises(ValueError):
        Period(date(2026, 11, 2), date(2026, 11, 1))


def test_pages_follow_each_other():
    first = page("abcde", str, 2)
    assert (first.items, first.after) == (("a", "b"), "b")
    second = page("abcde", str, 3, first.after)
    assert (second.items, second.after) == (("c", "d", "e"), None)
    with pytest.raises(ValueError):
        page("abc", str, 2, after="z")


def test_a_problem_says_what_was_wrong():
    said = Problem(HTTPStatus.NOT_FOUND, "There is no such metric.")
    assert b'"status": 404' in said.body()
    assert b"no such metric" in said.body()
