"""Looking at a bare repository: its branches, history, folders and files. Every host of code shares it."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import TypeVar

from governance.outside_text import storable
from integrations.code_host import CommitQuery, SearchQuery, TreeQuery
from integrations.code_host.contents import (
    MOST_FILE_BYTES,
    Commit,
    EntryKind,
    File,
    FileKind,
    Match,
    Signature,
    TreeEntry,
)
from integrations.code_host.git import Git, GitFailed
from integrations.code_host.refusals import NoSuchBranch, NoSuchCommit, NoSuchPath
from integrations.pages import NoSuchPage, Page, page_of

LONGEST_MATCH = 400
"""Characters of a matching line that are shown."""
LONGEST_MESSAGE = 20_000

_SHA = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_LFS = b"version https://git-lfs.github.com/spec/"
_MOST_COUNTED = 20_000
"""Files by which a repository's language is told."""
_COMMIT = "%H%x00%T%x00%P%x00%an%x00%ae%x00%at%x00%cn%x00%ce%x00%ct%x00%B%x00"
_COMMIT_FIELDS = 10
_ATTRIBUTES = "* -text -ident -filter -working-tree-encoding\n"
"""Whatever a tree says of itself, its files are stored and written byte for byte."""
_LANGUAGES = {
    "c": "C",
    "cpp": "C++",
    "cs": "C#",
    "css": "CSS",
    "go": "Go",
    "html": "HTML",
    "java": "Java",
    "js": "JavaScript",
    "mjs": "JavaScript",
    "kt": "Kotlin",
    "php": "PHP",
    "py": "Python",
    "rb": "Ruby",
    "rs": "Rust",
    "scala": "Scala",
    "sh": "Shell",
    "sql": "SQL",
    "swift": "Swift",
    "ts": "TypeScript",
    "tsx": "TypeScript",
}
_KINDS = {
    "100644": EntryKind.FILE,
    "100664": EntryKind.FILE,
    "100755": EntryKind.EXECUTABLE,
    "120000": EntryKind.SYMLINK,
    "040000": EntryKind.FOLDER,
    "160000": EntryKind.SUBMODULE,
}
T = TypeVar("T")


async def make_bare(folder: Path, default_branch: str) -> Git:
    """A new, empty bare repository in a folder that is not there yet."""
    git = Git(folder)
    await git.run("init", "--bare", "--quiet", "--template=", f"--initial-branch={default_branch}", str(folder))
    (folder / "info").mkdir(exist_ok=True)
    (folder / "info" / "attributes").write_text(_ATTRIBUTES)
    return git


def is_sha(text: str) -> bool:
    """Whether this is written as a whole sha; nothing shorter ever names a commit."""
    return _SHA.fullmatch(text) is not None


async def demand_commit(git: Git, sha: str) -> str:
    """The same sha. Raises NoSuchCommit where it is no commit of this repository."""
    return await _demand(git, sha, "commit")


async def demand_tree(git: Git, sha: str) -> str:
    """The tree of a commit, or a tree itself. Raises NoSuchCommit."""
    return await _demand(git, sha, "tree")


async def _demand(git: Git, sha: str, kind: str) -> str:
    if is_sha(sha):
        code, found = await git.run(
            "rev-parse", "--verify", "--quiet", "--end-of-options", f"{sha}^{{{kind}}}", fine=(0, 1, 128)
        )
        if code == 0:
            return found.decode().strip()
    raise NoSuchCommit(f"There is no commit {sha[:40]} here.")


async def default_branch(git: Git) -> str | None:
    """The branch that HEAD points at; None where it is detached, or that branch is not there."""
    head = await asyncio.to_thread((git.folder / "HEAD").read_text, errors="replace")
    branch = head.strip().removeprefix("ref: refs/heads/")
    return branch if branch != head.strip() and await tip(git, branch) is not None else None


async def tip(git: Git, branch: str) -> str | None:
    """The commit that a branch is at, or None where there is no such branch."""
    code, sha = await git.run("show-ref", "--verify", "--hash", f"refs/heads/{branch}", fine=(0, 1, 128))
    return sha.decode().strip() if code == 0 else None


async def tips(git: Git, branches: Collection[str]) -> Mapping[str, str]:
    """The commits that these branches are at, those left out that are not there: in one go for all of them."""
    if not branches:
        return {}
    wanted = [f"refs/heads/{branch}" for branch in branches]
    arguments = ("for-each-ref", "--format=%(objectname) %(refname:lstrip=2)", *wanted)
    found: dict[str, str] = {}
    async with git.records(*arguments, separator=b"\n") as records:
        async for record in records:
            sha, _, name = record.decode(errors="replace").partition(" ")
            found[name] = sha
    return found


