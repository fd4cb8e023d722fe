"""The book of orders: what was ordered, by whom, and what became of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count

STATES = ("placed", "paid", "shipped", "cancelled")
_NEXT = {"placed": {"paid", "cancelled"}, "paid": {"shipped", "cancelled"}}


class NoSuchOrder(LookupError):
    """There is no order of this number."""


class NotPossible(Exception):
    """An order in this state cannot come into that one."""


@dataclass(frozen=True)
class Item:
    """So many of a product, at a price each."""

    product: str
    quantity: int
    unit_price: Decimal

    def __post_init__(self) -> None:
        if self.quantity < 1 or self.unit_price < 0:
            raise ValueError("an item is ordered once or more, and costs nothing or more")

    @property
    def total(self) -> Decimal:
        return self.unit_price * self.quantity


@dataclass(frozen=True)
class Order:
    """An order; `site` is where it was placed, None before June 2026."""

    number: int
    account: str
    placed: datetime
    items: tuple[Item, ...]
    channel: str = "web"
    site: str | None = None
    state: str = "placed"

    @property
    def total(self) -> Decimal:
        return sum((item.total for item in self.items), Decimal(0))


@dataclass
class Book:
    """Every order, by number."""

    _orders: dict[int, Order] = field(default_factory=dict)
    _numbers: Iterable[int] = field(default_factory=lambda: count(1))

    def place(
        self, account: str, items: Iterable[Item], channel: str = "web", site: str | None = None
    ) -> Order:
        """A new order. Raises ValueError for one without items."""
        ordered = tuple(items)
        if not ordered:
            raise ValueError("an order has an item or more")
        number = next(iter(self._numbers))
        order = Order(number, account, datetime.now(UTC), ordered, channel, site)
        self._orders[number] = order
        return order

    def order(self, number: int) -> Order:
        """One of them. Raises NoSuchOrder."""
        try:
            return self._orders[number]
        except KeyError:
            raise NoSuchOrder(number) from None

    def move(self, number: int, state: str) -> Order:
        """Let an order come into another state. Raises NoSuchOrder, NotPossible."""
        order = self.order(number)
        if state not in _NEXT.get(order.state, set()):
            raise NotPossible(f"an order that is {order.state} cannot become {state}")
        self._orders[number] = replace(order, state=state)
        return self._orders[number]

    def history(self, account: str, most: int) -> list[Order]:
        """An account's orders, newest first."""
        own = [order for order in self._orders.values() if order.account == account]
        return sorted(own, key=lambda order: order.number, reverse=True)[:most]
