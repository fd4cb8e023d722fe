"""Edits of one figure, operator or clause: the shape of the statement stays, what it does is another thing.

That is what mutation testing does to code to see whether its tests notice. Where nobody's tests notice,
nothing else shows it: a bound that moved by one, another rounding, the other order. Words in messages and
in log lines are free.
"""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Iterator

from agents.engineering.verdict.changes import ChangeSet, Finding
from agents.engineering.verdict.python_source import expression_tree, syntax_tree
from agents.engineering.verdict.statements import statements_of

_OUTSIDE = "whoever relies on what it did"
_CLAUSES = re.compile(
    r"\b(WHERE|ORDER BY|GROUP BY|HAVING|(?:LEFT |RIGHT |INNER |OUTER |CROSS )*JOIN|DISTINCT|"
    r"UNION(?: ALL)?|ON CONFLICT|RETURNING|FOR UPDATE)\b",
    re.IGNORECASE,
)
_ENDS = re.compile(
    r"\b(WHERE|ORDER BY|GROUP BY|HAVING|LIMIT|OFFSET|RETURNING|FOR UPDATE|UNION|LEFT|RIGHT|INNER|"
    r"JOIN|ON CONFLICT)\b",
    re.IGNORECASE,
)
_IS_SQL = re.compile(r"^\s*(SELECT|INSERT|UPDATE|DELETE|WITH|MERGE|REPLACE)\b", re.IGNORECASE)


def small_edits(change: ChangeSet) -> Iterator[Finding]:
    """Statements of the product that changed in a figure, a name of a constant, an operator or a clause of SQL
    alone."""
    for path in change.changed:
        if path not in change.before.product or path not in change.after.product:
            continue
        old, new = (statements_of(text) for text in change.texts(path))
        for name, statements in new.items():
            had = {text for text, _ in old.get(name, ())}
            has = {text for text, _ in statements}
            shapes = {_shape(text): text for text in had - has}
            for text, line in statements:
                was = shapes.get(_shape(text)) if text not in had else None
                if was is not None and was != text:
                    yield _finding(
                        "figure or operator changed", f"{path}:{line}", f"in {name}: {was[:90]} → {text[:90]}"
                    )
        yield from _queries(path, *change.texts(path))


def _finding(what: str, where: str, why: str) -> Finding:
    return Finding("small-edits", "ask", "breaking", what, where, why, _OUTSIDE)


class _Masked(ast.NodeTransformer):
    """Puts one sign in the place of every figure, constant and operator; sentences stay as they are free to
    change."""

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        if isinstance(node.value, str) and " " in node.value.strip():
            return (
                node if _IS_SQL.match(node.value) else ast.Constant("words")
            )  # queries are compared by clause
        return ast.Constant(0)

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return ast.Constant(0) if node.id.isupper() and len(node.id) > 1 else node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        return ast.Constant(0) if node.attr.isupper() and len(node.attr) > 1 else self.generic_visit(node)

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        node.ops = [ast.Eq() for _ in node.ops]
        return self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        node.op = ast.Add()
        return self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.AST:
        node.op = ast.And()
        return self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        return self.visit(node.operand)  # type: ignore[no-any-return]

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.expr:
        return ast.Constant("words")


class _Wordless(ast.NodeTransformer):
    """Leaves out what a message says."""

    def visit_Raise(self, node: ast.Raise) -> ast.stmt:
        kind = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
        return ast.Expr(kind) if kind else ast.Pass()

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        spoken = isinstance(node.value, str) and " " in node.value.strip() and not _IS_SQL.match(node.value)
        return ast.Constant("words") if spoken else node


def _shape(text: str) -> str:
    """A statement without its figures and operators; its own text where it cannot be read by itself, as a
    head."""
    head, _, rest = text.partition(" ")
    try:
        if head in ("If", "While"):
            return f"{head} {ast.unparse(_Masked().visit(expression_tree(rest)))}"
        tree = _Wordless().visit(syntax_tree(text))
        masked = _Masked().visit(copy.deepcopy(tree))
        wordless = ast.unparse(ast.fix_missing_locations(tree))
        shape = ast.unparse(ast.fix_missing_locations(masked))
    except (SyntaxError, ValueError):
        return text
    return text if isinstance(tree.body[0], ast.Expr) and wordless == shape else shape


def _queries(path: str, old: str, new: str) -> Iterator[Finding]:
    """Clauses of the file's SQL that say which rows come, and in what order, of which there are fewer."""
    had, has = _clauses(old), _clauses(new)
    for clause, line in had.items():
        if clause not in has and _plain(new).count(clause) == 0:
            yield _finding("query changed", f"{path}:{line}", f"no query says {clause!r} any more")


def _plain(text: str) -> str:
    return " ".join(text.split()).lower()


def _clauses(text: str) -> dict[str, int]:
    found: dict[str, int] = {}
    try:
        nodes = list(ast.walk(syntax_tree(text)))
    except SyntaxError:
        return found
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _IS_SQL.match(node.value):
            query = " ".join(node.value.split())
            for start in _CLAUSES.finditer(query):
                end = _ENDS.search(query, start.end())
                clause = query[start.start() : end.start() if end else len(query)]
                found.setdefault(" ".join(clause.split()).rstrip(";").lower(), node.lineno)
    return found
