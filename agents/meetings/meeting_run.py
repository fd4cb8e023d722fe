"""A meeting's runs: each books, changes or cancels it, notes that, and has people told where the calendar does
not tell them."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from agents.meetings.tables import MeetingRow
from agents.work import runs
from agents.work.kinds import NewStep, RunKind, find_kinds
from agents.work.tables import ENDED, RunRow, StepRow
from governance.tables import EffectRow
from integrations.calendar import Span
from integrations.calendar.actions import BookMeeting, CancelMeeting, ChangeMeeting, MeetingAction
from integrations.mail.actions import SendInvitation
from storage.notices import notify

ACT, NOTE, INVITE = "act", "note", "invite"
"""Keys of a run's steps."""

BOOK_KIND, CHANGE_KIND, CANCEL_KIND = "meeting_book", "meeting_change", "meeting_cancel"
NOTE_KIND, INVITE_KIND = "meeting_note", "meeting_invite"

_KINDS: dict[type[MeetingAction], str] = {
    BookMeeting: BOOK_KIND,
    ChangeMeeting: CHANGE_KIND,
    CancelMeeting: CANCEL_KIND,
}


_ONE_AT_A_TIME = text(
    "SELECT pg_advisory_xact_lock(hashtext(current_setting('app.tenant') || ' meetings of ' || :organiser))"
)


_ONE_AT_ALL = text("SELECT pg_advisory_xact_lock(hashtext(current_setting('app.tenant') || ' meetings'))")
_MOST_UNDER_WAY = 500


def new_meeting_id() -> str:
    """An id for a meeting that is to be booked."""
    return f"mt_{secrets.token_hex(6)}"


async def begin(
    tx: AsyncSession,
    run: str,
    action: BookMeeting | ChangeMeeting | CancelMeeting,
    effect: str,
    invitation: SendInvitation | None,
    *,
    requester: str,
    place: dict[str, Any] | None,
    turn: str | None,
) -> MeetingRow:
    """Begin the run `run` of a change to a meeting that was submitted as `effect`. With an `invitation` people
    are told by mail once the calendar has it."""
    meeting = await _row_of(tx, action)
    meeting.run = run
    steps = [
        NewStep(ACT, _KINDS[type(action)], action.summary(), action.body(), effect=effect),
        NewStep(NOTE, NOTE_KIND, "Keep when it is", action.body(), (ACT,)),
    ]
    if invitation is not None:
        steps.append(NewStep(INVITE, INVITE_KIND, invitation.summary(), invitation.body(), (NOTE,)))
    await runs.begin(
        tx,
        find_kinds(),
        RUN.name,
        action.title,
        steps,
        requester=requester,
        subject=f"meeting:{meeting.id}",
        place=place,
        turn=turn,
        id=run,
    )
    return meeting


async def _row_of(tx: AsyncSession, action: MeetingAction) -> MeetingRow:
    if not isinstance(action, BookMeeting):
        return await meeting_by_id(tx, action.meeting, lock=True)
    row = await _find(tx, action.meeting, lock=True)
    if row is None:
        row = MeetingRow(
            id=action.meeting,
            state="booking",
            organiser=action.organiser.person,
            title=action.title,
            about=action.about,
            pre_read=None if action.pre_read is None else action.pre_read.model_dump(),
            sequence=0,
            link=None,
        )
        tx.add(row)
    stands_as(row, action)
    await tx.flush()
    return row


def stands_as(row: MeetingRow, action: MeetingAction) -> None:
    """Let the row say what was done."""
    row.starts, row.ends, row.zone = action.starts, action.ends, action.zone
    row.people = [one.person for one in action.people]


class NoSuchMeeting(LookupError):
    """There is no meeting of this id."""


async def meeting_by_id(tx: AsyncSession, meeting: str, *, lock: bool = False) -> MeetingRow:
    """A meeting. Raises NoSuchMeeting."""
    row = await _find(tx, meeting, lock=lock)
    if row is None:
        raise NoSuchMeeting(meeting)
    return row


async def _find(tx: AsyncSession, meeting: str, *, lock: bool) -> MeetingRow | None:
    query = select(MeetingRow).where(MeetingRow.id == meeting).execution_options(populate_existing=True)
    return (await tx.execute(query.with_for_update() if lock else query)).scalar()


async def same_meeting(tx: AsyncSession, action: BookMeeting) -> MeetingRow | None:
    """The meeting that stands, or is just being booked, and is all that this would book.

    Until the transaction ends nobody else books one for the same person, so that of two presses at once the
    second finds what the first made."""
    organiser = action.organiser.person
    await tx.execute(_ONE_AT_A_TIME, {"organiser": organiser})
    query = select(MeetingRow).where(
        MeetingRow.organiser == organiser,
        MeetingRow.title == action.title,
        MeetingRow.starts == action.starts,
        MeetingRow.ends == action.ends,
        MeetingRow.state != "cancelled",
    )
    people = {one.person for one in action.people}
    for row in (await tx.execute(query)).scalars().all():
        if set(row.people) == people and (row.state == "booked" or await is_changing(tx, row)):
            return row
    return None


