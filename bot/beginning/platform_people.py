"""The people of a chat platform, as a new department chooses from them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from bot.beginning.answers import AnswersUnusable

MOST = 10_000
"""People that are read; nobody chooses from more."""

PATIENCE_SECONDS = 20.0
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_NUMBERS = re.compile(r"\d+(?:\s*-\s*\d+)?(?:[\s,]+\d+(?:\s*-\s*\d+)?)*")


@dataclass(frozen=True, slots=True)
class Listed:
    """Somebody on a platform. `identity` is how the platform proves them, by its own ids."""

    name: str
    address: str
    identity: str


class PeopleNotRead(AnswersUnusable):
    """The platform gives no list; the message says why, and what to do next."""


def too_many(platform: str) -> PeopleNotRead:
    """Of a company that is too large to choose from."""
    return PeopleNotRead(
        f"{platform} lists more than {MOST:,} people, too many to choose from. Name one group with --group"
        " (Entra), or write the department's people into a list and read that: --people people.csv."
    )


def asked_to_wait(platform: str, retry_after: str | None) -> PeopleNotRead:
    """`retry_after` is what the platform says, in seconds."""
    when = f"in {retry_after} seconds" if retry_after and retry_after.isdigit() else "in a minute"
    return PeopleNotRead(f"{platform} takes no more questions just now. Run this again {when}.")


async def answer_of(
    http: httpx.AsyncClient, platform: str, method: str, url: str, **how: Any
) -> tuple[httpx.Response, Mapping[str, Any]]:
    """What a platform answers, with its JSON. Raises PeopleNotRead where it cannot be reached, asks to wait or
    answers something else."""
    try:
        answer = await http.request(method, url, **how)
    except httpx.HTTPError as failed:
        raise PeopleNotRead(
            f"{platform} cannot be reached at {url} ({type(failed).__name__}). Check the network, and"
            " run this again."
        ) from failed
    if answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
        raise asked_to_wait(platform, answer.headers.get("Retry-After"))
    if answer.is_server_error:
        raise PeopleNotRead(
            f"{platform} has a fault of its own (status {answer.status_code}). Run this again in a few minutes."
        )
    try:
        found = answer.json()
    except ValueError as unread:
        raise PeopleNotRead(f"{url} answered no JSON: is that {platform}?") from unread
    return answer, found if isinstance(found, dict) else {}


def is_address(said: object) -> bool:
    """Whether this is a mail address."""
    return isinstance(said, str) and _ADDRESS.fullmatch(said) is not None


def in_order(people: Sequence[Listed]) -> tuple[Listed, ...]:
    """By name, each address once. Raises PeopleNotRead if nobody is left."""
    once = {one.address.casefold(): one for one in reversed(people)}
    if not once:
        raise PeopleNotRead(
            "Nobody there has a mail address. Write a list, and read that: --people people.csv."
        )
    return tuple(sorted(once.values(), key=lambda one: (one.name.casefold(), one.address)))


def chosen(said: str, people: Sequence[Listed]) -> tuple[Listed, ...]:
    """Whom `all`, `1, 3-5` or a part of a name or address means, of a list that is counted from 1.

    Raises ValueError where nobody is meant.
    """
    said = said.strip().casefold()
    if said == "all":
        return tuple(people)
    if _NUMBERS.fullmatch(said):
        found = []
        for first, last in re.findall(r"(\d+)(?:\s*-\s*(\d+))?", said):
            span = range(int(first), int(last or first) + 1)
            if not (int(first) >= 1 and span and span[-1] <= len(people)):
                raise ValueError(f"The list goes from 1 to {len(people)}.")
            found += [people[number - 1] for number in span]
        return tuple(dict.fromkeys(found))
    meant = tuple(one for one in people if said and said in f"{one.name} {one.address}".casefold())
    if not meant:
        raise ValueError("Nobody is called that. Write all, numbers (1, 3-5) or a part of a name.")
    return meant
