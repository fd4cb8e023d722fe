"""The Merkle tree hash and the verification of its proofs, exactly as RFC 6962 and RFC 9162 have them.

Pure functions over bytes. A proof is a sequence of 32-byte hashes in the RFCs' order (from the leaf's
sibling upwards). What does not hold, malformed input included, raises `ProofError`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

HASH_SIZE = 32
"""Bytes in a SHA-256 hash."""

EMPTY_ROOT = hashlib.sha256().digest()
"""The root of the tree without leaves: the hash of nothing (RFC 6962 section 2.1)."""


class ProofError(Exception):
    """A proof that does not hold, or that is not a proof at all."""


def leaf_hash(data: bytes) -> bytes:
    """SHA-256(0x00 ‖ data): the hash of a leaf (RFC 6962 section 2.1)."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 ‖ left ‖ right): the hash of an inner node (RFC 6962 section 2.1)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def verify_inclusion(leaf_hash: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Check that the leaf stands at `index` (from 0) of the tree of `size` leaves with this `root`.

    The algorithm of RFC 9162 section 2.1.3.2. Raises `ProofError` if it does not hold.
    """
    _demand_hash("leaf hash", leaf_hash)
    _demand_hash("root", root)
    _demand_count("index", index)
    _demand_count("size", size)
    _demand_proof(proof)
    if index >= size:
        raise ProofError(f"index {index} is not in a tree of {size} leaves")
    node, last, computed = index, size - 1, leaf_hash
    for sibling in proof:
        if last == 0:
            raise ProofError("the proof is longer than the path to the root")
        if node & 1 or node == last:
            computed = node_hash(sibling, computed)
            skipped = _trailing_zeros(node)
            node, last = node >> skipped, last >> skipped
        else:
            computed = node_hash(computed, sibling)
        node, last = node >> 1, last >> 1
    if last != 0:
        raise ProofError("the proof is shorter than the path to the root")
    if computed != root:
        raise ProofError("the proof leads to another root")


def verify_consistency(size1: int, size2: int, proof: Sequence[bytes], root1: bytes, root2: bytes) -> None:
    """Check that the tree (`size2`, `root2`) extends the tree (`size1`, `root1`), its leaves unchanged.

    The algorithm of RFC 9162 section 2.1.4.2. Equal sizes, and the empty first tree, take an empty
    proof; a tree without leaves has no root but `EMPTY_ROOT`. Raises `ProofError` if it does not hold.
    """
    _demand_count("size1", size1)
    _demand_count("size2", size2)
    _demand_hash("root1", root1)
    _demand_hash("root2", root2)
    _demand_proof(proof)
    if size1 > size2:
        raise ProofError(f"a tree of {size2} leaves does not extend one of {size1}")
    for size, root in ((size1, root1), (size2, root2)):
        if size == 0 and root != EMPTY_ROOT:
            raise ProofError("a tree without leaves has the hash of nothing as its root")
    if size1 in (0, size2):
        if proof:
            raise ProofError("trees that are equal, or empty, take an empty proof")
        if size1 == size2 and root1 != root2:
            raise ProofError("two trees of the same size have different roots")
        return
    _verify_extension(size1, size2, proof, root1, root2)


def _verify_extension(size1: int, size2: int, proof: Sequence[bytes], root1: bytes, root2: bytes) -> None:
    """The loop of RFC 9162 section 2.1.4.2, for 0 < size1 < size2."""
    whole_subtree = size1 & (size1 - 1) == 0
    path = [root1, *proof] if whole_subtree else list(proof)
    if not proof:
        raise ProofError("the proof is empty")
    shared = _trailing_zeros(size1)
    node, last = (size1 - 1) >> shared, (size2 - 1) >> shared
    old = new = path[0]
    for sibling in path[1:]:
        if last == 0:
            raise ProofError("the proof is longer than the path to the root")
        if node & 1 or node == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            skipped = _trailing_zeros(node)
            node, last = node >> skipped, last >> skipped
        else:
            new = node_hash(new, sibling)
        node, last = node >> 1, last >> 1
    if last != 0:
        raise ProofError("the proof is shorter than the path to the root")
    if old != root1:
        raise ProofError("the proof leads to another first root")
    if new != root2:
        raise ProofError("the proof leads to another second root")


def _trailing_zeros(number: int) -> int:
    """How many low bits of `number` are unset; 0 for 0."""
    return (number & -number).bit_length() - 1 if number else 0


def _demand_hash(name: str, value: object) -> None:
    if not isinstance(value, bytes) or len(value) != HASH_SIZE:
        raise ProofError(f"{name} is not {HASH_SIZE} bytes")


def _demand_count(name: str, value: object) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ProofError(f"{name} is not a whole number from 0 on")


def _demand_proof(proof: object) -> None:
    if not isinstance(proof, list | tuple):
        raise ProofError("the proof is not a list of hashes")
    for position, sibling in enumerate(proof):
        _demand_hash(f"hash {position} of the proof", sibling)
