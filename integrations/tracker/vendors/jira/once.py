"""Each effect once: what a call did whose answer was lost is found again before anything is sent anew."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from governance.action import Grant
from integrations.tracker import TrackerError
from integrations.tracker.vendors.jira.api import NotSent, Refused
from integrations.tracker.vendors.jira.found_again import Found, find
from integrations.tracker.vendors.jira.looks import Looks
from storage.exact_text import is_exact

_LOOKS_EVERY = 1.0


@dataclass(frozen=True)
class Once:
    """Receipts stand before what they are of; `settles` is how long what was sent may take to be found."""

    looks: Looks
    settles: timedelta

    async def do(
        self,
        grant: Grant,
        kind: str,
        project: str,
        touched: Callable[[], Awaitable[list[str]]],
        do: Callable[[], Awaitable[Found]],
    ) -> Sequence[str]:
        """Do it, or find what an earlier call with this grant did: the keys. A receipt outlives all but a
        refusal of the whole."""
        receipts = self.looks.receipts
        known = await receipts.of(grant.id)
        receipt = await receipts.begin(grant.id, kind, project, () if known is not None else await touched())
        if receipt.items is not None:
            return receipt.items
        if not receipt.is_new and (found := await find(self.looks, receipt)) is not None:
            await receipts.finish(grant.id, found.items, found.touched)
            return found.items
        try:
            came_to = await do()
        except (TrackerError, Refused, NotSent):
            await receipts.drop(grant.id)
            raise
        await receipts.finish(grant.id, came_to.items, came_to.touched)
        return came_to.items

    async def what_happened(self, grant: str) -> str | None:
        """The keys that an effect came to; None where nothing came of it. Raises CannotTell where it is half
        done, Refused, Away."""
        receipt = await self.looks.receipts.of(grant) if is_exact(grant) else None
        if receipt is None or receipt.items is not None:
            return None if receipt is None else ", ".join(receipt.items or ())
        while True:
            if (found := await find(self.looks, receipt)) is not None:
                await self.looks.receipts.finish(grant, found.items, found.touched)
                return ", ".join(found.items)
            if self.looks.clock() - receipt.began >= self.settles:
                await self.looks.receipts.drop(grant)
                return None
            await asyncio.sleep(_LOOKS_EVERY)  # it may still be on its way, or Jira's search behind
