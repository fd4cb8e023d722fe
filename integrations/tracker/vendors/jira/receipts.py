"""One grant, one effect: Jira has no idempotency keys, so each effect is found there again by its grant's id.

A receipt is written before Jira is told, with the issues that are touched; what it came to is written behind.
The id stands in an issue property of each issue, written by the same request as the change itself.

| effect          | its mark in Jira                                                             |
|-----------------|------------------------------------------------------------------------------|
| new story, epic | an issue of ours in that project, made since, whose property has the grant's id |
| changed stories | the property of each of them has the grant's id                              |
| cancelled epic  | the same of the epic, which is changed last                                  |
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, text, update
from sqlalchemy.dialects.postgresql import insert

from integrations.tracker import GrantSpent, TrackerError
from integrations.tracker.vendors.jira.tables import JiraEffectRow
from storage.database import Database

KEPT = timedelta(days=90)
LEASE, LEASE_EACH = timedelta(seconds=60), timedelta(seconds=2)
"""An effect that has not ended by then (and for each issue that it touches a little later) was lost with its
process, and nobody waits for it any more."""
_LATELY = timedelta(minutes=5)
_MOST_LATELY = 50
_LOOKS_EVERY = 0.1
_PATIENCE = 60.0
"""Seconds for which somebody waits for another's effect on the same issue."""


class BeingChanged(TrackerError):
    """Another effect on the same issue takes long."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What an effect is, and what it came to where that is known. `is_new` where it was not there before."""

    grant: str
    kind: str
    project: str
    touches: tuple[str, ...]
    began: datetime
    is_new: bool
    items: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Receipts:
    """One tenant's receipts."""

    database: Database
    tenant: str
    clock: Callable[[], datetime]

    async def begin(self, grant: str, kind: str, project: str, touches: Sequence[str]) -> Receipt:
        """The grant's receipt: a new one, once no other effect touches these issues, or that of an earlier
        call, once that has ended or was lost. Raises GrantSpent, BeingChanged."""
        for _ in range(round(_PATIENCE / _LOOKS_EVERY)):
            receipt = await self._try(grant, kind, project, touches)
            if receipt is not None:
                return receipt
            await asyncio.sleep(_LOOKS_EVERY)
        raise BeingChanged(f"{', '.join(touches[:5]) or 'This'} is being changed just now; try again.")

    async def _try(self, grant: str, kind: str, project: str, touches: Sequence[str]) -> Receipt | None:
        """None where another is at work on it."""
        now = self.clock()
        async with self.database.transaction(self.tenant) as tx:
            key = {"key": f"jira/{self.tenant}"}
            await tx.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), key)
            known = await tx.get(JiraEffectRow, (self.tenant, grant))
            if known is not None:
                if known.kind != kind:
                    raise GrantSpent(f"This permission was already used for something else ({known.kind}).")
                is_lost = now - known.began >= _lease(known.touches)
                return _receipt(known, is_new=False) if known.is_done or is_lost else None
            at_work = select(JiraEffectRow.began, JiraEffectRow.touches).where(
                JiraEffectRow.is_done.is_(False), JiraEffectRow.touches.overlap(list(touches))
            )
            others = (await tx.execute(at_work)).all() if touches else []
            if any(now - began < _lease(theirs) for began, theirs in others):
                return None
            values = {"kind": kind, "project": project, "touches": list(touches), "items": [], "began": now}
            await tx.execute(insert(JiraEffectRow).values(grant_id=grant, is_done=False, **values))
        return Receipt(grant, kind, project, tuple(touches), now, True, None)

    async def of(self, grant: str) -> Receipt | None:
        """A grant's receipt, if there is one."""
        async with self.database.transaction(self.tenant) as tx:
            row = await tx.get(JiraEffectRow, (self.tenant, grant))
            return _receipt(row, is_new=False) if row is not None else None

    async def finish(self, grant: str, items: Sequence[str], touched: Sequence[str]) -> None:
        """It is done: the keys of what it came to, and the ids of the issues that it made or changed."""
        async with self.database.transaction(self.tenant) as tx:
            done = update(JiraEffectRow).where(JiraEffectRow.grant_id == grant)
            await tx.execute(done.values(is_done=True, items=list(items), touches=list(touched)))

    async def drop(self, grant: str) -> None:
        """Nothing has happened."""
        async with self.database.transaction(self.tenant) as tx:
            nothing = JiraEffectRow.grant_id == grant, JiraEffectRow.is_done.is_(False)
            await tx.execute(delete(JiraEffectRow).where(*nothing))

    async def lately(self) -> list[int]:
        """Ids of issues that we changed lately, which Jira's search may not have noticed yet."""
        recent = select(JiraEffectRow.touches).where(JiraEffectRow.began > self.clock() - _LATELY)
        async with self.database.transaction(self.tenant) as tx:
            rows = await tx.scalars(recent.order_by(JiraEffectRow.began.desc()).limit(_MOST_LATELY))
            found = dict.fromkeys(int(one) for touches in rows for one in touches)
        return list(found)[:_MOST_LATELY]

    async def drop_old(self) -> None:
        """Nobody asks any more what became of an effect of so long ago."""
        async with self.database.transaction(self.tenant) as tx:
            await tx.execute(delete(JiraEffectRow).where(JiraEffectRow.began < self.clock() - KEPT))


def _lease(touches: Sequence[str]) -> timedelta:
    return LEASE + len(touches) * LEASE_EACH


def _receipt(row: JiraEffectRow, *, is_new: bool) -> Receipt:
    items = tuple(row.items) if row.is_done else None
    return Receipt(row.grant_id, row.kind, row.project, tuple(row.touches), row.began, is_new, items)
