"""What Python promises to who imports it: names, signatures, kinds of things, bases, fields, annotations.

Names and signatures are compared by griffe; what it leaves out, by the syntax trees: whether a call still
answers at once, what a class is based on, the order of its fields, and what annotations say goes in and
comes out.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from agents.engineering.verdict.changes import ChangeSet, Finding, Tree, module_name
from agents.engineering.verdict.python_source import ONE_AT_A_TIME, syntax_tree

_CALLERS = "whoever imports {}"
_BINDING = {
    "property",
    "cached_property",
    "staticmethod",
    "classmethod",
    "contextmanager",
    "asynccontextmanager",
}
_WIDER = {
    "list": {"Sequence", "Iterable", "Collection", "MutableSequence"},
    "tuple": {"Sequence", "Iterable", "Collection"},
    "set": {"Iterable", "Collection", "AbstractSet", "Set"},
    "dict": {"Mapping", "MutableMapping", "Iterable", "Collection"},
    "Sequence": {"Iterable", "Collection"},
    "Mapping": {"Iterable", "Collection"},
    "int": {"float"},
}


@dataclass(frozen=True, slots=True)
class Shape:
    """What a public definition is, beside its parameters."""

    path: str
    line: int
    kind: str
    answers: str
    binding: frozenset[str]
    bases: tuple[str, ...]
    fields: tuple[str, ...]
    options: frozenset[str]
    takes: tuple[tuple[str, str], ...]
    gives: str
    demanded: frozenset[str]


def python_api(change: ChangeSet) -> Iterator[Finding]:
    """Promises of public Python names that the change breaks."""
    if not any(path in change.before.product or path in change.after.product for path in change.changed):
        return
    yield from _by_griffe(change)
    before, after = shapes(change.before), shapes(change.after)
    for name, old in before.items():
        new = after.get(name)
        if new is not None and old != new:
            for what, why in _broken(old, new):
                yield _finding(what, f"{new.path}:{new.line}", f"{name} {why}", name)


def _finding(what: str, where: str, why: str, name: str) -> Finding:
    return Finding("python-api", "ask", "breaking", what, where, why, _CALLERS.format(name))


def _by_griffe(change: ChangeSet) -> Iterator[Finding]:
    import griffe

    for package in sorted({module_name(path).partition(".")[0] for path in change.before.product}):
        if package.startswith("_") or package in ("setup", "conftest", "noxfile"):
            continue
        old, new = _load(change.before, package), _load(change.after, package)
        if old is None:
            continue
        if new is None:
            yield _finding("package removed", package, f"{package} can no longer be imported", package)
            continue
        for breakage in griffe.find_breaking_changes(old, new):
            what = breakage.kind.value.lower()
            place = breakage.obj.relative_filepath if breakage.obj.is_alias is False else breakage.obj.path
            said = breakage.as_dict()
            detail = (
                ""
                if said["old_value"] is None
                else f" ({_short(said['old_value'])} → {_short(said['new_value'])})"
            )
            name = breakage.obj.path
            yield _finding(what, f"{place}:{breakage.obj.lineno or 1}", f"{name}: {what}{detail}", name)


def _short(value: object) -> str:
    return str(value)[:60]


def _load(tree: Tree, package: str):  # type: ignore[no-untyped-def]
    import griffe

    searched = [tree.root, tree.root / "src", tree.root / "lib"]
    try:
        loader = griffe.GriffeLoader(search_paths=searched, allow_inspection=False)
        with ONE_AT_A_TIME:
            loaded = loader.load(package, try_relative_path=False)
            loader.resolve_aliases(implicit=False, external=False)
    except (ImportError, griffe.LoadingError):
        return None
    return loaded if loaded.filepath and _within(loaded.filepath, tree) else None


def _within(paths: object, tree: Tree) -> bool:
    listed = paths if isinstance(paths, list) else [paths]
    return all(str(path).startswith(str(tree.root)) for path in listed)


def shapes(tree: Tree) -> dict[str, Shape]:
    """Every public definition of the tree's product by its dotted name."""
    found: dict[str, Shape] = {}
    for path, text in tree.product.items():
        try:
            module = syntax_tree(text)
        except SyntaxError:
            continue
        found.update(_definitions(module.body, module_name(path), path))
    return found


def _definitions(body: list[ast.stmt], prefix: str, path: str) -> Iterator[tuple[str, Shape]]:
    for node in body:
        if isinstance(node, ast.If | ast.Try):
            yield from _definitions(node.body, prefix, path)
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        if node.name.startswith("_") and not re.fullmatch(r"__\w+__", node.name):
            continue
        name = f"{prefix}.{node.name}"
        yield name, _shape(node, path)
        if isinstance(node, ast.ClassDef):
            yield from _definitions(node.body, name, path)


