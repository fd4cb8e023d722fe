"""The statements of a file's functions as text: without docstrings, annotations and log lines."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

from agents.engineering.verdict.python_source import syntax_tree

_LOG = re.compile(r"^(self\.)?_?(log|logger|logging)\w*\.(debug|info|warning|error|exception|critical|log)\(")


def statements_of(text: str) -> dict[str, list[tuple[str, int]]]:
    """The statements of every function by its name, each as text without docstrings and annotations, with its
    line."""
    found: dict[str, list[tuple[str, int]]] = {}

    def visit(body: Sequence[ast.stmt], prefix: str) -> None:
        for node in body:
            if isinstance(node, ast.ClassDef):
                visit(node.body, f"{prefix}{node.name}.")
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                found[f"{prefix}{node.name}"] = list(_statements(node.body))
                visit(node.body, f"{prefix}{node.name}.")

    try:
        visit(syntax_tree(text).body, "")
    except SyntaxError:
        return {}
    return found


def _statements(body: Sequence[ast.stmt]) -> Iterator[tuple[str, int]]:
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        if isinstance(node, ast.Expr) and (
            isinstance(node.value, ast.Constant) or _LOG.match(ast.unparse(node))
        ):
            continue
        inner = [part for name in ("body", "orelse", "finalbody") for part in getattr(node, name, [])]
        handlers = [part for handler in getattr(node, "handlers", []) for part in handler.body]
        if not inner:
            yield _bare(node), node.lineno
        else:
            yield _head(node), node.lineno
        yield from _statements([*inner, *handlers])


def _bare(node: ast.stmt) -> str:
    if isinstance(node, ast.AnnAssign) and node.value is not None:
        return f"{ast.unparse(node.target)} = {ast.unparse(node.value)}"
    return ast.unparse(node)


def _head(node: ast.stmt) -> str:
    """A compound statement without its body."""
    parts = [
        ast.unparse(value)
        for value in (getattr(node, name, None) for name in ("test", "target", "iter"))
        if isinstance(value, ast.AST)
    ]
    items = [ast.unparse(item) for item in getattr(node, "items", [])]
    return f"{type(node).__name__} {' '.join([*parts, *items])}"
