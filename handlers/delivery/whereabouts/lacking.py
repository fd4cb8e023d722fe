"""What a request needs that the department's file leaves out: said when it is asked for, with the next step."""

from __future__ import annotations

from governance.department import Department
from handlers.conversation.handler import CannotAnswer

NO_TEAMS = (
    "I know no teams yet. Add them to department.yaml under `teams:`, a name for each is enough; they count"
    " from the next start."
)
NO_PRODUCTS = (
    "I know no products yet. Add them to department.yaml under `products:`, each with a name and a product"
    " owner; they count from the next start."
)


def demand_teams(department: Department) -> None:
    """Raises CannotAnswer where the department has no team that could do what is asked for."""
    if not department.teams:
        raise CannotAnswer(NO_TEAMS)


def demand_products(department: Department) -> None:
    """Raises CannotAnswer where the department has no product that what is asked for could be part of."""
    if not department.products:
        raise CannotAnswer(NO_PRODUCTS)
