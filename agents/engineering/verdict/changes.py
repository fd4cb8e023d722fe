"""What a change is: two trees of files, what differs between them, and what a rule finds in that.

A tree is read once, without following links, and bounded; every rule is a pure function of a `ChangeSet`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Literal

Severity = Literal["ask", "block"]
Danger = Literal["breaking", "tampered", "harmful", "unproven"]

MAXIMUM_FILES = 50_000
MAXIMUM_BYTES = 2_000_000


class TreeTooLarge(Exception):
    """The tree holds more files than are judged; whoever judges it must ask a person."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One reason not to merge. `where` is `path:line` in the new tree, or in the old one if it is gone there.

    `affected` says who would notice, for what breaks a promise.
    """

    rule: str
    severity: Severity
    danger: Danger
    what: str
    where: str
    why: str
    affected: str = ""


@dataclass(frozen=True, slots=True)
class File:
    """One file of a tree. `text` is None for bytes that are no UTF-8, for links, and beyond the size that is
    read."""

    path: str
    digest: bytes
    text: str | None
    executable: bool
    link: str | None
    size: int


@dataclass(frozen=True)
class Tree:
    """The files of one commit, by their path with `/`. `hollow` are folders with nothing in them: git has none,
    so each is a submodule, of which a checkout has no files."""

    root: Path
    files: Mapping[str, File]
    hollow: frozenset[str] = frozenset()

    def text(self, path: str) -> str:
        """The text of a file; empty where there is none."""
        file = self.files.get(path)
        return (file.text or "") if file else ""

    @cached_property
    def product(self) -> dict[str, str]:
        """The Python files that are no tests, with their text."""
        return {
            path: file.text for path, file in self.files.items() if is_product(path) and file.text is not None
        }

    @cached_property
    def tests(self) -> dict[str, str]:
        """The Python files of the tests, with their text."""
        found = {path: file.text for path, file in self.files.items() if path.endswith(".py") and is_test(path)}
        return {path: text for path, text in found.items() if text is not None}


def read_tree(root: Path) -> Tree:
    """The tree below `root`: all of it, for Python also runs what is compiled. Raises TreeTooLarge."""
    files: dict[str, File] = {}
    hollow: set[str] = set()
    for path in _walk(root):
        if len(files) >= MAXIMUM_FILES:
            raise TreeTooLarge(f"more than {MAXIMUM_FILES} files")
        name = path.relative_to(root).as_posix()
        if path.is_dir() and not path.is_symlink():
            hollow.add(name)
        else:
            files[name] = _read(path, name)
    return Tree(root, files, frozenset(hollow))


def _walk(root: Path) -> Iterator[Path]:
    """Every file and link, and the folders that are empty."""
    for folder, folders, names in os.walk(root, followlinks=False):
        here = Path(folder)
        if not folders and not names and here != root:
            yield here
        yield from (here / name for name in folders if (here / name).is_symlink())
        folders[:] = sorted(name for name in folders if not (here / name).is_symlink())
        yield from (here / name for name in sorted(names))


def _read(path: Path, name: str) -> File:
    import hashlib

    if path.is_symlink():
        target = os.readlink(path)
        return File(name, b"link " + target.encode("utf-8", "surrogateescape"), None, False, target, 0)
    status = path.stat()
    with path.open("rb") as opened:
        digest = hashlib.file_digest(opened, "sha256").digest()
        opened.seek(0)
        raw = opened.read(MAXIMUM_BYTES + 1)
    try:
        text = None if len(raw) > MAXIMUM_BYTES or b"\0" in raw else raw.decode("utf-8")
    except UnicodeDecodeError:
        text = None
    return File(name, digest, text, bool(status.st_mode & 0o111), None, status.st_size)


@dataclass(frozen=True)
class ChangeSet:
    """The tree before and after, and the paths that differ."""

    before: Tree
    after: Tree

    @cached_property
    def changed(self) -> tuple[str, ...]:
        """Paths that were added, removed or changed, sorted."""
        paths = sorted({*self.before.files, *self.after.files})
        return tuple(path for path in paths if _state(self.before, path) != _state(self.after, path))

    def texts(self, path: str) -> tuple[str, str]:
        """The text of a path before and after; empty where it is not there."""
        return self.before.text(path), self.after.text(path)

    def is_new(self, path: str) -> bool:
        """Whether the change adds this path."""
        return path not in self.before.files

    def is_gone(self, path: str) -> bool:
        """Whether the change removes this path."""
        return path not in self.after.files

    @cached_property
    def packages(self) -> frozenset[str]:
        """The names that the product's own modules are imported by, first part only, before or after."""
        paths = [*self.before.product, *self.after.product]
        return frozenset(name for path in paths if (name := module_name(path).partition(".")[0]))


def _state(tree: Tree, path: str) -> tuple[bytes, bool] | None:
    file = tree.files.get(path)
    return (file.digest, file.executable) if file else None


def is_test(path: str) -> bool:
    """Whether a path belongs to the tests: by pytest's names, or below a folder of tests."""
    parts = PurePosixPath(path).parts
    name = parts[-1]
    named = re.fullmatch(r"(test_.*|.*_test|tests|conftest)\.py", name) is not None
    return named or any(part in ("test", "tests", "testing", "__snapshots__", "e2e") for part in parts[:-1])


def is_product(path: str) -> bool:
    """Whether a path is Python code that the product runs."""
    return path.endswith((".py", ".pyi")) and not is_test(path)


def module_name(path: str) -> str:
    """The name by which a Python file is imported; a leading `src/` is no part of it."""
    parts = list(PurePosixPath(path).with_suffix("").parts)
    if parts[0] in ("src", "lib") and len(parts) > 1:
        parts = parts[1:]
    if parts[-1] == "__init__":
        parts = parts[:-1]
    return ".".join(parts)


def line_of(text: str, part: str) -> int:
    """The line, from 1, on which `part` first stands; 1 where it does not."""
    place = text.find(part)
    return text.count("\n", 0, place) + 1 if place >= 0 else 1


def added_lines(before: str, after: str) -> dict[int, str]:
    """The lines of `after` that a line diff says are new, by their number from 1."""
    from difflib import SequenceMatcher

    old, new = before.splitlines(), after.splitlines()
    blocks = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    return {
        n + 1: new[n]
        for tag, _, _, start, end in blocks
        if tag in ("insert", "replace")
        for n in range(start, end)
    }
