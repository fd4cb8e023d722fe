"""What of a repository's documentation a change lets go stale, by comparing its two trees.

| what | how it is seen | what is proposed |
|---|---|---|
| the page of the API | it was written from the OpenAPI document, which changed | the page, written again |
| the changelog | code changed, and it did not | an entry |
| other pages | they name what the change took out of the code | nothing: a person writes |
"""

from __future__ import annotations

import ast
import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass

from agents.engineering.by_rule.api_docs import PAGE, PLACES, page_of
from agents.engineering.by_rule.changelog import NAMES, entry_of, with_entries
from agents.engineering.verdict.changes import ChangeSet, Tree, is_test
from agents.engineering.verdict.python_source import syntax_tree
from agents.engineering.workspace import NotPossible

_MOST_NAMES = 10
_PAGES = (".md", ".rst", ".txt", ".adoc")


@dataclass(frozen=True, slots=True)
class Stale:
    """A page that no longer says what is so: why, and the edit that follows by rule as a unified diff; empty
    where a person has to write."""

    path: str
    why: str
    edit: str = ""


def stale_docs(change: ChangeSet, title: str) -> Iterator[Stale]:
    """What goes stale if this change is merged under this title. Blocking."""
    yield from _api_page(change)
    yield from _changelog(change, title)
    yield from _names(change)


def _api_page(change: ChangeSet) -> Iterator[Stale]:
    if PAGE not in change.after.files:
        return
    for place in PLACES:
        if place not in change.changed or place not in change.after.files:
            continue
        stands = change.after.text(PAGE)
        if f"Written from `{place}`" not in stands:
            continue
        try:
            page = page_of(change.after.text(place), place)
        except NotPossible as unreadable:
            yield Stale(PAGE, f"it was written from {place}: {unreadable}")
            continue
        if page != stands:
            yield Stale(PAGE, f"it says what {place} said before", _diff(PAGE, stands, page))


def _changelog(change: ChangeSet, title: str) -> Iterator[Stale]:
    name = next((one for one in NAMES if one in change.after.files), None)
    touched = [path for path in change.changed if not is_test(path) and not path.endswith(_PAGES)]
    entry = entry_of(title)
    if name is None or name in change.changed or not touched or entry is None:
        return
    stands = change.after.text(name)
    yield Stale(name, "it does not say what this changes", _diff(name, stands, with_entries(stands, [entry])))


def _names(change: ChangeSet) -> Iterator[Stale]:
    """Pages that name, as a whole word, something public that no module defines any more."""
    gone = sorted(_public(change.before, change) - _public(change.after, change))
    told = 0
    for name in gone:
        word = re.compile(rf"(?<![\w.]){re.escape(name)}(?!\w)")
        if any(word.search(text) for text in change.after.product.values()):
            continue
        for path, file in change.after.files.items():
            if not path.endswith(_PAGES) or path in NAMES or not (found := word.search(file.text or "")):
                continue
            line = (file.text or "").count("\n", 0, found.start()) + 1
            yield Stale(f"{path}:{line}", f"it names `{name}`, which is no longer there")
            told += 1
            if told == _MOST_NAMES:
                return


def _public(tree: Tree, change: ChangeSet) -> set[str]:
    """What the changed modules define for others: functions, classes, constants, and methods of classes."""
    found: set[str] = set()
    for path in change.changed:
        try:
            module = syntax_tree(tree.product.get(path, ""))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        for node in module.body:
            inner = node.body if isinstance(node, ast.ClassDef) else []
            for one in (node, *inner):
                if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                    found.add(one.name)
                elif isinstance(one, ast.Assign):
                    found |= {target.id for target in one.targets if isinstance(target, ast.Name)}
    return {name for name in found if len(name) > 3 and not name.startswith("_")}


def _diff(path: str, before: str, after: str) -> str:
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), f"a/{path}", f"b/{path}", lineterm="")
    return "\n".join(lines)
