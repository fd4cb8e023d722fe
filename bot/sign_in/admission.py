"""Who is let in: the active person whom a proved identity is linked to, as the directory has it now."""

from __future__ import annotations

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.sign_in.ways import SignInFailed, Way
from governance.directory import person_by_identity
from governance.people import Person
from governance.tables import IdentityRow


class NotLinked(SignInFailed):
    """The identity belongs to nobody in the department yet."""

    def __init__(self, identity: str, way: Way) -> None:
        text = (
            f"{way.label} says that you are {identity}, and the department does not know who that is yet."
            f" Write to Countersign in {way.chat} first: that links you by your verified email address. Or ask"
            " the engineering director or the compliance officer to link you (“access” in chat)."
        )
        super().__init__(text, why="not_linked", status=403, identity=identity)


class NotActive(SignInFailed):
    """The person has left."""

    def __init__(self, identity: str) -> None:
        text = (
            "You are no longer active in this department. If that is wrong, ask the engineering director or the"
            " compliance officer."
        )
        super().__init__(text, why="not_active", status=403, identity=identity)


async def linked_as(tx: AsyncSession, identity: str, way: Way) -> str:
    """The identity under which the department knows the account that was proved: this one; or, where it is
    nobody's, another of the same account, if all that are linked are one person's."""
    row = IdentityRow.identity
    ends = way.elsewhere(identity)
    if ends is None or (await tx.execute(select(row).where(row == identity))).scalar() is not None:
        return identity
    beginning, end = ends
    same = row.startswith(beginning, autoescape=True), row.endswith(end, autoescape=True)
    found = (await tx.execute(select(row, IdentityRow.person).where(*same).order_by(row))).all()
    return found[0].identity if len({each.person for each in found}) == 1 else identity


async def admitted(tx: AsyncSession, identity: str, way: Way) -> Person:
    """The person who may come in with this identity. Raises NotLinked and NotActive."""
    person = await person_by_identity(tx, identity)
    if person is not None:
        return person
    linked = await tx.execute(select(exists().where(IdentityRow.identity == identity)))
    if linked.scalar_one():
        raise NotActive(identity)
    raise NotLinked(identity, way)
