"""What a team has whose agents nobody described: one agent of each kind, for a fair week and a fair price.

The figures are the sample department's. Whoever knows better writes `agents:` and `capacity:` for the team.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from governance.department import AgentRole

_AGENTS: tuple[tuple[AgentRole, float, str], ...] = (
    (AgentRole.PRODUCT_OWNER, 4, "7.00"),
    (AgentRole.PROJECT_MANAGER, 4, "5.20"),
    (AgentRole.ARCHITECT, 5, "7.40"),
    (AgentRole.BACKEND_ENGINEER, 25, "6.20"),
    (AgentRole.FRONTEND_ENGINEER, 10, "6.00"),
    (AgentRole.DATA_ENGINEER, 5, "6.80"),
    (AgentRole.QA, 10, "4.80"),
    (AgentRole.SRE, 5, "7.10"),
    (AgentRole.SECURITY, 5, "7.60"),
    (AgentRole.DOCUMENTATION, 5, "3.90"),
)
"""Each role with its hours a week and what an hour costs."""

_PLANNED = 0.8
"""The share of the agents' hours that is planned; the rest is for what comes up."""


def usual_agents(counts: Mapping[AgentRole, int] | None = None) -> list[dict[str, Any]]:
    """So many agents of each kind, as a team's `agents:` has them; one of each where nothing else is said."""
    return [
        {
            "role": role.value,
            "count": count,
            "weekly_hours": hours * count,
            "hourly_cost": cost,
        }
        for role, hours, cost in _AGENTS
        if (count := counts.get(role, 0) if counts else 1)
    ]


def usual_capacity(agents: Iterable[Any]) -> dict[str, float]:
    """The hours that can be planned of these agents, by discipline; what is not an agent is passed over."""
    hours: defaultdict[str, float] = defaultdict(float)
    for one in agents:
        discipline = _discipline(one)
        if discipline is not None:
            hours[discipline] += _PLANNED * one["weekly_hours"]
    return {name: round(planned, 1) for name, planned in hours.items()}


def _discipline(agents: Any) -> str | None:
    if not isinstance(agents, Mapping) or not isinstance(agents.get("weekly_hours"), int | float):
        return None
    role = agents.get("role")
    if not isinstance(role, str) or role not in set(AgentRole):
        return None
    discipline = AgentRole(role).discipline
    return None if discipline is None else discipline.value
