"""The effects that stand in rows alone: opening, changing, closing, and what is said of a pull request."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from governance.action import Grant
from integrations.code_host import outcomes
from integrations.code_host.bare_changes import contains, merge_base
from integrations.code_host.bare_repository import demand_branch
from integrations.code_host.git import Git
from integrations.code_host.outcomes import Happened
from integrations.code_host.pull_requests import (
    CheckDraft,
    PullRequestChange,
    PullRequestDraft,
    PullRequestState,
    ReviewDraft,
    ReviewVerdict,
)
from integrations.code_host.refusals import (
    AlreadyOpen,
    HeadMoved,
    NotMergeable,
    NotOpen,
    OwnPullRequest,
)
from integrations.code_host.vendors.local import receipts
from integrations.code_host.vendors.local.rows import lock_repository, next_number, pull_request_row
from integrations.code_host.vendors.local.tables import CheckRow, CommentRow, PullRequestRow, ReviewRow
from integrations.code_host.webhooks import wake
from storage.database import Database

_WAKES = ("review", "close")
"""What somebody may wait for who did not do it."""


async def once(
    database: Database,
    grant: Grant,
    kind: str,
    repository: str,
    write: Callable[[AsyncSession], Awaitable[Happened]],
) -> str:
    """The reference of what is written, or of what an earlier call with this grant wrote. Raises GrantSpent."""
    async with database.transaction(grant.tenant) as tx:
        row = await receipts.claim(tx, grant.id, kind, repository)
        if not row.is_done:
            receipts.finish(row, await write(tx))
            if kind in _WAKES:
                await wake(tx, repository)
        return row.reference


async def demand_openable(git: Git, draft: PullRequestDraft) -> str:
    """The commit that the base branch is at. Raises NoSuchBranch, HeadMoved, NotMergeable."""
    head, base = await demand_branch(git, draft.head), await demand_branch(git, draft.base)
    if head != draft.head_sha:
        raise HeadMoved(f"{draft.head} is at {head[:12]} by now, not at {draft.head_sha[:12]}.")
    await merge_base(git, base, head)
    if await contains(git, base, head):
        raise NotMergeable(f"Nothing is in {draft.head} that is not in {draft.base} already.")
    return base


async def open_row(
    tx: AsyncSession, at: datetime, repository: str, draft: PullRequestDraft, base_sha: str, author: str
) -> PullRequestRow:
    """A new pull request. Raises AlreadyOpen."""
    await lock_repository(tx, repository)
    same = select(PullRequestRow.number).where(
        PullRequestRow.repository == repository,
        PullRequestRow.head == draft.head,
        PullRequestRow.base == draft.base,
        PullRequestRow.state == PullRequestState.OPEN.value,
    )
    number = (await tx.execute(same)).scalar()
    if number is not None:
        raise AlreadyOpen(f"{draft.head} has an open pull request into {draft.base} already: {number}.")
    row = PullRequestRow(
        repository=repository,
        number=await next_number(tx, repository),
        title=draft.title,
        body=draft.body,
        author=author,
        state=PullRequestState.OPEN.value,
        is_draft=draft.is_draft,
        head=draft.head,
        head_sha=draft.head_sha,
        base=draft.base,
        base_sha=base_sha,
        labels=list(draft.labels),
        created=at,
        updated=at,
        merged_sha=None,
        ended=None,
    )
    tx.add(row)
    await tx.flush()
    return row


def demand_open(row: PullRequestRow) -> None:
    """Raises NotOpen."""
    if row.state != PullRequestState.OPEN.value:
        raise NotOpen(f"Pull request {row.number} of {row.repository} is {row.state} already.")


def demand_head(row: PullRequestRow, now: str, expected: str) -> None:
    """Raises HeadMoved where the branch is at another commit than was looked at."""
    if now != expected:
        raise HeadMoved(f"{row.head} is at {now[:12]} by now, not at {expected[:12]}: look at it again.")


async def update(
    tx: AsyncSession, grant: Grant, repository: str, number: int, change: PullRequestChange
) -> Happened:
    """Raises NoSuchPullRequest, NotOpen."""
    await lock_repository(tx, repository)
    row = await pull_request_row(tx, repository, number)
    demand_open(row)
    row.title = row.title if change.title is None else change.title
    row.body = row.body if change.body is None else change.body
    row.is_draft = row.is_draft if change.is_draft is None else change.is_draft
    row.updated = grant.minted_at
    return outcomes.updated(f"{repository}#{number}")


async def close(
    tx: AsyncSession, grant: Grant, repository: str, number: int, now: str | None, expected: str
) -> Happened:
    """Raises NoSuchPullRequest, NotOpen, HeadMoved."""
    await lock_repository(tx, repository)
    row = await pull_request_row(tx, repository, number)
    demand_open(row)
    row.head_sha = now or row.head_sha
    demand_head(row, row.head_sha, expected)
    row.state, row.ended = PullRequestState.CLOSED.value, grant.minted_at
    row.updated = grant.minted_at
    return outcomes.closed(f"{repository}#{number}")


async def review(
    tx: AsyncSession, grant: Grant, repository: str, number: int, draft: ReviewDraft, *, now: str, login: str
) -> Happened:
    """Raises NoSuchPullRequest, NotOpen, HeadMoved, OwnPullRequest."""
    row = await pull_request_row(tx, repository, number)
    demand_open(row)
    demand_head(row, now, draft.sha)
    author = draft.person or login
    if author == row.author and draft.verdict is not ReviewVerdict.COMMENTED:
        raise OwnPullRequest(
            f"{author} opened pull request {number} of {repository} and can only comment on it: somebody else"
            " must review it."
        )
    said = ReviewRow(
        repository=repository,
        pull_request=number,
        author=author,
        verdict=draft.verdict.value,
        body=draft.body,
        sha=draft.sha,
        remarks=[asdict(remark) for remark in draft.remarks],
        at=grant.minted_at,
    )
    tx.add(said)
    await tx.flush()
    return outcomes.reviewed(f"{repository}#{number}", draft.verdict, str(said.id))


async def comment(
    tx: AsyncSession, grant: Grant, repository: str, number: int, body: str, author: str
) -> Happened:
    """Raises NoSuchPullRequest."""
    await pull_request_row(tx, repository, number)
    said = CommentRow(repository=repository, pull_request=number, author=author, body=body, at=grant.minted_at)
    tx.add(said)
    await tx.flush()
    return outcomes.commented(f"{repository}#{number}", str(said.id))


async def report(tx: AsyncSession, grant: Grant, repository: str, sha: str, draft: CheckDraft) -> Happened:
    """A check of a commit that is known to be there."""
    coverage = draft.coverage
    said = CheckRow(
        repository=repository,
        sha=sha,
        name=draft.name,
        state=draft.state.value,
        summary=draft.summary,
        covered=None if coverage is None else coverage.covered,
        coverable=None if coverage is None else coverage.total,
        at=grant.minted_at,
    )
    tx.add(said)
    await tx.flush()
    return outcomes.checked(repository, sha, draft.name, draft.state, str(said.id))
