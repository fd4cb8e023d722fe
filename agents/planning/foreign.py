"""What a model reads in a document of another language: which statements are asked for, in English."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from pydantic import BaseModel, ConfigDict, Field

from agents.planning.draft import PassageRead
from agents.planning.reading.judge import Sense
from agents.planning.reading.outline import outline
from agents.planning.reading.polarity import forbids
from agents.planning.reading.statement import ACCOUNTS, BY_MODEL, Corrections, Told, key_of
from agents.planning.reading.units import Unit, document_ids, units


class ReadStatement(BaseModel):
    """One statement about what is to be built. `number` is the one that it was shown with.

    `english` is the same in English: every figure and every `not` of it.
    """

    model_config = ConfigDict(extra="forbid")
    number: int
    sense: Sense
    forbids: bool = False
    english: str = Field(min_length=1, max_length=600)


class ReadStatements(BaseModel):
    """What the product owner hands in: every statement that asks for something, now, later or not at all."""

    model_config = ConfigDict(extra="forbid")
    statements: list[ReadStatement] = Field(min_length=1, max_length=600)


def numbered(text: str) -> tuple[Unit, ...]:
    """The document's statements; a model names them by their place, from 1."""
    taken = outline(text)
    return units(taken, document_ids(taken))


def shown(said: Sequence[Unit]) -> str:
    """The statements as they are shown to a model."""
    return "\n".join(f"[{number}] {unit.quote}" for number, unit in enumerate(said, 1))


def problems(answer: ReadStatements, said: Sequence[Unit]) -> list[str]:
    """What is wrong with an answer: statements that are not there, figures changed, a `not` lost."""
    return list(_problems(answer, said))


def _problems(answer: ReadStatements, said: Sequence[Unit]) -> Iterator[str]:
    numbers = [statement.number for statement in answer.statements]
    if len(set(numbers)) < len(numbers):
        yield "A statement was read twice."
    for statement in answer.statements:
        if not 1 <= statement.number <= len(said):
            yield f"There is no statement {statement.number}."
            continue
        source = said[statement.number - 1]
        if missing := _figures(source.text) - _figures(statement.english):
            yield f"Statement {statement.number} lost {', '.join(sorted(missing))} in English."
        if added := _figures(statement.english) - _figures(f"{source.quote} {source.id}"):
            yield f"Statement {statement.number} adds {', '.join(sorted(added))}."
        if statement.forbids and statement.sense in ("in", "constraint") and not forbids(statement.english):
            yield f"Statement {statement.number} forbids something; its English has to say so."


def _figures(text: str) -> set[str]:
    return {re.sub(r"\D", "", figure) for figure in re.findall(r"\d+(?:[.,:]\d+)*", text)}


def told_before(readings: Sequence[PassageRead]) -> Corrections:
    """What a model said when a plan was first drafted; empty for a document that was read by rule."""
    if not any(read.english for read in readings):
        return {}
    senses: Mapping[str, Sense] = {account: sense for sense, account in ACCOUNTS.items()}
    return {
        read.statement: Told(senses.get(read.account, "none"), BY_MODEL, read.forbids, read.english)
        for read in readings
    }


def told_of(answer: ReadStatements, said: Sequence[Unit]) -> Corrections:
    """The answer as what was told of each statement; what it leaves out asks for nothing."""
    by_number = {statement.number: statement for statement in answer.statements}
    return {
        key_of(unit.text): Told(found.sense, BY_MODEL, found.forbids, found.english)
        if (found := by_number.get(number)) is not None
        else Told("none", BY_MODEL)
        for number, unit in enumerate(said, 1)
    }
