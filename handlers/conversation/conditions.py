"""Conditions in people's words, as far as code can check them: everything else is asked back, never assumed."""

from __future__ import annotations

import re

from governance.authority.conditions import Condition

_CHECKABLE: tuple[tuple[re.Pattern[str], Condition], ...] = (
    (
        re.compile(r"load ?test|simulat|passing|10x|slos?\b"),
        Condition("load_test_passed", "is", ("true",)),
    ),
    (re.compile(r"\btests?\b|\bci\b|pipeline|green"), Condition("tests_passed", "is", ("true",))),
    (re.compile(r"scan|vulnerabilit|security (?:check|test)"), Condition("scan_clean", "is", ("true",))),
    (re.compile(r"\bstaging\b"), Condition("environment", "is", ("staging",))),
)


class UncheckableCondition(ValueError):
    """No fact that code establishes answers this condition. The text is the condition's words."""


def read_condition(words: str) -> Condition:
    """The condition that words like "if the load test passes" set. Raises UncheckableCondition."""
    for pattern, condition in _CHECKABLE:
        if pattern.search(words.lower()):
            return condition
    raise UncheckableCondition(words)
