"""A document read whole: every statement accounted for, and what is asked for gathered from them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from agents.planning.reading.features import signs
from agents.planning.reading.ids import Ids
from agents.planning.reading.judge import ASKED, EDGE, Judgment, Reader, Sense, reader
from agents.planning.reading.outline import Outline, Passage
from agents.planning.reading.polarity import forbids
from agents.planning.reading.reasons import in_words
from agents.planning.reading.sections import SectionRole
from agents.planning.reading.units import Unit, document_ids, is_list_a_column, units

Account = Literal[
    "requirement",
    "constraint",
    "later",
    "out of scope",
    "detail",
    "order",
    "question",
    "context",
    "goal",
    "date",
    "not read",
]
"""What became of a statement. `not read` always has a reason."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement with what it was read as, and why. `source` are the document's words where its unit has a
    model's English."""

    unit: Unit
    sense: Sense
    account: Account
    why: str
    sureness: float
    told_forbids: bool | None = None
    source: str = ""

    @property
    def key(self) -> str:
        """By which corrections know it: the document's own words, also where a model put them into English."""
        return key_of(self.source or self.unit.text)


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


@dataclass(frozen=True, slots=True)
class Read:
    """Every statement in order, and those that are wanted now, later or not at all."""

    ids: Ids
    statements: tuple[Statement, ...]
    wanted: tuple[Wanted, ...]

    def of(self, *senses: Sense) -> tuple[Wanted, ...]:
        """What was read in one of these ways, in order."""
        return tuple(each for each in self.wanted if each.statement.sense in senses)


_ORDER = re.compile(
    r"^[^\W\d_]{1,8}[-_]?\d+(?:\.\d+)*\s+(?:needs?|requires?|depends on|builds on|waits "
    r"for|comes (?:after|before)|follows)\b|"
    r"^[^.]*\((?:story )?[^\W\d_]{1,8}[-_]?\d+\)[^.]*\bbefore\b[^.]*\((?:story )?[^\W\d_]{1,8}[-_]?\d+\)",
    re.IGNORECASE,
)
ACCOUNTS: Mapping[Sense, Account] = {
    "in": "requirement",
    "constraint": "constraint",
    "later": "later",
    "out": "out of scope",
    "detail": "detail",
}
_NOT_WORK: frozenset[SectionRole] = frozenset(
    {
        "acceptance",
        "goals",
        "dependencies",
        "questions",
        "timeline",
        "metadata",
        "actions",
        "example",
        "background",
    }
)
_RANK = re.compile(r"priorit|moscow|rank|importance|^prio|^p$", re.IGNORECASE)
_INTRODUCTION = "it introduces a list"
_INTRODUCES = re.compile(r":\s*$")
_DEMANDS = re.compile(r"\b(?:must|shall|should|may)\b", re.IGNORECASE)


BY_MODEL = "read by the model"
"""Who says so where a model read a document in another language."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a person, or a model, says that a statement is. `forbids` is None where they do not say; `words` are
    English for what is in another language; `by` is who says so, for people to read."""

    sense: Sense
    by: str
    forbids: bool | None = None
    words: str = ""


Corrections = Mapping[str, Told]
"""A statement's text, flattened (`key_of`), to what was told of it."""


def corrected(told: Corrections, by_people: Corrections) -> Corrections:
    """What a model says, with what people say of it: theirs is the sense, its English stays."""
    return {
        **told,
        **{
            key: replace(told[key], sense=said.sense, by=said.by) if key in told else said
            for key, said in by_people.items()
        },
    }


def key_of(text: str) -> str:
    """A statement's text as corrections know it: small letters and single spaces."""
    return re.sub(r"\W+", " ", text).strip().lower()


def read(
    outline: Outline,
    ignored: frozenset[int] = frozenset(),
    corrections: Corrections | None = None,
    by: Reader | None = None,
) -> Read:
    """Read a document. `ignored` passages (orders to the reader) are accounted for and ask for nothing."""
    ids = document_ids(outline)
    said = units(outline, ids)
    judged = (by or reader()).judge(outline, said)
    told = corrections or {}
    head = {meta.line for meta in outline.meta}
    each = [
        Statement(unit, "none", "context", "it stands in the document's head", 1.0)
        if unit.line in head and not unit.id and key_of(unit.text) not in told
        else _statement(unit, judgment, outline.passages[unit.passage], ignored, told)
        for unit, judgment in zip(said, judged, strict=True)
    ]
    statements = _under_ids(_of_one_family(each, outline), told)
    return Read(ids, statements, tuple(_wanted(outline, statements)))


