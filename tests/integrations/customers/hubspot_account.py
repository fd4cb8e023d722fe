"""A HubSpot account with what the contract of the customers wants, and the vendor over it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from integrations.customers.vendors.hubspot.customers import HubSpotCustomers
from integrations.customers.vendors.hubspot.settings import HubSpotSettings
from simulators.hubspot import TOKEN, FakeHubSpot
from storage.database import Database

NAMED = {
    "hubspot_key_property": "account_key",
    "hubspot_arr_property": "annual_recurring_revenue",
    "hubspot_renewal_property": "renewal_date",
    "hubspot_tier_property": "tier",
    "hubspot_health_property": "health_score",
    "hubspot_at_risk_below": 75,
    "hubspot_critical_below": 50,
    "hubspot_aliases_property": "also_called",
    "hubspot_request_pipeline": "77",
    "hubspot_needed_by_property": "needed_by",
    "hubspot_items_property": "stories",
}
KNOWN = {
    "lifecyclestage": "customer",
    "tier": "enterprise",
    "annual_recurring_revenue": "500000.10",
    "renewal_date": "2027-05-14",
    "health_score": "72",
    "hubspot_owner_id": "311",
    "also_called": None,
}


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def settings(fake: FakeHubSpot, **other: object) -> HubSpotSettings:
    given = {"hubspot_token": TOKEN, "hubspot_api_url": fake.url, **NAMED} | other
    return HubSpotSettings(_env_file=None, **given)  # type: ignore[call-arg, arg-type]


def ticket(fake: FakeHubSpot, companies: Iterable[str], what: str, asked: date, **other: str | None) -> str:
    made = f"{asked.isoformat()}T09:30:00.123Z"
    ticket = fake.has("tickets", hs_pipeline="77", subject=what, createdate=made, **other)
    for company in companies:
        fake.link("tickets", ticket, "companies", company)
    return ticket


def opened(fake: FakeHubSpot, database: Database, tenant: str, **other: object) -> HubSpotCustomers:
    return HubSpotCustomers(settings(fake, **other), database, tenant)
