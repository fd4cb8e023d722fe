"""Checkpoints (https://c2sp.org/tlog-checkpoint): a log's size and root, signed."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from governance.audit.merkle import HASH_SIZE
from governance.audit.signed_note import NoteError, Signer, VerifierKey, open_note

_SIZE = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log says of itself: its `origin` (`countersign/acme`), `size` in leaves, and 32-byte `root`."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """The note's text: origin, size, root in base64, a line each."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """Read a note's text; lines after the third are passed over. Raises `NoteError`."""
        lines = text.removesuffix("\n").split("\n")
        if len(lines) < 3 or not all(lines) or not text.endswith("\n"):
            raise NoteError("a checkpoint has at least three lines: origin, size, root")
        if not _SIZE.fullmatch(lines[1]):
            raise NoteError("a checkpoint's size is a decimal number")
        try:
            root = base64.b64decode(lines[2], validate=True)
        except (binascii.Error, ValueError) as error:
            raise NoteError("a checkpoint's root is base64") from error
        if len(root) != HASH_SIZE:
            raise NoteError(f"a checkpoint's root has {HASH_SIZE} bytes")
        return cls(lines[0], int(lines[1]), root)


def origin_of(tenant: str) -> str:
    """The name of a tenant's log, which is also its key's name."""
    return f"countersign/{tenant}"


def sign_checkpoint(signer: Signer, size: int, root: bytes) -> str:
    """The signed note over a tree; the signer's name is the origin."""
    return signer.sign(Checkpoint(signer.name, size, root).text())


def open_checkpoint(note: str, key: VerifierKey) -> Checkpoint:
    """The checkpoint in a note that `key` signed, of the log of that name. Raises `NoteError`."""
    checkpoint = Checkpoint.parse(open_note(note, [key]))
    if checkpoint.origin != key.name:
        raise NoteError(f"a checkpoint of {checkpoint.origin}, signed by {key.name}")
    return checkpoint


def notes_in(lines: Iterable[str]) -> Iterator[str]:
    """The notes of a file to which checkpoints were appended, each after a blank line.

    A checkpoint's text has no blank line, so the file falls into paragraphs: text, signatures, text, …
    A text without signatures after it (a write that was torn) is given as it is, and will not verify.
    """
    text: list[str] = []
    for paragraph in _paragraphs(lines):
        if paragraph[0].startswith("\N{EM DASH} "):
            yield "".join([*text, "\n", *paragraph])
            text = []
            continue
        if text:
            yield "".join(text)
        text = paragraph
    if text:
        yield "".join(text)


def _paragraphs(lines: Iterable[str]) -> Iterator[list[str]]:
    paragraph: list[str] = []
    for line in lines:
        if line.rstrip("\r\n"):
            paragraph.append(line)
        elif paragraph:
            yield paragraph
            paragraph = []
    if paragraph:
        yield paragraph
