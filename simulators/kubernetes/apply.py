"""Server-side apply, and updates beside it: whose each field of an object is.

A field is a path of keys; an entry of a list of containers is known by its `name`. Applying a field with
another value than another manager's is a conflict, unless it is forced; a field that is left out by the only
manager who applied it goes away. An update takes what it changes. (Kubernetes: "Server-Side Apply", merge
strategy and conflicts.)"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Path = tuple[str, ...]
Fields = dict[str, set[Path]]
"""By their managers."""

_IDENTITY = {
    ("apiVersion",),
    ("kind",),
    ("metadata", "name"),
    ("metadata", "namespace"),
    ("metadata", "uid"),
    ("metadata", "resourceVersion"),
}


class Conflicts(Exception):
    """Other managers' fields are in the way."""

    def __init__(self, found: Mapping[Path, str]) -> None:
        super().__init__(f"Apply failed with {len(found)} conflicts")
        self.causes = [
            {
                "reason": "FieldManagerConflict",
                "message": f'conflict with "{manager}" using apps/v1',
                "field": "".join(f".{part}" for part in path),
            }
            for path, manager in found.items()
        ]


def apply(one: dict[str, Any], fields: Fields, manager: str, given: Mapping[str, Any], *, force: bool) -> None:
    """All that this manager says of an object. Raises Conflicts."""
    wanted = dict(_leaves(given))
    others = {name: paths for name, paths in fields.items() if name != manager}
    conflicts = {
        path: name
        for path, value in wanted.items()
        for name, paths in others.items()
        if path in paths and _get(one, path) != value
    }
    if conflicts and not force:
        raise Conflicts(conflicts)
    for path in conflicts:
        for paths in others.values():
            paths.discard(path)
    for path in fields.get(manager, set()) - wanted.keys():
        if not any(path in paths for paths in others.values()):
            _delete(one, path)
    for path, value in wanted.items():
        _set(one, path, value)
    fields[manager] = set(wanted)


def edit(one: dict[str, Any], fields: Fields, manager: str, given: Mapping[str, Any]) -> None:
    """An update of some fields: those that it changes are this manager's alone."""
    for path, value in _leaves(given):
        if _get(one, path) != value:
            for paths in fields.values():
                paths.discard(path)
        fields.setdefault(manager, set()).add(path)
        _set(one, path, value)


def _leaves(given: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    if path in _IDENTITY:
        return
    if isinstance(given, list) and path[-1:] == ("containers",):
        given = {one["name"]: one for one in given}
    if isinstance(given, dict) and given:
        for key, value in given.items():
            yield from _leaves(value, (*path, key))
    elif given != {}:
        yield path, given


def _step(at: Any, key: str) -> Any:
    if isinstance(at, list):
        return next((one for one in at if one["name"] == key), None)
    return at.get(key) if isinstance(at, dict) else None


def _get(one: Any, path: Path) -> Any:
    for key in path:
        one = _step(one, key)
    return one


def _set(one: Any, path: Path, value: Any) -> None:
    for number, key in enumerate(path[:-1]):
        below = _step(one, key)
        if below is None:
            below = [] if key == "containers" else {}
            if isinstance(one, list):
                below["name"] = path[number]  # type: ignore[call-overload]
                one.append(below)
            else:
                one[key] = below
        one = below
    one[path[-1]] = value


def _delete(one: Any, path: Path) -> None:
    at = _get(one, path[:-1])
    if isinstance(at, dict):
        at.pop(path[-1], None)
