"""The steps of a checkout, and what undoes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

FREE_FROM = Decimal("50.00")
SHIPPING = Decimal("4.90")


class Declined(Exception):
    """The payment was declined; the text is the reason."""


class NotSignedIn(Exception):
    """The session is none, or over."""


@dataclass(frozen=True)
class Line:
    """So many of a product in a cart, at a price each."""

    product: str
    quantity: int
    unit_price: Decimal


@dataclass(frozen=True)
class Quote:
    """What a cart costs."""

    goods: Decimal
    shipping: Decimal

    @property
    def total(self) -> Decimal:
        return self.goods + self.shipping


@dataclass(frozen=True)
class Confirmed:
    """An order that was placed and paid."""

    order: int
    payment: str
    total: Decimal


class Auth(Protocol):
    def account(self, token: str) -> str | None:
        """Whose session this is."""


class Orders(Protocol):
    def place(self, account: str, lines: Sequence[Line]) -> int:
        """A new order's number."""

    def move(self, order: int, state: str) -> None:
        """Let an order come into another state."""


class Payments(Protocol):
    def pay(self, key: str, account: str, order: int, value: Decimal) -> str:
        """A payment's id. Raises Declined."""


def quote(lines: Sequence[Line]) -> Quote:
    """What a cart costs. Raises ValueError for an empty one."""
    if not lines:
        raise ValueError("the cart is empty")
    goods = sum((line.unit_price * line.quantity for line in lines), Decimal(0))
    return Quote(goods, Decimal(0) if goods >= FREE_FROM else SHIPPING)


@dataclass(frozen=True)
class Checkout:
    """Confirms carts."""

    auth: Auth
    orders: Orders
    payments: Payments

    def confirm(self, token: str, lines: Sequence[Line]) -> Confirmed:
        """Place and pay; an order that is not paid is cancelled. Raises NotSignedIn, Declined, ValueError."""
        account = self.auth.account(token)
        if account is None:
            raise NotSignedIn
        total = quote(lines).total
        order = self.orders.place(account, lines)
        try:
            payment = self.payments.pay(f"order-{order}", account, order, total)
        except Declined:
            self.orders.move(order, "cancelled")
            raise
        self.orders.move(order, "paid")
        return Confirmed(order, payment, total)
