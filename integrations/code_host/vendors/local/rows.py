"""The embedded code host's rows as the port's values, and how they are found."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, tuple_
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.code_host import CheckQuery, PullRequestQuery, UnderQuery
from integrations.code_host.contents import Protection
from integrations.code_host.pull_requests import (
    Check,
    CheckState,
    Comment,
    Coverage,
    PullRequest,
    PullRequestState,
    Remark,
    Review,
    ReviewVerdict,
)
from integrations.code_host.refusals import NoSuchPullRequest
from integrations.code_host.vendors.local.tables import (
    CheckRow,
    CommentRow,
    ProtectionRow,
    PullRequestRow,
    ReviewRow,
)
from integrations.pages import NoSuchPage, Page, page_of
from storage.database import tenant_of


async def lock_repository(tx: AsyncSession, repository: str) -> None:
    """Until the transaction ends nobody else gives a number out, or opens, merges or closes here."""
    key = f"code/{tenant_of(tx)}/{repository}"
    await tx.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(key, 0))))


async def next_number(tx: AsyncSession, repository: str) -> int:
    """The number of the next pull request; the repository is locked."""
    query = select(func.coalesce(func.max(PullRequestRow.number), 0) + 1)
    return int((await tx.execute(query.where(PullRequestRow.repository == repository))).scalar_one())


async def pull_request_row(tx: AsyncSession, repository: str, number: int) -> PullRequestRow:
    """One pull request's row. Raises NoSuchPullRequest."""
    row = await tx.get(PullRequestRow, (tenant_of(tx), repository, number))
    if row is None:
        raise NoSuchPullRequest(f"There is no pull request {number} of {repository}.")
    return row


async def pull_request_rows(tx: AsyncSession, query: PullRequestQuery) -> Page[PullRequestRow]:
    """Rows of pull requests, newest first. Raises NoSuchPage."""
    order = (PullRequestRow.created, PullRequestRow.repository, PullRequestRow.number)
    wanted = select(PullRequestRow)
    for column, value in (
        (PullRequestRow.repository, query.repository),
        (PullRequestRow.state, query.state and query.state.value),
        (PullRequestRow.author, query.author),
        (PullRequestRow.head, query.head),
    ):
        if value is not None:
            wanted = wanted.where(column == value)
    if query.after is not None:
        repository, _, number = query.after.rpartition("#")
        if not number.isdecimal():
            raise NoSuchPage(query.after)
        last = await tx.get(PullRequestRow, (tenant_of(tx), repository, int(number)))
        if last is None:
            raise NoSuchPage(query.after)
        wanted = wanted.where(tuple_(*order) < (last.created, last.repository, last.number))
    wanted = wanted.order_by(*(column.desc() for column in order)).limit(query.limit + 1)
    found = (await tx.execute(wanted)).scalars().all()
    return page_of(found, query.limit, lambda row: f"{row.repository}#{row.number}")


def pull_request_of(row: PullRequestRow, **now: Any) -> PullRequest:
    """A row as it was written; `now` is what git says of it besides."""
    written = {
        "head_sha": row.head_sha,
        "base_sha": row.base_sha,
        "has_head": True,
        "has_conflicts": False if row.state == PullRequestState.MERGED.value else None,
    }
    return PullRequest(
        repository=row.repository,
        number=row.number,
        title=row.title,
        body=row.body,
        author=row.author,
        state=PullRequestState(row.state),
        is_draft=row.is_draft,
        head=row.head,
        base=row.base,
        labels=tuple(row.labels),
        created=row.created,
        updated=row.updated,
        merged_sha=row.merged_sha,
        ended=row.ended,
        **{**written, **now},
    )


async def protection_of(
    tx: AsyncSession, repository: str, branch: str, default: str | None
) -> Protection | None:
    """What a branch demands; None where it is not protected."""
    return (await protections(tx, repository, default)).get(branch)


async def protections(tx: AsyncSession, repository: str, default: str | None) -> dict[str, Protection]:
    """What each protected branch demands. The default branch is always one of them."""
    found = (await tx.execute(select(ProtectionRow).where(ProtectionRow.repository == repository))).scalars()
    said = {row.branch: Protection(row.required_reviews, tuple(row.required_checks)) for row in found}
    return said if default is None else {default: Protection(), **said}


