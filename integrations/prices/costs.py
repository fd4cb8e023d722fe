"""What more replicas cost, for the gate: worked out by code from the price list, never from what is
proposed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from decimal import Decimal

from sqlalchemy.ext.asyncio import AsyncSession

from governance.department_rows import read_department
from integrations.looked import looked
from integrations.prices import Prices, Unit, UnitPrice
from storage.database import tenant_of
from storage.look import Away, look_of

HOURS_A_MONTH = 730
"""Of an average month: 8,760 hours a year."""


def replicas_a_month(prices: Callable[[str], Prices]) -> Callable[[str, int, AsyncSession], Awaitable[Decimal]]:
    """A function of a service and how many replicas are added: what they cost a month on demand, in the
    department's currency, by its prices (`prices` are a tenant's). It raises LookupError where that cannot be
    told.
    """

    async def cost(service: str, added: int, tx: AsyncSession) -> Decimal:
        return (await replica_price(prices, service, tx)).on_demand * added * HOURS_A_MONTH

    return cost


async def replica_price(prices: Callable[[str], Prices], service: str, tx: AsyncSession) -> UnitPrice:
    """The price of a replica of a service, in the department's currency; `prices` are a tenant's. Raises
    LookupError where it cannot be told, or is in another currency."""
    port = looked("prices", prices(tenant_of(tx)), look_of(tx))
    try:
        price = await port.price(Unit.REPLICA_HOUR, service)
    except Away as away:
        raise LookupError(str(away)) from away
    currency = (await read_department(tx)).currency
    if price.currency != currency:
        raise LookupError(f"its price is in {price.currency}, the department reckons in {currency}")
    return price
