"""Hashes and proofs: the RFC's own example, the reference implementation's figures, and a naive tree."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.audit.merkle import (
    EMPTY_ROOT,
    ProofError,
    leaf_hash,
    node_hash,
    verify_consistency,
    verify_inclusion,
)
from governance.audit.tree import Frontier, consistency_proof, inclusion_proof, root_hash

# The leaves and roots with which Certificate Transparency's implementations check one another.
LEAVES = [
    bytes.fromhex(leaf)
    for leaf in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    bytes.fromhex(root)
    for root in (
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    )
]
INCLUSION = {
    (0, 8): (
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ),
    (5, 8): (
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ),
}
CONSISTENCY = {
    (1, 8): INCLUSION[0, 8],
    (6, 8): (
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ),
    (2, 5): (
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ),
}


class Naive:
    """RFC 6962 section 2.1 word for word: recursion over the whole list, nothing stored."""

    def __init__(self, leaves: Sequence[bytes]) -> None:
        self.leaves = leaves

    def root(self, start: int, end: int) -> bytes:
        if end - start == 0:
            return hashlib.sha256(b"").digest()
        if end - start == 1:
            return hashlib.sha256(b"\x00" + self.leaves[start]).digest()
        k = self.split(end - start)
        pair = self.root(start, start + k) + self.root(start + k, end)
        return hashlib.sha256(b"\x01" + pair).digest()

    def path(self, m: int, start: int, end: int) -> list[bytes]:
        if end - start == 1:
            return []
        k = self.split(end - start)
        if m < k:
            return [*self.path(m, start, start + k), self.root(start + k, end)]
        return [*self.path(m - k, start + k, end), self.root(start, start + k)]

    def proof(self, m: int, start: int, end: int, whole: bool = True) -> list[bytes]:
        if m == end - start:
            return [] if whole else [self.root(start, end)]
        k = self.split(end - start)
        if m <= k:
            return [*self.proof(m, start, start + k, whole), self.root(start + k, end)]
        return [*self.proof(m - k, start + k, end, False), self.root(start, start + k)]

    @staticmethod
    def split(n: int) -> int:
        k = 1
        while 2 * k < n:
            k *= 2
        return k

    def read(self, level: int, index: int) -> bytes:
        return self.root(index << level, (index + 1) << level)


def hashes(*texts: str) -> list[bytes]:
    return [bytes.fromhex(text) for text in texts]


def test_roots_are_those_of_the_reference_implementations() -> None:
    frontier = Frontier()
    assert frontier.root() == ROOTS[0] == EMPTY_ROOT
    for data, root in zip(LEAVES, ROOTS[1:], strict=True):
        frontier.append(leaf_hash(data))
        assert frontier.root() == root
        assert root_hash(frontier.size, Naive(LEAVES).read) == root


@pytest.mark.parametrize(("index", "size"), INCLUSION)
def test_published_inclusion_proofs(index: int, size: int) -> None:
    proof = hashes(*INCLUSION[index, size])
    assert inclusion_proof(index, size, Naive(LEAVES).read) == proof
    verify_inclusion(leaf_hash(LEAVES[index]), index, size, proof, ROOTS[size])


@pytest.mark.parametrize(("size1", "size2"), CONSISTENCY)
def test_published_consistency_proofs(size1: int, size2: int) -> None:
    proof = hashes(*CONSISTENCY[size1, size2])
    assert consistency_proof(size1, size2, Naive(LEAVES).read) == proof
    verify_consistency(size1, size2, proof, ROOTS[size1], ROOTS[size2])


def test_the_example_of_rfc_6962_section_2_1_3() -> None:
    leaves = [f"d{n}".encode() for n in range(7)]
    a, b, c, d, e, f, j = (leaf_hash(data) for data in leaves)
    g, h, i = node_hash(a, b), node_hash(c, d), node_hash(e, f)
    k, l = node_hash(g, h), node_hash(i, j)  # noqa: E741 - the RFC's letters
    root = node_hash(k, l)
    paths = {0: [b, h, l], 3: [c, g, l], 4: [f, j, k], 6: [i, k]}
    for index, path in paths.items():
        assert inclusion_proof(index, 7, Naive(leaves).read) == path
        verify_inclusion(leaf_hash(leaves[index]), index, 7, path, root)
    earlier = {3: node_hash(g, c), 4: k, 6: node_hash(k, i)}
    proofs = {3: [c, d, g, l], 4: [l], 6: [i, j, k]}
    for size, proof in proofs.items():
        assert consistency_proof(size, 7, Naive(leaves).read) == proof
        verify_consistency(size, 7, proof, earlier[size], root)


@given(st.data())
def test_proofs_are_those_of_the_naive_tree_and_hold_for_nothing_else(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 70))
    leaves = [f"leaf {n}".encode() for n in range(size)]
    naive = Naive(leaves)
    index, size1 = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size))
    root, root1 = naive.root(0, size), naive.root(0, size1)

    path = inclusion_proof(index, size, naive.read)
    assert path == naive.path(index, 0, size)
    verify_inclusion(leaf_hash(leaves[index]), index, size, path, root)
    proof = consistency_proof(size1, size, naive.read)
    assert proof == naive.proof(size1, 0, size)
    verify_consistency(size1, size, proof, root1, root)

    for wrong in mangled(path, data):
        with pytest.raises(ProofError):
            verify_inclusion(leaf_hash(leaves[index]), index, size, wrong, root)
    for wrong in mangled(proof, data):
        with pytest.raises(ProofError):
            verify_consistency(size1, size, wrong, root1, root)
    other = data.draw(st.integers(0, size - 1).filter(lambda n: n != index)) if size > 1 else size
    with pytest.raises(ProofError):
        verify_inclusion(leaf_hash(leaves[index]), other, size, path, root)
    stranger = leaf_hash(b"never logged")
    with pytest.raises(ProofError):
        verify_inclusion(stranger, index, size, path, root)
    for roots in ((stranger, root), (root1, stranger)):
        with pytest.raises(ProofError):
            verify_consistency(size1, size, proof, *roots)


def mangled(proof: list[bytes], data: st.DataObject) -> list[list[bytes]]:
    """The proof with a hash too many at either end, one too few, one bit changed, two swapped."""
    extra = hashlib.sha256(b"extra").digest()
    wrong = [[*proof, extra], [extra, *proof]]
    if proof:
        at = data.draw(st.integers(0, len(proof) - 1))
        flipped = bytes([proof[at][0] ^ 1]) + proof[at][1:]
        wrong += [proof[:-1], proof[1:], [*proof[:at], flipped, *proof[at + 1 :]]]
    if len(proof) > 1:
        wrong.append(proof[::-1])
    return wrong


@given(st.integers(0, 200), st.integers(0, 200))
def test_a_frontier_taken_up_again_grows_the_same_tree(first: int, more: int) -> None:
    whole, part = Frontier(), Frontier()
    for n in range(first):
        part.append(leaf_hash(str(n).encode()))
    part = Frontier(part.size, part.peaks)
    for n in range(first, first + more):
        part.append(leaf_hash(str(n).encode()))
    for n in range(first + more):
        whole.append(leaf_hash(str(n).encode()))
    assert part.root() == whole.root()


def test_a_frontier_needs_the_peaks_of_its_size() -> None:
    with pytest.raises(ProofError):
        Frontier(3, [EMPTY_ROOT])
