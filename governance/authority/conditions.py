"""Conditions on facts: comparisons, joined by not, all and any; total, in three values.

The matrix speaks a closed part of this, which `parse` reads when the policy is read: `environment is staging`,
`severity is high|medium|low`, `cost < 1000`, `cost >= 1000`, joined by `and`; no negation, no nesting. Whoever
votes may set conditions of every shape (`handlers/language/conditions.py` reads them).

A fact that is missing is not known, and what is not known never holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Literal, Union

import rfc8785
from pydantic import TypeAdapter

from governance.authority.vocabulary import ALL_FACTS, FACTS, Amount, Reading, Unestablished

Truth = bool | None
Operator = Literal["is", "<", "<=", ">", ">="]
_AMOUNT = re.compile(r"[0-9]{1,12}(\.[0-9]{1,2})?")


class ConditionError(ValueError):
    """The text is no condition of the matrix. `why` and `what_to_do` are sentences for people."""

    def __init__(self, why: str, what_to_do: str) -> None:
        super().__init__(f"{why}. {what_to_do}.")
        self.why = why
        self.what_to_do = what_to_do


@dataclass(frozen=True, slots=True)
class Told:
    """What can be told of a condition: whether it holds `now` (None: not known), and whether that is
    `settled`, so that waiting changes nothing."""

    now: Truth
    settled: bool = False


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison of one fact with one value, or (for `is`) with one of several.

    `of` says of what the fact is, where there are several: `tests_passed` of `unit`, `approved_by` of a person.
    """

    fact: str
    operator: Operator
    value: tuple[str, ...] | Decimal | datetime
    of: str = ""
    kind: Literal["fact"] = "fact"

    @property
    def key(self) -> str:
        """The name by which its fact is established: `cost`, `tests_passed(unit)`."""
        return f"{self.fact}({self.of})" if self.of else self.fact

    def told(self, readings: Mapping[str, Reading]) -> Told:
        """Whether it holds by these facts."""
        now = self._now(readings.get(self.key))
        return Told(now, now is not None and self._is_settled(now))

    def holds(self, readings: Mapping[str, Reading]) -> Truth:
        """Whether it holds; None when the fact cannot be relied on."""
        return self.told(readings).now

    def _now(self, reading: Reading | None) -> Truth:
        match reading, self.value:
            case Amount(), Decimal():
                return _compared(reading, self.operator, self.value)
            case datetime(), datetime():
                return (reading >= self.value) is (self.operator in (">=", ">"))
            case frozenset(), tuple() if self.operator == "is":
                return not reading.isdisjoint(self.value)
            case frozenset(), (least,) if ALL_FACTS[self.fact].kind == "version":
                return (_numbers(min(reading)) >= _numbers(least)) is (self.operator == ">=")
        return None

    def _is_settled(self, now: bool) -> bool:
        match ALL_FACTS[self.fact].settles:
            case "both":
                return True
            case "true":
                # Time only goes on, and what was once done stays done: of these one side is for good.
                denies = self.value == ("false",) or self.operator in ("<", "<=")
                return now is not denies
        return False

    def __str__(self) -> str:
        written = "|".join(self.value) if isinstance(self.value, tuple) else str(self.value)
        return f"{self.key} {self.operator} {written}"


@dataclass(frozen=True, slots=True)
class Not:
    """What holds where `part` does not."""

    part: Term
    kind: Literal["not"] = "not"

    def told(self, readings: Mapping[str, Reading]) -> Told:
        """Not known where the part is not."""
        part = self.part.told(readings)
        return Told(None if part.now is None else not part.now, part.settled)

    def __str__(self) -> str:
        return f"not ({self.part})"


