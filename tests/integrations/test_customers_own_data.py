"""A text for one customer that says anything of another is found out."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from integrations.customers import Account, Contact, Request
from integrations.customers.own_data import foreign_data


def account(id: str, name: str, arr: int, *aliases: str) -> Account:
    person = Contact(f"Pat {name.split()[0]}", "Head", f"pat@{id}.example")
    return Account(id, name, aliases, "enterprise", Decimal(arr), None, None, None, None, None, person)


ACCOUNTS = (
    account("acme-corp", "Acme Corp", 500_000, "Acme"),
    account("acme-labs", "Acme Labs", 70_000),
    account("halden", "Halden Logistics", 450_000, "Halden"),
)
REQUESTS = (
    Request("REQ-1", "acme-corp", "Sign in with our own identity provider", date(2026, 1, 1), None, ()),
    Request("REQ-2", "halden", "Nightly export of all orders to our own bucket", date(2026, 1, 1), None, ()),
)


@pytest.mark.parametrize(
    "text",
    [
        "As we do for Halden Logistics",
        "halden asked for it too",
        "Ask Pat Halden",
        "cc pat@halden.example",
        "worth $450,000 a year",
        "see REQ-2",
        "we build a nightly export of all orders, as you asked",
        "the same as for Acme Labs",
    ],
)
def test_another_customers_data_is_found(text: str) -> None:
    assert foreign_data(text, "acme-corp", ACCOUNTS, REQUESTS)


@pytest.mark.parametrize(
    "text",
    [
        "Dear Pat Acme, Acme Corp's request REQ-1 is started",
        "worth $500,000 a year to you",
        "sign in with our own identity provider is on its way",
        "We expect it by 12 Mar 2027",
        "a number such as 1,450,000",
        "",
    ],
)
def test_its_own_is_not(text: str) -> None:
    assert foreign_data(text, "acme-corp", ACCOUNTS, REQUESTS) == ()


def test_a_shared_name_is_its_own() -> None:
    """“Acme” is Acme Labs' too, in part; the customer may be called by its own name."""
    assert foreign_data("Dear Acme", "acme-corp", ACCOUNTS, REQUESTS) == ()
