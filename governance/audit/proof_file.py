"""Proof files (https://c2sp.org/tlog-proof): one entry's place in the log, checkable far from it."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass

from governance.audit.checkpoint import Checkpoint, open_checkpoint
from governance.audit.merkle import HASH_SIZE, ProofError, verify_inclusion
from governance.audit.signed_note import NoteError, VerifierKey

_HEADER = "c2sp.org/tlog-proof@v1"
_INDEX = re.compile(r"index (0|[1-9][0-9]{0,18})", re.ASCII)


@dataclass(frozen=True, slots=True)
class ProofFile:
    """`index` of the leaf, hashes from its sibling upwards, and the signed checkpoint they lead to.

    `extra` is whatever the writer adds; nothing vouches for it.
    """

    index: int
    proof: tuple[bytes, ...]
    checkpoint: str
    extra: bytes | None = None

    def text(self) -> str:
        """The file's content."""
        lines = [_HEADER]
        if self.extra is not None:
            lines.append(f"extra {base64.b64encode(self.extra).decode()}")
        lines.append(f"index {self.index}")
        lines += [base64.b64encode(sibling).decode() for sibling in self.proof]
        return "\n".join(lines) + "\n\n" + self.checkpoint

    @classmethod
    def parse(cls, text: str) -> ProofFile:
        """Read a file's content, unverified. Raises `ProofError`."""
        head, blank, checkpoint = text.partition("\n\n")
        lines = head.split("\n")
        if not blank or lines.pop(0) != _HEADER:
            raise ProofError(f"a proof file begins with {_HEADER} and ends with a checkpoint")
        extra = None
        if lines and lines[0].startswith("extra "):
            extra = _decode(lines.pop(0).removeprefix("extra "))
        index = _INDEX.fullmatch(lines.pop(0)) if lines else None
        if index is None:
            raise ProofError("a proof file names the entry's index")
        proof = tuple(_decode(line) for line in lines)
        if any(len(sibling) != HASH_SIZE for sibling in proof):
            raise ProofError(f"a proof's hashes have {HASH_SIZE} bytes")
        return cls(int(index[1]), proof, checkpoint, extra)

    def verify(self, leaf_hash: bytes, key: VerifierKey) -> Checkpoint:
        """Check signature and inclusion. Returns the checkpoint proved against; raises `ProofError`."""
        try:
            checkpoint = open_checkpoint(self.checkpoint, key)
        except NoteError as error:
            raise ProofError(f"the checkpoint: {error}") from error
        verify_inclusion(leaf_hash, self.index, checkpoint.size, self.proof, checkpoint.root)
        return checkpoint


def _decode(encoded: str) -> bytes:
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ProofError("not base64") from error
