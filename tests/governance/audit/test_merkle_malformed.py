"""Whatever is handed to the verification that is not a proof is refused as one, and nothing else happens."""

from __future__ import annotations

from typing import Any

import pytest

from governance.audit.merkle import (
    EMPTY_ROOT,
    ProofError,
    leaf_hash,
    node_hash,
    verify_consistency,
    verify_inclusion,
)
from governance.audit.tree import consistency_proof, inclusion_proof
from tests.governance.audit.test_merkle import LEAVES, ROOTS, Naive

H = leaf_hash(b"x")
BAD_HASHES: list[Any] = [b"", H[:31], H + b"\0", H.hex(), None, 7, bytearray(H), [H]]
BAD_COUNTS: list[Any] = [-1, 1.0, "1", None, True, b"1", [1]]
BAD_PROOFS: list[Any] = [
    None,
    H,
    "proof",
    3,
    iter([]),
    {H: H},
    [None],
    [H[:31]],
    [H.hex()],
    [[H]],
    [H + b"\0"],
]


@pytest.mark.parametrize("bad", BAD_HASHES)
def test_what_is_no_hash_is_refused(bad: Any) -> None:
    for arguments in ((bad, 0, 1, [], H), (H, 0, 1, [], bad)):
        with pytest.raises(ProofError):
            verify_inclusion(*arguments)
    for roots in ((bad, H), (H, bad), (bad, bad)):
        for sizes in ((0, 1), (1, 1), (1, 2)):
            with pytest.raises(ProofError):
                verify_consistency(*sizes, [H] if sizes == (1, 2) else [], *roots)


@pytest.mark.parametrize("bad", BAD_COUNTS)
def test_what_is_no_count_is_refused(bad: Any) -> None:
    for arguments in ((H, bad, 2, [H], H), (H, 0, bad, [], H)):
        with pytest.raises(ProofError):
            verify_inclusion(*arguments)
    for sizes in ((bad, 1), (1, bad), (bad, bad)):
        with pytest.raises(ProofError):
            verify_consistency(*sizes, [], H, H)


@pytest.mark.parametrize("bad", BAD_PROOFS)
def test_what_is_no_proof_is_refused(bad: Any) -> None:
    with pytest.raises(ProofError):
        verify_inclusion(H, 0, 2, bad, H)
    for sizes in ((0, 1), (1, 1), (1, 2)):
        with pytest.raises(ProofError):
            verify_consistency(*sizes, bad, EMPTY_ROOT if sizes[0] == 0 else H, H)


@pytest.mark.parametrize(
    ("index", "size", "proof"),
    [
        (0, 0, []),
        (1, 1, []),
        (2, 2, [H]),
        (5, 3, [H, H]),
        (2**70, 2**64, []),
        (0, 1, [H]),
        (0, 2, []),
        (0, 2, [H, H]),
    ],
)
def test_places_that_are_not_in_the_tree(index: int, size: int, proof: list[bytes]) -> None:
    with pytest.raises(ProofError):
        verify_inclusion(H, index, size, proof, H)


def test_the_only_leaf_is_the_root() -> None:
    verify_inclusion(ROOTS[1], 0, 1, [], ROOTS[1])
    with pytest.raises(ProofError):
        verify_inclusion(H, 0, 1, [], ROOTS[1])


def test_the_empty_tree_is_extended_by_every_tree_and_has_one_root() -> None:
    verify_consistency(0, 0, [], EMPTY_ROOT, EMPTY_ROOT)
    verify_consistency(0, 5, [], EMPTY_ROOT, ROOTS[5])
    verify_consistency(5, 5, [], ROOTS[5], ROOTS[5])
    for arguments in (
        (0, 5, [], H, ROOTS[5]),
        (0, 0, [], H, H),
        (0, 5, [H], EMPTY_ROOT, ROOTS[5]),
        (0, 0, [H], EMPTY_ROOT, EMPTY_ROOT),
        (5, 0, [], ROOTS[5], EMPTY_ROOT),
        (5, 5, [], ROOTS[5], ROOTS[4]),
        (5, 5, [H], ROOTS[5], ROOTS[5]),
        (6, 5, [], ROOTS[6], ROOTS[5]),
        (6, 5, [ROOTS[1], ROOTS[2]], node_hash(ROOTS[2], ROOTS[1]), node_hash(ROOTS[2], ROOTS[1])),
        (2, 5, [], ROOTS[2], ROOTS[5]),
        (2, 2**63, [], ROOTS[2], ROOTS[5]),
    ):
        with pytest.raises(ProofError):
            verify_consistency(*arguments)


def test_a_proof_is_drawn_only_for_what_is_there() -> None:
    naive = Naive(LEAVES)
    for index, size in ((8, 8), (-1, 8), (0, 0)):
        with pytest.raises(ProofError):
            inclusion_proof(index, size, naive.read)
    for size1, size2 in ((9, 8), (-1, 8)):
        with pytest.raises(ProofError):
            consistency_proof(size1, size2, naive.read)
    assert consistency_proof(0, 8, naive.read) == consistency_proof(8, 8, naive.read) == []
