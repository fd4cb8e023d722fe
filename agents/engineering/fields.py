"""What each role may change: QA writes tests and the documentation writer pages; engineers write anything.

Held by code, over the files themselves: no prompt widens it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath

from agents.engineering.verdict.changes import is_test
from integrations.sandbox.taking_back import note

_PAGES = (".md", ".rst", ".txt", ".adoc", ".svg", ".png")
_MOST_SAID = 5


def is_test_of_any_language(path: str) -> bool:
    """Whether a path belongs to the tests, those in JavaScript among them."""
    name = PurePosixPath(path).name
    return is_test(path) or any(part in name for part in (".test.", ".spec."))


def _is_page(path: str) -> bool:
    return path.endswith(_PAGES) and PurePosixPath(path).name != "AGENTS.md"


_FIELDS: Mapping[str, tuple[str, Callable[[str], bool]]] = {
    "qa": ("tests", is_test_of_any_language),
    "documentation": ("documentation", _is_page),
}


def outside(role: str, before: Path, after: Path) -> str:
    """What a role changed that is not its to change, in a sentence for it; empty where there is nothing.
    Blocking."""
    if role not in _FIELDS:
        return ""
    what, is_inside = _FIELDS[role]
    old, new = note(before), note(after)
    changed = sorted(path for path in {*old, *new} if old.get(path) != new.get(path) and not is_inside(path))
    if not changed:
        return ""
    return f"You change {what} alone: take back what you changed of {', '.join(changed[:_MOST_SAID])}."
