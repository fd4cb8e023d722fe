"""A document read whole: every statement accounted for, and what is asked for gathered from them."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from agents.planning.reading.forms import signs
from agents.planning.reading.ids import Ids
from agents.planning.reading.judge import ASKED, Judgment, Reader, Sense, reader
from agents.planning.reading.outline import Outline, Passage
from agents.planning.reading.reasons import in_words
from agents.planning.reading.sections import SectionRole
from agents.planning.reading.statement import (
    ACCOUNTS,
    BY_MODEL,
    INTRODUCTION,
    Account,
    Corrections,
    Statement,
    key_of,
)
from agents.planning.reading.units import Unit, document_ids, units
from agents.planning.reading.wanted import Wanted, wanted_of


@dataclass(frozen=True, slots=True)
class Read:
    """Every statement in order, and those that are wanted now, later or not at all."""

    ids: Ids
    statements: tuple[Statement, ...]
    wanted: tuple[Wanted, ...]


_ORDER = re.compile(
    r"^[^\W\d_]{1,8}[-_]?\d+(?:\.\d+)*\s+(?:needs?|requires?|depends on|builds on|waits "
    r"for|comes (?:after|before)|follows)\b|"
    r"^[^.]*\((?:story )?[^\W\d_]{1,8}[-_]?\d+\)[^.]*\bbefore\b[^.]*\((?:story )?[^\W\d_]{1,8}[-_]?\d+\)",
    re.IGNORECASE,
)
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
_INTRODUCES = re.compile(r":\s*$")
_DEMANDS = re.compile(r"\b(?:must|shall|should|may)\b", re.IGNORECASE)


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
    return Read(ids, statements, wanted_of(outline, statements))


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
        return Statement(unit, "none", "context", INTRODUCTION, 1.0)
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
