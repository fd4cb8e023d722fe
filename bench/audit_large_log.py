"""A log of a million entries: how long it takes to number, to prove an entry of, and to verify."""

from __future__ import annotations

import asyncio
import statistics
from time import perf_counter
from typing import Any

import psycopg
from sqlalchemy import text

from bench.audit_sample import SIGNER, TENANT, CannotRun, effect, sequencer, turn
from bench.targets import Targets
from governance.audit.merkle import leaf_hash, verify_inclusion
from governance.audit.nodes import prove_inclusion
from governance.audit.sealing import seal, write_openings
from governance.audit.search import entry_numbered
from governance.audit.verification import verify
from storage.database import Database

_CHUNK = 20_000
_PROOFS = 500
_NEWEST = text("SELECT size, root FROM audit_checkpoints ORDER BY size DESC LIMIT 1")
_TABLES = (
    "audit_entries (tenant, id, kind, type, actor, subject, turn, effect, at, data)",
    "audit_openings (tenant, entry, openings)",
    "audit_pending (tenant, entry, leaf)",
)


async def measure(url: str, owner_url: str, size: int, targets: Targets) -> None:
    """Load, number, prove and verify; raises `CannotRun` if the log then does not verify."""
    started = perf_counter()
    await asyncio.to_thread(_load, owner_url, size)
    print(f"a log of {size} entries more, loaded in {perf_counter() - started:.0f} s")
    database = Database.open(url)
    working = sequencer(database)
    started = perf_counter()
    while await working.sequence(TENANT):
        pass
    print(f"  numbering them, s             {perf_counter() - started:8.1f}")
    await _prove(database, targets)
    started = perf_counter()
    report = await verify(database, TENANT, SIGNER.verifier)
    took = perf_counter() - started
    if not report.holds or report.size < size:
        raise CannotRun(f"the log does not verify: {report.findings[:3]}")
    targets.below("verifying a million entries, s", took / report.size * 1_000_000, 60)
    print(f"  verifying {report.size:8d} entries, s {took:8.1f}   target 60 for a million")
    print(f"                                         ({report.checkpoints} checkpoints)")
    await database.close()


def _load(owner_url: str, size: int) -> None:
    """Put sealed entries into the queue as their transactions would have, only faster."""
    with psycopg.connect(owner_url) as connection:
        for first in range(0, size, _CHUNK):
            rows = _rows(first, min(first + _CHUNK, size))
            for table, values in zip(_TABLES, rows, strict=True):
                with connection.cursor().copy(f"COPY {table} FROM STDIN") as copy:
                    for row in values:
                        copy.write_row(row)
    with psycopg.connect(owner_url, autocommit=True) as connection:
        connection.execute("ANALYZE")


def _rows(first: int, past: int) -> tuple[list[Any], list[Any], list[Any]]:
    entries, openings, pending = [], [], []
    for n in range(first, past):
        entry = turn(n) if n % 4 else effect(n)
        sealed = seal(entry)
        searched = (entry.actor.id, entry.subject, entry.turn, entry.effect, entry.at, sealed.data)
        entries.append((TENANT, sealed.id, entry.kind.value, entry.type, *searched))
        openings.append((TENANT, sealed.id, write_openings(sealed.openings)))
        pending.append((TENANT, sealed.id, sealed.leaf))
    return entries, openings, pending


async def _prove(database: Database, targets: Targets) -> None:
    """Proofs of entries all over the log, each in a transaction of its own, and each checked."""
    took = []
    for n in range(_PROOFS):
        async with database.transaction(TENANT) as tx:
            size, root = (await tx.execute(_NEWEST)).one()
            number = n * size // _PROOFS
            started = perf_counter()
            proof = await prove_inclusion(tx, number, size)
            took.append((perf_counter() - started) * 1000)
            found = await entry_numbered(tx, number)
        if found is None:
            raise CannotRun(f"entry {number} is missing")
        verify_inclusion(leaf_hash(found.data.encode()), number, size, proof, bytes(root))
    targets.below("a proof, ms", statistics.median(took), 5)
    print(f"  a proof out of {size:8d}, ms    {statistics.median(took):8.2f}   worst {max(took):.1f}, target 5")
