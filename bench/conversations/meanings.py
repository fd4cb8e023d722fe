"""What a written condition means, in the data's grammar, and whether two meanings are equal.

Equal in meaning are: any order within `and` and `or`, nested ones flattened; negations wherever they stand;
`not(a<=n)` and `a>n`; `tests_red(x)` and `not(tests_green(x))`; `before(T)` and `not(after(T))`;
`environment=staging` and `not(environment=production)`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation


class NoMeaning(ValueError):
    """A text is not in the grammar."""


@dataclass(frozen=True)
class Fact:
    """An atom that holds, or (not `holds`) does not."""

    atom: str
    holds: bool = True


@dataclass(frozen=True)
class Joined:
    """Meanings of which all (`and`) or any (`or`) hold."""

    how: str
    parts: frozenset[Fact | Joined]


Meaning = Fact | Joined

_JOINS = {"and": "or", "or": "and"}
_CALL = re.compile(r"(?P<name>\w+)\s*\((?P<inside>.*)\)", re.DOTALL)
_COMPARED = re.compile(r"(?P<what>[^<>=]*(?:\([^()]*\))?)(?P<how><=|>=|<|>|=)(?P<value>[^<>=]+)")
_TIME = re.compile(r"(?P<day>\d{4}-\d\d-\d\d)t(?P<hour>\d\d):(?P<minute>\d\d)")
_NUMBER = re.compile(r"(?P<number>\d+(?:\.\d+)?)(?P<unit>%|[a-z]*)")


def parse(text: str) -> Meaning:
    """The meaning that `text` writes down, in one form for all that are equal. Raises NoMeaning."""
    return _parse(text.strip().casefold(), holds=True)


def equal(one: str, other: str) -> bool:
    """Whether two texts of the grammar mean the same. Raises NoMeaning."""
    return parse(one) == parse(other)


def _parse(text: str, *, holds: bool) -> Meaning:
    call = _CALL.fullmatch(text)
    if call is None or not _is_one(call["inside"]):
        return _atom(text, holds=holds)
    if call["name"] == "not":
        return _parse(call["inside"].strip(), holds=not holds)
    if call["name"] not in _JOINS:
        return _atom(text, holds=holds)
    parts = [_parse(part, holds=holds) for part in _split(call["inside"])]
    if len(parts) < 2:
        raise NoMeaning(f"{text!r} joins nothing")
    how = call["name"] if holds else _JOINS[call["name"]]
    flat: set[Meaning] = set()
    for part in parts:
        flat |= part.parts if isinstance(part, Joined) and part.how == how else {part}
    return flat.pop() if len(flat) == 1 else Joined(how, frozenset(flat))


def _is_one(inside: str) -> bool:
    """Whether a call's brackets belong to each other, as in `a(b), c(d)` they do not."""
    depth = 0
    for character in inside:
        depth += {"(": 1, ")": -1}.get(character, 0)
        if depth < 0:
            return False
    return depth == 0


def _split(text: str) -> list[str]:
    parts, depth, start = [], 0, 0
    for place, character in enumerate(text):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == "," and depth == 0:
            parts.append(text[start:place])
            start = place + 1
    return [part.strip() for part in (*parts, text[start:])]


def _atom(text: str, *, holds: bool) -> Meaning:
    if not text or not _is_one(text):
        raise NoMeaning(f"{text!r} is no atom")
    compared = _COMPARED.fullmatch(text)
    if compared is not None:
        return _comparison(compared["what"], compared["how"], compared["value"], holds=holds)
    call = _CALL.fullmatch(text)
    if call is None:
        return Fact(_plain(text), holds)
    name, inside = call["name"], ",".join(map(_plain, _split(call["inside"])))
    if name == "tests_red":
        return Fact(f"tests_green({inside})", not holds)
    if name == "before":
        return Fact(f"after({inside})", not holds)
    return Fact(f"{name}({inside})", holds)


def _comparison(what: str, how: str, value: str, *, holds: bool) -> Fact:
    called = _CALL.fullmatch(what.strip())
    what = f"{called['name']}({','.join(map(_plain, _split(called['inside'])))})" if called else _plain(what)
    value = _plain(value)
    if (what, how, value) == ("environment", "=", "staging"):
        return Fact("environment=production", not holds)
    if how in (">", ">="):
        return Fact(f"{what}{'<=' if how == '>' else '<'}{value}", not holds)
    return Fact(f"{what}{how}{value}", holds)


def _plain(text: str) -> str:
    """A name, time or amount in one spelling."""
    said = " ".join(text.split())
    if time := _TIME.fullmatch(said):
        day = datetime.fromisoformat(time["day"])
        return (day + timedelta(hours=int(time["hour"]), minutes=int(time["minute"]))).isoformat()
    if number := _NUMBER.fullmatch(said):
        try:
            return f"{Decimal(number['number']).normalize():f}{number['unit']}"
        except InvalidOperation:
            return said
    return said
