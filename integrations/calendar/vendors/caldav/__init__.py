"""Calendars on a CalDAV server (RFC 4791), such as Radicale, Nextcloud or iCloud, with httpx and icalendar.

Meetings are written into one collection; people's own calendars are asked for free and busy times alone. A
meeting that was cancelled stays, marked so, for it is found again by that."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import httpx
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring
from pydantic import Field, SecretStr, field_validator

from governance.action import Grant
from integrations import CannotTell
from integrations.calendar import (
    MOST_EVENTS,
    Busy,
    CalendarError,
    CalendarUnsure,
    Draft,
    Event,
    Span,
)
from integrations.calendar.invitation import GRANT, written
from integrations.calendar.vendors.caldav.floating import FARTHEST, Floating, floating_in, moved
from integrations.calendar.vendors.caldav.queries import (
    DATA,
    EACH_TIME,
    FREE_BUSY,
    NO_ZONE,
    OF_GRANT,
    QUERY,
    TIMES,
    WITHIN,
)
from integrations.calendar.vendors.caldav.reading import (
    event_of,
    events_in,
    is_cancelled,
    is_left_by,
    parsed,
    taken,
)
from integrations.calendar.vendors.caldav.zones import ZonesOf, in_utc, zones_of_people
from integrations.integration import Checked, Integration, Surroundings, VendorSettings, https_address
from integrations.web_service import Bounded
from storage.look import Away

MOST_BYTES = 4_000_000
_SECONDS = 10.0
_FOLD = re.compile(r"\r?\n[ \t]")
"""Where a long line goes on in the next one."""

_PLAIN = re.compile(r"[\w-]{1,100}")


class CalDavSettings(VendorSettings):
    """The server, the collection for meetings, and where people's calendars are."""

    caldav_url: str = Field(description="The collection that meetings are written into.")
    caldav_people: str = Field(
        description="A person's calendar, with {address} or {name} (what stands before the @) in it."
    )
    caldav_user: str = Field(min_length=1, description="Who signs in there.")
    caldav_password: SecretStr = Field(description="Their password.")
    caldav_invites: bool = Field(
        default=False, description="Whether the server tells people by itself (RFC 6638); else they get mail."
    )

    @field_validator("caldav_url", "caldav_people")
    @classmethod
    def _address(cls, value: str) -> str:
        return f"{https_address(value)}/"


