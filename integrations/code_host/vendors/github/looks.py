"""Looking at what is on GitHub: pull requests and checks are asked there, what is in commits is read from
mirrors."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Any

from integrations.code_host import (
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
    Repository,
    TreeEntry,
)
from integrations.code_host.git import Git
from integrations.code_host.pull_requests import (
    Check,
    Comment,
    Coverage,
    PullRequest,
    PullRequestState,
    Review,
)
from integrations.code_host.refusals import (
    NoSuchBranch,
    NoSuchCommit,
    NoSuchPullRequest,
    NoSuchRepository,
    TooLarge,
)
from integrations.code_host.vendors.github import documents, values
from integrations.code_host.vendors.github.api import Api
from integrations.code_host.vendors.github.credentials import WHO, Refused
from integrations.code_host.vendors.github.mirror import Mirrors
from integrations.pages import NoSuchPage, Page, Part, page_behind, page_of

_PAGE = 100
_MOST_PAGES = 10
_AT_ONCE = 8
_KNOWN_FOR = timedelta(minutes=1)
_STATES = {
    PullRequestState.OPEN: "OPEN",
    PullRequestState.MERGED: "MERGED",
    PullRequestState.CLOSED: "CLOSED",
}


@dataclass
class Looks:
    """The looks of `CodeHost`. A mirror is made of repositories up to `most_bytes`."""

    api: Api
    mirrors: Mirrors
    most_bytes: int
    title: str = WHO
    _known: dict[str, tuple[datetime, Repository]] = field(default_factory=dict)

    @property
    def login(self) -> str:
        """See CodeHost."""
        return f"{self.api.app.slug}[bot]"

    async def repositories(self, query: Part) -> Page[Repository]:
        """See CodeHost.repositories."""
        ids: list[str] = []
        for number in range(1, _MOST_PAGES + 1):
            asked = {"per_page": _PAGE, "page": number}
            found = (await self.api.read("/installation/repositories", asked))["repositories"]
            ids += [one["node_id"] for one in found]
            if len(found) < _PAGE:
                break
        else:
            raise TooLarge(f"Our installation sees more than {_PAGE * _MOST_PAGES:,} repositories.")
        every = [one async for one in self._by_ids(ids)]
        return page_behind(sorted(every, key=lambda one: one.id), query.after, query.limit, lambda one: one.id)

    async def repository(self, repository: str) -> Repository:
        """See CodeHost.repository."""
        return values.repository_of(await self._in(repository, documents.REPOSITORY))

    async def branches(self, query: BranchQuery) -> Page[Branch]:
        """See CodeHost.branches. A page is one of GitHub's."""
        order = {"field": "ALPHABETICAL", "direction": "ASC"}
        named = {"first": min(query.limit, _PAGE), "after": query.after, "order": order}
        refs = (await self._in(query.repository, documents.BRANCHES, **named))["refs"]
        found = tuple(values.branch_of(query.repository, one) for one in refs["nodes"])
        return Page(found, _after(refs))

    async def branch(self, repository: str, name: str) -> Branch:
        """See CodeHost.branch."""
        ref = (await self._in(repository, documents.BRANCH, branch=f"refs/heads/{name}"))["ref"]
        if ref is None:
            raise NoSuchBranch(f"There is no branch {name[:100]} here.")
        return values.branch_of(repository, ref)

    async def commits(self, query: CommitQuery) -> Page[Commit]:
        """See CodeHost.commits."""
        return await bare_repository.commits(await self.git(query.repository, query.sha), query)

    async def tree(self, query: TreeQuery) -> Page[TreeEntry]:
        """See CodeHost.tree."""
        return await bare_repository.tree(await self.git(query.repository, query.sha), query)

    async def file(self, repository: str, sha: str, path: str) -> File:
        """See CodeHost.file."""
        return await bare_repository.file(await self.git(repository, sha), sha, path)

    async def search(self, query: SearchQuery) -> Page[Match]:
        """See CodeHost.search."""
        return await bare_repository.search(await self.git(query.repository, query.sha), query)

    async def diff(self, query: DiffQuery) -> Diff:
        """See CodeHost.diff."""
        return await bare_changes.diff(await self.git(query.repository, query.base, query.head), query)

    async def merge_result(self, repository: str, base: str, head: str) -> MergeResult:
        """See CodeHost.merge_result."""
        return await bare_changes.merge_result(await self.git(repository, base, head), base, head)

    async def checkout(self, repository: str, sha: str, into: Path) -> Checkout:
        """See CodeHost.checkout."""
        return await bare_trees.checkout(await self.git(repository, sha), sha, into)

    async def commit_tree(self, repository: str, tree: Path, draft: CommitDraft) -> Commit:
        """See CodeHost.commit_tree. The commit is in this machine's mirror until it is pushed from there."""
        return await bare_trees.commit_tree(await self.git(repository, *draft.parents), tree, draft)

    async def pull_requests(self, query: PullRequestQuery) -> Page[PullRequest]:
        """See CodeHost.pull_requests."""
        if query.repository is not None:
            of = [query.repository]
        else:
            of = [one.id for one in (await self.repositories(Part())).items]
        last = await self._order_of(query.after) if query.after is not None else None
        some = asyncio.Semaphore(_AT_ONCE)

        async def behind(repository: str) -> list[PullRequest]:
            found: list[PullRequest] = []
            async with some:
                async for one in self._newest_first(repository, query):
                    if last is None or _order(one) < last:
                        found.append(one)
                    if len(found) > query.limit:
                        break
            return found

        by_repository = await asyncio.gather(*map(behind, of))
        every = heapq.nlargest(query.limit + 1, chain.from_iterable(by_repository), key=_order)
        return page_of(every, query.limit, str)

    async def pull_request(self, repository: str, number: int) -> PullRequest:
        """See CodeHost.pull_request."""
        return values.pull_request_of(repository, await self.standing(repository, number))

    async def standing(self, repository: str, number: int) -> Mapping[str, Any]:
        """A pull request as GitHub has it. Raises NoSuchPullRequest."""
        try:
            found = (await self._in(repository, documents.PULL_REQUEST, number=number))["pullRequest"]
        except NoSuchPullRequest:
            found = None
        if found is None:
            raise NoSuchPullRequest(f"There is no pull request {number} of {repository}.")
        return dict(found)

    async def reviews(self, query: UnderQuery) -> Page[Review]:
        """See CodeHost.reviews."""
        found, after = await self.under(documents.REVIEWS, query)
        return Page(tuple(map(values.review_of, found)), after)

    async def comments(self, query: UnderQuery) -> Page[Comment]:
        """See CodeHost.comments."""
        found, after = await self.under(documents.COMMENTS, query)
        return Page(tuple(map(values.comment_of, found)), after)

    async def under(self, document: str, query: UnderQuery) -> tuple[Sequence[Mapping[str, Any]], str | None]:
        """What was said under a pull request, as GitHub has it, and the mark of what follows."""
        said = {"number": query.number, "first": min(query.limit, _PAGE), "after": query.after}
        pull_request = (await self._in(query.repository, document, **said))["pullRequest"]
        if pull_request is None:
            raise NoSuchPullRequest(f"There is no pull request {query.number} of {query.repository}.")
        found = pull_request["found"]
        return [one for one in found["nodes"] if one], _after(found)

    async def checks(self, query: CheckQuery) -> Page[Check]:
        """See CodeHost.checks: what is said through the Checks interface, and through statuses."""
        said = [one async for one in self.checks_said(query.repository, query.sha)]
        ours = self.api.app.slug
        found = values.newest(values.check_of(query.sha, one, ours) for one in said)
        return page_behind(found, query.after, query.limit, lambda one: one.name)

    async def coverage(self, repository: str, sha: str) -> Coverage | None:
        """See CodeHost.coverage: of our own checks alone, for what others write has no form."""
        ours = self.api.app.slug
        said = [values.check_of(sha, one, ours) async for one in self.checks_said(repository, sha)]
        known = [one for one in said if one.coverage is not None]
        return max(known, key=lambda one: (one.at, len(one.id), one.id)).coverage if known else None

    async def checks_said(self, repository: str, sha: str) -> AsyncIterator[Mapping[str, Any]]:
        """Every check and status of a commit, as GitHub has it. Raises NoSuchCommit, TooLarge."""
        if not bare_repository.is_sha(sha):
            raise NoSuchCommit(f"There is no commit {sha[:40]} here.")
        after: str | None = None
        for _ in range(_MOST_PAGES):
            commit = (await self._in(repository, documents.CHECKS, sha=sha, after=after))["object"]
            if commit is None or "statusCheckRollup" not in commit:
                raise NoSuchCommit(f"There is no commit {sha} in {repository}.")
            rollup = commit["statusCheckRollup"]
            if rollup is None:
                return
            for one in rollup["contexts"]["nodes"]:
                yield one
            after = _after(rollup["contexts"])
            if after is None:
                return
        raise TooLarge(f"There are more than {_PAGE * _MOST_PAGES:,} checks of {sha[:12]}.")

    async def git(self, repository: str, *shas: str) -> Git:
        """A repository's mirror, with these commits in it where GitHub has them. That we may see it is asked
        once a minute. Raises NoSuchRepository, TooLarge."""
        at = self.api.clock()
        until, known = self._known.pop(repository, (at, None))
        if known is None or until <= at:
            known, until = await self.repository(repository), at + _KNOWN_FOR
        self._known[repository] = until, known
        if known.size_bytes > self.most_bytes:
            size, most = known.size_bytes // 1024**2, self.most_bytes // 1024**2
            raise TooLarge(f"{repository} has {size:,} MB; mirrors are made of up to {most:,} MB.")
        return await self.mirrors.holding(repository, shas)

    def forget(self) -> None:
        """What may be seen is asked again."""
        self._known.clear()

    async def _in(self, repository: str, document: str, **variables: Any) -> Mapping[str, Any]:
        """What a query finds in a repository. Raises NoSuchRepository, NoSuchPullRequest, NoSuchPage."""
        owner, _, name = repository.partition("/")
        try:
            data = await self.api.ask(document, owner=owner, name=name, **variables)
        except Refused as refused:
            if "cursor" in refused.says:
                raise NoSuchPage(variables.get("after")) from None
            if "NOT_FOUND" in refused.kinds and "PullRequest" in refused.says:
                raise NoSuchPullRequest(f"There is no such pull request of {repository}.") from None
            if "NOT_FOUND" not in refused.kinds:
                raise
            raise NoSuchRepository(f"There is no repository {repository[:200]} that we may see.") from None
        found: Mapping[str, Any] | None = data["repository"]
        if found is None:
            raise NoSuchRepository(f"There is no repository {repository[:200]} that we may see.")
        if found["nameWithOwner"] != repository:  # GitHub knows former names, and small letters for large ones
            raise NoSuchRepository(f"{repository} is called {found['nameWithOwner']} now.")
        return found

    async def _by_ids(self, ids: Sequence[str]) -> AsyncIterator[Repository]:
        for start in range(0, len(ids), _PAGE):
            nodes = (await self.api.ask(documents.REPOSITORIES, ids=list(ids[start : start + _PAGE])))["nodes"]
            for one in nodes:
                if one:
                    yield values.repository_of(one)

    async def _newest_first(self, repository: str, query: PullRequestQuery) -> AsyncIterator[PullRequest]:
        """A repository's pull requests that answer the query. Raises TooLarge where they are too many."""
        states = [_STATES[query.state]] if query.state is not None else None
        after: str | None = None
        for _ in range(_MOST_PAGES):
            asked = {"states": states, "head": query.head, "first": _PAGE, "after": after}
            page = (await self._in(repository, documents.PULL_REQUESTS, **asked))["pullRequests"]
            for one in page["nodes"]:
                found = values.pull_request_of(repository, one)
                if query.author is None or found.author == query.author:
                    yield found
            after = _after(page)
            if after is None:
                return
        raise TooLarge(f"{repository} has more than {_PAGE * _MOST_PAGES:,} such pull requests: ask for fewer.")

    async def _order_of(self, mark: str) -> tuple[datetime, str, int]:
        repository, _, number = mark.rpartition("#")
        try:
            return _order(await self.pull_request(repository, int(number)))
        except (NoSuchPullRequest, NoSuchRepository, ValueError):
            raise NoSuchPage(mark) from None


def _order(one: PullRequest) -> tuple[datetime, str, int]:
    return one.created, one.repository, one.number


def _after(connection: Mapping[str, Any]) -> str | None:
    info = connection["pageInfo"]
    return info["endCursor"] if info["hasNextPage"] else None
