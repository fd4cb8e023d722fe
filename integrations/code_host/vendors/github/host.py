"""GitHub as a `CodeHost`: what is done there, each under one grant. How it is found again: see `receipts`."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from governance.action import Grant
from integrations.alerts import Delivery
from integrations.code_host import OURS, bare_repository, outcomes
from integrations.code_host.contents import Branch, CommitDraft, MergeWay
from integrations.code_host.outcomes import Happened
from integrations.code_host.pull_requests import (
    Check,
    CheckDraft,
    Comment,
    PullRequest,
    PullRequestChange,
    PullRequestDraft,
    Review,
    ReviewDraft,
    ReviewVerdict,
)
from integrations.code_host.refusals import (
    BranchMoved,
    BranchNotOurs,
    CodeHostError,
    NoSuchBranch,
    NoSuchRepository,
    NotInTheirName,
    NotMerged,
    OwnPullRequest,
)
from integrations.code_host.vendors.github import values, writing
from integrations.code_host.vendors.github.credentials import WHO
from integrations.code_host.vendors.github.found_again import Found, find
from integrations.code_host.vendors.github.looks import Looks
from integrations.code_host.vendors.github.merging import merge, revert_commit
from integrations.code_host.vendors.github.receipts import Receipts
from integrations.code_host.vendors.github.webhooks import Reader
from integrations.code_host.webhooks import CodeEvent

_LOOKS_EVERY = 0.5


@dataclass
class GitHub(Looks):
    """See `CodeHost`. What was sent and not heard of is there after `settles`, or will not be."""

    receipts: Receipts = field(kw_only=True)
    webhooks: Reader = field(kw_only=True)
    settles: timedelta = timedelta(seconds=5)
    reviews_for_people: bool = False
    _one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def push_branch(
        self, grant: Grant, repository: str, branch: str, sha: str, *, before: str | None
    ) -> Branch:
        """See CodeHost.push_branch. The commit is in the mirror of the machine that made it."""
        if not branch.startswith(OURS):
            raise BranchNotOurs(f"{branch[:100]} is not ours to push to: our branches begin with {OURS}.")

        async def push() -> Found:
            await bare_repository.demand_commit(await self.git(repository), sha)
            try:
                await self.mirrors.push(repository, branch, sha, before)
            except BranchMoved:
                # Where a connection breaks, what git is built on sends again by itself: the first was taken.
                if await self._tip(repository, branch) != sha:
                    raise
            return Branch(repository, branch, sha, None), outcomes.pushed(repository, branch, sha)

        marks = {"branch": branch, "sha": sha, "before": before}
        return await self._once(grant, "push", repository, marks, push)  # type: ignore[no-any-return]

    async def open_pull_request(self, grant: Grant, repository: str, draft: PullRequestDraft) -> PullRequest:
        """See CodeHost.open_pull_request."""

        async def opening() -> Found:
            opened = await writing.open_pull_request(self, grant.id, repository, draft)
            return opened, outcomes.opened(str(opened))

        marks = {
            "head": draft.head,
            "head_sha": draft.head_sha,
            "base": draft.base,
            "labels": list(draft.labels),
        }
        return await self._once(grant, "open", repository, marks, opening)  # type: ignore[no-any-return]

    async def update_pull_request(
        self, grant: Grant, repository: str, number: int, change: PullRequestChange
    ) -> PullRequest:
        """See CodeHost.update_pull_request. Whether it is a draft comes first: that is refused more often."""

        async def update() -> Found:
            await writing.update(self, repository, number, change)
            now = await self.pull_request(repository, number)
            return now, outcomes.updated(str(now))

        marks = {"number": number, "title": change.title, "body": change.body, "is_draft": change.is_draft}
        return await self._once(grant, "update", repository, marks, update)  # type: ignore[no-any-return]

    async def review_pull_request(
        self, grant: Grant, repository: str, number: int, draft: ReviewDraft
    ) -> Review:
        """See CodeHost.review_pull_request. A remark on a line that the changes do not show stands in the
        review's own text: GitHub has no other place for it."""
        if draft.person is not None:
            raise NotInTheirName(
                f"{WHO} takes a person’s review from that person alone, on the pull request’s page."
            )

        async def review() -> Found:
            found = await writing.open_one(self, repository, number)
            writing.demand_head(found, draft.sha)
            own = values.login_of(found["author"]) == self.login
            if own and draft.verdict is not ReviewVerdict.COMMENTED:
                raise OwnPullRequest(
                    f"{self.login} opened {repository}#{number}, and {WHO} lets nobody review their own:"
                    " somebody else must, a person or a second App."
                )
            said = await writing.review(self, grant.id, repository, number, draft)
            return said, outcomes.reviewed(f"{repository}#{number}", said.verdict, said.id)

        marks = {"number": number, "sha": draft.sha}
        return await self._once(grant, "review", repository, marks, review)  # type: ignore[no-any-return]

    async def comment_on_pull_request(
        self, grant: Grant, repository: str, number: int, body: str, *, person: str
    ) -> Comment:
        """See CodeHost.comment_on_pull_request: its first words say who says it."""

        async def comment() -> Found:
            said = await writing.comment(self, grant.id, repository, number, f"{person} says:\n\n{body}")
            return said, outcomes.commented(f"{repository}#{number}", said.id)

        return await self._once(grant, "comment", repository, {"number": number}, comment)  # type: ignore[no-any-return]

    async def report_check(self, grant: Grant, repository: str, sha: str, draft: CheckDraft) -> Check:
        """See CodeHost.report_check."""

        async def report() -> Found:
            check = await writing.report_check(self, grant.id, repository, sha, draft)
            return check, outcomes.checked(repository, sha, check.name, check.state, check.id)

        marks = {"sha": sha, "name": draft.name}
        return await self._once(grant, "check", repository, marks, report)  # type: ignore[no-any-return]

    async def merge_pull_request(
        self, grant: Grant, repository: str, number: int, *, head: str, base: str, way: MergeWay
    ) -> PullRequest:
        """See CodeHost.merge_pull_request."""

        async def merging() -> Found:
            return await merge(self, repository, number, head=head, base=base, way=way)

        marks = {"number": number, "head": head, "base": base}
        return await self._once(grant, "merge", repository, marks, merging)  # type: ignore[no-any-return]

    async def revert_pull_request(
        self, grant: Grant, repository: str, number: int, *, merged: str
    ) -> PullRequest:
        """See CodeHost.revert_pull_request."""
        branch = f"{OURS}revert-{number}-{re.sub(r'[^A-Za-z0-9]', '', grant.id)[-12:].lower()}"

        async def revert() -> Found:
            found = await self.standing(repository, number)
            if found["mergeCommit"] is None or found["mergeCommit"]["oid"] != merged:
                raise NotMerged(f"{repository}#{number} was not merged as {merged[:12]}.")
            now = await self.branch(repository, found["baseRefName"])
            git = await self.git(repository, merged, now.sha, found["headRefOid"])
            title = f"Revert “{found['title']}” (#{number})"
            email = f"{self.api.app.slug}[bot]@users.noreply.github.com"
            draft = CommitDraft(
                (now.sha,), f"{title}\n\nTakes back {merged}.", self.login, email, grant.minted_at
            )
            sha = await revert_commit(git, found, merged, now.sha, draft)
            await self.mirrors.push(repository, branch, sha, await self._tip(repository, branch))
            body = f"Takes back #{number}, merged as {merged}."
            opening = PullRequestDraft(title[:250], body, branch, sha, now.name)
            opened = await writing.open_pull_request(self, grant.id, repository, opening)
            return opened, outcomes.opened(str(opened))

        marks = {"head": branch, "number": number, "merged": merged, "labels": []}
        return await self._once(grant, "revert", repository, marks, revert)  # type: ignore[no-any-return]

    async def close_pull_request(self, grant: Grant, repository: str, number: int, *, head: str) -> PullRequest:
        """See CodeHost.close_pull_request."""

        async def close() -> Found:
            writing.demand_head(await writing.open_one(self, repository, number), head)
            await self.api.change("PATCH", f"/repos/{repository}/pulls/{number}", {"state": "closed"})
            closed = await self.pull_request(repository, number)
            return closed, outcomes.closed(str(closed))

        marks = {"number": number, "head": head}
        return await self._once(grant, "close", repository, marks, close)  # type: ignore[no-any-return]

    async def what_happened(self, grant: str) -> Happened | None:
        """See CodeHost.what_happened. Raises Away where GitHub cannot say, or has not said yet."""
        receipt = await self.receipts.of(grant)
        if receipt is None or receipt.came_to is not None:
            return None if receipt is None else receipt.came_to
        while True:
            found = await find(self, receipt)
            if found is not None:
                await self.receipts.finish(grant, found[1])
                return found[1]
            if self.api.clock() - receipt.began >= self.settles:
                return None
            await asyncio.sleep(_LOOKS_EVERY)  # it may still be on its way

    def receive(self, delivery: Delivery) -> CodeEvent | None:
        """See CodeWebhooks.receive."""
        return self.webhooks.receive(delivery)

    async def tidy(self) -> None:
        """Let go of mirrors that are not ours to see any more, and of receipts that nobody asks for."""

        async def is_kept(repository: str) -> bool:
            try:
                await self.repository(repository)
            except NoSuchRepository:
                return False
            return True

        await self.mirrors.tidy(is_kept)
        await self.receipts.drop_old(self.api.clock())

    async def close(self) -> None:
        """Let go of what is open."""
        await self.mirrors.close()
        await self.api.close()

    async def _once(
        self,
        grant: Grant,
        kind: str,
        repository: str,
        marks: Mapping[str, Any],
        do: Callable[[], Awaitable[Found]],
    ) -> Any:
        """Do it, or find what an earlier call with this grant did. A receipt outlives all but a refusal."""
        content = _CONTENT.get(kind, 1)
        receipt = await self.receipts.begin(grant.id, kind, repository, marks, content, self.api.clock())
        if not receipt.is_new:
            known = await find(self, receipt)
            if known is not None:
                await self.receipts.finish(grant.id, known[1])
                return known[0]
            if receipt.came_to is not None:
                raise CodeHostError(f"This was done, and is there no more: {receipt.came_to.says}.")
        try:
            async with self._one_at_a_time:  # as GitHub asks for what changes something
                value, came_to = await do()
        except CodeHostError:
            await self.receipts.drop(grant.id)
            raise
        await self.receipts.finish(grant.id, came_to)
        return value

    async def _tip(self, repository: str, branch: str) -> str | None:
        try:
            return (await self.branch(repository, branch)).sha
        except NoSuchBranch:
            return None


_CONTENT = {"push": 0, "open": 2, "update": 2, "review": 2, "revert": 1}
"""How many requests that make content an effect takes at most; a push is none."""
