"""Assertions in one form, whatever library wrote them, and whether one of them says as much as another.

`self.assertEqual(a, b)` is `a == b`; `with pytest.raises(E, match=m): f()` is `raises(E, m, f())`; `assert
a and b` are two. A literal stands on the right of a comparison.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Iterator
from typing import Any

_COMPARED = {
    "assertEqual": ast.Eq,
    "assertEquals": ast.Eq,
    "assertDictEqual": ast.Eq,
    "assertListEqual": ast.Eq,
    "assertTupleEqual": ast.Eq,
    "assertSetEqual": ast.Eq,
    "assertSequenceEqual": ast.Eq,
    "assertMultiLineEqual": ast.Eq,
    "assertNotEqual": ast.NotEq,
    "assertIs": ast.Is,
    "assertIsNot": ast.IsNot,
    "assertIn": ast.In,
    "assertNotIn": ast.NotIn,
    "assertGreater": ast.Gt,
    "assertGreaterEqual": ast.GtE,
    "assertLess": ast.Lt,
    "assertLessEqual": ast.LtE,
}
_OPPOSITE = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
_MIRROR = {
    ast.Eq: ast.Eq,
    ast.NotEq: ast.NotEq,
    ast.Lt: ast.Gt,
    ast.Gt: ast.Lt,
    ast.LtE: ast.GtE,
    ast.GtE: ast.LtE,
}
_OPERATORS: dict[type[ast.cmpop], Callable[[Any, Any], object]] = {
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda one, many: operator.contains(many, one),
    ast.NotIn: lambda one, many: not operator.contains(many, one),
    ast.IsNot: operator.is_not,
}
_APPROX = re.compile(r"(pytest\.)?approx$")


def asserted(node: ast.stmt) -> Iterator[ast.expr]:
    """What one statement asserts, each part in its one form."""
    if isinstance(node, ast.Assert):
        yield from _parts(node.test)
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        yield from _called(node.value)
    elif isinstance(node, ast.With | ast.AsyncWith):
        for item in node.items:
            if isinstance(item.context_expr, ast.Call):
                yield from _raising(item.context_expr, node.body)


def _parts(test: ast.expr) -> Iterator[ast.expr]:
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And):
        for value in test.values:
            yield from _parts(value)
    elif isinstance(test, ast.Compare) and len(test.ops) > 1:
        left = test.left
        for operator, right in zip(test.ops, test.comparators, strict=True):
            yield _turned(ast.Compare(left, [operator], [right]))
            left = right
    elif isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        inner = test.operand
        if isinstance(inner, ast.Compare) and len(inner.ops) == 1 and type(inner.ops[0]) in _OPPOSITE:
            yield _turned(ast.Compare(inner.left, [_OPPOSITE[type(inner.ops[0])]()], inner.comparators))
        else:
            yield test
    elif isinstance(test, ast.Compare):
        yield _turned(test)
    else:
        yield test


def _turned(test: ast.Compare) -> ast.expr:
    mirror = _MIRROR.get(type(test.ops[0]))
    if mirror and _is_literal(test.left) and not _is_literal(test.comparators[0]):
        return ast.Compare(test.comparators[0], [mirror()], [test.left])
    return test


def _is_literal(node: ast.expr) -> bool:
    return not any(isinstance(part, ast.Name | ast.Call | ast.Attribute) for part in ast.walk(node))


def _called(call: ast.Call) -> Iterator[ast.expr]:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    arguments = call.args
    if name in _COMPARED and len(arguments) >= 2:
        yield _turned(ast.Compare(arguments[0], [_COMPARED[name]()], [arguments[1]]))
    elif name in ("assertTrue", "assertFalse") and arguments:
        yield from _parts(arguments[0] if name == "assertTrue" else ast.UnaryOp(ast.Not(), arguments[0]))
    elif name in ("assertIsNone", "assertIsNotNone") and arguments:
        operator = ast.Is() if name == "assertIsNone" else ast.IsNot()
        yield ast.Compare(arguments[0], [operator], [ast.Constant(None)])
    elif name == "assertIsInstance" and len(arguments) >= 2:
        yield ast.Call(ast.Name("isinstance", ast.Load()), arguments[:2], [])
    elif name == "assertAlmostEqual" and len(arguments) >= 2:
        yield ast.Compare(arguments[0], [ast.Eq()], [_almost(call)])
    elif name in ("assertRaises", "assertRaisesRegex") and len(arguments) > 1:
        matched = name.endswith("Regex")
        thrown = ast.Call(arguments[1 + matched], arguments[2 + matched :], call.keywords)
        yield _raises(arguments[0], arguments[1] if matched else None, [ast.Expr(thrown)])
    elif name.startswith("assert"):
        yield call
    elif ast.unparse(call.func) in ("pytest.raises", "raises") and len(arguments) > 1:
        yield _raises(arguments[0], None, [ast.Expr(ast.Call(arguments[1], arguments[2:], call.keywords))])


def _almost(call: ast.Call) -> ast.expr:
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    places = given.get("places", ast.Constant(7))
    within = (
        0.5 * 10.0 ** -float(places.value)
        if isinstance(places, ast.Constant) and isinstance(places.value, int)
        else 0.0
    )
    bound = given.get("delta") or ast.Constant(within)
    return ast.Call(ast.Name("approx", ast.Load()), [call.args[1]], [ast.keyword("abs", bound)])


def _raising(call: ast.Call, body: list[ast.stmt]) -> Iterator[ast.expr]:
    name = ast.unparse(call.func).rpartition(".")[2]
    if name in ("raises", "assertRaises", "assertRaisesRegex", "warns", "assertWarns") and call.args:
        matched = next((k.value for k in call.keywords if k.arg == "match"), None)
        if name == "assertRaisesRegex" and len(call.args) > 1:
            matched = call.args[1]
        yield _raises(call.args[0], matched, body)


def _raises(kind: ast.expr, matched: ast.expr | None, body: list[ast.stmt]) -> ast.expr:
    done = [part.value for part in body if isinstance(part, ast.Expr | ast.Assign)]
    arguments = [kind, matched or ast.Constant(None), *done]
    return ast.Call(ast.Name("raises", ast.Load()), arguments, [])


def says_as_much(new: ast.expr, old: ast.expr, parents: dict[str, set[str]]) -> bool:
    """Whether every run that fails `old` fails `new`. `parents` are the bases of the product's exceptions."""
    if ast.unparse(new) == ast.unparse(old):
        return True
    if isinstance(old, ast.Call) and isinstance(new, ast.Call) and _both(old, new, "raises"):
        kind, wanted = ast.unparse(new.args[0]), ast.unparse(old.args[0])
        narrower = kind == wanted or wanted in parents.get(kind, set())
        match = ast.unparse(old.args[1])
        return narrower and match in ("None", ast.unparse(new.args[1])) and _same(old.args[2:], new.args[2:])
    if not isinstance(new, ast.Compare) or len(new.ops) != 1 or not isinstance(new.ops[0], ast.Eq):
        return False
    subject, value = ast.unparse(new.left), new.comparators[0]
    if not isinstance(old, ast.Compare):
        return subject == ast.unparse(old) and _value(value) not in (None, False) and bool(_value(value))
    if ast.unparse(old.left) != subject:
        return False
    return _closer(value, old.comparators[0]) if isinstance(old.ops[0], ast.Eq) else _implied(value, old)


