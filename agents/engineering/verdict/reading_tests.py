"""Reads a test's statements in order: what its names stand for, what it asserts, and what stands in the way."""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from agents.engineering.verdict.assertions import asserted

Function = ast.FunctionDef | ast.AsyncFunctionDef
Names = Mapping[str, ast.expr]

MOST_CASES = 200
LONGEST = 6000
IDLE = re.compile(r"\b(skip|skipif|skipIf|skipUnless|xfail|expectedFailure)\b")
_PATCHES = re.compile(r"(^|\.)(setattr|setitem|delattr|patch|patch\.object|patch\.dict|patch\.multiple)$")


@dataclass(frozen=True, slots=True)
class Scope:
    """What a file of tests knows beside its functions."""

    path: str
    names: dict[str, ast.expr]
    fixtures: Mapping[str, Function]
    product: frozenset[str]


def patch_of(node: ast.expr, product: frozenset[str]) -> str:
    """`replaced: …` where a call puts something else in the place of a part of the product; otherwise empty."""
    if not isinstance(node, ast.Call) or not _PATCHES.search(ast.unparse(node.func)):
        return ""
    target = node.args[0] if node.args else None
    if target is None:
        return ""
    root = target.value if isinstance(target, ast.Constant) else ast.unparse(target)
    if not isinstance(root, str) or root.partition(".")[0] not in product:
        return ""
    return f"replaced: {root}" + (f".{ast.unparse(node.args[1])}" if len(node.args) > 1 else "")


class _Put(ast.NodeTransformer):
    def __init__(self, names: Names) -> None:
        self.names = names

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self.names.get(node.id, node) if isinstance(node.ctx, ast.Load) else node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        found = self.names.get(ast.unparse(node)) if isinstance(node.value, ast.Name) else None
        return found if found is not None else self.generic_visit(node)


def put(node: ast.expr, names: Names) -> ast.expr:
    done: ast.expr = _Put(names).visit(copy.deepcopy(node))
    return done if sum(1 for _ in ast.walk(done)) < LONGEST else node


class Reader:
    """Reads a function's statements in order: what its names stand for, and what it asserts."""

    def __init__(self, scope: Scope, names: dict[str, ast.expr]) -> None:
        self.scope = scope
        self.names = names
        self.standing: set[str] = set()

    def read(
        self, body: Sequence[ast.stmt], ways: frozenset[str]
    ) -> Iterator[tuple[ast.expr, int, frozenset[str]]]:
        """The assertions of these statements, with their line and what may keep them from being made."""
        for node in body:
            yield from self._statement(node, ways)
            for call in (part for part in ast.walk(node) if isinstance(part, ast.Call)):
                if patch := patch_of(call, self.scope.product):
                    self.standing.add(patch)

    def _statement(
        self, node: ast.stmt, ways: frozenset[str]
    ) -> Iterator[tuple[ast.expr, int, frozenset[str]]]:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                self._bind(target, put(node.value, self.names))
        elif isinstance(node, ast.AnnAssign) and node.value:
            self._bind(node.target, put(node.value, self.names))
        elif isinstance(node, ast.AugAssign):
            self._bind(
                node.target, ast.BinOp(put(node.target, self.names), node.op, put(node.value, self.names))
            )
        elif isinstance(node, ast.If):
            condition = ast.unparse(put(node.test, self.names))
            yield from self.read(node.body, ways | {f"only if {condition}"})
            yield from self.read(node.orelse, ways | {f"unless {condition}"})
            if any(isinstance(part, ast.Return) for part in ast.walk(node)) or IDLE.search(ast.unparse(node)):
                self.standing.add(f"may end early: {condition}")
        elif isinstance(node, ast.For | ast.AsyncFor):
            yield from self._loop(node, ways)
        elif isinstance(node, ast.While):
            yield from self.read(node.body, ways | {f"while {ast.unparse(node.test)}"})
        elif isinstance(node, ast.Try):
            quiet = [
                h
                for h in node.handlers
                if not any(isinstance(part, ast.Raise) or "fail" in ast.unparse(part) for part in h.body)
            ]
            yield from self.read(node.body, ways | ({"swallowed"} if quiet else set()))
            for handler in node.handlers:
                yield from self.read(handler.body, ways | {"only if it failed"})
            yield from self.read([*node.orelse, *node.finalbody], ways)
        elif isinstance(node, ast.With | ast.AsyncWith):
            yield from self._with(node, ways)
        elif isinstance(node, ast.Return):
            self.standing.add("may end early")
        elif isinstance(node, ast.Expr | ast.Assert):
            if isinstance(node, ast.Expr) and re.search(
                r"(^|\.)(skip|skipTest|xfail|importorskip)\(", ast.unparse(node)
            ):
                self.standing.add("may end early")
            for made in asserted(node):
                yield put(made, self.names), node.lineno, ways | self.standing

    def _bind(self, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, ast.Name):
            self.names[target.id] = value
        elif isinstance(target, ast.Attribute):
            self.names[ast.unparse(target)] = value
        elif isinstance(target, ast.Tuple | ast.List):
            for place, part in enumerate(target.elts):
                inner = (
                    value.elts[place]
                    if isinstance(value, ast.Tuple) and len(value.elts) == len(target.elts)
                    else None
                )
                self._bind(part, inner or ast.Subscript(value, ast.Constant(place), ast.Load()))

    def _loop(
        self, node: ast.For | ast.AsyncFor, ways: frozenset[str]
    ) -> Iterator[tuple[ast.expr, int, frozenset[str]]]:
        over = put(node.iter, self.names)
        literal = isinstance(over, ast.List | ast.Tuple | ast.Set) and len(over.elts) <= MOST_CASES
        each = over.elts if literal else [ast.Call(ast.Name("each", ast.Load()), [over], [])]  # type: ignore[attr-defined]
        for value in each:
            self._bind(node.target, value)
            yield from self.read(node.body, ways)

    def _with(
        self, node: ast.With | ast.AsyncWith, ways: frozenset[str]
    ) -> Iterator[tuple[ast.expr, int, frozenset[str]]]:
        inner = ways
        for item in node.items:
            text = ast.unparse(item.context_expr)
            if re.match(r"(contextlib\.)?suppress\(", text):
                inner |= {"swallowed"}
            if "subTest" not in text and isinstance(item.optional_vars, ast.Name):
                self.names[item.optional_vars.id] = ast.Call(
                    ast.Name("entered", ast.Load()), [put(item.context_expr, self.names)], []
                )
        for made in asserted(node):
            yield put(made, self.names), node.lineno, ways | self.standing
        yield from self.read(node.body, inner)
