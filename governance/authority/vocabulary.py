"""The facts that conditions may speak of: a closed list, each established by code, never by a proposer.

A fact that is missing, failed or not of its type reads as `Unestablished`: the stricter column holds, and a
vote on such a condition does not count.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
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
    """Money, or a number, as far as it is known: `exact`, or at least this much."""

    least: Decimal
    exact: bool


Reading = frozenset[str] | Amount | datetime | Unestablished
"""A fact as conditions read it: the values that it has, an amount, a moment, or nothing that can be relied
on."""

Given = FactValue | datetime | Unestablished
"""A fact as code hands it in."""


Settles = Literal["both", "true", "never"]
"""When waiting changes a fact no more: as soon as it is known, once it is true (or a moment has come),
never."""


@dataclass(frozen=True, slots=True)
class FactType:
    """What a fact can be. `values` are those of `yes_no` (true, false), `one_of` and `roles`; `meaning` is for
    people who read the policy, `yes` and `no` for those who hear of a vote on it (`{of}`, `{value}`)."""

    kind: Literal["yes_no", "one_of", "money", "roles", "number", "moment", "version"]
    meaning: str
    values: tuple[str, ...] = ()
    settles: Settles = "both"
    yes: str = ""
    no: str = ""


def _yes_no(meaning: str, yes: str = "", no: str = "", settles: Settles = "both") -> FactType:
    return FactType("yes_no", meaning, ("true", "false"), settles, yes, no)


def _one_of(meaning: str, *values: str, yes: str = "", no: str = "", settles: Settles = "both") -> FactType:
    return FactType("one_of", meaning, values, settles, yes, no)


def _number(meaning: str, yes: str, settles: Settles = "both") -> FactType:
    return FactType("number", meaning, (), settles, yes)


FACTS: Mapping[str, FactType] = {
    "asked_by": FactType(
        "roles",
        "the roles of the person who asks in person; none when an agent asks for them",
        tuple(role.value for role in Role),
    ),
    "among_colleagues": _yes_no(
        "everybody in it is of the department, at the mail address that it has of them"
    ),
    "breaking": _yes_no(
        "the change breaks something that others rely on",
        "it breaks something that others rely on",
        "it breaks nothing that others rely on",
    ),
    "cost": FactType(
        "money",
        "what the action costs, or the day's spending with it if that is more",
        yes="it costs {value}",
    ),
    "environment": _one_of(
        "where it is deployed to or run",
        "staging",
        "production",
        yes="it goes to {value}",
        no="it does not go to {value}",
    ),
    "in_incident": _yes_no("it answers an incident that is open"),
    "in_meeting": _yes_no("whoever asks is in the meeting"),
    "in_own_name": _yes_no("whoever it is said to come from asks for it in person"),
    "linked_by_sre": _yes_no("an SRE linked the story to an incident"),
    "load_test_passed": _yes_no(
        "the load test that was asked for met its objectives",
        "the {of} load test passed",
        "the {of} load test failed",
    ),
    "new_priority": _one_of("the priority that the story gets", "P0", "P1", "P2", "P3"),
    "opened_by_agents": _yes_no("the department's agents opened the pull request"),
    "outside_blackout": _yes_no(
        "no blackout of releases is on, or what was begun within it was begun past it on purpose"
    ),
    "permitted": _yes_no("the table of overrides lets this person do exactly this"),
    "previously_approved": _yes_no("this exact version was approved for this environment before"),
    "scan_clean": _yes_no(
        "the security scan found nothing open", "the security scan is clean", "the security scan is not clean"
    ),
    "severity": _one_of("how severe the vulnerability is", "critical", "high", "medium", "low"),
    "speaks_for_customer": _yes_no("whoever asks speaks for this customer, or decides what comes first"),
    "step": _one_of("what is done with the report", "generate", "submit"),
    "tests_passed": _yes_no(
        "the automated tests passed on this exact version", "the {of} tests passed", "the {of} tests failed"
    ),
    "within_canary": _yes_no("it is what comes next of a canary that was approved, and its judge let it pass"),
    "follows_work": _yes_no("agents work on it, and it says how far they are: begun, or merged"),
    "within_plan": _yes_no("it is part of a plan that was approved, and within its limits"),
}
"""What the matrix may look at."""

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
VOTE_FACTS: Mapping[str, FactType] = {
    "approved_by": _yes_no(
        "a person approved it as well", "{of} approves it too", "{of} does not approve it", "both"
    ),
    "canary_healthy": _yes_no(
        "the canary was healthy for so long",
        "the canary was healthy for {of}",
        "the canary was not healthy for {of}",
        "never",
    ),
    "canary_share": _number("the share of traffic in the canary, in percent", "the canary gets {value}%"),
    "cost_per_month": FactType("money", "what it costs a month", yes="it costs {value} a month"),
    "cpu": _number("a service's CPU, in percent", "the CPU of {of} is {value}%", "never"),
    "denied_by": _yes_no("a person said no to it", "{of} says no", "{of} does not say no", "true"),
    "deployed": _yes_no(
        "a service is live in an environment", "{of} is live in {where}", "{of} is not live in {where}", "never"
    ),
    "done": _yes_no("a story or epic is done", "{of} is done", "{of} is not done", "true"),
    "error_rate": _number("a service's error rate, in percent", "the error rate of {of} is {value}%", "never"),
    "frozen": _yes_no("something is frozen", "{of} is frozen", "{of} is not frozen", "never"),
    "hours": _number("the agent-hours that a plan takes", "it takes {value} agent-hours"),
    "incident_open": _yes_no(
        "an incident is open", "an incident on {of} is open", "no incident on {of} is open", "never"
    ),
    "open_findings": _number("open security findings of a severity", "{value} open {of} findings", "never"),
    "p95": _number("a service's 95th percentile of latency, in ms", "p95 of {of} is {value} ms", "never"),
    "plan_cost": FactType("money", "what the agent-hours of a plan cost", yes="it costs {value}"),
    "replicas": _number("how many replicas there are then", "{value} replicas"),
    "review_done": _yes_no(
        "a review of a kind is done", "the {of} review is done", "the {of} review is not done", "true"
    ),
    "time": FactType("moment", "when it is carried out", settles="true"),
    "touches_pii": _yes_no(
        "it touches personal data", "it touches personal data", "it touches no personal data"
    ),
    "version": FactType("version", "the version of a service in an environment", settles="never"),
    "weekday": _one_of(
        "the day on which it is carried out",
        *_DAYS,
        yes="it is a {value}",
        no="it is not a {value}",
        settles="never",
    ),
    "window_open": _yes_no("a scheduled mode is on", "{of} mode is on", "{of} mode is off", "never"),
}
"""What whoever votes may speak of besides; the matrix never looks at these."""

ALL_FACTS: Mapping[str, FactType] = {**FACTS, **VOTE_FACTS}

SPENDS = ("spend_requester", "spend_service", "spend_department")
"""Facts that code sums over the past 24 hours; each, with the action's own cost, counts against a limit.
Where an action has no requester or no service, code says zero."""


_MOST = Decimal(10) ** 15
"""No department spends this; amounts below it add up exactly in 28 digits."""


def read(given: Mapping[str, Given], asked_by: frozenset[str]) -> Mapping[str, Reading]:
    """Every fact of the vocabulary as conditions read it. Facts outside the vocabulary are not looked at."""
    readings = {name: _reading(name, kind, given) for name, kind in FACTS.items()}
    return {**readings, "asked_by": asked_by, "cost": _cost(given)}


def read_for_votes(given: Mapping[str, Given]) -> Mapping[str, Reading]:
    """Every fact as the conditions of votes read it: `tests_passed(unit)` too, and the cost without the day's
    other spending, for whoever votes means this action."""
    names = {name: name.partition("(")[0] for name in given}
    readings = {
        name: _reading(name, ALL_FACTS[fact], given)
        for name, fact in names.items()
        if ALL_FACTS.get(fact) is not None and ALL_FACTS[fact].kind != "roles"
    }
    cost = _money("cost", given)
    return readings if cost is None else {**readings, "cost": Amount(cost, exact=True)}


def _reading(name: str, kind: FactType, given: Mapping[str, Given]) -> Reading:
    if name not in given:
        return Unestablished(f"nobody established `{name}`")
    value = given[name]
    if isinstance(value, Unestablished):
        return value
    if kind.kind == "yes_no" and isinstance(value, bool):
        return frozenset(("true" if value else "false",))
    if isinstance(value, str) and (value in kind.values if kind.kind == "one_of" else kind.kind == "version"):
        return frozenset((value,))
    if kind.kind == "moment" and isinstance(value, datetime) and value.tzinfo is not None:
        return value
    if kind.kind == "number" and isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        number = Decimal(str(value))
        return Amount(number, exact=True) if number.is_finite() else Unestablished(f"`{name}` is no number")
    if kind.kind == "money" and (amount := _money(name, given)) is not None:
        return Amount(amount, exact=True)
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
