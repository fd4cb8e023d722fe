"""The embedded customer system: accounts in our own database."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Sequence

from sqlalchemy import ColumnElement, false, func, not_, select, true, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from governance.visibility import Scope
from integrations import Embedded
from integrations.customers import (
    Account,
    AccountQuery,
    Commitment,
    CommitmentState,
    Contact,
    Gaps,
    NoSuchAccount,
    Request,
    Standing,
)
from integrations.customers.vendors.local.tables import AccountRow, CommitmentRow, RequestRow
from integrations.finding import best
from integrations.pages import NoSuchPage, Page, page_of
from integrations.written_ids import WrittenIds
from storage.database import Database
from storage.exact_text import is_exact

REQUEST_IDS = WrittenIds(re.compile(r"\bREQ-\d+\b", re.IGNORECASE))


class LocalCustomers(Embedded):
    """`Customers` over the tables in `tables.py`, for one tenant."""

    def __init__(self, database: Database, tenant: str) -> None:
        self._database = database
        self._tenant = tenant

    @property
    def request_ids(self) -> WrittenIds:
        """See Customers.request_ids."""
        return REQUEST_IDS

    async def accounts(self, scope: Scope, query: AccountQuery) -> Page[Account]:
        """See Customers.accounts."""
        order = (AccountRow.name, AccountRow.id)
        wanted = select(AccountRow).where(_reached(scope, AccountRow.id)).order_by(*order)
        if query.ids is not None:
            wanted = wanted.where(AccountRow.id.in_(sorted(filter(is_exact, query.ids))))
        if query.after is not None:
            wanted = wanted.where(tuple_(*order) > tuple_(*_marked(query.after)))
        async with self._database.transaction(self._tenant) as tx:
            found = [_account(row) for row in await tx.scalars(wanted.limit(query.limit + 1))]
        return page_of(found, query.limit, lambda account: json.dumps((account.name, account.id)))

    async def find(self, scope: Scope, text: str, limit: int) -> Sequence[Account]:
        """See Customers.find. Of each account its names alone are read: they are a few thousand at most."""
        query = select(AccountRow.id, AccountRow.name, AccountRow.aliases).where(_reached(scope, AccountRow.id))
        async with self._database.transaction(self._tenant) as tx:
            rows = (await tx.execute(query.order_by(AccountRow.name, AccountRow.id))).all()
            named = [(id, (name, id, *aliases)) for id, name, aliases in rows]
            ids = await asyncio.to_thread(best, text, named, limit)
            found = {row.id: row for row in await tx.scalars(select(AccountRow).where(AccountRow.id.in_(ids)))}
        return [_account(found[id]) for id in ids]

    async def account(self, scope: Scope, account: str) -> Account:
        """One account. Raises NoSuchAccount."""
        query = select(AccountRow).where(_reached(scope, AccountRow.id), _is(AccountRow.id, account))
        async with self._database.transaction(self._tenant) as tx:
            row = (await tx.scalars(query)).one_or_none()
        if row is None:
            raise NoSuchAccount(f"There is no account {account!r}.")
        return _account(row)

    async def requests(self, scope: Scope, *, account: str | None = None) -> Sequence[Request]:
        """What was asked for, in the order in which it was asked."""
        query = select(RequestRow).where(_reached(scope, RequestRow.account))
        if account is not None:
            query = query.where(_is(RequestRow.account, account))
        async with self._database.transaction(self._tenant) as tx:
            rows = await tx.scalars(query.order_by(RequestRow.asked, RequestRow.id))
            return [Request(r.id, r.account, r.what, r.asked, r.needed_by, tuple(r.items)) for r in rows]

    async def commitments(self, scope: Scope, *, account: str | None = None) -> Sequence[Commitment]:
        """What was promised, soonest due first."""
        query = select(CommitmentRow).where(_reached(scope, CommitmentRow.account))
        if account is not None:
            query = query.where(_is(CommitmentRow.account, account))
        async with self._database.transaction(self._tenant) as tx:
            rows = await tx.scalars(query.order_by(CommitmentRow.due, CommitmentRow.id))
            return [_commitment(row) for row in rows]

    async def count_others(self, scope: Scope) -> int:
        """How many accounts the scope does not reach."""
        query = select(func.count()).select_from(AccountRow).where(not_(_reached(scope, AccountRow.id)))
        async with self._database.transaction(self._tenant) as tx:
            return (await tx.scalars(query)).one()

    async def gaps(self, scope: Scope) -> Gaps:
        """None: the file that fills it says all there is to say of an account."""
        return Gaps()


def _reached(scope: Scope, account: InstrumentedAttribute[str]) -> ColumnElement[bool]:
    return true() if scope.everything else account.in_(sorted(scope.accounts))


def _is(column: InstrumentedAttribute[str], id: str) -> ColumnElement[bool]:
    return column == id if is_exact(id) else false()  # nothing that is kept has such an id


def _marked(after: str) -> tuple[str, str]:
    try:
        name, id = json.loads(after)
        return str(name), str(id)
    except (ValueError, TypeError) as error:
        raise NoSuchPage(f"{after!r} is no mark of this list") from error


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
