"""From what was found to what is submitted: a meeting booked, changed or cancelled, and the run that sees to
it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agents.meetings import meeting_run
from agents.meetings.slots import Attendee, Slot
from agents.meetings.tables import MeetingRow
from agents.work import runs
from governance.action import Verdict
from handlers.conversation.cards import Reply
from handlers.conversation.desk import Desk
from handlers.conversation.handler import CannotAnswer
from handlers.conversation.origin import known, place_json
from handlers.conversation.submitting import asked_reply, not_done, submit
from handlers.conversation.turn import Turn
from handlers.conversation.wording import listed
from handlers.delivery.schedule_meeting.cards import meeting_reply
from handlers.delivery.schedule_meeting.finding import About
from integrations.calendar.actions import BookMeeting, CancelMeeting, ChangeMeeting, Invited, ToRead
from integrations.mail.actions import MOST_IN_THREAD, SendInvitation

_LONGEST_TITLE = 200


async def book(
    turn: Turn, desk: Desk, title: str, about: About, people: Sequence[Attendee], slot: Slot, note: str
) -> Reply:
    """Book a meeting of the first of `people` with the others. Raises NotOrdered, CannotAnswer."""
    action = _booking(turn, meeting_run.new_meeting_id(), title, about, people, slot, note)
    if there := await meeting_run.same_meeting(desk.tx, action):
        desk.memory.about(meeting=there.id)
        return await meeting_reply(desk, there)
    return await _submitted(turn, desk, action)


async def book_again(
    turn: Turn, desk: Desk, row: MeetingRow, people: Sequence[Attendee], slot: Slot, note: str
) -> Reply:
    """Book a meeting that came into no calendar, at another time. It stays the same meeting, so that it is
    booked once however often that is asked for. Raises NotOrdered, CannotAnswer."""
    await _hold(desk, row)
    if await meeting_run.is_uncertain(desk.tx, row):
        title = desk.ports.calendar.title
        raise CannotAnswer(
            f"Whether “{row.title}” is booked is not known. Look in {title} before you ask again."
        )
    if row.organiser != known(turn).id:
        raise CannotAnswer(
            f"“{row.title}” is not booked, and who asked for it asks again. Ask for one yourself."
        )
    pre_read = None if row.pre_read is None else ToRead.model_validate(row.pre_read)
    about = About("", row.about, pre_read)
    return await _submitted(turn, desk, _booking(turn, row.id, row.title, about, people, slot, note))


def _booking(
    turn: Turn, meeting: str, title: str, about: About, people: Sequence[Attendee], slot: Slot, note: str
) -> BookMeeting:
    person = known(turn)
    return BookMeeting(
        meeting=meeting,
        title=title[:_LONGEST_TITLE],
        starts=slot.span.starts,
        ends=slot.span.ends,
        zone=person.time_zone,
        organiser=_invited(people[0]),
        people=tuple(map(_invited, people)),
        about=about.text,
        pre_read=about.pre_read,
        over=tuple(one.id for one in slot.without),
        rationale=f"{person.name} asked for it.",
        impact=_impact(slot, note),
        rollback_plan="Cancel it: everybody is told.",
    )


async def change(
    turn: Turn, desk: Desk, row: MeetingRow, people: Sequence[Attendee], slot: Slot, note: str = ""
) -> Reply:
    """Give a meeting another time, or other people. Raises NotOrdered, CannotAnswer."""
    await _hold(desk, row)
    action = ChangeMeeting(
        **await _as_it_stands(desk, row, people),
        starts=slot.span.starts,
        ends=slot.span.ends,
        was_starts=row.starts,
        was_ends=row.ends,
        over=tuple(one.id for one in slot.without),
        rationale=f"{known(turn).name} asked for it.",
        impact=_impact(slot, note),
        rollback_plan="Move it back: everybody is told.",
    )
    return await _submitted(turn, desk, action)


async def cancel(turn: Turn, desk: Desk, row: MeetingRow, people: Sequence[Attendee]) -> Reply:
    """Call a meeting off. Raises NotOrdered, CannotAnswer."""
    await _hold(desk, row)
    name = known(turn).name
    action = CancelMeeting(
        **await _as_it_stands(desk, row, people),
        starts=row.starts,
        ends=row.ends,
        reason=f"{name} called it off.",
        rationale=f"{name} called it off.",
        impact="Everybody in it is told.",
        rollback_plan="Book it again.",
    )
    return await _submitted(turn, desk, action)


async def demand_changeable(desk: Desk, row: MeetingRow) -> None:
    """Raises CannotAnswer for a meeting that is over, cancelled, or just being changed."""
    if row.state == "cancelled":
        raise CannotAnswer(f"“{row.title}” is cancelled already.")
    if row.ends <= desk.now:
        raise CannotAnswer(f"“{row.title}” is over.")
    if await meeting_run.is_changing(desk.tx, row):
        raise CannotAnswer(f"“{row.title}” is just being changed. Ask again in a moment.")


async def _hold(desk: Desk, row: MeetingRow) -> None:
    """Lock the meeting until the turn ends: of two who change it at once the second hears of the first. Raises
    CannotAnswer where it is not to be changed, or is not any more what was looked at."""
    looked_at = row.run, row.sequence, row.state
    await meeting_run.meeting_by_id(desk.tx, row.id, lock=True)
    await demand_changeable(desk, row)
    if (row.run, row.sequence, row.state) != looked_at:
        raise CannotAnswer(f"“{row.title}” was changed just now. Ask again.")


async def _as_it_stands(desk: Desk, row: MeetingRow, people: Sequence[Attendee]) -> dict[str, Any]:
    """The meeting with the number of its next change: higher than that of every change that people may have
    heard of, also one that nobody knows the end of."""
    last = await meeting_run.act_step(desk.tx, row)
    numbered = 0 if last is None else int(last.args["sequence"])
    organiser = next((one for one in people if one.id == row.organiser), people[0])
    return {
        "meeting": row.id,
        "title": row.title,
        "zone": row.zone,
        "organiser": _invited(organiser),
        "people": tuple(map(_invited, people)),
        "about": row.about,
        "pre_read": None if row.pre_read is None else ToRead.model_validate(row.pre_read),
        "sequence": max(row.sequence, numbered) + 1,
    }


async def _submitted(turn: Turn, desk: Desk, action: BookMeeting | ChangeMeeting | CancelMeeting) -> Reply:
    await _demand_unwanted(desk, action)
    run = runs.new_id()
    submitted = await submit(turn, desk, action, run=run)
    if submitted.ruling.verdict not in (Verdict.EXECUTE, Verdict.APPROVE_FIRST):
        raise CannotAnswer(not_done(submitted.ruling))
    row = await meeting_run.begin(
        desk.tx,
        run,
        action,
        submitted.effect,
        await _invitation(desk, action),
        requester=known(turn).id,
        place=place_json(turn.place),
        turn=turn.id,
    )
    desk.memory.about(meeting=row.id, run=run)
    if submitted.approval is not None:
        return await asked_reply(desk, action, submitted)
    return await meeting_reply(desk, row)


async def _demand_unwanted(desk: Desk, action: BookMeeting | ChangeMeeting | CancelMeeting) -> None:
    """Raises CannotAnswer where somebody in it is just being booked for another meeting at its new time."""
    if isinstance(action, CancelMeeting) or (isinstance(action, ChangeMeeting) and action.span == action.was):
        return
    if taken := await meeting_run.wanted_elsewhere(desk.tx, action):
        are = "is" if len(taken) == 1 else "are"
        raise CannotAnswer(
            f"{listed(taken)} {are} just being booked for another meeting at that time, so nothing was"
            " booked. Ask for another time."
        )


async def _invitation(desk: Desk, action: BookMeeting | ChangeMeeting | CancelMeeting) -> SendInvitation | None:
    """What people are sent, where the calendar does not tell them."""
    if desk.ports.calendar.invites:
        return None
    cancels = isinstance(action, CancelMeeting)
    same = {name: getattr(action, name) for name in _SHARED}
    thread = await meeting_run.mail_thread(desk.tx, action.meeting)
    return SendInvitation(
        **same,
        method="CANCEL" if cancels else "REQUEST",
        thread=thread[-MOST_IN_THREAD:],
        says=action.reason if isinstance(action, CancelMeeting) else "",
        impact=f"Mail to {len(action.people)} people of the department.",
    )


_SHARED = (
    "meeting", "title", "starts", "ends", "zone", "organiser", "people", "about", "pre_read", "sequence",
    "rationale", "rollback_plan",
)  # fmt: skip


def _invited(one: Attendee) -> Invited:
    return Invited(person=one.id, name=one.name, address=one.address)


def _impact(slot: Slot, note: str) -> str:
    without = [f"{one.name} is {one.why}" for one in slot.without]
    parts = [f"{'; '.join(without)}." if without else "It suits everybody's hours and calendars.", note]
    return " ".join(filter(None, parts))
