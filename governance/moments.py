"""Days and times as people write them: `4 Dec 2026`, `Fri 4 Dec 2026, 17:00 GMT`."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo


def day_text(day: date) -> str:
    """`29 Jan 2027`."""
    return f"{day.day} {day:%b %Y}"


def moment_words(at: datetime, zone: str = "UTC") -> str:
    """A moment in plain text, in a time zone (a name of the tz database)."""
    local = at.astimezone(ZoneInfo(zone))
    return f"{local:%a} {local.day} {local:%b %Y, %H:%M} {local.tzname()}"


def end_words(ends: datetime, zone: str = "UTC") -> str:
    """When something stops that holds until `ends`.

    Whoever says "until Friday" means all of Friday: the midnight after it reads `the end of Fri 27 Nov 2026`.
    """
    last = last_minute(ends, zone)
    if last == ends:
        return moment_words(ends, zone)
    local = last.astimezone(ZoneInfo(zone))
    return f"the end of {local:%a} {local.day} {local:%b %Y} ({local.tzname()})"


def last_minute(ends: datetime, zone: str) -> datetime:
    """What a card shows for an end that is not reached itself: of a midnight in `zone` the minute before."""
    at_midnight = ends.astimezone(ZoneInfo(zone)).time() == time()
    return ends - timedelta(minutes=1) if at_midnight else ends
