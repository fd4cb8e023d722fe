"""Which requirements are one story, and which are several: as people say, or else by their clauses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from agents.planning.acceptance import acceptance_of
from agents.planning.clauses import clauses
from agents.planning.reading.polarity import forbids
from agents.planning.requirements import Asked
from agents.planning.terms import content_stems


@dataclass(frozen=True, slots=True)
class Grouping:
    """What somebody says of the story that a statement belongs to. `story` is the key of the statement that the
    story begins with, its own where it is a story by itself; with `cut` it is more than one story."""

    story: str
    cut: bool
    by: str


Groupings = Mapping[str, Grouping]
"""A statement's key (`agents.planning.reading.statement.key_of`) to what was said of its story."""


def as_told(asked: Sequence[Asked], told: Groupings) -> list[list[Asked]]:
    """The stories that people made: each a list of what it fulfils, in the document's order."""
    groups: dict[str, list[Asked]] = {}
    apart: list[list[Asked]] = []
    for one in asked:
        said = told[one.statement]
        if said.cut:
            apart += [[part] for part in parts_of(one, thoroughly=True)]
        else:
            groups.setdefault(said.story, []).append(one)
    return [*groups.values(), *apart]


def parts_of(asked: Asked, *, thoroughly: bool = False) -> list[Asked]:
    """A requirement cut along its clauses, itself where it is one thing.

    Where somebody wants it cut (`thoroughly`) and its sentence is one clause, each acceptance criterion is
    a part. Details go to the clause that they share most words with.
    """
    cut = clauses(asked.requirement.text)
    if len(cut) > 1:
        return _by_clause(asked, cut)
    criteria = acceptance_of(asked)
    if thoroughly and len(criteria) > 1:
        return [_part(asked, (criterion, asked.requirement.line), ()) for criterion in criteria]
    return [asked]


def _by_clause(asked: Asked, cut: Sequence[str]) -> list[Asked]:
    stems = [content_stems(clause) for clause in cut]
    details: list[list[tuple[str, int]]] = [[] for _ in cut]
    for detail in asked.details:
        words = content_stems(detail[0])
        details[max(range(len(cut)), key=lambda place: len(words & stems[place]))].append(detail)
    line = asked.requirement.line
    return [_part(asked, (clause, line), tuple(own)) for clause, own in zip(cut, details, strict=True)]


def _part(asked: Asked, said: tuple[str, int], details: tuple[tuple[str, int], ...]) -> Asked:
    text, line = said
    return replace(
        asked,
        requirement=replace(asked.requirement, text=text, line=line),
        heading="",
        called="",
        details=details,
        forbids=forbids(text),
    )