class CalDavCalendar:
    """A `Calendar`."""

    title = "The CalDAV server"
    keeps_cancelled = True

    def __init__(self, settings: CalDavSettings, zones_of: ZonesOf = in_utc) -> None:
        self._zones_of = zones_of
        self._own, self._people = settings.caldav_url, settings.caldav_people
        self.invites = settings.caldav_invites
        self._client = httpx.AsyncClient(
            auth=(settings.caldav_user, settings.caldav_password.get_secret_value()),
            transport=Bounded(MOST_BYTES),
            timeout=_SECONDS,
        )

    async def busy(self, addresses: tuple[str, ...], span: Span) -> Sequence[Busy]:
        zones = await self._zones_of(addresses)
        texts = await self._texts(span)
        # Who was invited here is busy, whether or not their own calendar has it by now.
        ours = {zone: _standing_in(texts, span, zone) for zone in set(zones.values())}
        return [await self._busy_of(one, span, ours[zones[one]], zones[one]) for one in addresses]

    async def events(self, address: str, span: Span) -> Sequence[Event]:
        wanted, zone = address.casefold(), (await self._zones_of((address,)))[address]
        found = _standing_in(await self._texts(span), span, zone)
        return [one for one in found if wanted in _addresses(one)][:MOST_EVENTS]

    async def create_event(self, grant: Grant, draft: Draft) -> Event:
        content = written(draft, grant.minted_at, sequence=0, grant=grant.id, told_by_us=not self.invites)
        answer = await self._put(draft.id, content, {"If-None-Match": "*"})
        if answer.status_code == 412:
            return await self._as_left_by(grant, draft.id, "There is a meeting of this id already")
        return Event(draft.id, draft.title, draft.span, draft.guests)

    async def change_event(self, grant: Grant, draft: Draft, sequence: int) -> Event:
        there, tag = await self._standing(draft.id)
        if there is None or is_cancelled(there):
            raise CalendarError("The meeting is not in the calendar any more")
        content = written(
            draft, grant.minted_at, sequence=sequence, grant=grant.id, told_by_us=not self.invites
        )
        answer = await self._put(draft.id, content, {"If-Match": tag})
        if answer.status_code == 412:
            return await self._as_left_by(grant, draft.id, "Somebody else changed the meeting meanwhile")
        return Event(draft.id, draft.title, draft.span, draft.guests, sequence)

    async def cancel_event(self, grant: Grant, meeting: str, sequence: int, reason: str) -> Event:
        there, tag = await self._standing(meeting)
        if there is None:
            now = grant.minted_at
            return Event(meeting, "", Span(now, now), (), sequence, cancelled=True)
        event = event_of(there)
        for one in there.walk("VEVENT"):
            for name, value in (("STATUS", "CANCELLED"), ("SEQUENCE", sequence), (GRANT, grant.id)):
                one.pop(name, None)
                one.add(name, value)
            one["COMMENT"] = reason
        answer = await self._put(meeting, there.to_ical(), {"If-Match": tag})
        if answer.status_code == 412:
            return await self._as_left_by(grant, meeting, "Somebody else changed the meeting meanwhile")
        return replace(event, sequence=sequence, cancelled=True)

    async def what_happened(self, grant: str) -> Event | None:
        if _PLAIN.fullmatch(grant) is None:
            raise CannotTell("This is no grant's id")
        try:
            # A server that does not know the filter answers with more: only the grant itself counts.
            for text in await self._query(OF_GRANT.format(grant=grant)):
                if grant in _FOLD.sub("", text) and is_left_by(found := parsed(text), grant):
                    return event_of(found)
        except (CalendarError, Away) as silent:
            raise CannotTell(str(silent)) from silent
        return None

    async def close(self) -> None:
        """Let go of its connections."""
        await self._client.aclose()

    async def _busy_of(self, address: str, span: Span, ours: Sequence[Event], zone: ZoneInfo) -> Busy:
        name = address.partition("@")[0]
        url = self._people.replace("{address}", quote(address)).replace("{name}", quote(name))
        invited = [one.span for one in ours if address.casefold() in _addresses(one)]
        wide = _widened(span)
        answer = await self._ask("REPORT", url, FREE_BUSY.format(**_range(wide)), {"Depth": "1"})
        if answer.status_code in (401, 403, 404):
            why = "is not there" if answer.status_code == 404 else "may not be read"
            return Busy(address, tuple(sorted(invited)), why=f"the calendar {why}")
        # Something odd in one person's calendar is no reason to know nothing of the others.
        if answer.status_code != 200:
            why = f"the calendar cannot be read (it answered {answer.status_code})"
            return Busy(address, tuple(sorted(invited)), why)
        try:
            said = tuple(taken(parsed(answer.text), zone))
            own = moved(said, await self._floating(url, wide, zone)) if said else ()
        except CalendarError:
            return Busy(address, tuple(sorted(invited)), why="the calendar cannot be read")
        return Busy(address, tuple(sorted({one for one in (*own, *invited) if one.meets(span)})))

    async def _floating(self, url: str, span: Span, zone: ZoneInfo) -> Sequence[Floating]:
        """Every time of a person's own events that has no zone; none where their events may not be read, or
        where it is the same in UTC."""
        if zone.key == "UTC":
            return ()
        query = QUERY.format(what=WITHIN.format(**_range(span)) + NO_ZONE, data=TIMES)
        answer = await self._ask("REPORT", url, query, {"Depth": "1"})
        if answer.status_code != 207:
            return ()
        texts = _calendars(answer.text)
        return await asyncio.to_thread(lambda: list(floating_in(texts, zone, span)))

    async def _texts(self, span: Span) -> Sequence[str]:
        """The meetings within a time, and as far around it as a time without a zone may be away."""
        during = _range(_widened(span))
        return await self._query(WITHIN.format(**during), EACH_TIME.format(**during))

    async def _query(self, what: str, data: str = "") -> Sequence[str]:
        """Raises CalendarError, Away."""
        query = QUERY.format(what=what, data=data)
        answer = await self._ask("REPORT", self._own, query, {"Depth": "1"})
        if answer.status_code in (401, 403, 404):
            raise CalendarError(f"{self.title} does not give access to CALDAV_URL")
        if answer.status_code != 207:
            raise CalendarError(f"{self.title} answered {answer.status_code}")
        return _calendars(answer.text)

    async def _ask(self, method: str, url: str, body: str, headers: dict[str, str]) -> httpx.Response:
        headers = {"Content-Type": "application/xml; charset=utf-8", **headers}
        try:
            return await self._client.request(method, url, content=body, headers=headers)
        except httpx.TransportError as lost:
            raise Away(self.title, f"cannot be reached ({type(lost).__name__})") from lost

    async def _standing(self, meeting: str) -> tuple[Any | None, str]:
        """The meeting as it is there and its tag; None where it is not. Raises CalendarError."""
        try:
            answer = await self._client.get(self._at(meeting))
        except httpx.TransportError as lost:
            raise CalendarError(f"{self.title} cannot be reached; nothing was changed") from lost
        if answer.status_code == 404:
            return None, ""
        if answer.status_code != 200:
            raise CalendarError(f"{self.title} answered {answer.status_code}; nothing was changed")
        return parsed(answer.text), answer.headers.get("ETag", "*")

    async def _put(self, meeting: str, content: bytes, headers: dict[str, str]) -> httpx.Response:
        headers = {"Content-Type": "text/calendar; charset=utf-8", **headers}
        try:
            answer = await self._client.put(self._at(meeting), content=content, headers=headers)
        except (httpx.ConnectError, httpx.ConnectTimeout) as away:
            raise CalendarError(f"{self.title} cannot be reached; nothing was changed") from away
        except httpx.TransportError as lost:
            raise CalendarUnsure(f"{self.title} did not say whether it has the meeting") from lost
        if answer.status_code >= 500:
            raise CalendarUnsure(f"{self.title} answered {answer.status_code}")
        if answer.status_code in (401, 403, 404, 409):
            raise CalendarError(f"{self.title} does not let meetings be written into CALDAV_URL")
        if answer.status_code not in (200, 201, 204, 412):
            raise CalendarError(f"{self.title} answered {answer.status_code}; nothing was changed")
        return answer

    async def _as_left_by(self, grant: Grant, meeting: str, otherwise: str) -> Event:
        """The meeting, where this grant left it so. Raises CalendarError with `otherwise`."""
        there, _ = await self._standing(meeting)
        if there is None or not is_left_by(there, grant.id):
            raise CalendarError(otherwise)
        return event_of(there)

    def _at(self, meeting: str) -> str:
        return f"{self._own}{quote(meeting)}.ics"


