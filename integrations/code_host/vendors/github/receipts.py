"""One grant, one effect: GitHub has no idempotency keys, so each effect is found there again by a mark.

A receipt is written before GitHub is told, with what the effect is found by; what it came to is written behind.

| effect  | its mark on GitHub                                                                             |
|---------|------------------------------------------------------------------------------------------------|
| push    | the branch is at the commit, or has it in its history and did not before                       |
| open    | a pull request of that head branch, ours, whose body ends with the grant's id                  |
| update  | the pull request says it: said again it says the same                                          |
| review  | a review of ours whose body ends with the grant's id                                           |
| comment | a comment of ours whose body ends with the grant's id                                          |
| check   | a check run of ours at that commit whose `external_id` is the grant's id                       |
| merge   | the pull request is merged, or queued, with that very head; what it became is its merge commit |
| revert  | as open: a pull request of a head branch that is named after what it takes back                |
| close   | the pull request is closed and unmerged: closed again it is the same                           |

Receipts are also the budget of GitHub's limit on content, which all processes share:
https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api (secondary limits)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from integrations.code_host.outcomes import Happened
from integrations.code_host.refusals import GrantSpent, NotNow
from integrations.code_host.vendors.github.credentials import WHO
from integrations.code_host.vendors.github.tables import GitHubEffectRow
from storage.database import Database

LIMITS = ((timedelta(minutes=1), 80), (timedelta(hours=1), 500))
"""Requests that make content, in any such time."""
KEPT = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What an effect is, and what it came to where that is known. `is_new` where it was not there before."""

    grant: str
    kind: str
    repository: str
    marks: Mapping[str, Any]
    began: datetime
    is_new: bool
    came_to: Happened | None


@dataclass(frozen=True, slots=True)
class Receipts:
    """One tenant's receipts."""

    database: Database
    tenant: str

    async def begin(
        self, grant: str, kind: str, repository: str, marks: Mapping[str, Any], content: int, now: datetime
    ) -> Receipt:
        """The grant's receipt: a new one, or that of an earlier call. Raises GrantSpent where the grant was for
        something else, NotNow where GitHub takes no more content."""
        async with self.database.transaction(self.tenant) as tx:
            await tx.execute(
                text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": self._key}
            )
            known = await tx.get(GitHubEffectRow, (self.tenant, grant))
            if known is not None:
                if (known.kind, known.repository, known.marks) != (kind, repository, dict(marks)):
                    raise GrantSpent("This permission was already used for something else.")
                return _receipt(known, is_new=False)
            for window, most in LIMITS:
                made = select(
                    func.coalesce(func.sum(GitHubEffectRow.content), 0), func.min(GitHubEffectRow.began)
                )
                recent = made.where(GitHubEffectRow.began > now - window, GitHubEffectRow.content > 0)
                count, first = (await tx.execute(recent)).one()
                if content and count + content > most:
                    until = first + window
                    says = f"{WHO} takes {most} changes in {_words(window)}, and has had {count} of us."
                    raise NotNow(f"{says} I go on after {until:%H:%M:%S %Z}.", until)
            values = {"kind": kind, "repository": repository, "marks": dict(marks), "content": content}
            new = insert(GitHubEffectRow).values(
                grant_id=grant, began=now, is_done=False, says="", reference="", **values
            )
            await tx.execute(new)
        return Receipt(grant, kind, repository, marks, now, True, None)

    async def of(self, grant: str) -> Receipt | None:
        """A grant's receipt, if there is one."""
        async with self.database.transaction(self.tenant) as tx:
            row = await tx.get(GitHubEffectRow, (self.tenant, grant))
            return _receipt(row, is_new=False) if row is not None else None

    async def finish(self, grant: str, came_to: Happened) -> None:
        """It is done, and what it came to."""
        async with self.database.transaction(self.tenant) as tx:
            done = update(GitHubEffectRow).where(GitHubEffectRow.grant_id == grant)
            await tx.execute(done.values(is_done=True, says=came_to.says, reference=came_to.reference))

    async def drop(self, grant: str) -> None:
        """It was refused, and nothing has happened."""
        async with self.database.transaction(self.tenant) as tx:
            refused = GitHubEffectRow.grant_id == grant, GitHubEffectRow.is_done.is_(False)
            await tx.execute(delete(GitHubEffectRow).where(*refused))

    async def drop_old(self, now: datetime) -> None:
        """Nobody asks any more what became of an effect of so long ago."""
        async with self.database.transaction(self.tenant) as tx:
            await tx.execute(delete(GitHubEffectRow).where(GitHubEffectRow.began < now - KEPT))

    @property
    def _key(self) -> str:
        return f"github/{self.tenant}"


def _receipt(row: GitHubEffectRow, *, is_new: bool) -> Receipt:
    came_to = Happened(row.says, row.reference) if row.is_done else None
    return Receipt(row.grant_id, row.kind, row.repository, row.marks, row.began, is_new, came_to)


def _words(window: timedelta) -> str:
    return "an hour" if window == timedelta(hours=1) else "a minute"
