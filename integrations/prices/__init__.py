"""Prices: what one unit of capacity costs, on demand and reserved. The port of every source of prices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Protocol


class Unit(StrEnum):
    """What is paid for."""

    REPLICA_HOUR = "replica-hour"
    CONNECTION_HOUR = "connection-hour"
    CACHE_NODE_HOUR = "cache-node-hour"
    DATABASE_REPLICA_HOUR = "database-replica-hour"
    CDN_GB = "cdn-gb"

    @property
    def is_hourly(self) -> bool:
        """Whether it is paid by the hour; only that can be reserved."""
        return self.value.endswith("-hour")


@dataclass(frozen=True, slots=True)
class Reservation:
    """A unit paid for a whole term of `hours`, used or not: `price` is of one hour."""

    price: Decimal
    hours: int


@dataclass(frozen=True, slots=True)
class UnitPrice:
    """The price of one unit, in `currency`, as it was on `as_of`; `source` says where it was looked up.

    `service` is None where it holds for every service that has none of its own. `is_sample`: it is invented;
    such a one alone is handed out although it `is_old`.
    """

    unit: Unit
    service: str | None
    on_demand: Decimal
    reserved: Reservation | None
    currency: str
    as_of: date
    source: str
    is_sample: bool = False
    is_old: bool = False

    @property
    def said(self) -> str:
        """Where it was looked up, of which day it is, and how far it can be relied on, in words."""
        sample = ", of no real provider" if self.is_sample else ""
        old = ", and old: nothing is to be decided by them" if self.is_old else ""
        return f"{self.source}, {self.as_of:%Y-%m-%d}{sample}{old}"


class NoPrice(LookupError):
    """There is no price of this. The text says what to do."""


class PricesError(LookupError):
    """The prices cannot be relied on: the list is wrong or old. The text says where, and what to do."""


class Prices(Protocol):
    """What is old is never handed out, a sample's prices aside. A source that does not answer raises
    storage.look.Away."""

    async def price(self, unit: Unit, service: str | None = None) -> UnitPrice:
        """The service's own price, else the one of every service. Raises NoPrice, PricesError."""

    async def prices(self) -> Sequence[UnitPrice]:
        """All prices, by unit and service; those of every service first. Raises PricesError."""
