"""On demand against reserved: what capacity costs either way, and from when on reserving is cheaper."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_HALF_EVEN, Decimal

from integrations.prices import UnitPrice

_CENT = Decimal("0.01")


class NotReservable(LookupError):
    """The price list has no reserved price of this unit. The text says so."""


@dataclass(frozen=True, slots=True)
class Offer:
    """Both ways of paying for `units` over `hours`, in the price's currency, rounded to cents.

    A reservation is paid for whole terms: `reserved_hours` of them. `break_even_hours` are the hours within one
    term from which on reserving is cheaper; None where it never is. `saved` is the share that reserving saves
    of the price on demand, below zero where it costs more.
    """

    price: UnitPrice
    units: int
    hours: int
    on_demand: Decimal
    reserved: Decimal
    reserved_hours: int
    break_even_hours: Decimal | None
    saved: Decimal

    @property
    def reserving_pays(self) -> bool:
        """Whether reserving is cheaper; the same price is no reason to be bound."""
        return self.reserved < self.on_demand


def on_demand_or_reserved(price: UnitPrice, units: int, hours: int) -> Offer:
    """Compare both for `units` that are used for all of `hours`. Raises NotReservable; ValueError for none."""
    if units < 1 or hours < 1:
        raise ValueError("units and hours are whole numbers from 1 on")
    if price.reserved is None:
        raise NotReservable(f"The price list has no reserved price of a {price.unit}.")
    term = price.reserved.hours
    reserved_hours = -(-hours // term) * term
    on_demand = price.on_demand * units * hours
    reserved = price.reserved.price * units * reserved_hours
    return Offer(
        price=price,
        units=units,
        hours=hours,
        on_demand=on_demand.quantize(_CENT, ROUND_HALF_EVEN),
        reserved=reserved.quantize(_CENT, ROUND_HALF_EVEN),
        reserved_hours=reserved_hours,
        break_even_hours=_break_even(price.on_demand, price.reserved.price, term),
        saved=(1 - reserved / on_demand).quantize(Decimal("0.0001")) if on_demand else Decimal(0),
    )


def _break_even(on_demand: Decimal, reserved: Decimal, term: int) -> Decimal | None:
    if reserved >= on_demand:
        return None
    return (term * reserved / on_demand).quantize(Decimal("0.1"), ROUND_CEILING)
