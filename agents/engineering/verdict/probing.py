"""The trees in which old and new code are tried with the same tests, and the tests' probing form.

Old code and new code get the old tests, their data and their settings, and beside them the new tests; only
the product differs. Of each file of tests a second one is written in which every literal that goes into the
product stands under a number, so that `inside` can put other values in its place; an assertion there is
evaluated and forgotten.
"""

from __future__ import annotations

import ast
import json
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from agents.engineering.verdict.changes import ChangeSet, File, is_test
from agents.engineering.verdict.checks import is_collected, tests
from agents.engineering.verdict.python_source import syntax_tree
from agents.engineering.verdict.settings_of_checks import is_settings

FOLDER = ".verdict"
_A_TEST = 56
_ALL = 500
_SECONDS = 12.0


@dataclass
class _Numbered(ast.NodeTransformer):
    """Puts numbers on literals and notes calls, in one file of tests."""

    constants: dict[str, ast.expr]
    sites: dict[int, int] = field(default_factory=dict)
    _next: int = 0

    def _site(self, node: ast.expr, variants: int) -> ast.expr:
        self._next += 1
        self.sites[self._next] = variants
        return ast.Call(ast.Name("probe_value", ast.Load()), [ast.Constant(self._next), node], [])

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        if isinstance(node.value, bool | int | float | str | bytes):
            return self._site(node, 11)
        return node

    def visit_Dict(self, node: ast.Dict) -> ast.expr:
        node.values = [self.visit(value) for value in node.values]
        return self._site(node, min(len(node.keys), 8) + 3)

    def visit_List(self, node: ast.List) -> ast.expr:
        if not isinstance(node.ctx, ast.Load):
            return node
        node.elts = [self.visit(part) for part in node.elts]
        return self._site(node, 5)

    def visit_Name(self, node: ast.Name) -> ast.expr:
        known = self.constants.get(node.id) if isinstance(node.ctx, ast.Load) else None
        if known is None:
            return node
        return self._site(node, min(len(known.keys), 8) + 3 if isinstance(known, ast.Dict) else 8)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.expr:
        return node

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        node.value = self.visit(node.value)
        return node

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id in ("super", "locals", "globals", "probe_value"):
            return node
        return ast.Call(ast.Name("probe_call", ast.Load()), [node.func, *node.args], node.keywords)

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        node.left = self.visit(node.left)
        node.comparators = [
            self.visit(part) if any(isinstance(p, ast.Call) for p in ast.walk(part)) else part
            for part in node.comparators
        ]
        return node

    def visit_Expr(self, node: ast.Expr) -> ast.stmt:
        if isinstance(node.value, ast.Constant | ast.Yield):
            return node
        node.value = self.visit(node.value)
        return _quietly([node])

    def visit_Assert(self, node: ast.Assert) -> ast.stmt:
        return _quietly([ast.Expr(self.visit(node.test))])

    def visit_With(self, node: ast.With) -> ast.stmt:
        refusing = [
            item
            for item in node.items
            if "aises" in ast.unparse(item.context_expr) or "warns" in ast.unparse(item.context_expr)
        ]
        body: list[ast.stmt] = [self.visit(part) for part in node.body]
        if refusing:
            return _quietly(body)
        node.body = body
        for item in node.items:
            item.context_expr = self.visit(item.context_expr)
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.stmt:
        given = _parametrised(node)
        node.body = [self.visit(part) for part in node.body]
        first: list[ast.stmt] = [
            ast.Assign([ast.Name(name, ast.Store())], self._site(ast.Name(name, ast.Load()), 8))
            for name in given
        ]
        node.body = [_quietly([*first, *node.body])] if node.name.startswith("test") else [*first, *node.body]
        return node

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.stmt:
        node.body = [self.visit(part) for part in node.body]
        return node


def _parametrised(node: ast.FunctionDef) -> list[str]:
    found: list[str] = []
    for decorator in node.decorator_list:
        if (
            isinstance(decorator, ast.Call)
            and ast.unparse(decorator.func).endswith("parametrize")
            and decorator.args
        ):
            first = decorator.args[0]
            names = (
                first.value.split(",")
                if isinstance(first, ast.Constant) and isinstance(first.value, str)
                else []
            )
            found += [name.strip() for name in names if name.strip()]
    return found


def _quietly(body: list[ast.stmt]) -> ast.Try:
    handler = ast.ExceptHandler(ast.Name("Exception", ast.Load()), None, [ast.Pass()])
    return ast.Try(body, [handler], [], [])