@dataclass(frozen=True, slots=True)
class UnderWay:
    """A meeting that is just being booked or moved: no calendar shows its time yet. `organiser` and `people`
    are ids."""

    meeting: str
    organiser: str
    span: Span
    people: frozenset[str]


async def under_way(tx: AsyncSession) -> Sequence[UnderWay]:
    """Every booking and move that has not ended."""
    query = (
        select(StepRow.args)
        .join(RunRow, (RunRow.tenant == StepRow.tenant) & (RunRow.id == StepRow.run))
        .where(
            RunRow.kind == RUN.name,
            RunRow.state.not_in(ENDED),
            StepRow.key == ACT,
            StepRow.kind.in_((BOOK_KIND, CHANGE_KIND)),
        )
        .order_by(RunRow.created.desc())
        .limit(_MOST_UNDER_WAY)
    )
    kinds: tuple[type[MeetingAction], ...] = (BookMeeting, ChangeMeeting)
    bodies = (await tx.execute(query)).scalars()
    actions = [next(kind for kind in kinds if kind.type == body["type"]).of_body(body) for body in bodies]
    return [
        UnderWay(one.meeting, one.organiser.person, one.span, frozenset(each.person for each in one.people))
        for one in actions
    ]


async def wanted_elsewhere(tx: AsyncSession, action: BookMeeting | ChangeMeeting) -> Sequence[str]:
    """The names of those in it who are just being booked for another meeting at its time. Those who are
    invited although they are busy do not count.

    Until the transaction ends nobody else books or moves a meeting, so that of two who want one person at one
    time the second hears of the first. It is taken after the lock of the organiser or of the meeting's row.
    """
    await tx.execute(_ONE_AT_ALL)
    others = [
        one for one in await under_way(tx) if one.meeting != action.meeting and one.span.meets(action.span)
    ]
    taken = frozenset[str]().union(*(one.people for one in others)) - set(action.over)
    return [one.name for one in action.people if one.person in taken]


async def coming_meetings(tx: AsyncSession, now: datetime, most: int) -> Sequence[MeetingRow]:
    """Meetings that are booked and not over, soonest first."""
    query = select(MeetingRow).where(MeetingRow.state == "booked", MeetingRow.ends > now)
    return (await tx.execute(query.order_by(MeetingRow.starts, MeetingRow.id).limit(most))).scalars().all()


async def is_changing(tx: AsyncSession, meeting: MeetingRow) -> bool:
    """Whether its last change is still under way."""
    state = (await tx.execute(select(RunRow.state).where(RunRow.id == meeting.run))).scalar()
    return state is not None and state not in ENDED


async def act_step(tx: AsyncSession, meeting: MeetingRow) -> StepRow | None:
    """The step that is the last change itself."""
    query = select(StepRow).where(StepRow.run == meeting.run, StepRow.key == ACT)
    return (await tx.execute(query.execution_options(populate_existing=True))).scalar()


async def is_uncertain(tx: AsyncSession, meeting: MeetingRow) -> bool:
    """Whether nobody knows what became of its last change."""
    last = select(StepRow.effect).where(StepRow.run == meeting.run, StepRow.key == ACT).scalar_subquery()
    state = (await tx.execute(select(EffectRow.state).where(EffectRow.id == last))).scalar()
    return state == "unknown"


async def invite_step(tx: AsyncSession, meeting: MeetingRow) -> StepRow | None:
    """The step that tells people of the last change; None where the calendar does."""
    query = select(StepRow).where(StepRow.run == meeting.run, StepRow.key == INVITE)
    return (await tx.execute(query.execution_options(populate_existing=True))).scalar()


async def mail_thread(tx: AsyncSession, meeting: str) -> tuple[str, ...]:
    """The Message-IDs of what people were sent about a meeting, oldest first."""
    query = (
        select(StepRow.result)
        .join(RunRow, (RunRow.tenant == StepRow.tenant) & (RunRow.id == StepRow.run))
        .where(RunRow.subject == f"meeting:{meeting}", StepRow.key == INVITE, StepRow.state == "done")
        .order_by(RunRow.created)
    )
    found = (await tx.execute(query)).scalars()
    return tuple(str(one["reference"]) for one in found if one and one.get("reference"))


async def in_meeting(meeting: str, person: str, tx: AsyncSession) -> bool:
    """Whether somebody is in a meeting, or asked for it."""
    try:
        row = await meeting_by_id(tx, meeting)
    except NoSuchMeeting:
        return False
    return person == row.organiser or person in row.people


async def _changed(tx: AsyncSession, run: RunRow) -> None:
    meeting = (run.subject or "").removeprefix("meeting:")
    ids = {"meeting": meeting, "key": f"meeting:{meeting}"}
    await notify(tx, "meeting", ids, place=run.place, turn=run.turn)


RUN = RunKind("meeting", _changed)
