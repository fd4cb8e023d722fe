"""What an incident cost its users, in sentences."""

from __future__ import annotations

from agents.operations.incident_impact import Impact, cost_of
from governance.facts import Fact, Source
from governance.incident_rules import FailedRequestPrice
from governance.moments import day_text
from handlers.delivery.plans.formats import money_text

_WELL_COVERED = 0.8


def impact_text(impact: Impact) -> str:
    """`127 failed requests of 3,120, 71 more than usual in such a time.`"""
    failed = f"{round(impact.failed):,} failed requests of {round(impact.requests):,}"
    if impact.more is None:
        beside = "; what is usual was not measured"
    elif round(impact.more) == 0:
        beside = ", no more than usual in such a time"
    else:
        beside = f", {round(impact.more):,} more than usual in such a time"
    blind = "" if impact.covered >= _WELL_COVERED else f" {impact.covered:.0%} of the time was measured."
    return f"{failed}{beside}.{blind}"


def cost_text(impact: Impact, price: FailedRequestPrice) -> str | None:
    """`That is about $880.40, at $12.40 a failed request (1 Nov 2026, finance's model).` None where it cannot
    be told."""
    cost = cost_of(impact, price)
    if cost is None:
        return None
    each = money_text(price.per_failed_request, price.currency)
    said = f"{day_text(price.as_of)}, {price.source}"
    return f"That is about {money_text(cost, price.currency)}, at {each} a failed request ({said})."


def cost_fact(impact: Impact, price: FailedRequestPrice) -> Fact:
    """The same as a fact with its working."""
    cost = cost_of(impact, price)
    detail = (
        f"what failed beyond the usual × {price.per_failed_request}, as of {price.as_of}, by {price.source}"
    )
    source = Source("computation", detail, ("impact_failed", "impact_usual"))
    return Fact("impact_cost", "Cost of the failed requests", cost, price.currency, impact.until, source)
