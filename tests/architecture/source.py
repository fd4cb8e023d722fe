"""The product's source as syntax trees, for tests about what is written where."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("bot", "handlers", "agents", "integrations", "governance", "storage")


@cache
def modules() -> dict[str, ast.Module]:
    """Every module of every room by its path, as `governance/gate.py`."""
    return {
        str(path.relative_to(ROOT)): ast.parse(path.read_text(encoding="utf-8"))
        for room in ROOMS
        for path in sorted((ROOT / room).rglob("*.py"))
    }


def calls(function: str) -> Iterator[tuple[str, ast.Call, ast.Module]]:
    """Every call of `function`, by its bare or its last name, with where it stands."""
    yield from _calls().get(function, ())


@cache
def _calls() -> dict[str | None, list[tuple[str, ast.Call, ast.Module]]]:
    by_name = defaultdict(list)
    for path, tree in modules().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                by_name[_last_name(node.func)].append((path, node, tree))
    return dict(by_name)


def texts(node: ast.expr, tree: ast.Module) -> set[str]:
    """The strings that an expression may be: a literal, either branch of a choice, a name's values, or what
    the module's own calls hand in for a parameter. Empty if it cannot be told by reading.
    """
    match node:
        case ast.Constant(value=str(value)):
            return {value}
        case ast.IfExp(body=first, orelse=second):
            return texts(first, tree) | texts(second, tree)
        case ast.Name(id=name):
            assigned = {
                value
                for statement in ast.walk(tree)
                if isinstance(statement, ast.Assign)
                and any(isinstance(target, ast.Name) and target.id == name for target in statement.targets)
                for value in texts(statement.value, tree)
            }
            return assigned or {value for given in _handed_in(name, tree) for value in texts(given, tree)}
        case _:
            return set()


def _handed_in(parameter: str, tree: ast.Module) -> Iterator[ast.expr]:
    """What the module's calls of its own functions give for a parameter of this name."""
    nodes = list(ast.walk(tree))
    for function in nodes:
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        places = [number for number, each in enumerate(function.args.args) if each.arg == parameter]
        for call in nodes:
            if places and isinstance(call, ast.Call) and _last_name(call.func) == function.name:
                yield from call.args[places[0] : places[0] + 1]
                yield from (word.value for word in call.keywords if word.arg == parameter)


def _last_name(node: ast.expr) -> str | None:
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(attr=name):
            return name
        case _:
            return None
