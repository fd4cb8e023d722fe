"""What a plan costs: agent-hours with a reserve, and money at the teams' agents' hourly cost."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

from agents.planning.draft import Budget, DraftStory, Estimate
from agents.planning.estimates import past_accuracy
from agents.planning.forecast import RUNS, seed, spread
from agents.planning.request import PlanningInput


def budget(stories: Sequence[DraftStory], given: PlanningInput) -> Budget:
    """The sum of the medians, and what 80 of 100 simulated sums stay under.

    A run draws hours as the forecast's do (`accuracy.py`): as stories do not all err alike, the reserve grows
    more slowly than the sum of the high estimates.
    """
    estimates = [(s, s.estimate) for s in stories if isinstance(s.estimate, Estimate)]
    cost = sum((Decimal(str(e.p50)) * hourly_cost(s, given) for s, e in estimates), Decimal(0))
    hours = sum(e.p50 for _, e in estimates)
    return Budget(
        hours=hours,
        p80_hours=max(hours, _p80([e for _, e in estimates], given)),
        cost=cost.quantize(Decimal("0.01"), ROUND_HALF_UP),
        ceiling_hours=given.changes.budget_hours,
    )


def hourly_cost(story: DraftStory, given: PlanningInput) -> Decimal:
    """USD for an agent-hour of the story's discipline in its team, or else the dearest anywhere."""
    own = [a for t in given.teams if t.id == story.team for a in t.agents]
    everybody = [a for t in given.teams for a in t.agents]
    for agents in (own, everybody):
        fitting = [a.hourly_cost for a in agents if a.role.discipline == story.discipline]
        if fitting:
            return max(fitting)
    return max((a.hourly_cost for a in everybody), default=Decimal(0))


def _p80(estimates: Sequence[Estimate], given: PlanningInput) -> float:
    import numpy as np

    if not estimates:
        return 0.0
    known = past_accuracy(given.work())
    chance = np.random.default_rng(seed(given.document.digest))
    hours = known.drawn([e.p50 for e in estimates], [spread(e) for e in estimates], RUNS, chance)
    return round(float(np.quantile(hours.sum(axis=0), 0.8)) * 4) / 4
