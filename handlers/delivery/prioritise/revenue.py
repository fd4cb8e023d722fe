"""Customers' yearly revenue in words: what is known of it, and of whom it is not."""

from __future__ import annotations

from decimal import Decimal

from agents.ranking import Revenue
from handlers.delivery.plans.formats import money_text


def a_year(arr: Decimal | None, currency: str) -> str:
    """`$950,000.00 a year`; `yearly revenue not known`."""
    return "yearly revenue not known" if arr is None else f"{money_text(arr, currency)} a year"


def revenue_text(revenue: Revenue, currency: str) -> str:
    """`$950,000.00`; `at least $950,000.00, not known of Zeta Mills`; `not known`."""
    if not revenue.without:
        return money_text(revenue.known, currency)
    if not revenue.known:
        return "not known"
    return f"at least {money_text(revenue.known, currency)}, not known of {', '.join(revenue.without)}"
