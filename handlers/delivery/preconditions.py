"""What a request of delivery needs before it begins: agents that are not halted, teams, products.

What is missing is said when it is asked for; whoever may add it finds a button beside the sentence.
"""

from __future__ import annotations

from collections.abc import Callable

from governance.department import Department
from governance.people import Person
from governance.permissions import Allowed
from handlers.catalogue import may_request
from handlers.conversation.cards import Button, Buttons, Card, Reply, Text
from handlers.conversation.desk import Desk
from handlers.conversation.handler import CannotAnswer
from handlers.delivery.whereabouts.adding import product_button, team_button

NO_TEAMS = (
    "I know no teams yet. Add them to department.yaml under `teams:`, a name for each is enough; they count"
    " from the next start."
)
NO_PRODUCTS = (
    "I know no products yet. Add them to department.yaml under `products:`, each with a name and a product"
    " owner; they count from the next start."
)
_Opens = Callable[[Department, str], Button]
ADD_HERE = " Or add them here: then they count at once."


def demand_agents(desk: Desk, then: str) -> None:
    """Raises CannotAnswer while all agents are halted: what they would begin now would end at once. `then` says
    how things stand, and what to do when the agents go on."""
    halt = desk.standing.halt
    if halt is not None:
        raise CannotAnswer(f"All agents are halted by {halt.name or halt.by} ({halt.reason}). {then}")


class Lacking(CannotAnswer):
    """What is missing can be added where it is missed."""

    def __init__(
        self, says: str, title: str, button: Callable[[Department, str], Button], of: Department
    ) -> None:
        super().__init__(says + ADD_HERE)
        self._title, self._button, self._department = title, button, of

    def reply(self, request: str, text: str) -> Reply:
        """The sentence, with a form that adds it; behind the form, the same is asked again."""
        button = self._button(self._department, f"{request} {text}".strip())
        card = Card(self._title, (Text((str(self),)), Buttons((button,))), "warning")
        return Reply(text=str(self), cards=(card,))


def demand_teams(department: Department, person: Person | None) -> None:
    """Raises CannotAnswer where the department has no team that could do what is asked for."""
    if not department.teams:
        raise _lacking(NO_TEAMS, "There are no teams yet", team_button, department, person)


def demand_products(department: Department, person: Person | None) -> None:
    """Raises CannotAnswer where the department has no product that what is asked for could be part of."""
    if not department.products:
        raise _lacking(NO_PRODUCTS, "There are no products yet", product_button, department, person)


def _lacking(
    says: str,
    title: str,
    button: _Opens,
    department: Department,
    person: Person | None,
) -> CannotAnswer:
    if isinstance(may_request(person, "build_feature"), Allowed):
        return Lacking(says, title, button, department)
    return CannotAnswer(says)
