"""What the change does to the steps that build, check and ship: workflows, makefiles, scripts, images.

A workflow is compared as data: a comment changes nothing. What is known to make it no weaker may pass: a
step that is added and runs a known checker, a newer or pinned action of the same owner, a shorter limit,
fewer rights, one more value in a matrix, a higher floor. Everything else that differs is unknown and asks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

import yaml

from agents.engineering.verdict.changes import ChangeSet, Finding, line_of

_CHECKERS = re.compile(
    r"^(python3? -m |uv run |\.venv/bin/)?(pytest|ruff|mypy|bandit|black --check|isort --check\S*|"
    r"flake8|pyright|pylint|"
    r"lint-imports|vulture|coverage (run|report|xml)|interrogate|codespell|pip-audit|pip check|"
    r"deptry|twine check)"
    r"( [\w./=:\-\[\], \"']*)?$"
)
_SHELL = re.compile(r"\|\||&&|;|`|\$\(|\||>|<|&")
_RIGHTS = {"none": 0, "read": 1, "write": 2}


def is_ci(path: str) -> bool:
    """Whether a path tells a build server what to do."""
    name = PurePosixPath(path).name
    folders = (".github/workflows/", ".github/actions/", ".circleci/", ".buildkite/", ".woodpecker/")
    return path.startswith(folders) or name in (
        ".gitlab-ci.yml",
        "azure-pipelines.yml",
        "bitbucket-pipelines.yml",
        ".travis.yml",
    )


def ci(change: ChangeSet) -> Iterator[Finding]:
    """Whatever in the build may now see less, or do more."""
    for path in change.changed:
        if not is_ci(path):
            continue
        try:
            old, new = (yaml.safe_load(text) for text in change.texts(path))
        except yaml.YAMLError as problem:
            yield _finding(change, path, "", "workflow unreadable", str(problem)[:120])
            continue
        if old is None or new is None:
            what = "workflow removed" if new is None else "workflow added"
            yield _finding(
                change,
                path,
                "",
                what,
                "what it does is not known by rule",
                danger="tampered" if new is None else "harmful",
            )
        else:
            for at, why in _compared(old, new, ""):
                danger = (
                    "harmful"
                    if re.search(r"permissions|pull_request_target|uses|secrets|curl|wget", f"{at} {why}")
                    else "tampered"
                )
                yield _finding(
                    change, path, at, "workflow changed", f"{at or 'workflow'}: {why}", danger=danger
                )


def _finding(change: ChangeSet, path: str, at: str, what: str, why: str, danger: Any = "tampered") -> Finding:
    line = line_of(change.after.text(path), at.rpartition(".")[2].partition("[")[0]) if at else 1
    return Finding("ci", "ask", danger, what, f"{path}:{line}", why)


def _compared(old: Any, new: Any, at: str) -> Iterator[tuple[str, str]]:
    if old == new:
        return
    last = at.rpartition(".")[2]
    if last == "permissions":
        if not _fewer(old, new):
            yield at, f"gives more rights: {_short(new)}"
    elif isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in {**old, **new}:
            inner = f"{at}.{key}" if at else str(key)
            if key not in new:
                yield inner, f"is gone (was {_short(old[key])})"
            elif key not in old:
                if why := _added(key, new[key]):
                    yield inner, why
            else:
                yield from _compared(old[key], new[key], inner)
    elif last == "steps" and isinstance(old, list) and isinstance(new, list):
        yield from _steps(old, new, at)
    elif isinstance(old, list) and isinstance(new, list) and ".matrix." in f".{at}.":
        if lost := [value for value in old if value not in new]:
            yield at, f"is no longer run for {_short(lost)}"
    elif why := _changed(last, old, new):
        yield at, why


def _short(value: Any) -> str:
    return " ".join(str(value).split())[:100]


def _fewer(old: Any, new: Any) -> bool:
    """Whether `new` gives no right that `old` did not; rights that nobody wrote down may be all."""
    if old is None or old == "write-all":
        return True
    if old == "read-all":
        return isinstance(new, Mapping) and all(right in ("read", "none") for right in new.values())
    if not isinstance(old, Mapping) or not isinstance(new, Mapping):
        return False
    return all(
        _RIGHTS.get(str(right), 9) <= _RIGHTS.get(str(old.get(key, "none")), 0) for key, right in new.items()
    )


def _added(key: Any, value: Any) -> str:
    if key == "permissions":
        given = value.values() if isinstance(value, Mapping) else [value]
        return (
            ""
            if all(right in ("read", "none", "read-all") for right in given)
            else f"gives rights: {_short(value)}"
        )
    if key in ("timeout-minutes", "name", "concurrency"):
        return ""
    return f"is new: {_short(value)}"


def _changed(key: str, old: Any, new: Any) -> str:
    if key == "name":
        return ""
    if key == "timeout-minutes" and isinstance(old, int) and isinstance(new, int) and 1 < new <= old:
        return ""
    if key == "uses" and _same_action(str(old), str(new)):
        return ""
    if key == "run" and _same_command(str(old), str(new)):
        return ""
    return f"was {_short(old)} and is {_short(new)}"


def _same_action(old: str, new: str) -> bool:
    """The same action, pinned, or of GitHub's own and newer."""
    (was, _, tag), (is_now, _, other) = old.partition("@"), new.partition("@")
    if was != is_now:
        return False
    if re.fullmatch(r"[0-9a-f]{40}", other):
        return True
    versions = [re.fullmatch(r"v?(\d+(?:\.\d+)*)", name) for name in (tag, other)]
    numbers = [tuple(int(part) for part in found[1].split(".")) for found in versions if found]
    return was.startswith("actions/") and len(numbers) == 2 and numbers[1] >= numbers[0]


