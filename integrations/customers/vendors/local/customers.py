"""The embedded customer system: accounts in our own database."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, func, not_, select, true
from sqlalchemy.orm import InstrumentedAttribute

from governance.visibility import Scope
from integrations import Embedded
from integrations.customers import (
    Account,
    Commitment,
    CommitmentState,
    Contact,
    NoSuchAccount,
    Request,
    Standing,
)
from integrations.customers.vendors.local.tables import AccountRow, CommitmentRow, RequestRow
from storage.database import Database


class LocalCustomers(Embedded):
    """`Customers` over the tables in `tables.py`, for one tenant."""

    def __init__(self, database: Database, tenant: str) -> None:
        self._database = database
        self._tenant = tenant

    async def accounts(self, scope: Scope) -> Sequence[Account]:
        """The accounts that the scope reaches, by name."""
        query = (
            select(AccountRow).where(_reached(scope, AccountRow.id)).order_by(AccountRow.name, AccountRow.id)
        )
        async with self._database.transaction(self._tenant) as tx:
            return [_account(row) for row in await tx.scalars(query)]

    async def account(self, scope: Scope, account: str) -> Account:
        """One account. Raises NoSuchAccount."""
        for found in await self.accounts(scope):
            if found.id == account:
                return found
        raise NoSuchAccount(f"There is no account {account!r}.")

    async def requests(self, scope: Scope, *, account: str | None = None) -> Sequence[Request]:
        """What was asked for, in the order in which it was asked."""
        query = select(RequestRow).where(_reached(scope, RequestRow.account))
        async with self._database.transaction(self._tenant) as tx:
            rows = await tx.scalars(query.order_by(RequestRow.asked, RequestRow.id))
            return [
                Request(r.id, r.account, r.what, r.asked, r.needed_by, tuple(r.items))
                for r in rows
                if account is None or r.account == account
            ]

    async def commitments(self, scope: Scope, *, account: str | None = None) -> Sequence[Commitment]:
        """What was promised, soonest due first."""
        query = select(CommitmentRow).where(_reached(scope, CommitmentRow.account))
        async with self._database.transaction(self._tenant) as tx:
            rows = await tx.scalars(query.order_by(CommitmentRow.due, CommitmentRow.id))
            return [_commitment(row) for row in rows if account is None or row.account == account]

    async def count_others(self, scope: Scope) -> int:
        """How many accounts the scope does not reach."""
        query = select(func.count()).select_from(AccountRow).where(not_(_reached(scope, AccountRow.id)))
        async with self._database.transaction(self._tenant) as tx:
            return (await tx.scalars(query)).one()


def _reached(scope: Scope, account: InstrumentedAttribute[str]) -> ColumnElement[bool]:
    return true() if scope.everything else account.in_(sorted(scope.accounts))


def _account(row: AccountRow) -> Account:
    return Account(
        id=row.id,
        name=row.name,
        aliases=tuple(row.aliases),
        tier=row.tier,
        arr=row.arr,
        renewal=row.renewal,
        health=row.health,
        standing=None if row.standing is None else Standing(row.standing),
        owner=row.owner,
        since=row.since,
        contact=None if row.contact is None else Contact(**row.contact),
    )


def _commitment(row: CommitmentRow) -> Commitment:
    return Commitment(
        id=row.id,
        account=row.account,
        what=row.what,
        made=row.made,
        by=row.by,
        due=row.due,
        state=CommitmentState(row.state),
        items=tuple(row.items),
    )
