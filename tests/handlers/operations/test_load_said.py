"""What is said of a load test."""

from __future__ import annotations

import pytest

from handlers.conversation.handler import CannotAnswer
from handlers.operations.simulate_load.parse import (
    LoadSaid,
    Wish,
    demand_sendable,
    read_load,
    read_wish,
    reserves,
)


@pytest.mark.parametrize(
    ("words", "rate", "times", "seconds"),
    [
        ("simulate 10x load on orders", None, 10, 120),
        ("load test checkout at 50 requests a second for 1 minute", 50, None, 60),
        ("start a load test with 2,000 requests per second", 2000, None, 120),
        ("hit search with 1.5k rps for 90 seconds", 1500, None, 90),
        ("600 requests per minute on orders for ten minutes", 10, None, 600),
        ("sustained load test for 30 minutes at 5x", None, 5, 1800),
        ("simulate double traffic against staging", None, 2, 120),
        ("simulate production traffic on staging", None, None, 120),
    ],
)
def test_how_much_and_for_how_long(words: str, rate: float | None, times: float | None, seconds: float) -> None:
    said = read_load(words)
    assert (said.rate, said.times, said.seconds) == (rate, times, seconds)
    assert (said.slowest_ms, said.most_failed, said.path) == (500, 0.01, None)


def test_what_is_to_hold_and_where_it_goes_in() -> None:
    said = read_load("load test at 40 r/s on /Accounts/7?full=1 for 20 s, p95 under 0.3 s, errors below 0.5%")
    assert said == LoadSaid(40, None, 20, "/Accounts/7?full=1", 300, 0.005)
    assert read_load("5x, p95 stays below 250 ms and at most 2 % errors").slowest_ms == 250
    assert read_load("5x, p95 stays below 250 ms and at most 2 % errors").most_failed == 0.02


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("simulate 10x load on production", "never against production"),
        ("load test checkout with 5000 users", "by rate and not by users"),
        ("5x for 3 hours", "5 seconds to 2 hours"),
        ("5x, p95 under 90 seconds", "1 ms to 60 s"),
        ("5x, errors under 100 %", "everything may fail"),
    ],
)
def test_what_cannot_be_done_is_said(words: str, why: str) -> None:
    with pytest.raises(CannotAnswer, match=why):
        read_load(words)


def test_more_than_can_be_sent_is_refused() -> None:
    assert demand_sendable(50_000) == 50_000
    with pytest.raises(CannotAnswer, match="cannot be sent from here"):
        demand_sendable(50_001)


def test_a_long_one_rises_to_its_rate_and_a_short_one_does_not() -> None:
    levels = read_load("40 rps for 60 seconds").levels(40)
    assert [(level.rate, level.seconds) for level in levels] == [(4, 6), (10, 6), (20, 6), (30, 6), (40, 36)]
    assert [level.rate for level in read_load("40 rps for 20 seconds").levels(40)] == [40]


@pytest.mark.parametrize(
    ("words", "wish"),
    [
        ("end to end load test of checkout", Wish.BEGIN),
        ("an end-to-end load test of the backend at 20 rps", Wish.BEGIN),
        ("load test orders at 50 rps and stop the test after 2 minutes", Wish.BEGIN),
        ("simulate 10x load on orders, then show the results", Wish.BEGIN),
        ("load test orders", Wish.BEGIN),
        ("stop the load test", Wish.STOP),
        ("please abort the load test of orders", Wish.STOP),
        ("the load test at 10x hurts, kill the load", Wish.STOP),
        ("don’t stop the load test", Wish.SHOW),
        ("do not abort the simulation", Wish.SHOW),
        ("show the results", Wish.SHOW),
        ("show the results of the load test at 50 rps", Wish.SHOW),
        ("show me the load test of orders at 20 rps", Wish.SHOW),
        ("give me the figures of the 10x test", Wish.SHOW),
        ("did the last load test of orders pass?", Wish.SHOW),
    ],
)
def test_what_is_wanted(words: str, wish: Wish) -> None:
    assert read_wish(words) is wish


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("simulate with 10x load first, then reserve if passing", True),
        ("simulate 5x load on orders, then reserve if it passes", True),
        ("simulate 5x load on orders", False),
        ("simulate 10x load, then do not reserve", False),
        ("simulate 10x load and don’t reserve even if it passes", False),
        ("simulate 10x load first, then never reserve", False),
    ],
)
def test_whether_it_reserves(words: str, expected: bool) -> None:
    assert reserves(words) is expected


@pytest.mark.parametrize(
    "words", ["then reserve if it does not pass", "10x load, then reserve unless it fails"]
)
def test_a_denial_that_leaves_open_when_it_reserves_is_asked_back(words: str) -> None:
    with pytest.raises(CannotAnswer, match="When is it to be reserved"):
        reserves(words)