def _calendars(multistatus: str) -> Sequence[str]:
    """The iCalendar objects in an answer. Raises CalendarError."""
    try:
        found = fromstring(multistatus)
    except (ParseError, DefusedXmlException) as wrong:
        raise CalendarError(f"{CalDavCalendar.title} answered with something that cannot be read") from wrong
    return [each.text for each in found.iter(DATA) if each.text]


def _standing_in(texts: Sequence[str], span: Span, zone: ZoneInfo) -> Sequence[Event]:
    """The meetings within a time that were not cancelled, in their order, as somebody in `zone` has them."""
    found = (one for one in events_in(texts, zone) if one.span.meets(span) and not one.cancelled)
    return sorted(found, key=lambda one: (one.span, one.id))


def _widened(span: Span) -> Span:
    return Span(span.starts - FARTHEST, span.ends + FARTHEST)


def _range(span: Span) -> dict[str, str]:
    return {"starts": _utc(span.starts), "ends": _utc(span.ends)}


def _utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _addresses(event: Event) -> set[str]:
    return {guest.address.casefold() for guest in event.guests}


def _open(around: Surroundings) -> CalDavCalendar:
    if not isinstance(around.settings, CalDavSettings):
        raise TypeError("CalDAV is opened with its settings")
    return CalDavCalendar(around.settings, partial(zones_of_people, around.database, around.tenant))


async def _check(around: Surroundings) -> Iterable[Checked]:
    calendar = _open(around)
    now = datetime.now(UTC)
    try:
        await calendar.events("nobody@localhost", Span(now, now + timedelta(days=1)))
    except (CalendarError, Away) as silent:
        return (Checked("calendar", "wrong", str(silent)),)
    finally:
        await calendar.close()
    return (Checked("calendar", "well", "the CalDAV server shows its meetings"),)


INTEGRATION = Integration(
    "calendar",
    "caldav",
    "CalDAV",
    _open,
    settings=CalDavSettings,
    check=_check,
    close=lambda calendar: calendar.close(),
)
