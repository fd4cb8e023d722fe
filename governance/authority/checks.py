"""What a policy must be as a whole: the requirements' rows unchanged, every case in exactly one cell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import combinations, product

from governance.authority.conditions import All, Condition, comparisons, parse
from governance.authority.policy_error import PolicyError
from governance.authority.requirement import REQUIRED, RequiredRow
from governance.authority.rows import Column, Row
from governance.authority.vocabulary import FACTS, Amount, Reading

_CENT = Decimal("0.01")
_MOST_VOTES = 5
"""Votes are matched to slots by trying every assignment."""


def check(rows: Sequence[Row]) -> None:
    """Raises PolicyError about the first thing that is wrong."""
    by_name = _unique(rows)
    _require(rows)
    for row in rows:
        _check_votes(row)
        _check_elsewhere(row, by_name)
        _check_cases(row)


def _unique(rows: Sequence[Row]) -> dict[str, Row]:
    by_name: dict[str, Row] = {}
    titles: set[str] = set()
    for row in rows:
        if row.name in by_name or row.title in titles:
            raise PolicyError(row.line, f"`{row.name}` ({row.title}) stands here twice", "Keep one of the rows")
        by_name[row.name] = row
        titles.add(row.title)
    return by_name


def _require(rows: Sequence[Row]) -> None:
    """The ten rows of the requirements, in their order, cell for cell and word for word."""
    found = {row.name: row for row in rows if row.section == "matrix"}
    for required in REQUIRED:
        if required.name not in found:
            raise PolicyError(1, f"the requirements' row `{required.name}` is missing", "Put it back")
        _compare(found.pop(required.name), required)
    for row in found.values():
        raise PolicyError(
            row.line, f"`{row.name}` is no row of the requirements", "Move it to the section `extensions`"
        )


def _compare(row: Row, required: RequiredRow) -> None:
    texts = {
        Column.AUTO: required.auto,
        Column.APPROVAL: required.approval,
        Column.PEOPLE_ONLY: required.people_only,
    }
    for column, text in texts.items():
        cell = row.cells[column]
        word = text.partition("(")[2].rstrip(")")
        meaning = (parse(required.where[word]),) if word else ((All(()),) if text == "✅" else ())
        if (cell.text, cell.clauses) != (text, meaning):
            said = f"{text}, where {word} means `{required.where[word]}`" if word else text
            raise PolicyError(
                row.line, f"a cell of `{row.name}` was changed", f"The requirements say {column.value}: {said}"
            )
    if row.title != required.title or row.elsewhere != required.elsewhere or row.guard is not None:
        raise PolicyError(
            row.line,
            f"`{row.name}` was changed",
            f"The requirements call it {required.title} and say no more of it",
        )


def _check_votes(row: Row) -> None:
    approval, people_only = row.cells[Column.APPROVAL], row.cells[Column.PEOPLE_ONLY]
    if approval.rules != bool(row.votes) or (row.votes and row.votes[0].when is not None):
        raise PolicyError(
            row.line,
            f"`{row.name}` does not say whose votes it needs",
            "Write `votes` where approval is required",
        )
    if any(len(votes.slots) > _MOST_VOTES for votes in row.votes):
        raise PolicyError(row.line, f"`{row.name}` asks for too many people", f"At most {_MOST_VOTES} can vote")
    if people_only.rules != bool(row.in_person):
        raise PolicyError(
            row.line,
            f"`{row.name}` does not say who acts in person",
            "Write `in person` where it is human only",
        )
    for looser, stricter in zip(row.votes, row.votes[1:], strict=False):
        if len(stricter.slots) <= len(looser.slots):
            raise PolicyError(
                row.line,
                f"`more votes` of `{row.name}` asks for no more people",
                "Put the strictest votes last",
            )
    voters = {role for votes in row.votes for slot in votes.slots for role in slot.roles}
    if (
        len(set(row.then)) != len(row.then)
        or not set(row.then) <= voters
        or (row.then and set(row.then) == voters)
    ):
        raise PolicyError(
            row.line,
            f"`then` of `{row.name}` has to name some of the roles that vote, not all and each once",
            "Who is named there is asked later; the others are asked first",
        )


def _check_elsewhere(row: Row, by_name: Mapping[str, Row]) -> None:
    if row.elsewhere is None:
        return
    other = by_name.get(row.elsewhere)
    if other is None or other.section != "extensions" or other.elsewhere is not None:
        raise PolicyError(
            row.line,
            f"`{row.name}` leads to `{row.elsewhere}`, which rules nothing",
            "Name a row of the extensions",
        )


def _check_cases(row: Row) -> None:
    """Exactly one cell rules in every case; none may where `elsewhere` rules the rest."""
    for readings in _cases(row):
        ruling = [column.value for column, truth in row.truths(readings).items() if truth]
        case = ", ".join(f"{fact} {_written(reading)}" for fact, reading in readings.items()) or "every case"
        if len(ruling) > 1:
            raise PolicyError(
                row.line,
                f"in `{row.name}` the cells {' and '.join(ruling)} overlap ({case})",
                "Make them exclude each other",
            )
        if not ruling and row.elsewhere is None:
            raise PolicyError(
                row.line, f"in `{row.name}` no cell covers {case}", "Say which column rules there"
            )


def _cases(row: Row) -> Iterator[dict[str, Reading]]:
    """Every combination of values that the row's conditions can tell apart."""
    conditions = [c for cell in row.cells.values() for clause in cell.clauses for c in comparisons(clause)]
    facts = sorted({condition.fact for condition in conditions})
    for values in product(*(_values(fact, conditions) for fact in facts)):
        yield dict(zip(facts, values, strict=True))


def _values(fact: str, conditions: Sequence[Condition]) -> list[Reading]:
    mine = [condition.value for condition in conditions if condition.fact == fact]
    if FACTS[fact].kind == "money":
        limits = sorted({value for value in mine if isinstance(value, Decimal)})
        return [Amount(value, exact=True) for limit in limits for value in (limit - _CENT, limit)]
    if FACTS[fact].kind == "roles":
        named = sorted({role for value in mine if isinstance(value, tuple) for role in value})
        return [frozenset(held) for size in range(len(named) + 1) for held in combinations(named, size)]
    return [frozenset((value,)) for value in FACTS[fact].values]


def _written(reading: Reading) -> str:
    if isinstance(reading, Amount):
        return str(reading.least)
    return "|".join(sorted(reading)) or "nobody" if isinstance(reading, frozenset) else "unknown"
