"""What programs call by type and id, people read in words: none is missing, and none is left over."""

from __future__ import annotations

import ast
from dataclasses import fields, is_dataclass
from typing import get_args

from governance.action import Action
from governance.audit.entries import EntryKind
from governance.overrides import halting_by_driver
from handlers.office.audit_log.entry_words import WORDS, what_happened
from tests.architecture.source import calls, texts
from tests.architecture.test_effects_only_through_the_gate import INSTALLATION

PEOPLE = {"person", "from_person", "to_person", "assignee"}
"""What fields of actions that hold a person's id are called."""


def _recorded_types() -> set[str]:
    """The types of the log's own entries: whatever is given for `type`, or passed on to it."""
    found: set[str] = set()
    for path, call, tree in calls("Entry"):
        for word in call.keywords:
            if word.arg == "type" and not isinstance(word.value, ast.Attribute):
                said = texts(word.value, tree)
                assert said, f"{path}:{call.lineno}: the type cannot be told by reading"
                found |= said
    for _, call, tree in calls("closing_entry"):
        found |= texts(call.args[1], tree)
    found.add(halting_by_driver.TYPE)  # which writes its entry without the library that an Entry is made with
    return {name for name in found if "." in name}


def test_every_type_of_entry_has_words_and_no_words_are_left_over() -> None:
    own = _recorded_types()
    assert {"turn.said", "approval.vote", "approval.expired", "override.halt_agents", "audit.erased"} <= own
    assert set(WORDS) == own | set(INSTALLATION.registry.decision_types)


def test_every_kind_of_entry_is_said() -> None:
    for kind in EntryKind:
        for ended in ("done", "failed", "unknown"):
            content = {"type": "plan.pause", "kind": kind.value, "measures": {"outcome": ended}}
            assert what_happened(content).startswith("Plan paused")


def _named(kind: type[Action]) -> set[str]:
    """The fields of an action, and of the items in it."""
    found = set(kind.model_fields)
    for field in kind.model_fields.values():
        for item in get_args(field.annotation):
            if is_dataclass(item):
                found |= {part.name for part in fields(item)}
    return found


def test_whoever_is_in_an_action_is_called_by_name() -> None:
    about_people = [spec.action for spec in INSTALLATION.registry if PEOPLE & _named(spec.action)]
    assert len(about_people) >= 7
    assert [kind for kind in about_people if kind.described is Action.described] == []
