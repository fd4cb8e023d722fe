"""What the tests check, as facts that can be compared: however they are named, placed, merged or parametrised.

A check is one assertion with its local names, fixtures, class attributes and parameters put in, so that

    price = quote("A", 2)                 @pytest.mark.parametrize("zone, price", [("A", Decimal("5.20"))])
    assert price == Decimal("5.20")       def test_prices(zone, price): assert quote(zone, 2) == price

are one and the same. What stands in the way of a check (a condition, a handler that swallows, a part of the
product that is replaced) is kept beside it; a check that is skipped, expected to fail or not collected is
none.
"""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from agents.engineering.verdict.changes import Tree
from agents.engineering.verdict.python_source import syntax_tree
from agents.engineering.verdict.reading_tests import (
    IDLE,
    LONGEST,
    MOST_CASES,
    Function,
    Reader,
    Scope,
    patch_of,
    put,
)


@dataclass(frozen=True, slots=True)
class Check:
    """One assertion as it is evaluated. `despite` is what may keep it from being made or from failing."""

    text: str
    node: ast.expr
    despite: frozenset[str]
    path: str
    line: int
    test: str


def is_collected(path: str) -> bool:
    """Whether pytest collects tests from a file of this name, unless it is told otherwise."""
    return re.fullmatch(r"test_.*\.py|.*_test\.py|tests\.py", PurePosixPath(path).name) is not None


def checks(tree: Tree, packages: frozenset[str]) -> list[Check]:
    """Every check that the tree's tests make. `packages` are the names the product is imported by."""
    modules = {path: module for path, text in tree.tests.items() if (module := _parsed(text)) is not None}
    shared = {f.name: f for path, m in modules.items() if path.endswith("conftest.py") for f in _fixtures(m)}
    found: list[Check] = []
    for path, module in modules.items():
        if not is_collected(path):
            continue
        marks = [
            ast.unparse(node.value)
            for node in module.body
            if isinstance(node, ast.Assign) and _names_of(node) & {"pytestmark", "__test__", "collect_ignore"}
        ]
        if any(IDLE.search(mark) or mark == "False" for mark in marks):
            continue
        product = frozenset(packages | _imported(module, packages))
        fixtures = {**shared, **{f.name: f for f in _fixtures(module)}}
        scope = Scope(path, _assigned(module.body), fixtures, product)
        for function, owner in tests(module):
            found.extend(_of_test(function, owner, scope))
    return found


def tests(module: ast.Module) -> Iterator[tuple[Function, ast.ClassDef | None]]:
    """The functions that pytest collects as tests, each with its class."""
    for node in module.body:
        if isinstance(node, Function) and node.name.startswith("test"):
            yield node, None
        elif isinstance(node, ast.ClassDef) and _is_test_class(node) and not _idle(node):
            yield from (
                (part, node)
                for part in node.body
                if isinstance(part, Function) and part.name.startswith("test")
            )


def _is_test_class(node: ast.ClassDef) -> bool:
    cased = any("TestCase" in ast.unparse(base) for base in node.bases)
    made = any(isinstance(part, Function) and part.name == "__init__" for part in node.body)
    return (cased or node.name.startswith("Test")) and not made


def _parsed(text: str) -> ast.Module | None:
    try:
        return syntax_tree(text)
    except SyntaxError:
        return None


def _names_of(node: ast.Assign) -> set[str]:
    return {target.id for target in node.targets if isinstance(target, ast.Name)}


def _assigned(body: Sequence[ast.stmt], prefix: str = "") -> dict[str, ast.expr]:
    found: dict[str, ast.expr] = {}
    for node in body:
        if isinstance(node, ast.Assign):
            found.update({prefix + name: put(node.value, found) for name in _names_of(node)})
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value:
            found[prefix + node.target.id] = put(node.value, found)
    return found


def _imported(module: ast.Module, packages: frozenset[str]) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(module):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in packages:
            found |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {a.asname for a in node.names if a.asname and a.name.partition(".")[0] in packages}
    return found


def _fixtures(module: ast.Module) -> Iterator[Function]:
    for node in ast.walk(module):
        if isinstance(node, Function) and any("fixture" in ast.unparse(d) for d in node.decorator_list):
            yield node


