"""On demand against reserved, to the cent."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from agents.operations.capacity.reserved_or_on_demand import NotReservable, on_demand_or_reserved
from integrations.prices import Reservation, Unit, UnitPrice

PRICE = UnitPrice(
    Unit.REPLICA_HOUR,
    None,
    Decimal("0.10"),
    Reservation(Decimal("0.06"), 24),
    "USD",
    date(2026, 11, 20),
    "the list",
)


def test_a_whole_term_is_paid_whether_it_is_used_or_not() -> None:
    day = on_demand_or_reserved(PRICE, 120, 24)
    assert (day.on_demand, day.reserved, day.reserved_hours) == (Decimal("288.00"), Decimal("172.80"), 24)
    assert day.saved == Decimal("0.4000")
    assert day.reserving_pays
    short = on_demand_or_reserved(PRICE, 120, 12)
    assert (short.on_demand, short.reserved) == (Decimal("144.00"), Decimal("172.80"))
    assert short.saved == Decimal("-0.2000")
    assert not short.reserving_pays
    assert on_demand_or_reserved(PRICE, 1, 25).reserved_hours == 48


def test_it_breaks_even_within_a_term() -> None:
    assert on_demand_or_reserved(PRICE, 1, 1).break_even_hours == Decimal("14.4")
    at = {hours: on_demand_or_reserved(PRICE, 1, hours).reserving_pays for hours in (14, 15)}
    assert at == {14: False, 15: True}
    dear = replace(PRICE, reserved=Reservation(Decimal("0.10"), 24))
    assert on_demand_or_reserved(dear, 1, 24).break_even_hours is None
    assert not on_demand_or_reserved(dear, 1, 24).reserving_pays
    gift = replace(PRICE, on_demand=Decimal(0))
    assert on_demand_or_reserved(gift, 1, 24).saved == 0


def test_what_cannot_be_reserved_is_said() -> None:
    with pytest.raises(NotReservable, match="no reserved price of a replica-hour"):
        on_demand_or_reserved(replace(PRICE, reserved=None), 1, 1)
    for units, hours in ((0, 1), (1, 0)):
        with pytest.raises(ValueError, match="from 1 on"):
            on_demand_or_reserved(PRICE, units, hours)
