"""What is left of what services may fail, by what the department promises of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from agents.operations.burn_rate import ErrorBudget, Objective, error_budget
from agents.operations.objective_watch import counted
from governance.objectives import Objectives
from integrations.metrics import Metrics

STEP = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Budget:
    """A service's objective, and what is left of its budget at `as_of`."""

    service: str
    objective: Objective
    budget: ErrorBudget
    as_of: datetime


async def read_budgets(metrics: Metrics, objectives: Objectives, now: datetime) -> tuple[Budget, ...]:
    """The budgets of all services in production that are measured, the one with the least left first. Raises
    MetricsError, storage.look.Away."""
    end = now.replace(second=0, microsecond=0)
    period = Objective("availability", 0.5).period
    found = []
    for service, buckets in (await counted(metrics, end, span=period, step=STEP)).items():
        objective = Objective("availability", objectives.of(service))
        found.append(Budget(service, objective, error_budget(objective, buckets, end), end))
    found = [one for one in found if one.budget.left is not None]
    return tuple(sorted(found, key=lambda one: (one.budget.left or 0.0, one.service)))
