"""People as a chat platform knows them, and whom of the department they are.

A member whose verified email address the department knows is linked at first contact; everybody else
stays unknown until somebody links them (`access`). Whoever has left, and whoever is a bot or from
another company, speaks as nobody.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from bot.platforms.tables import PlatformUserRow
from governance.actions.access import UnlinkIdentity
from governance.audit.entries import Absence, Entry, EntryKind, NotApplicable
from governance.audit.log import record
from governance.audit.log_names import log_names
from governance.people import Actor
from governance.tables import EffectRow, IdentityRow, PersonRow
from storage import direct
from storage.database import atomically

Standing = Literal["member", "guest", "stranger", "bot", "gone"]

LINKED_FOR = timedelta(hours=24)
"""How long a linked identity is believed before the platform is asked again; events are quicker."""

UNLINKED_FOR = timedelta(minutes=5)
"""The same for somebody who is nobody yet: they may just have been given an address, or linked by hand."""


@dataclass(frozen=True, slots=True)
class Profile:
    """Somebody as their platform describes them. `email` is given only where the platform verified it."""

    identity: str
    name: str
    standing: Standing
    email: str | None = None


# Asked in every turn.
_CHECKED = """
    SELECT checked, person FROM platform_users
    LEFT JOIN identities USING (tenant, identity)
    WHERE identity = %(identity)s
"""


async def is_known(tx: AsyncSession, identity: str, now: datetime) -> bool:
    """Whether the platform told us about this identity recently enough."""
    found = await direct.row(tx, _CHECKED, {"identity": identity})
    return found is not None and found[0] > now - (LINKED_FOR if found[1] else UNLINKED_FOR)


async def seen(tx: AsyncSession, beginning: str, end: str) -> Sequence[str]:
    """The identities that ever spoke to us and are written so at both ends."""
    row = PlatformUserRow.identity
    query = select(row).where(row.startswith(beginning, autoescape=True), row.endswith(end, autoescape=True))
    return (await tx.execute(query.order_by(row))).scalars().all()


async def take_note_of(tx: AsyncSession, profile: Profile, now: datetime) -> None:
    """Keep what a platform says of somebody; link or unlink them as it follows from that."""
    async with atomically(tx):
        await _take_note_of(tx, profile, now)


async def _take_note_of(tx: AsyncSession, profile: Profile, now: datetime) -> None:
    values = {"name": profile.name[:200], "standing": profile.standing, "checked": now}
    row = insert(PlatformUserRow).values(identity=profile.identity, **values)
    await tx.execute(row.on_conflict_do_update(index_elements=["tenant", "identity"], set_=values))
    query = select(IdentityRow.person).where(IdentityRow.identity == profile.identity)
    linked = (await tx.execute(query)).scalar()
    if linked is not None and profile.standing in ("stranger", "bot", "gone"):
        await tx.execute(delete(IdentityRow).where(IdentityRow.identity == profile.identity))
        await _record(tx, profile, linked, "access.identity_gone", "their chat account is closed or not ours")
    elif linked is None and profile.standing == "member" and profile.email:
        await _link(tx, profile, profile.email)


async def _link(tx: AsyncSession, profile: Profile, email: str) -> None:
    known = select(PersonRow.id).where(func.lower(PersonRow.email) == email.lower(), PersonRow.active)
    people = (await tx.execute(known.limit(2))).scalars().all()
    if len(people) != 1 or await _was_unlinked(tx, profile.identity):
        return
    added = insert(IdentityRow).values(identity=profile.identity, person=people[0]).on_conflict_do_nothing()
    if (await tx.execute(added.returning(IdentityRow.person))).scalar() is not None:
        await _record(
            tx, profile, people[0], "access.identity_linked", "the platform verified the email address"
        )


async def _was_unlinked(tx: AsyncSession, identity: str) -> bool:
    """Whether people decided that this identity speaks as nobody: an address does not overrule them."""
    query = select(EffectRow.id).where(
        EffectRow.action_type == UnlinkIdentity.type,
        EffectRow.state == "done",
        EffectRow.body["identity"].astext == identity,
    )
    return (await tx.execute(query.limit(1))).scalar() is not None


async def _record(tx: AsyncSession, profile: Profile, person: str, type_: str, why: str) -> None:
    linked = type_ == "access.identity_linked"
    called = (await log_names(tx, [person]))[person]
    await record(
        tx,
        Entry(
            kind=EntryKind.ACCESS,
            type=type_,
            actor=Actor("system", "platforms"),
            subject=called,
            details={"identity": profile.identity, "standing": profile.standing, "email": profile.email},
            rationale=f"Because {why}.",
            approvals=NotApplicable(not_applicable=Absence.NO_APPROVAL_NEEDED),
            impact=f"This identity {'speaks as this person' if linked else 'speaks as nobody any more'}.",
            rollback_plan="Unlink the identity." if linked else "Link the identity again.",
            artifacts=NotApplicable(not_applicable=Absence.NO_ARTIFACTS),
        ),
    )
