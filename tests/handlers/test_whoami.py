"""Who somebody is here."""

from __future__ import annotations

from sqlalchemy import delete

from governance.tables import PersonRoleRow
from tests.handlers.conftest import Talk


async def test_roles_are_named(talk: Talk) -> None:
    (reply,) = (await talk.say("nathan", "/whoami")).replies
    assert "(SRE lead)" in reply.text


async def test_somebody_new_is_told_who_gives_roles(talk: Talk) -> None:
    async with talk.database.transaction(talk.tenant) as tx:
        await tx.execute(delete(PersonRoleRow).where(PersonRoleRow.person == "nathan"))
    (reply,) = (await talk.say("nathan", "/whoami")).replies
    assert "none yet; the engineering director and the compliance officer give them together" in reply.text
