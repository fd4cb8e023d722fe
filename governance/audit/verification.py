"""Verifying the whole log of a tenant in its database: everything is worked out anew from the entries."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from governance.audit.checkpoint import notes_in, open_checkpoint
from governance.audit.nodes import STRIDE
from governance.audit.openings import read_content
from governance.audit.recomputation import Finding, LeafRecord, Recomputation
from governance.audit.signed_note import NoteError, VerifierKey
from storage import direct
from storage.database import Database

UNNUMBERED_AFTER = timedelta(seconds=10)
"""An entry that waits longer for its number is reported."""

_CHUNK = 4000

_SIZE = text("SELECT coalesce(max(size), 0) FROM audit_checkpoints")

# Numbers that follow one another are entries that lie side by side; what the planner believes of tables that
# grow this fast makes it read all of them for every chunk.
_BY_INDEX = """
    SELECT set_config(name, 'off', true)
    FROM unnest(ARRAY['enable_seqscan', 'enable_hashjoin', 'enable_mergejoin']) AS name
"""

_LEAVES = """
    SELECT l.number, l.entry, l.hash, e.data, e.kind, e.type, e.actor, e.subject, e.turn, e.effect,
           to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), o.openings
    FROM audit_leaves l
    LEFT JOIN audit_entries e ON e.id = l.entry
    LEFT JOIN audit_openings o ON o.entry = l.entry
    WHERE l.number >= %(first)s AND l.number < %(past)s ORDER BY l.number
"""

_CHECKPOINTS = text(
    "SELECT size, root, note FROM audit_checkpoints WHERE size > :first AND size <= :past ORDER BY size"
)

# A node belongs to the chunk in which its last leaf stands.
_NODES = text(
    """
    SELECT level, index, hash FROM unnest(CAST(:levels AS smallint[])) AS stored (l)
    JOIN audit_nodes n ON n.level = stored.l
        AND n.index >= (CAST(:first AS bigint) >> stored.l) AND n.index < (CAST(:past AS bigint) >> stored.l)
    """
)

# One statement, for one snapshot: a sequencer may be at work.
_BEYOND = text(
    """
    WITH newest AS (SELECT coalesce(max(size), 0) AS size FROM audit_checkpoints)
    SELECT newest.size,
           (SELECT count(*) FROM audit_leaves WHERE number >= newest.size),
           (SELECT count(*) FROM audit_nodes
            WHERE (index + 1) << level > newest.size OR level = 0 OR level % :stride <> 0)
    FROM newest
    """
)

_PENDING_LONG = text("SELECT entry FROM audit_pending WHERE since < now() - :after ORDER BY arrival")

_LOST = text(
    """
    SELECT e.id FROM audit_entries e
    WHERE NOT EXISTS (SELECT 1 FROM audit_leaves l WHERE l.entry = e.id)
      AND NOT EXISTS (SELECT 1 FROM audit_pending p WHERE p.entry = e.id)
    ORDER BY e.id LIMIT 100
    """
)


_Stored = tuple[list[LeafRecord], dict[tuple[int, int], bytes], list[tuple[int, bytes, str]]]
"""Leaves, nodes by level and index, and checkpoints (size, root, note) of a chunk."""


# What was erased while this was at work, by entries that it has not come to.
_ERASED_SINCE = """
    SELECT e.data FROM audit_entries e LEFT JOIN audit_leaves l ON l.entry = e.id
    WHERE e.type = 'audit.erased' AND (l.number IS NULL OR l.number >= %(size)s) ORDER BY e.id
