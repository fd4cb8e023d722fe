"""What more replicas cost, as the gate is told: by the list, in the department's currency, or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from governance.department_file import read_department
from governance.department_rows import open_department
from integrations.prices import NoPrice, Prices, PricesError, Unit, UnitPrice
from integrations.prices.costs import replicas_a_month
from integrations.prices.vendors.local import LocalPrices
from storage.database import Database
from storage.look import Away, Look, act

ACME = Path(__file__).resolve().parents[2] / "examples" / "acme"


class ElsewherePrices:
    """A price list outside of this installation."""

    def __init__(self, answer: UnitPrice | Exception) -> None:
        self.answer, self.asked = answer, 0

    async def price(self, unit: Unit, service: str | None = None) -> UnitPrice:
        self.asked += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    async def prices(self) -> Sequence[UnitPrice]:
        raise NotImplementedError


async def _cost(database: Database, tenant: str, prices: Prices, service: str, added: int) -> Decimal:
    async with database.transaction(tenant) as tx:
        await open_department(tx, read_department(ACME / "department.yaml"))
    cost = replicas_a_month(lambda asked: {tenant: prices}[asked])
    return await act(database, tenant, Look(), lambda tx: cost(service, added, tx))


WRITTEN = """\
as_of: 2026-11-20
currency: USD
source: the contract of May
prices:
  - {unit: replica-hour, on_demand: "0.0960"}
  - {unit: replica-hour, service: payment-service, on_demand: "0.1920"}
"""


class Listed(LocalPrices):
    """A price list of the tests' own, ten days old."""

    def __init__(self, folder: Path, old_after_days: int = 92) -> None:
        (folder / "prices.yaml").write_text(WRITTEN)
        super().__init__(folder / "prices.yaml", old_after_days, lambda: date(2026, 11, 30))


async def test_they_cost_what_the_list_says_for_a_month(
    database: Database, tenant: str, tmp_path: Path
) -> None:
    assert await _cost(database, tenant, Listed(tmp_path), "orders", 2) == Decimal("140.16")
    assert await _cost(database, tenant, Listed(tmp_path), "payment-service", 10) == Decimal("1401.60")


async def test_an_old_list_tells_no_cost(database: Database, tenant: str, tmp_path: Path) -> None:
    with pytest.raises(PricesError, match="10 days ago"):
        await _cost(database, tenant, Listed(tmp_path, 9), "orders", 2)


async def test_a_price_elsewhere_is_looked_up_outside_of_the_transaction(
    database: Database, tenant: str, tmp_path: Path
) -> None:
    price = await Listed(tmp_path).price(Unit.REPLICA_HOUR)
    elsewhere = ElsewherePrices(price)
    assert await _cost(database, tenant, elsewhere, "orders", 1) == Decimal("70.08")
    assert elsewhere.asked == 1


async def test_a_price_in_another_currency_is_not_reckoned_with(
    database: Database, tenant: str, tmp_path: Path
) -> None:
    price = replace(await Listed(tmp_path).price(Unit.REPLICA_HOUR), currency="EUR")
    with pytest.raises(LookupError, match="its price is in EUR, the department reckons in USD"):
        await _cost(database, tenant, ElsewherePrices(price), "orders", 1)


@pytest.mark.parametrize("failed", [NoPrice("there is none"), Away("The price list", "did not answer")])
async def test_where_nobody_tells_the_price_there_is_no_cost(
    database: Database, tenant: str, failed: Exception
) -> None:
    with pytest.raises(LookupError, match=str(failed)):
        await _cost(database, tenant, ElsewherePrices(failed), "orders", 1)
