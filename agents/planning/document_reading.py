"""A document read for planning: what it asks for, sketched as stories, and what a person should settle."""

from __future__ import annotations

from dataclasses import dataclass

from agents.planning.draft import Flag, PassageRead, Requirement
from agents.planning.flags import flags
from agents.planning.flags.instructions import instructing
from agents.planning.long_sentences import demand_sentences
from agents.planning.reading.language import ENGLISH, language_of
from agents.planning.reading.outline import Outline, outline
from agents.planning.reading.statement import BY_MODEL
from agents.planning.request import PlanningInput
from agents.planning.requirements import (
    LONGEST,
    MOST_REQUIREMENTS,
    NotEnglish,
    NothingAsked,
    TooLong,
    TooManyRequirements,
    Wishes,
    requirements,
)
from agents.planning.stories import Sketch, sketch_stories

_TELLS = frozenset({"context", "not read", "order", "date"})


@dataclass(frozen=True, slots=True)
class Reading:
    """A document read: what it asks for, as sketches with their keys, and what a person should settle."""

    outline: Outline
    requirements: tuple[Requirement, ...]
    flags: tuple[Flag, ...]
    sketches: tuple[tuple[str, Sketch], ...]
    readings: tuple[PassageRead, ...] = ()


def read(given: PlanningInput) -> Reading:
    """Requirements, flags and sketched stories. Raises UnplannableDocument."""
    name = given.document.name
    if not given.document.text.strip():
        raise NothingAsked(name, "it is empty")
    if len(given.document.text) > LONGEST:
        raise TooLong(name, len(given.document.text))
    language = language_of(given.document.text)
    if language != ENGLISH and not any(told.by == BY_MODEL for told in given.told.values()):
        raise NotEnglish(name, language)
    taken = outline(given.document.text)
    demand_sentences(taken, name)
    wishes = requirements(taken, instructing(taken), given.told)
    asked = wishes.asked
    if len(asked) > MOST_REQUIREMENTS:
        raise TooManyRequirements(name, len(asked))
    if not asked:
        why = "it has headings and no text" if not taken.passages else "no sentence in it asks for anything"
        raise NothingAsked(name, why)
    sketched = sketch_stories(asked, taken, given.groupings)
    sketches = tuple((f"S{number}", sketch) for number, sketch in enumerate(sketched, 1))
    named = tuple(a.requirement for a in asked)
    return Reading(taken, named, flags(taken, asked, _telling(wishes)), sketches, _readings(wishes))


def _telling(wishes: Wishes) -> frozenset[int]:
    """Passages of which no statement asks for anything, sets a goal or belongs to what does."""
    by_passage: dict[int, set[str]] = {}
    for statement in wishes.whole.statements:
        by_passage.setdefault(statement.unit.passage, set()).add(statement.account)
    return frozenset(passage for passage, accounts in by_passage.items() if accounts <= _TELLS)


def _readings(wishes: Wishes) -> tuple[PassageRead, ...]:
    """Every statement with what became of it, for people to see and to correct."""
    return tuple(
        PassageRead(
            statement.unit.line,
            statement.unit.quote,
            statement.account,
            statement.why,
            statement.key,
            wishes.ids.get((statement.unit.passage, statement.unit.number), ""),
            statement.unit.text if statement.source else "",
            statement.told_forbids,
        )
        for statement in wishes.whole.statements
        if statement.unit.text
    )
