"""Requests, promises and mails by their ids."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import date

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from agents.customers.tables import CustomerMailRow, CustomerRequestRow, PromiseRow


class NoSuchRequest(LookupError):
    """There is no request of this id."""


class NoSuchMail(LookupError):
    """There is no mail of this id."""


def new_request_id() -> str:
    """An id for what a customer needs."""
    return f"cr_{secrets.token_hex(6)}"


def new_mail_id() -> str:
    """An id for a mail to a customer."""
    return f"cm_{secrets.token_hex(6)}"


def new_promise_id() -> str:
    """An id for a day that a customer was told."""
    return f"cp_{secrets.token_hex(6)}"


async def request_by_id(tx: AsyncSession, request: str, *, lock: bool = False) -> CustomerRequestRow:
    """A request; locked until `tx` ends, if asked for. Raises NoSuchRequest."""
    query = select(CustomerRequestRow).where(CustomerRequestRow.id == request)
    query = query.execution_options(populate_existing=True)
    row = (await tx.execute(query.with_for_update() if lock else query)).scalar()
    if row is None:
        raise NoSuchRequest(request)
    return row


async def requests_of(tx: AsyncSession, account: str, most: int) -> Sequence[CustomerRequestRow]:
    """What an account asked for in chat, newest first."""
    query = select(CustomerRequestRow).where(CustomerRequestRow.account == account)
    query = query.order_by(CustomerRequestRow.created.desc(), CustomerRequestRow.id).limit(most)
    return (await tx.execute(query)).scalars().all()


async def mail_by_id(tx: AsyncSession, mail: str, *, lock: bool = False) -> CustomerMailRow:
    """A mail; locked until `tx` ends, if asked for. Raises NoSuchMail."""
    query = select(CustomerMailRow).where(CustomerMailRow.id == mail).execution_options(populate_existing=True)
    row = (await tx.execute(query.with_for_update() if lock else query)).scalar()
    if row is None:
        raise NoSuchMail(mail)
    return row


async def mails_of(tx: AsyncSession, account: str, most: int) -> Sequence[CustomerMailRow]:
    """An account's mails, newest first."""
    query = select(CustomerMailRow).where(CustomerMailRow.account == account)
    query = query.order_by(CustomerMailRow.created.desc(), CustomerMailRow.id).limit(most)
    return (await tx.execute(query)).scalars().all()


async def mail_of_request(tx: AsyncSession, request: str, *states: str) -> CustomerMailRow | None:
    """The newest mail about a request in one of these states."""
    query = select(CustomerMailRow).where(CustomerMailRow.request == request, CustomerMailRow.state.in_(states))
    query = query.order_by(CustomerMailRow.created.desc(), CustomerMailRow.id).limit(1).with_for_update()
    return (await tx.execute(query)).scalar()


async def promises_of(tx: AsyncSession, account: str) -> Sequence[PromiseRow]:
    """The days that an account was told, soonest first."""
    query = select(PromiseRow).where(PromiseRow.account == account).order_by(PromiseRow.due, PromiseRow.id)
    return (await tx.execute(query)).scalars().all()


async def due_again(tx: AsyncSession, today: date, most: int) -> Sequence[CustomerRequestRow]:
    """Deferred requests whose day has come, oldest first; locked, but for those that somebody else holds."""
    query = select(CustomerRequestRow).where(
        CustomerRequestRow.state == "deferred", CustomerRequestRow.until <= today
    )
    query = query.order_by(CustomerRequestRow.until, CustomerRequestRow.id).limit(most)
    return (await tx.execute(query.with_for_update(skip_locked=True))).scalars().all()
