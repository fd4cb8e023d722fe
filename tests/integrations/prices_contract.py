"""What every source of prices does that has the prices of `WRITTEN`."""

from __future__ import annotations

from decimal import Decimal

import pytest

from integrations.prices import NoPrice, Prices, Unit

WRITTEN = """\
as_of: 2026-11-20
currency: USD
source: the contract of May
prices:
  - unit: replica-hour
    service: orders
    on_demand: "0.1920"
  - unit: replica-hour
    on_demand: "0.096"
    reserved: {price: "0.063", hours: 720}
  - unit: cdn-gb
    on_demand: "0.085"
"""


class PricesContract:
    async def test_a_services_own_price_comes_before_that_of_all(self, prices: Prices) -> None:
        own, other = (
            await prices.price(Unit.REPLICA_HOUR, "orders"),
            await prices.price(Unit.REPLICA_HOUR, "cart"),
        )
        assert (own.service, own.on_demand) == ("orders", Decimal("0.1920"))
        assert (other.service, other.on_demand) == (None, Decimal("0.096"))
        assert await prices.price(Unit.REPLICA_HOUR) == other

    async def test_a_price_says_when_and_where_it_was_looked_up(self, prices: Prices) -> None:
        price = await prices.price(Unit.REPLICA_HOUR)
        assert isinstance(price.on_demand, Decimal)
        assert price.reserved is not None
        assert (price.reserved.price, price.reserved.hours) == (Decimal("0.063"), 720)
        assert (price.currency, price.as_of.isoformat(), price.is_sample) == ("USD", "2026-11-20", False)
        assert "the contract of May" in price.source

    async def test_all_come_in_order(self, prices: Prices) -> None:
        found = [(one.unit, one.service) for one in await prices.prices()]
        hour = Unit.REPLICA_HOUR
        assert found == [(Unit.CDN_GB, None), (hour, None), (hour, "orders")]

    async def test_what_has_no_price_is_said(self, prices: Prices) -> None:
        with pytest.raises(NoPrice, match="cache-node-hour of orders"):
            await prices.price(Unit.CACHE_NODE_HOUR, "orders")
