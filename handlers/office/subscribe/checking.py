"""Checking subscriptions: what happened since the last look is told, and what was for once ends."""

from __future__ import annotations

from collections.abc import Collection

import structlog
from sqlalchemy import select

from governance.directory import people
from governance.people import Person
from governance.visibility import scope_of
from handlers.conversation.desk import Desk
from handlers.office.subscribe.blockers import tell_blocked
from handlers.office.subscribe.looking import Looker
from handlers.office.subscribe.tables import SubscriptionRow
from handlers.office.subscribe.watched import Event, Kind, Sight, happened
from storage.notices import notify, tell_given_up
from storage.outage import is_database_away
from storage.savepoints import whole

_log = structlog.get_logger()

MOST_MARKS = 50
"""Of more parts that changed at once than these the rest is left out of the message."""


async def check_subscriptions(desk: Desk) -> None:
    """Look at everything that somebody watches, as far as they may see it now.

    What happened is told and marked in one transaction; rows that another check works on are left to it.
    """
    try:
        async with whole(desk.tx):
            await tell_blocked(desk)
    except Exception as failure:
        if is_database_away(failure):
            raise
        _log.exception("blockers_not_told")
    active = select(SubscriptionRow).where(
        SubscriptionRow.ended.is_(None), SubscriptionRow.event != Event.BLOCKED.value
    )
    rows = (await desk.tx.execute(active.with_for_update(skip_locked=True))).scalars().all()
    if not rows:
        return
    by_id = {person.id: person for person in await people(desk.tx)}
    looker = Looker(desk)
    for row in rows:
        id, person, name = row.id, row.person, row.name
        try:
            async with whole(desk.tx):
                await _check(desk, looker, row, by_id.get(person))
        except Exception as failure:
            if is_database_away(failure):
                raise
            _log.exception("subscription_not_checked", subscription=id)
            await _tell_not_checked(desk, id, person, name)


async def _check(desk: Desk, looker: Looker, row: SubscriptionRow, person: Person | None) -> None:
    if person is None or not person.active:
        row.ended = desk.now  # there is nobody to tell
        return
    sight = await looker.look(Kind(row.kind), row.subject, scope_of(person))
    if sight is not None:
        await _compare(desk, row, person, sight)


async def _tell_not_checked(desk: Desk, id: str, person: str, name: str) -> None:
    await tell_given_up(
        desk.tx,
        f"subscription:{id}",
        f"I cannot look at what you watch (“{name}”) just now: something went wrong on my side.",
        "I go on trying. Until then look at it yourself, or say “unsubscribe” and watch it anew.",
        people=(person,),
    )


async def _compare(desk: Desk, row: SubscriptionRow, person: Person, sight: Sight) -> None:
    event, seen = Event(row.event), frozenset(map(str, row.seen))
    marks = happened(event, seen, sight)
    if sight.marks != seen:
        row.seen = sorted(sight.marks)
    if marks is None:
        return
    row.fired = desk.now
    is_last = not row.each_time or sight.is_over or event in (Event.DONE, Event.APPROVED)
    row.ended = desk.now if is_last else None
    await _tell(desk, row, person, marks, is_over=sight.is_over)


async def _tell(
    desk: Desk, row: SubscriptionRow, person: Person, marks: Collection[str], *, is_over: bool
) -> None:
    ids = {"subscription": row.id, "marks": sorted(marks)[:MOST_MARKS], "is_over": is_over}
    if row.kind == Kind.INCIDENTS and row.event == Event.BEGINS:
        await notify(desk.tx, "incident_begun", ids, people=(person.id,))
    else:
        await notify(desk.tx, "subscription", ids, people=(person.id,))
