"""Somebody is told that they decide for somebody else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from governance.people import Person
from governance.tables import DelegationRow
from handlers.conversation.cards import Bold, Card, Moment, Reply, Text
from handlers.conversation.desk import Desk
from handlers.conversation.wording import last_minute, names_of_people, until_text
from handlers.notices import NoticeKind


async def render(desk: Desk, ids: Mapping[str, Any], person: Person | None) -> Reply | None:
    """For whom, and from when until when."""
    query = select(DelegationRow).where(DelegationRow.id == ids["delegation"])
    row = (await desk.tx.execute(query)).scalar_one()
    if row.ended is not None:
        return None
    who = (await names_of_people(desk.tx))[row.from_person]
    until = until_text(row.ends, person)
    last = last_minute(row.ends, person.time_zone if person else "UTC")
    text = f"You decide for {who} until {until}. “What waits for my approval?” includes their votes."
    parts = ("You decide for ", Bold(who), " from ", Moment(row.starts), " until ", Moment(last), ".")
    return Reply(text=text, cards=(Card(f"You decide for {who}", (Text(parts),)),), key=ids["key"])


NOTICE = NoticeKind("delegated", render)
