"""The effects that move a branch: pushing, merging, taking back. git decides: it compares, then sets a ref."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from time import time
from typing import Any

from governance.action import Grant
from integrations.code_host import outcomes
from integrations.code_host.bare_changes import contains, merge_base, merged_tree, without
from integrations.code_host.bare_repository import (
    commit,
    default_branch,
    demand_branch,
    demand_commit,
    tip,
)
from integrations.code_host.bare_trees import write_commit
from integrations.code_host.contents import CommitDraft, MergeWay, Protection
from integrations.code_host.git import Git, GitFailed
from integrations.code_host.outcomes import Happened
from integrations.code_host.pull_requests import (
    Check,
    CheckState,
    PullRequestDraft,
    PullRequestState,
    Review,
    ReviewVerdict,
)
from integrations.code_host.refusals import (
    BaseMoved,
    BranchMoved,
    ChecksMissing,
    NotMergeable,
    NotMerged,
    NotOpen,
    ReviewsMissing,
)
from integrations.code_host.vendors.local import receipts, rows
from integrations.code_host.vendors.local.repositories import Repositories
from integrations.code_host.vendors.local.saying import demand_head, demand_open, open_row
from integrations.code_host.vendors.local.tables import PullRequestRow, ReceiptRow
from integrations.code_host.webhooks import wake
from storage.database import Database

OURS_EMAIL = "countersign@localhost"
MERGE, PUSH, REVERT = "merge", "push", "revert"

_NOTHING = "0" * 40
_STALE_SECONDS = 60.0
_MOST_SAID = 1_000


@dataclass(frozen=True, slots=True)
class Moves:
    """Moves branches of one tenant's repositories; `login` is who does it."""

    database: Database
    tenant: str
    repositories: Repositories
    login: str

    async def push(self, grant: Grant, repository: str, branch: str, sha: str, before: str | None) -> None:
        """Raises NoSuchCommit, BranchMoved."""
        git = await self.repositories.git(repository)
        await demand_commit(git, sha)
        await self._move(git, grant, PUSH, repository, branch, before, sha, {})

    async def merge(
        self, grant: Grant, repository: str, number: int, head: str, base: str, way: MergeWay
    ) -> None:
        """Raises what `CodeHost.merge_pull_request` does."""
        git = await self.repositories.git(repository)
        if (earlier := await self._earlier(grant, MERGE)) is not None:
            await self._move_as(git, earlier)
            return
        async with self.database.transaction(self.tenant) as tx:
            row = await rows.pull_request_row(tx, repository, number)
            undone = await receipts.undone_moves(tx, MERGE, repository, row.base)
        for one in undone:  # of a merge that nobody heard the end of
            if await receipts.has_moved(git, one):
                await self._written(one.grant_id)
        async with self.database.transaction(self.tenant) as tx:
            row = await rows.pull_request_row(tx, repository, number)
        tree = await self._mergeable(git, row, head, base)
        parents = (base, head) if way is MergeWay.MERGE else (base,)
        message = f"{row.title} (#{number})\n\n{row.body}".strip()
        draft = CommitDraft(parents, message, self.login, OURS_EMAIL, grant.minted_at)
        sha = await write_commit(git, tree, draft)
        gives = {"number": number, "head": head, "at": grant.minted_at.isoformat()}
        try:
            await self._move(git, grant, MERGE, repository, row.base, base, sha, gives)
        except BranchMoved as moved:
            raise BaseMoved(str(moved)) from moved

    async def revert(self, grant: Grant, repository: str, number: int, merged: str) -> str:
        """The number of the pull request that takes it back. Raises NoSuchPullRequest, NotMerged,
        NotMergeable."""
        git = await self.repositories.git(repository)
        earlier = await self._earlier(grant, REVERT)
        if earlier is None:
            async with self.database.transaction(self.tenant) as tx:
                row = await rows.pull_request_row(tx, repository, number)
            if row.merged_sha is None or row.merged_sha != merged:
                raise NotMerged(f"Pull request {number} of {repository} was not merged as {merged[:12]}.")
            now = await demand_branch(git, row.base)
            before = (await commit(git, merged)).parents[0]
            tree = await without(git, now, merged, before)
            title = f"Revert “{row.title}” (#{number})"
            draft = CommitDraft(
                (now,), f"{title}\n\nTakes back {merged}.", self.login, OURS_EMAIL, grant.minted_at
            )
            sha = await write_commit(git, tree, draft)
            branch = await _free(git, f"countersign/revert-{number}")
            gives = {"title": title, "body": f"Takes back pull request {number}, {merged}.", "base": row.base}
            given = {**gives, "base_sha": now, "at": grant.minted_at.isoformat()}
            await self._move(git, grant, REVERT, repository, branch, None, sha, given)
        else:
            await self._move_as(git, earlier)
        done = await self._written(grant.id)
        return done.reference.rpartition("#")[2]

    async def what_happened(self, grant: str) -> Happened | None:
        """See `CodeHost`: where a branch was to move, git is asked for its commit."""
        async with self.database.transaction(self.tenant) as tx:
            row = await receipts.receipt(tx, grant)
        if row is None:
            return None
        if not row.is_done and not await receipts.has_moved(await self.repositories.git(row.repository), row):
            return None
        return await self._written(grant)

    async def _earlier(self, grant: Grant, kind: str) -> ReceiptRow | None:
        """An earlier call's receipt of this grant. Raises GrantSpent where it was for something else."""
        async with self.database.transaction(self.tenant) as tx:
            row = await receipts.receipt(tx, grant.id)
            return None if row is None else await receipts.claim(tx, grant.id, kind, row.repository)

    async def _move(
        self,
        git: Git,
        grant: Grant,
        kind: str,
        repository: str,
        branch: str,
        before: str | None,
        sha: str,
        gives: Mapping[str, Any],
    ) -> None:
        async with self.database.transaction(self.tenant) as tx:
            row = await receipts.claim(
                tx, grant.id, kind, repository, branch=branch, before=before, sha=sha, gives=gives
            )
        await self._move_as(git, row)

    async def _move_as(self, git: Git, row: ReceiptRow) -> None:
        """Do what a receipt says, if that is not done. Raises BranchMoved, and then forgets the receipt."""
        if row.is_done or row.branch is None or row.sha is None:
            return
        try:
            await _set_ref(git, row.branch, row.sha, row.before, mark=receipts.mark_of(row.grant_id))
        except BranchMoved:
            if not await receipts.has_moved(git, row):  # an earlier call with this grant may have been there
                async with self.database.transaction(self.tenant) as tx:
                    await receipts.drop(tx, row.grant_id)
                raise
        await self._written(row.grant_id)
        await git.run("update-ref", "-d", receipts.mark_of(row.grant_id))

    async def _written(self, grant: str) -> Happened:
        """What a move that git has made comes to in rows, once."""
        async with self.database.transaction(self.tenant) as tx:
            row = await receipts.locked_receipt(tx, grant)
            if row is None:
                raise LookupError(f"there is no receipt of the grant {grant}")
            if not row.is_done and row.branch is not None and row.sha is not None:
                await self._write(tx, row, row.branch, row.sha)
            return Happened(row.says, row.reference)

    async def _write(self, tx: Any, row: ReceiptRow, branch: str, sha: str) -> None:
        repository, gives = row.repository, row.gives
        if row.kind == PUSH:
            receipts.finish(row, outcomes.pushed(repository, branch, sha))
            return
        at = rows.moment(gives["at"])
        await rows.lock_repository(tx, repository)
        if row.kind == MERGE:
            merged = await rows.pull_request_row(tx, repository, gives["number"])
            merged.state, merged.merged_sha = PullRequestState.MERGED.value, sha
            merged.head_sha, merged.base_sha = gives["head"], row.before or merged.base_sha
            merged.updated = merged.ended = at
            receipts.finish(row, outcomes.merged(rows.pull_request_of(merged), merged.base_sha))
            await wake(tx, repository)
            return
        draft = PullRequestDraft(gives["title"], gives["body"], branch, sha, gives["base"])
        opened = await open_row(tx, at, repository, draft, gives["base_sha"], self.login)
        receipts.finish(row, outcomes.opened(f"{repository}#{opened.number}"))

    async def _mergeable(self, git: Git, row: PullRequestRow, head: str, base: str) -> str:
        """The tree that the merge comes to. Raises NotOpen, NoSuchBranch, HeadMoved, BaseMoved, NotMergeable,
        ChecksMissing, ReviewsMissing."""
        demand_open(row)
        if row.is_draft:
            raise NotOpen(f"Pull request {row.number} of {row.repository} is a draft.")
        demand_head(row, await demand_branch(git, row.head), head)
        now = await demand_branch(git, row.base)
        if now != base:
            raise BaseMoved(f"{row.base} is at {now[:12]} by now, not at {base[:12]}: look at it again.")
        default = await default_branch(git)
        async with self.database.transaction(self.tenant) as tx:
            protection = await rows.protection_of(tx, row.repository, row.base, default)
            said = await rows.all_reviews(tx, row.repository, row.number)
            checks = await rows.all_checks(tx, row.repository, head)
        demand_reviews(protection, row.author, head, said)
        demand_checks(protection, checks)
        await merge_base(git, base, head)
        if await contains(git, base, head):
            raise NotMergeable(f"Nothing is in {row.head} that is not in {row.base} already.")
        tree, conflicts = await merged_tree(git, base, head)
        if tree is None:
            some = ", ".join(conflicts[:5]) + (" and more" if len(conflicts) > 5 else "")
            raise NotMergeable(f"{row.head} conflicts with {row.base} in {some}.")
        return tree


