"""Documents in a folder of this machine."""

from __future__ import annotations

import asyncio
import hashlib
import os
import stat
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from rapidfuzz import fuzz, process

from integrations import Embedded
from integrations.documents import (
    LARGEST_DOCUMENT,
    Document,
    DocumentTooLarge,
    DocumentUnreadable,
    NoSuchDocument,
    OutsideFolder,
)
from integrations.documents.formats import FORMATS, LARGEST_FILES, NotText, TextReader
from integrations.finding import best
from integrations.integration import Integration
from integrations.pages import Page, Part, page_of

_ABOUT = "readme"
"""What says what a folder is for is none of its documents."""


class LocalFolder(Embedded):
    """Reads the documents under `folder`, and nothing else: no `..`, no absolute path, no link out of it."""

    def __init__(self, folder: Path, formats: Mapping[str, TextReader] = FORMATS) -> None:
        self._folder = folder.resolve()
        self._formats = formats

    async def names(self, part: Part) -> Page[str]:
        """See Documents.names."""
        names = await asyncio.to_thread(lambda: sorted(self._named()))
        behind = [name for name in names if part.after is None or name > part.after]
        return page_of(behind, part.limit, str)

    async def find(self, text: str, limit: int) -> Sequence[str]:
        """See Documents.find."""
        return await asyncio.to_thread(
            lambda: best(text, ((name, (name,)) for name in sorted(self._named())), limit)
        )

    async def read(self, name: str) -> Document:
        """See Documents.read."""
        return await asyncio.to_thread(self._read, name)

    def _named(self) -> dict[str, PurePosixPath]:
        """Name to path. A name is the file's without its ending, its path where two share that, and its path
        with its ending where one folder has it in two formats."""
        paths = [
            PurePosixPath(found.relative_to(self._folder).as_posix())
            for found in sorted(self._folder.rglob("*"))
            if found.suffix.lower() in self._formats
            and found.stem.casefold() != _ABOUT
            and found.is_file()
            and self._inside(found)
        ]
        stems = Counter(path.stem.casefold() for path in paths)
        bare = Counter(path.with_suffix("").as_posix().casefold() for path in paths)

        def name(path: PurePosixPath) -> str:
            if stems[path.stem.casefold()] == 1:
                return path.stem
            without = path.with_suffix("").as_posix()
            return without if bare[without.casefold()] == 1 else path.as_posix()

        return {name(path): path for path in paths}

    def _inside(self, path: Path) -> bool:
        return path.resolve().is_relative_to(self._folder)

    def _read(self, asked: str) -> Document:
        if "\0" in asked or "\\" in asked or asked.startswith(("/", "~")) or ".." in PurePosixPath(asked).parts:
            raise OutsideFolder(asked)
        name, path = self._find(asked)
        content = self._content(name, self._folder / path)
        try:
            text = self._formats[path.suffix.lower()](content)
        except NotText as error:
            raise DocumentUnreadable(name, str(error)) from error
        return Document(name, text, hashlib.sha256(content).hexdigest(), path.as_posix())

    def _find(self, asked: str) -> tuple[str, PurePosixPath]:
        named = self._named()
        wanted = asked.strip().casefold()
        for spellings in (_exactly, _by_file_name):
            meant = [(name, path) for name, path in named.items() if wanted in spellings(name, path)]
            if len(meant) == 1:
                return meant[0]
            if meant:
                raise NoSuchDocument(asked, tuple(name for name, _ in meant))
        if self._points_out(asked):
            raise OutsideFolder(asked)
        raise NoSuchDocument(asked, self._nearest(wanted, named))

    def _points_out(self, asked: str) -> bool:
        """Whether a link of that name lies in the folder and leads out of it."""
        try:
            return any(
                link.is_symlink() and not self._inside(link)
                for link in (self._folder / (asked.strip() + ending) for ending in ("", *self._formats))
            )
        except OSError:  # too long for a file name: then no link has it either
            return False

    def _nearest(self, wanted: str, named: Mapping[str, PurePosixPath]) -> tuple[str, ...]:
        found = process.extract(wanted, list(named), scorer=fuzz.WRatio, processor=str.casefold, limit=3)
        return tuple(name for name, score, _ in found if score >= 60)

    def _content(self, name: str, path: Path) -> bytes:
        """All bytes of a regular file that is not too large for its format; a link in its last part is not
        followed."""
        try:
            handle = os.open(path.resolve(), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError as error:
            raise NoSuchDocument(name, ()) from error
        except PermissionError as error:
            raise DocumentUnreadable(name, "I may not open it") from error
        with os.fdopen(handle, "rb") as file:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise DocumentUnreadable(name, "it is not a file")
            largest = LARGEST_FILES.get(path.suffix.lower(), LARGEST_DOCUMENT)
            content = file.read(largest + 1)
        if len(content) > largest:
            raise DocumentTooLarge(name, largest)
        return content


def _exactly(name: str, path: PurePosixPath) -> frozenset[str]:
    return frozenset(each.casefold() for each in (name, path.as_posix(), path.with_suffix("").as_posix()))


def _by_file_name(_: str, path: PurePosixPath) -> frozenset[str]:
    return frozenset({path.name.casefold()})


INTEGRATION = Integration(
    kind="documents",
    name="local",
    title="the documents folder",
    open=lambda around: LocalFolder(around.folder / around.folders["documents"]),
)
