"""Conditions in words, as people read them on cards and in answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from governance.authority.conditions import All, AnyOf, Condition, Not, Operator, Term, negated
from governance.authority.vocabulary import ALL_FACTS


@dataclass(frozen=True, slots=True)
class Speech:
    """What words need: people's names by id, and the time zone in which moments are said."""

    names: Mapping[str, str] = field(default_factory=dict)
    zone: str = "UTC"


def in_words(term: Term, speech: Speech) -> str:
    """`all tests passed`, `it costs less than $1,000 and it is not a Friday`: what follows an “if”."""
    match term:
        case All(parts):
            return " and ".join(_part(part, speech) for part in parts)
        case AnyOf(parts):
            return " or ".join(_part(part, speech) for part in parts)
        case Not(Condition() as denied):
            return _comparison(denied, speech, denies=True)
        case Not():
            return in_words(negated(term.part), speech)
        case Condition():
            return _comparison(term, speech, denies=term.value == ("false",))


def _part(part: Term, speech: Speech) -> str:
    words = in_words(part, speech)
    return f"({words})" if isinstance(part, All | AnyOf) else words


def _comparison(said: Condition, speech: Speech, *, denies: bool) -> str:
    fact = ALL_FACTS[said.fact]
    match said.value:
        case datetime():
            return _moment(said.value, said.operator, ZoneInfo(speech.zone))
        case Decimal():
            amount = f"${said.value:,.2f}".removesuffix(".00") if fact.kind == "money" else f"{said.value:,f}"
            words = fact.yes.format(of=_of(said, speech), value=f"{_COMPARED[said.operator]} {amount}")
            return words.replace("at most 0 open", "there are no open")
        case (version,) if fact.kind == "version":
            service, _, where = said.of.partition(" ")
            than = f"{version} or newer" if said.operator == ">=" else f"older than {version}"
            return f"{service} is on {than} in {where}"
    pattern = fact.no if denies else fact.yes
    of, where = _of(said, speech), ""
    if said.fact == "deployed":
        of, _, where = said.of.partition(" ")
    values = (value.capitalize() if said.fact == "weekday" else value for value in said.value)
    words = " ".join(pattern.format(of=of, where=where, value=" or ".join(values)).split())
    return _PLAIN.get(words, words)


def _of(said: Condition, speech: Speech) -> str:
    return speech.names.get(said.of, said.of) if said.fact in ("approved_by", "denied_by") else said.of


_COMPARED: Mapping[Operator, str] = {
    "<": "less than",
    "<=": "at most",
    ">": "more than",
    ">=": "at least",
    "is": "exactly",
}
_PLAIN = {
    "the tests passed": "all tests passed",
    "the tests failed": "a test failed",
    "an incident on any is open": "an incident is open",
    "no incident on any is open": "no incident is open",
}


def _moment(at: datetime, operator: Operator, zone: ZoneInfo) -> str:
    """A day where the moment is a local midnight, else day and time with the zone."""
    local, later = at.astimezone(zone), operator in (">=", ">")
    if (local.hour, local.minute) != (0, 0):
        said = f"{local:%a} {local.day} {local:%b %Y, %H:%M} {local.tzname()}"
        return f"it is {said} or later" if later else f"it is before {said}"
    day = local if later else local - timedelta(days=1)
    said = f"{day:%a} {day.day} {day:%b %Y}"
    return f"it is {said} or later" if later else f"it is {said} or earlier"