def numbered(text: str) -> tuple[str, dict[str, list[tuple[int, int]]]] | None:
    """A file of tests in its probing form, and each test's variants (site, which other value); None if
    unreadable."""
    try:
        module = syntax_tree(text)
    except SyntaxError:
        return None
    constants: dict[str, ast.expr] = {
        target.id: node.value
        for node in module.body
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Constant | ast.Dict | ast.List | ast.Tuple)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    numbers = _Numbered(constants)
    shared: list[tuple[int, int]] = []
    variants: dict[str, list[tuple[int, int]]] = {}
    collected = {
        id(function): f"{owner.name}.{function.name}" if owner else function.name
        for function, owner in tests(module)
    }
    for function in [
        node for node in ast.walk(module) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]:
        before = set(numbers.sites)
        numbers.visit(function)
        fresh = {site: count for site, count in numbers.sites.items() if site not in before}
        made = _in_turns(fresh)
        if id(function) in collected:
            variants[collected[id(function)]] = made[:_A_TEST]
        else:
            shared += made
    for name, made in variants.items():
        variants[name] = [*made, *shared[: _A_TEST // 3]]
    return ast.unparse(ast.fix_missing_locations(module)), variants


def _in_turns(sites: dict[int, int]) -> list[tuple[int, int]]:
    """First one other value of every site, then the next, so that a cut leaves something of each."""
    most = max(sites.values(), default=0)
    return [(site, which) for which in range(most) for site, count in sites.items() if which < count]


def write_trees(change: ChangeSet, old: Path, new: Path) -> None:
    """Write the two trees that are tried, at `old` and `new`, which must not exist yet."""
    extra = {p: t for p, t in change.after.tests.items() if is_collected(p) and t != change.before.tests.get(p)}
    for root, code in ((old, change.before), (new, change.after)):
        files = {path: file for path, file in code.files.items() if not is_test(path) and not is_settings(path)}
        files |= {
            path: file for path, file in change.before.files.items() if is_test(path) or is_settings(path)
        }
        for path, file in files.items():
            source = (change.before if is_test(path) or is_settings(path) else code).root
            _write(root, path, file, source)
        variants: dict[str, list[tuple[int, int]]] = {}
        for path, text in _forms(change, extra):
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text, "utf-8")
            if (made := numbered(text)) is not None:
                probing = _beside(path, "test_probe_")
                (root / probing).write_text(made[0], "utf-8")
                variants |= {f"{probing}::{name}": listed for name, listed in made[1].items()}
        _plan(root, change, variants, _literals([*change.before.tests.values(), *extra.values()]))


def _write(root: Path, path: str, file: File, source: Path) -> None:
    if file.link is not None:
        return
    target = root / path
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source / path, target, follow_symlinks=False)
    target.chmod(0o755 if file.executable else 0o644)


def _forms(change: ChangeSet, extra: dict[str, str]) -> Iterator[tuple[str, str]]:
    for path, text in change.before.tests.items():
        if is_collected(path):
            yield path, text
    for path, text in extra.items():
        yield _beside(path, "test_after_"), text


def _beside(path: str, prefix: str) -> str:
    pure = PurePosixPath(path)
    return str(pure.with_name(f"{prefix}{pure.name}"))


def _plan(
    root: Path, change: ChangeSet, variants: dict[str, list[tuple[int, int]]], literals: list[object]
) -> None:
    total = sum(map(len, variants.values()))
    share = min(1.0, _ALL / total) if total else 1.0
    cut = {name: listed[: max(4, int(len(listed) * share))] for name, listed in variants.items()}
    watched = [path for path in change.changed if path in change.before.product or path in change.after.product]
    plan = {
        "packages": sorted(change.packages),
        "variants": cut,
        "watched": watched,
        "literals": literals,
        "seconds": _SECONDS,
    }
    (root / FOLDER).mkdir()
    (root / FOLDER / "plan.json").write_text(json.dumps(plan), "utf-8")
    (root / FOLDER / "verdict_inside.py").write_text(
        Path(__file__).with_name("inside.py").read_text("utf-8"), "utf-8"
    )


def _literals(texts: list[str]) -> list[object]:
    """Short words and figures that the tests write more than once, the most frequent first."""
    counted: Counter[object] = Counter()
    for text in texts:
        try:
            nodes = list(ast.walk(syntax_tree(text)))
        except SyntaxError:
            continue
        short = [
            n.value
            for n in nodes
            if isinstance(n, ast.Constant) and isinstance(n.value, str | int) and not isinstance(n.value, bool)
        ]
        counted.update(value for value in short if len(str(value)) < 20)
    return [value for value, count in counted.most_common(40) if count > 1][:20]
