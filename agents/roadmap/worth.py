"""What an item is worth: value and urgency from what is known of it.

weight   of its most urgent story's priority: 8, 4, 2, 1 for P0 to P3, as plans weigh stories. Where a RICE
         score or a return (ROI) is written on it (a label such as `rice:120` or `roi:3.5`), that takes the
         priority's place: both are worth for effort, so they are multiplied by the hours, and the item gets
         a weight from 1 to 8 by its rank among those that have one
revenue  of the accounts that wait for it, in units of 100,000 a year, once an account; one whose revenue is
         not known adds nothing, and is named
urgency  2 if a need, a promise or a renewal of theirs falls due by the end of the time, or within 90 days of
         its start, else 1 (weighted shortest job first: Reinertsen, The Principles of Product Development
         Flow, 2009, ch. 7)
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from agents.planning.solver import WEIGHT
from agents.ranking import SOON, Demand, Revenue
from agents.roadmap.items import Basis, Span, Worth
from integrations.tracker import Priority

_UNIT = Decimal(100_000)
_LABEL = re.compile(r"(rice|roi)\s*[:=]\s*(\d{1,9}(?:\.\d{1,6})?)", re.IGNORECASE)
_MOST, _LEAST = 8.0, 1.0


@dataclass(frozen=True, slots=True)
class Speaks:
    """What is known of an item before it is weighed: ids that customers' requests may name, accounts (by id)
    that it is tagged with, and the labels of its stories."""

    ids: frozenset[str]
    customers: frozenset[str]
    labels: tuple[str, ...]
    priority: Priority
    hours: float


def weigh(items: Mapping[str, Speaks], demand: Demand, span: Span, today: date) -> dict[str, Worth]:
    """The worth of each item, by its id. What fell due before `today` counts as met or missed."""
    scores = {id: _score(one) for id, one in items.items()}
    ranks = {basis: _ranks(scores, basis) for basis in ("RICE", "ROI")}
    found = {}
    for id, one in items.items():
        basis, given, _ = scores[id]
        weight = float(WEIGHT[one.priority]) if basis == "priority" else ranks[basis][id]
        found[id] = _worth(one, demand, span, today, (weight, basis, given))
    return found


def _worth(
    one: Speaks, demand: Demand, span: Span, today: date, weighed: tuple[float, Basis, float | None]
) -> Worth:
    weight, basis, given = weighed
    asked = {r.account for r in demand.requests if one.ids.intersection(r.items)}
    promised = {c.account for c in demand.commitments if one.ids.intersection(c.items)}
    waiting = [demand.accounts[a] for a in sorted(one.customers | asked | promised) if a in demand.accounts]
    revenue = Revenue.of(waiting)
    due = demand.due(one.ids, waiting, today)
    urgent = due is not None and (due < span.ends or due <= span.starts + SOON)
    return Worth(
        weight,
        basis,
        given,
        revenue,
        round(float(revenue.known / _UNIT), 4),
        tuple(account.name for account in waiting),
        due,
        2 if urgent else 1,
    )


def _score(one: Speaks) -> tuple[Basis, float | None, float]:
    """By what an item is weighed, the figure that was given, and it times the hours."""
    best: dict[str, float] = {}
    for label in one.labels:
        if (said := _LABEL.fullmatch(label.strip())) is not None:
            name = said[1].upper()
            best[name] = max(best.get(name, 0.0), float(said[2]))
    if "RICE" in best:
        return "RICE", best["RICE"], best["RICE"] * one.hours
    if "ROI" in best:
        return "ROI", best["ROI"], best["ROI"] * one.hours
    return "priority", None, 0.0


def _ranks(scores: Mapping[str, tuple[Basis, float | None, float]], basis: str) -> dict[str, float]:
    """Weights from 1 to 8 by the mid-rank among those weighed so."""
    own: Sequence[float] = sorted(score for kind, _, score in scores.values() if kind == basis)
    return {
        id: _LEAST + (_MOST - _LEAST) * (bisect_left(own, score) + bisect_right(own, score)) / (2 * len(own))
        for id, (kind, _, score) in scores.items()
        if kind == basis
    }
