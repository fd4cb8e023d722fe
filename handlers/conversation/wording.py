"""Small words of answers: names of people, lists, moments said in plain text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from governance.directory import names_of_all
from governance.moments import end_words, moment_words
from governance.moments import last_minute as last_minute  # for cards, with the words that go with it
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
    return moment_words(at, person.time_zone if person is not None else zone)


def until_text(ends: datetime, person: Person | None) -> str:
    """When something stops that holds until `ends`, in the reader's time zone: see `end_words`."""
    return end_words(ends, _zone_of(person))


def _zone_of(person: Person | None) -> str:
    return person.time_zone if person is not None else "UTC"


def quoted(title: str) -> str:
    """A title in quotes; without them if it holds some itself."""
    return title if "“" in title else f"“{title}”"


def counted(number: int, one: str, many: str | None = None) -> str:
    """`1 action`, `3 actions`."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def lowered(sentence: str) -> str:
    """A sentence as the end of another: its first letter small."""
    return f"{sentence[:1].lower()}{sentence[1:]}"


def capital(text: str) -> str:
    """With a capital letter at its beginning, and the others as they are."""
    return f"{text[:1].upper()}{text[1:]}"
