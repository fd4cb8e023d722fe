"""A log with a key, a sequencer that runs when told, and a hand that can reach past the triggers."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import psycopg
import pytest

from governance.audit import verifier
from governance.audit.entries import AnyEntry
from governance.audit.export import Reveal, everything, export
from governance.audit.keys import signer_for
from governance.audit.log import record
from governance.audit.publication import Publisher
from governance.audit.sequencer import Sequencer
from governance.audit.signed_note import VerifierKey
from storage.database import Database
from storage.embedded import EmbeddedServer
from tests.governance.audit.audit_entries import PRIVATE, intent, said

Write = Callable[..., Awaitable[list[str]]]
Tamper = Callable[..., Awaitable[int]]
Export = Callable[..., Awaitable[Path]]

SIZE = 40


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


@pytest.fixture
async def ids(write: Write) -> list[str]:
    """Forty entries under eight checkpoints."""
    entries = [said(f"message {n}") if n % 3 else intent(f"e{n}", subject="DASH") for n in range(SIZE)]
    return await write(*entries, apart=5)


@pytest.fixture
def export_to(database: Database, tenant: str, key: VerifierKey, tmp_path: Path) -> Export:
    async def export_to(reveal: Reveal = everything) -> Path:
        path = tmp_path / "export.jsonl"
        lines = [line async for line in export(database, tenant, key, reveal)]
        path.write_text("".join(lines), encoding="utf-8")
        return path

    return export_to


@pytest.fixture
def checkpoint_file(tmp_path: Path) -> Path:
    return tmp_path / "checkpoints"


def run_verifier(*arguments: object) -> tuple[int, str]:
    """The standalone file, in an interpreter that sees nothing of ours."""
    ended = subprocess.run(
        [sys.executable, "-I", verifier.__file__, *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd="/",
        timeout=60,
        check=False,
    )
    assert "Traceback" not in ended.stderr
    return ended.returncode, ended.stdout + ended.stderr


def keep(file: Path, content: str) -> None:
    file.write_text(content)


def swap(file: Path, old: str, new: str) -> None:
    content = file.read_text()
    assert old in content
    file.write_text(content.replace(old, new))


async def publish(database: Database, file: Path) -> None:
    publisher = Publisher(file)
    await publisher.offer_newest(database)
    await publisher.publish()
