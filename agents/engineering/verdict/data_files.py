"""Files of data: OpenAPI documents, schemas, settings with their defaults; and every other file that a change
touches.

Settings may get keys; a key that goes, or another value, changes what runs without them. A file of a kind
that no rule knows counts as breaking, unless only its comments or its spaces differ.
"""

from __future__ import annotations

import configparser
import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

import yaml

from agents.engineering.verdict.agent_rules import is_agent_rules, is_ownership
from agents.engineering.verdict.changes import ChangeSet, Finding, is_test, line_of
from agents.engineering.verdict.ci import is_ci
from agents.engineering.verdict.dependencies import is_dependencies
from agents.engineering.verdict.migrations import is_migration
from agents.engineering.verdict.openapi import openapi
from agents.engineering.verdict.schemas import events, is_schema
from agents.engineering.verdict.settings_of_checks import is_settings

_PROSE = (".md", ".rst", ".adoc")
_PROSE_NAMES = {
    "LICENSE",
    "NOTICE",
    "AUTHORS",
    "CHANGELOG",
    "CHANGES",
    "README",
    "CONTRIBUTORS",
    ".gitignore",
    ".editorconfig",
    ".gitattributes",
    "py.typed",
}
_LOOSE = re.compile(
    r"debug|insecure|skip|verify|tls|ssl|secure|auth|privileged|root|allow|origin|cors|host|bind|"
    r"expose|public|admin|secret|token|password|webhook|hooks?|exec|command|script|url",
    re.IGNORECASE,
)
_HOME = {"docs", "doc", "documentation"}


def data_files(change: ChangeSet) -> Iterator[Finding]:
    """What differs in data, settings and files of other kinds, where it may break somebody."""
    for path in change.changed:
        known = (
            is_settings(path)
            or is_ci(path)
            or is_dependencies(path)
            or is_migration(path)
            or is_agent_rules(path)
        )
        if known or is_ownership(path) or is_test(path) or path.endswith((".py", ".pyi", ".sql")):
            continue
        if _is_prose(path):
            continue
        link = change.after.files.get(path)
        if link is not None and (link.link is not None or link.text is None):
            continue  # `exposure` speaks of these
        yield from _data(change, path)


def _is_prose(path: str) -> bool:
    pure = PurePosixPath(path)
    return (
        path.endswith(_PROSE)
        or pure.name in _PROSE_NAMES
        or (pure.parts[0] in _HOME and path.endswith((".txt", ".svg", ".png")))
    )


def _data(change: ChangeSet, path: str) -> Iterator[Finding]:
    old_text, new_text = change.texts(path)
    parser = _parser(path)
    if parser is None:
        if _bare(old_text) != _bare(new_text) or change.is_new(path) or change.is_gone(path):
            yield _finding("file of an unknown kind", "unproven", f"{path}:1", "no rule knows what it does")
        return
    try:
        old = parser(old_text) if old_text else None
        new = parser(new_text) if new_text else None
    except (ValueError, yaml.YAMLError, configparser.Error) as problem:
        yield _finding("unreadable data", "breaking", f"{path}:1", f"{problem}"[:120])
        return
    if isinstance(old, Mapping) and "openapi" in old:
        yield from openapi(change, path, old, new or {})
    elif is_schema(old):
        yield from events(change, path, old, new or {})
    else:
        for key, what, why in _compared(old, new, ""):
            line = line_of(new_text or old_text, key.rpartition(".")[2])
            yield _finding(
                what,
                "harmful" if what.startswith("protection") else "breaking",
                f"{path}:{line}",
                f"{key or path} {why}",
            )


def _finding(what: str, danger: Any, where: str, why: str) -> Finding:
    return Finding("data", "ask", danger, what, where, why, "operators, and whoever reads this file")


def _parser(path: str) -> Any:
    name = PurePosixPath(path).name
    if (
        name in ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml", "package.json")
        or "k8s" in path
        or "helm" in path
        or ".github" in path
    ):
        return None
    if path.endswith(".json"):
        return json.loads
    if path.endswith((".yaml", ".yml")):
        return yaml.safe_load
    if path.endswith(".toml"):
        return tomllib.loads
    return _ini if path.endswith((".ini", ".cfg", ".conf", ".properties", ".env")) else None


def _ini(text: str) -> dict[str, dict[str, str]]:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    parser.read_string(text if text.lstrip().startswith("[") else f"[top]\n{text}")
    return {section: dict(parser[section]) for section in parser.sections()}


def _bare(text: str) -> list[str]:
    """The lines without comments and outer spaces, as shells, makefiles and images read them."""
    lines = [line.strip() for line in text.splitlines()]
    return [line for line in lines if line and (not line.startswith("#") or line.startswith("#!"))]


def _compared(old: Any, new: Any, at: str) -> Iterator[tuple[str, str, str]]:
    if old == new:
        return
    if old is None and at == "":
        for key, value in _leaves(new, ""):
            if _LOOSE.search(key) and (value is True or value in ("0.0.0.0", "*")):  # noqa: S104 - looked for
                yield key, "protection switched off", f"is {value}"
        return
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in [*old, *(key for key in new if key not in old)]:
            inner = f"{at}.{key}" if at else str(key)
            if key not in new:
                yield inner, "setting removed", f"is gone (was {str(old[key])[:60]})"
            elif key in old:
                yield from _compared(old[key], new[key], inner)
            elif _LOOSE.search(str(key)):
                yield inner, "protection switched off", f"is new, and may open something: {str(new[key])[:60]}"
    else:
        what = "protection switched off" if _LOOSE.search(at.rpartition(".")[2]) else "default changed"
        yield at, what, f"was {str(old)[:60]} and is {str(new)[:60]}"


def _leaves(value: Any, at: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _leaves(inner, f"{at}.{key}")
    elif not isinstance(value, list):
        yield at, value
