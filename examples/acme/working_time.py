"""Working time for the sample's history: hours between opening and closing, weekends and holidays left out."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from governance.department import Calendar, Weekday

WEEKDAYS = tuple(Weekday)


class WorkingTime:
    """One calendar's working time. Moments go in and come out in UTC."""

    def __init__(self, calendar: Calendar) -> None:
        self._calendar = calendar
        self._zone = ZoneInfo(calendar.time_zone)
        self._holidays = {holiday.day for holiday in calendar.holidays}

    def works_on(self, day: date) -> bool:
        """Whether people work on this day."""
        return WEEKDAYS[day.weekday()] in self._calendar.days and day not in self._holidays

    def days_between(self, first: date, end: date) -> int:
        """Working days from `first` to the day before `end`."""
        span = (end - first).days
        return sum(self.works_on(first + timedelta(days=offset)) for offset in range(span))

    @property
    def week(self) -> float:
        """Working hours in a week without holidays."""
        opened, closed = self._opening(date(2026, 1, 5))
        return len(self._calendar.days) * (closed - opened).total_seconds() / 3600

    def within(self, moment: datetime) -> datetime:
        """This moment if people work then, else the next one at which they do."""
        return self.after(moment, 0.0)

    def after(self, moment: datetime, hours: float) -> datetime:
        """The moment at which `hours` of working time have passed since `moment`, to the minute."""
        left = timedelta(hours=hours)
        day = moment.astimezone(self._zone).date()
        while True:
            if self.works_on(day):
                opened, closed = self._opening(day)
                begun = max(moment, opened)
                if begun + left < closed:
                    return (begun + left).replace(second=0, microsecond=0)
                left -= max(closed - begun, timedelta(0))
            day += timedelta(days=1)

    def _opening(self, day: date) -> tuple[datetime, datetime]:
        opened, closed = (
            datetime.combine(day, at, self._zone).astimezone(UTC)
            for at in (self._calendar.start, self._calendar.end)
        )
        return opened, closed
