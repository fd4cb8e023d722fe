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
    seconds since 1970. Of a canary (its id) it is the canary's version, with its `share` of the traffic; what
    holds at the target stays, until it is promoted. `why` is said where nobody did it."""

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
    canary: str | None = None
    share: float = 0.0
    why: str = ""

    @property
    def holds(self) -> bool:
        """Whether it says what has the traffic that is no canary's."""
        return self.kind in ("deployed", "rolled back", "scaled", "promoted")


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
        of_it = (one for one in reversed(self.lines) if (one.service, one.stage) == (service, stage))
        return next((one for one in of_it if one.holds), None)

    def ran(self, service: str, stage: str, version: str, digest: str) -> bool:
        """Whether this very release has ever held at a target."""
        wanted = (service, stage, version, digest)
        return any(
            one.holds and (one.service, one.stage, one.version, one.digest) == wanted for one in self.lines
        )

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
