"""Meetings booked, moved and cancelled by word, at a time that is held fixed: a Monday at ten in New York."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from agents.meetings.tables import MeetingRow
from agents.work.tables import StepRow
from governance.tables import EffectRow
from handlers.conversation.cards import Button, Buttons, Reply
from handlers.delivery.schedule_meeting.parse import Wish, read_meeting, shift_in, split_move
from integrations.calendar import Draft, Guest, Span
from integrations.calendar.actions import BookMeeting, CancelMeeting, ChangeMeeting
from integrations.calendar.vendors.local.calendar import LocalCalendar
from tests.handlers.conftest import Talk
from tests.handlers.product.conftest import Product
from tests.integrations.calendar.calendar_contract import grant


async def said(talk: Talk, words: str, who: str = "amanda") -> Reply:
    (reply,) = (await talk.say(who, f"/schedule_meeting {words}")).replies
    return reply


async def effects(talk: Talk, kind: str) -> list[Any]:
    """What was submitted, in the order of the turns that asked for it: by a clock that stands still, all of it
    was made at one moment."""
    async with talk.database.transaction(talk.tenant) as tx:
        rows = (await tx.execute(select(EffectRow).where(EffectRow.action_type == kind))).scalars()
        return [row.body for row in sorted(rows, key=lambda row: int((row.turn or "").removeprefix("tu_")))]


def people(body: dict[str, Any]) -> list[str]:
    return [one["person"] for one in body["people"]]


def offered(reply: Reply) -> list[Button]:
    blocks = (block for card in reply.cards for block in card.blocks if isinstance(block, Buttons))
    return [button for block in blocks for button in block.buttons]


def at(month: int, day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


async def taken(talk: Talk, who: str, starts: datetime, minutes: int = 60) -> None:
    """Something else stands in somebody's calendar."""
    guest = Guest(who, f"{who}@example.com")
    span = Span(starts, starts + timedelta(minutes=minutes))
    draft = Draft(f"mt_{starts:%m%d%H%M}{abs(hash(who)) % 10**4:04}", "Other", span, "UTC", guest, (guest,), "")
    await LocalCalendar(talk.database, talk.tenant).create_event(grant(), draft)


async def booked(talk: Talk, words: str, who: str = "amanda") -> MeetingRow:
    """A meeting that was asked for and is in the calendar, as its run leaves it."""
    await said(talk, words, who)
    body = (await effects(talk, BookMeeting.type))[-1]
    action = BookMeeting.of_body(body)
    await LocalCalendar(talk.database, talk.tenant).create_event(grant(), action.draft)
    async with talk.database.transaction(talk.tenant) as tx:
        row = (await tx.execute(select(MeetingRow).where(MeetingRow.id == action.meeting))).scalar_one()
        row.state = "booked"
        row.run = None
        return row


async def test_a_review_for_monday_with_the_senior_architects(talk: Talk) -> None:
    reply = await said(talk, "schedule review for Monday with senior architects")
    (body,) = await effects(talk, BookMeeting.type)
    assert people(body) == ["amanda", "sarah", "mike", "tom"]
    # Tom is in Dublin, whose day ends at 17:30: noon in New York at the latest, and not before ten there.
    assert (body["starts"], body["ends"]) == ("2026-11-30T15:00:00Z", "2026-11-30T16:00:00Z")
    assert "Being booked: Review with Sarah, Mike and Tom" in reply.text
    assert "Mon 15:00 in Dublin" in str(reply.cards)


async def test_a_design_review_without_names_is_with_architects_and_whose_it_is(talk: Talk) -> None:
    await said(talk, "schedule design review for payment service split")
    (body,) = await effects(talk, BookMeeting.type)
    assert people(body) == ["amanda", "mike", "sarah", "tom"]
    assert body["title"] == "Design review: payment service split"
    assert (body["starts"], body["ends"]) == ("2026-11-23T15:30:00Z", "2026-11-23T16:30:00Z")


async def test_45_minutes_with_two_people_next_week(talk: Talk) -> None:
    await said(talk, "book 45 minutes with Priya and Sarah about the export next week")
    (body,) = await effects(talk, BookMeeting.type)
    assert people(body) == ["amanda", "priya", "sarah"]
    assert body["title"] == "Meeting: export"
    assert (body["starts"], body["ends"]) == ("2026-11-30T15:00:00Z", "2026-11-30T15:45:00Z")


