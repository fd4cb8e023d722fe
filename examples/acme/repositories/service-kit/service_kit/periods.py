"""Periods of whole days."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True)
class Period:
    """The days from `since` to `until`, both in it. Raises ValueError where it ends before it begins."""

    since: date
    until: date

    def __post_init__(self) -> None:
        if self.until < self.since:
            raise ValueError("a period ends on the day on which it begins, or later")

    @property
    def days(self) -> int:
        return (self.until - self.since).days + 1

    @property
    def previous(self) -> Period:
        """The period of the same length before."""
        return Period(self.since - timedelta(days=self.days), self.since - timedelta(days=1))

    def __iter__(self) -> Iterator[date]:
        return (self.since + timedelta(days=number) for number in range(self.days))

    def __contains__(self, day: date) -> bool:
        return self.since <= day <= self.until
