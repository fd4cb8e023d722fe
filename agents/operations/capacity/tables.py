"""Capacity plans and reservations as rows."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.schema import Base, TenantScoped


class CapacityPlanRow(TenantScoped, Base):
    """What was planned of a service from `since` until before `until`: `replicas` ran, `missing` more were
    needed than run or are reserved. The forecast behind it goes from `begins` on in steps (averages of each,
    with what people said of it); it is empty where nothing was forecast."""

    __tablename__ = "capacity_plans"
    __table_args__ = (Index(None, "tenant", "service", "created"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    service: Mapped[str]
    name: Mapped[str]
    since: Mapped[datetime]
    until: Mapped[datetime]
    replicas: Mapped[int]
    missing: Mapped[int]
    begins: Mapped[datetime]
    step_seconds: Mapped[int]
    expected: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))
    low: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))
    high: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))
    created: Mapped[datetime] = mapped_column(server_default=text("now()"))


class ReservationRow(TenantScoped, Base):
    """What was decided to be reserved: so many units for so many hours from `starts` on, at `price` an hour by
    the price list of `priced`. It is the department's record: no platform here sells capacity, so nobody else
    was told. `load_test` is the run that had to pass first, `plan` the plan that it follows."""

    __tablename__ = "capacity_reservations"

    id: Mapped[str] = mapped_column(primary_key=True)
    service: Mapped[str]
    unit: Mapped[str]
    units: Mapped[int]
    starts: Mapped[datetime]
    hours: Mapped[int]
    price: Mapped[Decimal]
    currency: Mapped[str]
    priced: Mapped[str]
    load_test: Mapped[str | None]
    plan: Mapped[str | None]
    created: Mapped[datetime] = mapped_column(server_default=text("now()"))