def _idle(node: Function | ast.ClassDef) -> bool:
    return any(IDLE.search(ast.unparse(decorator).partition("(")[0]) for decorator in node.decorator_list)


def _of_test(function: Function, owner: ast.ClassDef | None, scope: Scope) -> Iterator[Check]:
    if _idle(function):
        return
    names = dict(scope.names)
    despite: set[str] = set()
    if owner is not None:
        names |= _assigned(owner.body, "self.")
        for part in owner.body:
            if isinstance(part, Function) and part.name in ("setUp", "setup_method", "asyncSetUp"):
                reader = Reader(scope, dict(names))
                list(reader.read(part.body, frozenset()))
                names, despite = reader.names, despite | reader.standing
    wanted = {argument.arg for argument in function.args.args} | {
        n for n, f in scope.fixtures.items() if _autouse(f)
    }
    for name in sorted(wanted & set(scope.fixtures)):
        given, patched = _given(scope, name, 5)
        despite |= patched
        if given is not None:
            names[name] = given
    label = f"{owner.name}.{function.name}" if owner else function.name
    for case in itertools.islice(_cases(function, owner), MOST_CASES):
        reader = Reader(scope, {**names, **case})
        reader.standing |= despite
        reader.standing |= {
            patch_of(d, scope.product) for d in function.decorator_list if patch_of(d, scope.product)
        }
        for node, line, ways in reader.read(function.body, frozenset()):
            text = ast.unparse(node)
            yield Check(text[:LONGEST], node, ways, scope.path, line, label)


def _autouse(function: Function) -> bool:
    return any("autouse=True" in ast.unparse(decorator) for decorator in function.decorator_list)


def _given(scope: Scope, name: str, depth: int) -> tuple[ast.expr | None, set[str]]:
    """What a fixture gives, if it is one expression, and the parts of the product that it replaces."""
    function = scope.fixtures[name]
    reader = Reader(scope, dict(scope.names))
    list(reader.read(function.body, frozenset()))
    patched = {way for way in reader.standing if way.startswith("replaced")}
    for argument in function.args.args:
        if depth and argument.arg in scope.fixtures and argument.arg != name:
            patched |= _given(scope, argument.arg, depth - 1)[1]
    values = [
        n.value for n in ast.walk(function) if isinstance(n, ast.Return | ast.Yield) and n.value is not None
    ]
    return (put(values[0], reader.names) if len(values) == 1 else None), patched


def _cases(function: Function, owner: ast.ClassDef | None) -> Iterator[dict[str, ast.expr]]:
    """The values of `parametrize` by name, each combination once; one empty case where there is none."""
    sets: list[list[dict[str, ast.expr]]] = []
    for decorator in [*function.decorator_list, *(owner.decorator_list if owner else [])]:
        if not isinstance(decorator, ast.Call) or not ast.unparse(decorator.func).endswith("parametrize"):
            continue
        given = [*decorator.args, *(k.value for k in decorator.keywords if k.arg in ("argnames", "argvalues"))]
        if len(given) < 2 or not isinstance(given[1], ast.List | ast.Tuple):
            continue
        first = given[0]
        written = (
            [e.value for e in first.elts if isinstance(e, ast.Constant)]
            if isinstance(first, ast.List | ast.Tuple)
            else str(getattr(first, "value", "")).split(",")
        )
        names = [str(name).strip() for name in written]
        sets.append([case for row in given[1].elts if (case := _case(names, row)) is not None])
    for combination in itertools.product(*sets):
        yield {name: value for case in combination for name, value in case.items()}


def _case(names: list[str], row: ast.expr) -> dict[str, ast.expr] | None:
    if isinstance(row, ast.Call) and ast.unparse(row.func).endswith("param"):
        if any(k.arg == "marks" and IDLE.search(ast.unparse(k.value)) for k in row.keywords):
            return None
        values: list[ast.expr] = row.args
    else:
        values = [row] if len(names) == 1 else list(getattr(row, "elts", []))
    return dict(zip(names, values, strict=False))
