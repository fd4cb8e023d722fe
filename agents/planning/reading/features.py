"""By what one tells a requirement from a remark: where it stands, its form, its words.

No single sign decides; `judge.py` weighs them. A feature's name says what it is, for the weights are shown to
people. Positions count within the document, so that a document in one style is read by its own measure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from agents.planning.reading.forms import IMPERATIVE, demands, form, signs
from agents.planning.reading.outline import Heading, Outline, Passage
from agents.planning.reading.sections import role_of
from agents.planning.reading.units import Unit

Features = Mapping[str, float]


_COLUMNS: Mapping[str, re.Pattern[str]] = {
    "date": re.compile(r"date|when|until|due|deadline|week|month|by$", re.I),
    "person": re.compile(r"^who|owner|responsible|assignee|name$", re.I),
    "field": re.compile(
        r"^field$|^value$|^key$|^term$|meaning|definition|^figure$|^today$|20\d\d$|^from$|^to$", re.I
    ),
    "priority": re.compile(r"priorit|moscow|rank|importance|^p$|^prio|must|level", re.I),
    "id": re.compile(r"^(?:#|id|nr\.?|no\.?|ref\.?|key|code)$", re.I),
    "team": re.compile(r"team|squad|crew|owner", re.I),
    "needs": re.compile(r"need|depend|after|prereq|requires|blocked|builds", re.I),
}
_REFUSED_RANK = re.compile(r"^\W*(?:w|won['’]?t|out|no|never|rejected|–|x)\b", re.I)
_LATER_RANK = re.compile(r"^\W*(?:later|next|v2|phase 2|parked|backlog|future)\b", re.I)
_RANK = re.compile(r"priorit|moscow|rank|importance|^prio|^p$|status|release|scope|when", re.I)


def features(outline: Outline, units: Sequence[Unit]) -> list[Features]:
    """One set of features a unit."""
    shares = _shares(outline, units)
    return [_features(outline, units, number, shares) for number in range(len(units))]


def _shares(outline: Outline, units: Sequence[Unit]) -> Mapping[str, Mapping[object, float]]:
    """How usual a form is in a unit's list or section, and in the whole document."""
    groups: dict[str, dict[object, list[float]]] = {}
    for unit in units:
        passage = outline.passages[unit.passage]
        modal = float(bool(signs()["must or shall"].search(unit.text) or signs()["should"].search(unit.text)))
        for name, value in (("ids", float(bool(unit.id))), ("modals", modal)):
            for group in ("document", passage.sections, (passage.sections, passage.kind)):
                groups.setdefault(name, {}).setdefault(group, []).append(value)
    return {
        name: {group: sum(values) / len(values) for group, values in found.items()}
        for name, found in groups.items()
    }


def _features(
    outline: Outline, units: Sequence[Unit], number: int, shares: Mapping[str, Mapping[object, float]]
) -> Features:
    unit = units[number]
    passage = outline.passages[unit.passage]
    found = {f"says: {name}": 1.0 for name, sign in signs().items() if sign.search(unit.text)}
    found |= _place(outline, unit, passage)
    found |= form(unit, passage)
    found |= _column(unit) | _beside(units, number, outline, passage)
    if passage.kind == "row":
        found |= _table(unit, passage)
    for name, by_group in shares.items():
        found[f"{name} in its list"] = by_group[(passage.sections, passage.kind)]
        found[f"{name} in the document"] = by_group["document"]
    return found | _joined(found)


def _place(outline: Outline, unit: Unit, passage: Passage) -> dict[str, float]:
    found = {f"section: {passage.role}": 1.0, f"kind: {passage.kind}": 1.0}
    outer = [role for heading in passage.sections[:-1] if (role := _role(outline, heading))]
    found |= {f"outer section: {role}": 1.0 for role in outer}
    if not passage.sections:
        found["before any heading"] = 1.0
    if passage.panel:
        found[f"box: {passage.panel.split()[0]}"] = 1.0
        if role := role_of(passage.panel.partition(" ")[2]):
            found[f"box about: {role}"] = 1.0
    marks = (
        ("struck", passage.struck),
        ("quoted", passage.quoted),
        ("a link", passage.linked),
        ("code", unit.code),
    )
    found |= {name: 1.0 for name, is_so in marks if is_so}
    found["how far down"] = passage.line / max(1, outline.length)
    headless = not outline.headings
    if headless:
        found["no headings"] = 1.0
    if any(signs()["today"].search(heading.text) for heading in passage.sections[-1:]):
        found["section says: today"] = 1.0
    for heading in passage.sections:
        for name in ("later", "out", "has not"):
            if signs()[name].search(heading.text):
                found[f"section says: {name}"] = 1.0
    return found


