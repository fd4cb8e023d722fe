"""One row of `authority.yaml` at a time: from marked YAML to a `Row`, or a PolicyError that says where."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

from governance.action import Slot
from governance.authority.conditions import All, ConditionError, parse
from governance.authority.policy_error import PolicyError
from governance.authority.rows import Cell, Column, Row, Votes
from governance.marked_yaml import KeyPath, MarkedDocument
from governance.people import Role

Section = Literal["matrix", "extensions"]

COLUMNS = {
    "auto-execute": Column.AUTO,
    "requires approval": Column.APPROVAL,
    "human only": Column.PEOPLE_ONLY,
}
KEYS = frozenset(COLUMNS) | {
    "name",
    "decision",
    "where",
    "votes",
    "more votes",
    "in person",
    "requester may vote",
    "expires after working days",
    "then",
    "several as one list",
    "elsewhere",
    "refused unless",
    "note",
}
_ROLES = {role.label: role for role in Role}
_CELL = re.compile(r"✅ \((?P<word>[^()]+)\)")
_REST = "otherwise"


@dataclass(frozen=True, slots=True)
class Part:
    """A value of the document that knows where it stands."""

    document: MarkedDocument
    path: KeyPath
    value: Any

    def fail(self, why: str, what_to_do: str) -> PolicyError:
        """The error to raise about this part."""
        return PolicyError(self.document.line_of(self.path), why, what_to_do)

    @property
    def line(self) -> int:
        return self.document.line_of(self.path)

    def keys(self, allowed: frozenset[str]) -> dict[str, Part]:
        """The parts of a mapping by key. Raises PolicyError for another shape or an unknown key."""
        if not isinstance(self.value, dict):
            raise self.fail("here belong keys with values", f"The keys are {', '.join(sorted(allowed))}")
        parts = {str(key): self._below(str(key), value) for key, value in self.value.items()}
        for key, part in parts.items():
            if key not in allowed:
                raise part.fail(f"there is no key `{key}`", f"The keys are {', '.join(sorted(allowed))}")
        return parts

    def items(self) -> tuple[Part, ...]:
        """The parts of a list that is not empty. Raises PolicyError."""
        if not isinstance(self.value, list) or not self.value:
            raise self.fail("here belongs a list", "Write one entry a line, each after a dash")
        return tuple(self._below(position, value) for position, value in enumerate(self.value))

    def text(self) -> str:
        """The words that stand here. Raises PolicyError."""
        if not isinstance(self.value, str) or not self.value.strip():
            raise self.fail(f"`{self.value}` is not text", "Write words here, in quotes if need be")
        return self.value.strip()

    def yes_or_no(self) -> bool:
        """Raises PolicyError unless `yes` or `no` stands here."""
        if not isinstance(self.value, bool):
            raise self.fail(f"`{self.value}` is neither yes nor no", "Write yes or no")
        return self.value

    def _below(self, key: str | int, value: Any) -> Part:
        return Part(self.document, (*self.path, key), value)


def read_rows(document: MarkedDocument) -> Iterator[Row]:
    """Every row of both sections, in the file's order. Raises PolicyError."""
    sections = Part(document, (), document.value).keys(frozenset(("matrix", "extensions")))
    names: tuple[Section, ...] = ("matrix", "extensions")
    for name in names:
        if name not in sections:
            raise PolicyError(1, f"the section `{name}` is missing", "Put it back")
        for part in sections[name].items():
            yield _row(name, part)


def _row(section: Section, part: Part) -> Row:
    keys = part.keys(KEYS)
    for key in ("decision", "name", *COLUMNS):
        if key not in keys:
            raise part.fail(f"the row has no `{key}`", "Every row has a decision, a name and three cells")
    then = _roles(keys["then"].items()) if "then" in keys else ()
    return Row(
        name=keys["name"].text(),
        title=keys["decision"].text(),
        section=section,
        line=part.line,
        cells=_cells(keys),
        votes=_votes(keys),
        in_person=_one_of(keys["in person"]) if "in person" in keys else (),
        requester_may_vote="requester may vote" in keys and keys["requester may vote"].yes_or_no(),
        working_days=_days(keys["expires after working days"])
        if "expires after working days" in keys
        else Decimal(1),
        then=then,
        as_list="several as one list" in keys and keys["several as one list"].yes_or_no(),
        elsewhere=keys["elsewhere"].text() if "elsewhere" in keys else None,
        guard=_clause(keys["refused unless"]) if "refused unless" in keys else None,
        note=keys["note"].text() if "note" in keys else "",
    )


