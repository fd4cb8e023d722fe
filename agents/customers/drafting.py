"""Drafts of mails to customers, as rows: nothing here sends anything."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from agents.customers import letters
from agents.customers.letters import Addressed, Paragraphs, Started
from agents.customers.rows import mail_of_request, new_mail_id
from agents.customers.tables import CustomerMailRow, CustomerRequestRow, PromiseRow
from governance.directory import name_of
from integrations.customers import Account, Contact
from storage.notices import notify


class NobodyToWriteTo(LookupError):
    """The customer system knows nobody at this customer's whom one could write to. The text is for people."""

    def __init__(self, account: Account) -> None:
        super().__init__(
            f"The customer system has no contact of {account.name}, so there is nobody to write to."
        )


def contact_of(account: Account) -> Contact:
    """Whom one writes to at a customer's. Raises NobodyToWriteTo."""
    if account.contact is None:
        raise NobodyToWriteTo(account)
    return account.contact


async def draft_timeline(
    tx: AsyncSession,
    row: CustomerRequestRow,
    account: Account,
    by: str,
    place: dict[str, Any] | None,
    *,
    at: Started | None,
) -> CustomerMailRow:
    """A mail about when a request can be there, which takes the place of one that did not go out. Without
    `at` it says that it is on record; it is locked until its work is started. Raises NobodyToWriteTo."""
    contact = contact_of(account)
    there = await mail_of_request(tx, row.id, "locked", "draft")
    to = Addressed(contact.name, account.name, row.what, await name_of(tx, by))
    mail = there or CustomerMailRow(
        id=new_mail_id(), account=account.id, request=row.id, kind="timeline", version=0
    )
    mail.by, mail.place = by, place
    mail.to_name, mail.to_address = contact.name, contact.email
    mail.subject = letters.timeline_subject(row.what)
    said = letters.recorded(to, row.needed_by) if at is None else letters.started(to, at, row.needed_by)
    mail.paragraphs, mail.due = list(said), None if at is None else at.by
    mail.state = "locked" if at is None else "draft"
    mail.version += 1
    tx.add(mail)
    await tx.flush()
    return mail


async def draft_started(
    tx: AsyncSession, row: CustomerRequestRow, account: Account, begins: date | None, by: date | None
) -> None:
    """The work of a request was started: the mail that waited for that says so, and whose it is is told."""
    locked = await mail_of_request(tx, row.id, "locked")
    if locked is None or account.contact is None:
        return
    mail = await draft_timeline(tx, row, account, locked.by, locked.place, at=Started(begins, by))
    await show_mail(tx, mail)


async def draft_of_promise(
    tx: AsyncSession, promise: PromiseRow, account: Account, kind: str, said: Paragraphs, due: date | None
) -> CustomerMailRow | None:
    """A mail about a day that was promised, and whoever promised it is shown it; None where there is nobody
    to write to. One of the same kind that did not go out is written anew."""
    if account.contact is None:
        return None
    there = await _draft_about(tx, promise.id, kind)
    mail = there or CustomerMailRow(
        id=new_mail_id(), account=account.id, promise=promise.id, request=promise.request, kind=kind, version=0
    )
    mail.by, mail.place, mail.state = promise.by, None, "draft"
    mail.to_name, mail.to_address = account.contact.name, account.contact.email
    mail.subject = letters.timeline_subject(promise.what)
    mail.paragraphs, mail.due = list(said), due
    mail.version += 1
    tx.add(mail)
    await tx.flush()
    return mail


async def _draft_about(tx: AsyncSession, promise: str, kind: str) -> CustomerMailRow | None:
    query = select(CustomerMailRow).where(
        CustomerMailRow.promise == promise, CustomerMailRow.kind == kind, CustomerMailRow.state == "draft"
    )
    return (await tx.execute(query.order_by(CustomerMailRow.created).limit(1).with_for_update())).scalar()


async def show_mail(tx: AsyncSession, mail: CustomerMailRow, turn: str | None = None) -> None:
    """Bring a mail's card up to date in its thread; without one, whoever answers for it is told directly."""
    ids = {"mail": mail.id, "key": f"customer_mail:{mail.id}"}
    people = () if mail.place is not None else (mail.by,)
    await notify(tx, "customer_mail", ids, place=mail.place, people=people, turn=turn)
