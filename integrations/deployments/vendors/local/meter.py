"""What came of a target's requests, counted where they pass: by ticks of five seconds, for each of the versions
that have traffic.

Counts are exact. Of single outcomes a tick keeps a sample of a fixed size, drawn evenly (Vitter's algorithm R,
ACM Transactions on Mathematical Software 11, 1985), so that a flood costs no more than a trickle."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from time import monotonic, time
from typing import Any

TICK_SECONDS = 5.0
SAMPLE = 500
"""Outcomes of one version that a tick keeps one by one."""

_KEPT = 180
"""Ticks: a quarter of an hour."""

_PAGE = 60


@dataclass(slots=True)
class _Side:
    """One version's requests within a tick."""

    requests: int = 0
    failed: int = 0
    sample: list[tuple[bool, float]] = field(default_factory=list)


@dataclass(slots=True)
class _Tick:
    number: int
    at: float
    stable: _Side = field(default_factory=_Side)
    canary: _Side = field(default_factory=_Side)


class Meter:
    """Counts one target's requests. `clock` is in seconds and never goes back; ticks are numbered by it."""

    def __init__(self, clock: Callable[[], float] = monotonic, draw: Random | None = None) -> None:
        self._clock = clock
        self._draw = draw or Random()
        self._ticks: deque[_Tick] = deque(maxlen=_KEPT)

    def count(self, *, canary: bool, failed: bool, seconds: float) -> None:
        """One request that came to its end (or took so long that it is counted without waiting for it)."""
        tick = self._now()
        side = tick.canary if canary else tick.stable
        side.requests += 1
        side.failed += failed
        if len(side.sample) < SAMPLE:
            side.sample.append((failed, seconds))
        elif (place := self._draw.randrange(side.requests)) < SAMPLE:
            side.sample[place] = (failed, seconds)

    def closed(self, after: int) -> list[dict[str, Any]]:
        """The ticks after number `after` that are over, oldest first and at most a page of them, as JSON
        values; one in which nothing came in is there as well, from the first on."""
        over = self._now().number
        ticks = [tick for tick in self._ticks if after < tick.number < over]
        return [
            {"number": tick.number, "at": tick.at, "stable": _json(tick.stable), "canary": _json(tick.canary)}
            for tick in ticks[:_PAGE]
        ]

    def _now(self) -> _Tick:
        """The tick that is under way; those that nothing was counted in are filled in before it."""
        number = int(self._clock() / TICK_SECONDS)
        first = self._ticks[-1].number + 1 if self._ticks else number
        now = time()
        for each in range(max(first, number - _KEPT + 1), number + 1):
            self._ticks.append(_Tick(each, now - (number - each) * TICK_SECONDS))
        return self._ticks[-1]


def _json(side: _Side) -> dict[str, Any]:
    return {
        "requests": side.requests,
        "failed": side.failed,
        "sample": [[failed, round(seconds, 4)] for failed, seconds in side.sample],
    }
