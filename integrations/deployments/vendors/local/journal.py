"""The keeper's journal: what was done, by which grant, on disk before anybody is told.

One JSON object a line. Appended and synced at the moment at which an effect holds; a line that was cut off by a
crash is the last one, and counts as not written. What ends by itself holds whether it can be written or not:
that is owed, and nothing is written before it.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from integrations.deployments import NotWritten, Release

_LARGEST_PAGE = 4 * 1024**2
"""Bytes; half of what a client takes as one answer."""
_WRITTEN_EVERY = 1.0
"""Seconds after which what could not be written down is tried again."""


@dataclass(frozen=True, slots=True)
class Line:
    """One change of a target: `version` with `digest` runs there with `replicas` from then on. `at` is in
    seconds since 1970. Of a canary (its id) it is the canary's version, with its `share` of the traffic; what
    holds at the target stays, until it is promoted. `why` is said where nobody did it. `built`
    (ISO 8601) and `irreversible` are the release's, where it was started for this line: its folder may be gone
    by the time at which somebody wants to go back."""

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
    built: str | None = None
    irreversible: bool = False

    @property
    def holds(self) -> bool:
        """Whether it says what has the traffic that is no canary's."""
        return self.kind in ("deployed", "rolled back", "scaled", "promoted")


class Journal:
    """The lines so far; one keeper writes it at a time."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.lines: list[Line] = []
        self._of_grant: dict[str, Line] = {}
        self._holding: dict[tuple[str, str], Line] = {}
        for one in _whole(file):
            self._add(Line(**one))
        self._length = file.stat().st_size if file.exists() else 0
        self._owed = b""

    def of_grant(self, grant: str) -> Line | None:
        """What a grant was used for."""
        return self._of_grant.get(grant)

    def last_of(self, service: str, stage: str) -> Line | None:
        """What holds at a target."""
        return self._holding.get((service, stage))

    def releases_that_ran(self, service: str) -> tuple[Release, ...]:
        """The releases of a service that were ever started, as they were then; the last started comes last."""
        found = {
            (line.version, line.digest): Release(
                service,
                line.version,
                line.digest,
                datetime.fromisoformat(line.built),
                irreversible=line.irreversible,
            )
            for line in self.lines
            if line.service == service and line.built is not None
        }
        return tuple(found.values())

    def page(
        self, service: str | None, stage: str | None, limit: int, after: str | None
    ) -> tuple[list[Line], str | None] | None:
        """Lines of a service and a stage (None does not restrict), newest first, from behind the line whose
        number is `after`: at most `limit`, and no more than fit one answer; and that mark for the next page,
        None where no more follow. None where there is no such line."""
        with suppress(NotWritten):
            self._settle()
        ends = len(self.lines)
        if after is not None:
            if not (after.isdecimal() and 1 <= int(after) <= ends):
                return None
            ends = int(after) - 1
        found: list[Line] = []
        size = 0
        for line in reversed(self.lines[:ends]):
            if service not in (None, line.service) or stage not in (None, line.stage):
                continue
            size += len(json.dumps(asdict(line)))
            if found and (len(found) == limit or size > _LARGEST_PAGE):
                return found, str(found[-1].number)
            found.append(line)
        return found, None

    def ran(self, service: str, stage: str, version: str, digest: str) -> bool:
        """Whether this very release has ever held at a target."""
        wanted = (service, stage, version, digest)
        return any(
            one.holds and (one.service, one.stage, one.version, one.digest) == wanted for one in self.lines
        )

    def append(self, **values: Any) -> Line:
        """Write a line, and return when it is on disk. Raises NotWritten, and nothing of it is left there."""
        line, said = self._next(values)
        self._write(said)
        self._add(line)
        return line

    def owe(self, **values: Any) -> Line:
        """Write a line of what holds already. Where that cannot be done it is said, and the line counts all the
        same: it is written together with the next one, or when somebody waits for it (`settled`)."""
        line, said = self._next(values)
        try:
            self._write(said)
        except NotWritten as wrong:
            say(f"{line.service} in {line.stage}, {line.kind}: to be written down later. {wrong}")
            self._owed += said
        self._add(line)
        return line

    async def settled(self) -> None:
        """Wait until nothing is owed."""
        while True:
            try:
                return self._settle()
            except NotWritten:
                await asyncio.sleep(_WRITTEN_EVERY)

    def _settle(self) -> None:
        if self._owed:
            self._write(b"")

    def _next(self, values: dict[str, Any]) -> tuple[Line, bytes]:
        line = Line(number=len(self.lines) + 1, **values)
        return line, json.dumps(asdict(line)).encode() + b"\n"

    def _write(self, said: bytes) -> None:
        whole = self._owed + said
        try:
            # Unbuffered: a buffer would write the rest of what failed when it is closed.
            with self._file.open("ab", buffering=0) as opened:
                try:
                    # Of a line that failed before and could not be taken away then, either.
                    opened.truncate(self._length)
                    if opened.write(whole) != len(whole):
                        raise OSError("the disk took a part of the line alone")
                    os.fsync(opened.fileno())
                except OSError:
                    opened.truncate(self._length)
                    raise
        except OSError as wrong:
            raise NotWritten(f"It cannot be written down ({wrong}), so it was not done.") from wrong
        self._length += len(whole)
        self._owed = b""

    def _add(self, line: Line) -> None:
        self.lines.append(line)
        if line.grant:
            self._of_grant.setdefault(line.grant, line)
        if line.holds:
            self._holding[line.service, line.stage] = line


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


def say(words: str) -> None:
    """Into the keeper's log, which is where its standard error goes. A full disk takes none of it, and is no
    reason to do anything else."""
    with suppress(OSError):
        print(words, file=sys.stderr, flush=True)  # noqa: T201
