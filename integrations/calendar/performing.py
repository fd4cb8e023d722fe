"""How the gate performs and asks about meetings: the calendar's action specs.

Whether everybody is of the department, by the address that it has of them, is established when it is ruled on
and again before anybody is invited. Who became busy meanwhile is found just before: a slot that was free when
it was shown may be taken by then."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from governance.action import Grant, Outcome, OutcomeState, Subject
from governance.authority.vocabulary import Given
from governance.people import Actor
from governance.registry import ActionSpec, EffectFailed, OutcomeUncertain, free
from governance.tables import PersonRow
from integrations import CannotTell
from integrations.calendar import Calendar, CalendarError, CalendarUnsure, Event, Span, without
from integrations.calendar.actions import BookMeeting, CancelMeeting, ChangeMeeting, MeetingAction
from storage.look import Away

AMONG_COLLEAGUES = "among_colleagues"
"""The fact that `establish_colleagues` establishes."""

InMeeting = Callable[[str, str, AsyncSession], Awaitable[bool]]
"""Whether a person (second) is in a meeting (first), or asked for it, as it stands. Meetings live in a room
above; who knows them hands this in."""


async def in_no_meeting(_meeting: str, _person: str, _tx: AsyncSession) -> bool:
    """There are no meetings, so nobody is in one."""
    return False


def specs(in_meeting: InMeeting = in_no_meeting) -> tuple[ActionSpec, ...]:
    """Every effect on calendars, for the gate's registry. Their port is called `calendar`."""

    async def establish_change(action: MeetingAction, actor: Actor, tx: AsyncSession) -> Mapping[str, Given]:
        asked_by = actor.requester
        theirs = asked_by is not None and await in_meeting(action.meeting, asked_by, tx)
        return {"in_meeting": theirs, **await establish_colleagues(action, actor, tx)}

    among, theirs = AMONG_COLLEAGUES, "in_meeting"
    return (
        ActionSpec(
            BookMeeting,
            _subject,
            effect=_book,
            port="calendar",
            ask=_ask,
            establish=_establish_booking,
            establishes=(among,),
            costs=free,
        ),
        ActionSpec(
            ChangeMeeting,
            _subject,
            effect=_change,
            port="calendar",
            ask=_ask,
            establish=establish_change,
            establishes=(among, theirs),
            costs=free,
        ),
        ActionSpec(
            CancelMeeting,
            _subject,
            effect=_cancel,
            port="calendar",
            ask=_ask_cancelled,
            establish=establish_change,
            establishes=(among, theirs),
            costs=free,
        ),
    )


async def establish_colleagues(action: MeetingAction, _actor: Actor, tx: AsyncSession) -> Mapping[str, Given]:
    """Whether everybody in it, and who asks for it, is active in the department and has the address there
    that stands in it."""
    invited = {(one.person, one.address.casefold()) for one in (action.organiser, *action.people)}
    ids = {person for person, _ in invited}
    query = select(PersonRow.id, PersonRow.email).where(PersonRow.id.in_(ids), PersonRow.active)
    known = {(row.id, (row.email or "").casefold()) for row in await tx.execute(query)}
    return {AMONG_COLLEAGUES: known == invited}


async def _establish_booking(action: BookMeeting, actor: Actor, tx: AsyncSession) -> Mapping[str, Given]:
    """The same; and who asks for it is the one whose wish it is, for nobody books in another's name."""
    facts = await establish_colleagues(action, actor, tx)
    return {AMONG_COLLEAGUES: facts[AMONG_COLLEAGUES] is True and action.organiser.person == actor.requester}


def _subject(action: MeetingAction) -> Subject:
    return Subject(
        process="meetings", decides=f"{action.meeting} {action.type} {action.span.starts.isoformat()}"
    )


async def _ask(grant: str, port: Calendar) -> Outcome | None:
    try:
        event = await port.what_happened(grant)
    except CannotTell as silent:
        return Outcome(OutcomeState.UNKNOWN, str(silent))
    return None if event is None else _done(event)


async def _ask_cancelled(grant: str, port: Calendar) -> Outcome | None:
    """Where what was cancelled is gone, that it is not found again says nothing."""
    if port.keeps_cancelled:
        return await _ask(grant, port)
    says = f"{port.title} forgets a meeting that was cancelled, so look there whether this one was."
    return Outcome(OutcomeState.UNKNOWN, says)


def _done(event: Event) -> Outcome:
    return Outcome(OutcomeState.DONE, "The calendar has it.", event.link or event.id)


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except CalendarError as refused:
        raise EffectFailed(f"{refused}.") from refused
    except Away as away:
        raise EffectFailed(f"{away}, so nothing was changed.") from away
    except CalendarUnsure as unsure:
        raise OutcomeUncertain(f"{unsure}.") from unsure


async def _book(action: BookMeeting, grant: Grant, port: Calendar) -> Outcome:
    with _refusals():
        await _demand_free(action, action.over, None, port)
        return _done(await port.create_event(grant, action.draft))


async def _change(action: ChangeMeeting, grant: Grant, port: Calendar) -> Outcome:
    with _refusals():
        if action.span != action.was:
            await _demand_free(action, action.over, action.was, port)
        return _done(await port.change_event(grant, action.draft, action.sequence))


async def _cancel(action: CancelMeeting, grant: Grant, port: Calendar) -> Outcome:
    with _refusals():
        return _done(await port.cancel_event(grant, action.meeting, action.sequence, action.reason))


async def _demand_free(action: MeetingAction, over: tuple[str, ...], was: Span | None, port: Calendar) -> None:
    """Raises EffectFailed where somebody is busy who was not known to be. The time that the meeting itself
    leaves is no obstacle to it."""
    asked = {one.address: one for one in action.people if one.person not in over}
    taken = [
        asked[one.address].name
        for one in await port.busy(tuple(asked), action.span)
        if any(span.meets(action.span) for span in (one.spans if was is None else without(one.spans, was)))
    ]
    if taken:
        raise EffectFailed(
            f"{', '.join(taken)} became busy then, so nothing was changed. Ask for another time."
        )
