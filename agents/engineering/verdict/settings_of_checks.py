"""What configures the checks: pytest, coverage, linters, type checkers, and the project's own description.

Each setting may become stricter by a rule below; whatever else differs is unknown and asks. What the
project promises there (its name, the Pythons it runs on, its commands and extras) is compared as promises
are.
"""

from __future__ import annotations

import configparser
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from agents.engineering.verdict.changes import ChangeSet, Finding, line_of

FILES = (
    "pyproject.toml",
    "setup.cfg",
    "tox.ini",
    "pytest.ini",
    ".coveragerc",
    ".coveragerc.toml",
    "mypy.ini",
    "ruff.toml",
    ".ruff.toml",
    ".flake8",
)
_FREE = {
    "project.version",
    "project.description",
    "project.authors",
    "project.maintainers",
    "project.urls",
    "project.keywords",
    "project.classifiers",
    "project.readme",
    "project.license",
    "project.license-files",
}
_FLOORS = re.compile(r"(fail_under|fail-under|min_confidence|precision)$")
_GROWS = re.compile(r"\.(select|extend-select|extend-safe-fixes|markers|enable|enable_error_code)$")
_SHRINKS = re.compile(
    r"\.(ignore|extend-ignore|per-file-ignores\..+|omit|exclude|exclude_lines|exclude_also|"
    r"extend-exclude|filterwarnings|disable|disable_error_code|norecursedirs|ignore_names|skips|"
    r"exclude_dirs)$"
)
_TURNED_ON = re.compile(
    r"\.(strict|branch|warn_\w+|disallow_\w+|check_untyped_defs|xfail_strict|no_implicit_\w+|strict_\w+)$"
)
_TASTE = re.compile(
    r"\.(line-length|line_length|indent-width|target-version|docstring-code-format|quote-style|"
    r"show_missing|skip_covered|skip_empty|isort\..*|pretty|minversion)$"
)
_STRICTER_OPTIONS = {
    "--strict-markers",
    "--strict-config",
    "--strict",
    "-q",
    "-v",
    "-vv",
    "-ra",
    "-rA",
    "-rs",
    "-rf",
    "--showlocals",
    "-l",
    "--durations=10",
    "-Werror",
}


def is_settings(path: str) -> bool:
    """Whether a file of this name configures the checks or describes the project."""
    return PurePosixPath(path).name in FILES


def settings_of_checks(change: ChangeSet) -> Iterator[Finding]:
    """Settings that let the checks see less, and promises of the project's description that it breaks."""
    for path in change.changed:
        if not is_settings(path):
            continue
        try:
            old, new = (_flat(_parsed(path, text)) for text in change.texts(path))
        except (ValueError, configparser.Error) as problem:
            yield _finding(path, "", "settings unreadable", f"{problem}"[:120], change)
            continue
        for key in sorted({*old, *new}):
            if old.get(key) != new.get(key):
                yield from _differs(change, path, key, old.get(key), new.get(key))


def _finding(path: str, key: str, what: str, why: str, change: ChangeSet, danger: Any = "tampered") -> Finding:
    line = line_of(change.after.text(path), key.rpartition(".")[2]) if key else 1
    affected = "whoever installs or runs the project" if danger == "breaking" else ""
    return Finding("settings", "ask", danger, what, f"{path}:{line}", why, affected)


def _parsed(path: str, text: str) -> Mapping[str, Any]:
    if path.endswith(".toml"):
        return tomllib.loads(text)
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(text)
    return {section.removeprefix("tool:"): dict(parser[section]) for section in parser.sections()}


def _flat(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in tree.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            found.update(_flat(value, f"{name}."))
        else:
            found[name] = value
    return found


def _differs(change: ChangeSet, path: str, key: str, old: Any, new: Any) -> Iterator[Finding]:
    if key in _FREE or any(key.startswith(f"{free}.") for free in _FREE) or _TASTE.search(f".{key}"):
        return
    shown = f"{key} was {str(old)[:60]} and is {str(new)[:60]}"
    if key in ("project.dependencies", "build-system.requires") or key.startswith(
        ("project.optional-dependencies.", "dependency-groups.")
    ):
        if new is None and key.startswith("project.optional"):
            yield _finding(path, key, "extra removed", shown, change, "breaking")
        return  # each dependency is judged by `dependencies.py`
    if key.startswith(("project.scripts.", "project.gui-scripts.", "project.entry-points.")):
        if old is not None:
            yield _finding(path, key, "command changed", shown, change, "breaking")
        return
    if key == "project.requires-python":
        if not _floor(new) <= _floor(old):
            yield _finding(path, key, "Python versions dropped", shown, change, "breaking")
        return
    if not _is_stricter(f".{key}", old, new):
        yield _finding(
            path, key, "settings of the checks changed", f"{shown}: not known to be as strict", change
        )


def _floor(given: Any) -> tuple[int, ...]:
    """The lowest version that `requires-python` lets in; a demand of another form counts as the highest."""
    found = re.fullmatch(r"\s*>=\s*(\d+(?:\.\d+)*)\s*", str(given or ">=0"))
    return tuple(int(part) for part in found[1].split(".")) if found else (99,)


def _is_stricter(key: str, old: Any, new: Any) -> bool:
    if _FLOORS.search(key):
        return new is not None and float(new) >= float(old or 0)
    if _GROWS.search(key):
        return set(_items(old)) <= set(_items(new))
    if _SHRINKS.search(key):
        return set(_items(new)) <= set(_items(old))
    if _TURNED_ON.search(key):
        return str(new).lower() == "true"
    if key.endswith((".testpaths", ".pythonpath", ".source", ".files", ".packages")):
        return old is not None and set(_items(old)) <= set(_items(new))
    if key.endswith(".addopts"):
        was, is_now = " ".join(_items(old)).split(), " ".join(_items(new)).split()
        return (
            all(part in is_now for part in was if part not in ("-q", "-v", "-vv"))
            and set(is_now) - set(was) <= _STRICTER_OPTIONS
        )
    if key.endswith(".timeout"):
        return new is not None
    return False


def _items(value: Any) -> list[str]:
    if value is None:
        return []
    return (
        [str(part) for part in value]
        if isinstance(value, list)
        else str(value).split("\n")
        if "\n" in str(value)
        else str(value).split()
    )
