from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from dashboard.figures import Figure, Figures, NoSuchMetric, TooLong

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
DAY = date(2026, 11, 20)


def figure(hour=12, value="2", metric="orders", account="acme", day=20, computed=NOON):
    return Figure(account, metric, datetime(2026, 11, day, hour, tzinfo=UTC), Decimal(value), computed)


def test_a_day_is_the_sum_of_its_hours():
    figures = Figures()
    later = NOON.replace(hour=14)
    figures.store([figure(9), figure(10, "3", computed=later), figure(day=21), figure(day=22, value="7")])
    days = figures.by_day("acme", "orders", DAY, date(2026, 11, 21))
    assert [(one.day.day, one.value) for one in days] == [(20, 5), (21, 2)]
    assert days[0].computed == later


def test_a_figure_that_is_computed_again_takes_the_place_of_the_first():
    figures = Figures()
    figures.store([figure(value="2"), figure(value="5")])
    (day,) = figures.by_day("acme", "orders", DAY, DAY)
    assert day.value == 5


def test_other_accounts_and_metrics_are_not_in_it():
    figures = Figures()
    figures.store([figure(account="other"), figure(metric="refunds")])
    assert figures.by_day("acme", "orders", DAY, DAY) == []


def test_no_other_metrics_and_no_longer_periods():
    with pytest.raises(NoSuchMetric):
        Figures().by_day("acme", "profit", DAY, DAY)
    with pytest.raises(TooLong):
        Figures().by_day("acme", "orders", date(2024, 11, 18), DAY)
    assert Figures().by_day("acme", "orders", date(2024, 11, 20), DAY) == []
