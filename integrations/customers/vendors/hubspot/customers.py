"""Customers in HubSpot. It is read at most once a minute, however many ask; what is known serves for five."""

from __future__ import annotations

import asyncio
import json
import re
from bisect import bisect_right
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from time import monotonic

from governance.visibility import Scope
from integrations.customers import Account, AccountQuery, Commitment, Gaps, NoSuchAccount, Request
from integrations.customers.vendors.hubspot.api import WHO, HubSpotApi
from integrations.customers.vendors.hubspot.settings import HubSpotSettings
from integrations.customers.vendors.hubspot.snapshot import Snapshot, read, sorting_key
from integrations.finding import best
from integrations.pages import NoSuchPage, Page, page_of
from integrations.written_ids import WrittenIds
from storage.database import Database

FRESH_SECONDS = 60.0
"""What was read so long ago is read again, while it serves."""

USABLE_SECONDS = 300.0
"""What was read longer ago serves no more: whoever asks waits."""

REQUEST_IDS = WrittenIds(re.compile(r"\bTICKET-\d{1,20}\b", re.IGNORECASE))


class HubSpotCustomers:
    """`Customers`. Every method but `request_ids` and `close` raises Away."""

    title = WHO

    def __init__(
        self, settings: HubSpotSettings, database: Database, tenant: str, clock: Callable[[], float] = monotonic
    ) -> None:
        self._own, self._database, self._tenant, self._clock = settings, database, tenant, clock
        self._api = HubSpotApi(settings)
        self._seen: tuple[float, Snapshot] | None = None
        self._reading: asyncio.Task[Snapshot] | None = None

    @property
    def request_ids(self) -> WrittenIds:
        """See Customers.request_ids."""
        return REQUEST_IDS

    async def accounts(self, scope: Scope, query: AccountQuery) -> Page[Account]:
        """See Customers.accounts."""
        found = await self._reached(scope)
        if query.ids is not None:
            found = [one for one in found if one.id in query.ids]
        if query.after is not None:
            found = found[bisect_right(found, _marked(query.after), key=sorting_key) :]
        return page_of(found, query.limit, lambda one: json.dumps((one.name, one.id)))

    async def find(self, scope: Scope, text: str, limit: int) -> Sequence[Account]:
        """See Customers.find."""
        found = {one.id: one for one in await self._reached(scope)}
        named = [(one.id, (one.name, one.id, *one.aliases)) for one in found.values()]
        return [found[id] for id in await asyncio.to_thread(best, text, named, limit)]

    async def account(self, scope: Scope, account: str) -> Account:
        """One account. Raises NoSuchAccount."""
        found = next((one for one in await self._reached(scope) if one.id == account), None)
        if found is None:
            raise NoSuchAccount(f"There is no account {account!r}.")
        return found

    async def requests(self, scope: Scope, *, account: str | None = None) -> Sequence[Request]:
        """See Customers.requests."""
        asked = (await self._snapshot()).requests
        return [
            one
            for one in asked
            if (scope.everything or one.account in scope.accounts) and account in (None, one.account)
        ]

    async def commitments(self, scope: Scope, *, account: str | None = None) -> Sequence[Commitment]:
        """None: HubSpot keeps no promises, and `gaps` says so."""
        return ()

    async def count_others(self, scope: Scope) -> int:
        """See Customers.count_others."""
        return len((await self._snapshot()).accounts) - len(await self._reached(scope))

    async def gaps(self, scope: Scope) -> Gaps:
        """See Customers.gaps."""
        return (await self._snapshot()).gaps(scope, self._own)

    async def close(self) -> None:
        """Let go of its connections; what is being read is not read to its end."""
        if self._reading is not None:
            self._reading.cancel()
        await self._api.close()

    async def _reached(self, scope: Scope) -> list[Account]:
        return [
            one for one in (await self._snapshot()).accounts if scope.everything or one.id in scope.accounts
        ]

    async def _snapshot(self) -> Snapshot:
        """What is known, while it serves. One task reads it for all who ask, and goes on where whoever asked
        first stopped waiting: so a list that takes longer than one turn's look is there for the next."""
        if self._seen is not None and self._clock() - self._seen[0] < FRESH_SECONDS:
            return self._seen[1]
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read())
            self._reading.add_done_callback(_retrieved)
        if self._seen is not None and self._clock() - self._seen[0] < USABLE_SECONDS:
            return self._seen[1]
        return await asyncio.shield(self._reading)

    async def _read(self) -> Snapshot:
        began = self._clock()
        snapshot = await read(self._api, self._own, self._database, self._tenant, datetime.now(UTC).date())
        self._seen = began, snapshot
        return snapshot


def _retrieved(task: asyncio.Task[Snapshot]) -> None:
    """Whoever waits meets the exception; where nobody does any more it is no error of ours."""
    if not task.cancelled():
        task.exception()


def _marked(after: str) -> tuple[str, str, str]:
    try:
        name, id = json.loads(after)
        return str(name).casefold(), str(name), str(id)
    except (ValueError, TypeError) as error:
        raise NoSuchPage(f"{after!r} is no mark of this list") from error
