"""Guards that a change takes away: calls that check, exceptions that refuse, limits on waiting."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator

from agents.engineering.verdict.changes import ChangeSet, Finding
from agents.engineering.verdict.python_source import syntax_tree

_GUARDS = re.compile(
    r"(require|authori[sz]|authenticat|permission|permit|allowed|forbid|login|is_admin|has_role|"
    r"can_|csrf|verify|valid|escape|sanitiz|quote|compare_digest|clean|check|limit|throttl|audit|"
    r"mask|redact|encrypt|sign|secrets\.|resolve|is_relative_to)",
    re.IGNORECASE,
)
_USERS = "users, and whoever was kept out"


def lost_guards(change: ChangeSet) -> Iterator[Finding]:
    """Calls and decorators that guard, exceptions that refuse, and limits on waiting, of which there are
    fewer."""
    paths = [path for path in change.changed if path in change.before.product]
    old, new = Counter[str](), Counter[str]()
    first: dict[str, str] = {}
    for path in paths:
        for counted, text in zip((old, new), change.texts(path), strict=True):
            module = _parsed(text)
            for guard, line in _guards(module) if module else ():
                counted[guard] += 1
                if counted is old:
                    first.setdefault(guard, f"{path}:{line}")
    for guard, count in (old - new).items():
        kind = guard.partition(" ")[0]
        replaced = kind == "raise" and any((new - old).values()) and _raises(new) >= _raises(old)
        if not replaced:
            why = f"{guard} stood {count} time(s) more before"
            yield Finding("guards", "ask", "harmful", "guard removed", first[guard], why, _USERS)


def _raises(counted: Counter[str]) -> int:
    return sum(count for guard, count in counted.items() if guard.startswith("raise "))


def _guards(module: ast.Module) -> Iterator[tuple[str, int]]:
    for node in ast.walk(module):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            if _GUARDS.search(name):
                yield f"call {name}", node.lineno
            for keyword in node.keywords:
                if keyword.arg in ("timeout", "check", "max_length", "limit", "verify"):
                    yield f"argument {keyword.arg} of {name}", node.lineno
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            for decorator in node.decorator_list:
                text = ast.unparse(decorator)
                if not re.match(
                    r"(property|staticmethod|classmethod|functools|cache|lru_cache|pytest|\w+\.setter)", text
                ):
                    yield f"decorator {text.partition('(')[0]}", decorator.lineno
        elif isinstance(node, ast.Raise) and node.exc is not None:
            yield f"raise {ast.unparse(node.exc).partition('(')[0]}", node.lineno
        elif isinstance(node, ast.Assert):
            yield f"assert {ast.unparse(node.test)}", node.lineno
        elif isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple) and node.value.elts:
            status = node.value.elts[0]
            if isinstance(status, ast.Constant) and isinstance(status.value, int) and 400 <= status.value < 600:
                yield f"answer {status.value}", node.lineno


def _parsed(text: str) -> ast.Module | None:
    try:
        return syntax_tree(text)
    except (SyntaxError, ValueError, RecursionError):
        return None
