"""The keeper's journal: what was done, by which grant, on disk before anybody is told.

One JSON object a line. Appended and synced at the moment at which an effect holds; a line that was cut off by a
crash is the last one, and counts as not written.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Line:
    """One change of a target: `version` with `digest` runs there with `replicas` from then on. `at` is in
    seconds since 1970."""

    number: int
    at: float
    grant: str
    kind: str
    service: str
    stage: str
    version: str
    digest: str
    replicas: int
    before: str | None


class Journal:
    """The lines so far; one keeper writes it at a time."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.lines = [Line(**one) for one in _whole(file)]

    def of_grant(self, grant: str) -> Line | None:
        """What a grant was used for."""
        return next((one for one in self.lines if one.grant == grant), None)

    def last_of(self, service: str, stage: str) -> Line | None:
        """What holds at a target."""
        return next((one for one in reversed(self.lines) if (one.service, one.stage) == (service, stage)), None)

    def append(self, **values: Any) -> Line:
        """Write a line, and return when it is on disk."""
        line = Line(number=len(self.lines) + 1, **values)
        with self._file.open("ab") as opened:
            opened.write(json.dumps(asdict(line)).encode() + b"\n")
            opened.flush()
            os.fsync(opened.fileno())
        self.lines.append(line)
        return line


def _whole(file: Path) -> list[dict[str, Any]]:
    """The lines that were written whole; what a crash cut off is taken away, so that the next begins a line."""
    if not file.exists():
        return []
    content = file.read_bytes()
    kept = content[: content.rfind(b"\n") + 1]
    if kept != content:
        with file.open("r+b") as opened:
            opened.truncate(len(kept))
    return [json.loads(line) for line in kept.splitlines()]
