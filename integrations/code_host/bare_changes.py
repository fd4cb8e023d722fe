"""How two commits of a bare repository differ, and what merging them would come to."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from governance.outside_text import storable
from integrations.code_host import DiffQuery
from integrations.code_host.bare_repository import demand_commit, demand_tree, paths_of
from integrations.code_host.bare_trees import write_commit
from integrations.code_host.contents import (
    MOST_PATCH_CHARACTERS,
    ChangeType,
    CommitDraft,
    Diff,
    EntryKind,
    FileChange,
    MergeResult,
)
from integrations.code_host.git import Git, GitTooMuch
from integrations.code_host.refusals import NotMergeable, NotMerged, TooLarge
from integrations.pages import page_behind

_CHANGES = {
    "A": ChangeType.ADDED,
    "C": ChangeType.ADDED,
    "D": ChangeType.DELETED,
    "M": ChangeType.MODIFIED,
    "R": ChangeType.RENAMED,
    "T": ChangeType.TYPE_CHANGED,
}
_KINDS = {"100755": EntryKind.EXECUTABLE, "120000": EntryKind.SYMLINK, "160000": EntryKind.SUBMODULE}
_MOST_LISTED = 16 * 1024**2
_MOST_CONFLICTS = 100
_DIFF = ("diff-tree", "-r", "-M", "--no-commit-id", "--no-ext-diff", "--no-textconv", "--no-color")


@dataclass(frozen=True, slots=True)
class _Changed:
    """A change, and its paths as git spells them."""

    change: FileChange
    paths: tuple[str, ...]


async def merge_base(git: Git, base: str, head: str) -> str:
    """Where two commits parted. Raises NoSuchCommit, NotMergeable where they have nothing in common."""
    one, other = await demand_commit(git, base), await demand_commit(git, head)
    code, found = await git.run("merge-base", one, other, fine=(0, 1))
    if code:
        raise NotMergeable(f"{base[:12]} and {head[:12]} have no history in common.")
    return found.decode().split()[0]


async def contains(git: Git, sha: str, earlier: str) -> bool:
    """Whether the history of a commit has another in it. Raises NoSuchCommit."""
    one, other = await demand_commit(git, sha), await demand_commit(git, earlier)
    code, _ = await git.run("merge-base", "--is-ancestor", other, one, fine=(0, 1))
    return code == 0


async def merge_result(git: Git, base: str, head: str) -> MergeResult:
    """What git makes of the two. Raises NoSuchCommit, NotMergeable where they have nothing in common."""
    parted = await merge_base(git, base, head)
    tree, conflicts = await merged_tree(git, base, head)
    return MergeResult(base, head, parted, tree, conflicts)


async def merged_tree(git: Git, base: str, head: str) -> tuple[str | None, tuple[str, ...]]:
    """The tree of two commits merged, or the paths in conflict."""
    how = ("merge-tree", "--write-tree", "-z", "--name-only", "--no-messages")
    code, written = await git.run(*how, base, head, fine=(0, 1))
    tree, *paths = written.decode(errors="replace").rstrip("\0").split("\0")
    if code == 0:
        return tree, ()
    return None, tuple(storable(path) for path in dict.fromkeys(paths) if path)[:_MOST_CONFLICTS]


async def without(git: Git, now: str, brought: str, before: str) -> str:
    """The tree of the commit `now` without what came with the commit `brought`, which `before` did not have:
    what a pull request that takes it back proposes. Raises NoSuchCommit, NotMerged, NotMergeable."""
    if not await contains(git, now, brought):
        raise NotMerged(f"{brought[:12]} is not in the branch any more.")
    # Beside `brought` two things happened: what came since, and that it was undone. git merges them.
    undoes = CommitDraft((brought,), "Taken back", "countersign", "", datetime.fromtimestamp(0, UTC))
    undone = await write_commit(git, await demand_tree(git, before), undoes)
    tree, conflicts = await merged_tree(git, now, undone)
    if tree is None:
        some = ", ".join(conflicts[:5]) + (" and more" if len(conflicts) > 5 else "")
        raise NotMergeable(f"It cannot be taken back by itself: later changes touch the same lines of {some}.")
    if tree == await demand_tree(git, now):
        raise NotMergeable("Nothing of it is left that could be taken back.")
    return tree


async def diff(git: Git, query: DiffQuery) -> Diff:
    """What `head` changes beside `base`. Raises NoSuchCommit, NoSuchPage, NotMergeable, TooLarge."""
    parted = await merge_base(git, query.base, query.head)
    between = [parted, query.head]
    of_path = ["--", *paths_of(query.path)]
    try:
        _, listed = await git.run(
            *_DIFF, "--raw", "--numstat", "--no-abbrev", "-z", *between, *of_path, most=_MOST_LISTED
        )
    except GitTooMuch as too_much:
        raise TooLarge("More files differ than are ever listed.") from too_much
    changed = _changed(listed.decode(errors="surrogateescape").split("\0")[:-1])
    page = page_behind(changed, query.after, query.limit, lambda one: one.change.path)
    files = await _with_patches(git, between, page.items)
    added = sum(one.change.added for one in changed)
    removed = sum(one.change.removed for one in changed)
    return Diff(query.base, query.head, parted, len(changed), added, removed, files, page.after)


def _changed(fields: Sequence[str]) -> list[_Changed]:
    """Files that changed, of the fields of `--raw --numstat -z`: first all of one, then all of the other."""
    found: list[_Changed] = []
    each = iter(fields)
    field = next(each, None)
    while field is not None and field.startswith(":"):
        found.append(_raw(field, each))
        field = next(each, None)
    for number, one in enumerate(found):
        if field is None:
            break
        added, removed, path = field.split("\t", 2)
        if not path:  # of a rename both paths follow
            next(each), next(each)
        is_binary = added == "-"
        counts = (0, 0) if is_binary else (int(added), int(removed))
        change = replace(one.change, added=counts[0], removed=counts[1], is_binary=is_binary)
        found[number] = _Changed(change, one.paths)
        field = next(each, None)
    return found


def _raw(field: str, paths: Iterator[str]) -> _Changed:
    before_mode, after_mode, _, _, status = field[1:].split(" ")
    is_moved = status[0] in "RC"
    first = next(paths)
    path = next(paths) if is_moved else first
    mode = before_mode if status[0] == "D" else after_mode
    kind = _KINDS.get(mode, EntryKind.FILE)
    before = _said(first) if status[0] == "R" else None
    change = FileChange(_said(path), before, _CHANGES[status[0]], kind, 0, 0, False, "", False)
    return _Changed(change, tuple(dict.fromkeys((first, path))))


def _said(path: str) -> str:
    return storable(path.encode(errors="surrogateescape").decode(errors="replace"))


async def _with_patches(
    git: Git, between: Sequence[str], changed: Sequence[_Changed]
) -> tuple[FileChange, ...]:
    """The same changes with their patches. What changed its type is two patches to git, one of each."""
    if not changed:
        return ()
    paths = [path for one in changed for path in one.paths]
    how = (*_DIFF, "-p", "-U3", *between, "--", *paths)
    async with git.records(*how, separator=b"\n", longest=MOST_PATCH_CHARACTERS) as lines:
        patches = [patch async for patch in _patches(lines)]
    expected = [one.change for one in changed for _ in range(_patch_count(one.change))]
    if len(patches) != len(expected):
        raise TooLarge("These changes cannot be told apart.")
    read: dict[str, tuple[str, bool]] = {}
    for change, (patch, is_cut) in zip(expected, patches, strict=True):
        so_far, was_cut = read.get(change.path, ("", False))
        read[change.path] = so_far + patch, was_cut or is_cut
    return tuple(
        replace(one.change, patch=read[one.change.path][0], is_cut=read[one.change.path][1]) for one in changed
    )


def _patch_count(change: FileChange) -> int:
    return 2 if change.change is ChangeType.TYPE_CHANGED else 1


async def _patches(lines: AsyncIterator[bytes]) -> AsyncIterator[tuple[str, bool]]:
    """Each file's hunks, and whether they are cut. No line within a hunk begins as a file's first line does."""
    kept: list[str] = []
    size, is_cut, in_hunks, has_begun = 0, False, False, False
    async for raw in lines:
        if raw.startswith(b"diff --git "):
            if has_begun:
                yield "".join(kept), is_cut
            kept, size, is_cut, in_hunks, has_begun = [], 0, False, False, True
            continue
        in_hunks = in_hunks or raw.startswith(b"@@")
        if not in_hunks or is_cut:
            continue
        line = storable(raw.decode(errors="replace")) + "\n"
        size += len(line)
        is_cut = size > MOST_PATCH_CHARACTERS
        if not is_cut:
            kept.append(line)
    if has_begun:
        yield "".join(kept), is_cut