async def test_holidays_of_each_place_are_kept(talk: Talk) -> None:
    """Thursday is Thanksgiving in New York, and Friday the day after it."""
    reply = await said(talk, "book an hour with Tom on Thursday")
    assert await effects(talk, BookMeeting.type) == []
    assert reply.text.startswith("Then not everybody can. These times suit everybody.")
    assert [(button.label, button.verb) for button in offered(reply)] == [
        ("Book Mon 23 Nov 10:30", "ask"),
        ("Book Mon 23 Nov 11:30", "ask"),
        ("Book Tue 24 Nov 10:00", "ask"),
    ]


async def test_absences_are_kept_and_said(talk: Talk) -> None:
    """Priya is away from the 14th to the 18th."""
    reply = await said(talk, "book an hour with Priya on 15 December at 11")
    assert await effects(talk, BookMeeting.type) == []
    assert "Tue 15 Dec 2026, 11:00 to 12:00 (America/New York): without Priya Ramaswell (away that day);" in (
        reply.text
    )


async def test_who_is_busy_is_not_booked_and_another_time_is_one_press(talk: Talk) -> None:
    await taken(talk, "sarah", at(11, 24, 15))
    reply = await said(talk, "book 30 minutes with Sarah tomorrow at 10 about the split")
    assert await effects(talk, BookMeeting.type) == []
    assert "10:00 to 10:30 (America/New York): without Sarah Lindholt (busy then);" in reply.text
    anyway, another = offered(reply)[:2]
    assert anyway.subject == (
        "schedule_meeting book anyway a 30 minute Meeting with Sarah Lindholt about split, at 2026-11-24 15:00Z"
    )
    await talk.press("amanda", another.verb, another.subject)
    (body,) = await effects(talk, BookMeeting.type)
    assert body["title"] == "Meeting: split"
    assert people(body) == ["amanda", "sarah"]
    assert (body["starts"], body["over"]) == ("2026-11-23T15:30:00Z", [])
    await talk.press("amanda", anyway.verb, anyway.subject)
    (_, body) = await effects(talk, BookMeeting.type)
    assert (body["starts"], body["over"]) == ("2026-11-24T15:00:00Z", ["sarah"])


async def test_over_the_clocks_change_ten_stays_ten(talk: Talk) -> None:
    """New York puts its clocks back on 1 November, Dublin on 25 October."""
    talk.now = at(10, 20, 15)
    for day in ("22 October", "30 October", "2 November"):
        await said(talk, f"book 30 minutes with Sarah on {day} at 10")
    assert [body["starts"] for body in await effects(talk, BookMeeting.type)] == [
        "2026-10-22T14:00:00Z",
        "2026-10-30T14:00:00Z",
        "2026-11-02T15:00:00Z",
    ]


async def test_a_question_books_nothing_and_offers(talk: Talk) -> None:
    reply = await said(talk, "when are Sarah and Mike both free tomorrow?")
    assert await effects(talk, BookMeeting.type) == []
    assert reply.text.startswith("These times suit everybody. Tue 24 Nov 2026, 10:00 to 10:30")
    assert len(offered(reply)) == 4
    button = offered(reply)[0]
    await talk.press("amanda", button.verb, button.subject)
    (body,) = await effects(talk, BookMeeting.type)
    assert people(body) == ["amanda", "sarah", "mike"]
    assert (body["starts"], body["ends"]) == ("2026-11-24T15:00:00Z", "2026-11-24T15:30:00Z")


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("book 30 minutes with Zorro tomorrow", "I know nobody called “Zorro”"),
        ("book 30 minutes tomorrow", "With whom?"),
        ("set up a meeting with legal", "“legal” is nobody there"),
        ("book an hour with Sarah on 3 March", "no further than 60 days"),
        ("cancel the design review", "No such meeting to come was booked here"),
        ("move the retro to Thursday", "No such meeting to come was booked here"),
    ],
)
async def test_what_cannot_be_done_is_said(talk: Talk, words: str, answer: str) -> None:
    assert answer in (await said(talk, words)).text
    assert await effects(talk, BookMeeting.type) == []


