"""Names in strings, and figures: keys, topics, headers, environment variables, exit codes, options, units.

Whoever stands outside reads and writes these, and no signature names them. A name that vanishes from the
product, a constant that gets another value, and an environment variable that must now be set are broken
promises, unless something shows otherwise. Sentences, docstrings and annotations are no names.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator

from agents.engineering.verdict.changes import ChangeSet, Finding, Tree, line_of, module_name
from agents.engineering.verdict.python_source import expression_tree, syntax_tree

_OUTSIDE = "clients, consumers, stored data or operators"
_NAME = re.compile(r"[\w$][\w.\-/:{}%$*\[\]?&=+#@<>,;|~]*|[/#.\-][\w.\-/:{}%*]+|[,;:|\t]")
_LOGGED = ("debug", "info", "warning", "error", "exception", "critical", "log")


def literals(change: ChangeSet) -> Iterator[Finding]:
    """Names and figures of the product that the change takes away or replaces."""
    old, new = _names(change.before), _names(change.after)
    for name, (path, line) in old.items():
        if name not in new and path in change.changed:
            why = f"{name!r} stood in the product as a name or format, and no longer does"
            yield Finding(
                "names", "ask", "breaking", "name no longer written or read", f"{path}:{line}", why, _OUTSIDE
            )
    yield from _environment(change)
    yield from _constants(change)


def _names(tree: Tree) -> dict[str, tuple[str, int]]:
    found: dict[str, tuple[str, int]] = {}
    for path, text in tree.product.items():
        module = _parsed(text)
        if module is None:
            continue
        skipped = _not_promised(module) | _dead(module, tree)
        for node in ast.walk(module):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in skipped:
                for name in _named_in(node.value):
                    found.setdefault(name, (path, node.lineno))
    return found


def _parsed(text: str) -> ast.Module | None:
    try:
        return syntax_tree(text)
    except SyntaxError:
        return None


def _named_in(text: str) -> list[str]:
    """The names in a string: itself if it has no spaces; keys of lines such as `key=value`; the event of a log
    line."""
    if _NAME.fullmatch(text) and len(text) < 120:
        return [text]
    keys = re.findall(r"(?m)(?:^|[ ,;])([A-Za-z_][\w.\-]*)(?==)", text)
    event = re.match(r"[a-z]+(?:[._][a-z0-9]+)+(?=[ :]|$)", text)
    header = (
        [text.strip()] if text[-1:] == "\n" and re.fullmatch(r"[\w\-]+([,;\t][\w\-]+)+", text.strip()) else []
    )
    return [*keys, *([event[0]] if event else []), *header]


def _not_promised(module: ast.Module) -> set[int]:
    """Ids of the strings that promise nothing: docstrings, `__all__`, annotations, and arguments of
    exceptions."""
    skipped: set[int] = set()

    def skip(node: ast.AST | None) -> None:
        if node is not None:
            skipped.update(id(part) for part in ast.walk(node))

    for node in ast.walk(module):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            skip(node.value)
        elif isinstance(node, ast.Raise):
            skip(node.exc)
        elif isinstance(node, ast.Assert):
            skip(node.msg)
        elif isinstance(node, ast.AnnAssign | ast.arg):
            skip(node.annotation)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            skip(node.returns)
        elif isinstance(node, ast.Assign) and any(
            isinstance(t, ast.Name) and t.id == "__all__" for t in node.targets
        ):
            skip(node.value)
        elif isinstance(node, ast.Call):
            for keyword in node.keywords:
                if keyword.arg in ("help", "description", "epilog"):
                    skip(keyword.value)
    return skipped


def _dead(module: ast.Module, tree: Tree) -> set[int]:
    """Ids of what stands in private functions and classes that nothing names: nobody outside can meet it."""
    skipped: set[int] = set()
    for node in module.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and node.name.startswith(
            "_"
        ):
            named = re.compile(rf"\b{re.escape(node.name)}\b")
            if sum(len(named.findall(text)) for text in tree.product.values()) == 1:
                skipped.update(id(part) for part in ast.walk(node))
    return skipped


def _environment(change: ChangeSet) -> Iterator[Finding]:
    known = set(_names(change.before))
    for path, text in change.after.product.items():
        module = _parsed(text) if path in change.changed else None
        for node in ast.walk(module) if module else ():
            if (
                isinstance(node, ast.Subscript)
                and ast.unparse(node.value) in ("os.environ", "environ")
                and isinstance(node.ctx, ast.Load)
                and isinstance(node.slice, ast.Constant)
                and node.slice.value not in known
            ):
                why = f"{node.slice.value!r} must now be set, and nothing set it before"
                yield Finding(
                    "names", "ask", "breaking", "setting demanded", f"{path}:{node.lineno}", why, "operators"
                )


def _constants(change: ChangeSet) -> Iterator[Finding]:
    """Constants of modules and classes, and defaults, whose value is another one."""
    for path in change.changed:
        if path not in change.before.product or path not in change.after.product:
            continue
        old, new = (_values(_parsed(text)) for text in change.texts(path))
        for name, value in old.items():
            if name in new and new[name] != value and not _only_grew(value, new[name]):
                where = f"{path}:{line_of(change.after.text(path), name.rpartition('.')[2])}"
                why = f"{module_name(path)}.{name} was {value[:60]} and is {new[name][:60]}"
                yield Finding("constants", "ask", "breaking", "constant changed", where, why, _OUTSIDE)


def _values(module: ast.Module | None) -> dict[str, str]:
    found: dict[str, str] = {}
    bodies = [("", module.body if module else [])]
    bodies += [(f"{node.name}.", node.body) for node in bodies[0][1] if isinstance(node, ast.ClassDef)]
    for prefix, body in bodies:
        for node in body:
            targets = (
                node.targets
                if isinstance(node, ast.Assign)
                else [node.target]
                if isinstance(node, ast.AnnAssign)
                else []
            )
            value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
            if value is None or not _is_plain(value):
                continue
            found.update(
                {
                    prefix + t.id: _written(value)
                    for t in targets
                    if isinstance(t, ast.Name) and t.id != "__all__"
                }
            )
    return found


def _written(value: ast.expr) -> str:
    try:
        return repr(ast.literal_eval(value))
    except ValueError:
        return ast.unparse(value)


def _is_plain(value: ast.expr) -> bool:
    """Whether an expression holds literals, and calls only what makes one value of another (`Decimal("1")`)."""
    whole = (ast.Constant, ast.Dict, ast.List, ast.Tuple, ast.Set, ast.UnaryOp, ast.BinOp, ast.Call)
    return isinstance(value, whole) and any(isinstance(part, ast.Constant) for part in ast.walk(value))


def _only_grew(old: str, new: str) -> bool:
    """Whether a collection kept what it held, and in what order, and got more."""
    try:
        was, is_now = expression_tree(old), expression_tree(new)
    except SyntaxError:
        return False
    if type(was) is not type(is_now):
        return False
    if isinstance(was, ast.Dict) and isinstance(is_now, ast.Dict):
        lost = Counter(_pairs(was)) - Counter(_pairs(is_now))
        kept = {pair.partition(": ")[0] for pair in _pairs(is_now)}
        return all(_is_code(pair) and pair.partition(": ")[0] in kept for pair in lost)
    if isinstance(was, ast.Set | ast.List | ast.Tuple) and isinstance(is_now, ast.Set | ast.List | ast.Tuple):
        rest = iter([ast.unparse(part) for part in is_now.elts])
        return all(ast.unparse(part) in rest for part in was.elts)
    return False


def _is_code(pair: str) -> bool:
    """Whether a pair's value is a function, whose answers are compared elsewhere."""
    return pair.partition(": ")[2].startswith("lambda")


def _pairs(node: ast.Dict) -> list[str]:
    pairs = zip(node.keys, node.values, strict=True)
    return [f"{ast.unparse(key) if key else '**'}: {ast.unparse(value)}" for key, value in pairs]
