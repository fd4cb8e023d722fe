"""The stored part of the tree: leaves, and complete subtrees at every fourth level.

A node between stored levels is folded from at most eight below it, so a proof out of a million leaves
reads about a hundred rows in one query, and storing it costs a fifteenth of a row per entry.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from governance.audit.merkle import node_hash
from governance.audit.tree import (
    Frontier,
    Node,
    NodeReader,
    Span,
    complete_subtrees,
    consistency_spans,
    inclusion_spans,
    span_hash,
)

STRIDE = 4
"""Levels that are multiples of this are stored; level 0 are the leaves themselves."""

_READ = text(
    """
    SELECT 0 AS level, number AS position, hash FROM audit_leaves WHERE number = ANY(:leaves)
    UNION ALL
    SELECT n.level, n.index, n.hash
    FROM unnest(CAST(:levels AS smallint[]), CAST(:positions AS bigint[])) AS wanted (level, index)
    JOIN audit_nodes n ON n.level = wanted.level AND n.index = wanted.index
    """
)


class NodeMissing(Exception):
    """The tree lacks a node that its size demands: rows were removed."""


def is_stored(level: int) -> bool:
    """Whether nodes of this level have rows of their own (leaves have, as leaves)."""
    return level > 0 and level % STRIDE == 0


async def read_nodes(tx: AsyncSession, wanted: Iterable[Node]) -> NodeReader:
    """Fetch, in one query, what is needed to give each of the `wanted` nodes. Raises `NodeMissing`."""
    stored: dict[int, set[int]] = defaultdict(set)
    for level, index in wanted:
        depth = level % STRIDE
        stored[level - depth].update(range(index << depth, (index + 1) << depth))
    leaves = sorted(stored.pop(0, ()))
    inner = [(level, index) for level, indexes in stored.items() for index in sorted(indexes)]
    rows = await tx.execute(
        _READ,
        {"leaves": leaves, "levels": [level for level, _ in inner], "positions": [index for _, index in inner]},
    )
    hashes = {(level, position): bytes(value) for level, position, value in rows}
    missing = [node for node in [*((0, leaf) for leaf in leaves), *inner] if node not in hashes]
    if missing:
        raise NodeMissing(f"the tree lacks node {missing[0][1]} of level {missing[0][0]}")

    def read(level: int, index: int) -> bytes:
        if level % STRIDE == 0:
            return hashes[level, index]
        return node_hash(read(level - 1, 2 * index), read(level - 1, 2 * index + 1))

    return read


async def prove_inclusion(tx: AsyncSession, index: int, size: int) -> list[bytes]:
    """The inclusion proof of a leaf in the tree of `size`. Raises `ProofError` and `NodeMissing`."""
    return await _hashes(tx, inclusion_spans(index, size))


async def prove_consistency(tx: AsyncSession, size1: int, size2: int) -> list[bytes]:
    """The proof that the tree of `size2` extends that of `size1`. Raises `ProofError`, `NodeMissing`."""
    return await _hashes(tx, consistency_spans(size1, size2))


async def load_frontier(tx: AsyncSession, size: int) -> Frontier:
    """The right edge of the tree of `size`, ready to grow. Raises `NodeMissing`."""
    peaks = complete_subtrees(0, size)
    read = await read_nodes(tx, peaks)
    return Frontier(size, [read(level, index) for level, index in peaks])


async def _hashes(tx: AsyncSession, spans: list[Span]) -> list[bytes]:
    read = await read_nodes(tx, [node for span in spans for node in complete_subtrees(*span)])
    return [span_hash(span, read) for span in spans]
