"""HubSpot keeps the contract of the customers over the wire; what it does not say is said to be missing."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from governance.visibility import EVERYTHING, NOTHING
from integrations.customers import AccountQuery, Contact, Customers, Gaps, NoSuchAccount, Standing
from integrations.customers.vendors.hubspot.customers import USABLE_SECONDS, HubSpotCustomers
from integrations.customers.vendors.hubspot.values import amount, day, health
from simulators.hubspot import FakeHubSpot
from storage.database import Database
from tests.integrations.customers.customers_contract import (
    ACCOUNTS,
    CustomersContract,
    later,
)
from tests.integrations.customers.hubspot_account import (
    KNOWN,
    NAMED,
    Clock,
    opened,
    ticket,
)
from tests.integrations.pages_contract import Add


class TestHubSpotCustomers(CustomersContract):
    @pytest.fixture
    def customers(self, customers: Customers) -> Customers:
        return customers

    @pytest.fixture
    def add(self, hubspot: FakeHubSpot, clock: Clock) -> Add:
        async def made(number: int) -> None:
            hubspot.has("companies", **(KNOWN | {"account_key": f"later-{number}", "name": later(number)}))
            clock.now += USABLE_SECONDS

        return made


async def test_what_hubspot_does_not_say_is_not_known_and_said(
    hubspot: FakeHubSpot, database: Database, tenant: str
) -> None:
    hubspot.records.clear()
    hubspot.has("companies", lifecyclestage="customer", domain="blank.example.com", health_score="seventy")
    hubspot.has("companies", lifecyclestage="customer", annual_recurring_revenue="-1", renewal_date="soon")
    customers = opened(hubspot, database, tenant)
    first, second = (await customers.accounts(EVERYTHING, AccountQuery())).items
    assert (first.name, first.id) == ("blank.example.com", next(iter(hubspot.records["companies"])))
    for one in (first, second):
        known = (one.tier, one.arr, one.renewal, one.health, one.standing, one.owner, one.since, one.contact)
        assert known == (None,) * 8
    assert await customers.gaps(EVERYTHING) == Gaps(
        (
            f"HubSpot has no yearly revenue of {first.name}, {second.name}.",
            f"HubSpot has no renewal of {first.name}, {second.name}.",
        ),
        (),
        ("HubSpot keeps no promises to customers, so none are counted.",),
    )
    assert "blank" not in repr(await customers.gaps(NOTHING))
    await customers.close()
    bare = {name: "" for name in NAMED if name.endswith(("property", "pipeline"))}
    customers = opened(hubspot, database, tenant, **bare)
    assert (await customers.gaps(EVERYTHING)).sentences == (
        "No yearly revenue is read from HubSpot: the settings do not name its property.",
        "No renewals are read from HubSpot: the settings do not name their property.",
        "What customers asked for is not read from HubSpot: the settings name no pipeline for it.",
        "HubSpot keeps no promises to customers, so none are counted.",
    )
    await customers.close()


async def test_revenue_in_another_currency_is_not_read(
    customers: HubSpotCustomers, hubspot: FakeHubSpot
) -> None:
    hubspot.currency = "EUR"
    assert (await customers.account(EVERYTHING, "zeta")).arr is None
    assert (
        "No yearly revenue is read from HubSpot: it holds it in EUR, not in USD."
        in (await customers.gaps(NOTHING)).accounts
    )


async def test_running_contracts_are_added_up_and_the_first_to_end_is_the_renewal(
    hubspot: FakeHubSpot, database: Database, tenant: str
) -> None:
    today = datetime.now(UTC).date()
    ends = {
        name: (today + timedelta(days)).isoformat() for name, days in (("past", -1), ("soon", 30), ("far", 400))
    }
    zeta, acme, marker = list(hubspot.records["companies"])[1:]
    for company, end, won, arr, currency in (
        (acme, "past", "true", "900000", None),
        (acme, "far", "true", "200000.50", "USD"),
        (acme, "soon", "true", "300000", None),
        (acme, "soon", "false", "700000", None),
        (zeta, "far", "true", "100", None),
        (zeta, "far", "true", None, None),
        (marker, "far", "true", "100", "EUR"),
    ):
        deal = hubspot.has(
            "deals", hs_is_closed_won=won, hs_arr=arr, contract_end=ends[end], deal_currency_code=currency
        )
        hubspot.link("companies", company, "deals", deal)
    of_deals = {"hubspot_arr_property": "deals.hs_arr", "hubspot_renewal_property": "deals.contract_end"}
    customers = opened(hubspot, database, tenant, **of_deals)
    found = {one.name: one for one in (await customers.accounts(EVERYTHING, AccountQuery())).items}
    assert found["Acme Corp"].arr == Decimal("500000.50")
    assert found["Acme Corp"].renewal == today + timedelta(30)
    assert found["Zeta Mills"].arr is None, "one of its contracts has no amount"
    assert found["Zeta Mills"].renewal == today + timedelta(400)
    assert found[ACCOUNTS[2][1]].arr is None, "its contract is in another currency"
    await customers.close()


async def test_of_several_contacts_only_the_labelled_one_is_written_to(
    hubspot: FakeHubSpot, database: Database, tenant: str
) -> None:
    zeta, acme, _ = list(hubspot.records["companies"])[1:]
    hubspot.linked_at_once = 2
    for number in range(5):
        other = hubspot.has("contacts", firstname="P", lastname=str(number), email=f"p{number}@example.com")
        hubspot.link("companies", acme, "contacts", other, "Decision maker" if number == 4 else None)
    broken = hubspot.has("contacts", firstname="No", email="nobody at example.com")
    hubspot.link("companies", zeta, "contacts", broken)
    customers = opened(hubspot, database, tenant)
    assert (await customers.account(EVERYTHING, "acme-corp")).contact is None
    assert (await customers.account(EVERYTHING, "zeta")).contact is None
    await customers.close()
    customers = opened(hubspot, database, tenant, hubspot_contact_label="decision maker")
    assert (await customers.account(EVERYTHING, "acme-corp")).contact == Contact("P 4", "", "p4@example.com")
    await customers.close()


async def test_a_request_of_two_customers_is_one_of_each_and_one_of_none_is_nobodys(
    customers: HubSpotCustomers, hubspot: FakeHubSpot
) -> None:
    prospect, zeta, acme, _ = hubspot.records["companies"]
    both = ticket(hubspot, (acme, zeta, prospect), "A bigger export", date(2026, 11, 2), needed_by="2027-01-31")
    ticket(hubspot, (prospect,), "Not ours yet", date(2026, 11, 3))
    hubspot.has("tickets", hs_pipeline="0", subject="Broken", createdate="2026-11-04T00:00:00Z")
    asked = await customers.requests(EVERYTHING)
    assert [(one.id, one.account, one.needed_by) for one in asked[-2:]] == [
        (f"TICKET-{both}", "acme-corp", date(2027, 1, 31)),
        (f"TICKET-{both}", "zeta", date(2027, 1, 31)),
    ]
    assert len(asked) == 8


async def test_two_companies_of_one_key_go_by_their_record_ids(
    customers: HubSpotCustomers, hubspot: FakeHubSpot
) -> None:
    again = hubspot.has("companies", **(KNOWN | {"account_key": "zeta", "name": "Zeta again"}))
    with pytest.raises(NoSuchAccount):
        await customers.account(EVERYTHING, "zeta")
    assert [one.id for one in await customers.find(EVERYTHING, "Zeta again", 1)] == [again]


@pytest.mark.parametrize(
    ("written", "value"),
    [("500000.1", "500000.10"), ("0", "0.00"), ("1e6", "1000000.00")]
    + [(wrong, None) for wrong in (None, "", "-1", "NaN", "Infinity", "1e30", "$5", "1,000")],
)  # fmt: skip
def test_money_is_exact_or_not_known(written: str | None, value: str | None) -> None:
    assert amount(written) == (None if value is None else Decimal(value))


def test_days_are_those_of_utc_and_health_goes_to_a_hundred() -> None:
    assert day("2027-05-14") == day("2027-05-14T23:30:00Z") == date(2027, 5, 14)
    assert day("2027-05-14T23:30:00-05:00") == date(2027, 5, 15)
    assert (day("14/05/2027"), day(None), day("")) == (None, None, None)
    assert [health(one) for one in ("0", "100", "101", "-1", "70.5", "many", None)] == [0, 100] + [None] * 5


async def test_health_is_put_in_words_by_the_departments_thresholds(
    hubspot: FakeHubSpot, database: Database, tenant: str
) -> None:
    for thresholds, standing in (
        ({"hubspot_at_risk_below": 72}, Standing.HEALTHY),
        ({}, Standing.AT_RISK),
        ({"hubspot_critical_below": 73}, Standing.CRITICAL),
        ({"hubspot_critical_below": None}, None),
    ):
        customers = opened(hubspot, database, tenant, **thresholds)
        assert (await customers.account(EVERYTHING, "zeta")).standing is standing
        await customers.close()
