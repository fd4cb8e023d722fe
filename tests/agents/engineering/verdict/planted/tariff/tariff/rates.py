from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

MAXIMUM_KWH = 100_000


class NoBand(ValueError):
    """No band covers this use."""


@dataclass(frozen=True)
class Band:
    """A price a kWh that holds up to `upto` kWh."""

    name: str
    upto: int
    cents: Decimal
    fixed: Decimal = Decimal("0")


def _round(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.01"), rounding=ROUND_HALF_EVEN)


def _band_of(bands: list[Band], kwh: int) -> Band:
    for band in sorted(bands, key=lambda b: b.upto):
        if kwh <= band.upto:
            return band
    raise NoBand(f"no band for {kwh} kWh")


def bill(bands: list[Band], kwh: int, *, discount: Decimal = Decimal("0")) -> dict[str, object]:
    """The bill for `kwh`, in euros."""
    if kwh < 0 or kwh > MAXIMUM_KWH:
        raise ValueError("kwh out of range")
    band = _band_of(bands, kwh)
    net = band.fixed + kwh * band.cents / 100
    return {"band": band.name, "net": _round(net), "total": _round(net - discount)}


def cheapest(offers: dict[str, list[Band]], kwh: int) -> list[tuple[str, Decimal]]:
    """Offers by total, cheapest first; those without a band are left out."""
    totals = []
    for name, bands in offers.items():
        try:
            totals.append((name, bill(bands, kwh)["total"]))
        except NoBand:
            continue
    return sorted(totals, key=lambda pair: (pair[1], pair[0]))
