"""What a command changed in its tree, taken back as data: plain files alone, opened without following a
link."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from integrations.sandbox.trees import Entry, walk

MOST_FILE_BYTES = 5 * 2**20
MOST_BYTES = 50 * 2**20
MOST_FILES = 2_000
_PLAIN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_CHUNK = 2**20
_OF_GIT = {".git", "git~1"}


@dataclass(frozen=True, slots=True)
class ChangedFile:
    """A file as it is now. The content of a link is the path that it holds."""

    path: str
    content: bytes
    executable: bool = False
    is_link: bool = False


@dataclass(frozen=True, slots=True)
class LeftBehind:
    """Something that is not taken, and why in words."""

    path: str
    why: str


@dataclass(frozen=True, slots=True)
class TakenBack:
    """What changed since a tree was noted, by path. Where anything is left behind, it is not the whole
    change."""

    changed: tuple[ChangedFile, ...]
    removed: tuple[str, ...]
    left_behind: tuple[LeftBehind, ...]


Noted = Mapping[str, str]
"""A digest of each file of a tree, by its path."""


class TooMuchChanged(Exception):
    """More was changed than a change may be. The text is for people."""


class _Odd(Exception):
    """This is not taken; the text says why."""


def note(tree: Path) -> Noted:
    """What a tree holds before commands run over it. Blocking: reads all of it. Raises TooDeep."""
    return {entry.path: _digest(entry) for entry in walk(tree) if not stat.S_ISDIR(entry.status.st_mode)}


def take_back(tree: Path, before: Noted) -> TakenBack:
    """What is other than `before`. Links that leave the tree, what is no file, what is too large, and whatever
    is git's own is left behind, unless it was there before. No command may be running over the tree. Blocking.
    Raises TooDeep, TooMuchChanged."""
    changed: list[ChangedFile] = []
    left: list[LeftBehind] = []
    seen: set[str] = set()
    shut: list[str] = []
    room = MOST_BYTES
    for entry in walk(tree):
        try:
            if stat.S_ISDIR(entry.status.st_mode):
                if not os.access(entry.name, os.R_OK | os.X_OK, dir_fd=entry.folder):
                    shut.append(f"{entry.path}/")
                    raise _Odd("is shut")
                continue
            seen.add(entry.path)
            if entry.path in before and _digest(entry) == before[entry.path]:
                continue
            changed.append(_taken(entry))
            room -= len(changed[-1].content)
        except _Odd as odd:
            left.append(LeftBehind(entry.path, str(odd)))
        if room < 0 or len(changed) + len(left) > MOST_FILES:
            most = f"{MOST_FILES:,} files or {MOST_BYTES // 2**20} MB"
            raise TooMuchChanged(f"More than {most} were changed in {tree.name}.")
    removed = (path for path in before.keys() - seen if not path.startswith(tuple(shut)))
    return TakenBack(tuple(changed), tuple(sorted(removed)), tuple(left))


def _taken(entry: Entry) -> ChangedFile:
    """Raises _Odd."""
    if not (entry.path.isprintable() and _is_text(entry.path)):
        raise _Odd("has a name that is no plain text")
    if any(part.casefold().rstrip(". ") in _OF_GIT for part in PurePosixPath(entry.path).parts):
        raise _Odd("is git’s own")
    if stat.S_ISLNK(entry.status.st_mode):
        target = os.readlink(entry.name, dir_fd=entry.folder)
        if _leaves(entry.path, target):
            raise _Odd("is a link out of the tree")
        return ChangedFile(entry.path, os.fsencode(target), is_link=True)
    if not stat.S_ISREG(entry.status.st_mode):
        raise _Odd("is no file")
    with _opened(entry) as file:
        content = file.read(MOST_FILE_BYTES + 1)
    if len(content) > MOST_FILE_BYTES:
        raise _Odd(f"is larger than {MOST_FILE_BYTES // 2**20} MB")
    return ChangedFile(entry.path, content, executable=bool(entry.status.st_mode & stat.S_IXUSR))


def _leaves(path: str, target: str) -> bool:
    """Whether a link may lead out of the tree: steps up come first and are no more than there are, so that it
    does not though every name on its way be such a link itself."""
    parts = PurePosixPath(target).parts
    ups = sum(1 for part in parts if part == "..")
    depth = len(PurePosixPath(path).parts) - 1
    return target.startswith("/") or not target or ".." in parts[ups:] or ups > depth


def _is_text(name: str) -> bool:
    """Bytes that are no UTF-8 are surrogates in a name."""
    return not any("\ud800" <= letter <= "\udfff" for letter in name)


def _digest(entry: Entry) -> str:
    """Raises _Odd."""
    if stat.S_ISLNK(entry.status.st_mode):
        return f"link {os.readlink(entry.name, dir_fd=entry.folder)}"
    if not stat.S_ISREG(entry.status.st_mode):
        return f"kind {stat.S_IFMT(entry.status.st_mode):o}"
    digest = hashlib.sha256(b"x" if entry.status.st_mode & stat.S_IXUSR else b"-")
    with _opened(entry) as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


@contextmanager
def _opened(entry: Entry) -> Iterator[BinaryIO]:
    """Raises _Odd."""
    try:
        descriptor = os.open(entry.name, _PLAIN, dir_fd=entry.folder)
    except PermissionError:
        raise _Odd("cannot be read") from None
    with os.fdopen(descriptor, "rb") as file:
        yield file
