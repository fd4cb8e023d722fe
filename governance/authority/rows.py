"""The rows of the matrix: which column rules under which conditions, and who then decides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any, Literal

from governance.action import ApprovalTerms, Slot
from governance.authority.conditions import All, Truth, any_holds, unreliable
from governance.authority.vocabulary import Reading
from governance.people import Role


class Column(StrEnum):
    """The requirements' three columns, from the loosest to the strictest."""

    AUTO = "auto"
    APPROVAL = "approval"
    PEOPLE_ONLY = "people_only"


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: its text as people read it, and when it rules.

    No clause: never (`-`). One empty clause: always (`✅`). `rest`: whenever the row's other cells do not.
    """

    text: str
    clauses: tuple[All, ...] = ()
    rest: bool = False

    @property
    def rules(self) -> bool:
        """Whether this cell ever rules."""
        return self.rest or bool(self.clauses)


@dataclass(frozen=True, slots=True)
class Votes:
    """The votes that an approval needs, one slot a person; `when` is None for the row's usual votes."""

    slots: tuple[Slot, ...]
    when: All | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One decision type.

    `votes` go from the usual to the strictest. `in_person` holds the roles that may do what is for
    people only. `elsewhere` names the row that rules where no cell of this one does. `guard`: unless it
    holds, the action is refused whatever the cells say. `note` says why, for people who read the file.
    """

    name: str
    title: str
    section: Literal["matrix", "extensions"]
    line: int
    cells: Mapping[Column, Cell]
    votes: tuple[Votes, ...] = ()
    in_person: tuple[Role, ...] = ()
    requester_may_vote: bool = False
    working_days: Decimal = Decimal(1)
    then: tuple[Role, ...] = ()
    as_list: bool = False
    elsewhere: str | None = None
    guard: All | None = None
    note: str = ""

    def truths(self, readings: Mapping[str, Reading]) -> dict[Column, Truth]:
        """For each column whether it rules; None where that cannot be told."""
        truths = {column: any_holds(cell.clauses, readings) for column, cell in self.cells.items()}
        for column, cell in self.cells.items():
            if cell.rest:
                others = [truth for other, truth in truths.items() if other is not column]
                truths[column] = False if True in others else (None if None in others else True)
        return truths

    def column(self, readings: Mapping[str, Reading]) -> Column | None:
        """The column that rules: of those that cannot be ruled out, the strictest.

        Auto rules only when that is certain; None when no column does.
        """
        truths = self.truths(readings)
        for column in (Column.PEOPLE_ONLY, Column.APPROVAL):
            if truths[column] is not False:
                return column
        return Column.AUTO if truths[Column.AUTO] is True else None

    def terms(self, readings: Mapping[str, Reading]) -> ApprovalTerms:
        """How an approval is given here: of the votes that cannot be ruled out, the strictest."""
        needed = [
            votes for votes in self.votes if votes.when is None or votes.when.holds(readings) is not False
        ]
        return ApprovalTerms(
            slots=needed[-1].slots,
            requester_may_vote=self.requester_may_vote,
            working_days=self.working_days,
            then=self.then,
            as_list=self.as_list,
        )

    def people(self) -> ApprovalTerms:
        """Who may do what is for people only."""
        return ApprovalTerms((Slot(frozenset(self.in_person)),), requester_may_vote=True)

    def doubts(self, readings: Mapping[str, Reading]) -> tuple[str, ...]:
        """Why it cannot be told which column or votes hold, one part of a sentence per fact."""
        column = self.column(readings)
        clauses: list[All] = []
        if column is None or self.truths(readings)[column] is None:
            clauses += [clause for cell in self.cells.values() for clause in cell.clauses]
        if column is Column.APPROVAL:
            clauses += [votes.when for votes in self.votes if votes.when is not None]
        return unreliable(clauses, readings)

    def canonical(self) -> dict[str, Any]:
        """All that decides, as JSON values: lines, notes and the order of words do not."""
        return {
            "name": self.name,
            "title": self.title,
            "section": self.section,
            "cells": {
                column.value: [cell.text, cell.rest, sorted(str(clause) for clause in cell.clauses)]
                for column, cell in self.cells.items()
            },
            "votes": [
                [str(votes.when or ""), [sorted(slot.roles) for slot in votes.slots]] for votes in self.votes
            ],
            "in_person": sorted(self.in_person),
            "requester_may_vote": self.requester_may_vote,
            "working_days": str(self.working_days),
            "then": list(self.then),
            "as_list": self.as_list,
            "elsewhere": self.elsewhere,
            "guard": str(self.guard or ""),
        }
