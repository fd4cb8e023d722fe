"""The embedded customer system: own accounts in full, others as a count."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from governance.visibility import EVERYTHING, NOTHING, Scope
from integrations.customers import (
    Account,
    Commitment,
    CommitmentState,
    Contact,
    NoSuchAccount,
    Request,
    Standing,
)
from integrations.customers.vendors.local.customers import LocalCustomers
from integrations.customers.vendors.local.tables import AccountRow, CommitmentRow, RequestRow
from storage.database import Database

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
    accounts = await customers.accounts(RACHEL)
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
        assert await other.accounts(scope) == []
        assert await other.requests(scope) == []
        assert await other.commitments(scope) == []
        assert await other.count_others(scope) == count