def _cells(keys: Mapping[str, Part]) -> dict[Column, Cell]:
    words = _words(keys.get("where"))
    cells = {column: _cell(keys[key], column, words) for key, column in COLUMNS.items()}
    used = {match["word"] for cell in cells.values() if (match := _CELL.fullmatch(cell.text))}
    for word in words:
        if word not in used:
            raise keys["where"].fail(f"no cell says ({word})", "Take the word out, or name it in a cell")
    return cells


def _words(part: Part | None) -> dict[str, tuple[All, ...]]:
    """What the words in the cells mean: a condition, or a list of which one suffices."""
    if part is None:
        return {}
    if not isinstance(part.value, dict):
        raise part.fail("`where` explains the words in the cells", "Write each word, a colon and its condition")
    meanings: dict[str, tuple[All, ...]] = {}
    for word, meaning in part.keys(frozenset(str(key) for key in part.value)).items():
        conditions = meaning.items() if isinstance(meaning.value, list) else (meaning,)
        meanings[word] = tuple(_clause(condition) for condition in conditions)
    return meanings


def _cell(part: Part, column: Column, words: Mapping[str, tuple[All, ...]]) -> Cell:
    text = part.text()
    if text == "-":
        return Cell(text)
    if text == "✅":
        return Cell(text, (All(()),))
    match = _CELL.fullmatch(text)
    if match is None:
        raise part.fail(f"`{text}` is no cell", "Write ✅, ✅ (a word that `where` explains) or -")
    if match["word"] == _REST and column is not Column.AUTO:
        return Cell(text, rest=True)
    if match["word"] not in words:
        raise part.fail(f"nothing says what ({match['word']}) means", "Explain the word under `where`")
    return Cell(text, words[match["word"]])


def _votes(keys: Mapping[str, Part]) -> tuple[Votes, ...]:
    votes = [Votes(_slots(keys["votes"]))] if "votes" in keys else []
    for part in keys["more votes"].items() if "more votes" in keys else ():
        tier = part.keys(frozenset(("when", "votes")))
        if len(tier) != 2:
            raise part.fail("more votes need a limit", "Write `when` and `votes`")
        votes.append(Votes(_slots(tier["votes"]), _clause(tier["when"])))
    return tuple(votes)


def _slots(part: Part) -> tuple[Slot, ...]:
    return tuple(Slot(frozenset(_one_of(item))) for item in part.items())


def _one_of(part: Part) -> tuple[Role, ...]:
    """`SRE lead or engineering director`, as roles in that order."""
    return tuple(_role(part, title) for title in part.text().split(" or "))


def _roles(parts: tuple[Part, ...]) -> tuple[Role, ...]:
    return tuple(_role(part, part.text()) for part in parts)


def _role(part: Part, title: str) -> Role:
    if title not in _ROLES:
        raise part.fail(f"there is no role `{title}`", f"The roles are {', '.join(_ROLES)}")
    return _ROLES[title]


def _clause(part: Part) -> All:
    try:
        return parse(part.text())
    except ConditionError as error:
        raise part.fail(error.why, error.what_to_do) from error


def _days(part: Part) -> Decimal:
    try:
        days = Decimal(part.value) if isinstance(part.value, str) else Decimal(0)
    except InvalidOperation:
        days = Decimal(0)
    if not days.is_finite() or not 0 < days <= 30:
        raise part.fail(
            f"`{part.value}` is no number of working days", 'Write it in quotes, such as "1" or "0.5"'
        )
    return days