async def demand_branch(git: Git, branch: str) -> str:
    """The commit that a branch is at. Raises NoSuchBranch."""
    sha = await tip(git, branch)
    if sha is None:
        raise NoSuchBranch(f"There is no branch {branch[:100]} here.")
    return sha


async def branch_tips(git: Git, after: str | None, limit: int) -> Page[tuple[str, str]]:
    """Branches by name, with the commits that they are at."""
    tips: list[tuple[str, str]] = []
    arguments = ("for-each-ref", "--format=%(objectname) %(refname:lstrip=2)", "refs/heads/")
    async with git.records(*arguments, separator=b"\n") as records:
        async for record in records:
            sha, _, name = record.decode(errors="replace").partition(" ")
            if after is None or name > after:
                tips.append((name, sha))
            if len(tips) > limit:
                break
    return page_of(tips, limit, lambda one: one[0])


async def size_bytes(git: Git) -> int:
    """What its objects take on the disk."""
    objects = git.folder / "objects"
    return await asyncio.to_thread(
        lambda: sum(one.stat().st_size for one in objects.rglob("*") if one.is_file())
    )


async def language(git: Git, sha: str) -> str | None:
    """The programming language that most bytes of a commit are in; None where none is known."""
    bytes_of: Counter[str] = Counter()
    count = 0
    async with git.records("ls-tree", "-r", "-l", "-z", "--full-tree", sha) as records:
        async for record in records:
            entry = entry_of(record)
            suffix = PurePosixPath(entry.path).suffix.removeprefix(".").lower()
            if suffix in _LANGUAGES and entry.size is not None:
                bytes_of[_LANGUAGES[suffix]] += entry.size
            count += 1
            if count >= _MOST_COUNTED:
                break
    return max(bytes_of, key=lambda name: (bytes_of[name], name)) if bytes_of else None


async def commits(git: Git, query: CommitQuery) -> Page[Commit]:
    """History backwards from a commit. Raises NoSuchCommit, NoSuchPage."""
    sha = await demand_commit(git, query.sha)
    arguments = ["log", f"--format=tformat:{_COMMIT}", sha, "--", *paths_of(query.path)]
    async with git.records(*arguments, longest=LONGEST_MESSAGE) as records:
        return await _page(_commits(records), query.after, query.limit, lambda one: one.sha)


async def commit(git: Git, sha: str) -> Commit:
    """One commit. Raises NoSuchCommit."""
    return (await commits(git, CommitQuery("", sha, limit=1))).items[0]


async def tree(git: Git, query: TreeQuery) -> Page[TreeEntry]:
    """A folder of a commit. Raises NoSuchCommit, NoSuchPath, NoSuchPage."""
    sha = await demand_tree(git, query.sha)
    folder = query.folder.strip("/")
    arguments = ["ls-tree", "-z", "-l", "--full-tree", *(["-r"] if query.deep else [])]
    if folder:
        entry = await _entry(git, sha, folder)
        if entry is None or entry.kind is not EntryKind.FOLDER:
            raise NoSuchPath(f"There is no folder {folder[:200]} at {query.sha[:12]}.")
        sha = entry.sha
    async with git.records(*arguments, sha) as records:
        entries = (entry_of(record, folder) async for record in records)
        return await _page(entries, query.after, query.limit, lambda one: one.path)


async def file(git: Git, sha: str, path: str) -> File:
    """One file of a commit. Raises NoSuchCommit, NoSuchPath."""
    entry = await _entry(git, await demand_tree(git, sha), path)
    if entry is None or entry.kind is EntryKind.FOLDER:
        raise NoSuchPath(f"There is no file {path[:200]} at {sha[:12]}.")
    size = entry.size or 0
    if entry.kind is EntryKind.SUBMODULE:
        return File(path, sha, FileKind.SUBMODULE, entry.sha, size, None)
    if size > MOST_FILE_BYTES:
        return File(path, sha, FileKind.TOO_LARGE, entry.sha, size, None)
    _, content = await git.run("cat-file", "blob", entry.sha)
    kind, text = _read(content)
    if entry.kind is EntryKind.SYMLINK and text is not None:
        kind = FileKind.SYMLINK
    return File(path, sha, kind, entry.sha, size, text)


