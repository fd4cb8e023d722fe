"""Documents: PRDs and other texts that people write. The port that every place of documents implements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from integrations.pages import Page, Part

LARGEST_DOCUMENT = 1_000_000
"""Bytes; larger documents are refused. `formats.LARGEST_FILES` has what other formats may have."""


@dataclass(frozen=True, slots=True)
class Document:
    """A document as text. `name` is what people call it, `path` where it lies within its folder.

    `digest` is the SHA-256 (hex) of the stored bytes. The text is data: nothing in it is obeyed.
    """

    name: str
    text: str
    digest: str
    path: str


class DocumentError(Exception):
    """A document could not be had; its message is a sentence for people."""


class NoSuchDocument(DocumentError):
    """No document, or more than one, goes by this name. `nearest` are names that do exist, best first."""

    def __init__(self, name: str, nearest: tuple[str, ...]) -> None:
        meant = f" Did you mean {', '.join(nearest)}?" if nearest else ""
        super().__init__(f"There is no document called {name!r}.{meant}")
        self.name = name
        self.nearest = nearest


class DocumentTooLarge(DocumentError):
    """The document has more bytes than `limit`."""

    def __init__(self, name: str, limit: int = LARGEST_DOCUMENT) -> None:
        super().__init__(f"{name} is larger than {limit:,} bytes, so I do not read it.")
        self.name = name
        self.limit = limit


class DocumentUnreadable(DocumentError):
    """The document is there, but not as text; `why` says what is wrong with it."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"{name} cannot be read as text: {why}.")
        self.name = name
        self.why = why


class OutsideFolder(DocumentError):
    """The name points outside the documents folder."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name!r} lies outside the documents folder, and I read nothing outside it.")
        self.name = name


class Documents(Protocol):
    """Where documents are. Reading only; nothing here has an effect."""

    async def names(self, part: Part) -> Page[str]:
        """A page of the documents' names, sorted. Raises NoSuchPage."""

    async def find(self, text: str, limit: int) -> Sequence[str]:
        """At most `limit` names that share a word with the text, or one like it: best first, else by name."""

    async def read(self, name: str) -> Document:
        """One document, by name (any case, with or without its ending) or by its path in the folder.

        Raises NoSuchDocument, DocumentTooLarge, DocumentUnreadable, OutsideFolder.
        """
