"""Openings against the log: what an entry commits to, what opens it, and what was erased by an entry's word."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic_core import from_json

from governance.audit.commitments import Opening, OpeningMismatch
from governance.audit.entries import Part

_PARTS = tuple(part.value for part in Part if part is not Part.IDENTITY)
_IDENTITY = Part.IDENTITY.value


def read_object(written: str) -> dict[str, Any]:
    """A JSON object. Raises ValueError for anything else. `json.loads` takes twice as long, of a million."""
    value = from_json(written)
    if not isinstance(value, dict):
        raise ValueError("not an object")
    return value


def read_content(data: str) -> Mapping[str, Any]:
    """What an entry's data says; nothing for what is no JSON object."""
    try:
        return read_object(data)
    except ValueError:
        return {}


def promised(content: Mapping[str, Any]) -> dict[str, str]:
    """What an entry's content commits to: part → commitment in hex. Raises OpeningMismatch for no entry's."""
    try:
        found = {part: held["commitment"] for part in _PARTS if "commitment" in (held := content[part])}
        identity = content["actor"]["identity"]
        if identity is not None:
            found[_IDENTITY] = identity["commitment"]
    except (KeyError, TypeError) as error:
        raise OpeningMismatch("what it commits to cannot be read") from error
    return found


def erased_by(content: Mapping[str, Any]) -> dict[str, frozenset[str]]:
    """What an entry says was erased: the parts, by the id of the entry that they were of."""
    erases = content.get("erases")
    return {
        entry: frozenset(part for part in parts if isinstance(part, str))
        for entry, parts in (erases.items() if isinstance(erases, dict) else ())
        if isinstance(parts, list)
    }


def read_openings(stored: str) -> dict[str, Opening]:
    """What `sealing.write_openings` wrote. Raises OpeningMismatch for anything else."""
    try:
        parts = read_object(stored)
        return {part: Opening(bytes.fromhex(held["salt"]), held["value"]) for part, held in parts.items()}
    except (ValueError, TypeError, KeyError) as error:
        raise OpeningMismatch("what is stored beside the log cannot be read") from error


@dataclass(slots=True)
class OpeningsCheck:
    """Takes entries in the log's order. `erased` counts parts that an entry says were erased.

    What nothing opens is remembered until an entry after it says that it was erased.
    """

    erased: int = 0
    _unopened: dict[str, tuple[int, frozenset[str]]] = field(default_factory=dict)

    def take(self, number: int, entry: str, content: Mapping[str, Any], stored: str | None) -> str | None:
        """Compare what is stored with what the entry commits to; what is wrong with it, in words."""
        if "erases" in content:
            self.take_erasure(content)
        try:
            commitments = promised(content)
            openings = read_openings(stored) if stored is not None else {}
        except OpeningMismatch as unreadable:
            return str(unreadable)
        wrong = [part for part, opening in openings.items() if not opening.opens(commitments.get(part))]
        if missing := commitments.keys() - openings.keys():
            self._unopened[entry] = number, frozenset(missing)
        what = " and ".join(sorted(wrong))
        return f"what is stored for its {what} is not what was committed to" if wrong else None

    def take_erasure(self, content: Mapping[str, Any]) -> None:
        """Believe an entry that says what was erased."""
        for entry, parts in erased_by(content).items():
            number, missing = self._unopened.pop(entry, (0, frozenset()))
            self.erased += len(missing & parts)
            if left := missing - parts:
                self._unopened[entry] = number, left

    def unexplained(self) -> Iterator[tuple[int, str, list[str]]]:
        """What is missing without an entry that says so: number, entry and parts, in the log's order."""
        for entry, (number, missing) in sorted(self._unopened.items(), key=lambda item: item[1][0]):
            yield number, entry, sorted(missing)
