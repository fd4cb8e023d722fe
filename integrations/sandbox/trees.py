"""Trees, walked by folders that are held open: what a command leaves there may be links, pits and a million
files."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from integrations.sandbox import Command, Limit, TreeUnusable

DEEPEST = 100
"""Folders within folders. What is deeper is no source code, and costs an open file each."""
MOST_FILES = 500_000
_STEP_BYTES = 32 * 2**20
_STEP_FILES = 10_000
_REST = 20
"""Walking takes a twentieth of the time at most."""
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class TooDeep(Exception):
    """There are folders within folders without end, or files without end."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Something in a tree: its path from the tree's root, its folder (an open descriptor, good until the walk
    goes on) and name there, and what `lstat` says."""

    path: str
    folder: int
    name: str
    status: os.stat_result


def walk(root: Path) -> Iterator[Entry]:
    """Everything below `root`, folders before what is in them; links are not followed, and folders that may not
    be opened are not entered. Raises TooDeep, NotADirectoryError, FileNotFoundError."""
    descriptor = os.open(root, _FOLDER)
    try:
        for number, entry in enumerate(_below(descriptor, "", 1)):
            if number >= MOST_FILES:
                raise TooDeep(f"there are more than {MOST_FILES:,} files")
            yield entry
    finally:
        os.close(descriptor)


def _below(folder: int, path: str, depth: int) -> Iterator[Entry]:
    if depth > DEEPEST:
        raise TooDeep(f"folders are more than {DEEPEST} deep")
    with os.scandir(folder) as found:
        for one in found:
            try:
                status = one.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue  # removed meanwhile
            entry = Entry(path + one.name, folder, one.name, status)
            yield entry
            if stat.S_ISDIR(status.st_mode):
                yield from _in_folder(entry, depth)


def _in_folder(entry: Entry, depth: int) -> Iterator[Entry]:
    try:
        inner = os.open(entry.name, _FOLDER, dir_fd=entry.folder)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return
    try:
        yield from _below(inner, f"{entry.path}/", depth + 1)
    finally:
        os.close(inner)


def size(root: Path, full: int) -> int:
    """Bytes on the disk below `root`; at least `full` where one file alone has that length, holes and all.
    Raises TooDeep."""
    total = 0
    for entry in walk(root):
        total += entry.status.st_blocks * 512
        if stat.S_ISREG(entry.status.st_mode) and entry.status.st_size >= full:
            total = max(total, full)
    return total


def hand_over(command: Command, user: int | None) -> None:
    """See that a command can work on its tree: that it is one, with room left, and its `user`'s, if it runs as
    another than ours. Raises TreeUnusable."""
    tree, limit = command.tree, command.limits.disk_bytes
    if tree.is_symlink() or not tree.is_dir():
        raise TreeUnusable(f"{tree.name} is no folder.")
    if os.path.lexists(tree / ".git"):
        raise TreeUnusable(f"{tree.name} has a .git, which no command may write.")
    try:
        used = size(tree, limit) if user is None else lend(tree, user)
    except TooDeep as unusable:
        raise TreeUnusable(f"{tree.name} cannot be used: {unusable}.") from None
    if used >= limit:
        raise TreeUnusable(f"{tree.name} is larger than a command’s disk before anything has run.")


def lend(root: Path, user: int) -> int:
    """Give `root` and all below it to `user`, which only the superuser can; returns its size in bytes. A file
    that has a name elsewhere too is not given away. Raises TooDeep."""
    _give(root, None, os.lstat(root), user)
    total = 0
    for entry in walk(root):
        total += entry.status.st_blocks * 512
        if stat.S_ISDIR(entry.status.st_mode) or entry.status.st_nlink == 1:
            _give(entry.name, entry.folder, entry.status, user)
    return total


def _give(name: str | Path, folder: int | None, status: os.stat_result, user: int) -> None:
    if (status.st_uid, status.st_gid) != (user, user):
        with suppress(FileNotFoundError):
            os.chown(name, user, user, dir_fd=folder, follow_symlinks=False)


class DiskWatch:
    """Looks at what folders on one disk hold while commands write there. Blocking: walks them now and then."""

    def __init__(self, folders: tuple[Path, ...], limit: int) -> None:
        self._folders, self._limit = folders, limit
        self._room = _room(folders[0])
        self._walked, self._walk_seconds = time.monotonic(), 0.05

    def look(self, closely: bool = False) -> Limit | None:
        """Whether it is too much. They are walked when much is gone of the disk's room, for others write there
        too; and now and then, for room can be taken without being used up; and where it is asked for."""
        room, now = _room(self._folders[0]), time.monotonic()
        gone = room[0] < self._room[0] - _STEP_BYTES or room[1] < self._room[1] - _STEP_FILES
        if not (gone or closely) and now - self._walked < max(1.0, _REST * self._walk_seconds):
            return None
        self._room = room
        try:
            used = sum(size(folder, self._limit) for folder in self._folders)
        except TooDeep:
            return Limit.DISK
        self._walked, self._walk_seconds = time.monotonic(), time.monotonic() - now
        return Limit.DISK if used >= self._limit else None


def _room(folder: Path) -> tuple[int, int]:
    """Bytes and files for which there is room on the disk."""
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize, found.f_favail


def throw_away(root: Path) -> None:
    """Remove a folder that commands have written to: however deep it is, and though they took our own leave to
    look into it."""
    if root.is_symlink() or not root.is_dir():
        root.unlink(missing_ok=True)
        return
    _empty(root)
    root.rmdir()


def _empty(root: Path) -> None:
    """One folder is open at a time, however deep it lies: the way back is `..`, for nothing runs any more that
    could move a folder."""
    here = os.open(root, _FOLDER)
    try:
        os.fchmod(here, 0o700)
        inside: list[str] = []
        waiting = [_without_files(here)]
        while True:
            if waiting[-1]:
                name = waiting[-1].pop()
                here = _moved(here, name)
                inside.append(name)
                waiting.append(_without_files(here))
            elif inside:
                here = _moved(here, "..")
                os.rmdir(inside.pop(), dir_fd=here)
                waiting.pop()
            else:
                return
    finally:
        os.close(here)


def _without_files(folder: int) -> list[str]:
    """Remove what is no folder; returns the folders."""
    folders = []
    for name in os.listdir(folder):
        if stat.S_ISDIR(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
            folders.append(name)
        else:
            os.unlink(name, dir_fd=folder)
    return folders


def _moved(folder: int, name: str) -> int:
    """`folder` is closed, and one beside it open instead, though we may not look into it as yet."""
    os.chmod(name, 0o700, dir_fd=folder)
    inner = os.open(name, _FOLDER, dir_fd=folder)
    os.close(folder)
    return inner
