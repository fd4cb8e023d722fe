"""The facts that conditions may speak of: a closed list, each established by code, never by a proposer.

A fact that is missing, failed or not of its type reads as `Unestablished`, and the stricter column holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from governance.facts import FactValue
from governance.people import Role


@dataclass(frozen=True, slots=True)
class Unestablished:
    """A fact that nobody could establish, and why (`the pipeline did not answer`)."""

    why: str


@dataclass(frozen=True, slots=True)
class Amount:
    """Money as far as it is known: `exact`, or at least this much."""

    least: Decimal
    exact: bool


Reading = frozenset[str] | Amount | Unestablished
"""A fact as conditions read it: the values that it has, an amount, or nothing that can be relied on."""

Given = FactValue | Unestablished
"""A fact as code hands it in."""


@dataclass(frozen=True, slots=True)
class FactType:
    """What a fact can be. `values` are those of `yes_no` (true, false), `one_of` and `roles`."""

    kind: Literal["yes_no", "one_of", "money", "roles"]
    meaning: str
    values: tuple[str, ...] = ()


def _yes_no(meaning: str) -> FactType:
    return FactType("yes_no", meaning, ("true", "false"))


def _one_of(meaning: str, *values: str) -> FactType:
    return FactType("one_of", meaning, values)


FACTS: Mapping[str, FactType] = {
    "asked_by": FactType(
        "roles",
        "the roles of the person who asks in person; none when an agent asks for them",
        tuple(role.value for role in Role),
    ),
    "breaking": _yes_no("the change breaks something that others rely on"),
    "cost": FactType("money", "what the action costs, or the day's spending with it if that is more"),
    "environment": _one_of("where it is deployed to or run", "staging", "production"),
    "in_incident": _yes_no("it answers an incident that is open"),
    "linked_by_sre": _yes_no("an SRE linked the story to an incident"),
    "load_test_passed": _yes_no("the load test that was asked for met its objectives"),
    "new_priority": _one_of("the priority that the story gets", "P0", "P1", "P2", "P3"),
    "permitted": _yes_no("the table of overrides lets this person do exactly this"),
    "previously_approved": _yes_no("this exact version was approved for this environment before"),
    "scan_clean": _yes_no("the security scan found nothing open"),
    "severity": _one_of("how severe the vulnerability is", "critical", "high", "medium", "low"),
    "step": _one_of("what is done with the report", "generate", "submit"),
    "tests_passed": _yes_no("the automated tests passed on this exact version"),
    "within_plan": _yes_no("it is part of a plan that was approved, and within its limits"),
}

SPENDS = ("spend_requester", "spend_service", "spend_department")
"""Facts that code sums over the past 24 hours; each, with the action's own cost, counts against a limit.
Where an action has no requester or no service, code says zero."""


_MOST = Decimal(10) ** 15
"""No department spends this; amounts below it add up exactly in 28 digits."""


def read(given: Mapping[str, Given], asked_by: frozenset[str]) -> Mapping[str, Reading]:
    """Every fact of the vocabulary as conditions read it. Facts outside the vocabulary are not looked at."""
    readings = {name: _reading(name, kind, given) for name, kind in FACTS.items()}
    return {**readings, "asked_by": asked_by, "cost": _cost(given)}


def _reading(name: str, kind: FactType, given: Mapping[str, Given]) -> Reading:
    if name not in given:
        return Unestablished(f"nobody established `{name}`")
    value = given[name]
    if isinstance(value, Unestablished):
        return value
    if kind.kind == "yes_no" and isinstance(value, bool):
        return frozenset(("true" if value else "false",))
    if kind.kind == "one_of" and isinstance(value, str) and value in kind.values:
        return frozenset((value,))
    return Unestablished(f"`{name}` has no value that the matrix knows")


def _money(name: str, given: Mapping[str, Given]) -> Decimal | None:
    value = given.get(name)
    if isinstance(value, Decimal) and value.is_finite() and 0 <= value < _MOST:
        return value
    return None


def _cost(given: Mapping[str, Given]) -> Reading:
    """The greatest of the cost and each day's spending with it: splitting does not slip under a limit."""
    cost = _money("cost", given)
    if cost is None:
        return Unestablished("nobody established the cost as an amount of money")
    spends = [_money(name, given) for name in SPENDS]
    known = [cost + spend for spend in spends if spend is not None]
    return Amount(max((cost, *known)), exact=len(known) == len(SPENDS))
