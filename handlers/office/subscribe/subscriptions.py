"""Subscriptions: what can be watched, for which event, whether it happened; made, ended, taken up again."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from handlers.language.kinds import Thing
from handlers.language.matching import Ambiguous, Resolved, find, find_all
from handlers.office.subscribe.tables import SubscriptionRow


class Kind(StrEnum):
    """What a subscription is about: a thing, or something that stands or comes up in the department."""

    EPIC = "epic"
    STORY = "story"
    PLAN = "plan"
    REQUEST = "request"
    ACCOUNT = "account"
    INCIDENTS = "incidents"
    HALTS = "halts"
    FREEZES = "freezes"
    EMERGENCIES = "emergencies"
    PRIORITY = "priority"
    DEPLOYMENTS = "deployments"


STANDING: Mapping[Kind, tuple[str, str]] = {
    Kind.INCIDENTS: ("an incident begins", "an incident is over"),
    Kind.HALTS: ("the agents are halted", "the agents go on"),
    Kind.FREEZES: ("something is frozen", "a freeze is lifted"),
    Kind.EMERGENCIES: ("somebody deploys past a rule", "an emergency deployment ends"),
}
"""What stands in the department for a while, in words: that it begins, and that it ends."""


class Event(StrEnum):
    """What somebody wants to hear of."""

    DONE = "done"
    BLOCKED = "blocked"
    APPROVED = "approved"
    CHANGES = "changes"
    BEGINS = "begins"
    ENDS = "ends"


@dataclass(frozen=True, slots=True)
class Watch:
    """A thing (by its kind and id, and as it was called) and an event; once, or each time."""

    kind: Kind
    subject: str
    name: str
    event: Event
    each_time: bool = False


@dataclass(frozen=True, slots=True)
class Sight:
    """How a thing looks: `marks` are its parts with their state, or what stands now.

    `is_over`: it was cancelled or given up, so what is waited for will not come.
    """

    marks: frozenset[str]
    is_done: bool = False
    is_approved: bool = False
    is_over: bool = False


def happened(event: Event, seen: frozenset[str], sight: Sight) -> frozenset[str] | None:
    """What of the marks makes the event, compared with those `seen` last; None if it did not happen.

    Blockers are found by their own events (`blockers.py`), and never here.
    """
    match event:
        case Event.DONE:
            return sight.marks if sight.is_done or sight.is_over else None
        case Event.APPROVED:
            return sight.marks if sight.is_approved or sight.is_over else None
        case Event.CHANGES:
            return sight.marks - seen or None
        case Event.BEGINS:
            return sight.marks - seen or None
        case Event.ENDS:
            return seen - sight.marks or None
        case Event.BLOCKED:
            return None


def watch_text(watch: Watch) -> str:
    """The event in words, as the end of "I tell you …": `when Refunds (ABC-1) is done`."""
    how = "each time" if watch.each_time else "when"
    if watch.kind in STANDING:
        begins, ends = STANDING[watch.kind]
        return f"{how} {begins if watch.event is Event.BEGINS else ends}"
    if watch.kind is Kind.DEPLOYMENTS:
        return f"{how} {deployed_text(watch.subject)}"
    if watch.kind is Kind.PRIORITY:
        return f"{how} a story becomes {watch.subject}"
    return f"{how} {_EVENTS[watch.event].format(called(watch))}"


def deployed_text(subject: str) -> str:
    """What deployments are about, by their `service/stage`, of which either may be missing."""
    service, _, stage = subject.partition("/")
    return f"{service or 'anything'} is deployed or rolled back{f' in {stage}' if stage else ''}"


def called(watch: Watch) -> str:
    """The thing by its name and id."""
    return f"{watch.name} ({watch.subject})"


_EVENTS = {
    Event.DONE: "{} is done",
    Event.BLOCKED: "{} or anything of it gets blocked",
    Event.APPROVED: "{} is approved",
    Event.CHANGES: "something of {} changes",
}


def nothing_to_come(watch: Watch, sight: Sight) -> str | None:
    """Why there is nothing to wait for: it has happened already, or never will."""
    if sight.is_over and watch.event in (Event.DONE, Event.APPROVED, Event.BLOCKED):
        return f"{called(watch)} was cancelled, so there is nothing to wait for."
    if sight.is_done and watch.event in (Event.DONE, Event.BLOCKED):
        return f"{called(watch)} is done already."
    if sight.is_approved and watch.event is Event.APPROVED:
        return f"{called(watch)} is approved already."
    return None


async def subscribe(tx: AsyncSession, person: str, watch: Watch, sight: Sight) -> tuple[str, bool]:
    """Watch something for somebody, from how it looks now. Returns the subscription's id, and whether it is
    new: the same one twice is one, and then as often as was said last."""
    for row in await active(tx, person):
        same = (row.kind, row.subject, row.event) == (watch.kind, watch.subject, watch.event)
        if same:
            is_new = row.each_time != watch.each_time
            row.each_time = watch.each_time
            return row.id, is_new
    row = SubscriptionRow(
        id=f"su_{secrets.token_hex(6)}",
        person=person,
        kind=watch.kind.value,
        subject=watch.subject,
        name=watch.name,
        event=watch.event.value,
        each_time=watch.each_time,
        seen=sorted(sight.marks),
    )
    tx.add(row)
    return row.id, True


async def active(tx: AsyncSession, person: str) -> Sequence[SubscriptionRow]:
    """What somebody is subscribed to, oldest first."""
    query = select(SubscriptionRow).where(SubscriptionRow.person == person, SubscriptionRow.ended.is_(None))
    return (await tx.execute(query.order_by(SubscriptionRow.made, SubscriptionRow.id))).scalars().all()


async def of_person(tx: AsyncSession, person: str, ids: Sequence[str]) -> Sequence[SubscriptionRow]:
    """Those of `ids` that are this person's, ended ones too."""
    query = select(SubscriptionRow).where(SubscriptionRow.person == person, SubscriptionRow.id.in_(ids))
    return (await tx.execute(query)).scalars().all()


def find_subscriptions(rows: Sequence[SubscriptionRow], text: str) -> tuple[list[SubscriptionRow], bool]:
    """The subscriptions that words name, by the name or id of what they are about, and whether surely: a
    part of a name may fit several things."""
    by_id = {_id(row): Thing(_id(row), row.name, _aliases(row)) for row in rows}
    things = tuple(by_id.values())
    ids = {thing.id for thing in find_all(text, things)}
    sure = bool(ids)
    if not ids:
        match find(text, things):
            case Resolved(thing):
                ids, sure = {thing.id}, True
            case Ambiguous(candidates):
                ids = {thing.id for thing in candidates}
    return [row for row in rows if _id(row) in ids], sure


def end(rows: Sequence[SubscriptionRow], now: datetime) -> None:
    """Watch these no longer."""
    for row in rows:
        row.ended = now


def take_up(row: SubscriptionRow, sight: Sight) -> None:
    """Watch it again, from how it looks now."""
    row.ended, row.seen = None, sorted(sight.marks)


def watch_of(row: SubscriptionRow) -> Watch:
    """What a row is about."""
    return Watch(Kind(row.kind), row.subject, row.name, Event(row.event), row.each_time)


def _id(row: SubscriptionRow) -> str:
    return row.subject or row.kind


def _aliases(row: SubscriptionRow) -> tuple[str, ...]:
    kind = Kind(row.kind)
    if kind is Kind.DEPLOYMENTS:
        return tuple(filter(None, (row.subject.partition("/")[0], "deployments", "deployment")))
    return (kind.value, kind.value.removesuffix("s")) if kind in STANDING else ()
