"""What every generator process writes and is held by: lines of each second, and a lease.

No more is imported here than a process that patches itself can bear.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic


@dataclass(slots=True)
class Tally:
    """What came of one second of one stage; see `integrations.load.Second`."""

    sent: int = 0
    answered: int = 0
    failed: int = 0
    unsent: int = 0
    latency: Counter[int] = field(default_factory=Counter)
    lateness: Counter[int] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)


class Reports:
    """Writes to `file`, which is locked for as long as the process lives. What is counted of a second is
    complete once that has passed."""

    def __init__(self, file: int) -> None:
        self._file, self._tallies = file, dict[tuple[int, int], Tally]()

    def tally(self, second: int, stage: int) -> Tally:
        """What is counted of a stage in a second."""
        return self._tallies.setdefault((second, stage), Tally())

    def write(self, under_way: int, before: int | None = None) -> None:
        """Write the lines of what was counted before a second, or of everything."""
        ready = sorted(key for key in self._tallies if before is None or key[0] < before)
        for second, stage in ready:
            one = self._tallies.pop((second, stage))
            counts = {"sent": one.sent, "answered": one.answered, "failed": one.failed, "unsent": one.unsent}
            times = {"latency": {"counts": one.latency}, "lateness": {"counts": one.lateness}}
            where = {"second": second, "stage": stage, "under_way": under_way}
            self.say({**where, **counts, **times, "failures": one.failures})

    def say(self, line: dict[str, object]) -> None:
        """A line."""
        os.write(self._file, json.dumps(line, separators=(",", ":")).encode() + b"\n")


class Lease:
    """Renewed whenever the file's time is another. How long ago that was is measured here, so that a clock that
    jumps ends nothing and keeps nothing alive."""

    def __init__(self, file: Path, seconds: float) -> None:
        self._file, self._seconds = file, seconds
        self._touched, self._renewed = self._time(), monotonic()

    def is_over(self) -> bool:
        """Whether nobody has renewed it in time."""
        if (touched := self._time()) != self._touched:
            self._touched, self._renewed = touched, monotonic()
        return monotonic() - self._renewed > self._seconds

    def _time(self) -> int | None:
        return self._file.stat().st_mtime_ns if self._file.exists() else None
