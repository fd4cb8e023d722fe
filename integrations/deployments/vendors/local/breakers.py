"""Circuit breakers: requests that are refused at once, in place of a service that cannot take them.

One that refuses all lets a few through and closes by itself once they are answered well (half open, in the
words of Nygard's *Release It!*); each ends with its time. A keeper that begins again begins with all closed:
nobody watched meanwhile."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from time import monotonic, time
from typing import TYPE_CHECKING, Any

from aiohttp import web

from integrations.deployments import BreakerClosed, NothingRuns, Shed
from integrations.deployments.vendors.local.journal import Journal

if TYPE_CHECKING:
    from integrations.deployments.vendors.local.places import Place

PROBES_EVERY = 20
"""Of the requests that it would refuse, one is let through."""
PROBES_WELL = 10
"""In a row, and it closes."""
WELL_WITHIN = 1.0
"""Seconds in which a probe is to be answered."""

_URGENCY = re.compile(r"(?:^|,)\s*u=(\d)")
_USUAL_URGENCY = 3
"""RFC 9218, section 4.1: urgency goes from 0 to 7, the lower the more urgent."""


class Breaker:
    """One that is open. `ending` closes it when its time is over."""

    def __init__(self, sheds: Shed, seconds: float, answers: Callable[[], None]) -> None:
        """`answers` is called once, when enough of what was let through was answered well."""
        self._sheds, self._ends = sheds, monotonic() + seconds
        self._answers = answers
        self._asked = self._well = 0
        self.refused = 0
        self.ending: asyncio.Task[None] | None = None

    async def take(
        self, request: web.Request, admit: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """Refuse a request, or let it through."""
        if self._sheds is Shed.LESS_URGENT:
            return self._refusal() if _urgency(request) > _USUAL_URGENCY else await admit(request)
        self._asked += 1
        if self._asked % PROBES_EVERY:
            return self._refusal()
        began = monotonic()
        answer = await admit(request)
        self._well = self._well + 1 if answer.status < 500 and monotonic() - began < WELL_WITHIN else 0
        if self._well == PROBES_WELL:
            self._answers()
        return answer

    def _refusal(self) -> web.Response:
        self.refused += 1
        headers = {"Retry-After": str(max(1, round(self._ends - monotonic())))}
        return web.Response(status=503, text="Refused for now, so that others are answered.\n", headers=headers)

    def shown(self) -> dict[str, Any]:
        """As JSON values."""
        left = max(0.0, self._ends - monotonic())
        return {"sheds": self._sheds.value, "seconds_left": left, "refused": self.refused}


def _urgency(request: web.Request) -> int:
    found = _URGENCY.search(request.headers.get("Priority", ""))
    return int(found[1]) if found else _USUAL_URGENCY


class Breakers:
    """Opened and closed, and written down. Whoever calls holds the place's lock."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def close_forgotten(self) -> None:
        """Write down of each that was open when the keeper ended that it is closed."""
        last = {(line.service, line.stage): line for line in self._journal.lines if line.kind in _KINDS}
        for line in list(last.values()):
            if line.kind == _OPENED:
                kept = {name: getattr(line, name) for name in _OF_THE_PLACE}
                why = "the keeper had to begin again"
                self._journal.owe(at=time(), kind=_CLOSED, grant="", before=line.version, why=why, **kept)

    async def open(self, place: Place, given: dict[str, Any]) -> None:
        """Open it, or let it shed something else from now on. Raises NothingRuns."""
        sheds, seconds = Shed(given["sheds"]), float(given["seconds"])
        why = f"refuses {sheds} for {seconds:g} s at most"
        self._journal.append(**_values(place, _OPENED, given["grant"], why))
        _stop_ending(place)
        answered = asyncio.Event()
        breaker = Breaker(sheds, seconds, answered.set)
        breaker.ending = asyncio.create_task(self._end(place, breaker, answered, seconds))
        place.proxy.breaker = breaker

    async def close(self, place: Place, grant: str) -> None:
        """Let all requests through. Raises BreakerClosed."""
        if place.proxy.breaker is None:
            raise BreakerClosed(f"The breaker of {place.service} in {place.stage} is closed. Nothing was done.")
        self._journal.append(**_values(place, _CLOSED, grant, _refused(place.proxy.breaker)))
        _stop_ending(place)
        place.proxy.breaker = None

    async def _end(self, place: Place, breaker: Breaker, answered: asyncio.Event, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await answered.wait()
            why = f"it answers again; {_refused(breaker)}"
        except TimeoutError:
            why = f"its time was over; {_refused(breaker)}"
        # At once, whoever holds the lock: they find another one, or none.
        if place.proxy.breaker is breaker:
            place.proxy.breaker = None
        async with place.lock:
            if place.proxy.breaker is None:
                self._journal.owe(**_values(place, _CLOSED, "", why))


_OPENED, _CLOSED = "breaker opened", "breaker closed"
_KINDS = frozenset({_OPENED, _CLOSED})
_OF_THE_PLACE = ("service", "stage", "version", "digest", "replicas")


def _values(place: Place, kind: str, grant: str, why: str) -> dict[str, Any]:
    """What a line says of it. Raises NothingRuns."""
    line = place.line
    if line is None:
        raise NothingRuns(f"Nothing of {place.service} runs in {place.stage}.")
    kept = {name: getattr(line, name) for name in _OF_THE_PLACE}
    return {"at": time(), "kind": kind, "grant": grant, "before": line.version, "why": why, **kept}


def _refused(breaker: Breaker) -> str:
    return f"{breaker.refused} requests were refused"


def _stop_ending(place: Place) -> None:
    if place.proxy.breaker is not None and place.proxy.breaker.ending is not None:
        place.proxy.breaker.ending.cancel()
