"""The embedded code host's port: bare repositories of this machine, and rows of our own database."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from governance.action import Grant
from integrations.code_host import (
    OURS,
    BranchQuery,
    CheckQuery,
    CommitQuery,
    DiffQuery,
    PullRequestQuery,
    SearchQuery,
    TreeQuery,
    UnderQuery,
    bare_changes,
    bare_repository,
    bare_trees,
    outcomes,
)
from integrations.code_host.contents import (
    Branch,
    Checkout,
    Commit,
    CommitDraft,
    Diff,
    File,
    Match,
    MergeResult,
    MergeWay,
    Repository,
    TreeEntry,
)
from integrations.code_host.git import Git
from integrations.code_host.outcomes import Happened
from integrations.code_host.pull_requests import (
    Check,
    CheckDraft,
    Comment,
    Coverage,
    PullRequest,
    PullRequestChange,
    PullRequestDraft,
    PullRequestState,
    Review,
    ReviewDraft,
)
from integrations.code_host.refusals import BranchNotOurs, BranchProtected, NotMergeable
from integrations.code_host.vendors.local import access, rows, saying
from integrations.code_host.vendors.local.current import current
from integrations.code_host.vendors.local.moving import Moves
from integrations.code_host.vendors.local.repositories import Repositories, SampleHistory
from integrations.code_host.vendors.local.tables import (
    CheckRow,
    CommentRow,
    ProtectionRow,
    ReviewRow,
)
from integrations.code_host.webhooks import wake
from integrations.pages import Page, Part, page_behind
from storage.database import Database

LOGIN = "countersign"
WAYS = frozenset({MergeWay.MERGE, MergeWay.SQUASH})


class LocalCodeHost:
    """See `integrations.code_host.CodeHost`. `folder` is where its repositories are, `sample` what the first of
    them are made of; `address` is where people's own git reaches them, None where it does not."""

    title = "The code host"
    login = LOGIN
    reviews_for_people = True

    def __init__(
        self, database: Database, tenant: str, folder: Path, sample: Path, address: str | None = None
    ) -> None:
        self.database, self.tenant, self._address = database, tenant, address
        self.repositories_here = Repositories(folder, sample, self._announce)
        self._moves = Moves(database, tenant, self.repositories_here, LOGIN)

    async def repositories(self, query: Part) -> Page[Repository]:
        page = page_behind(await self.repositories_here.ids(), query.after, query.limit, str)
        return Page(tuple([await self.repository(name) for name in page.items]), page.after)

    async def repository(self, repository: str) -> Repository:
        git = await self.repositories_here.git(repository)
        default = await bare_repository.default_branch(git)
        tip = await bare_repository.tip(git, default) if default else None
        is_empty = tip is None and not (await bare_repository.branch_tips(git, None, 1)).items
        return Repository(
            id=repository,
            default_branch=default,
            is_empty=is_empty,
            language=await bare_repository.language(git, tip) if tip else None,
            size_bytes=await bare_repository.size_bytes(git),
            ways=WAYS,
            address=f"{self._address}/{repository}.git" if self._address else None,
            description=await self.repositories_here.description(repository),
        )

    async def branches(self, query: BranchQuery) -> Page[Branch]:
        git = await self.repositories_here.git(query.repository)
        page = await bare_repository.branch_tips(git, query.after, query.limit)
        default = await bare_repository.default_branch(git)
        async with self.database.transaction(self.tenant) as tx:
            protected = await rows.protections(tx, query.repository, default)
        found = (Branch(query.repository, name, sha, protected.get(name)) for name, sha in page.items)
        return Page(tuple(found), page.after)

    async def branch(self, repository: str, name: str) -> Branch:
        git = await self.repositories_here.git(repository)
        sha = await bare_repository.demand_branch(git, name)
        default = await bare_repository.default_branch(git)
        async with self.database.transaction(self.tenant) as tx:
            protection = await rows.protection_of(tx, repository, name, default)
        return Branch(repository, name, sha, protection)

    async def commits(self, query: CommitQuery) -> Page[Commit]:
        return await bare_repository.commits(await self.repositories_here.git(query.repository), query)

    async def tree(self, query: TreeQuery) -> Page[TreeEntry]:
        return await bare_repository.tree(await self.repositories_here.git(query.repository), query)

    async def file(self, repository: str, sha: str, path: str) -> File:
        return await bare_repository.file(await self.repositories_here.git(repository), sha, path)

    async def search(self, query: SearchQuery) -> Page[Match]:
        return await bare_repository.search(await self.repositories_here.git(query.repository), query)

    async def diff(self, query: DiffQuery) -> Diff:
        return await bare_changes.diff(await self.repositories_here.git(query.repository), query)

    async def merge_result(self, repository: str, base: str, head: str) -> MergeResult:
        git = await self.repositories_here.git(repository)
        return await bare_changes.merge_result(git, base, head)

    async def checkout(self, repository: str, sha: str, into: Path) -> Checkout:
        return await bare_trees.checkout(await self.repositories_here.git(repository), sha, into)

    async def commit_tree(self, repository: str, tree: Path, draft: CommitDraft) -> Commit:
        return await bare_trees.commit_tree(await self.repositories_here.git(repository), tree, draft)

    async def pull_requests(self, query: PullRequestQuery) -> Page[PullRequest]:
        async with self.database.transaction(self.tenant) as tx:
            page = await rows.pull_request_rows(tx, query)
        return Page(await current(page.items, self.repositories_here), page.after)

    async def pull_request(self, repository: str, number: int) -> PullRequest:
        async with self.database.transaction(self.tenant) as tx:
            row = await rows.pull_request_row(tx, repository, number)
        found = (await current((row,), self.repositories_here))[0]
        if found.state is not PullRequestState.OPEN or not found.has_head:
            return found
        git = await self.repositories_here.git(repository)
        try:
            result = await bare_changes.merge_result(git, found.base_sha, found.head_sha)
        except NotMergeable:
            return replace(found, has_conflicts=True)
        return replace(found, has_conflicts=result.tree is None)

    async def reviews(self, query: UnderQuery) -> Page[Review]:
        async with self.database.transaction(self.tenant) as tx:
            await rows.pull_request_row(tx, query.repository, query.number)
            return await rows.reviews(tx, query)

    async def comments(self, query: UnderQuery) -> Page[Comment]:
        async with self.database.transaction(self.tenant) as tx:
            await rows.pull_request_row(tx, query.repository, query.number)
            return await rows.comments(tx, query)

    async def checks(self, query: CheckQuery) -> Page[Check]:
        git = await self.repositories_here.git(query.repository)
        await bare_repository.demand_commit(git, query.sha)
        async with self.database.transaction(self.tenant) as tx:
            return await rows.checks(tx, query)

    async def coverage(self, repository: str, sha: str) -> Coverage | None:
        async with self.database.transaction(self.tenant) as tx:
            return await rows.newest_coverage(tx, repository, sha)

    async def push_branch(
        self, grant: Grant, repository: str, branch: str, sha: str, *, before: str | None
    ) -> Branch:
        if not branch.startswith(OURS):
            raise BranchNotOurs(f"{branch[:100]} does not begin with {OURS}, so nothing is pushed there.")
        git = await self.repositories_here.git(repository)
        default = await bare_repository.default_branch(git)
        async with self.database.transaction(self.tenant) as tx:
            if await rows.protection_of(tx, repository, branch, default) is not None:
                raise BranchProtected(f"{branch} is protected: nothing is pushed there.")
        await self._moves.push(grant, repository, branch, sha, before)
        return Branch(repository, branch, sha, None)

    async def open_pull_request(self, grant: Grant, repository: str, draft: PullRequestDraft) -> PullRequest:
        git = await self.repositories_here.git(repository)

        async def opened(tx: AsyncSession) -> Happened:
            row = await saying.open_row(tx, grant.minted_at, repository, draft, base, LOGIN)
            return outcomes.opened(f"{repository}#{row.number}")

        earlier = await self._moves.what_happened(grant.id)
        base = draft.head_sha if earlier else await saying.demand_openable(git, draft)
        reference = await saying.once(self.database, grant, "open", repository, opened)
        return await self.pull_request(repository, int(reference.rpartition("#")[2]))

    async def open_for(self, repository: str, draft: PullRequestDraft, person: str) -> int:
        """The number of a pull request that somebody asked for with their own git. Raises NoSuchBranch,
        HeadMoved, NotMergeable, AlreadyOpen."""
        base = await saying.demand_openable(await self.repositories_here.git(repository), draft)
        async with self.database.transaction(self.tenant) as tx:
            row = await saying.open_row(tx, datetime.now(UTC), repository, draft, base, person)
            await wake(tx, repository)
            return row.number

    async def update_pull_request(
        self, grant: Grant, repository: str, number: int, change: PullRequestChange
    ) -> PullRequest:
        await saying.once(
            self.database,
            grant,
            "update",
            repository,
            lambda tx: saying.update(tx, grant, repository, number, change),
        )
        return await self.pull_request(repository, number)

    async def close_pull_request(self, grant: Grant, repository: str, number: int, *, head: str) -> PullRequest:
        now = (await self.pull_request(repository, number)).head_sha
        await saying.once(
            self.database,
            grant,
            "close",
            repository,
            lambda tx: saying.close(tx, grant, repository, number, now, head),
        )
        return await self.pull_request(repository, number)

    async def review_pull_request(
        self, grant: Grant, repository: str, number: int, draft: ReviewDraft
    ) -> Review:
        now = (await self.pull_request(repository, number)).head_sha
        reference = await saying.once(
            self.database,
            grant,
            "review",
            repository,
            lambda tx: saying.review(tx, grant, repository, number, draft, now=now, login=LOGIN),
        )
        async with self.database.transaction(self.tenant) as tx:
            return rows.review_of(await tx.get_one(ReviewRow, (self.tenant, int(reference))))

    async def comment_on_pull_request(
        self, grant: Grant, repository: str, number: int, body: str, *, person: str
    ) -> Comment:
        reference = await saying.once(
            self.database,
            grant,
            "comment",
            repository,
            lambda tx: saying.comment(tx, grant, repository, number, body, person),
        )
        async with self.database.transaction(self.tenant) as tx:
            return rows.comment_of(await tx.get_one(CommentRow, (self.tenant, int(reference))))

    async def report_check(self, grant: Grant, repository: str, sha: str, draft: CheckDraft) -> Check:
        await bare_repository.demand_commit(await self.repositories_here.git(repository), sha)
        reference = await saying.once(
            self.database,
            grant,
            "check",
            repository,
            lambda tx: saying.report(tx, grant, repository, sha, draft),
        )
        async with self.database.transaction(self.tenant) as tx:
            return rows.check_of(await tx.get_one(CheckRow, (self.tenant, int(reference))))

    async def merge_pull_request(
        self, grant: Grant, repository: str, number: int, *, head: str, base: str, way: MergeWay
    ) -> PullRequest:
        if way not in WAYS:
            raise NotMergeable(f"This host merges by {' or '.join(sorted(WAYS))}, not by {way}.")
        await self._moves.merge(grant, repository, number, head, base, way)
        return await self.pull_request(repository, number)

    async def revert_pull_request(
        self, grant: Grant, repository: str, number: int, *, merged: str
    ) -> PullRequest:
        opened = await self._moves.revert(grant, repository, number, merged)
        return await self.pull_request(repository, int(opened))

    async def what_happened(self, grant: str) -> Happened | None:
        return await self._moves.what_happened(grant)

    async def new_token(self, person: str) -> str:
        """See `GivesTokens`."""
        return await access.new_token(self.database, self.tenant, person)

    async def follow_push(self, repository: str, git: Git) -> None:
        """Keep where the branches of open pull requests are, for when one is deleted, and tell those who
        wait for somebody's push."""
        async with self.database.transaction(self.tenant) as tx:
            query = PullRequestQuery(repository, PullRequestState.OPEN, limit=1000)
            numbers = {row.number: row.head for row in (await rows.pull_request_rows(tx, query)).items}
        tips = {number: await bare_repository.tip(git, head) for number, head in numbers.items()}
        async with self.database.transaction(self.tenant) as tx:
            for number, sha in tips.items():
                row = await rows.pull_request_row(tx, repository, number)
                if sha is not None and sha != row.head_sha and row.state == PullRequestState.OPEN.value:
                    row.head_sha, row.updated = sha, datetime.now(UTC)
            await wake(tx, repository)

    async def _announce(self, repository: str, history: SampleHistory) -> None:
        async with self.database.transaction(self.tenant) as tx:
            protection = insert(ProtectionRow).values(
                repository=repository,
                branch=history.default_branch,
                required_reviews=history.required_reviews,
                required_checks=list(history.required_checks),
            )
            await tx.execute(protection.on_conflict_do_nothing())
