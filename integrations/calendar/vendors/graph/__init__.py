"""Calendars in Microsoft 365: https://learn.microsoft.com/graph/api/resources/calendar.

Meetings stand in one mailbox's calendar, and Exchange invites from there. Free and busy times are asked by
`getSchedule`, which an application may; `findMeetingTimes` is for people alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from pydantic import Field, ValidationError

from governance.action import Grant
from integrations import CannotTell
from integrations.calendar import (
    MOST_EVENTS,
    Busy,
    CalendarError,
    CalendarUnsure,
    Draft,
    Event,
    Guest,
    Span,
)
from integrations.calendar.vendors.graph.answers import (
    AT_ONCE,
    Events,
    ItsEvent,
    Property,
    Schedule,
    Schedules,
    Shape,
)
from integrations.graph import WHO, Graph, GraphSettings, NoToken
from integrations.integration import Checked, Integration, Surroundings
from integrations.web_service import Refused, Unsure
from storage.look import Away

_TAKEN = frozenset({"busy", "oof", "tentative"})
_SET = "String {5b1c9b1e-5a6f-4c52-8a5e-0d6c5f1a7c11} Name"
_MEETING, _GRANT = f"{_SET} CountersignMeeting", f"{_SET} CountersignGrant"
"""Extended properties: our id of a meeting, and the grant that it was changed under last."""


class GraphCalendarSettings(GraphSettings):
    """The mailbox, and whether meetings there are met online."""

    graph_online_meetings: bool = Field(
        default=True, description="Whether meetings get a link to meet in Teams."
    )


class GraphCalendar:
    """A `Calendar`. Exchange tells people of their meetings."""

    title = WHO
    invites = True
    keeps_cancelled = False

    def __init__(self, graph: Graph, *, online: bool) -> None:
        self._graph, self._online = graph, online

    async def busy(self, addresses: tuple[str, ...], span: Span) -> Sequence[Busy]:
        found: list[Busy] = []
        for first in range(0, len(addresses), AT_ONCE):
            some = addresses[first : first + AT_ONCE]
            asked = {
                "schedules": list(some),
                "startTime": _at(span.starts),
                "endTime": _at(span.ends),
                "availabilityViewInterval": 30,
            }
            answer = await self._look("POST", "calendar/getSchedule", Schedules, body=asked)
            said = {one.schedule_id.casefold(): one for one in answer.value}
            found += [_busy(one, said.get(one.casefold())) for one in some]
        return found

    async def events(self, address: str, span: Span) -> Sequence[Event]:
        query = {
            "startDateTime": _utc(span.starts),
            "endDateTime": _utc(span.ends),
            "$top": MOST_EVENTS,
            "$orderby": "start/dateTime",
            "$expand": _expanded(_MEETING),
        }
        answer = await self._look("GET", "calendarView", Events, query=query)
        events = (_event(one) for one in answer.value if not one.is_cancelled)
        wanted = address.casefold()
        return [one for one in events if wanted in {guest.address.casefold() for guest in one.guests}]

    async def create_event(self, grant: Grant, draft: Draft) -> Event:
        body = {
            "subject": draft.title,
            "body": {"contentType": "text", "content": _said(draft)},
            **_when_and_who(draft, self._graph.mailbox),
            "allowNewTimeProposals": True,
            "transactionId": grant.id,
            "singleValueExtendedProperties": [
                {"id": _MEETING, "value": draft.id},
                {"id": _GRANT, "value": grant.id},
            ],
        }
        if self._online:
            body |= {"isOnlineMeeting": True, "onlineMeetingProvider": "teamsForBusiness"}
        # With its transactionId Exchange makes one event, however often this arrives.
        return await self._do("POST", "events", body, draft.id, key=grant.id)

    async def change_event(self, grant: Grant, draft: Draft, sequence: int) -> Event:
        there = await self._of_meeting(draft.id)
        if there is None:
            raise CalendarError("The meeting is not in the calendar any more")
        body = {
            **_when_and_who(draft, self._graph.mailbox),
            "singleValueExtendedProperties": [{"id": _GRANT, "value": grant.id}],
        }
        return await self._do("PATCH", f"events/{quote(there.id)}", body, draft.id, key=grant.id)

    async def cancel_event(self, grant: Grant, meeting: str, sequence: int, reason: str) -> Event:
        there = await self._of_meeting(meeting)
        if there is None:
            now = grant.minted_at
            return Event(meeting, "", Span(now, now), (), sequence, cancelled=True)
        try:
            await self._graph.service.call("POST", f"events/{quote(there.id)}/cancel", body={"comment": reason})
        except (Away, Unsure) as lost:
            if await self._may_stand(meeting):
                raise CalendarUnsure(f"{lost}: whether the meeting was cancelled is not known") from lost
        except (Refused, NoToken) as refused:
            raise CalendarError(_plain(refused)) from refused
        return Event(meeting, there.subject, Span(there.start.moment, there.end.moment), (), sequence, True)

    async def what_happened(self, grant: str) -> Event | None:
        try:
            found = await self._by_property(_GRANT, grant)
        except (CalendarError, Away) as silent:
            raise CannotTell(f"{silent}") from silent
        return None if found is None else _event(found)

    async def close(self) -> None:
        """Let go of its connections."""
        await self._graph.close()

    async def _of_meeting(self, meeting: str) -> ItsEvent | None:
        try:
            return await self._by_property(_MEETING, meeting)
        except Away as away:
            raise CalendarError(f"{away}; nothing was changed") from away

    async def _may_stand(self, meeting: str) -> bool:
        """Whether it is there as far as is known: one that was cancelled is gone."""
        try:
            return await self._by_property(_MEETING, meeting) is not None
        except (CalendarError, Away):
            return True

    async def _by_property(self, name: str, value: str) -> ItsEvent | None:
        wanted = f"singleValueExtendedProperties/Any(ep: ep/id eq '{name}' and ep/value eq '{value}')"
        query = {"$filter": wanted, "$top": 1, "$expand": _expanded(_MEETING)}
        found = (await self._look("GET", "events", Events, query=query)).value
        return next((one for one in found if not one.is_cancelled), None)

    async def _look(self, method: str, path: str, shape: type[Shape], **asked: Any) -> Shape:
        """Raises CalendarError, Away."""
        try:
            return shape.model_validate(await self._graph.service.call(method, path, **asked))
        except Unsure as lost:
            raise Away(WHO, "did not answer") from lost
        except (Refused, NoToken) as refused:
            raise CalendarError(_plain(refused)) from refused
        except ValidationError as wrong:
            raise CalendarError(f"{WHO} answered with something that is no calendar") from wrong

    async def _do(self, method: str, path: str, body: Any, meeting: str, *, key: str) -> Event:
        """Raises CalendarError, CalendarUnsure."""
        try:
            made = ItsEvent.model_validate(await self._graph.service.call(method, path, body=body, key=key))
        except (Refused, NoToken) as refused:
            raise CalendarError(_plain(refused)) from refused
        except (Away, Unsure, ValidationError) as lost:
            raise CalendarUnsure(f"{WHO} did not say whether it has the meeting") from lost
        made.properties = [Property(id=_MEETING, value=meeting)]
        return _event(made)


def _busy(address: str, said: Schedule | None) -> Busy:
    if said is None or said.error is not None:
        code = said.error.response_code if said is not None and said.error is not None else ""
        why = "has no mailbox there" if "Recipient" in code or "NotFound" in code else "cannot be read"
        return Busy(address, why=f"the calendar {why}")
    spans = (Span(one.start.moment, one.end.moment) for one in said.items if one.status.casefold() in _TAKEN)
    return Busy(address, tuple(sorted(spans)))


def _event(one: ItsEvent) -> Event:
    ours = next((each.value for each in one.properties if each.id == _MEETING), None)
    guests = tuple(Guest(each.email.name, each.email.address) for each in one.attendees)
    link = None if one.online is None else one.online.join_url
    span = Span(one.start.moment, one.end.moment)
    return Event(ours or one.id, one.subject, span, guests, 0, one.is_cancelled, link, ours is not None)


def _when_and_who(draft: Draft, mailbox: str) -> dict[str, Any]:
    return {
        "start": _at(draft.span.starts),
        "end": _at(draft.span.ends),
        "attendees": [
            {"type": "required", "emailAddress": {"name": guest.name, "address": guest.address}}
            for guest in draft.guests
            if guest.address.casefold() != mailbox.casefold()
        ],
    }


def _said(draft: Draft) -> str:
    lines = [f"{draft.organiser.name} asked for this meeting.", draft.about]
    if draft.pre_read is not None:
        lines += [f"To be read before: {draft.pre_read.name}", draft.pre_read.text]
    return "\n\n".join(filter(None, lines))


def _at(moment: datetime) -> dict[str, str]:
    return {"dateTime": f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}", "timeZone": "UTC"}


def _utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _expanded(name: str) -> str:
    return f"singleValueExtendedProperties($filter=id eq '{name}')"


def _plain(refused: Exception) -> str:
    if isinstance(refused, Refused) and refused.status in (401, 403):
        return f"{WHO} does not give this application access to the calendar of GRAPH_MAILBOX"
    return str(refused)


def _open(around: Surroundings) -> GraphCalendar:
    if not isinstance(around.settings, GraphCalendarSettings):
        raise TypeError("calendars in Microsoft 365 are opened with their settings")
    return GraphCalendar(Graph(around.settings), online=around.settings.graph_online_meetings)


async def _check(around: Surroundings) -> Iterable[Checked]:
    calendar = _open(around)
    now = datetime.now(UTC)
    assert isinstance(around.settings, GraphSettings)
    try:
        (own,) = await calendar.busy((around.settings.graph_mailbox,), Span(now, now + timedelta(days=1)))
    except (CalendarError, Away) as silent:
        return (Checked("calendar", "wrong", str(silent)),)
    finally:
        await calendar.close()
    if own.why is not None:
        return (Checked("calendar", "wrong", f"GRAPH_MAILBOX: {own.why}"),)
    return (Checked("calendar", "well", f"{WHO} tells when people are free"),)


INTEGRATION = Integration(
    "calendar",
    "graph",
    WHO,
    _open,
    settings=GraphCalendarSettings,
    check=_check,
    close=lambda calendar: calendar.close(),
)