async def reviews(tx: AsyncSession, query: UnderQuery) -> Page[Review]:
    """A pull request's reviews, oldest first. Raises NoSuchPage."""
    rows = await _under(tx, ReviewRow, query)
    return Page(tuple(map(review_of, rows.items)), rows.after)


def review_of(row: ReviewRow) -> Review:
    """A review's row as the port's value."""
    remarks = tuple(Remark(**one) for one in row.remarks)
    verdict = ReviewVerdict(row.verdict)
    return Review(str(row.id), row.author, verdict, row.body, row.sha, row.at, remarks)


async def comments(tx: AsyncSession, query: UnderQuery) -> Page[Comment]:
    """A pull request's comments, oldest first. Raises NoSuchPage."""
    rows = await _under(tx, CommentRow, query)
    return Page(tuple(map(comment_of, rows.items)), rows.after)


def comment_of(row: CommentRow) -> Comment:
    """A comment's row as the port's value."""
    return Comment(str(row.id), row.author, row.body, row.at)


async def _under(tx: AsyncSession, table: Any, query: UnderQuery) -> Page[Any]:
    wanted = select(table).where(table.repository == query.repository, table.pull_request == query.number)
    if query.after is not None:
        if not query.after.isdecimal():
            raise NoSuchPage(query.after)
        wanted = wanted.where(table.id > int(query.after))
    found = (await tx.execute(wanted.order_by(table.id).limit(query.limit + 1))).scalars().all()
    return page_of(found, query.limit, lambda row: str(row.id))


async def checks(tx: AsyncSession, query: CheckQuery) -> Page[Check]:
    """The newest check of each name at a commit, by name."""
    wanted = select(CheckRow).where(CheckRow.repository == query.repository, CheckRow.sha == query.sha)
    if query.after is not None:
        wanted = wanted.where(CheckRow.name > query.after)
    wanted = wanted.ext(distinct_on(CheckRow.name)).order_by(CheckRow.name, CheckRow.id.desc())
    found: Sequence[CheckRow] = (await tx.execute(wanted.limit(query.limit + 1))).scalars().all()
    page = page_of(found, query.limit, lambda row: row.name)
    return Page(tuple(map(check_of, page.items)), page.after)


async def all_reviews(tx: AsyncSession, repository: str, number: int) -> Sequence[Review]:
    """Every review of a pull request, oldest first."""
    wanted = select(ReviewRow).where(ReviewRow.repository == repository, ReviewRow.pull_request == number)
    return [review_of(row) for row in (await tx.execute(wanted.order_by(ReviewRow.id))).scalars()]


async def all_checks(tx: AsyncSession, repository: str, sha: str) -> Sequence[Check]:
    """The newest check of each name at a commit."""
    wanted = select(CheckRow).where(CheckRow.repository == repository, CheckRow.sha == sha)
    wanted = wanted.ext(distinct_on(CheckRow.name)).order_by(CheckRow.name, CheckRow.id.desc())
    return [check_of(row) for row in (await tx.execute(wanted)).scalars()]


def moment(written: str) -> datetime:
    """A time as a receipt has it."""
    return datetime.fromisoformat(written)


def check_of(row: CheckRow) -> Check:
    """A check's row as the port's value."""
    return Check(str(row.id), row.name, row.sha, CheckState(row.state), row.summary, row.at, coverage_of(row))


def coverage_of(row: CheckRow) -> Coverage | None:
    """What a check says of coverage, if it does."""
    if row.covered is None or row.coverable is None:
        return None
    return Coverage(row.covered, row.coverable)


async def newest_coverage(tx: AsyncSession, repository: str, sha: str) -> Coverage | None:
    """The coverage that the newest check with one says of a commit."""
    wanted = select(CheckRow).where(
        CheckRow.repository == repository, CheckRow.sha == sha, CheckRow.covered.is_not(None)
    )
    row = (await tx.execute(wanted.order_by(CheckRow.id.desc()).limit(1))).scalar()
    return None if row is None else coverage_of(row)
