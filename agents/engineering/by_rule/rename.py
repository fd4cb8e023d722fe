"""Renaming what a module defines, in every Python file that uses it.

A name is renamed only where each of its uses can be told by reading: it is defined once, at the top of one
module, and everything else that bears it is an import of it. Anything that a reader cannot tell (an attribute
of an object, a text that may be looked up by name, a star import) is said, and nothing is changed.
"""

from __future__ import annotations

import ast
import builtins
import keyword
import re
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from agents.engineering.by_rule.asked import RenameName, Written
from agents.engineering.by_rule.name_uses import Uses, parsed
from agents.engineering.verdict.changes import TreeTooLarge, read_tree
from agents.engineering.workspace import NotPossible, Workspace

if TYPE_CHECKING:
    import libcst

_MOST_SAID = 8
_STAR = re.compile(r"^\s*from\s.+\simport\s*\*", re.MULTILINE)
_PROSE = (".md", ".rst", ".txt", ".adoc")


def rename(files: Workspace, asked: RenameName) -> Written:
    """Rename it. Raises NotPossible. Blocking."""
    try:
        tree = read_tree(files.root)
    except TreeTooLarge as large:
        raise NotPossible(f"The repository has {large}: it is not renamed by rule.") from None
    texts = {path: file.text for path, file in tree.files.items() if file.text is not None}
    python = {path: text for path, text in texts.items() if path.endswith((".py", ".pyi"))}
    word = re.compile(rf"(?<!\w){re.escape(asked.old)}(?!\w)")
    modules = {
        path: parsed(path, text)
        for path, text in python.items()
        if word.search(text) or ("*" in text and _STAR.search(text))
    }
    uses = Uses(asked.old, modules)
    problems = [
        *_new_name_taken(asked.new, python, modules),
        *uses.problems(),
        *_named_elsewhere(asked.old, texts),
    ]
    if problems:
        shown = "; ".join(problems[:_MOST_SAID])
        more = f"; and {len(problems) - _MOST_SAID} more" if len(problems) > _MOST_SAID else ""
        raise NotPossible(f"{asked.old} is not renamed by rule: {shown}{more}.")
    changed = {path: renamed(python[path], asked.old, asked.new) for path in sorted(uses.homes | uses.users)}
    for path, text in changed.items():
        files.write(path, text)
    left = tuple(_words_left(word, python, {**texts, **changed}))
    count = "1 file" if len(changed) == 1 else f"{len(changed)} files"
    return Written(f"{asked.old} of {next(iter(uses.home_modules))} is {asked.new}, in {count}.", left)


def renamed(text: str, old: str, new: str) -> str:
    """A file with the name put in the place of the other, where it is a name of a module's. Raises
    NotPossible."""
    import libcst as cst

    class Renames(cst.CSTTransformer):
        """Names and imports, what is looked up in a module, and annotations that are written as texts."""

        def __init__(self) -> None:
            super().__init__()
            self.annotations = 0

        def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.Name:  # noqa: N802
            return updated_node.with_changes(value=new) if original_node.value == old else updated_node

        def visit_Annotation(self, node: cst.Annotation) -> None:  # noqa: N802
            self.annotations += 1

        def leave_Annotation(  # noqa: N802
            self, original_node: cst.Annotation, updated_node: cst.Annotation
        ) -> cst.Annotation:
            self.annotations -= 1
            return updated_node

        def visit_Assign(self, node: cst.Assign) -> None:  # noqa: N802
            self.annotations += _is_all(node)

        def leave_Assign(self, original_node: cst.Assign, updated_node: cst.Assign) -> cst.Assign:  # noqa: N802
            self.annotations -= _is_all(original_node)
            return updated_node

        def leave_SimpleString(  # noqa: N802
            self, original_node: cst.SimpleString, updated_node: cst.SimpleString
        ) -> cst.SimpleString:
            if not self.annotations:
                return updated_node
            said = re.sub(rf"(?<!\w){re.escape(old)}(?!\w)", new, updated_node.value)
            return updated_node.with_changes(value=said)

    try:
        return cst.parse_module(text).visit(Renames()).code
    except (cst.ParserSyntaxError, RecursionError) as unreadable:
        raise NotPossible(f"A file cannot be read: {str(unreadable)[:200]}") from None


def _is_all(node: libcst.Assign) -> bool:
    return any(getattr(one.target, "value", None) == "__all__" for one in node.targets)


def _new_name_taken(new: str, python: Mapping[str, str], modules: Mapping[str, ast.Module]) -> Iterator[str]:
    if keyword.iskeyword(new) or hasattr(builtins, new):
        yield f"{new} is Python's own"
    word = re.compile(rf"(?<!\w){re.escape(new)}(?!\w)")
    for path in modules:
        if found := word.search(python[path]):
            yield f"{path}:{python[path].count(chr(10), 0, found.start()) + 1} has a {new} already"


def _named_elsewhere(old: str, texts: Mapping[str, str]) -> Iterator[str]:
    """Settings that name it by its module, as an entry point does."""
    path_of = re.compile(rf"[\w.]+[.:]{re.escape(old)}(?!\w)")
    for path, text in texts.items():
        if not path.endswith((".py", ".pyi", *_PROSE)) and (found := path_of.search(text)):
            yield f"{path}:{text.count(chr(10), 0, found.start()) + 1} names it as {found[0][:60]}"


def _words_left(word: re.Pattern[str], python: Mapping[str, str], texts: Mapping[str, str]) -> Iterator[str]:
    """Where people read the word, which may mean something else: not changed."""
    found = 0
    for path, text in texts.items():
        lines = _comments(text) if path in python else dict(enumerate(text.splitlines(), start=1))
        for number, line in lines.items():
            if word.search(line):
                found += 1
                if found <= _MOST_SAID:
                    yield f"the word in {path}:{number}"
    if found > _MOST_SAID:
        yield f"and {found - _MOST_SAID} more"


def _comments(text: str) -> dict[int, str]:
    """The lines of comments and docstrings."""
    import io
    import tokenize

    kinds: Callable[[int], bool] = (tokenize.COMMENT, tokenize.STRING).__contains__
    return {
        token.start[0]: token.string
        for token in tokenize.generate_tokens(io.StringIO(text).readline)
        if kinds(token.type)
    }
