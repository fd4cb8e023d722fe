"""Reservations of capacity as rows."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from sqlalchemy import text
from sqlalchemy.orm import Mapped, mapped_column

from storage.schema import Base, TenantScoped


class ReservationRow(TenantScoped, Base):
    """What was decided to be reserved: so many units for so many hours from `starts` on, at `price` an hour by
    the price list of `priced`. It is the department's record: no platform here sells capacity, so nobody else
    was told. `load_test` is the run that had to pass first."""

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
    created: Mapped[datetime] = mapped_column(server_default=text("now()"))