def _both(old: ast.Call, new: ast.Call, name: str) -> bool:
    return ast.unparse(old.func) == name == ast.unparse(new.func) and len(old.args) > 1 and len(new.args) > 1


def _same(old: list[ast.expr], new: list[ast.expr]) -> bool:
    return [ast.unparse(part) for part in old] == [ast.unparse(part) for part in new]


def _value(node: ast.expr) -> object:
    try:
        value: object = ast.literal_eval(node)
        return value
    except ValueError:
        return None


def _bounds(node: ast.expr) -> tuple[float, float] | None:
    """The interval of values that `== node` accepts."""
    if isinstance(node, ast.Call) and _APPROX.search(ast.unparse(node.func)) and node.args:
        value = _value(node.args[0])
        given = {k.arg: _value(k.value) for k in node.keywords}
        if not isinstance(value, int | float) or not all(isinstance(v, int | float) for v in given.values()):
            return None
        absolute = given.get("abs", None if "rel" in given else 1e-12)
        relative = given.get("rel", None if "abs" in given else 1e-6)
        within = max(float(absolute or 0), abs(value) * float(relative or 0))  # type: ignore[arg-type]
        return value - within, value + within
    value = _value(node)
    return (
        (float(value), float(value)) if isinstance(value, int | float) and not isinstance(value, bool) else None
    )


def _closer(new: ast.expr, old: ast.expr) -> bool:
    inner, outer = _bounds(new), _bounds(old)
    return inner is not None and outer is not None and outer[0] <= inner[0] and inner[1] <= outer[1]


def _implied(value: ast.expr, old: ast.Compare) -> bool:
    """Whether equality with `value` makes the old comparison with a literal true."""
    here, there = _value(value), _value(old.comparators[0])
    if here is None or (there is None and not isinstance(old.ops[0], ast.Is | ast.IsNot)):
        return False
    compared = _OPERATORS.get(type(old.ops[0]))
    try:
        return compared is not None and bool(compared(here, there))
    except TypeError:
        return False
