"""A mail to a customer goes to the address that the customer has by now, and says nothing of others."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import update

from governance.registry import EffectFailed
from integrations.customers import Account, Contact, Request
from integrations.customers.vendors.local.customers import LocalCustomers
from integrations.customers.vendors.local.customers_file import CustomersFile
from integrations.customers.vendors.local.loading import write_customers
from integrations.customers.vendors.local.tables import AccountRow
from integrations.mail.actions import SendToCustomer
from integrations.mail.performing import specs
from integrations.mail.vendors.local import LocalMail
from storage.database import Database
from tests.integrations.calendar.calendar_contract import grant


def account(id: str, name: str) -> Account:
    person = Contact("Irene Falk", "Head of IT", f"irene@{id}.example")
    return Account(id, name, (), "enterprise", Decimal(1), None, None, None, None, None, person)


KNOWN = CustomersFile(
    (account("acme", "Acme Corp"), account("halden", "Halden")),
    (Request("REQ-2", "halden", "Exports", date(2026, 1, 1), None, ()),),
    (),
)
MAIL = SendToCustomer(
    mail="cm_1",
    version=1,
    account="acme",
    customer="Acme Corp",
    to_name="Irene Falk",
    to_address="irene@acme.example",
    subject="SAML",
    paragraphs=("Dear Irene,", "It is started."),
    answers_name="Rachel",
    answers_to="rachel@example.com",
    rationale="Rachel said so.",
    impact="Irene reads it.",
    rollback_plan="None.",
)


@pytest.fixture
async def customers(database: Database, tenant: str) -> LocalCustomers:
    async with database.transaction(tenant) as tx:
        await write_customers(tx, KNOWN)
    return LocalCustomers(database, tenant)


async def sent(action: SendToCustomer, customers: LocalCustomers, mail: LocalMail) -> None:
    (spec,) = (one for one in specs(lambda _tenant: customers) if one.action is SendToCustomer)
    assert spec.effect is not None
    await spec.effect(action, grant(), mail)


async def test_it_goes_out_with_who_reads_the_answer(customers: LocalCustomers, tmp_path: Path) -> None:
    mail = LocalMail(tmp_path)
    await sent(MAIL, customers, mail)
    (kept,) = await mail.outbox(5)
    assert kept.to == "Irene Falk <irene@acme.example>"
    assert "It is started." in kept.text
    assert "Sent for Rachel" in kept.text


async def test_an_address_that_changed_is_refused(
    customers: LocalCustomers, database: Database, tenant: str, tmp_path: Path
) -> None:
    new = {"name": "Irene Falk", "title": "Head of IT", "email": "irene@new.example"}
    async with database.transaction(tenant) as tx:
        await tx.execute(update(AccountRow).where(AccountRow.id == "acme").values(contact=new))
    mail = LocalMail(tmp_path)
    with pytest.raises(EffectFailed, match="has changed since this mail was approved"):
        await sent(MAIL, customers, mail)
    assert await mail.outbox(5) == []


@pytest.mark.parametrize("text", ["Halden has it too.", "See REQ-2."])
async def test_another_customers_data_is_refused(text: str, customers: LocalCustomers, tmp_path: Path) -> None:
    mail = LocalMail(tmp_path)
    with pytest.raises(EffectFailed, match="another customer's"):
        await sent(MAIL.model_copy(update={"paragraphs": ("Dear Irene,", text)}), customers, mail)
    with pytest.raises(EffectFailed, match="another customer's"):
        await sent(MAIL.model_copy(update={"subject": text}), customers, mail)
    assert await mail.outbox(5) == []


async def test_who_is_no_customer_any_more_gets_nothing(customers: LocalCustomers, tmp_path: Path) -> None:
    mail = LocalMail(tmp_path)
    with pytest.raises(EffectFailed, match="no customer any more"):
        await sent(MAIL.model_copy(update={"account": "gone"}), customers, mail)
    assert await mail.outbox(5) == []


def test_lines_cannot_be_smuggled_into_headers() -> None:
    with pytest.raises(ValueError, match="one line"):
        SendToCustomer.model_validate(replace_subject("SAML\nBcc: all@example.com"))


def replace_subject(subject: str) -> dict[str, object]:
    return MAIL.model_dump() | {"subject": subject}