def _same_command(old: str, new: str) -> bool:
    """Whether a command is the same but for more detail in its report, or a higher floor."""
    loud = r" (-q|-v|-vv|-ra|-rA|--durations=\d+|--color=\w+)(?= |$)"
    floors = [re.findall(r"fail-under=(\d+)", text) for text in (old, new)]
    plain = [
        " ".join(re.sub(r"fail-under=\d+", "fail-under", re.sub(loud, "", f" {text}")).split())
        for text in (old, new)
    ]
    higher = len(floors[0]) == len(floors[1]) and all(int(b) >= int(a) for a, b in zip(*floors, strict=True))
    return plain[0] == plain[1] and higher


def _steps(old: list[Any], new: list[Any], at: str) -> Iterator[tuple[str, str]]:
    """Every old step must be there, in its order; what stands between them must be known to be harmless."""
    rest = list(new)
    for step in old:
        place = next((n for n, other in enumerate(rest) if other == step), None)
        if place is None:
            place = next(
                (n for n, other in enumerate(rest) if _key(other) == _key(step) and other not in old), None
            )
        if place is None:
            yield f"{at}.{_title(step)}", f"step is gone or moved: {_short(step)}"
            continue
        for more in rest[:place]:
            yield from _new_step(more, at)
        if rest[place] != step:
            yield from _compared(step, rest[place], f"{at}.{_title(step)}")
        rest = rest[place + 1 :]
    for more in rest:
        yield from _new_step(more, at)


def _key(step: Any) -> str:
    if not isinstance(step, Mapping):
        return str(step)
    if "uses" in step:
        return str(step["uses"]).partition("@")[0]
    return str(step.get("name") or " ".join(str(step.get("run", "")).split()[:3]))


def _title(step: Any) -> str:
    return _key(step).replace(".", "·")


def _new_step(step: Any, at: str) -> Iterator[tuple[str, str]]:
    if not isinstance(step, Mapping):
        yield at, f"unknown step {_short(step)}"
        return
    lines = [line.strip() for line in str(step.get("run", "")).splitlines() if line.strip()]
    known = set(step) <= {"name", "run", "timeout-minutes"} and lines
    if known and all(
        _CHECKERS.match(line) and not _SHELL.search(line) and "--exit-zero" not in line for line in lines
    ):
        return
    if set(step) <= {"name", "uses", "with"} and str(step.get("uses", "")).partition("@")[0] in (
        "actions/cache",
        "actions/setup-python",
        "actions/upload-artifact",
    ):
        return
    yield f"{at}.{_title(step)}", f"new step: {_short(step)}"