def _shape(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, path: str) -> Shape:
    decorators = [ast.unparse(decorator) for decorator in node.decorator_list]
    names = {text.partition("(")[0].rpartition(".")[2] for text in decorators}
    binding = frozenset(names & _BINDING)
    if isinstance(node, ast.ClassDef):
        bases = tuple(ast.unparse(base) for base in node.bases)
        options = frozenset(text for text in decorators if "dataclass" in text or "define" in text)
        fields = tuple(
            part.target.id
            for part in node.body
            if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name)
        )
        return Shape(path, node.lineno, "class", "", binding, bases, fields, options, (), "", _demanded(node))
    arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    takes = tuple((a.arg, _annotation(a.annotation)) for a in arguments)
    gives = _annotation(node.returns)
    return Shape(
        path, node.lineno, "function", _answers(node), binding, (), (), frozenset(), takes, gives, frozenset()
    )


def _demanded(node: ast.ClassDef) -> frozenset[str]:
    """Methods that whoever fills in this class or protocol must bring."""
    protocol = any("Protocol" in ast.unparse(base) for base in node.bases)
    methods = [part for part in node.body if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef)]
    abstract = {m.name for m in methods if any("abstractmethod" in ast.unparse(d) for d in m.decorator_list)}
    return frozenset({m.name for m in methods} if protocol else abstract)


def _answers(node: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    """`at once`, `lazily` (a generator) or `when awaited`, and both for an asynchronous generator."""
    lazily = any(isinstance(part, ast.Yield | ast.YieldFrom) for part in _own(node))
    when = "when awaited" if isinstance(node, ast.AsyncFunctionDef) else "at once"
    return f"{when}, lazily" if lazily else when


def _own(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            yield child
            yield from _own(child)


def _annotation(node: ast.expr | None) -> str:
    if node is None:
        return ""
    text = node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ast.unparse(node)
    text = re.sub(r"\b(typing|t|collections\.abc|decimal|datetime)\.(?=[A-Z])", "", text)
    text = re.sub(r"\b(List|Dict|Tuple|Set|FrozenSet|Type)\b", lambda found: found[0].lower(), text)
    text = re.sub(r"^Optional\[(.*)\]$", r"\1 | None", text)
    union = re.match(r"^Union\[([^\[\]]*)\]$", text)
    return union[1].replace(", ", " | ") if union else text


def _broken(old: Shape, new: Shape) -> Iterator[tuple[str, str]]:
    if old.kind != new.kind:
        yield "kind changed", f"was a {old.kind} and is a {new.kind}"
        return
    if old.answers != new.answers:
        yield "return type changed", f"answered {old.answers} and now answers {new.answers}"
    if old.binding != new.binding:
        yield "kind changed", f"was {_listed(old.binding)} and is {_listed(new.binding)}"
    if lost := [base for base in old.bases if base not in new.bases]:
        yield "base class changed", f"is no longer a {', '.join(lost)}: handlers and checks for that miss it"
    kept = [field for field in new.fields if field in old.fields]
    if tuple(kept) != tuple(field for field in old.fields if field in new.fields) or (
        kept and list(new.fields[: len(kept)]) != kept
    ):
        yield "field order changed", "is built with its fields in another order"
    if old.options and old.options != new.options:
        yield "class options changed", f"was {_listed(old.options)} and is {_listed(new.options)}"
    if old.kind == "class" and (more := new.demanded - old.demanded):
        yield "method demanded", f"now demands {_listed(more)} of who fills it in"
    if old.gives and new.gives and not _accepts(old.gives, new.gives):
        yield "return type changed", f"gave {old.gives} and now gives {new.gives}"
    for name, wanted in dict(new.takes).items():
        had = dict(old.takes).get(name, "")
        if had and wanted and not _accepts(wanted, had):
            yield "parameter type changed", f"took {had} as {name} and now takes {wanted}"


def _listed(names: frozenset[str]) -> str:
    return ", ".join(sorted(names)) or "plain"


def _accepts(wide: str, narrow: str) -> bool:
    """Whether whatever is a `narrow` is a `wide`, as far as names tell."""
    if wide in (narrow, "Any", "object"):
        return True
    parts, others = _union(wide), _union(narrow)
    if len(parts) > 1 or len(others) > 1:
        return all(any(_accepts(part, other) for part in parts) for other in others)
    head, inner = _generic(wide)
    other_head, other_inner = _generic(narrow)
    return (head == other_head or head in _WIDER.get(other_head, ())) and (
        not inner or not other_inner or inner == other_inner
    )


def _union(text: str) -> list[str]:
    parts, depth, start = [], 0, 0
    for place, letter in enumerate(text):
        depth += (letter in "[(") - (letter in "])")
        if letter == "|" and depth == 0:
            parts.append(text[start:place].strip())
            start = place + 1
    return [*parts, text[start:].strip()]


def _generic(text: str) -> tuple[str, str]:
    found = re.match(r"^([\w.]+)\[(.*)\]$", text)
    return (found[1], found[2]) if found else (text, "")
