"""What is in a repository, as it is looked at: branches, commits, trees, files, and how two commits differ."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

MOST_FILE_BYTES = 1024**2
"""Of a file whose content is read; what is longer is not text that anybody reads."""
MOST_PATCH_CHARACTERS = 20_000
"""Of one file's patch; what is longer is cut, and says so."""
MOST_CHECKOUT_FILES = 50_000
MOST_CHECKOUT_BYTES = 512 * 1024**2


class MergeWay(StrEnum):
    """How a merge comes into its branch."""

    MERGE = "merge"
    SQUASH = "squash"
    REBASE = "rebase"


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository. `id` is what the port calls it (`orders`, `northwind/orders`). `default_branch` is None
    where there is none: an empty repository, or a HEAD that points at no branch. `language` is the one that
    most of it is in, None where that is not known; `address` is where people clone it from."""

    id: str
    default_branch: str | None
    is_empty: bool
    language: str | None
    size_bytes: int
    ways: frozenset[MergeWay]
    address: str | None
    description: str = ""
    is_archived: bool = False


@dataclass(frozen=True, slots=True)
class Protection:
    """What a merge into a protected branch needs: approving reviews of its very head by others than its
    author, and checks by name that passed on it. Nothing is pushed there."""

    required_reviews: int = 0
    required_checks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Branch:
    """A branch and the commit that it is at; `protection` is None where anybody may push to it."""

    repository: str
    name: str
    sha: str
    protection: Protection | None


@dataclass(frozen=True, slots=True)
class Signature:
    """Who wrote or committed something, as the commit itself says: nobody proved it."""

    name: str
    email: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit; `tree` is the sha of its files."""

    sha: str
    tree: str
    parents: tuple[str, ...]
    author: Signature
    committer: Signature
    message: str

    @property
    def title(self) -> str:
        """The message's first line."""
        return self.message.partition("\n")[0]


@dataclass(frozen=True, slots=True)
class CommitDraft:
    """A commit to be made: its first parent is the one whose files were changed. `at` counts in whole seconds,
    so that the same draft of the same files is the same commit."""

    parents: tuple[str, ...]
    message: str
    author: str
    email: str
    at: datetime


class EntryKind(StrEnum):
    """What stands at a path."""

    FILE = "file"
    EXECUTABLE = "executable"
    SYMLINK = "symlink"
    FOLDER = "folder"
    SUBMODULE = "submodule"


@dataclass(frozen=True, slots=True)
class TreeEntry:
    """What stands at a path of a tree; `size` in bytes, None of folders and submodules."""

    path: str
    kind: EntryKind
    sha: str
    size: int | None


class FileKind(StrEnum):
    """What a file holds, as far as a reader is concerned."""

    TEXT = "text"
    BINARY = "binary"
    LFS_POINTER = "LFS pointer"
    SYMLINK = "symlink"
    SUBMODULE = "submodule"
    TOO_LARGE = "too large"


@dataclass(frozen=True, slots=True)
class File:
    """A file of one commit. `text` is None of what is no text or longer than MOST_FILE_BYTES; a symlink's text
    is where it points, an LFS pointer's is the pointer: what it stands for is kept elsewhere."""

    path: str
    commit: str
    kind: FileKind
    sha: str
    size: int
    text: str | None


class ChangeType(StrEnum):
    """What became of a file."""

    ADDED = "added"
    MODIFIED = "modified"
    DELETED = "deleted"
    RENAMED = "renamed"
    TYPE_CHANGED = "type changed"


@dataclass(frozen=True, slots=True)
class FileChange:
    """What became of one file: `before` is its path before, where that was another; `added` and `removed` count
    lines, 0 of what is no text. `patch` is unified, from the first hunk on; it is empty where there is nothing
    to read, and `is_cut` where it is longer than MOST_PATCH_CHARACTERS."""

    path: str
    before: str | None
    change: ChangeType
    kind: EntryKind
    added: int
    removed: int
    is_binary: bool
    patch: str
    is_cut: bool


@dataclass(frozen=True, slots=True)
class Diff:
    """What `head` changes beside `base`: from where the two parted (`merge_base`) to `head`. `files` are a part
    of the `file_count` that changed, and `after` the mark of the next; `added` and `removed` are of all."""

    base: str
    head: str
    merge_base: str
    file_count: int
    added: int
    removed: int
    files: tuple[FileChange, ...]
    after: str | None


@dataclass(frozen=True, slots=True)
class Match:
    """A line that was searched for; `line` counts from 1. Long lines are cut."""

    path: str
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class MergeResult:
    """What merging would come to: the `tree` that would stand then, or the paths in `conflicts` (and no tree).
    No branch moves, and no commit is made."""

    base: str
    head: str
    merge_base: str
    tree: str | None
    conflicts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Checkout:
    """The files of a commit or tree that were written to a folder. `submodules` are empty folders there, and
    `lfs_pointers` the pointers: neither is fetched. Symlinks are there as they are, wherever they point."""

    sha: str
    files: int
    size_bytes: int
    submodules: tuple[str, ...]
    lfs_pointers: tuple[str, ...]
