"""A log with a key, a sequencer that runs when told, and a hand that can reach past the triggers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from governance.audit.entries import AnyEntry
from governance.audit.keys import signer_for
from governance.audit.log import record
from governance.audit.sequencer import Sequencer
from governance.audit.signed_note import VerifierKey
from storage.database import Database
from storage.embedded import EmbeddedServer

PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))

Write = Callable[..., Awaitable[list[str]]]
Tamper = Callable[..., Awaitable[int]]


@pytest.fixture
def key(tenant: str) -> VerifierKey:
    return signer_for(PRIVATE, tenant).verifier


@pytest.fixture
async def sequencer(database: Database) -> Sequencer:
    return Sequencer(database, lambda tenant: signer_for(PRIVATE, tenant))


@pytest.fixture
def write(database: Database, tenant: str, sequencer: Sequencer) -> Write:
    """Record entries, a transaction each, and number them; with `apart`, in batches of that many."""

    async def write(*entries: AnyEntry, apart: int | None = None) -> list[str]:
        ids = []
        for count, entry in enumerate(entries, 1):
            async with database.transaction(tenant) as tx:
                ids.append(await record(tx, entry))
            if apart and count % apart == 0:
                await sequencer.sequence(tenant)
        await sequencer.sequence(tenant)
        return ids

    return write


@pytest.fixture
async def owner(server: EmbeddedServer) -> AsyncIterator[psycopg.AsyncConnection]:
    """Somebody with every right on the database: sees all tenants, owns the tables, may drop triggers."""
    async with await psycopg.AsyncConnection.connect(server.owner_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def tamper(owner: psycopg.AsyncConnection) -> Tamper:
    """Change an append-only table behind the triggers' backs; returns how many rows it hit."""

    async def tamper(table: str, statement: str, *arguments: object) -> int:
        async with owner.transaction():
            await owner.execute(f"ALTER TABLE {table} DISABLE TRIGGER only_grows")
            hit = (await owner.execute(statement.encode(), arguments)).rowcount
            await owner.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER only_grows")
        return hit

    return tamper
