from decimal import Decimal

import pytest
from orders.book import Book, Item, NoSuchOrder, NotPossible

LAMP = Item("lamp", 2, Decimal("19.90"))


def test_an_order_has_a_number_and_a_total():
    book = Book()
    first, second = book.place("acme", [LAMP]), book.place("acme", [LAMP, Item("bulb", 1, Decimal("3.00"))])
    assert (first.number, second.number) == (1, 2)
    assert second.total == Decimal("42.80")


def test_an_order_without_items_is_none():
    with pytest.raises(ValueError):
        Book().place("acme", [])


@pytest.mark.parametrize(("quantity", "price"), [(0, "1"), (1, "-1")])
def test_an_item_is_something(quantity, price):
    with pytest.raises(ValueError):
        Item("lamp", quantity, Decimal(price))


def test_history_is_ones_own_and_newest_first():
    book = Book()
    for account in ("acme", "other", "acme", "acme"):
        book.place(account, [LAMP])
    assert [order.number for order in book.history("acme", 2)] == [4, 3]


def test_an_order_goes_its_way_and_not_back():
    book = Book()
    number = book.place("acme", [LAMP]).number
    assert book.move(number, "paid").state == "paid"
    assert book.move(number, "shipped").state == "shipped"
    for state in ("placed", "cancelled", "anything"):
        with pytest.raises(NotPossible):
            book.move(number, state)
    with pytest.raises(NoSuchOrder):
        book.move(9, "paid")
