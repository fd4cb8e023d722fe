"""What HubSpot's properties come to: an amount, a day, a customer. What cannot be read is None, no guess."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation

from integrations.customers import Account, Contact, Request, Standing
from integrations.customers.vendors.hubspot.answers import Record, Target
from integrations.customers.vendors.hubspot.settings import OF_DEALS, HubSpotSettings
from integrations.mail import is_address

COMPANY = ("name", "domain", "hubspot_owner_id")
CONTACT = ("firstname", "lastname", "jobtitle", "email")
DEAL = ("hs_is_closed_won", "deal_currency_code")
TICKET = ("subject", "createdate")

_LONGEST = 300
_MOST_NAMED = 20
_LARGEST = Decimal(10) ** 15


@dataclass(frozen=True, slots=True)
class Around:
    """What belongs to companies: deals and contact by the company's record id, owners by theirs, the currency
    of the account's amounts, and the day that it is."""

    deals: Mapping[str, Sequence[Record]]
    contacts: Mapping[str, Contact]
    owners: Mapping[str, str]
    currency: str | None
    today: date


def amount(written: str | None) -> Decimal | None:
    """Money, in hundredths."""
    try:
        value = Decimal(written or "")
    except InvalidOperation:
        return None
    return value.quantize(Decimal("0.01")) if value.is_finite() and 0 <= value < _LARGEST else None


def day(written: str | None) -> date | None:
    """A day, as HubSpot writes it or as that of a moment in UTC."""
    try:
        moment = datetime.fromisoformat(written or "")
    except ValueError:
        return None
    return (moment if moment.tzinfo is None else moment.astimezone(UTC)).date()


def health(written: str | None) -> int | None:
    """A whole number from 0 to 100."""
    value = amount(written)
    return int(value) if value is not None and value == int(value) and value <= 100 else None


def account_of(company: Record, key: str, own: HubSpotSettings, around: Around) -> Account:
    """A company as a customer, by this id."""
    said = company.properties
    points = health(said.get(own.hubspot_health_property))
    running = _running(around.deals.get(company.id, ()), own, around.today)
    return Account(
        id=key,
        name=_text(said.get("name")) or _text(said.get("domain")) or f"company {company.id} (no name)",
        aliases=_listed(said.get(own.hubspot_aliases_property), ";"),
        tier=_text(said.get(own.hubspot_tier_property)) or None,
        arr=_revenue(company, running, own, around.currency),
        renewal=_renewal(company, running, own),
        health=points,
        standing=_standing(points, own),
        owner=around.owners.get(said.get("hubspot_owner_id") or ""),
        since=day(said.get(own.hubspot_since_property)),
        contact=around.contacts.get(company.id),
    )


def contact_of(record: Record) -> Contact | None:
    """Whom one writes to, where HubSpot has an address of theirs."""
    said = record.properties
    address = said.get("email") or ""
    if not is_address(address):
        return None
    name = " ".join(filter(None, (_text(said.get("firstname")), _text(said.get("lastname")))))
    return Contact(name or address, _text(said.get("jobtitle")), address)


def chosen(contacts: Sequence[Target], label: str) -> str | None:
    """The contact to write to: the first with the label, or without one the only contact there is."""
    if label:
        return min((one.id for one in contacts if one.has(label)), key=int, default=None)
    ids = {one.id for one in contacts}
    return ids.pop() if len(ids) == 1 else None


def requests_of(ticket: Record, accounts: Iterable[str], own: HubSpotSettings) -> tuple[Request, ...]:
    """What a ticket says its customers ask for: one request for each of them, by the same id."""
    said = ticket.properties
    asked = day(said.get("createdate"))
    if asked is None:
        return ()
    what = _text(said.get("subject")) or f"ticket {ticket.id} (no subject)"
    needed = day(said.get(own.hubspot_needed_by_property))
    items = _listed(said.get(own.hubspot_items_property), ",")
    return tuple(Request(f"TICKET-{ticket.id}", one, what, asked, needed, items) for one in accounts)


def _running(deals: Sequence[Record], own: HubSpotSettings, today: date) -> tuple[tuple[date, Record], ...]:
    """Won deals whose contract has not ended, each with its end."""
    ends = own.hubspot_renewal_property.removeprefix(OF_DEALS)
    won = [
        (day(one.properties.get(ends)), one)
        for one in deals
        if one.properties.get("hs_is_closed_won") == "true"
    ]
    return tuple((end, one) for end, one in won if end is not None and end >= today)


def _revenue(
    company: Record, running: Sequence[tuple[date, Record]], own: HubSpotSettings, currency: str | None
) -> Decimal | None:
    """The company's own amount, or the sum over its running contracts: None where one of them is unknown."""
    name = own.hubspot_arr_property
    if not name.startswith(OF_DEALS):
        return amount(company.properties.get(name)) if name and currency == own.hubspot_currency else None
    known: list[Decimal] = []
    for _, deal in running:
        value = amount(deal.properties.get(name.removeprefix(OF_DEALS)))
        if value is None or (deal.properties.get("deal_currency_code") or currency) != own.hubspot_currency:
            return None
        known.append(value)
    return sum(known, Decimal(0)) if known else None


def _renewal(company: Record, running: Sequence[tuple[date, Record]], own: HubSpotSettings) -> date | None:
    name = own.hubspot_renewal_property
    if name.startswith(OF_DEALS):
        return min((end for end, _ in running), default=None)
    return day(company.properties.get(name)) if name else None


def _standing(points: int | None, own: HubSpotSettings) -> Standing | None:
    risk, critical = own.hubspot_at_risk_below, own.hubspot_critical_below
    if points is None or risk is None or critical is None:
        return None
    if points < critical:
        return Standing.CRITICAL
    return Standing.AT_RISK if points < risk else Standing.HEALTHY


def _text(written: str | None) -> str:
    return " ".join((written or "").split())[:_LONGEST]


def _listed(written: str | None, separator: str) -> tuple[str, ...]:
    parts = re.split(re.escape(separator), written or "")
    return tuple(dict.fromkeys(filter(None, map(_text, parts))))[:_MOST_NAMED]
