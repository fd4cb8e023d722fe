from decimal import Decimal

import pytest

from tariff import Band, NoBand, bill, cheapest, read_settings
from tariff.rates import _round

BANDS = [Band("low", 100, Decimal("30")), Band("high", 1000, Decimal("25"), Decimal("5"))]


def test_low():
    assert bill(BANDS, 50) == {"band": "low", "net": Decimal("15.00"), "total": Decimal("15.00")}


def test_high():
    assert bill(BANDS, 200)["total"] == Decimal("55.00")


def test_discount():
    assert bill(BANDS, 200, discount=Decimal("5"))["total"] == Decimal("50.00")


@pytest.mark.parametrize("kwh", [-1, 100_001])
def test_out_of_range(kwh):
    with pytest.raises(ValueError, match="out of range"):
        bill(BANDS, kwh)


def test_no_band():
    with pytest.raises(NoBand):
        bill(BANDS, 5000)


def test_cheapest():
    offers = {"b": BANDS, "a": BANDS, "c": [Band("only", 10, Decimal("1"))]}
    assert cheapest(offers, 50) == [("a", Decimal("15.00")), ("b", Decimal("15.00"))]


def test_round():
    assert _round(Decimal("0.125")) == Decimal("0.12")


def test_settings(monkeypatch):
    monkeypatch.setenv("TARIFF_CURRENCY", "CHF")
    settings = read_settings("[tariff]\nretries=5\n")
    assert settings.currency == "CHF"
    assert settings.retries == 5
    assert settings.timeout_seconds == 10
