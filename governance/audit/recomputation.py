"""The log worked out anew from its entries, and compared with what is stored: no waiting, only hashing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from governance.audit.checkpoint import Checkpoint, open_checkpoint
from governance.audit.merkle import leaf_hash
from governance.audit.nodes import STRIDE, is_stored
from governance.audit.openings import OpeningsCheck, read_content
from governance.audit.signed_note import NoteError, VerifierKey
from governance.audit.tree import Frontier

MOST_LISTED = 100
"""Findings that are kept; the rest is counted."""

_SEARCHED = ("id", "kind", "type", "subject", "turn", "effect")

FindingKind = Literal[
    "tampered",
    "missing",
    "reordered",
    "cut_tail",
    "checkpoint",
    "kept_checkpoint",
    "unnumbered",
    "lost",
    "uncovered",
    "opening",
]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it should be; `number` is where in the log it begins, if anywhere."""

    kind: FindingKind
    sentence: str
    number: int | None = None


class LeafRecord(NamedTuple):
    """A leaf with the entry that it points to and what opens that (None where they are gone).

    `at` is written as `canonical.moment` writes it.
    """

    number: int
    entry: str
    hash: bytes
    data: str | None
    kind: str | None
    type: str | None
    actor: str | None
    subject: str | None
    turn: str | None
    effect: str | None
    at: str | None
    openings: str | None


class Recomputation:
    """Grows the tree anew, chunk by chunk, and keeps what differs from the stored rows."""

    def __init__(self, key: VerifierKey) -> None:
        self.frontier = Frontier()
        self.findings: list[Finding] = []
        self.count = 0
        self.checkpoints = 0
        self.kept: dict[int, set[bytes]] = {}
        self.openings = OpeningsCheck()
        self._key = key

    def keep(self, checkpoint: Checkpoint) -> None:
        """Add a checkpoint that was kept outside, to compare when its size is reached."""
        self.kept.setdefault(checkpoint.size, set()).add(checkpoint.root)

    def fault(self, kind: FindingKind, sentence: str, number: int | None = None) -> None:
        """Note something that does not hold."""
        self.count += 1
        if len(self.findings) < MOST_LISTED:
            self.findings.append(Finding(kind, sentence, number))

    @staticmethod
    def levels(size: int) -> Iterable[int]:
        """The levels at which a tree of this size has stored nodes."""
        return range(STRIDE, size.bit_length(), STRIDE)

    def take(
        self,
        first: int,
        past: int,
        leaves: Sequence[LeafRecord],
        nodes: Mapping[tuple[int, int], bytes],
        checkpoints: Sequence[tuple[int, bytes, str]],
    ) -> None:
        """Add the entries [first, past), with the nodes and checkpoints that end among them."""
        by_number = {leaf.number: leaf for leaf in leaves}
        signed = {size: (root, note) for size, root, note in checkpoints}
        expected = set(nodes)
        for number in range(first, past):
            for level, index, computed in self.frontier.append(self._leaf(number, by_number.get(number))):
                if is_stored(level):
                    expected.discard((level, index))
                    self._compare_node(level, index, computed, nodes.get((level, index)))
            size = number + 1
            if size in signed:
                self._compare_checkpoint(size, *signed[size])
            self._compare_kept(size)
        for level, index in sorted(expected):
            self.fault("tampered", f"node {index} of level {level} belongs to no leaves", index << level)

    def _leaf(self, number: int, leaf: LeafRecord | None) -> bytes:
        """The hash that the tree was grown from here, by the leaf; whether the entry still has it is noted.

        Going on with the leaf's hash shows whether it is the one that was signed, and keeps one changed
        entry from being reported a thousand times.
        """
        if leaf is None:
            self.fault("missing", f"number {number} is missing", number)
            return leaf_hash(b"")
        stored = bytes(leaf.hash)
        if leaf.data is None:
            self.fault("missing", f"entry {leaf.entry}, number {number}, is gone", number)
            return stored
        content = read_content(leaf.data)
        if leaf_hash(leaf.data.encode()) != stored:
            self.fault("tampered", f"entry {leaf.entry}, number {number}, is not what was recorded", number)
        elif wrong := self.openings.take(number, leaf.entry, content, leaf.openings):
            self.fault("opening", f"entry {leaf.entry}, number {number}: {wrong}", number)
        self._compare_columns(leaf, content)
        return stored

    def finish(self) -> None:
        """Note what nothing opens and no entry says was erased."""
        for number, entry, parts in self.openings.unexplained():
            self.fault(
                "opening",
                f"entry {entry}, number {number}: nothing opens its {' and '.join(parts)}, and no entry says"
                " that this was erased",
                number,
            )

    def _compare_columns(self, leaf: LeafRecord, content: Mapping[str, Any]) -> None:
        try:
            agree = [content[name] for name in _SEARCHED] == [
                leaf.entry,
                leaf.kind,
                leaf.type,
                leaf.subject,
                leaf.turn,
                leaf.effect,
            ] and (content["actor"]["id"], content["at"]) == (leaf.actor, leaf.at)
        except (KeyError, TypeError):
            agree = False
        if not agree:
            self.fault(
                "tampered",
                f"entry {leaf.entry}, number {leaf.number}: what it is searched by is not what it says",
                leaf.number,
            )

    def _compare_node(self, level: int, index: int, computed: bytes, stored: bytes | None) -> None:
        first, last = index << level, ((index + 1) << level) - 1
        if stored is None:
            self.fault("missing", f"the node over entries {first} to {last} is missing", first)
        elif stored != computed:
            self.fault(
                "reordered",
                f"entries {first} to {last} are not those, or not in the order, that the tree was grown from",
                first,
            )

    def _compare_kept(self, size: int) -> None:
        for root in self.kept.get(size, ()):
            if root != self.frontier.root():
                self.fault(
                    "kept_checkpoint",
                    f"the first {size} entries are not those of a checkpoint that was kept outside",
                    size - 1,
                )

    def _compare_checkpoint(self, size: int, root: bytes, note: str) -> None:
        self.checkpoints += 1
        try:
            checkpoint = open_checkpoint(note, self._key)
        except NoteError as error:
            self.fault("checkpoint", f"the checkpoint of size {size} does not hold: {error}", size - 1)
            return
        if (checkpoint.size, checkpoint.root) != (size, root):
            self.fault(
                "checkpoint", f"the row of the checkpoint of size {size} is not what was signed", size - 1
            )
        if checkpoint.root != self.frontier.root():
            self.fault(
                "checkpoint", f"the first {size} entries are not those whose checkpoint was signed", size - 1
            )