def _role(outline: Outline, heading: Heading) -> str | None:
    is_title = heading.level == 1 and heading is outline.headings[0]
    return None if is_title else role_of(heading.text)


def _beside(units: Sequence[Unit], number: int, outline: Outline, passage: Passage) -> dict[str, float]:
    """What its owner and its neighbours are like."""
    unit = units[number]
    found: dict[str, float] = {}
    if unit.owner is not None:
        owner = units[unit.owner]
        above = outline.passages[owner.passage]
        found["owner ends in a colon"] = float(above.text.rstrip().endswith(":"))
        found["owner is an item"] = float(above.kind == "item")
        found["owner has an id"] = float(bool(owner.id))
        found["owner is short"] = float(len(owner.text.split()) <= 3)
        found["owner asks"] = float(demands(owner.text) or bool(IMPERATIVE.match(owner.text)))
        for name in ("out", "later", "today"):
            if signs()[name].search(owner.text):
                found[f"owner says: {name}"] = 1.0
    before = units[number - 1] if number and units[number - 1].passage == unit.passage else None
    if before is not None:
        for name in ("today", "past", "later", "out", "must or shall", "wish"):
            if signs()[name].search(before.text):
                found[f"after: {name}"] = 1.0
    told = _paragraph_says(passage.text) if unit.of > 1 else ()
    return found | {f"its paragraph: {name}": 1.0 for name in told}


@lru_cache(maxsize=64)
def _paragraph_says(text: str) -> tuple[str, ...]:
    return tuple(name for name in ("today", "past", "opinion") if signs()[name].search(text))


def _column(unit: Unit) -> dict[str, float]:
    """What the column of a table says of everything in it (`Later`, `Won't`)."""
    found = {
        f"section says: {name}": 1.0
        for name in ("later", "out", "has not")
        if signs()[name].search(unit.column)
    }
    role = role_of(unit.column) if unit.column else None
    return found | ({f"column: {role}": 1.0} if role else {})


def _table(unit: Unit, passage: Passage) -> dict[str, float]:
    found: dict[str, float] = {}
    for name, column in passage.cells:
        for kind, pattern in _COLUMNS.items():
            if pattern.search(name):
                found[f"table has: {kind}"] = 1.0
        if _RANK.search(name) and _REFUSED_RANK.match(column):
            found["rank: refused"] = 1.0
        elif _RANK.search(name) and _LATER_RANK.match(column):
            found["rank: later"] = 1.0
        if name != unit.column and (name or len(passage.cells) > 1):
            for sign in ("later", "out"):
                if signs()[sign].search(column):
                    found[f"cell says: {sign}"] = 1.0
    found[f"columns: {min(len(passage.cells), 5)}"] = 1.0
    if not any(name for name, _ in passage.cells):
        found["table without a head"] = 1.0
    return found


_JOINS = (
    ("kind: item", "section: out_of_scope"),
    ("kind: paragraph", "section: background"),
    ("kind: paragraph", "section: other"),
    ("kind: item", "section: requirements"),
    ("kind: paragraph", "section: requirements"),
    ("kind: item", "section: other"),
    ("says: later", "section: out_of_scope"),
    ("says: later", "section: later"),
    ("kind: item", "section: goals"),
    ("kind: paragraph", "says: must or shall"),
    ("says: has not", "kind: item"),
    ("says: has not", "kind: paragraph"),
    ("says: today", "says: must or shall"),
    ("says: today", "says: have to"),
    ("no headings", "says: must or shall"),
    ("no headings", "says what happens"),
    ("no headings", "says: should"),
    ("no verb", "kind: item"),
    ("no verb", "kind: row"),
    ("no verb", "kind: paragraph"),
    ("says: figure", "section: quality"),
    ("has an id", "kind: row"),
    ("has an id", "section: out_of_scope"),
    ("says: out", "kind: paragraph"),
    ("says: out", "kind: item"),
    ("says: we", "says: out"),
    ("says: privacy", "says: has not"),
    ("says: law", "says: has not"),
    ("says: later", "kind: row"),
    ("says: later", "kind: item"),
    ("says: later", "kind: paragraph"),
    ("says: later", "rank: refused"),
    ("cell says: later", "rank: refused"),
    ("section: timeline", "says: a date"),
    ("section: timeline", "says: money or date only"),
    ("section: later", "says: document"),
    ("under an item", "owner ends in a colon"),
    ("under an item", "owner is an item"),
    ("says: story", "section: out_of_scope"),
    ("later in an item", "says: needs another"),
    ("later in a paragraph", "says: needs another"),
)


def _joined(found: Mapping[str, float]) -> dict[str, float]:
    """Two signs that mean something else together than alone."""
    return {f"{one} and {other}": 1.0 for one, other in _JOINS if found.get(one) and found.get(other)}
