"""Fixtures for everything: a real PostgreSQL, migrated, entered as the role that owns no table."""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from sqlalchemy import text

from storage import embedded
from storage.database import Database
from storage.migrate import migrate
from tests import held_transactions
from tests.books import STAGED, STAGES, told, what_does_not_balance

held_transactions.forbid()

# What tests deploy ends soon after them, whatever becomes of them.
os.environ.setdefault("KEEPER_IDLE_SECONDS", "30")

settings.register_profile("untimed", deadline=None)  # how long anything takes is no business of a test
settings.load_profile("untimed")


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: much of what is tested waits, for a platform or for its time."""
    return (os.cpu_count() or 1) + 1


@pytest.hookimpl(tryfirst=True)  # before `-m` selects by the mark
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Who needs the server is marked `database`, from the fixtures that a test stands on.

    What takes longest comes first, whole conversations and plans: nobody is to wait for one of them at the end.
    """
    for item in items:
        if server.__name__ in getattr(item, "fixturenames", ()):
            item.add_marker("database")
    items.sort(key=lambda item: not item.nodeid.startswith(("tests/scenarios", "tests/handlers/product")))


@pytest.fixture(scope="session")
def server() -> Iterator[embedded.EmbeddedServer]:
    # Not in pytest's own folder: every run closes that one to other users, and as root the server runs as one.
    folder = Path(tempfile.mkdtemp(prefix="countersign-"))
    started = embedded.start(folder / "data")
    migrate(started.owner_url)
    yield started
    wrong = what_does_not_balance(started)
    started.stop()
    shutil.rmtree(folder, ignore_errors=True)
    assert wrong == [], f"over the whole suite:\n{told(wrong)}"


@pytest.fixture(scope="session")
async def database(server: embedded.EmbeddedServer) -> AsyncIterator[Database]:
    opened = Database.open(server.app_url)
    yield opened
    await opened.close()


@pytest.fixture
async def tenant(request: pytest.FixtureRequest, database: Database) -> AsyncIterator[str]:
    """A company of its own for each test. Its queued jobs end with it: another test's worker finds them."""
    name = f"t{uuid.uuid4().hex[:12]}"
    if request.node.nodeid.startswith(STAGES):
        STAGED.add(name)
    async with database.untenanted() as tx:
        await tx.execute(text("INSERT INTO tenants (id, name) VALUES (:id, :id)"), {"id": name})
    yield name
    async with database.untenanted() as tx:
        await tx.execute(text("DELETE FROM procrastinate_jobs WHERE args->>'tenant' = :id"), {"id": name})
