"""Who stands behind a change that is being made: re-read from the rows, never taken from an argument."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from governance.action import Grant
from governance.directory import NoSuchPerson, person_by_id
from governance.effects import actor_of
from governance.people import Actor, Person
from governance.tables import EffectRow


@dataclass(frozen=True, slots=True)
class Submitter:
    """The person who asks in person, from which chat identity, and when it is being done."""

    person: Person
    identity: str | None
    at: datetime


async def submitter(tx: AsyncSession, grant: Grant) -> Submitter:
    """Who submitted the effect that this grant is for. Raises NoSuchPerson for what nobody asked for."""
    row = (await tx.execute(select(EffectRow).where(EffectRow.id == grant.effect))).scalar_one()
    actor = actor_of(row)
    return Submitter(await asking(tx, actor), actor.identity, grant.minted_at)


async def asking(tx: AsyncSession, actor: Actor) -> Person:
    """The person who acts, or for whom an agent acts. Raises NoSuchPerson."""
    if actor.requester is None:
        raise NoSuchPerson("nobody asked for this")
    return await person_by_id(tx, actor.requester)
