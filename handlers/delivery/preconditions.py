"""What a request of delivery needs before it begins: agents that are not halted, teams, products."""

from __future__ import annotations

from governance.department import Department
from handlers.conversation.desk import Desk
from handlers.conversation.handler import CannotAnswer

NO_TEAMS = (
    "I know no teams yet. Add them to department.yaml under `teams:`, a name for each is enough; they count"
    " from the next start."
)
NO_PRODUCTS = (
    "I know no products yet. Add them to department.yaml under `products:`, each with a name and a product"
    " owner; they count from the next start."
)


def demand_agents(desk: Desk, then: str) -> None:
    """Raises CannotAnswer while all agents are halted: what they would begin now would end at once. `then` says
    how things stand, and what to do when the agents go on."""
    halt = desk.standing.halt
    if halt is not None:
        raise CannotAnswer(f"All agents are halted by {halt.name or halt.by} ({halt.reason}). {then}")


def demand_teams(department: Department) -> None:
    """Raises CannotAnswer where the department has no team that could do what is asked for."""
    if not department.teams:
        raise CannotAnswer(NO_TEAMS)


def demand_products(department: Department) -> None:
    """Raises CannotAnswer where the department has no product that what is asked for could be part of."""
    if not department.products:
        raise CannotAnswer(NO_PRODUCTS)
