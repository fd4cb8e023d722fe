"""Which lines of the product a suite ran, as coverage.py reports it.

The report is written where the tests ran, so it is data: it is bounded, and counts lines that the tree's own
files have. Only the suite's own process is measured: lines that run in processes started by tests are not in
it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from agents.engineering.verdict.changes import Tree

SETTINGS = """[run]
source = .
omit = .verdict/*
data_file = .verdict/coverage
relative_files = true
disable_warnings = no-data-collected,module-not-measured,couldnt-parse,module-not-imported

[report]
include_namespace_packages = true
ignore_errors = true
"""
"""Of the measuring itself, in the place of the tree's own, which may leave files out."""
_MOST_FUNCTIONS = 400
_LONGEST_NAME = 200
_SETTINGS_FILES = ("pyproject.toml", "pytest.ini", ".pytest.ini", "tox.ini", "setup.cfg")


@dataclass(frozen=True, slots=True)
class FunctionCoverage:
    """How many lines of a function ran, of how many that could; `line` is where it begins."""

    name: str
    line: int
    covered: int
    total: int


@dataclass(frozen=True, slots=True)
class FileCoverage:
    """The same of a file; `functions` are those that did not run whole."""

    path: str
    covered: int
    total: int
    functions: tuple[FunctionCoverage, ...]


@dataclass(frozen=True, slots=True)
class LineCoverage:
    """Of each file of the product."""

    files: tuple[FileCoverage, ...]

    @property
    def covered(self) -> int:
        """Lines that ran."""
        return sum(file.covered for file in self.files)

    @property
    def total(self) -> int:
        """Lines that could run."""
        return sum(file.total for file in self.files)


def measures_itself(tree: Tree) -> bool:
    """Whether the suite's own settings measure coverage (pytest-cov): two cannot measure one process."""
    return any("--cov" in tree.text(path) for path in _SETTINGS_FILES)


def read_coverage(text: str, product: Mapping[str, str]) -> LineCoverage | None:
    """What `coverage json` wrote of the product's files; None where it is none, or of none of them."""
    try:
        given = json.loads(text)["files"]
        found = [_file(path, given[path], source) for path, source in sorted(product.items()) if path in given]
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None
    return LineCoverage(_bounded(found)) if found else None


def _file(path: str, given: Mapping[str, Any], source: str) -> FileCoverage:
    last = len(source.splitlines())
    covered, total = _counted(given, last)
    functions = []
    for name, one in given.get("functions", {}).items():
        ran, could = _counted(one, last)
        if name and ran < could:
            line = min((*one["executed_lines"], *one["missing_lines"]))
            functions.append(
                FunctionCoverage(name[:_LONGEST_NAME], int(one.get("start_line", line)), ran, could)
            )
    return FileCoverage(path, covered, total, tuple(sorted(functions, key=_gap)))


def _counted(given: Mapping[str, Any], last: int) -> tuple[int, int]:
    """Lines that ran, and that could: each once, and none that the file does not have."""
    ran = {line for line in map(int, given["executed_lines"]) if 0 < line <= last}
    missing = {line for line in map(int, given["missing_lines"]) if 0 < line <= last}
    return len(ran), len(ran | missing)


def _gap(one: FunctionCoverage) -> tuple[int, int]:
    return one.covered - one.total, one.line


def _bounded(files: Iterable[FileCoverage]) -> tuple[FileCoverage, ...]:
    """All files, and the functions with the largest gaps."""
    kept = tuple(files)
    gaps = sorted((one.covered - one.total, file.path, one.line) for file in kept for one in file.functions)
    wanted = {(path, line) for _, path, line in gaps[:_MOST_FUNCTIONS]}
    return tuple(
        FileCoverage(
            file.path,
            file.covered,
            file.total,
            tuple(one for one in file.functions if (file.path, one.line) in wanted),
        )
        for file in kept
    )
