"""Proving an entry: its place under the newest signed checkpoint, checked before it is handed out."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from governance.audit import search
from governance.audit.checkpoint import Checkpoint, open_checkpoint
from governance.audit.merkle import leaf_hash, verify_inclusion
from governance.audit.nodes import prove_inclusion
from governance.audit.proof_file import ProofFile
from governance.audit.signed_note import VerifierKey
from governance.audit.tables import CheckpointRow


class NotNumbered(LookupError):
    """No entry has this number under the newest checkpoint."""


@dataclass(frozen=True, slots=True)
class Proved:
    """An entry's proof, and the checkpoint that it leads to. `leaf` is the entry's hash."""

    file: ProofFile
    checkpoint: Checkpoint
    leaf: bytes


async def newest_note(tx: AsyncSession) -> str | None:
    """The newest signed checkpoint as it was published; None while nothing is recorded."""
    newest = select(CheckpointRow.note).order_by(CheckpointRow.size.desc()).limit(1)
    return (await tx.execute(newest)).scalar()


async def prove(tx: AsyncSession, number: int, key: VerifierKey) -> Proved:
    """Prove entry `number`. Raises NotNumbered; NoteError, ProofError or NodeMissing if the log does not hold."""
    note = await newest_note(tx)
    found = None if note is None else await search.entry_numbered(tx, number)
    if note is None or found is None:
        raise NotNumbered(number)
    checkpoint = open_checkpoint(note, key)
    if number >= checkpoint.size:
        raise NotNumbered(number)
    hashes = await prove_inclusion(tx, number, checkpoint.size)
    leaf = leaf_hash(found.data.encode())
    verify_inclusion(leaf, number, checkpoint.size, hashes, checkpoint.root)
    return Proved(ProofFile(number, tuple(hashes), note), checkpoint, leaf)
