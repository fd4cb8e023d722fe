"""The till: payments that were taken, declined and given back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum


class DeclineReason(StrEnum):
    """Why a payment was declined."""

    INSUFFICIENT_FUNDS = "insufficient_funds"
    EXPIRED_CARD = "expired_card"
    LOST_CARD = "lost_card"
    STOLEN_CARD = "stolen_card"
    WRONG_SECURITY_CODE = "wrong_security_code"
    WRONG_ADDRESS = "wrong_address"
    LIMIT_EXCEEDED = "limit_exceeded"
    SUSPECTED_FRAUD = "suspected_fraud"
    ISSUER_UNAVAILABLE = "issuer_unavailable"
    AUTHENTICATION_FAILED = "authentication_failed"
    CURRENCY_NOT_SUPPORTED = "currency_not_supported"
    OTHER = "other"


class KeyUsed(Exception):
    """This idempotency key was used for another payment."""


class TooMuch(Exception):
    """More than was paid would be given back."""


class NoSuchPayment(LookupError):
    """There is no payment of this id."""


@dataclass(frozen=True)
class NewPayment:
    """What is to be paid; `method` is the token of a stored payment method."""

    account: str
    order: str
    value: Decimal
    currency: str
    method: str


@dataclass(frozen=True)
class Payment:
    """A payment. It is authorised, or declined for a reason; `refunded` is what was given back of it."""

    id: str
    new: NewPayment
    state: str
    created: datetime
    decline_reason: DeclineReason | None = None
    refunded: Decimal = Decimal(0)


Acquirer = Callable[[NewPayment], DeclineReason | None]
"""Takes the money, or says why not."""


@dataclass
class Till:
    """Every payment, by id, and by the key that it was sent with."""

    acquirer: Acquirer
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    _payments: dict[str, Payment] = field(default_factory=dict)
    _by_key: dict[str, str] = field(default_factory=dict)
    _refunds: dict[str, tuple[str, Decimal]] = field(default_factory=dict)

    def pay(self, key: str, new: NewPayment) -> Payment:
        """Take a payment, once per key. Raises KeyUsed."""
        if key in self._by_key:
            earlier = self._payments[self._by_key[key]]
            if earlier.new != new:
                raise KeyUsed(key)
            return earlier
        reason = self.acquirer(new)
        payment = Payment(
            f"pay_{len(self._payments) + 1}", new, "declined" if reason else "authorised", self.now(), reason
        )
        self._payments[payment.id], self._by_key[key] = payment, payment.id
        return payment

    def payment(self, payment: str) -> Payment:
        """One of them. Raises NoSuchPayment."""
        try:
            return self._payments[payment]
        except KeyError:
            raise NoSuchPayment(payment) from None

    def refund(self, key: str, payment: str, value: Decimal) -> Payment:
        """Give some or all of it back, once per key. Raises NoSuchPayment, KeyUsed, TooMuch."""
        paid = self.payment(payment)
        if key in self._refunds:
            if self._refunds[key] != (payment, value):
                raise KeyUsed(key)
            return paid
        refunded = paid.refunded + value
        if paid.state == "declined" or refunded > paid.new.value:
            raise TooMuch(payment)
        state = "refunded" if refunded == paid.new.value else paid.state
        self._payments[payment] = replace(paid, refunded=refunded, state=state)
        self._refunds[key] = (payment, value)
        return self._payments[payment]

    def outcomes(
        self, account: str, since: date, until: date
    ) -> list[tuple[date, str, DeclineReason | None, int]]:
        """How many payments of an account came to what, by day and decline reason."""
        counted = Counter(
            (payment.created.date(), payment.state, payment.decline_reason)
            for payment in self._payments.values()
            if payment.new.account == account and since <= payment.created.date() <= until
        )
        ordered = sorted(counted, key=lambda one: (one[0], one[1], one[2] or ""))
        return [(*one, counted[one]) for one in ordered]
