"""Small words of answers: names of people, lists, moments said in plain text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from governance.directory import names_of_all
from governance.people import Person, Role


async def names_of_people(tx: AsyncSession) -> Mapping[str, str]:
    """Everybody's name, the inactive too; an id that is nobody's is its own name."""
    return await names_of_all(tx)


def listed(parts: Iterable[str], joined: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`."""
    items = list(parts)
    return f" {joined} ".join(filter(None, (", ".join(items[:-1]), *items[-1:])))


def role_labels(roles: Iterable[str], joined: str = "or") -> str:
    """Roles as people say them, in the order of `Role`."""
    held = frozenset(roles)
    return listed((role.label for role in Role if role in held), joined)


def moment_text(at: datetime, person: Person | None, zone: str = "UTC") -> str:
    """A moment in plain text, in the reader's time zone where there is one reader, else in `zone`."""
    zone = person.time_zone if person is not None else zone
    local = at.astimezone(ZoneInfo(zone))
    return f"{local:%a} {local.day} {local:%b %Y, %H:%M} {local.tzname()}"


def until_text(ends: datetime, person: Person | None) -> str:
    """When something stops that holds until `ends`, in the reader's time zone.

    Whoever says "until Friday" means all of Friday: the midnight after it reads `the end of Fri 27 Nov 2026`.
    """
    zone = person.time_zone if person is not None else "UTC"
    last = last_minute(ends, zone)
    if last == ends:
        return moment_text(ends, person)
    local = last.astimezone(ZoneInfo(zone))
    return f"the end of {local:%a} {local.day} {local:%b %Y} ({local.tzname()})"


def last_minute(ends: datetime, zone: str) -> datetime:
    """What a card shows for an end that is not reached itself: of a midnight in `zone` the minute before."""
    at_midnight = ends.astimezone(ZoneInfo(zone)).time() == time()
    return ends - timedelta(minutes=1) if at_midnight else ends


def quoted(title: str) -> str:
    """A title in quotes; without them if it holds some itself."""
    return title if "“" in title else f"“{title}”"


def counted(number: int, one: str, many: str | None = None) -> str:
    """`1 action`, `3 actions`."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def lowered(sentence: str) -> str:
    """A sentence as the end of another: its first letter small."""
    return f"{sentence[:1].lower()}{sentence[1:]}"
