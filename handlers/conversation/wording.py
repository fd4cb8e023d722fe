"""Small words of answers: names of people, lists, moments said in plain text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from governance.people import Person, Role
from governance.tables import PersonRow


class Names(dict[str, str]):
    """People's names by id; whoever is no person of the department is called by their id."""

    def __missing__(self, person: str) -> str:
        return person


async def names_of_people(tx: AsyncSession) -> Mapping[str, str]:
    """Everybody's name, the inactive too."""
    rows = await tx.execute(select(PersonRow.id, PersonRow.name))
    return Names({row.id: row.name for row in rows})


def listed(parts: Iterable[str], joined: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`."""
    items = list(parts)
    return f" {joined} ".join(filter(None, (", ".join(items[:-1]), *items[-1:])))


def role_labels(roles: Iterable[str], joined: str = "or") -> str:
    """Roles as people say them, in the order of `Role`."""
    held = frozenset(roles)
    return listed((role.label for role in Role if role in held), joined)


def moment_text(at: datetime, person: Person | None) -> str:
    """A moment in plain text, in the reader's time zone where there is one reader."""
    zone = person.time_zone if person is not None else "UTC"
    local = at.astimezone(ZoneInfo(zone))
    return f"{local:%a} {local.day} {local:%b %Y, %H:%M} {local.tzname()}"


def quoted(title: str) -> str:
    """A title in quotes; without them if it holds some itself."""
    return title if "“" in title else f"“{title}”"


def counted(number: int, one: str, many: str | None = None) -> str:
    """`1 action`, `3 actions`."""
    return f"{number} {one if number == 1 else many or one + 's'}"
