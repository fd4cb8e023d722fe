"""The closed little language of the matrix's conditions, parsed when the policy is read.

`environment is staging`, `severity is high|medium|low`, `cost < 1000`, `cost >= 1000`, joined by `and`.
Nothing else: no negation, no nesting, no functions. Truth has three values; None means "cannot be told".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from governance.authority.vocabulary import FACTS, Amount, Reading, Unestablished

Truth = bool | None
Operator = Literal["is", "<", ">="]
_AMOUNT = re.compile(r"[0-9]{1,12}(\.[0-9]{1,2})?")


class ConditionError(ValueError):
    """The text is no condition of the language. `why` and `what_to_do` are sentences for people."""

    def __init__(self, why: str, what_to_do: str) -> None:
        super().__init__(f"{why}. {what_to_do}.")
        self.why = why
        self.what_to_do = what_to_do


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison of one fact with one value, or (for `is`) with one of several."""

    fact: str
    operator: Operator
    value: tuple[str, ...] | Decimal

    def holds(self, readings: Mapping[str, Reading]) -> Truth:
        """Whether it holds; None when the fact cannot be relied on."""
        reading = readings.get(self.fact)
        if isinstance(reading, Amount) and isinstance(self.value, Decimal):
            reached = True if reading.least >= self.value else (False if reading.exact else None)
            return reached if self.operator == ">=" or reached is None else not reached
        if isinstance(reading, frozenset) and isinstance(self.value, tuple):
            return not reading.isdisjoint(self.value)
        return None

    def __str__(self) -> str:
        written = "|".join(self.value) if isinstance(self.value, tuple) else str(self.value)
        return f"{self.fact} {self.operator} {written}"


@dataclass(frozen=True, slots=True)
class Clause:
    """Conditions that must all hold."""

    conditions: tuple[Condition, ...]

    def holds(self, readings: Mapping[str, Reading]) -> Truth:
        """False as soon as one fails, whatever is unknown of the others."""
        return _all(condition.holds(readings) for condition in self.conditions)

    def __str__(self) -> str:
        return " and ".join(str(condition) for condition in self.conditions)


def _all(truths: Iterable[Truth]) -> Truth:
    seen = tuple(truths)
    if any(truth is False for truth in seen):
        return False
    return None if any(truth is None for truth in seen) else True


def any_holds(clauses: tuple[Clause, ...], readings: Mapping[str, Reading]) -> Truth:
    """True as soon as one clause holds, whatever is unknown of the others. No clause holds nowhere."""
    truths = [clause.holds(readings) for clause in clauses]
    if any(truth is True for truth in truths):
        return True
    return None if any(truth is None for truth in truths) else False


def unreliable(clauses: tuple[Clause, ...], readings: Mapping[str, Reading]) -> tuple[str, ...]:
    """Why clauses cannot be told: one sentence part for each fact that cannot be relied on."""
    reasons: dict[str, str] = {}
    for clause in clauses:
        for condition in clause.conditions if clause.holds(readings) is None else ():
            reading = readings.get(condition.fact)
            if isinstance(reading, Unestablished):
                reasons[condition.fact] = reading.why
            elif isinstance(reading, Amount) and not reading.exact:
                reasons[condition.fact] = "not every day's spending is known"
    return tuple(reasons.values())


def parse(text: str) -> Clause:
    """Read `fact is value and other >= 10`. Raises ConditionError."""
    return Clause(tuple(_comparison(part.split()) for part in text.split(" and ")))


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
