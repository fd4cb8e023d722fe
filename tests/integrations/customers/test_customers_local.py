"""The embedded customer system keeps the contract; it keeps promises as well, and tells companies apart."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import date
from decimal import Decimal

import pytest

from governance.visibility import EVERYTHING, NOTHING
from integrations.customers import Account, AccountQuery, Commitment, CommitmentState, Customers, Gaps
from integrations.customers.vendors.local.customers import LocalCustomers
from integrations.customers.vendors.local.customers_file import CustomersFile
from integrations.customers.vendors.local.loading import write_customers
from integrations.customers.vendors.local.tables import AccountRow, CommitmentRow, RequestRow
from storage.database import Database
from tests.integrations.customers.customers_contract import (
    ACCOUNTS,
    ACME,
    ASKED,
    RACHEL,
    CustomersContract,
    later,
)
from tests.integrations.pages_contract import Add


@pytest.fixture
async def customers(database: Database, tenant: str) -> LocalCustomers:
    async with database.transaction(tenant) as tx:
        for account, name in ACCOUNTS:
            known = ACME if account == ACME.id else replace(ACME, id=account, name=name, aliases=())
            tx.add(AccountRow(**asdict(known)))
            await tx.flush()
            for asked in ASKED:
                tx.add(
                    RequestRow(
                        id=f"REQ-{ACCOUNTS.index((account, name))}{asked.day}",
                        account=account,
                        what=f"{account} wants this",
                        asked=asked,
                        needed_by=None,
                        items=["EPIC-1", "ST-2"],
                    )
                )
                tx.add(
                    CommitmentRow(
                        id=f"{account}/{asked.day}",
                        account=account,
                        what=f"{account} was told",
                        made=date(2026, 10, 1),
                        by="rachel",
                        due=date(2026, 12, asked.day),
                        state="open",
                        items=[],
                    )
                )
    return LocalCustomers(database, tenant)


class TestLocalCustomers(CustomersContract):
    @pytest.fixture
    def customers(self, customers: Customers) -> Customers:
        return customers

    @pytest.fixture
    def add(self, database: Database, tenant: str, customers: Customers) -> Add:
        async def made(number: int) -> None:
            named = _named(f"later-{number}", later(number))
            async with database.transaction(tenant) as tx:
                await write_customers(tx, CustomersFile((named,), (), ()))

        return made


async def test_promises_come_soonest_due_first(customers: LocalCustomers) -> None:
    [first, _] = await customers.commitments(EVERYTHING, account="acme-corp")
    assert first == Commitment(
        id="acme-corp/6",
        account="acme-corp",
        what="acme-corp was told",
        made=date(2026, 10, 1),
        by="rachel",
        due=date(2026, 12, 6),
        state=CommitmentState.OPEN,
        items=(),
    )
    assert len(await customers.commitments(RACHEL)) == 4
    assert await customers.gaps(EVERYTHING) == Gaps()


async def test_another_company_sees_nothing(customers: LocalCustomers, database: Database, tenant: str) -> None:
    assert await customers.count_others(NOTHING) == len(ACCOUNTS)
    for other in (
        LocalCustomers(database, f"{tenant}' OR '1'='1"),
        LocalCustomers(database, f"{tenant}-b"),
    ):
        assert (await other.accounts(EVERYTHING, AccountQuery())).items == ()
        assert await other.requests(EVERYTHING) == []
        assert await other.commitments(EVERYTHING) == []
        assert await other.count_others(NOTHING) == 0


def _named(id: str, name: str) -> Account:
    return Account(id, name, (), "enterprise", Decimal(1), None, None, None, None, None, None)