def _of_one_family(statements: list[Statement], outline: Outline) -> list[Statement]:
    """Where most of what bears one kind of id is asked for, the rest is, unless its section says no."""
    families: dict[str, list[Statement]] = {}
    for statement in statements:
        if statement.unit.id:
            families.setdefault(_family(statement.unit.id), []).append(statement)
    asking = {
        name
        for name, members in families.items()
        if name and len(members) > 1 and sum(m.sense in ASKED for m in members) * 2 >= len(members)
    }
    return [
        replace(s, sense="in", account="requirement", why=f"it bears an id like {_family(s.unit.id).upper()}-1")
        if s.unit.id
        and s.sense in ("none", "detail")
        and s.account in ("context", "detail", "goal", "date")
        and _family(s.unit.id) in asking
        and outline.passages[s.unit.passage].role not in _NOT_WORK
        else s
        for s in statements
    ]


def _family(name: str) -> str:
    """The letters of an id; empty for a clause's number."""
    return re.sub(r"[\d._-]+[a-z]?$", "", name).lower()


def _under_ids(statements: list[Statement], told: Corrections) -> tuple[Statement, ...]:
    """Where requirements have ids, what stands under one without an id, and demands nothing by its verb, tells
    more of it."""
    found: list[Statement] = []
    for statement in statements:
        unit = statement.unit
        owner = found[unit.owner] if unit.owner is not None else None
        is_more = (
            owner is not None
            and statement.sense in ASKED
            and key_of(unit.text) not in told
            and not unit.id
            and owner.sense in ASKED
            and bool(owner.unit.id or owner.sense == "detail")
            and _DEMANDS.search(unit.text) is None
        )
        found.append(replace(statement, sense="detail", account="detail") if is_more else statement)
    return tuple(found)


def _statement(
    unit: Unit, judgment: Judgment, passage: Passage, ignored: frozenset[int], corrections: Corrections
) -> Statement:
    told = corrections.get(key_of(unit.text))
    if unit.passage in ignored and (told is None or told.by == BY_MODEL):  # a model may have obeyed it
        return Statement(unit, "none", "not read", "it speaks to the reader's software", 1.0)
    if told is not None:
        said, source = (replace(unit, text=told.words), unit.text) if told.words else (unit, "")
        account = _account(told.sense, unit, passage)
        return Statement(said, told.sense, account, told.by, 1.0, told.forbids, source)
    if rank := _rank(passage):
        return Statement(unit, rank, _account(rank, unit, passage), "its column says so", 1.0)
    if _INTRODUCES.search(unit.text) and not unit.id and not _DEMANDS.search(unit.text):
        return Statement(unit, "none", "context", _INTRODUCTION, 1.0)
    if _ORDER.match(unit.quote):
        return Statement(unit, "none", "order", "it says what comes before what", 1.0)
    if unit.code and unit.label == "CODE":
        return Statement(unit, "none", "not read", "it is code or an example of data", 1.0)
    if passage.struck:
        return Statement(unit, "out", "out of scope", "it is struck out", 1.0)
    if passage.linked:
        return Statement(unit, "none", "not read", "it is a table of contents", 1.0)
    why = in_words(judgment.because)
    return Statement(unit, judgment.sense, _account(judgment.sense, unit, passage), why, judgment.sureness)


def _rank(passage: Passage) -> Sense | None:
    """What a column for the priority decides: `Won't` is out, or for later where a cell beside it says so."""
    ranks = [cell for name, cell in passage.cells if _RANK.search(name)]
    if any(re.match(r"\W*(?:w|won['’]?t(?: have)?)\W*$", cell, re.IGNORECASE) for cell in ranks):
        return "later" if any(signs()["later"].search(cell) for _, cell in passage.cells) else "out"
    if any(
        re.match(r"\W*(?:later|next (?:release|version|year)|v ?[2-9])\W*$", cell, re.IGNORECASE)
        for cell in ranks
    ):
        return "later"
    return None


def _account(sense: Sense, unit: Unit, passage: Passage) -> Account:
    if sense in ACCOUNTS:
        return ACCOUNTS[sense]
    if unit.text.rstrip(' )"”').endswith("?") or passage.role == "questions":
        return "question"
    if passage.role in ("goals", "acceptance"):
        return "goal"
    return "date" if passage.role == "timeline" else "context"


def _wanted(outline: Outline, statements: Sequence[Statement]) -> list[Wanted]:
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
        if statement.sense == "detail" or _is_scenario(unit) or statement.why == _INTRODUCTION:
            details[owner].append(unit)
        elif statements[owner].unit.passage == unit.passage:
            notes[owner].append(unit.quote)
    return [
        Wanted(
            s,
            _forbids(s),
            tuple(details[n]),
            tuple(notes[n]),
            tuple(heading.line for heading in outline.passages[s.unit.passage].sections),
        )
        for n, s in enumerate(statements)
        if s.sense in ASKED | EDGE
    ]


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
