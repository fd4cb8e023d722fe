"""What teams have free in the sprints to come."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from agents.planning.request import PlanningInput
from integrations.tracker import Sprint

MOST_SPRINTS = 16
"""Sprints of a team that are looked at: about eight months. What does not fit into them is no plan."""


@dataclass(frozen=True, slots=True)
class Free:
    """A sprint with what is left of it: agent-hours by discipline, commitments taken off."""

    sprint: Sprint
    hours: Mapping[str, float]


def free_hours(given: PlanningInput, *, running: bool = False) -> dict[str, tuple[Free, ...]]:
    """For each team its sprints that begin on or after the plan's start, first to last.

    With `running` also the sprint that runs today, its hours and commitments cut to the working days that
    are left of it.
    """
    committed: defaultdict[tuple[str, str], float] = defaultdict(float)
    for story in given.committed():
        committed[story.sprint or "", story.discipline] += story.estimate_hours or 0.0
    found: dict[str, tuple[Free, ...]] = {}
    for team in given.teams:
        week = {discipline.value: hours for discipline, hours in team.capacity.items()}
        total = sum(week.values()) or 1.0
        coming = sorted(
            (s for s in given.sprints if s.team == team.id and _left(s, given, running)), key=_start
        )
        found[team.id] = tuple(
            Free(
                sprint,
                {
                    name: _left(sprint, given, running)
                    * max(0.0, sprint.capacity_hours * hours / total - committed[sprint.id, name])
                    for name, hours in week.items()
                },
            )
            for sprint in coming[:MOST_SPRINTS]
        )
    return found


def _left(sprint: Sprint, given: PlanningInput, running: bool) -> float:
    """What part of a sprint can still be planned: 0 of one that is over, or runs and is not asked for."""
    if sprint.starts >= given.starts:
        return 1.0
    if not running or sprint.starts > given.today or sprint.ends <= given.starts:
        return 0.0
    days = len(given.days.between(sprint.starts, sprint.ends))
    return len(given.days.between(given.starts, sprint.ends)) / days if days else 0.0


def _start(sprint: Sprint) -> tuple[date, str]:
    return sprint.starts, sprint.id
