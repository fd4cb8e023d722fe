"""`schedule_meeting`: a time that suits everybody, booked, moved and cancelled by word."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from agents.meetings.meeting_run import NoSuchMeeting, meeting_by_id
from agents.meetings.slots import Attendee, Slot, best_slots, next_best, slot_at, without_own
from agents.meetings.tables import MeetingRow
from governance.permissions import KNOWN
from governance.visibility import scope_of
from handlers.conversation.cards import Button, Reply
from handlers.conversation.desk import Desk
from handlers.conversation.handler import Asked, CannotAnswer, Group, Handler, Risk
from handlers.conversation.origin import known
from handlers.conversation.turn import Clicked, Turn
from handlers.conversation.wording import listed
from handlers.delivery.schedule_meeting import changing
from handlers.delivery.schedule_meeting.cards import offer, slot_label, unread_words
from handlers.delivery.schedule_meeting.finding import (
    LOOKED_AHEAD,
    About,
    When,
    about_meant,
    attendees,
    busy_of,
    people_meant,
    usual_people,
    when_meant,
)
from handlers.delivery.schedule_meeting.kinds import names_in
from handlers.delivery.schedule_meeting.parse import (
    MeetingSaid,
    Wish,
    read_meeting,
    says_day,
    shift_in,
    split_move,
)
from handlers.delivery.schedule_meeting.which import means_meeting, meeting_meant
from integrations.calendar import LONGEST_LOOK, Busy, Span

_OFFERED = 4
_ANYWAY = re.compile(r"\banyway\b", re.IGNORECASE)


async def answer(turn: Turn, asked: Asked, desk: Desk) -> Reply:
    """Book, move, cancel, invite, or say when people are free. Raises NotOrdered, CannotAnswer, Unclear."""
    said = read_meeting(asked.text)
    match said.wish:
        case Wish.CANCEL:
            row = await meeting_meant(turn, desk, asked.text)
            return await changing.cancel(turn, desk, row, await _in_it(desk, row))
        case Wish.MOVE:
            return await _move(turn, desk, asked.text)
        case Wish.INVITE:
            return await _invite(turn, desk, asked.text)
        case _:
            return await _book(turn, desk, asked.text, said)


async def _book(turn: Turn, desk: Desk, text: str, said: MeetingSaid) -> Reply:
    person = known(turn)
    about = await about_meant(desk, person, said.about)
    named = await people_meant(desk, _people_words(text, said), but=(person.id,))
    usual = () if named else await usual_people(desk, said.kind, about)
    others = named or tuple(one for one in usual if one != person.id)
    if not others:
        raise CannotAnswer(
            "With whom? Name people, a team or a role, such as “book 30 minutes with the senior architects on"
            " Monday”."
        )
    people = await attendees(desk, (person.id, *others), await names_in(desk))
    about, left_out = await _for_all(desk, about, others)
    when = when_meant(desk, person, said.when)
    busy = await busy_of(desk, people, _whole(when, said.length, desk.now))
    note = " ".join(filter(None, (unread_words(people, busy), left_out)))
    slots = _slots(people, busy, when, said.length, desk.now)
    fits = bool(slots) and (not slots[0].without or _ANYWAY.search(text) is not None)
    if said.wish is Wish.ASK or not fits:
        return _offered(people, busy, said, when, slots, note, desk.now)
    title = f"{said.kind}: {about.name}" if about.name else _title_with(said.kind, people)
    return await changing.book(turn, desk, title, about, people, slots[0], note)


def _people_words(text: str, said: MeetingSaid) -> str:
    return text.replace(said.about, " ", 1) if said.about else text


def _title_with(kind: str, people: Sequence[Attendee]) -> str:
    names = listed(one.name.split()[0] for one in people[1:4])
    return f"{kind} with {names}" if len(people) <= 4 else f"{kind} with {names} and others"


async def _for_all(desk: Desk, about: About, others: Sequence[str]) -> tuple[About, str]:
    """The same without its pre-read where somebody invited may not see everything."""
    everybody = await names_in(desk)
    narrow = [everybody[one].name for one in others if not scope_of(everybody[one]).everything]
    if about.pre_read is None or not narrow:
        return about, ""
    says = f"{about.pre_read.name} is not attached: {listed(narrow)} may not see all of it."
    return About(about.name, about.text, None, about.team), says


def _whole(when: When, length: timedelta, now: datetime) -> Span:
    """What calendars are looked at over: everything from now on that may be offered."""
    last = when.at + length if when.at is not None else max(window.ends for window in when.windows)
    return Span(now, max(last, min(last, now + LONGEST_LOOK - LOOKED_AHEAD) + LOOKED_AHEAD))


def _slots(
    people: Sequence[Attendee], busy: dict[str, Busy], when: When, length: timedelta, now: datetime
) -> tuple[Slot, ...]:
    """The best times within what was asked for; at a moment that was said, that one and who cannot be there."""
    if when.at is not None:
        return (slot_at(people, busy, Span(when.at, when.at + length)),)
    return best_slots(people, busy, when.windows, length, now, _OFFERED)


def _offered(
    people: Sequence[Attendee],
    busy: dict[str, Busy],
    said: MeetingSaid,
    when: When,
    slots: Sequence[Slot],
    note: str,
    now: datetime,
) -> Reply:
    """Times with a button each: those asked for, or else the nearest ones; and those at which few are
    missed."""
    zone = people[0].calendar.time_zone
    lead = "These times suit everybody."
    shown = list(slots)
    if not slots or slots[0].without:
        around = (Span(now, _whole(when, said.length, now).ends),)
        free = best_slots(people, busy, around, said.length, now, _OFFERED - 1)
        near = () if free else next_best(people, busy, when.windows, said.length, now, _OFFERED - 1)
        near = near or (() if free else next_best(people, busy, around, said.length, now, _OFFERED - 1))
        shown += [*free, *near]
        lead = "Then not everybody can. These times suit everybody."
        if not free:
            lead = "I found no time that suits everybody. At these the fewest are missing."
        if not shown:
            raise CannotAnswer(f"I found no time in people's working hours until then. Say another one. {note}")
    buttons = [Button(f"Book {slot_label(slot, zone)}", "ask", _again(people, said, slot)) for slot in shown]
    title = f"When for “{said.title}”?"
    return offer(title, f"{lead} {note}".strip(), shown, buttons, zone)


def _again(people: Sequence[Attendee], said: MeetingSaid, slot: Slot) -> str:
    """The same request with its time, in words that say it exactly."""
    names = ", ".join(one.name for one in people[1:])
    minutes = int(said.length.total_seconds() // 60)
    subject = f" about {said.about}" if said.about else ""
    at = f"{slot.span.starts.astimezone(UTC):%Y-%m-%d %H:%M}Z"
    anyway = " anyway" if slot.without else ""
    return f"schedule_meeting book{anyway} a {minutes} minute {said.kind} with {names}{subject}, at {at}"


async def _move(turn: Turn, desk: Desk, text: str) -> Reply:
    person = known(turn)
    which, to = split_move(text)
    row = await meeting_meant(turn, desk, which)
    await changing.demand_changeable(desk, row)
    people = await _in_it(desk, row)
    length = row.ends - row.starts
    if (shift := shift_in(text)) is not None:
        return await _move_to(turn, desk, row, people, Span(row.starts + shift, row.ends + shift))
    if not to:
        return await _another(desk, row, people)
    when = when_meant(desk, person, to)
    zone = ZoneInfo(person.time_zone)
    day = _only_day(when, zone)
    if when.at is not None and not says_day(to):
        # "to 4" is the day that it stands on.
        clock = when.at.astimezone(zone).time()
        at = datetime.combine(row.starts.astimezone(zone).date(), clock, zone).astimezone(UTC)
        return await _move_to(turn, desk, row, people, Span(at, at + length))
    if when.at is not None:
        return await _move_to(turn, desk, row, people, Span(when.at, when.at + length))
    looked = await busy_of(desk, people, _whole(when, length, desk.now), but=row.id)
    busy = without_own(looked, Span(row.starts, row.ends))
    if day is not None:
        # Another day at the same hour, where that suits everybody.
        clock = row.starts.astimezone(zone).time()
        at = datetime.combine(day, clock, zone).astimezone(UTC)
        slot = slot_at(people, busy, Span(at, at + length))
        if not slot.without and at > desk.now:
            return await changing.change(turn, desk, row, people, slot, unread_words(people, busy))
    slots = best_slots(people, busy, when.windows, length, desk.now, 1)
    if not slots:
        return await _another(desk, row, people, "Then not everybody can.")
    return await changing.change(turn, desk, row, people, slots[0], unread_words(people, busy))


def _only_day(when: When, zone: ZoneInfo) -> date | None:
    if when.at is not None or len(when.windows) != 1 or not when.is_said:
        return None
    (window,) = when.windows
    return window.starts.astimezone(zone).date() if window.ends - window.starts <= timedelta(hours=25) else None


async def _move_to(
    turn: Turn, desk: Desk, row: MeetingRow, people: Sequence[Attendee], span: Span, *, anyway: bool = False
) -> Reply:
    if span.starts <= desk.now:
        raise CannotAnswer("That time is over. Say another one.")
    looked = Span(span.starts, span.starts + timedelta(days=1))
    busy = without_own(await busy_of(desk, people, looked, but=row.id), Span(row.starts, row.ends))
    slot = slot_at(people, busy, span)
    if slot.without and not anyway:
        return await _another(desk, row, people, "Then not everybody can.", slot)
    return await changing.change(turn, desk, row, people, slot, unread_words(people, busy))


async def _another(
    desk: Desk, row: MeetingRow, people: Sequence[Attendee], lead: str = "", first: Slot | None = None
) -> Reply:
    """Other times for a meeting, each a press."""
    around = Span(desk.now, desk.now + LOOKED_AHEAD)
    busy = without_own(await busy_of(desk, people, around, but=row.id), Span(row.starts, row.ends))
    length = row.ends - row.starts
    slots = best_slots(people, busy, (around,), length, desk.now, _OFFERED)
    slots = slots or next_best(people, busy, (around,), length, desk.now, _OFFERED)
    shown = [one for one in (*((first,) if first else ()), *slots) if one.span != Span(row.starts, row.ends)]
    if not shown:
        raise CannotAnswer(f"I found no other time for “{row.title}” in the next two weeks.")
    buttons = [
        Button(
            f"Move to {slot_label(one, row.zone)}", "meeting_move", f"{row.id} {one.span.starts.isoformat()}"
        )
        for one in shown
    ]
    says = f"{lead} {unread_words(people, busy)} It stands as it is until you choose.".strip()
    return offer(f"Another time for “{row.title}”", says, shown, buttons, row.zone)


async def _invite(turn: Turn, desk: Desk, text: str) -> Reply:
    who, _, which = text.rpartition(" to ")
    row = await meeting_meant(turn, desk, which)
    new = await people_meant(desk, who, but=row.people)
    if not new:
        raise CannotAnswer(f"Whom shall I invite to “{row.title}”? Name somebody who is not in it yet.")
    people = await attendees(desk, (*row.people, *new), await names_in(desk))
    span = Span(row.starts, row.ends)
    busy = without_own(await busy_of(desk, people, span, but=row.id), span)
    return await changing.change(
        turn, desk, row, people, slot_at(people, busy, span), unread_words(people, busy)
    )


async def _in_it(desk: Desk, row: MeetingRow) -> tuple[Attendee, ...]:
    """Everybody in a meeting who is still of the department, whoever asked for it first."""
    everybody = await names_in(desk)
    there = [one for one in (row.organiser, *row.people) if one in everybody]
    if not there:
        raise CannotAnswer(f"Nobody in “{row.title}” is of the department any more.")
    return await attendees(desk, tuple(dict.fromkeys(there)), everybody)


async def _pressed(turn: Turn, desk: Desk) -> tuple[MeetingRow, str]:
    if not isinstance(turn.what, Clicked):
        raise TypeError("a press is a click")
    meeting, _, rest = turn.what.subject.partition(" ")
    try:
        return await meeting_by_id(desk.tx, meeting), rest
    except NoSuchMeeting:
        raise CannotAnswer("This meeting is not there any more.") from None


async def _press_another(turn: Turn, desk: Desk) -> Reply:
    row, _ = await _pressed(turn, desk)
    await changing.demand_changeable(desk, row)
    return await _another(desk, row, await _in_it(desk, row))


async def _press_move(turn: Turn, desk: Desk) -> Reply:
    row, at = await _pressed(turn, desk)
    starts = datetime.fromisoformat(at)
    span = Span(starts, starts + (row.ends - row.starts))
    people = await _in_it(desk, row)
    if row.state == "booking":
        busy = await busy_of(desk, people, span, but=row.id)
        slot = slot_at(people, busy, span)
        return await changing.book_again(turn, desk, row, people, slot, unread_words(people, busy))
    return await _move_to(turn, desk, row, people, span, anyway=True)


async def _press_cancel(turn: Turn, desk: Desk) -> Reply:
    row, _ = await _pressed(turn, desk)
    return await changing.cancel(turn, desk, row, await _in_it(desk, row))


HANDLER = Handler(
    name="schedule_meeting",
    purpose="Find a time, invite, attach a pre-read",
    example="schedule review for Monday with senior architects",
    group=Group.PLAN,
    permission=KNOWN,
    answer=answer,
    presses={"meeting_another": _press_another, "meeting_move": _press_move, "meeting_cancel": _press_cancel},
    risk=Risk.ACTS,
    means=means_meeting,
)
