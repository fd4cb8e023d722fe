"""A proof for one entry out of the log as it stands: what an auditor takes away and checks elsewhere."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from governance.audit.checkpoint import Checkpoint
from governance.audit.merkle import leaf_hash, verify_inclusion
from governance.audit.nodes import prove_inclusion
from governance.audit.proof_file import ProofFile
from governance.audit.tables import CheckpointRow, EntryRow, LeafRow


async def prove_entry(tx: AsyncSession, number: int) -> tuple[ProofFile, Checkpoint] | None:
    """The proof of entry `number` under the newest checkpoint; None while it has no such entry.

    The inclusion is checked before it is handed out, from the entry as it is stored; the checkpoint's
    signature is the reader's to check, with the log's public key. Raises ProofError or NodeMissing if the
    entry is not what was recorded, or the log does not hold.
    """
    newest = (
        select(CheckpointRow.note, CheckpointRow.size, CheckpointRow.root)
        .order_by(CheckpointRow.size.desc())
        .limit(1)
    )
    row = (await tx.execute(newest)).one_or_none()
    entry = select(EntryRow.data).join(LeafRow, LeafRow.entry == EntryRow.id).where(LeafRow.number == number)
    data = (await tx.execute(entry)).scalar()
    if row is None or data is None or number >= row.size:
        return None
    hashes = await prove_inclusion(tx, number, row.size)
    root = bytes(row.root)
    verify_inclusion(leaf_hash(data.encode()), number, row.size, hashes, root)
    origin = row.note.partition("\n")[0]
    return ProofFile(number, tuple(hashes), row.note), Checkpoint(origin, row.size, root)
