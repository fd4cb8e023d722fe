"""The kinds of steps of a meeting's run."""

from __future__ import annotations

from agents import project_manager
from agents.meetings.meeting_run import (
    BOOK_KIND,
    CANCEL_KIND,
    CHANGE_KIND,
    INVITE_KIND,
    NOTE_KIND,
    meeting_by_id,
    stands_as,
)
from agents.work.kinds import ActionStep, Json, Step, Worker, WorkStep
from governance.action import Action
from integrations.calendar.actions import BookMeeting, CancelMeeting, ChangeMeeting, MeetingAction
from integrations.mail.actions import SendInvitation


async def _note(step: Step, worker: Worker) -> Json:
    """Keep what the calendar has by now."""
    body = step.args
    kinds: tuple[type[MeetingAction], ...] = (BookMeeting, ChangeMeeting, CancelMeeting)
    action = next(kind.of_body(body) for kind in kinds if kind.type == body["type"])
    reference = str(step.results["act"].get("reference") or "")
    async with worker.transaction() as tx:
        row = await meeting_by_id(tx, action.meeting, lock=True)
        if row.sequence <= action.sequence:
            stands_as(row, action)
            row.state = "cancelled" if isinstance(action, CancelMeeting) else "booked"
            row.sequence = action.sequence
            row.link = reference if reference.startswith("https://") else row.link
    return {}


def _book(step: Step) -> Action:
    return BookMeeting.of_body(step.args)


def _change(step: Step) -> Action:
    return ChangeMeeting.of_body(step.args)


def _cancel(step: Step) -> Action:
    return CancelMeeting.of_body(step.args)


def _invite(step: Step) -> Action:
    return SendInvitation.of_body(step.args)


_ACTOR = project_manager.ROLE.name

KINDS = (
    ActionStep(BOOK_KIND, _ACTOR, _book),
    ActionStep(CHANGE_KIND, _ACTOR, _change),
    ActionStep(CANCEL_KIND, _ACTOR, _cancel),
    ActionStep(INVITE_KIND, _ACTOR, _invite),
    WorkStep(NOTE_KIND, _ACTOR, _note),
)
