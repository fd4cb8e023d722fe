"""Figures of accounts, as the pipeline has computed them hour by hour."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal

METRICS = ("orders", "order_value", "refunds", "active_users")
LONGEST = timedelta(days=731)
"""24 months."""


class NoSuchMetric(LookupError):
    """There is no metric of this name."""


class TooLong(ValueError):
    """The period is longer than 24 months."""


@dataclass(frozen=True)
class Figure:
    """A metric's value for an account in the hour from `hour` on; `computed` says when it was worked out."""

    account: str
    metric: str
    hour: datetime
    value: Decimal
    computed: datetime


@dataclass(frozen=True)
class Point:
    """A metric's value on one day, and when the newest of its hours was worked out."""

    day: date
    value: Decimal
    computed: datetime


@dataclass
class Figures:
    """Every figure, by account, metric and hour. A later one of the same hour takes the earlier's place."""

    _figures: dict[tuple[str, str, datetime], Figure] = field(default_factory=dict)

    def store(self, figures: Iterable[Figure]) -> None:
        """Take figures over."""
        for figure in figures:
            self._figures[figure.account, figure.metric, figure.hour] = figure

    def by_day(self, account: str, metric: str, since: date, until: date) -> list[Point]:
        """A metric's days from `since` to `until`; those without a figure are left out. Raises NoSuchMetric,
        TooLong."""
        if metric not in METRICS:
            raise NoSuchMetric(metric)
        if until - since > LONGEST:
            raise TooLong
        days: dict[date, list[Figure]] = {}
        for figure in self._figures.values():
            if (figure.account, figure.metric) == (account, metric) and since <= figure.hour.date() <= until:
                days.setdefault(figure.hour.date(), []).append(figure)
        return [_point(day, days[day]) for day in sorted(days)]


def _point(day: date, figures: list[Figure]) -> Point:
    total = sum((figure.value for figure in figures), Decimal(0))
    return Point(day, total, max(figure.computed for figure in figures))
