"""What is asked for twice, or by two at once, is done once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from agents.meetings import meeting_run
from agents.meetings.meeting_run import meeting_by_id
from agents.meetings.tables import MeetingRow
from agents.work.tables import RunRow
from governance.tables import EffectRow
from integrations.calendar.actions import BookMeeting, CancelMeeting, ChangeMeeting
from tests.handlers.conftest import Talk
from tests.handlers.product.test_schedule_meeting import booked, effects, offered, said

WHO = ("amanda", "mike")


async def ended(talk: Talk, meeting: str, state: str, *, outcome: str = "failed") -> MeetingRow:
    """The meeting's last run is over; what it did came to `outcome`."""
    async with talk.database.transaction(talk.tenant) as tx:
        row = await meeting_by_id(tx, meeting)
        row.state = state
        await tx.execute(update(RunRow).where(RunRow.id == row.run).values(state="failed"))
        await tx.execute(update(EffectRow).where(EffectRow.run == row.run).values(state=outcome))
        return row


async def test_the_same_asked_for_twice_is_one_meeting(talk: Talk) -> None:
    reply = await said(talk, "when are Sarah and Mike both free tomorrow?")
    first, second = offered(reply)[:2]
    for button in (first, first, second):
        await talk.press("amanda", button.verb, button.subject)
    assert [body["starts"] for body in await effects(talk, BookMeeting.type)] == [
        "2026-11-24T15:00:00Z",
        "2026-11-24T15:30:00Z",
    ]
    row = await ended(talk, (await effects(talk, BookMeeting.type))[0]["meeting"], "booked")
    (reply,) = (await talk.press("amanda", first.verb, first.subject)).replies
    assert reply.key == f"meeting:{row.id}"
    assert len(await effects(talk, BookMeeting.type)) == 2
    # One that came into no calendar stands in nobody's way.
    await ended(talk, (await effects(talk, BookMeeting.type))[1]["meeting"], "booking")
    await talk.press("amanda", second.verb, second.subject)
    assert len(await effects(talk, BookMeeting.type)) == 3


async def test_what_was_not_booked_is_booked_again_once_and_by_who_asked(talk: Talk) -> None:
    await said(talk, "book 30 minutes with Sarah tomorrow at 11")
    (body,) = await effects(talk, BookMeeting.type)
    other = f"{body['meeting']} 2026-11-24T17:00:00+00:00"

    async def press(who: str) -> str:
        (reply,) = (await talk.press(who, "meeting_move", other)).replies
        return reply.text

    assert "is just being changed" in await press("amanda")
    await ended(talk, body["meeting"], "booking")
    assert "who asked for it asks again" in await press("sarah")
    assert (await press("amanda")).startswith(
        "Being booked: Meeting with Sarah. Tue 24 Nov 2026, 12:00 to 12:30"
    )
    assert "is just being changed" in await press("amanda")
    (_, again) = await effects(talk, BookMeeting.type)
    assert (again["meeting"], again["starts"]) == (body["meeting"], "2026-11-24T17:00:00Z")


async def test_what_may_be_booked_is_not_booked_again(talk: Talk) -> None:
    await said(talk, "book 30 minutes with Sarah tomorrow at 11")
    (body,) = await effects(talk, BookMeeting.type)
    row = await ended(talk, body["meeting"], "booking", outcome="unknown")
    (reply,) = (await talk.press("amanda", "meeting_move", f"{row.id} 2026-11-24T17:00:00+00:00")).replies
    assert reply.text.startswith(
        "Whether “Meeting with Sarah” is booked is not known. Look in Countersign's own"
    )
    assert len(await effects(talk, BookMeeting.type)) == 1


async def test_each_change_has_a_number_of_its_own_whatever_became_of_the_last(talk: Talk) -> None:
    row = await booked(talk, "schedule a design review with Sarah tomorrow at 2pm")
    for outcome in ("unknown", "failed"):
        await said(talk, "move the design review to Wednesday")
        await ended(talk, row.id, "booked", outcome=outcome)
    await said(talk, "cancel the design review")
    assert [body["sequence"] for body in await effects(talk, ChangeMeeting.type)] == [1, 2]
    assert [body["sequence"] for body in await effects(talk, CancelMeeting.type)] == [3]


async def test_of_two_changes_at_once_the_second_hears_of_the_first(talk: Talk) -> None:
    """Both looked at the meeting as it stood; the first holds it until its turn ends."""
    row = await booked(talk, "schedule a design review with Sarah tomorrow at 2pm")
    kept, looked = meeting_by_id, asyncio.Barrier(2)

    async def together(tx: AsyncSession, meeting: str, *, lock: bool = False) -> MeetingRow:
        found = await kept(tx, meeting, lock=lock)
        if not lock:
            await looked.wait()
        return found

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("handlers.delivery.schedule_meeting.handler.meeting_by_id", together)
        at_once = (talk.press(who, "meeting_cancel", row.id) for who in ("amanda", "sarah"))
        texts = sorted([answer.replies[0].text for answer in await asyncio.gather(*at_once)])
    assert texts[0].startswith("Being cancelled: Design review with Sarah.")
    assert texts[1] == "“Design review with Sarah” is just being changed. Ask again in a moment."
    assert len(await effects(talk, CancelMeeting.type)) == 1


async def test_of_two_bookings_of_one_person_at_one_time_the_second_hears_of_the_first(talk: Talk) -> None:
    """Both found Sarah free; no calendar has either of them yet."""
    kept, looked = meeting_run.wanted_elsewhere, asyncio.Barrier(2)

    async def together(tx: AsyncSession, action: BookMeeting | ChangeMeeting) -> Sequence[str]:
        await looked.wait()
        return await kept(tx, action)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(meeting_run, "wanted_elsewhere", together)
        words = "book 30 minutes with Sarah tomorrow at 11"
        texts = sorted([one.text for one in await asyncio.gather(*(said(talk, words, who) for who in WHO))])
    assert texts[0].startswith("Being booked: Meeting with Sarah.")
    assert texts[1] == (
        "Sarah Lindholt is just being booked for another meeting at that time, so nothing was booked. Ask for"
        " another time."
    )
    (body,) = await effects(talk, BookMeeting.type)
    again = await said(talk, words, body["organiser"]["person"])
    assert again.key == f"meeting:{body['meeting']}", "one's own, asked for again, is that one"
    other = next(who for who in WHO if who != body["organiser"]["person"])
    assert (await said(talk, "book 30 minutes with Sarah tomorrow at 11:30", other)).text.startswith(
        "Being booked"
    )
    await ended(talk, body["meeting"], "booking")
    assert (await said(talk, words, other)).text.startswith("Being booked"), (
        "what came to nothing takes no time"
    )


async def test_a_meeting_is_not_moved_to_where_somebody_is_just_being_booked(talk: Talk) -> None:
    row = await booked(talk, "schedule a design review with Sarah tomorrow at 2pm")
    await said(talk, "book 60 minutes with Sarah and Mike tomorrow at 11", "mike")
    reply = await said(talk, "move the design review to tomorrow at 11")
    assert reply.text.startswith("Then not everybody can.")
    assert "Tue 24 Nov 2026, 11:00 to 12:00 (America/New York): without Sarah" in reply.text
    assert await effects(talk, ChangeMeeting.type) == []
    assert (await said(talk, "cancel the design review")).text.startswith("Being cancelled")
    assert row.title == "Design review with Sarah"