def demand_reviews(protection: Protection | None, author: str, head: str, reviews: Sequence[Review]) -> None:
    """Raises ReviewsMissing. Each reviewer's newest word counts, and an approval is of one commit alone."""
    newest = {one.author: one for one in reviews if one.verdict is not ReviewVerdict.COMMENTED}
    against = [name for name, one in newest.items() if one.verdict is ReviewVerdict.CHANGES_REQUESTED]
    if against:
        raise ReviewsMissing(f"Changes are asked for by {', '.join(against[:5])}.")
    needed = protection.required_reviews if protection else 0
    approving = [name for name, one in newest.items() if one.sha == head and name != author]
    if len(approving) < needed:
        raise ReviewsMissing(
            f"It needs {needed} approving review(s) of {head[:12]} by others than {author}, and has"
            f" {len(approving)}."
        )


def demand_checks(protection: Protection | None, checks: Sequence[Check]) -> None:
    """Raises ChecksMissing."""
    states = {one.name: one.state for one in checks}
    missing = [
        f"{name} ({states.get(name, 'never made')})"
        for name in (protection.required_checks if protection else ())
        if states.get(name) is not CheckState.PASSED
    ]
    if missing:
        raise ChecksMissing(f"These checks must pass first: {', '.join(missing)}.")