async def search(git: Git, query: SearchQuery) -> Page[Match]:
    """Lines of a commit's text files. Raises NoSuchCommit, NoSuchPage, ValueError for what is no pattern."""
    sha = await demand_commit(git, query.sha)
    if not query.text or "\n" in query.text or "\0" in query.text:
        raise ValueError("what is searched for is one line, and not empty")
    arguments = ["grep", "-n", "-z", "-I", "--no-color", "--full-name", "--threads=1"]
    arguments += ["-E" if query.is_pattern else "-F", *(["-i"] if query.ignore_case else [])]
    arguments += ["-e", query.text, sha, "--", *paths_of(query.folder)]
    try:
        async with git.records(*arguments, separator=b"\n", fine=(0, 1)) as records:
            return await _page(_matches(records, sha), query.after, query.limit, _mark)
    except GitFailed as failed:
        raise ValueError(f"this cannot be searched for: {failed.said[:200]}") from failed


def entry_of(record: bytes, folder: str = "") -> TreeEntry:
    """What stands at a path, of a line of `ls-tree -l -z` in `folder`."""
    about, _, path = record.partition(b"\t")
    mode, _, sha, size = about.decode().split()
    name = storable(path.decode(errors="replace"))
    whole = f"{folder}/{name}" if folder else name
    return TreeEntry(whole, _KINDS[mode], sha, None if size == "-" else int(size))


def paths_of(path: str) -> list[str]:
    """One path as a command takes it behind `--`; none for all. Raises NoSuchPath for what leads out of a
    tree."""
    if path and ("\0" in path or {"", ".", ".."} & set(path.split("/"))):
        raise NoSuchPath(f"There can be no {path[:200]!r} in a repository.")
    return [path] if path else []


def is_lfs_pointer(content: bytes) -> bool:
    """Whether a file only says what Git LFS keeps elsewhere."""
    return content.startswith(_LFS) and len(content) < 1024


async def _entry(git: Git, sha: str, path: str) -> TreeEntry | None:
    if not (paths := paths_of(path)):
        return None
    _, found = await git.run("ls-tree", "-z", "-l", "--full-tree", sha, "--", *paths)
    entry = entry_of(found.rstrip(b"\0")) if found else None
    return entry if entry is not None and entry.path == path else None


def _read(content: bytes) -> tuple[FileKind, str | None]:
    if is_lfs_pointer(content):
        return FileKind.LFS_POINTER, content.decode(errors="replace")
    try:
        return (FileKind.BINARY, None) if b"\0" in content else (FileKind.TEXT, content.decode())
    except UnicodeDecodeError:
        return FileKind.BINARY, None


async def _page(found: AsyncIterator[T], after: str | None, limit: int, mark: Callable[[T], str]) -> Page[T]:
    items: list[T] = []
    is_behind = after is None
    async for one in found:
        if is_behind:
            items.append(one)
            if len(items) > limit:
                break
        elif mark(one) == after:
            is_behind = True
    if not is_behind:
        raise NoSuchPage(after)
    return page_of(items, limit, mark)


async def _commits(records: AsyncIterator[bytes]) -> AsyncIterator[Commit]:
    fields: list[str] = []
    async for record in records:
        fields.append(storable(record.decode(errors="replace")))
        if len(fields) == _COMMIT_FIELDS:
            sha, tree_sha, parents, an, ae, at, cn, ce, ct, message = fields
            author, committer = Signature(an, ae, _moment(at)), Signature(cn, ce, _moment(ct))
            parent_shas = tuple(parents.split())
            yield Commit(sha.strip(), tree_sha, parent_shas, author, committer, message.rstrip("\n"))
            fields = []


def _moment(seconds: str) -> datetime:
    try:
        return datetime.fromtimestamp(int(seconds), UTC)
    except (ValueError, OverflowError, OSError):  # a commit says of itself what it likes
        return datetime.fromtimestamp(0, UTC)


async def _matches(records: AsyncIterator[bytes], sha: str) -> AsyncIterator[Match]:
    async for record in records:
        path, _, rest = record.decode(errors="replace").partition("\0")
        line, separator, text = rest.partition("\0")
        if separator and line.isdecimal():
            yield Match(storable(path.removeprefix(f"{sha}:")), int(line), storable(text[:LONGEST_MATCH]))


def _mark(match: Match) -> str:
    return f"{match.path}:{match.line}"
