"""Files out of a bare repository into a folder, and back as a commit.

A folder is written by ourselves and not by git: no attribute of the tree changes a byte, and no name leads out
of the folder. What comes back was written by whatever ran there, so nothing in it is followed or believed.
"""

from __future__ import annotations

import asyncio
import os
import signal
import stat
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from integrations.code_host.bare_repository import commit, demand_commit, demand_tree, is_lfs_pointer
from integrations.code_host.contents import (
    MOST_CHECKOUT_BYTES,
    MOST_CHECKOUT_FILES,
    Checkout,
    Commit,
    CommitDraft,
)
from integrations.code_host.git import Git, GitFailed, command, environment
from integrations.code_host.refusals import NothingChanged, TooLarge, TreeRefused

MOST_ENTRIES = 200_000
"""Files and folders of a tree that is taken back, ignored ones too."""
MOST_NEW_FILE_BYTES = 20 * 1024**2

_REGULAR, _LINK, _SUBMODULE = stat.S_IFREG, stat.S_IFLNK, 0o160000


@dataclass(frozen=True, slots=True)
class _Entry:
    mode: int
    sha: str
    size: int
    path: bytes

    @property
    def kind(self) -> int:
        return self.mode & 0o170000


async def checkout(git: Git, sha: str, into: Path) -> Checkout:
    """Write the files of a commit or tree into an empty folder. Raises NoSuchCommit, TooLarge, TreeRefused."""
    tree = await demand_tree(git, sha)
    entries = await _entries(git, tree)
    blobs = [one for one in entries if one.kind != _SUBMODULE]
    reader = await asyncio.to_thread(_cat_files, git)
    writing = asyncio.ensure_future(asyncio.to_thread(_write_all, reader, blobs, into))
    try:
        pointers = await asyncio.shield(writing)
    except asyncio.CancelledError:
        _kill(reader)
        await asyncio.gather(writing, return_exceptions=True)
        raise
    finally:
        _kill(reader)
    submodules = [one.path for one in entries if one.kind == _SUBMODULE]
    await asyncio.to_thread(_make_folders, into, submodules)
    size = sum(one.size for one in blobs)
    return Checkout(sha, len(blobs), size, tuple(map(_said, submodules)), tuple(map(_said, pointers)))


async def commit_tree(git: Git, folder: Path, draft: CommitDraft) -> Commit:
    """A commit of a folder's files, on top of its first parent. Raises NoSuchCommit, TreeRefused, TooLarge,
    NothingChanged."""
    for parent in draft.parents:
        await demand_commit(git, parent)
    tree_folder = await asyncio.to_thread(_demand_sound, folder)
    with tempfile.TemporaryDirectory(prefix="countersign-index-") as beside:
        files = {"GIT_INDEX_FILE": f"{beside}/index", "GIT_WORK_TREE": tree_folder}
        before = await demand_tree(git, draft.parents[0]) if draft.parents else None
        if before is not None:
            await git.run("read-tree", before, variables=files)
        try:
            await git.run("add", "--all", "--", ".", variables=files, seconds=120.0)
        except GitFailed as failed:
            raise TreeRefused(f"git does not take these files: {failed.said[:300]}") from failed
        tree = await git.text("write-tree", variables=files)
    if tree == before:
        raise NothingChanged("Nothing in it is another than before.")
    await _demand_small(git, before, tree)
    return await commit(git, await write_commit(git, tree, draft))


async def write_commit(git: Git, tree: str, draft: CommitDraft) -> str:
    """The sha of a commit of a tree: the same one for the same draft."""
    at = f"@{int(draft.at.timestamp())} +0000"
    name, email = _signed(draft.author), _signed(draft.email)
    signed = {
        f"GIT_{role}_{part}": value
        for role in ("AUTHOR", "COMMITTER")
        for part, value in (("NAME", name), ("EMAIL", email), ("DATE", at))
    }
    parents = [part for parent in draft.parents for part in ("-p", parent)]
    given = draft.message.encode(errors="replace")
    _, sha = await git.run("commit-tree", tree, *parents, "-F", "-", given=given, variables=signed)
    return sha.decode().strip()


def _signed(text: str) -> str:
    kept = "".join(c for c in text if c not in "<>\n\r\0").strip()
    return kept or "unknown"


