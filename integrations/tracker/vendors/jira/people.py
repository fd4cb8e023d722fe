"""Who is who: people of the department and their accounts in Jira, by their mail addresses.

Jira shows an address only as far as its owner lets it; whoever it cannot be told of has no account here, and
stands in a label as an agent does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from governance.tables import PersonRow
from integrations.tracker.vendors.jira.api import Api, Refused
from storage.database import Database

_MOST = 20
_MOST_KNOWN = 2000


def person_of(account: Mapping[str, Any] | None, people: Mapping[str, str]) -> str | None:
    """The person of the department whose account this is."""
    said = account or {}
    by_account = people.get(str(said.get("accountId")))
    return by_account or people.get(str(said.get("emailAddress") or "").casefold())


@dataclass
class People:
    """One tenant's. Accounts that were found are kept in memory."""

    database: Database
    tenant: str
    api: Api
    _accounts: dict[str, str] = field(default_factory=dict)

    async def account(self, person: str) -> str | None:
        """A person's account in Jira, if they have one that is known. Raises Away."""
        if person not in self._accounts:
            async with self.database.transaction(self.tenant) as tx:
                address = (await tx.scalars(select(PersonRow.email).where(PersonRow.id == person))).first()
            account = await self._of_address(address) if address else None
            if account is None:
                return None
            self._accounts[person] = account
        return self._accounts[person]

    async def known(self) -> Mapping[str, str]:
        """The people of the department, by their accounts as far as they are known, and by their addresses."""
        async with self.database.transaction(self.tenant) as tx:
            those = select(PersonRow.id, PersonRow.email).where(PersonRow.email.is_not(None), PersonRow.active)
            people = (await tx.execute(those.order_by(PersonRow.id).limit(_MOST_KNOWN))).all()
        found = {address.casefold(): id for id, address in people if address}
        return found | {account: id for id, _ in people if (account := self._accounts.get(id))}

    async def _of_address(self, address: str) -> str | None:
        try:
            found = await self.api.get("/rest/api/3/user/search", {"query": address, "maxResults": _MOST})
        except Refused:
            return None
        # The search also finds names that begin so.
        exact = [one for one in found if str(one.get("emailAddress") or "").casefold() == address.casefold()]
        return str(exact[0]["accountId"]) if len(exact) == 1 else None
