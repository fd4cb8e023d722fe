"""All that HubSpot says of the customers, read at once: no answer waits for one company after the other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select

from governance.tables import PersonRow
from governance.visibility import Scope
from integrations.customers import Account, Contact, Gaps, Request
from integrations.customers.vendors.hubspot.answers import Record
from integrations.customers.vendors.hubspot.api import WHO, HubSpotApi
from integrations.customers.vendors.hubspot.settings import HubSpotSettings
from integrations.customers.vendors.hubspot.values import (
    COMPANY,
    CONTACT,
    DEAL,
    TICKET,
    Around,
    account_of,
    chosen,
    contact_of,
    requests_of,
)
from storage.database import Database
from storage.look import Away

MOST_ACCOUNTS = 5_000
MOST_REQUESTS = 2_000
"""More customers are an error, for one that is left out would be “no customer of ours”; of requests the newest
are read, and that is said."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What stood in HubSpot: accounts by name, requests in the order in which they were asked. `currency` is
    that of its amounts; `cut` says that there are more requests than these."""

    accounts: tuple[Account, ...]
    requests: tuple[Request, ...]
    currency: str | None
    cut: bool

    def gaps(self, scope: Scope, own: HubSpotSettings) -> Gaps:
        """See Customers.gaps."""
        seen = [one for one in self.accounts if scope.everything or one.id in scope.accounts]
        none_kept = f"{WHO} keeps no promises to customers, so none are counted."
        return Gaps(tuple(self._of_accounts(seen, own)), tuple(self._of_requests(own)), (none_kept,))

    def _of_accounts(self, seen: Sequence[Account], own: HubSpotSettings) -> Iterable[str]:
        if not own.hubspot_arr_property:
            yield f"No yearly revenue is read from {WHO}: the settings do not name its property."
        elif self.currency != own.hubspot_currency and not own.hubspot_arr_property.startswith("deals."):
            held = f"{self.currency or 'a currency that it does not say'}, not in {own.hubspot_currency}"
            yield f"No yearly revenue is read from {WHO}: it holds it in {held}."
        elif without := [one.name for one in seen if one.arr is None]:
            yield f"{WHO} has no yearly revenue of {_some(without)}."
        if not own.hubspot_renewal_property:
            yield f"No renewals are read from {WHO}: the settings do not name their property."
        elif without := [one.name for one in seen if one.renewal is None]:
            yield f"{WHO} has no renewal of {_some(without)}."

    def _of_requests(self, own: HubSpotSettings) -> Iterable[str]:
        if not own.hubspot_request_pipeline:
            yield f"What customers asked for is not read from {WHO}: the settings name no pipeline for it."
        elif self.cut:
            yield f"Of what customers asked for the newest {MOST_REQUESTS:,} tickets are read."


def sorting_key(account: Account) -> tuple[str, str, str]:
    """The order of accounts: by name, however it is written."""
    return account.name.casefold(), account.name, account.id


async def read(api: HubSpotApi, own: HubSpotSettings, database: Database, tenant: str, today: date) -> Snapshot:
    """Everything. Raises Away."""
    companies = await _companies(api, own)
    ids = [one.id for one in companies]
    currency = await api.currency()
    around = Around(
        deals=await _deals(api, own, ids),
        contacts=await _contacts(api, own, ids),
        owners=await _owners(api, database, tenant, companies),
        currency=currency,
        today=today,
    )
    keys = keys_of(companies, own)
    accounts = [account_of(one, keys[one.id], own, around) for one in companies]
    requests, cut = await _requests(api, own, keys)
    return Snapshot(tuple(sorted(accounts, key=sorting_key)), requests, currency, cut)


def keys_of(companies: Sequence[Record], own: HubSpotSettings) -> Mapping[str, str]:
    """The id of each customer by its record's: its key, if it has one that no other has."""
    written = {one.id: (one.properties.get(own.hubspot_key_property) or "").strip() for one in companies}
    often = Counter(written.values())
    return {id: key if key and often[key] == 1 else id for id, key in written.items()}


async def _companies(api: HubSpotApi, own: HubSpotSettings) -> list[Record]:
    customers = {"propertyName": "lifecyclestage", "operator": "IN", "values": list(own.stages)}
    found: list[Record] = []
    async for one in api.walk("companies", [customers], (*COMPANY, *own.company_properties)):
        found.append(one)
        if len(found) > MOST_ACCOUNTS:
            raise Away(WHO, f"has more than {MOST_ACCOUNTS:,} customers: name fewer HUBSPOT_LIFECYCLE_STAGES")
    return found


async def _contacts(api: HubSpotApi, own: HubSpotSettings, ids: Sequence[str]) -> dict[str, Contact]:
    people = await api.associated("companies", "contacts", ids)
    wanted = {company: one for company in ids if (one := chosen(people[company], own.hubspot_contact_label))}
    known = await api.records("contacts", list(wanted.values()), CONTACT)
    found = {company: contact_of(known[one]) for company, one in wanted.items() if one in known}
    return {company: contact for company, contact in found.items() if contact is not None}


async def _deals(api: HubSpotApi, own: HubSpotSettings, ids: Sequence[str]) -> dict[str, list[Record]]:
    if not own.deal_properties:
        return {}
    linked = await api.associated("companies", "deals", ids)
    wanted = [deal.id for company in ids for deal in linked[company]]
    known = await api.records("deals", wanted, (*DEAL, *own.deal_properties))
    return {
        company: [known[id] for id in {one.id for one in linked[company]} if id in known] for company in ids
    }


async def _owners(
    api: HubSpotApi, database: Database, tenant: str, companies: Sequence[Record]
) -> dict[str, str]:
    """Who of this department owns a company, by HubSpot's id of them: the person with the same mail address."""
    if not any(one.properties.get("hubspot_owner_id") for one in companies):
        return {}
    addresses = {id: address.casefold() for id, address in (await api.owners()).items()}
    address = func.lower(PersonRow.email).label("address")
    query = select(address, PersonRow.id).where(address.in_(sorted(set(addresses.values()))))
    async with database.transaction(tenant) as tx:
        people = {row.address: row.id for row in await tx.execute(query)}
    return {id: people[address] for id, address in addresses.items() if address in people}


async def _requests(
    api: HubSpotApi, own: HubSpotSettings, keys: Mapping[str, str]
) -> tuple[tuple[Request, ...], bool]:
    if not own.hubspot_request_pipeline:
        return (), False
    asked = {"propertyName": "hs_pipeline", "operator": "EQ", "value": own.hubspot_request_pipeline}
    tickets: list[Record] = []
    async for one in api.walk("tickets", [asked], (*TICKET, *own.ticket_properties), newest_first=True):
        tickets.append(one)
        if len(tickets) > MOST_REQUESTS:
            break
    cut = len(tickets) > MOST_REQUESTS
    linked = await api.associated("tickets", "companies", [one.id for one in tickets[:MOST_REQUESTS]])
    found = [
        request
        for ticket in tickets[:MOST_REQUESTS]
        for request in requests_of(
            ticket, sorted({keys[one.id] for one in linked[ticket.id] if one.id in keys}), own
        )
    ]
    return tuple(sorted(found, key=lambda one: (one.asked, int(one.id.rpartition("-")[2]), one.account))), cut


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3:,} more customers"
