"""People's calendars: when they are free, and the meetings that stand there. The port of every calendar system.

People are known by their mail addresses. All moments are UTC; a meeting's `zone` is the one that it was made
in. Working hours, holidays and absences are the department's own (`governance.department`), not a calendar's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from governance.action import Grant

LONGEST_LOOK = timedelta(days=60)
"""Free and busy times are asked over no more than this at once."""

MOST_PEOPLE = 50
MOST_EVENTS = 500
"""Of one person over one time; more are not read."""

LONGEST_TITLE = 200


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Half-open: `starts` is inside, `ends` is not."""

    starts: datetime
    ends: datetime

    def meets(self, other: Span) -> bool:
        """Whether they have a moment in common."""
        return self.starts < other.ends and other.starts < self.ends


@dataclass(frozen=True, slots=True)
class Busy:
    """When somebody is busy, in order. With `why` it is not known: their calendar cannot be read, for that
    reason."""

    address: str
    spans: tuple[Span, ...] = ()
    why: str | None = None


@dataclass(frozen=True, slots=True)
class Guest:
    """Somebody who is in a meeting."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class PreRead:
    """What is to be read before a meeting, as a text of its own."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Draft:
    """A meeting that is to stand in calendars. `id` is ours, and names it for ever."""

    id: str
    title: str
    span: Span
    zone: str
    organiser: Guest
    guests: tuple[Guest, ...]
    about: str
    pre_read: PreRead | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """What stands in a calendar. `id` is ours for a meeting that was made here, else the calendar's own;
    `sequence` counts its changes; `link` is where it is met online."""

    id: str
    title: str
    span: Span
    guests: tuple[Guest, ...]
    sequence: int = 0
    cancelled: bool = False
    link: str | None = None
    ours: bool = True


class CalendarError(Exception):
    """The calendar refused, and nothing was changed. The text is for people."""


class CalendarUnsure(Exception):
    """Whether the calendar did it is not known. The text is for people."""


class Calendar(Protocol):
    """Calendars of a company; `title` is the system's name as people know it, and `invites` says that it tells
    people of their meetings by itself. `keeps_cancelled` says that a meeting that was cancelled is found again.

    Every effect takes a grant: with the same one it is done once, however often it is called.
    """

    title: str
    invites: bool
    keeps_cancelled: bool

    async def busy(self, addresses: tuple[str, ...], span: Span) -> Sequence[Busy]:
        """When each of them is busy within `span`, in the order asked. Raises CalendarError,
        storage.look.Away."""

    async def events(self, address: str, span: Span) -> Sequence[Event]:
        """What stands in somebody's calendar within `span`, in its order; what was cancelled does not.
        Raises CalendarError, storage.look.Away."""

    async def create_event(self, grant: Grant, draft: Draft) -> Event:
        """Make a meeting. Raises CalendarError, CalendarUnsure."""

    async def change_event(self, grant: Grant, draft: Draft, sequence: int) -> Event:
        """Give the meeting with the draft's id its time and guests; `sequence` is the change's own number,
        one more than the last one's. Raises CalendarError, CalendarUnsure."""

    async def cancel_event(self, grant: Grant, meeting: str, sequence: int, reason: str) -> Event:
        """Cancel the meeting of this id. Raises CalendarError, CalendarUnsure."""

    async def what_happened(self, grant: str) -> Event | None:
        """The meeting as this grant's effect left it; None where it never arrived. Raises
        integrations.CannotTell."""


def without(spans: Sequence[Span], own: Span) -> tuple[Span, ...]:
    """The same moments but for those of `own`: a meeting's own time is no obstacle to moving it."""
    left: list[Span] = []
    for span in spans:
        if not span.meets(own):
            left.append(span)
            continue
        if span.starts < own.starts:
            left.append(Span(span.starts, own.starts))
        if own.ends < span.ends:
            left.append(Span(own.ends, span.ends))
    return tuple(left)


def merged(spans: Sequence[Span]) -> tuple[Span, ...]:
    """The same moments in order, with no two spans that touch."""
    result: list[Span] = []
    for span in sorted(spans):
        if result and span.starts <= result[-1].ends:
            result[-1] = Span(result[-1].starts, max(result[-1].ends, span.ends))
        else:
            result.append(span)
    return tuple(result)
