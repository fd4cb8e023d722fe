"""The files that an engineer works on: a folder that only they see, made again from rows after a crash.

What the tools of this file did is an `Edit` each; a folder is the base's files with all edits so far, in order.
Commands run over a copy of it, so what they leave behind is no edit. Paths are data that a model wrote: none
leads out of the folder, through a symlink or into `.git`.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from governance.outside_text import is_storable

MOST_FILE_BYTES = 256 * 1024
"""Of a file that is read or written; what is longer is no source that anybody edits by hand."""
MOST_LOCKFILE_BYTES = 8 * 2**20
"""Of a lockfile, which programs write."""
LOCKFILES = ("uv.lock", "package-lock.json")
MOST_LINES = 400
"""Of a file that is shown at once."""
MOST_MATCHES = 100
MOST_LISTED = 300
_LONGEST_LINE = 300
_LONGEST_PATH = 400
_LONGEST_NAME = 255
_OF_GIT = {".git", "git~1"}


class NotPossible(Exception):
    """A tool cannot do that. The text says why, to whoever asked."""


@dataclass(frozen=True, slots=True)
class Edit:
    """A file's whole text from now on; None takes it away."""

    path: str
    text: str | None


@dataclass(frozen=True, slots=True)
class Workspace:
    """The files under `root`. Every method raises NotPossible."""

    root: Path

    def read(self, path: str, first: int = 1, last: int | None = None) -> str:
        """Lines of a file, each with its number; at most MOST_LINES of them."""
        lines = self.text(path).splitlines()
        if not lines:
            return f"{path} is empty."
        if first < 1 or first > len(lines):
            raise NotPossible(f"{path} has {len(lines)} lines.")
        if last is not None and last < first:
            raise NotPossible(f"Line {last} comes before line {first}.")
        until = min(last or len(lines), len(lines), first + MOST_LINES - 1)
        shown = "\n".join(f"{n:>5}  {lines[n - 1][:_LONGEST_LINE]}" for n in range(first, until + 1))
        more = f"\n({len(lines) - until} more)" if until < len(lines) else ""
        return f"{shown}{more}"

    def list(self, folder: str = "") -> str:
        """The files in a folder and the folders in it, with their sizes."""
        found = list(self._files(self._inside(folder) if folder else self.root))
        if not found:
            return f"There is nothing in {folder or 'the repository'}."
        shown = [f"{path.relative_to(self.root)}  {path.lstat().st_size} bytes" for path in found[:MOST_LISTED]]
        if len(found) > MOST_LISTED:
            shown.append(f"({len(found) - MOST_LISTED} more files: name a folder)")
        return "\n".join(shown)

    def search(self, text: str, folder: str = "") -> str:
        """Lines of files that hold `text`, whatever its letters' case."""
        if not text.strip():
            raise NotPossible("Say what to search for.")
        wanted, found = text.casefold(), []
        for path in self._files(self._inside(folder) if folder else self.root):
            if path.is_symlink() or path.stat().st_size > MOST_FILE_BYTES:
                continue
            for number, line in enumerate(path.read_bytes().decode(errors="replace").splitlines(), start=1):
                if wanted in line.casefold():
                    found.append(f"{path.relative_to(self.root)}:{number}: {line.strip()[:_LONGEST_LINE]}")
            if len(found) > MOST_MATCHES:
                return "\n".join([*found[:MOST_MATCHES], "(more: search for something rarer)"])
        return "\n".join(found) or f"Nothing holds “{text}”."

    def write(self, path: str, text: str) -> Edit:
        """Give a file this text, whether it is there or not."""
        return self.apply(Edit(path, text))

    def replace(self, path: str, old: str, new: str) -> Edit:
        """Put `new` in the place of `old`, which stands in the file exactly once."""
        text = self.text(path)
        times = text.count(old) if old else 0
        if times != 1:
            stands = "does not stand there" if times == 0 else f"stands there {times} times"
            raise NotPossible(f"In {path} the old text {stands}. Read it again, and name it exactly once.")
        return self.apply(Edit(path, text.replace(old, new)))

    def remove(self, path: str) -> Edit:
        """Take a file away."""
        self.text(path)
        return self.apply(Edit(path, None))

    def apply(self, edit: Edit) -> Edit:
        """Do what was done before. Returns it."""
        target = self._inside(edit.path)
        if edit.text is None:
            target.unlink(missing_ok=True)
            return edit
        if not is_storable(edit.text):
            raise NotPossible("A text holds neither NUL nor half a character.")
        content = edit.text.encode()
        most = MOST_LOCKFILE_BYTES if PurePosixPath(edit.path).name in LOCKFILES else MOST_FILE_BYTES
        if len(content) > most:
            raise NotPossible(f"A file has at most {most:,} bytes.")
        if target.is_dir():
            raise NotPossible(f"{edit.path} is a folder.")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError):
            raise NotPossible(f"A folder of {edit.path} is a file.") from None
        target.write_bytes(content)
        return edit

    def apply_all(self, edits: Iterable[Edit]) -> None:
        """Do all of that again, in order."""
        for edit in edits:
            self.apply(edit)

    def copy(self, into: Path) -> Path:
        """Copy all files into a folder that is not there yet, for a command to run over."""
        return Path(shutil.copytree(self.root, into, symlinks=True))

    def digest(self) -> str:
        """SHA-256 (hex) of the paths and contents: two states of the same files have the same."""
        whole = hashlib.sha256()
        for path in self._files(self.root):
            content = os.readlink(path).encode() if path.is_symlink() else path.read_bytes()
            of_file = hashlib.sha256(content).hexdigest()
            whole.update(f"{path.relative_to(self.root)}\0{of_file}\n".encode())
        return whole.hexdigest()

    def text(self, path: str) -> str:
        """A file's whole text."""
        target = self._inside(path)
        if not target.is_file():
            raise NotPossible(f"There is no file {path}.")
        if target.stat().st_size > MOST_FILE_BYTES:
            raise NotPossible(f"{path} is larger than {MOST_FILE_BYTES:,} bytes: nobody reads it whole.")
        try:
            return target.read_bytes().decode()
        except UnicodeDecodeError:
            raise NotPossible(f"{path} is no text.") from None

    def _inside(self, path: str) -> Path:
        """Where a path leads. Raises NotPossible for one that leads elsewhere."""
        pure = PurePosixPath(path)
        parts = pure.parts
        if (
            not parts
            or pure.is_absolute()
            or ".." in parts
            or not is_storable(path)
            or len(path) > _LONGEST_PATH
        ):
            raise NotPossible(f"“{path[:80]}” is no path within the repository.")
        if not path.isprintable() or any(len(part.encode()) > _LONGEST_NAME for part in parts):
            raise NotPossible(
                f"No file is called so: a name has at most {_LONGEST_NAME} bytes, all of them visible."
            )
        if any(part.casefold().rstrip(". ") in _OF_GIT for part in parts):
            raise NotPossible("Nothing is read or written in `.git`.")
        at = self.root
        for part in parts:
            at = at / part
            if at.is_symlink():
                raise NotPossible(f"{at.relative_to(self.root)} is a link; say the file that it leads to.")
        return at

    def _files(self, folder: Path) -> Iterator[Path]:
        """Every file below a folder, by path; links are files here."""
        if not folder.is_dir():
            raise NotPossible(f"There is no folder {folder.relative_to(self.root)}.")
        for at, folders, files in os.walk(folder):
            folders.sort()
            linked = [one for one in folders if (Path(at) / one).is_symlink()]
            folders[:] = [one for one in folders if one not in linked and one != "__pycache__"]
            for name in sorted([*files, *linked]):
                yield Path(at) / name
