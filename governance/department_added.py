"""Teams and products that were added in chat, beside those of the department's file.

They stay until the file names some itself: from then on the file rules, and they are gone for good. So the two
never contradict each other. Teams and products are told apart: a file that names teams alone keeps the products
of the chat.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from governance.department import Department, Described, Id, Loose, Product, Team
from governance.people import Role

_Entry = TypeVar("_Entry", Team, Product)


class Added(Described):
    """What was added in chat, in that order."""

    teams: Annotated[tuple[Team, ...], Loose] = ()
    products: Annotated[tuple[Product, ...], Loose] = ()

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> Added:
        """As it is kept with the department."""
        return cls.model_validate_json(json.dumps(body))

    def beside(self, file: Department) -> Added:
        """What of it is still there once the file is taken over."""
        teams = () if file.teams else self.teams
        has_teams = bool(file.teams or teams)
        return Added(teams=teams, products=self.products if has_teams and not file.products else ())

    def names(self) -> tuple[str, ...]:
        """What was added, as people call it."""
        return (*(team.name for team in self.teams), *(product.name for product in self.products))


def with_added(file: Department, added: Added) -> Department:
    """The department of a file with what was added in chat, as far as the file does not rule it.

    Whoever left the file leads and owns nothing: whom the file would have taken is taken instead.
    """
    kept = added.beside(file)
    teams = file.teams or tuple(
        team.model_copy(
            update={"lead": _present(file, team.lead, Role.ENGINEERING_DIRECTOR, Role.PRODUCT_OWNER)}
        )
        for team in kept.teams
    )
    there = tuple(team.id for team in teams)
    products = file.products or tuple(
        product.model_copy(
            update={
                "owner": _present(file, product.owner, Role.PRODUCT_OWNER),
                "teams": tuple(team for team in product.teams if team in there) or there,
            }
        )
        for product in kept.products
    )
    return file.model_copy(update={"teams": teams, "products": products})


def without(entries: tuple[_Entry, ...], id: Id) -> tuple[_Entry, ...]:
    """All but the one with this id."""
    return tuple(one for one in entries if one.id != id)


def _present(file: Department, person: str, *roles: Role) -> str:
    active = [entry for entry in file.people if entry.active]
    if any(entry.id == person for entry in active):
        return person
    holders = (entry for role in roles for entry in active if role in entry.roles)
    return next((entry.id for entry in (*holders, *active)), person)
