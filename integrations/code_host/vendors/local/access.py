"""People's way in with their own git: a token each, of which only the digest is kept."""

from __future__ import annotations

import hashlib
import secrets
from datetime import UTC, datetime

from sqlalchemy import delete, select

from governance.directory import NoSuchPerson, person_by_id
from integrations.code_host.vendors.local.tables import TokenRow
from storage.database import Database

_PREFIX = "csg_"


async def new_token(database: Database, tenant: str, person: str) -> str:
    """A person's token, said this once; the one before it ends. Raises NoSuchPerson."""
    token = _PREFIX + secrets.token_urlsafe(32)
    async with database.transaction(tenant) as tx:
        if not (await person_by_id(tx, person)).active:
            raise NoSuchPerson(f"{person} is not with the department any more")
        await tx.execute(delete(TokenRow).where(TokenRow.person == person))
        tx.add(TokenRow(digest=_digest(token), person=person, made=datetime.now(UTC)))
    return token


async def whose(database: Database, tenant: str, token: str) -> str | None:
    """The person whose token this is, if they are still with the department."""
    async with database.transaction(tenant) as tx:
        query = select(TokenRow.person).where(TokenRow.digest == _digest(token))
        person = (await tx.execute(query)).scalar()
        if person is None or not (await person_by_id(tx, person)).active:
            return None
        return person


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()
