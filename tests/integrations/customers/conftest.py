"""A HubSpot account with what the contract of the customers wants; `customers` are its."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from governance.tables import PersonRow
from integrations.customers.vendors.hubspot.customers import HubSpotCustomers
from simulators.hubspot import FakeHubSpot, serving
from storage.database import Database
from tests.integrations.customers.customers_contract import (
    ACCOUNTS,
    ASKED,
)
from tests.integrations.customers.hubspot_account import KNOWN, Clock, settings, ticket


@pytest.fixture
async def hubspot() -> AsyncIterator[FakeHubSpot]:
    async with serving() as fake:
        fake.pipelines.append("77")
        fake.owners = {"310": "someone@example.com", "311": "Rachel@Example.com"}
        fake.has("companies", name="A prospect", lifecyclestage="lead")
        for key, name in ACCOUNTS:
            also = {"also_called": "Acme; "} if key == "acme-corp" else {}
            company = fake.has("companies", **(KNOWN | {"account_key": key, "name": name} | also))
            for asked in reversed(ASKED):
                ticket(fake, (company,), f"{key} wants this", asked, stories="EPIC-1, ST-2", needed_by=None)
            if key == "acme-corp":
                irene = fake.has(
                    "contacts", firstname="Irene", jobtitle="IT", email="i@example.com", lastname=None
                )
                fake.link("companies", company, "contacts", irene)
        yield fake


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def customers(
    hubspot: FakeHubSpot, database: Database, tenant: str, clock: Clock
) -> AsyncIterator[HubSpotCustomers]:
    async with database.transaction(tenant) as tx:
        tx.add(PersonRow(id="rachel", name="R", email="rachel@example.com", time_zone="UTC", accounts=[]))
    customers = HubSpotCustomers(settings(hubspot), database, tenant, clock)
    yield customers
    await customers.close()
