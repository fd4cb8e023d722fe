from decimal import Decimal

import pytest
from service_kit import Money


def test_amounts_add_up_to_the_cent():
    total = Money.read("0.10", "EUR") + Money.read("0.20", "EUR")
    assert total == Money(Decimal("0.30"), "EUR")
    assert (total * 3 - Money.read("0.90", "EUR")).value == 0
    assert total.as_json() == {"value": "0.30", "currency": "EUR"}


def test_half_cents_go_to_the_even_one():
    assert [Money.read(written, "EUR").value for written in ("0.125", "0.135")] == [
        Decimal("0.12"),
        Decimal("0.14"),
    ]


def test_currencies_do_not_mix():
    with pytest.raises(ValueError, match="do not add up"):
        Money.read("1", "EUR") + Money.read("1", "USD")


@pytest.mark.parametrize(("written", "currency"), [("x", "EUR"), ("NaN", "EUR"), ("1", "euro"), ("1", "")])
def test_what_is_no_amount_is_refused(written, currency):
    with pytest.raises(ValueError):
        Money.read(written, currency)


def test_shares_are_percent_to_one_decimal():
    whole = Money.read("3.00", "EUR")
    assert Money.read("1.00", "EUR").share_of(whole) == Decimal("33.3")
    assert whole.share_of(Money.read("0", "EUR")) == 0
