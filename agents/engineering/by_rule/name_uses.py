"""Where a module's name is used, as far as reading tells; and what bears the name and may be something else."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from agents.engineering.verdict.changes import module_name
from agents.engineering.verdict.python_source import syntax_tree
from agents.engineering.workspace import NotPossible

_DEEPEST = 100
"""Levels of a syntax tree; what is deeper nobody wrote by hand."""
_DYNAMIC = {"globals", "locals", "vars", "eval", "exec", "__import__", "import_module"}


def parsed(path: str, text: str) -> ast.Module:
    """A file's syntax tree, no deeper than a native, recursive parser may be given. Raises NotPossible."""
    try:
        module = syntax_tree(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise NotPossible(f"{path} cannot be read, so nobody knows what of it uses the name.") from None
    level: list[ast.AST] = [module]
    for _ in range(_DEEPEST):
        level = [child for node in level for child in ast.iter_child_nodes(node)]
        if not level:
            return module
    raise NotPossible(f"{path} is nested deeper than {_DEEPEST} levels.")


@dataclass(frozen=True)
class Uses:
    """Where a name stands in the modules that have it as a word."""

    old: str
    modules: Mapping[str, ast.Module]

    @property
    def homes(self) -> set[str]:
        """The files that define it at their top."""
        return {path for path, module in self.modules.items() if any(True for _ in _defined(module, self.old))}

    @property
    def home_modules(self) -> set[str]:
        """The modules that do."""
        return {module_name(path) for path in self.homes}

    @property
    def users(self) -> set[str]:
        """The files that import it, from its module or from one that imports it, or look it up in one."""
        found = {path for path, module in self.modules.items() if self._imports(path, module)}
        exporters = self._exporters()
        looked = {
            path
            for path, module in self.modules.items()
            if any(_looked_up(node, path, module, exporters) for node in _attributes(module, self.old))
        }
        return found | looked

    def problems(self) -> Iterator[str]:
        """Why it cannot be told what is meant by the name."""
        homes = sorted(self.homes)
        if not homes:
            yield f"no module defines {self.old} at its top" + self._defined_inside()
            return
        if len(homes) > 1:
            yield f"{' and '.join(homes)} each define one"
            return
        exporters, touched = self._exporters(), self.homes | self.users
        for path, module in self.modules.items():
            for node in ast.walk(module):
                said = self._unseen(node, path, module, exporters)
                if said is None and path in touched:
                    said = self._other(node, path, module, exporters)
                if said is not None:
                    yield f"{path}:{getattr(node, 'lineno', 1)} {said}"

    def _defined_inside(self) -> str:
        for path, module in self.modules.items():
            for node in ast.walk(module):
                if isinstance(node, _DEFINES) and node.name == self.old:
                    where = f"{path}:{node.lineno} defines it inside of something"
                    return f" ({where}: which objects it is called on cannot be seen)"
        return ""

    def _unseen(self, node: ast.AST, path: str, module: ast.Module, exporters: set[str]) -> str | None:
        """What may be a use of it, in any file, and cannot be told by reading."""
        match node:
            case ast.ImportFrom() if (
                any(one.name == "*" for one in node.names) and _source(node, path) in exporters
            ):
                return "imports it with a star"
            case ast.Attribute(attr=self.old) if not _looked_up(node, path, module, exporters):
                return f"has an attribute {self.old} of something"
            case ast.Constant(value=str(text)) if _may_be_looked_up(text, self.old):
                said = f"has the text “{text[:60]}”, by which it may be looked up"
                return None if _is_annotation(node, module) else said
        return None

    def _other(self, node: ast.AST, path: str, module: ast.Module, exporters: set[str]) -> str | None:
        """What bears the name beside it, in a file that uses it."""
        match node:
            case ast.ImportFrom():
                if any(one.asname == self.old != one.name for one in node.names):
                    return f"calls something else {self.old}"
                named = any(one.name == self.old for one in node.names)
                return f"imports another {self.old}" if named and _source(node, path) not in exporters else None
            case ast.Import() if any(
                (one.asname or one.name.partition(".")[0]) == self.old for one in node.names
            ):
                return f"calls a module {self.old}"
            case ast.keyword(arg=self.old) | ast.arg(arg=self.old):
                return f"has an argument {self.old}"
            case ast.Global() | ast.Nonlocal() if self.old in node.names:
                return f"sets {self.old} from elsewhere"
            case ast.Name(id=self.old, ctx=ast.Store() | ast.Del()) if not _at_top(node, module):
                return f"has a variable {self.old} of its own"
            case ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef() if node.name == self.old:
                return None if _at_top(node, module) else f"defines another {self.old} inside of something"
            case ast.ExceptHandler(name=self.old) | ast.MatchAs(name=self.old) | ast.MatchStar(name=self.old):
                return f"has a variable {self.old} of its own"
            case ast.Call(func=ast.Name(id=called)) if called in _DYNAMIC:
                return f"looks names up with {called}()"
        return None

    def _imports(self, path: str, module: ast.Module) -> bool:
        exporters = self._exporters()
        return any(
            isinstance(node, ast.ImportFrom)
            and _source(node, path) in exporters
            and any(one.name == self.old for one in node.names)
            for node in ast.walk(module)
        )

    def _exporters(self) -> set[str]:
        """Modules from which it can be imported: its own, and those that import it from one of these."""
        found = set(self.home_modules)
        while True:
            more = {
                module_name(path)
                for path, module in self.modules.items()
                for node in module.body
                if isinstance(node, ast.ImportFrom)
                and _source(node, path) in found
                and any(one.name == self.old and one.asname in (None, self.old) for one in node.names)
            }
            if more <= found:
                return found
            found |= more


_DEFINES = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def _defined(module: ast.Module, name: str) -> Iterator[ast.stmt]:
    for node in module.body:
        if isinstance(node, _DEFINES) and node.name == name:
            yield node
        elif isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(
                isinstance(one, ast.Name) and one.id == name for target in targets for one in ast.walk(target)
            ):
                yield node


def _at_top(node: ast.AST, module: ast.Module) -> bool:
    return any(node is one or any(node is part for part in _targets(one)) for one in module.body)


def _targets(node: ast.stmt) -> Iterator[ast.AST]:
    if isinstance(node, ast.Assign):
        for target in node.targets:
            yield from ast.walk(target)
    elif isinstance(node, ast.AnnAssign | ast.AugAssign):
        yield from ast.walk(node.target)


def _source(node: ast.ImportFrom, path: str) -> str:
    """The module that an import names, a relative one by where it stands."""
    if not node.level:
        return node.module or ""
    own = module_name(path).split(".")
    package = own if path.endswith("__init__.py") else own[:-1]
    base = package[: len(package) - (node.level - 1)]
    return ".".join([*base, *filter(None, [node.module])])


def _attributes(module: ast.Module, name: str) -> Iterator[ast.Attribute]:
    return (node for node in ast.walk(module) if isinstance(node, ast.Attribute) and node.attr == name)


def _looked_up(node: ast.Attribute, path: str, module: ast.Module, exporters: set[str]) -> bool:
    """Whether it is an attribute of a module that is imported here and has the name."""
    said = ast.unparse(node.value)
    for one in ast.walk(module):
        if isinstance(one, ast.Import):
            for alias in one.names:
                if alias.name in exporters and said == (alias.asname or alias.name):
                    return True
        elif isinstance(one, ast.ImportFrom):
            for alias in one.names:
                full = f"{_source(one, path)}.{alias.name}".lstrip(".")
                if full in exporters and said == (alias.asname or alias.name):
                    return True
    return False


def _may_be_looked_up(text: str, name: str) -> bool:
    """A text that is the name, or a path that ends in it or leads through it: `getattr`, `patch`, `__all__`
    of a registry."""
    return re.fullmatch(rf"(?:[\w.]+[.:])?{re.escape(name)}(?:[.:][\w.]+)?", text) is not None


def _is_annotation(node: ast.Constant, module: ast.Module) -> bool:
    """Whether a text stands where a type is written, or in `__all__`: there it is renamed too."""
    for one in ast.walk(module):
        parts: list[ast.AST | None] = []
        if isinstance(one, ast.arg | ast.AnnAssign):
            parts = [one.annotation]
        elif isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef):
            parts = [one.returns]
        elif isinstance(one, ast.Assign) and any(ast.unparse(target) == "__all__" for target in one.targets):
            parts = [one.value]
        if any(part is not None and any(node is inner for inner in ast.walk(part)) for part in parts):
            return True
    return False
