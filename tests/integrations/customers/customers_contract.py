"""What every customer system keeps to. Its fixtures are `customers`, who are described here, and `add`,
which adds an account with the number's name.

Three accounts: `acme-corp` (also called Acme, all that there is to say of it), `zeta` and MARKER, with two
requests each.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from governance.visibility import EVERYTHING, NOTHING, Scope
from integrations.customers import (
    Account,
    AccountQuery,
    Contact,
    Customers,
    NoSuchAccount,
    Standing,
)
from integrations.pages import Page
from tests.integrations.pages_contract import Add, keeps_pages

MARKER = "zanzibar-7731"
RACHEL = Scope(everything=False, accounts=frozenset({"acme-corp", "zeta"}))
ACCOUNTS = (("zeta", "Zeta Mills"), ("acme-corp", "Acme Corp"), (MARKER, MARKER))
ACME = Account(
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
ASKED = (date(2026, 10, 6), date(2026, 10, 19))


def later(number: int) -> str:
    """The name of an account that is added, somewhere among the others."""
    return f"{'AZ'[number % 2]} later {number}"


class CustomersContract:
    @pytest.fixture
    def customers(self) -> Customers:
        raise NotImplementedError

    @pytest.fixture
    def add(self) -> Add:
        raise NotImplementedError

    async def test_an_account_comes_with_all_that_is_known_of_it(self, customers: Customers) -> None:
        assert await customers.account(EVERYTHING, "acme-corp") == ACME
        assert (await customers.accounts(EVERYTHING, AccountQuery())).items[0] == ACME
        assert await customers.find(EVERYTHING, "Acme", 1) == [ACME]

    async def test_what_it_asked_for_comes_in_the_order_of_asking(self, customers: Customers) -> None:
        asked = await customers.requests(EVERYTHING, account="acme-corp")
        assert [(one.account, one.what, one.asked, one.needed_by, one.items) for one in asked] == [
            ("acme-corp", "acme-corp wants this", day, None, ("EPIC-1", "ST-2")) for day in ASKED
        ]
        everything = await customers.requests(EVERYTHING)
        assert sorted(one.asked for one in everything) == [one.asked for one in everything]
        assert len({one.id for one in everything}) == 2 * len(ACCOUNTS)

    async def test_its_requests_are_found_by_their_ids_in_a_text(self, customers: Customers) -> None:
        for one in await customers.requests(EVERYTHING, account="acme-corp"):
            found = customers.request_ids.first(f"where is {one.id.lower()}?")
            assert found is not None
            assert (found.start, found.id) == (9, one.id)
        assert customers.request_ids.first("we sold 118 of them in 2026") is None

    async def test_own_accounts_in_full_and_others_as_a_count(self, customers: Customers) -> None:
        accounts = (await customers.accounts(RACHEL, AccountQuery())).items
        assert [account.name for account in accounts] == ["Acme Corp", "Zeta Mills"]
        told = (accounts, await customers.requests(RACHEL), await customers.commitments(RACHEL))
        assert MARKER not in repr((told, await customers.gaps(RACHEL)))
        assert len(told[1]) == 4
        assert list(await customers.requests(RACHEL, account=MARKER)) == []
        assert list(await customers.commitments(RACHEL, account=MARKER)) == []
        assert await customers.count_others(RACHEL) == 1
        assert await customers.count_others(EVERYTHING) == 0
        for unknown in (MARKER, "nobody", "", "\x00", "'; --"):
            with pytest.raises(NoSuchAccount):
                await customers.account(RACHEL, unknown)

    async def test_an_empty_scope_sees_nothing(self, customers: Customers) -> None:
        assert (await customers.accounts(NOTHING, AccountQuery())).items == ()
        assert list(await customers.requests(NOTHING)) == list(await customers.commitments(NOTHING)) == []
        assert await customers.count_others(NOTHING) == len(ACCOUNTS)

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
        hidden = AccountQuery(ids=frozenset({MARKER, "zeta", "\x00"}))
        assert [one.id for one in (await customers.accounts(RACHEL, hidden)).items] == ["zeta"]
        assert (
            list(await customers.find(NOTHING, asked, 5)) == list(await customers.find(RACHEL, asked, 0)) == []
        )
