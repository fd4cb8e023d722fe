"""What a request is worth: who waits for it, what it costs, and what it returns in the first year.

    return = (yearly revenue × share of it at risk, summed over those who wait, - cost) ÷ cost
    cost   = agent-hours × hourly cost of the dearest agent of the team

The shares at risk are assumptions, by the customer's health; they stand beside every figure that rests on them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from agents.ranking import Revenue
from integrations.customers import Account, Standing

AT_RISK: Mapping[Standing | None, Decimal] = {
    Standing.CRITICAL: Decimal("0.50"),
    Standing.AT_RISK: Decimal("0.30"),
    Standing.HEALTHY: Decimal("0.10"),
    None: Decimal("0.10"),
}
"""Assumed share of a customer's yearly revenue that is lost without what it asked for."""

_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class BusinessCase:
    """`waiting` are the customers, each once; `revenue` is theirs together in a year, `at_risk` the part of
    what is known of it that is assumed to be lost without. `returns` is the return on `cost`, as a multiple;
    None where it costs nothing, and where nobody's revenue is known."""

    waiting: tuple[Account, ...]
    revenue: Revenue
    at_risk: Decimal
    cost: Decimal
    returns: Decimal | None


def business_case(waiting: Sequence[Account], hours: float, hourly: Decimal) -> BusinessCase:
    """The case for a feature of so many agent-hours for these customers, each counted once."""
    once = tuple({account.id: account for account in waiting}.values())
    revenue = Revenue.of(once)
    lost = (account.arr * AT_RISK[account.standing] for account in once if account.arr is not None)
    at_risk = sum(lost, Decimal(0))
    cost = (Decimal(str(hours)) * hourly).quantize(_CENT, ROUND_HALF_UP)
    is_known = len(revenue.without) < len(once)
    returns = ((at_risk - cost) / cost).quantize(Decimal("0.1"), ROUND_HALF_UP) if cost and is_known else None
    return BusinessCase(once, revenue, at_risk.quantize(_CENT, ROUND_HALF_UP), cost, returns)