async def _free(git: Git, branch: str) -> str:
    number, name = 1, branch
    while await tip(git, name) is not None:
        number += 1
        name = f"{branch}-{number}"
    return name


async def _set_ref(git: Git, branch: str, sha: str, before: str | None, *, mark: str) -> None:
    """Let a branch come to a commit, if it is where it was, and leave a mark of it: both or neither. Raises
    BranchMoved. A lock that a killed git left is taken away once nobody can hold it any more."""
    lock = git.folder / "refs" / "heads" / f"{branch}.lock"
    with suppress(FileNotFoundError):
        if lock.stat().st_mtime < time() - _STALE_SECONDS:
            lock.unlink()
    update = (f"update refs/heads/{branch}", sha, before or _NOTHING)
    given = "\0".join(["start", *update, f"create {mark}", sha, "prepare", "commit", ""])
    try:
        await git.run("update-ref", "--no-deref", "--stdin", "-z", given=given.encode(errors="replace"))
    except GitFailed as failed:
        now = await tip(git, branch)
        if now != before:
            said = "is there already" if before is None else f"is not at {before[:12]} any more"
            raise BranchMoved(f"{branch} {said}.") from failed
        raise BranchMoved(f"{branch} cannot come to {sha[:12]}: {failed.said[:_MOST_SAID]}") from failed
