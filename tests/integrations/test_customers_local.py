"""The embedded customer system: own accounts in full, others as a count."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from governance.visibility import EVERYTHING, NOTHING, Scope
from integrations.customers import (
    Account,
    AccountQuery,
    Commitment,
    CommitmentState,
    Contact,
    Customers,
    NoSuchAccount,
    Request,
    Standing,
)
from integrations.customers.vendors.local.customers import LocalCustomers
from integrations.customers.vendors.local.customers_file import CustomersFile
from integrations.customers.vendors.local.loading import write_customers
from integrations.customers.vendors.local.tables import AccountRow, CommitmentRow, RequestRow
from integrations.pages import Page
from storage.database import Database
from tests.integrations.pages_contract import Add, keeps_pages

MARKER = "zanzibar-7731"
RACHEL = Scope(everything=False, accounts=frozenset({"acme-corp", "zeta"}))


@pytest.fixture
async def customers(database: Database, tenant: str) -> LocalCustomers:
    async with database.transaction(tenant) as tx:
        for account, name, owner in (
            ("zeta", "Zeta Mills", "rachel"),
            ("acme-corp", "Acme Corp", "rachel"),
            (MARKER, MARKER, MARKER),
        ):
            tx.add(
                AccountRow(
                    id=account,
                    name=name,
                    aliases=["Acme"] if account == "acme-corp" else [],
                    tier="enterprise",
                    arr=Decimal("500000.10"),
                    renewal=date(2027, 5, 14),
                    health=72,
                    standing="at_risk",
                    owner=owner,
                    since=None,
                    contact={"name": "Irene", "title": "IT", "email": "i@example.com"}
                    if account == "acme-corp"
                    else None,
                )
            )
            await tx.flush()
            for day in (19, 6):
                tx.add(
                    RequestRow(
                        id=f"REQ-{account}-{day}",
                        account=account,
                        what=f"{account} wants this",
                        asked=date(2026, 10, day),
                        needed_by=None,
                        items=["EPIC-1"],
                    )
                )
                tx.add(
                    CommitmentRow(
                        id=f"{account}/{day}",
                        account=account,
                        what=f"{account} was told",
                        made=date(2026, 10, 1),
                        by="rachel",
                        due=date(2026, 12, day),
                        state="open",
                        items=[],
                    )
                )
    return LocalCustomers(database, tenant)


async def test_an_account_comes_with_all_that_is_known_of_it(customers: LocalCustomers) -> None:
    assert await customers.account(EVERYTHING, "acme-corp") == Account(
        id="acme-corp",
        name="Acme Corp",
        aliases=("Acme",),
        tier="enterprise",
        arr=Decimal("500000.10"),
        renewal=date(2027, 5, 14),
        health=72,
        standing=Standing.AT_RISK,
        owner="rachel",
        since=None,
        contact=Contact("Irene", "IT", "i@example.com"),
    )
    assert await customers.requests(EVERYTHING, account="acme-corp") == [
        Request(
            f"REQ-acme-corp-{day}", "acme-corp", "acme-corp wants this", date(2026, 10, day), None, ("EPIC-1",)
        )
        for day in (6, 19)
    ]
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


async def test_own_accounts_in_full_and_others_as_a_count(customers: LocalCustomers) -> None:
    accounts = (await customers.accounts(RACHEL, AccountQuery())).items
    assert [account.name for account in accounts] == ["Acme Corp", "Zeta Mills"]
    seen = (accounts, await customers.requests(RACHEL), await customers.commitments(RACHEL))
    assert MARKER not in repr(seen)
    assert [len(part) for part in seen] == [2, 4, 4]
    assert await customers.requests(RACHEL, account=MARKER) == []
    assert await customers.commitments(RACHEL, account=MARKER) == []
    assert await customers.count_others(RACHEL) == 1
    assert await customers.count_others(EVERYTHING) == 0
    for unknown in (MARKER, "nobody", "", "\x00", "'; --"):
        with pytest.raises(NoSuchAccount):
            await customers.account(RACHEL, unknown)


async def test_an_empty_scope_and_another_company_see_nothing(
    customers: LocalCustomers, database: Database, tenant: str
) -> None:
    for other, scope, count in (
        (customers, NOTHING, 3),
        (LocalCustomers(database, f"{tenant}' OR '1'='1"), EVERYTHING, 0),
        (LocalCustomers(database, f"{tenant}-b"), NOTHING, 0),
    ):
        assert (await other.accounts(scope, AccountQuery())).items == ()
        assert await other.requests(scope) == []
        assert await other.commitments(scope) == []
        assert await other.count_others(scope) == count


class CustomersContract:
    """What every customer system does that has the accounts of the fixture `customers`."""

    async def test_accounts_come_in_pages(self, customers: Customers, add: Add) -> None:
        async def read(after: str | None, limit: int) -> Page[Account]:
            return await customers.accounts(EVERYTHING, AccountQuery(after=after, limit=limit))

        await keeps_pages(read, add)

    @pytest.mark.parametrize("said", ["for Acme", "Acme Corp", "ACME-CORP", "Acme Crop", "acmes"])
    async def test_an_account_is_found_by_any_of_its_names(self, customers: Customers, said: str) -> None:
        assert [one.id for one in await customers.find(RACHEL, said, 1)] == ["acme-corp"]

    async def test_what_lies_outside_the_scope_is_never_found(self, customers: Customers) -> None:
        asked = f"{MARKER} and Zeta Mills"
        assert {one.id for one in await customers.find(EVERYTHING, asked, 5)} == {MARKER, "zeta"}
        assert [one.id for one in await customers.find(RACHEL, asked, 5)] == ["zeta"]
        assert [one.id for one in (await customers.accounts(RACHEL, AccountQuery())).items] == [
            "acme-corp",
            "zeta",
        ]
        hidden = AccountQuery(ids=frozenset({MARKER, "zeta", "\x00"}))
        assert [one.id for one in (await customers.accounts(RACHEL, hidden)).items] == ["zeta"]
        assert (
            list(await customers.find(NOTHING, asked, 5)) == list(await customers.find(RACHEL, asked, 0)) == []
        )


class TestLocalCustomers(CustomersContract):
    @pytest.fixture
    def add(self, database: Database, tenant: str, customers: LocalCustomers) -> Add:
        async def made(number: int) -> None:
            named = _named(f"later-{number}", f"{'AZ'[number % 2]} later {number}")
            async with database.transaction(tenant) as tx:
                await write_customers(tx, CustomersFile((named,), (), ()))

        return made


def _named(id: str, name: str) -> Account:
    return Account(id, name, (), "enterprise", Decimal(1), None, None, None, None, None, None)
