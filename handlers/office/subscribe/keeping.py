"""Subscriptions kept: made, listed, ended and taken up again."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from handlers.language.kinds import Thing
from handlers.language.matching import Ambiguous, Resolved, find, find_all
from handlers.office.subscribe.tables import SubscriptionRow
from handlers.office.subscribe.watched import STANDING, Event, Kind, Sight, Watch


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


def meant(rows: Sequence[SubscriptionRow], text: str) -> tuple[list[SubscriptionRow], bool]:
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
    return (kind.value, kind.value.removesuffix("s")) if kind in STANDING else ()
