"""Amounts of money in one currency."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation

_CENT = Decimal("0.01")
_CURRENCY = re.compile(r"[A-Z]{3}")


@dataclass(frozen=True, order=False)
class Money:
    """An amount to the cent. Raises ValueError for what is no amount or no currency."""

    value: Decimal
    currency: str

    def __post_init__(self) -> None:
        if not _CURRENCY.fullmatch(self.currency):
            raise ValueError(f"{self.currency!r} is no currency")
        if not self.value.is_finite():
            raise ValueError("an amount is a number")
        object.__setattr__(self, "value", self.value.quantize(_CENT, ROUND_HALF_EVEN))

    @classmethod
    def read(cls, written: str, currency: str) -> Money:
        """An amount as it is written in JSON: `12.50`."""
        try:
            return cls(Decimal(written), currency)
        except InvalidOperation as wrong:
            raise ValueError(f"{written!r} is no amount") from wrong

    def __add__(self, other: Money) -> Money:
        self._demand_same(other)
        return Money(self.value + other.value, self.currency)

    def __sub__(self, other: Money) -> Money:
        self._demand_same(other)
        return Money(self.value - other.value, self.currency)

    def __mul__(self, times: int) -> Money:
        return Money(self.value * times, self.currency)

    def share_of(self, whole: Money) -> Decimal:
        """This as percent of another amount, to one decimal; 0 of nothing."""
        self._demand_same(whole)
        if not whole.value:
            return Decimal(0)
        return (self.value * 100 / whole.value).quantize(Decimal("0.1"), ROUND_HALF_EVEN)

    def as_json(self) -> dict[str, str]:
        return {"value": f"{self.value:.2f}", "currency": self.currency}

    def _demand_same(self, other: Money) -> None:
        if other.currency != self.currency:
            raise ValueError(f"{other.currency} and {self.currency} do not add up")