async def test_moved_to_another_day_and_hour(talk: Talk) -> None:
    await booked(talk, "schedule a design review with Sarah and Mike tomorrow at 2pm about the payments split")
    reply = await said(talk, "move the design review to Wednesday 10")
    (body,) = await effects(talk, ChangeMeeting.type)
    assert (body["starts"], body["was_starts"]) == ("2026-11-25T15:00:00Z", "2026-11-24T19:00:00Z")
    assert (body["sequence"], people(body)) == (1, ["amanda", "sarah", "mike"])
    assert reply.text.startswith("Being changed: Design review: payments split.")
    assert (await said(talk, "cancel the design review")).text == (
        "“Design review: payments split” is just being changed. Ask again in a moment."
    )
    assert await effects(talk, CancelMeeting.type) == []


async def test_moved_to_a_day_it_keeps_its_hour_and_its_own_time_is_no_obstacle(talk: Talk) -> None:
    await booked(talk, "schedule a design review with Sarah tomorrow at 2pm")
    await said(talk, "move the design review to Wednesday")
    (first,) = await effects(talk, ChangeMeeting.type)
    assert first["starts"] == "2026-11-25T19:00:00Z"
    async with talk.database.transaction(talk.tenant) as tx:
        row = (await tx.execute(select(MeetingRow))).scalar_one()
        row.run = None
    await said(talk, "push it by 30 minutes")
    (_, second) = await effects(talk, ChangeMeeting.type)
    assert (second["starts"], second["was_starts"]) == ("2026-11-24T19:30:00Z", "2026-11-24T19:00:00Z")


async def test_where_not_everybody_can_it_stays_and_times_are_offered(talk: Talk) -> None:
    row = await booked(talk, "schedule a design review with Sarah tomorrow at 2pm")
    await taken(talk, "sarah", at(11, 25, 15))
    reply = await said(talk, "move the design review to Wednesday at 10")
    assert await effects(talk, ChangeMeeting.type) == []
    assert (
        "Wed 25 Nov 2026, 10:00 to 11:00 (America/New York): without Sarah Lindholt (busy then);" in reply.text
    )
    button = offered(reply)[1]
    assert (button.verb, button.subject) == ("meeting_move", f"{row.id} 2026-11-23T15:30:00+00:00")
    await talk.press("amanda", button.verb, button.subject)
    (body,) = await effects(talk, ChangeMeeting.type)
    assert (body["meeting"], body["starts"]) == (row.id, "2026-11-23T15:30:00Z")


async def test_somebody_is_added(talk: Talk) -> None:
    await booked(talk, "schedule a design review with Sarah tomorrow at 2pm")
    await said(talk, "add Mike to the design review")
    (body,) = await effects(talk, ChangeMeeting.type)
    assert people(body) == ["amanda", "sarah", "mike"]
    assert body["starts"] == body["was_starts"] == "2026-11-24T19:00:00Z"


async def test_cancelled_by_word_and_by_button(talk: Talk) -> None:
    row = await booked(talk, "schedule a design review with Sarah tomorrow at 2pm")
    reply = await said(talk, "cancel the design review")
    (body,) = await effects(talk, CancelMeeting.type)
    assert (body["meeting"], body["reason"]) == (row.id, "Amanda Reyes-Holt called it off.")
    assert reply.text.startswith("Being cancelled: Design review with Sarah.")
    second = await booked(talk, "schedule a demo with Mike tomorrow at 3pm")
    await talk.press("amanda", "meeting_cancel", second.id)
    assert [one["meeting"] for one in await effects(talk, CancelMeeting.type)] == [row.id, second.id]


async def test_who_is_not_in_it_needs_the_directors_word(talk: Talk) -> None:
    await booked(talk, "schedule a design review with Sarah tomorrow at 2pm")
    reply = await said(talk, "cancel the design review", "rachel")
    assert reply.text.startswith("Rachel Nakagawa asks: Cancel “Design review with Sarah” on Tue 24 Nov 2026,")
    assert "To decide: the engineering director" in reply.text
    async with talk.database.transaction(talk.tenant) as tx:
        states = (
            await tx.execute(select(EffectRow.state).where(EffectRow.action_type == CancelMeeting.type))
        ).scalars()
        assert list(states) == ["parked"]
    # Sarah is in it.
    await booked(talk, "schedule a demo with Sarah tomorrow at 3pm")
    await said(talk, "cancel the demo", "sarah")
    assert [one["title"] for one in await effects(talk, CancelMeeting.type)] == [
        "Design review with Sarah",
        "Demo with Sarah",
    ]


