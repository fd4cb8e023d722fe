"""Growing a Merkle tree and drawing proofs from it, over whatever stores its nodes.

A *node* here is a complete subtree, named (level, index): the hash over the leaves
[index·2^level, (index+1)·2^level). Those never change once the leaves are there, so they alone are
stored; the ragged right edge of a tree is folded from them when it is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from governance.audit.merkle import EMPTY_ROOT, ProofError, node_hash

Node = tuple[int, int]
"""(level, index) of a complete subtree; level 0 are the leaves."""

NodeReader = Callable[[int, int], bytes]
"""Gives the hash of the complete subtree (level, index)."""

Span = tuple[int, int]
"""Leaves [start, end): one subtree of the RFC's recursive split."""


def complete_subtrees(start: int, end: int) -> list[Node]:
    """The complete subtrees that cover leaves [start, end), from left to right, the largest possible."""
    nodes = []
    while start < end:
        level = (end - start).bit_length() - 1
        if start:
            level = min(level, (start & -start).bit_length() - 1)
        nodes.append((level, start >> level))
        start += 1 << level
    return nodes


def inclusion_spans(index: int, size: int) -> list[Span]:
    """The subtrees whose hashes are PATH(index, D[size]) of RFC 6962 section 2.1.1, in its order."""
    if not 0 <= index < size:
        raise ProofError(f"index {index} is not in a tree of {size} leaves")
    start, end, spans = 0, size, []
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            spans.append((middle, end))
            end = middle
        else:
            spans.append((start, middle))
            start = middle
    return spans[::-1]


def consistency_spans(size1: int, size2: int) -> list[Span]:
    """The subtrees whose hashes are PROOF(size1, D[size2]) of RFC 6962 section 2.1.2, in its order."""
    if not 0 <= size1 <= size2:
        raise ProofError(f"a tree of {size2} leaves does not extend one of {size1}")
    if size1 in (0, size2):
        return []
    start, end, spans = 0, size2, []
    while end != size1:
        middle = start + _split(end - start)
        if size1 <= middle:
            spans.append((middle, end))
            end = middle
        else:
            spans.append((start, middle))
            start = middle
    if start:
        spans.append((start, end))
    return spans[::-1]


def span_hash(span: Span, read: NodeReader) -> bytes:
    """The hash of the subtree over these leaves, folded from complete ones."""
    return fold(read(level, index) for level, index in complete_subtrees(*span))


def root_hash(size: int, read: NodeReader) -> bytes:
    """The root of the tree of the first `size` leaves."""
    return span_hash((0, size), read)


def inclusion_proof(index: int, size: int, read: NodeReader) -> list[bytes]:
    """The proof that `verify_inclusion` takes. Raises `ProofError` if there is no such leaf."""
    return [span_hash(span, read) for span in inclusion_spans(index, size)]


def consistency_proof(size1: int, size2: int, read: NodeReader) -> list[bytes]:
    """The proof that `verify_consistency` takes. Raises `ProofError` if size1 > size2."""
    return [span_hash(span, read) for span in consistency_spans(size1, size2)]


def fold(hashes: Iterable[bytes]) -> bytes:
    """One hash from the complete subtrees of a tree, given from left (largest) to right."""
    parts = list(hashes)
    if not parts:
        return EMPTY_ROOT
    folded = parts[-1]
    for part in reversed(parts[:-1]):
        folded = node_hash(part, folded)
    return folded


class Frontier:
    """A growing tree, of which only the complete subtrees at the right edge are kept.

    `peaks` are their hashes from left (largest) to right: one for each set bit of `size`.
    """

    def __init__(self, size: int = 0, peaks: Iterable[bytes] = ()) -> None:
        self.size = size
        self.peaks = list(peaks)
        if len(self.peaks) != size.bit_count():
            raise ProofError(f"a tree of {size} leaves has {size.bit_count()} peaks, not {len(self.peaks)}")

    def append(self, leaf: bytes) -> list[tuple[int, int, bytes]]:
        """Add a leaf hash. Returns the inner nodes that it completes: (level, index, hash)."""
        completed = []
        number, level, computed = self.size, 0, leaf
        while (number >> level) & 1:
            computed = node_hash(self.peaks.pop(), computed)
            level += 1
            completed.append((level, number >> level, computed))
        self.peaks.append(computed)
        self.size = number + 1
        return completed

    def root(self) -> bytes:
        """The root of the tree as it stands."""
        return fold(self.peaks)


def _split(count: int) -> int:
    """The largest power of two below `count` (which is at least 2)."""
    return 1 << ((count - 1).bit_length() - 1)
