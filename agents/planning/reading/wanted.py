"""What a document wants, gathered from its statements: each with its details and with what stands beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agents.planning.reading.judge import ASKED, EDGE
from agents.planning.reading.outline import Outline, Passage
from agents.planning.reading.polarity import forbids
from agents.planning.reading.statement import INTRODUCTION, Statement
from agents.planning.reading.units import Unit, is_list_a_column


@dataclass(frozen=True, slots=True)
class Wanted:
    """Something that the document asks for, wants later, or rules out.

    `details` are statements that belong to it; `notes` stand beside it and say when, by whom, after what;
    `section` are the lines of the headings above it.
    """

    statement: Statement
    forbids: bool
    details: tuple[Unit, ...]
    notes: tuple[str, ...]
    section: tuple[int, ...] = ()

    @property
    def unit(self) -> Unit:
        """Where it stands."""
        return self.statement.unit


def wanted_of(outline: Outline, statements: Sequence[Statement]) -> tuple[Wanted, ...]:
    """Details go to the requirement that they stand under, notes to that beside which they stand."""
    owner_of: dict[int, int] = {}
    details: dict[int, list[Unit]] = {}
    notes: dict[int, list[str]] = {}
    last: int | None = None
    for number, statement in enumerate(statements):
        unit = statement.unit
        if statement.sense in ASKED | EDGE:
            owner_of[number] = last = number
            details[number], notes[number] = [], _beside(outline.passages[unit.passage], unit)
            continue
        owner = _owner(number, statements, owner_of, last, outline)
        if owner is None:
            continue
        owner_of[number] = owner
        if statement.sense == "detail" or _is_scenario(unit) or statement.why == INTRODUCTION:
            details[owner].append(unit)
        elif statements[owner].unit.passage == unit.passage:
            notes[owner].append(unit.quote)
    return tuple(
        Wanted(
            s,
            _forbids(s),
            tuple(details[n]),
            tuple(notes[n]),
            tuple(heading.line for heading in outline.passages[s.unit.passage].sections),
        )
        for n, s in enumerate(statements)
        if s.sense in ASKED | EDGE
    )


def _forbids(statement: Statement) -> bool:
    if statement.told_forbids is not None:
        return statement.told_forbids
    return statement.sense == "out" or forbids(statement.unit.text)


def _owner(
    number: int,
    statements: Sequence[Statement],
    owner_of: Mapping[int, int],
    last: int | None,
    outline: Outline,
) -> int | None:
    unit = statements[number].unit
    if unit.owner is not None:
        return owner_of.get(unit.owner)
    if last is None:
        return None
    before = statements[last].unit
    here, there = outline.passages[unit.passage], outline.passages[before.passage]
    same_section = here.sections == there.sections
    if unit.passage == before.passage or (_is_scenario(unit) and same_section):
        return last
    return last if statements[number].sense == "detail" and same_section else None


def _is_scenario(unit: Unit) -> bool:
    return unit.code and unit.label in ("SCENARIO", "EXAMPLE", "SCENARIO OUTLINE")


def _beside(passage: Passage, unit: Unit) -> list[str]:
    """The other cells of a row, with their columns' names."""
    if is_list_a_column(passage):
        return []
    return [
        f"{name}: {cell}" for name, cell in passage.cells if cell and cell != unit.quote and name != unit.column
    ]
