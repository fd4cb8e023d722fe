"""`prices.yaml`: what it says, and how it says what is wrong or old."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pytest

from integrations.integration import Surroundings
from integrations.prices import Prices, PricesError, Unit
from integrations.prices.vendors.local import INTEGRATION, LocalPrices, PriceSettings, read_prices
from tests.integrations.prices_contract import WRITTEN, PricesContract

ACME = Path(__file__).resolve().parents[2] / "examples" / "acme"
TODAY = date(2026, 11, 30)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    written = tmp_path / "prices.yaml"
    written.write_text(WRITTEN)
    return written


class TestLocalPrices(PricesContract):
    @pytest.fixture
    def prices(self, path: Path) -> Prices:
        return LocalPrices(path, 92, lambda: TODAY)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"0.096"', "0.096", r"line 9, prices.1.on_demand: .*in quotes"),
        ('"0.096"', '"-1"', r"line 9, prices.1.on_demand: "),
        ('"0.096"', '"NaN"', r"line 9, prices.1.on_demand: "),
        ('"0.096"', '"cheap"', r"line 9, prices.1.on_demand: "),
        ("hours: 720", "hours: 0", r"line 10, prices.1.reserved.hours: "),
        ("unit: cdn-gb", "unit: cdn", r"line 11, prices.2.unit: "),
        ('"0.085"', '"0.1"\n    reserved: {price: "0.1", hours: 1}', r"line 11, prices.2: .*remove `reserved`"),
        ("currency: USD", "currency: dollars", r"line 2, currency: "),
        ("source: the contract of May\n", "", r"line 1, source: "),
        ("as_of: 2026-11-20", "as_of: lately", r"line 1, as_of: "),
        ("service: orders", "servcie: orders", r"line 6, prices.0.servcie: "),
        ("    service: orders\n", "", r"line 7: this price stands here twice"),
        ("source: the", "source: the: ", r"line 3: this is not YAML"),
        (WRITTEN, "", r"line 1: the file is empty"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_by_line(path: Path, old: str, new: str, said: str) -> None:
    assert old in WRITTEN
    path.write_text(WRITTEN.replace(old, new, 1))
    with pytest.raises(PricesError, match=f"^prices.yaml, {said}"):
        read_prices(path, 92, TODAY)


def test_old_prices_are_not_relied_on_and_what_to_do_is_said(path: Path) -> None:
    assert len(read_prices(path, 10, TODAY)) == 3
    with pytest.raises(PricesError) as refused:
        read_prices(path, 9, TODAY)
    assert str(refused.value) == (
        "prices.yaml, line 1: these prices are of 2026-11-20, 10 days ago; no more than 9 days are relied on."
        " Look them up again and write that day in `as_of`."
    )


def test_a_day_that_is_yet_to_come_is_refused(path: Path) -> None:
    assert read_prices(path, 92, date(2026, 11, 19))
    with pytest.raises(PricesError, match=r"^prices.yaml, line 1: 2026-11-20 is yet to come"):
        read_prices(path, 92, date(2026, 11, 18))


def test_a_file_that_cannot_be_read_is_named(path: Path) -> None:
    path.write_bytes(b"as_of:\n  \xff")
    with pytest.raises(PricesError, match=r"^prices.yaml, line 2: save the file as UTF-8"):
        read_prices(path, 92, TODAY)
    path.write_bytes(b"#" * 1_000_001)
    with pytest.raises(PricesError, match="at most 1000000"):
        read_prices(path, 92, TODAY)
    path.unlink()
    with pytest.raises(PricesError, match=r"^There is no prices.yaml in the department's folder\. Write one"):
        read_prices(path, 92, TODAY)
    path.mkdir()
    with pytest.raises(PricesError, match="cannot be read"):
        read_prices(path, 92, TODAY)


def test_what_is_edited_counts_at_once(path: Path) -> None:
    prices = LocalPrices(path, 92, lambda: TODAY)
    assert asyncio.run(prices.price(Unit.CDN_GB)).on_demand == Decimal("0.085")
    path.write_text(WRITTEN.replace("0.085", "0.09"))
    assert asyncio.run(prices.price(Unit.CDN_GB)).on_demand == Decimal("0.09")


def test_the_samples_prices_say_that_they_are_a_sample() -> None:
    found = read_prices(ACME / "prices.yaml", 92, date(2026, 11, 23))
    assert {one.unit for one in found} == set(Unit)
    assert all(one.is_sample and one.currency == "USD" and not one.is_old for one in found)


def test_the_samples_prices_grow_old_and_say_so(path: Path) -> None:
    years_later = date(2031, 1, 1)
    found = read_prices(ACME / "prices.yaml", 92, years_later)
    assert {one.is_old for one in found} == {True}
    assert found[0].said == (
        "prices.yaml: invented for the sample, 2026-11-20, of no real provider, and old: nothing is to be"
        " decided by them"
    )
    path.write_text("sample: false\n" + WRITTEN)
    with pytest.raises(PricesError, match="these prices are of 2026-11-20"):
        read_prices(path, 92, years_later)


async def test_the_doctor_says_how_the_list_is(tmp_path: Path) -> None:
    settings = PriceSettings(prices_old_after_days=92)
    around = Surroundings(cast(Any, None), "acme", tmp_path, {}, tmp_path / "var", settings)
    (missing,) = await INTEGRATION.check(around)
    assert (missing.state, missing.says[:24]) == ("advice", "There is no prices.yaml ")
    recent = date.today() - timedelta(days=3)  # noqa: DTZ011 — days of grace on either side
    (tmp_path / "prices.yaml").write_text(WRITTEN.replace("2026-11-20", recent.isoformat()))
    (well,) = await INTEGRATION.check(around)
    assert (well.state, well.says) == ("well", f"3 prices: prices.yaml: the contract of May, {recent}")