"""


@dataclass(frozen=True, slots=True)
class Report:
    """What a verification found. `size` and `root` are of the tree as worked out from the entries.

    `findings` are a hundred at most; `count` says how many there are. `erased` counts what is missing and
    may be, since an entry says that it was erased. `warnings` are sentences on what could not be compared.
    """

    origin: str
    size: int
    root: bytes
    checkpoints: int
    kept_outside: int
    erased: int
    warnings: tuple[str, ...]
    findings: tuple[Finding, ...]
    count: int

    @property
    def holds(self) -> bool:
        """Whether everything that was checked is as it should be."""
        return self.count == 0


def _silently(_done: int, _of: int) -> None:
    """Nobody waits to hear how far it is."""


async def verify(
    database: Database,
    tenant: str,
    key: VerifierKey,
    checkpoint_file: Path | None = None,
    *,
    on_progress: Callable[[int, int], None] = _silently,
) -> Report:
    """Work the log out anew and compare. `checkpoint_file` is what publication wrote; `on_progress` is
    told after each chunk how many entries are done, of how many.

    Rows that are numbered do not change, so it reads in many short transactions, while others write.
    Hashing happens in a thread, a few thousand entries at a time.
    """
    run = Recomputation(key)
    # The file first: what is kept in it by now is in the log by then.
    none_kept = await asyncio.to_thread(_read_kept, run, checkpoint_file, key) if checkpoint_file else None
    async with database.transaction(tenant) as tx:
        size: int = (await tx.execute(_SIZE)).scalar_one()
    await _recompute(database, tenant, run, size, on_progress)
    _check_tail(run)
    async with database.transaction(tenant) as tx:
        await _check_beside_the_tree(tx, run)
        for (data,) in await direct.rows(tx, _ERASED_SINCE, {"size": size}):
            run.openings.take_erasure(read_content(data))
    run.finish()
    return Report(
        key.name,
        run.frontier.size,
        run.frontier.root(),
        run.checkpoints,
        len(run.kept),
        run.openings.erased,
        (f"{none_kept}, so a tail that was cut off would not show.",) if none_kept and size else (),
        tuple(run.findings),
        run.count,
    )


async def _recompute(
    database: Database, tenant: str, run: Recomputation, size: int, on_progress: Callable[[int, int], None]
) -> None:
    """Hash chunk by chunk, while the next one is being read."""
    ahead = asyncio.create_task(_read(database, tenant, 0, min(_CHUNK, size)))
    try:
        for first in range(0, size, _CHUNK):
            past = min(first + _CHUNK, size)
            stored = await ahead
            ahead = asyncio.create_task(_read(database, tenant, past, min(past + _CHUNK, size)))
            await asyncio.to_thread(run.take, first, past, *stored)
            on_progress(past, size)
    finally:
        ahead.cancel()


async def _read(database: Database, tenant: str, first: int, past: int) -> _Stored:
    if first == past:
        return [], {}, []
    bounds = {"first": first, "past": past}
    async with database.transaction(tenant) as tx:
        await direct.run(tx, _BY_INDEX, {})
        leaves = [LeafRecord._make(row) for row in await direct.rows(tx, _LEAVES, bounds)]
        nodes = await tx.execute(_NODES, {**bounds, "levels": list(Recomputation.levels(past))})
        checkpoints = [(size, bytes(root), note) for size, root, note in await tx.execute(_CHECKPOINTS, bounds)]
    return leaves, {(level, index): bytes(value) for level, index, value in nodes}, checkpoints


def _read_kept(run: Recomputation, file: Path, key: VerifierKey) -> str | None:
    """Take the file's checkpoints of this log; why there are none, if there are none."""
    try:
        with file.open(encoding="utf-8", errors="replace") as lines:
            notes = [note for note in notes_in(lines) if note.startswith(key.name + "\n")]
    except FileNotFoundError:
        return f"{file}, where checkpoints are kept outside the database, is gone"
    except OSError as error:
        return f"{file}, where checkpoints are kept outside the database, cannot be read ({error.strerror})"
    for note in notes:
        try:
            run.keep(open_checkpoint(note, key))
        except NoteError as error:
            run.fault("kept_checkpoint", f"a checkpoint in {file} does not hold: {error}")
    return f"{file} holds no checkpoint of {key.name}" if not notes else None


def _check_tail(run: Recomputation) -> None:
    longest = max(run.kept, default=0)
    if longest > run.frontier.size:
        run.fault(
            "cut_tail",
            f"a checkpoint that was kept outside covers {longest} entries, the log ends after"
            f" {run.frontier.size}: its tail was cut off",
            run.frontier.size,
        )


async def _check_beside_the_tree(tx: AsyncSession, run: Recomputation) -> None:
    for (entry,) in await tx.execute(_PENDING_LONG, {"after": UNNUMBERED_AFTER}):
        seconds = int(UNNUMBERED_AFTER.total_seconds())
        run.fault("unnumbered", f"entry {entry} has waited for a number for more than {seconds} s")
    for (entry,) in await tx.execute(_LOST):
        run.fault("lost", f"entry {entry} has no number and does not wait for one")
    size, leaves, nodes = (await tx.execute(_BEYOND, {"stride": STRIDE})).one()
    if leaves or nodes:
        run.fault("uncovered", f"{leaves} leaves and {nodes} nodes stand beyond the newest checkpoint", size)
