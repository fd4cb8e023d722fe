"""Meetings as iCalendar (RFC 5545, and RFC 5546 for what is sent to people), with icalendar."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from integrations.calendar import Draft, Guest

if TYPE_CHECKING:
    from icalendar import vCalAddress

PRODUCT = "-//Countersign//Meetings//EN"
GRANT = "X-COUNTERSIGN-GRANT"
"""The property that a meeting is found again by: the id of the grant that it was changed under last."""

Method = Literal["REQUEST", "CANCEL"]


def uid_of(meeting: str) -> str:
    """A meeting's UID: the same for ever, in every calendar."""
    return f"{meeting}@countersign"


def meeting_of(uid: str) -> str | None:
    """Our id of a meeting with this UID; None for somebody else's."""
    meeting, _, whose = uid.partition("@")
    return meeting if whose == "countersign" else None


def written(
    draft: Draft,
    at: datetime,
    *,
    sequence: int,
    method: Method | None = None,
    grant: str | None = None,
    told_by_us: bool = False,
) -> bytes:
    """A meeting as an iCalendar object: sent to people with a `method`, kept in a calendar without one.

    Times are UTC, so that no clock's change moves them. `at` is when it was made (DTSTAMP). `told_by_us` asks a
    server that keeps it to tell nobody.
    """
    from icalendar import Calendar, Event, vText

    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    if method is not None:
        calendar.add("method", method)
    event = Event()
    event.add("uid", uid_of(draft.id))
    event.add("dtstamp", at.astimezone(UTC))
    event.add("last-modified", at.astimezone(UTC))
    event.add("sequence", sequence)
    event.add("dtstart", draft.span.starts.astimezone(UTC))
    event.add("dtend", draft.span.ends.astimezone(UTC))
    event.add("summary", draft.title)
    if draft.about:
        event.add("description", draft.about)
    event.add("status", "CANCELLED" if method == "CANCEL" else "CONFIRMED")
    event.add("transp", "OPAQUE")
    if grant is not None:
        event.add(GRANT, grant)
    event.add("organizer", _address(draft.organiser))
    for guest in draft.guests:
        attendee = _attendee(guest, draft.organiser)
        if told_by_us:
            attendee.params["SCHEDULE-AGENT"] = vText("CLIENT")  # RFC 6638: the server sends nothing itself
        event.add("attendee", attendee)
    calendar.add_component(event)
    return bytes(calendar.to_ical())


def _address(guest: Guest) -> vCalAddress:
    from icalendar import vCalAddress, vText

    address = vCalAddress(f"mailto:{guest.address}")
    address.params["CN"] = vText(guest.name)
    return address


def _attendee(guest: Guest, organiser: Guest) -> vCalAddress:
    from icalendar import vText

    address = _address(guest)
    is_organiser = guest.address == organiser.address
    address.params["ROLE"] = vText("REQ-PARTICIPANT")
    address.params["CUTYPE"] = vText("INDIVIDUAL")
    address.params["PARTSTAT"] = vText("ACCEPTED" if is_organiser else "NEEDS-ACTION")
    if not is_organiser:
        address.params["RSVP"] = vText("TRUE")
    return address
