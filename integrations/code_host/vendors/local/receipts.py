"""One grant, one effect. What is written in rows alone is written together with its receipt. What moves a
branch has its receipt first, with the commit that the branch will then have in its history: git can be asked.

| the process dies …                      | receipt   | git     | what is done when it is asked              |
|-----------------------------------------|-----------|---------|--------------------------------------------|
| before the receipt commits              | none      | as was  | nothing: it never arrived                  |
| after the receipt, before the branch    | not done  | as was  | nothing: it never arrived                  |
| after the branch, before the rows       | not done  | moved   | the rows are written, once                 |
| after the rows                          | done      | moved   | nothing: it is known                       |
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.code_host.bare_changes import contains
from integrations.code_host.bare_repository import tip
from integrations.code_host.git import Git
from integrations.code_host.outcomes import Happened
from integrations.code_host.refusals import GrantSpent
from integrations.code_host.vendors.local.tables import ReceiptRow

MARKS = "refs/countersign/moves/"
"""Nobody else sees what stands below, or writes there."""


async def claim(
    tx: AsyncSession,
    grant: str,
    kind: str,
    repository: str,
    *,
    branch: str | None = None,
    before: str | None = None,
    sha: str | None = None,
    gives: Mapping[str, Any] | None = None,
) -> ReceiptRow:
    """The grant's receipt, locked until the transaction ends: a new one, or that of an earlier call, as it is.
    Raises GrantSpent where the grant was for something else."""
    values = {"branch": branch, "before": before, "sha": sha, "gives": dict(gives or {})}
    new = insert(ReceiptRow).values(grant_id=grant, kind=kind, repository=repository, is_done=False, **values)
    await tx.execute(new.on_conflict_do_nothing())
    row = await locked_receipt(tx, grant)
    if row is None or (row.kind, row.repository) != (kind, repository):
        raise GrantSpent("This permission was already used for something else.")
    return row


async def receipt(tx: AsyncSession, grant: str) -> ReceiptRow | None:
    """A grant's receipt, if there is one."""
    return (await tx.execute(select(ReceiptRow).where(ReceiptRow.grant_id == grant))).scalar()


async def locked_receipt(tx: AsyncSession, grant: str) -> ReceiptRow | None:
    """The same, locked until the transaction ends."""
    query = select(ReceiptRow).where(ReceiptRow.grant_id == grant).with_for_update()
    return (await tx.execute(query)).scalar()


async def undone_moves(tx: AsyncSession, kind: str, repository: str, branch: str) -> list[ReceiptRow]:
    """Receipts of moves of a branch of which nobody has heard the end."""
    query = select(ReceiptRow).where(
        ReceiptRow.kind == kind,
        ReceiptRow.repository == repository,
        ReceiptRow.branch == branch,
        ReceiptRow.is_done.is_(False),
    )
    return list((await tx.execute(query)).scalars())


def finish(row: ReceiptRow, came_to: Happened) -> None:
    """It is done, and what it came to."""
    row.is_done, row.says, row.reference = True, came_to.says, came_to.reference


async def drop(tx: AsyncSession, grant: str) -> None:
    """It was refused before anything happened."""
    await tx.execute(delete(ReceiptRow).where(ReceiptRow.grant_id == grant, ReceiptRow.is_done.is_(False)))


def mark_of(grant: str) -> str:
    """The ref that git sets together with the branch: what it did for this grant and for no other."""
    return f"{MARKS}{hashlib.sha256(grant.encode()).hexdigest()}"


async def has_moved(git: Git, row: ReceiptRow) -> bool:
    """Whether git let the branch come to the receipt's commit, wherever it is now. Where a git that was killed
    set the branch and not its mark, the branch's history tells, if it did not have the commit before."""
    if row.branch is None or row.sha is None:
        return False
    code, _ = await git.run("show-ref", "--verify", "--quiet", mark_of(row.grant_id), fine=(0, 1, 128))
    now = await tip(git, row.branch)
    if code == 0 or now is None or now == row.sha:
        return code == 0 or now is not None
    if row.before is None or await contains(git, row.before, row.sha):
        return False
    return await contains(git, now, row.sha)
