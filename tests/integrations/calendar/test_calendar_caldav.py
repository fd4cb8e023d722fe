"""Calendars on a real CalDAV server (Radicale, a process of its own) keep the contract."""

from __future__ import annotations

import asyncio
import socket
import sys
import uuid
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from governance.tables import PersonRow
from integrations.calendar import Calendar, CalendarError, CalendarUnsure, Span
from integrations.calendar.invitation import GRANT
from integrations.calendar.vendors.caldav import INTEGRATION, CalDavCalendar, CalDavSettings
from integrations.integration import Surroundings
from storage.database import Database
from storage.look import Away
from tests.integrations.calendar.calendar_contract import (
    AMANDA,
    AT,
    DAY,
    SARAH,
    TOM,
    CalendarContract,
    draft,
    grant,
)

pytestmark = pytest.mark.processes

_USERS = "bot:secret\namanda:a\ntom:t\n"
WHO = ("bot", "amanda", "tom", "sarah", *(f"p{number}" for number in range(45)))
_RIGHTS = """
[all]
user: .+
collection: .*
permissions: RrWw
"""
_MAKE = """<?xml version="1.0"?><C:mkcalendar xmlns:D="DAV:"
xmlns:C="urn:ietf:params:xml:ns:caldav"><D:set><D:prop>
<C:supported-calendar-component-set><C:comp name="VEVENT"/></C:supported-calendar-component-set>
</D:prop></D:set></C:mkcalendar>"""
_WEEKLY = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//test//EN
BEGIN:VTIMEZONE
TZID:America/New_York
BEGIN:DAYLIGHT
TZOFFSETFROM:-0500
TZOFFSETTO:-0400
TZNAME:EDT
DTSTART:20070311T020000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=2SU
END:DAYLIGHT
BEGIN:STANDARD
TZOFFSETFROM:-0400
TZOFFSETTO:-0500
TZNAME:EST
DTSTART:20071104T020000
RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=1SU
END:STANDARD
END:VTIMEZONE
BEGIN:VEVENT
UID:weekly
DTSTAMP:20261001T000000Z
DTSTART;TZID=America/New_York:20261026T090000
DTEND;TZID=America/New_York:20261026T093000
RRULE:FREQ=WEEKLY;COUNT=12
SUMMARY:Weekly
END:VEVENT
END:VCALENDAR
"""


@pytest.fixture(scope="module")
async def dav(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    folder = tmp_path_factory.mktemp("radicale")
    for who in WHO:
        (folder / "kept" / "collection-root" / who).mkdir(parents=True)
    (folder / "users").write_text(_USERS)
    (folder / "rights").write_text(_RIGHTS)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (folder / "config").write_text(
        f"[server]\nhosts = 127.0.0.1:{port}\n[auth]\ntype = htpasswd\nhtpasswd_filename = {folder / 'users'}\n"
        f"htpasswd_encryption = plain\ndelay = 0\n[rights]\ntype = from_file\nfile = {folder / 'rights'}\n"
        f"[storage]\nfilesystem_folder = {folder / 'kept'}\n[web]\ntype = none\n"
    )
    with (folder / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "radicale", "--config", str(folder / "config"), stdout=log, stderr=log
        )
    url = f"http://127.0.0.1:{port}"
    try:
        async with asyncio.timeout(60), httpx.AsyncClient() as client:
            while not await _answers(client, url):
                assert process.returncode is None, (folder / "log").read_text()
                await asyncio.sleep(0.05)
        yield url
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


async def _answers(client: httpx.AsyncClient, url: str) -> bool:
    with suppress(httpx.TransportError):
        return (await client.request("OPTIONS", url, auth=("bot", "secret"))).status_code < 500
    return False


@pytest.fixture
async def collection(dav: str) -> str:
    """A collection of its own, and calendars of Tom and Amanda that are new."""
    name = uuid.uuid4().hex
    async with httpx.AsyncClient(auth=("bot", "secret")) as client:
        for who in ("bot", "amanda", "tom", "sarah", *(f"p{number}" for number in range(45))):
            made = await client.request("MKCALENDAR", f"{dav}/{who}/{name}/", content=_MAKE)
            assert made.status_code == 201, made.text
    return name


def settings(dav: str, collection: str, **other: object) -> CalDavSettings:
    given = {
        "caldav_url": f"{dav}/bot/{collection}",
        "caldav_people": f"{dav}/{{name}}/{collection}",
        "caldav_user": "bot",
        "caldav_password": "secret",
    }
    return CalDavSettings(_env_file=None, **(given | other))  # type: ignore[call-arg, arg-type]


@pytest.fixture
async def calendar(dav: str, collection: str) -> AsyncIterator[CalDavCalendar]:
    calendar = CalDavCalendar(settings(dav, collection))
    yield calendar
    await calendar.close()


class TestCalDavCalendar(CalendarContract):
    @pytest.fixture
    def calendar(self, calendar: Calendar) -> Calendar:
        return calendar


async def test_peoples_own_events_count_and_repeat_at_their_local_time(
    dav: str, collection: str, calendar: CalDavCalendar
) -> None:
    """A weekly meeting at nine in New York: 13:00 UTC before the clocks go back, 14:00 after."""
    async with httpx.AsyncClient(auth=("bot", "secret")) as client:
        put = await client.put(f"{dav}/tom/{collection}/weekly.ics", content=_WEEKLY)
        assert put.status_code == 201
    (busy,) = await calendar.busy(
        (TOM.address,), Span(AT.replace(month=10, day=20), AT.replace(month=11, day=12))
    )
    assert [f"{one.starts:%m-%d %H:%M}" for one in busy.spans] == ["10-26 13:00", "11-02 14:00", "11-09 14:00"]


async def test_among_meetings_each_time_of_what_repeats_counts_and_what_is_odd_hides_nothing(
    dav: str, collection: str, calendar: CalDavCalendar
) -> None:
    """A weekly meeting with Tom in it, made by somebody else where ours are; and a day without an end."""
    invited = _WEEKLY.replace("SUMMARY:Weekly", f"SUMMARY:Weekly\nATTENDEE:mailto:{TOM.address}")
    whole_day = (
        "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\nBEGIN:VEVENT\nUID:day\nDTSTAMP:20261001T000000Z\n"
        f"DTSTART;VALUE=DATE:20261108\nATTENDEE:mailto:{TOM.address}\nEND:VEVENT\nEND:VCALENDAR\n"
    )
    async with httpx.AsyncClient(auth=("bot", "secret")) as client:
        for name, content in (("weekly", invited), ("day", whole_day)):
            put = await client.put(f"{dav}/bot/{collection}/{name}.ics", content=content)
            assert put.status_code == 201
    (busy,) = await calendar.busy(
        (TOM.address,), Span(AT.replace(month=10, day=30), AT.replace(month=11, day=12))
    )
    assert [f"{one.starts:%m-%d %H:%M} {one.ends:%m-%d %H:%M}" for one in busy.spans] == [
        "11-02 14:00 11-02 14:30",
        "11-08 00:00 11-09 00:00",
        "11-09 14:00 11-09 14:30",
    ]


_EVENT = (
    "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\nBEGIN:VEVENT\nUID:{}\nDTSTAMP:20261001T000000Z\n{}\nEND:VEVENT\n"
    "END:VCALENDAR\n"
)


async def test_a_time_without_a_zone_is_one_where_its_person_is(
    dav: str, collection: str, database: Database, tenant: str
) -> None:
    """Tom is in Dublin and Amanda in New York; what each of them wrote is at ten where they are. Among our
    meetings somebody wrote one with both of them in it."""
    async with database.transaction(tenant) as tx:
        for who, zone in ((TOM, "Europe/Dublin"), (AMANDA, "America/New_York")):
            address = who.address.title()
            tx.add(PersonRow(id=who.name, name=who.name, email=address, time_zone=zone, accounts=[]))
    own = (
        "DTSTART:20261207T100000\nDURATION:PT1H",
        "DTSTART:20261130T090000\nDURATION:PT30M\nRRULE:FREQ=WEEKLY;COUNT=3",
        "DTSTART;VALUE=DATE:20261208",
        "DTSTART:20261209T100000\nDURATION:PT1H\nTRANSP:TRANSPARENT",
        "DTSTART:20261209T120000Z\nDURATION:PT1H",
    )
    invited = "\n".join(f"ATTENDEE:mailto:{one.address}" for one in (TOM, AMANDA))
    both = f"DTSTART:20261210T100000\nDURATION:PT1H\n{invited}"
    async with httpx.AsyncClient(auth=("bot", "secret")) as client:
        for number, lines in enumerate(own):
            for who in ("tom", "amanda"):
                put = await client.put(
                    f"{dav}/{who}/{collection}/{number}.ics", content=_EVENT.format(number, lines)
                )
                assert put.status_code == 201
        put = await client.put(f"{dav}/bot/{collection}/both.ics", content=_EVENT.format("both", both))
        assert put.status_code == 201
    around = Surroundings(database, tenant, Path(), {}, Path(), settings(dav, collection))
    calendar = INTEGRATION.open(around)
    days = Span(AT.replace(day=7, hour=0), AT.replace(day=12))
    found = await calendar.busy((TOM.address, AMANDA.address), days)
    assert [" ".join(f"{one.starts:%d %H:%M}-{one.ends:%H:%M}" for one in each.spans) for each in found] == [
        "07 09:00-09:30 07 10:00-11:00 08 00:00-00:00 09 12:00-13:00 10 10:00-11:00",
        "07 14:00-14:30 07 15:00-16:00 08 05:00-05:00 09 12:00-13:00 10 15:00-16:00",
    ]
    (event,) = await calendar.events(AMANDA.address, Span(AT.replace(day=10), AT.replace(day=11)))
    assert event.span.starts == AT.replace(day=10, hour=15)
    await calendar.close()


async def test_one_calendar_that_cannot_be_read_leaves_the_others_known() -> None:
    """A server that answers for Tom with times that are none, and not at all for Sarah."""
    none = '<?xml version="1.0"?><D:multistatus xmlns:D="DAV:"/>'
    free = "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\nBEGIN:VFREEBUSY\n{}END:VFREEBUSY\nEND:VCALENDAR\n"

    async def answer(request: web.Request) -> web.Response:
        if "/amanda/" in request.path:
            return web.Response(text=free.format("FREEBUSY:20261207T150000Z/PT1H\n"))
        if "/tom/" in request.path:
            return web.Response(text=free.format("FREEBUSY:99991231T230000Z/P3D\n"))
        return web.Response(status=500) if "/sarah/" in request.path else web.Response(text=none, status=207)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    async with TestServer(app, host="127.0.0.1") as server:
        calendar = CalDavCalendar(settings(str(server.make_url("")).rstrip("/"), "x"))
        found = await calendar.busy((TOM.address, SARAH.address, AMANDA.address), DAY)
        await calendar.close()
    assert [(len(one.spans), one.why) for one in found] == [
        (0, "the calendar cannot be read"),
        (0, "the calendar cannot be read (it answered 500)"),
        (1, None),
    ]


async def test_a_calendar_that_is_not_there_is_said(calendar: CalDavCalendar) -> None:
    (busy,) = await calendar.busy(("nobody@example.com",), DAY)
    assert busy.why == "the calendar is not there"


async def test_without_access_it_says_so(dav: str, collection: str) -> None:
    calendar = CalDavCalendar(settings(dav, collection, caldav_password="wrong"))
    with pytest.raises(CalendarError, match="does not give access"):
        await calendar.events(TOM.address, DAY)
    with pytest.raises(CalendarError, match="does not let meetings be written"):
        await calendar.create_event(grant(), draft())
    assert [one.why for one in await _busy_or_refused(calendar)] in ([], ["the calendar may not be read"])
    await calendar.close()


async def _busy_or_refused(calendar: CalDavCalendar) -> list:
    try:
        return list(await calendar.busy((TOM.address,), DAY))
    except CalendarError:
        return []


async def test_somebody_elses_change_is_not_overwritten(
    dav: str, collection: str, calendar: CalDavCalendar
) -> None:
    one = draft()
    await calendar.create_event(grant(), one)
    at = f"{dav}/bot/{collection}/{one.id}.ics"
    kept = calendar._put

    async def late(meeting: str, content: bytes, headers: dict[str, str]) -> httpx.Response:
        async with httpx.AsyncClient(auth=("bot", "secret")) as client:
            there = (await client.get(at)).text
            (await client.put(at, content=there.replace("SUMMARY:Design", "SUMMARY:Other"))).raise_for_status()
        return await kept(meeting, content, headers)

    calendar._put = late  # type: ignore[method-assign]
    with pytest.raises(CalendarError, match="Somebody else changed"):
        await calendar.cancel_event(grant(), one.id, 1, "no")


async def test_the_server_is_asked_to_tell_nobody_where_we_do(
    dav: str, collection: str, calendar: CalDavCalendar
) -> None:
    one, leave = draft(0, AMANDA, TOM), grant()
    await calendar.create_event(leave, one)
    async with httpx.AsyncClient(auth=("bot", "secret")) as client:
        text = (await client.get(f"{dav}/bot/{collection}/{one.id}.ics")).text.replace("\r\n ", "")
    assert text.count("SCHEDULE-AGENT=CLIENT") == 2
    assert f"{GRANT}:{leave.id}" in text


async def test_nobody_there_is_away_and_nothing_was_changed() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        calendar = CalDavCalendar(settings(f"http://127.0.0.1:{held.getsockname()[1]}", "x"))
        with pytest.raises(Away):
            await calendar.busy((TOM.address,), DAY)
        with pytest.raises(CalendarError, match="nothing was changed"):
            await calendar.create_event(grant(), draft())
        await calendar.close()


async def test_a_line_that_drops_leaves_it_unsure() -> None:
    async def drop(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    dropping = await asyncio.start_server(drop, "127.0.0.1", 0)
    port = dropping.sockets[0].getsockname()[1]
    calendar = CalDavCalendar(settings(f"http://127.0.0.1:{port}", "x"))
    with pytest.raises(CalendarUnsure):
        await calendar.create_event(grant(), draft())
    await calendar.close()
    dropping.close()
