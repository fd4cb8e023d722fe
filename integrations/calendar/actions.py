"""The effects on calendars, and what an invitation says of a meeting."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from governance.action import Action
from governance.department import TimeZone
from integrations.calendar import LONGEST_TITLE, MOST_PEOPLE, Draft, Guest, PreRead, Span

LONGEST_PRE_READ = 40_000
"""Characters; of a longer one the beginning is sent, and it says so itself."""

LONGEST_HOURS = 8

MeetingId = Annotated[str, StringConstraints(pattern=r"^mt_[0-9a-f]{12}$")]
_Line = Annotated[str, StringConstraints(min_length=1, pattern=r"^[^\r\n]+$")]


class Invited(BaseModel):
    """A person of the department, by the address that it has of them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    person: str
    name: Annotated[_Line, StringConstraints(max_length=120)]
    address: Annotated[str, StringConstraints(max_length=320)]

    @property
    def guest(self) -> Guest:
        """As calendars know them."""
        return Guest(self.name, self.address)


class ToRead(BaseModel):
    """What is read before a meeting."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[_Line, StringConstraints(max_length=LONGEST_TITLE)]
    text: Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_PRE_READ + 500)]


class MeetingAction(Action):
    """Something about one meeting, whole: who meets, when, about what. `sequence` counts its changes."""

    meeting: MeetingId
    title: Annotated[_Line, StringConstraints(max_length=LONGEST_TITLE)]
    starts: AwareDatetime
    ends: AwareDatetime
    zone: TimeZone
    organiser: Invited
    people: Annotated[tuple[Invited, ...], Field(min_length=1, max_length=MOST_PEOPLE)]
    about: Annotated[str, StringConstraints(max_length=4_000)] = ""
    pre_read: ToRead | None = None
    sequence: Annotated[int, Field(ge=0)] = 0

    @model_validator(mode="after")
    def _is_a_meeting(self) -> Self:
        if not 0 < (self.ends - self.starts).total_seconds() <= LONGEST_HOURS * 3600:
            raise ValueError(f"a meeting lasts up to {LONGEST_HOURS} hours")
        people = [one.person for one in self.people]
        if len(set(people)) < len(people):
            raise ValueError("nobody is in a meeting twice")
        if self.organiser.person not in people:
            raise ValueError("whoever asks for a meeting is in it")
        return self

    @property
    def span(self) -> Span:
        """When."""
        return Span(self.starts, self.ends)

    @property
    def draft(self) -> Draft:
        """The meeting as calendars know it."""
        pre_read = None if self.pre_read is None else PreRead(self.pre_read.name, self.pre_read.text)
        guests = tuple(one.guest for one in self.people)
        return Draft(
            self.meeting, self.title, self.span, self.zone, self.organiser.guest, guests, self.about, pre_read
        )

    @property
    def when(self) -> str:
        """`Mon 7 Dec 2026, 10:00 to 11:00 (America/New_York)`."""
        return when_words(self.span, self.zone)


def when_words(span: Span, zone: str) -> str:
    """A time in words, as clocks in `zone` show it."""
    begins, ends = (at.astimezone(ZoneInfo(zone)) for at in (span.starts, span.ends))
    last = f"{ends:%H:%M}" if begins.date() == ends.date() else _day(ends)
    return f"{_day(begins)} to {last} ({zone.replace('_', ' ')})"


def _day(at: datetime) -> str:
    return f"{at:%a} {at.day} {at:%b %Y}, {at:%H:%M}"


class BookMeeting(MeetingAction):
    """Put a meeting into people's calendars. `over` are those who are busy then and invited all the same."""

    type = "calendar.book"
    decision_type = "meeting"

    over: tuple[str, ...] = ()

    def summary(self) -> str:
        return f"Book “{self.title}” on {self.when} with {len(self.people)} people"


class ChangeMeeting(MeetingAction):
    """Give a meeting another time, or other people; `was_starts` and `was_ends` are the time that it leaves."""

    type = "calendar.change"
    decision_type = "meeting_change"

    was_starts: AwareDatetime
    was_ends: AwareDatetime
    over: tuple[str, ...] = ()

    @property
    def was(self) -> Span:
        """When it was to be."""
        return Span(self.was_starts, self.was_ends)

    def summary(self) -> str:
        if self.was == self.span:
            return f"Invite {len(self.people)} people to “{self.title}” on {self.when}"
        return f"Move “{self.title}” to {self.when}"


class CancelMeeting(MeetingAction):
    """Take a meeting out of people's calendars."""

    type = "calendar.cancel"
    decision_type = "meeting_change"

    reason: Annotated[_Line, StringConstraints(max_length=300)]

    def summary(self) -> str:
        return f"Cancel “{self.title}” on {self.when}"


def pre_read_of(name: str, text: str) -> ToRead:
    """A pre-read, cut where it is too long, with a line at its end that says so."""
    if len(text) <= LONGEST_PRE_READ:
        return ToRead(name=name[:LONGEST_TITLE], text=text)
    left = len(text) - LONGEST_PRE_READ
    end = f"\n\n[The other {left:,} characters stand in {name[:LONGEST_TITLE]} itself.]\n"
    return ToRead(name=name[:LONGEST_TITLE], text=text[:LONGEST_PRE_READ] + end)