@dataclass(frozen=True, slots=True)
class All:
    """Conditions that must all hold; none holds everywhere."""

    parts: tuple[Term, ...]
    kind: Literal["all"] = "all"

    def told(self, readings: Mapping[str, Reading]) -> Told:
        """False as soon as one fails, whatever is unknown of the others."""
        told = [part.told(readings) for part in self.parts]
        failed = [one for one in told if one.now is False]
        if failed:
            return Told(False, any(one.settled for one in failed))
        return Told(None) if any(one.now is None for one in told) else Told(True, all(o.settled for o in told))

    def holds(self, readings: Mapping[str, Reading]) -> Truth:
        """Whether they hold now; None where that is not known."""
        return self.told(readings).now

    def __str__(self) -> str:
        return " and ".join(_bracketed(part) for part in self.parts)


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Conditions of which one suffices; none holds nowhere."""

    parts: tuple[Term, ...]
    kind: Literal["any"] = "any"

    def told(self, readings: Mapping[str, Reading]) -> Told:
        """True as soon as one holds, whatever is unknown of the others."""
        told = [part.told(readings) for part in self.parts]
        held = [one for one in told if one.now is True]
        if held:
            return Told(True, any(one.settled for one in held))
        return Told(None) if any(one.now is None for one in told) else Told(False, all(o.settled for o in told))

    def __str__(self) -> str:
        return " or ".join(_bracketed(part) for part in self.parts)


Term = Union[Condition, Not, All, AnyOf]  # noqa: UP007 - the classes name it before it is there
_TERM: TypeAdapter[Term] = TypeAdapter(Term)


def negated(term: Term) -> Term:
    """The opposite of a condition, its negations pushed down to the comparisons."""
    match term:
        case Not(part):
            return part
        case All(parts):
            return AnyOf(tuple(negated(part) for part in parts))
        case AnyOf(parts):
            return All(tuple(negated(part) for part in parts))
        case Condition(operator="is", value=("true" | "false" as said,)):
            return replace(term, value=("false" if said == "true" else "true",))
        case Condition(operator="is"):
            return Not(term)
        case Condition(operator=operator):
            return replace(term, operator=_OPPOSITE[operator])


def comparisons(term: Term) -> Iterator[Condition]:
    """Every comparison in a condition, from left to right."""
    match term:
        case Condition():
            yield term
        case Not(part):
            yield from comparisons(part)
        case All(parts) | AnyOf(parts):
            for part in parts:
                yield from comparisons(part)


def to_canonical_json(term: Term) -> str:
    """One text (RFC 8785) for one condition."""
    return rfc8785.dumps(_TERM.dump_python(term, mode="json")).decode()


def from_json(text: str) -> Term:
    """A condition from its JSON. Raises pydantic.ValidationError."""
    return _TERM.validate_json(text)


def any_holds(clauses: tuple[All, ...], readings: Mapping[str, Reading]) -> Truth:
    """True as soon as one clause holds, whatever is unknown of the others. No clause holds nowhere."""
    return AnyOf(clauses).told(readings).now


def unreliable(terms: Iterable[Term], readings: Mapping[str, Reading]) -> tuple[str, ...]:
    """Why conditions cannot be told: one sentence part for each fact that cannot be relied on."""
    reasons: dict[str, str] = {}
    for term in terms:
        for condition in comparisons(term) if term.told(readings).now is None else ():
            reading = readings.get(condition.key)
            if isinstance(reading, Unestablished):
                reasons[condition.key] = reading.why
            elif isinstance(reading, Amount) and not reading.exact:
                reasons[condition.key] = "not every day's spending is known"
    return tuple(reasons.values())


_OPPOSITE: Mapping[Operator, Operator] = {"<": ">=", ">=": "<", ">": "<=", "<=": ">"}


def _compared(reading: Amount, operator: Operator, limit: Decimal) -> Truth:
    """An amount that is only known to be at least so much decides nothing below the limit."""
    over = reading.least > limit if operator in (">", "<=") else reading.least >= limit
    known = True if over else (False if reading.exact else None)
    return known if operator in (">", ">=") or known is None else not known


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"[0-9]+", version)))


def _bracketed(part: Term) -> str:
    return f"({part})" if isinstance(part, AnyOf | All) else str(part)


def parse(text: str) -> All:
    """Read `fact is value and other >= 10`, as the matrix writes it. Raises ConditionError."""
    return All(tuple(_comparison(part.split()) for part in text.split(" and ")))


def _comparison(words: list[str]) -> Condition:
    if len(words) != 3:
        raise ConditionError(
            f"`{' '.join(words)}` is no condition", "Write a fact, then is, < or >=, then a value"
        )
    fact, operator, written = words
    if fact not in FACTS:
        raise ConditionError(f"there is no fact `{fact}`", f"The facts are {', '.join(sorted(FACTS))}")
    if FACTS[fact].kind == "money":
        return Condition(fact, _money_operator(fact, operator), _money(written))
    if operator != "is":
        raise ConditionError(f"`{fact}` is no amount of money", f"Write `{fact} is …`")
    return Condition(fact, "is", _values(fact, written))


def _money_operator(fact: str, operator: str) -> Operator:
    match operator:
        case "<":
            return "<"
        case ">=":
            return ">="
    raise ConditionError(
        f"`{fact}` cannot be compared with `{operator}`",
        f"Write `{fact} < …` or `{fact} >= …`: exactly the limit counts as over",
    )


def _money(written: str) -> Decimal:
    limit = Decimal(written) if _AMOUNT.fullmatch(written) else Decimal(0)
    if limit == 0:
        raise ConditionError(f"`{written}` is no limit", "Write an amount over zero, such as 1000 or 1000.50")
    return limit


def _values(fact: str, written: str) -> tuple[str, ...]:
    known = FACTS[fact].values
    values = tuple(written.split("|"))
    for value in values:
        if value not in known:
            raise ConditionError(f"`{fact}` is never `{value}`", f"It is one of {', '.join(known)}")
    if len(set(values)) != len(values):
        raise ConditionError(f"`{written}` names a value twice", "Keep one")
    return tuple(value for value in known if value in values)
