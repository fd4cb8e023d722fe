"""What names a meeting on the books is about it, whatever it sounds like."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from agents.meetings.tables import MeetingRow
from handlers.catalogue import find_handlers
from handlers.conversation.router import Router
from handlers.delivery.schedule_meeting.parse import kind_changed
from handlers.language.recogniser import Recogniser
from integrations.calendar.actions import CancelMeeting, ChangeMeeting
from tests.handlers.conftest import Talk
from tests.handlers.product.test_schedule_meeting import booked, effects


@pytest.fixture
def talk(talk: Talk, recogniser: Recogniser) -> Talk:
    """People who are understood as they are by the embedded recogniser."""
    talk.router = Router(find_handlers(), recogniser, recogniser)
    return talk


@pytest.mark.parametrize(
    ("meeting", "words"),
    [
        ("a design review", "cancel the design review"),
        ("a design review", "call off the design review"),
        ("a design review", "cancel tomorrow's design review"),
        ("a retro", "call off the retro"),
        ("a demo", "cancel the demo"),
        ("a design review", "please drop the review"),
    ],
)
async def test_a_meeting_on_the_books_is_called_off(talk: Talk, meeting: str, words: str) -> None:
    row = await booked(talk, f"schedule {meeting} with Sarah tomorrow at 2pm")
    answer = await talk.say("amanda", words)
    assert answer.intent == "schedule_meeting"
    assert [body["meeting"] for body in await effects(talk, CancelMeeting.type)] == [row.id]


@pytest.mark.parametrize(
    ("meeting", "words", "starts"),
    [
        ("a design review", "move the design review to Wednesday", "2026-11-25T19:00:00Z"),
        ("a demo", "move the demo to 3pm", "2026-11-24T20:00:00Z"),
        ("a design review", "add Mike to the design review", "2026-11-24T19:00:00Z"),
    ],
)
async def test_a_meeting_on_the_books_is_changed(talk: Talk, meeting: str, words: str, starts: str) -> None:
    row = await booked(talk, f"schedule {meeting} with Sarah tomorrow at 2pm")
    answer = await talk.say("amanda", words)
    assert answer.intent == "schedule_meeting"
    assert [(body["meeting"], body["starts"]) for body in await effects(talk, ChangeMeeting.type)] == [
        (row.id, starts)
    ]


async def test_without_such_a_meeting_words_are_what_they_sound_like(talk: Talk) -> None:
    row = await booked(talk, "schedule a retro with Sarah tomorrow at 2pm")
    assert (await talk.say("amanda", "cancel the demo")).intent == "window"
    async with talk.database.transaction(talk.tenant) as tx:
        await tx.execute(
            update(MeetingRow).where(MeetingRow.id == row.id).values(title="Demo", state="cancelled")
        )
    assert (await talk.say("amanda", "cancel the demo", "t2")).intent == "window"
    assert await effects(talk, CancelMeeting.type) == []


async def test_a_question_calls_nothing_off(talk: Talk) -> None:
    await booked(talk, "schedule a design review with Sarah tomorrow at 2pm")
    await talk.say("amanda", "should we cancel the design review?")
    assert await effects(talk, CancelMeeting.type) == []


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("cancel the design review", "Design review"),
        ("call off our retro", "Retrospective"),
        ("move Monday's sync to Tuesday", "Sync"),
        ("add Tom to the Monday review meeting", "Review"),
        ("cancel the meeting on Friday", "Meeting"),
        ("call off the deployment", None),
        ("cancel the plan", None),
        ("cancel the deployment after the review", None),
        ("move the story to the review column", None),
        ("the design review was cancelled", None),
    ],
)
def test_the_kind_of_meeting_that_is_changed(words: str, kind: str | None) -> None:
    assert kind_changed(words) == kind