async def test_of_two_meetings_of_a_kind_the_right_one_or_a_question(talk: Talk) -> None:
    await booked(talk, "schedule a design review with Sarah tomorrow at 2pm about the split")
    await booked(talk, "schedule a design review with Mike on Wednesday at 2pm about the ledger")
    reply = await said(talk, "cancel the design review")
    assert reply.text == (
        "Which meeting do you mean: “Design review: split” (Tue 24 Nov 2026, 14:00 to 15:00 (America/New York))"
        " or “Design review: ledger” (Wed 25 Nov 2026, 14:00 to 15:00 (America/New York))?"
    )
    assert await effects(talk, CancelMeeting.type) == []
    pressed = offered(reply)[1]
    await talk.press("amanda", pressed.verb, pressed.subject)
    (body,) = await effects(talk, CancelMeeting.type)
    assert body["title"] == "Design review: ledger"
    await said(talk, "cancel tomorrow's design review")
    titles = [one["title"] for one in await effects(talk, CancelMeeting.type)]
    assert titles == ["Design review: ledger", "Design review: split"]


async def test_a_story_is_attached_where_everybody_may_see_it(product: Product) -> None:
    talk = product.talk
    for who, is_attached in (("Sarah", True), ("Rachel", False)):
        reply = await said(talk, f"book 30 minutes with {who} about CARD-2 tomorrow")
        body = (await effects(talk, BookMeeting.type))[-1]
        assert (body["pre_read"] is not None) is is_attached, reply.text
        if is_attached:
            assert body["pre_read"]["text"].splitlines()[0] == "# CARD-2: Refund several payments at once"
        else:
            assert "CARD-2 is not attached: Rachel Nakagawa may not see all of it." in reply.text


async def test_people_are_mailed_after_the_calendar_has_it(talk: Talk) -> None:
    await said(talk, "book 30 minutes with Sarah tomorrow at 11")
    async with talk.database.transaction(talk.tenant) as tx:
        steps = (await tx.execute(select(StepRow).order_by(StepRow.position))).scalars().all()
    assert [(step.key, step.depends_on) for step in steps] == [
        ("act", []),
        ("note", ["act"]),
        ("invite", ["note"]),
    ]
    assert (steps[2].args["method"], steps[2].args["sequence"]) == ("REQUEST", 0)
    assert steps[2].args["starts"] == "2026-11-24T16:00:00Z"


@pytest.mark.parametrize(
    ("words", "wish", "minutes", "about"),
    [
        ("book 45 minutes with Priya and Tom about the export next week", Wish.BOOK, 45, "export"),
        ("1:1 with Priya next Monday at 11", Wish.BOOK, 30, ""),
        ("set up a design review on Wednesday for the search revamp", Wish.BOOK, 60, "search revamp"),
        ("can we get an hour with all tech leads before Friday", Wish.BOOK, 60, ""),
        ("find a slot for a 45 minute workshop", Wish.BOOK, 45, ""),
        ("is Nathan free tomorrow", Wish.ASK, 30, ""),
        ("add Tom to the Monday review meeting", Wish.INVITE, 60, ""),
        ("invite Tom and Priya to a discussion on auth v2", Wish.BOOK, 30, "auth v2"),
        ("call off the retro", Wish.CANCEL, 60, ""),
        ("please reschedule Monday's design review", Wish.MOVE, 60, ""),
    ],
)
def test_what_is_said_of_a_meeting(words: str, wish: Wish, minutes: int, about: str) -> None:
    meeting = read_meeting(words)
    assert (meeting.wish, meeting.length, meeting.about) == (wish, timedelta(minutes=minutes), about)


def test_where_and_by_how_much_it_is_moved() -> None:
    assert split_move("move the design review to Thursday 10") == ("move the design review", "Thursday at 10")
    assert split_move("move my 2 o'clock to 4") == ("move my 2 o'clock", "at 4")
    assert shift_in("push the retro by half an hour") == timedelta(minutes=30)
    assert shift_in("move it an hour earlier") == -timedelta(hours=1)
    assert shift_in("move it to Friday") is None
