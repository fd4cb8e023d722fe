"""A meeting's card, and the card that offers times for one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC
from zoneinfo import ZoneInfo

from agents.meetings.meeting_run import act_step, invite_step
from agents.meetings.slots import Attendee, Slot
from agents.meetings.tables import MeetingRow
from agents.work.tables import StepRow
from governance.facts import Fact, Source
from handlers.conversation.cards import (
    Block,
    Button,
    Buttons,
    Card,
    Fields,
    Link,
    Moment,
    Reply,
    Small,
    Text,
    Tone,
)
from handlers.conversation.desk import Desk
from handlers.conversation.wording import listed, names_of_people
from integrations.calendar import Busy, Span
from integrations.calendar.actions import BookMeeting, CancelMeeting, ChangeMeeting, when_words

_UNDER_WAY = {
    BookMeeting.type: "Being booked",
    ChangeMeeting.type: "Being changed",
    CancelMeeting.type: "Being cancelled",
}
_FAILED = {
    BookMeeting.type: "Not booked",
    ChangeMeeting.type: "Not changed",
    CancelMeeting.type: "Not cancelled",
}
_DONE = {BookMeeting.type: "Booked", ChangeMeeting.type: "Changed", CancelMeeting.type: "Cancelled"}


async def meeting_reply(desk: Desk, row: MeetingRow) -> Reply:
    """The meeting as it stands, and what became of its last change."""
    step, invited = await act_step(desk.tx, row), await invite_step(desk.tx, row)
    kind = str(step.args["type"]) if step is not None else BookMeeting.type
    title, tone = _standing(kind, step)
    names = await names_of_people(desk.tx)
    who = listed(names.get(one, one) for one in row.people)
    span = Span(row.starts, row.ends)
    minutes = int((span.ends - span.starts).total_seconds() // 60)
    blocks: list[Block] = [
        Text((Moment(row.starts), f", {minutes} minutes.")),
        Fields(
            (("When", when_words(span, row.zone)), ("Who", who), ("Asked for by", names.get(row.organiser, "")))
        ),
    ]
    if elsewhere := _elsewhere(desk, row):
        blocks.append(Small((elsewhere,)))
    if row.pre_read is not None:
        blocks.append(Small((f"Read before: {row.pre_read['name']}",)))
    if row.link is not None and row.state == "booked":
        blocks.append(Text((Link("Meet online", row.link),)))
    said = _said(step, invited, tells=desk.ports.calendar.title if desk.ports.calendar.invites else "")
    if said:
        blocks.append(Text((said,)))
    if buttons := _buttons(row, title):
        blocks.append(Buttons(buttons))
    heading = f"{title}: {row.title}"
    source = Source("query", f"meeting {row.id}")
    facts = (
        Fact("starts", f"Start of {row.title}", row.starts.astimezone(UTC).isoformat(), "", desk.now, source),
        Fact("minutes", f"Length of {row.title}", minutes, "minutes", desk.now, source),
    )
    text = f"{heading}. {when_words(span, row.zone)}, with {who}. {said}".strip()
    return Reply(text, (Card(heading, tuple(blocks), tone),), facts, key=f"meeting:{row.id}")


def _standing(kind: str, step: StepRow | None) -> tuple[str, Tone]:
    state = "done" if step is None else step.state
    if state == "done":
        return _DONE[kind], "plain" if kind == CancelMeeting.type else "good"
    if state in ("failed", "left", "cancelled"):
        return _FAILED[kind], "bad"
    return _UNDER_WAY[kind], "waiting"


def _said(step: StepRow | None, invited: StepRow | None, *, tells: str) -> str:
    """What became of it in words: why it failed, who could not be asked, whether people were told."""
    if step is None:
        return ""
    if step.state in ("failed", "left", "cancelled"):
        return step.detail or "Nothing was changed."
    parts = [str(step.args.get("impact", ""))]
    if step.state == "done" and tells:
        parts.append(f"{tells} told everybody.")
    if invited is not None:
        parts.append(
            {
                "done": invited.detail or "Everybody was sent the invitation by mail.",
                "failed": f"The mail did not go out: {invited.detail}",
            }.get(invited.state, "The invitations go out by mail.")
        )
    return " ".join(filter(None, parts))


def _elsewhere(desk: Desk, row: MeetingRow) -> str:
    """The hour on the clocks of whoever works in another zone."""
    zones = {
        desk.department.calendar_of(entry.id).time_zone
        for entry in desk.department.people
        if entry.id in row.people
    }
    others = sorted(zones - {row.zone})
    return ", ".join(
        f"{row.starts.astimezone(ZoneInfo(zone)):%a %H:%M} in {zone.rpartition('/')[2].replace('_', ' ')}"
        for zone in others
    )


def _buttons(row: MeetingRow, title: str) -> tuple[Button, ...]:
    if row.state == "booked" and not title.startswith("Being"):
        return (
            Button("Another time", "meeting_another", row.id),
            Button("Cancel", "meeting_cancel", row.id, "danger"),
        )
    if title == "Not booked":
        return (Button("Another time", "meeting_another", row.id),)
    return ()


def offer(
    title: str,
    lead: str,
    slots: Sequence[Slot],
    buttons: Sequence[Button],
    zone: str,
    more: Sequence[Button] = (),
) -> Reply:
    """Times to choose from, each with whoever cannot be there then."""
    lines = [_line(slot, zone) for slot in slots]
    blocks: list[Block] = [
        Text((lead,)),
        *(Text((Moment(slot.span.starts), f": {_who(slot)}")) for slot in slots),
    ]
    blocks.append(Buttons((*buttons, *more)))
    text = " ".join((lead, "; ".join(lines))).strip()
    return Reply(text=f"{text}.", cards=(Card(title, tuple(blocks), "waiting"),))


def slot_label(slot: Slot, zone: str) -> str:
    """A time on a button."""
    at = slot.span.starts.astimezone(ZoneInfo(zone))
    return f"{at:%a} {at.day} {at:%b %H:%M}"


def unread_words(people: Sequence[Attendee], busy: Mapping[str, Busy]) -> str:
    """Whose calendar could not be read, and so counted as free; empty where all were."""
    unread = [f"{one.name} ({busy[one.address].why})" for one in people if busy[one.address].why]
    return f"Not known whether free: {listed(unread)}." if unread else ""


def _line(slot: Slot, zone: str) -> str:
    return f"{when_words(slot.span, zone)}: {_who(slot)}"


def _who(slot: Slot) -> str:
    if not slot.without:
        return "everybody can"
    return "without " + listed(f"{one.name} ({one.why})" for one in slot.without)
