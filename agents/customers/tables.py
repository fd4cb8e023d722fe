"""What customers asked for in chat, what they were promised for when, and what they were written."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.schema import Base, TenantScoped


class CustomerRequestRow(TenantScoped, Base):
    """What a customer needs. `state`: proposed | deferred (until `until`) | approved (on record, waiting
    for its start) | started.

    `asked_by` is who speaks for the customer, `hours` an estimate that a person gave, `epic` the feature
    that it is a part of, `story` its own story, `run` the run that records and starts it. `place` is the
    thread that hears of it.
    """

    __tablename__ = "customer_needs"
    __table_args__ = (Index(None, "tenant", "account"), Index(None, "tenant", "state", "until"))

    id: Mapped[str] = mapped_column(primary_key=True)
    account: Mapped[str]
    what: Mapped[str]
    needed_by: Mapped[date | None]
    asked_by: Mapped[str]
    state: Mapped[str] = mapped_column(server_default=text("'proposed'"))
    until: Mapped[date | None]
    hours: Mapped[float | None]
    epic: Mapped[str | None]
    story: Mapped[str | None]
    run: Mapped[str | None]
    place: Mapped[dict[str, Any] | None]
    turn: Mapped[str | None]
    created: Mapped[datetime] = mapped_column(server_default=text("now()"))


class PromiseRow(TenantScoped, Base):
    """A day that a customer was told. `state`: open | kept | missed.

    It is the day in a mail that went out (`mail`), or one that the customer system holds (`mail` is None then,
    and `id` is its id there). `expected` is the day that the work was last expected by with 85 of 100;
    `told` the one that its owner was told of when it came to lie behind `due`.
    """

    __tablename__ = "customer_promises"
    __table_args__ = (Index(None, "tenant", "account"), Index(None, "tenant", "state"))

    id: Mapped[str] = mapped_column(primary_key=True)
    account: Mapped[str]
    request: Mapped[str | None]
    mail: Mapped[str | None]
    what: Mapped[str]
    made: Mapped[date]
    by: Mapped[str]
    due: Mapped[date]
    state: Mapped[str] = mapped_column(server_default=text("'open'"))
    items: Mapped[list[Any]]
    expected: Mapped[date | None]
    told: Mapped[date | None]
    progress: Mapped[date | None]


class CustomerMailRow(TenantScoped, Base):
    """A mail to a customer. `state`: locked (until its work is started) | draft | sending | sent | failed |
    dropped.

    `version` counts its wordings, so that what was shown is what is sent. `due` is the day that it promises, if
    it does. `reference` is its Message-ID, `why` what became of it.
    """

    __tablename__ = "customer_mails"
    __table_args__ = (
        Index(None, "tenant", "account"),
        Index(None, "tenant", "request"),
        Index(None, "tenant", "run"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    account: Mapped[str]
    request: Mapped[str | None]
    promise: Mapped[str | None]
    kind: Mapped[str]
    state: Mapped[str]
    version: Mapped[int] = mapped_column(server_default=text("1"))
    to_name: Mapped[str]
    to_address: Mapped[str]
    subject: Mapped[str]
    paragraphs: Mapped[list[Any]]
    due: Mapped[date | None]
    by: Mapped[str]
    place: Mapped[dict[str, Any] | None]
    run: Mapped[str | None]
    reference: Mapped[str | None]
    why: Mapped[str | None]
    created: Mapped[datetime] = mapped_column(server_default=text("now()"))
    sent: Mapped[datetime | None]
