"""One row of the policy's YAML at a time: cut out for people to edit, and put back."""

from __future__ import annotations

from governance.authority.policy import Policy
from governance.authority.rows import Row

_ITEM = "  - "


def row_text(written: str, policy: Policy, name: str) -> str:
    """The lines of one row, as they stand in the file. Raises KeyError."""
    first, past = _span(written, policy.rows[name])
    return "\n".join(line.removeprefix("  ") for line in written.splitlines()[first:past])


def with_row(written: str, policy: Policy, name: str, row: str) -> str:
    """The policy's text with one row written anew. Raises KeyError."""
    first, past = _span(written, policy.rows[name])
    lines = written.splitlines()
    new = [f"  {line}".rstrip() for line in row.strip("\n").splitlines()]
    return "\n".join([*lines[:first], *new, *lines[past:]]) + "\n"


def differences(before: Policy, after: Policy) -> tuple[str, ...]:
    """What a policy says otherwise than another, one sentence a point, row by row."""
    found: list[str] = []
    for name in sorted({*before.rows, *after.rows}):
        old, new = before.rows.get(name), after.rows.get(name)
        if old is None:
            found.append(f"`{name}` is new")
        elif new is None:
            found.append(f"`{name}` is gone")
        else:
            found += _row_differences(old, new)
    return tuple(found)


def _row_differences(old: Row, new: Row) -> list[str]:
    before, after = old.canonical(), new.canonical()
    return [
        f"{old.title}: {_LABELS.get(key, key)} was {_said(value)}, becomes {_said(after[key])}"
        for key, value in before.items()
        if value != after[key]
    ]


_LABELS = {
    "cells": "the cells",
    "votes": "whose votes it needs",
    "in_person": "who does it in person",
    "requester_may_vote": "whether the requester may vote",
    "working_days": "the working days that it stands open",
    "then": "who is asked next",
    "as_list": "whether several go as one list",
    "guard": "what it is refused without",
}


def _said(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return "; ".join(f"{column} {_said(cell)}" for column, cell in value.items())
    if isinstance(value, list):
        return ", ".join(_said(part) for part in value if part not in ("", False)) or "nobody"
    return str(value).replace("_", " ") or "nothing"


def _span(written: str, row: Row) -> tuple[int, int]:
    """The lines [first, past) of a row; a row's line counts from 1 and is that of one of its keys."""
    lines = written.splitlines()
    first = row.line - 1
    while not lines[first].startswith(_ITEM):
        first -= 1
    past = first + 1
    while past < len(lines) and not lines[past].startswith(_ITEM) and (lines[past][:1] in ("", " ")):
        past += 1
    while not lines[past - 1].strip():
        past -= 1
    return first, past
