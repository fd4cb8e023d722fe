"""Databases of their own on the tests' server, for tests whose workers take every job that they find."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text

from storage import embedded
from storage.database import Database
from storage.migrate import migrate


@dataclass(frozen=True)
class OwnDatabase:
    """A migrated database that no other test uses, with one tenant in it."""

    url: str
    owner_url: str
    tenant: str
    database: Database


@asynccontextmanager
async def database_of_its_own(server: embedded.EmbeddedServer, name: str) -> AsyncIterator[OwnDatabase]:
    """Open the database `name`, with a tenant of that name."""
    own = embedded.start(Path(server.handle.pgdata), database=name)
    migrate(own.owner_url)
    opened = Database.open(own.app_url)
    async with opened.untenanted() as tx:
        await tx.execute(text("INSERT INTO tenants (id, name) VALUES (:id, :id)"), {"id": name})
    yield OwnDatabase(own.app_url, own.owner_url, name, opened)
    await opened.close()
