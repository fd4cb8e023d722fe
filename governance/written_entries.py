"""The parts of a department's file before anything is checked: their entries, and who is meant by a name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from governance.people_words import id_from

_ID = re.compile(r"[a-z0-9]+([-.][a-z0-9]+)*")


def entries(section: Any) -> Any:
    """A section with entries of its own, that may be changed; an empty one is a list without any."""
    if section is None:
        return []
    if not isinstance(section, list):
        return section
    return [dict(one) if isinstance(one, dict) else one for one in section]


def each(value: Mapping[str, Any], section: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """The entries that are mappings, as they should be, with their positions."""
    if isinstance(value[section], list):
        for position, entry in enumerate(value[section]):
            if isinstance(entry, dict):
                yield position, entry


def with_ids(value: Mapping[str, Any], section: str) -> list[dict[str, Any]]:
    """The entries that have an id and are active, so that others can name them."""
    found = (entry for _, entry in each(value, section) if isinstance(entry.get("id"), str))
    return [entry for entry in found if entry.get("active", True)]


def names(value: Mapping[str, Any], section: str) -> dict[str, str]:
    """Ids by folded name: of names that one alone has, and of people's first names likewise."""
    found: dict[str, set[str]] = {}
    known = [entry for _, entry in each(value, section) if isinstance(entry.get("id"), str)]
    for entry in known:
        if isinstance(entry.get("name"), str):
            first = entry["name"].split()[:1] if section == "people" else []
            for name in (entry["name"], *first):
                found.setdefault(_folded(name), set()).add(entry["id"])
    ids = {entry["id"] for entry in known}
    return {name: min(meant) for name, meant in found.items() if len(meant) == 1 and name not in ids}


def meant(said: Any, known: Mapping[str, str]) -> Any:
    """The id of what is called so; of what nothing is called, the id that it would have."""
    if not isinstance(said, str):
        return said
    return known.get(_folded(said), said if _ID.fullmatch(said) else id_from(said) or said)


def make_exact(entry: dict[str, Any], key: str, known: Mapping[str, str]) -> None:
    """Put an id where a name stands, if anything stands there."""
    if key in entry:
        entry[key] = meant(entry[key], known)


def _folded(said: str) -> str:
    return " ".join(said.split()).casefold()
