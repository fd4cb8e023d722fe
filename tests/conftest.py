"""Fixtures for everything: a real PostgreSQL, migrated, entered as the role that owns no table."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text

from storage import embedded
from storage.database import Database
from storage.migrate import migrate


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> embedded.EmbeddedServer:
    folder: Path = tmp_path_factory.mktemp("postgres")
    started = embedded.start(folder / "data")
    migrate(started.owner_url)
    return started  # the server ends with the process


@pytest.fixture(scope="session")
async def database(server: embedded.EmbeddedServer) -> AsyncIterator[Database]:
    opened = Database.open(server.app_url)
    yield opened
    await opened.close()


@pytest.fixture
async def tenant(database: Database) -> str:
    """A company of its own for each test."""
    name = f"t{uuid.uuid4().hex[:12]}"
    async with database.untenanted() as tx:
        await tx.execute(text("INSERT INTO tenants (id, name) VALUES (:id, :id)"), {"id": name})
    return name