async def _entries(git: Git, tree: str) -> list[_Entry]:
    entries, size = [], 0
    async with git.records("ls-tree", "-r", "-l", "-z", "--full-tree", tree) as records:
        async for record in records:
            about, _, path = record.partition(b"\t")
            mode, _, sha, length = about.split()
            entry = _Entry(int(mode, 8), sha.decode(), 0 if length == b"-" else int(length), path)
            _demand_safe(path)
            entries.append(entry)
            size += entry.size
            if len(entries) > MOST_CHECKOUT_FILES or size > MOST_CHECKOUT_BYTES:
                raise TooLarge(
                    f"It has more than {MOST_CHECKOUT_FILES:,} files or {MOST_CHECKOUT_BYTES // 1024**2} MB,"
                    " which is the most that is taken out at once."
                )
    return entries


def _demand_safe(path: bytes) -> None:
    """Raises TreeRefused for a name that would lead out of a folder, or into a repository's own."""
    for part in path.split(b"/"):
        if part in (b"", b".", b"..") or part.lower().rstrip(b". ") == b".git":
            raise TreeRefused(f"A file in it is called {_said(path)[:200]}, so it is not taken out.")


def _cat_files(git: Git) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 — git, with what is said here
        command("cat-file", "--batch"),
        cwd="/",
        env=environment(git.folder),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _write_all(reader: subprocess.Popen[bytes], entries: Sequence[_Entry], into: Path) -> list[bytes]:
    """Write every file; the paths of those that are LFS pointers. Symlinks come last, so that nothing is
    written through one."""
    if reader.stdin is None or reader.stdout is None:
        raise TypeError("the reader is opened with pipes")
    pointers = []
    _make_folders(into, [one.path.rpartition(b"/")[0] for one in entries if b"/" in one.path])
    for entry in sorted(entries, key=lambda one: one.kind == _LINK):
        reader.stdin.write(entry.sha.encode() + b"\n")
        reader.stdin.flush()
        header = reader.stdout.readline().split()
        if len(header) != 3 or int(header[2]) != entry.size:
            raise TreeRefused(f"{_said(entry.path)[:200]} cannot be read out of the repository.")
        content = reader.stdout.read(entry.size)
        reader.stdout.read(1)
        _write(into, entry, content)
        if entry.kind == _REGULAR and is_lfs_pointer(content):
            pointers.append(entry.path)
    return pointers


def _write(into: Path, entry: _Entry, content: bytes) -> None:
    path = os.path.join(os.fsencode(into), entry.path)
    try:
        if entry.kind == _LINK:
            os.symlink(content, path)
            return
        rights = 0o755 if entry.mode & 0o100 else 0o644
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, rights)
    except (FileExistsError, NotADirectoryError, ValueError) as clash:
        raise TreeRefused(f"{_said(entry.path)[:200]} cannot stand beside another of its files.") from clash
    with os.fdopen(handle, "wb") as file:
        file.write(content)


def _make_folders(into: Path, paths: Sequence[bytes]) -> None:
    for path in dict.fromkeys(paths):
        os.makedirs(os.path.join(os.fsencode(into), path), exist_ok=True)


def _kill(reader: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(reader.pid, signal.SIGKILL)
    reader.wait()
    for pipe in (reader.stdin, reader.stdout):
        if pipe is not None:
            with suppress(BrokenPipeError):
                pipe.close()


def _demand_sound(folder: Path) -> str:
    """The folder, by its whole name. Raises TreeRefused, TooLarge for what cannot become a commit. Follows no
    link."""
    count = 0
    for where, folders, files in os.walk(os.fsencode(folder)):
        for name in (*folders, *files):
            path = os.path.join(where, name)
            count += 1
            if name.lower().rstrip(b". ") == b".git":
                raise TreeRefused("There is a .git in these files, which no repository holds.")
            if any(byte < 32 or byte == 127 for byte in name):
                raise TreeRefused("A file in it has a name with control characters.")
            mode = os.lstat(path).st_mode
            if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISLNK(mode)):
                raise TreeRefused(f"{_said(name)[:200]} is no file, folder or link.")
        if count > MOST_ENTRIES:
            raise TooLarge(f"There are more than {MOST_ENTRIES:,} files in it.")
    return os.path.abspath(folder)


async def _demand_small(git: Git, before: str | None, tree: str) -> None:
    """Raises TooLarge where a file that is new, or another than before, is longer than any that is taken."""
    known = {one.sha for one in await _entries(git, before)} if before else set()
    for entry in await _entries(git, tree):
        if entry.size > MOST_NEW_FILE_BYTES and entry.sha not in known:
            most = MOST_NEW_FILE_BYTES // 1024**2
            raise TooLarge(f"{_said(entry.path)[:200]} is longer than {most} MB, the most of a new file.")


def _said(path: bytes) -> str:
    return path.decode(errors="replace")
