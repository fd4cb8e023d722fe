"""Teams and products added to the department in chat, and taken away again.

They stand beside the department's file (`governance.department_added`). What that names itself changes there
alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from governance.action import Action, Grant, Outcome, OutcomeState, Subject
from governance.department import AgentRole, Department, Described, Id, Name, Product, Team
from governance.department_added import Added, with_added, without
from governance.department_rows import digest_of, read_department
from governance.directory import lock_people, people
from governance.people import Person, Role
from governance.people_words import id_from
from governance.registry import ActionSpec, EffectFailed, free
from governance.tables import DepartmentRow
from governance.team_defaults import usual_agents, usual_capacity
from storage.database import locked

MOST = 100
"""Teams, and products, of a department that can be added in chat."""


class AgentsWanted(Described):
    """So many agents of one role; what they work and cost is what agents of it usually do."""

    role: AgentRole = Field(strict=False)
    count: int = Field(ge=1, le=100)


class AddTeam(Action):
    """The department has one more team. Without `agents` it has one of each kind; without `products` it builds
    all that there are, and where there are none, one that is called as the department."""

    type: ClassVar[str] = "governance.add_team"
    decision_type: ClassVar[str] = "team_change"

    team: Id
    name: Name
    lead: str
    agents: tuple[AgentsWanted, ...] = ()
    products: tuple[Name, ...] = Field(default=(), max_length=20)

    def summary(self) -> str:
        return self.described({self.lead: self.lead})

    def described(self, names: Mapping[str, str]) -> str:
        builds = f", which builds {', '.join(self.products)}" if self.products else ""
        return f"Add the team {self.name}, led by {names[self.lead]}{builds}"


class RemoveTeam(Action):
    """A team that was added in chat is there no more, nor are products that it alone built."""

    type: ClassVar[str] = "governance.remove_team"
    decision_type: ClassVar[str] = "team_change"

    team: Id
    name: Name

    def summary(self) -> str:
        return f"Remove the team {self.name}"


class AddProduct(Action):
    """The department has one more product. Without `teams`, all of them build it."""

    type: ClassVar[str] = "governance.add_product"
    decision_type: ClassVar[str] = "product_change"

    product: Id
    name: Name
    owner: str
    teams: tuple[Id, ...] = ()

    def summary(self) -> str:
        return self.described({self.owner: self.owner})

    def described(self, names: Mapping[str, str]) -> str:
        return f"Add the product {self.name}, owned by {names[self.owner]}"


class RemoveProduct(Action):
    """A product that was added in chat is there no more."""

    type: ClassVar[str] = "governance.remove_product"
    decision_type: ClassVar[str] = "product_change"

    product: Id
    name: Name

    def summary(self) -> str:
        return f"Remove the product {self.name}"


class CannotAdd(Exception):
    """The department could not be like this. The text says why, and what to do."""


def add_team(
    name: str, lead: str, agents: tuple[AgentsWanted, ...], products: tuple[str, ...], reason: str
) -> AddTeam:
    """The action, as it stands in the record. Raises ValueError for a name without a letter, or too long."""
    return AddTeam(
        rationale=reason,
        impact="Plans and stories may be given to it from the next request on.",
        rollback_plan="Remove the team; stories that it was given stay where they are.",
        team=id_from(name),
        name=name,
        lead=lead,
        agents=agents,
        products=products,
    )


def add_product(name: str, owner: str, teams: tuple[str, ...], reason: str) -> AddProduct:
    """The action, as it stands in the record. Raises ValueError for a name without a letter, or too long."""
    return AddProduct(
        rationale=reason,
        impact="Plans and stories may be for it from the next request on.",
        rollback_plan="Remove the product; what was made for it stays where it is.",
        product=id_from(name),
        name=name,
        owner=owner,
        teams=teams,
    )


async def check_addition(tx: AsyncSession, action: AddTeam | AddProduct) -> None:
    """Raises CannotAdd where the department could not have it."""
    await _later(tx, action, await read_department(tx), Added.of(await _added(tx)))


async def _added(tx: AsyncSession) -> Mapping[str, object]:
    found: Mapping[str, object] = (await tx.execute(select(DepartmentRow.added))).scalar_one()
    return found


_Addition = AddTeam | AddProduct
_Removal = RemoveTeam | RemoveProduct


async def _later(tx: AsyncSession, action: _Addition, now: Department, added: Added) -> Added:
    everybody = {person.id: person for person in await people(tx) if person.active}
    if isinstance(action, AddTeam):
        return _with_team(action, now, added, everybody)
    return _with_product(action, now, added, everybody)


def _with_team(action: AddTeam, now: Department, added: Added, people: Mapping[str, Person]) -> Added:
    if len(now.teams) > len(added.teams):
        raise CannotAdd("department.yaml names the teams itself: add it there; it counts from the next start.")
    _demand_new(action.team, action.name, now.teams, "team")
    if action.lead not in people:
        raise CannotAdd(f"There is nobody active called {action.lead} who could lead it.")
    own = {product.id for product in added.products}
    named = {id_from(name): name for name in action.products}
    if not named and not now.products and _owner(people) is not None:
        named = {id_from(now.name) or "product": now.name}
    theirs = [product.name for product in now.products if product.id in named and product.id not in own]
    if theirs:
        raise CannotAdd(f"department.yaml says who builds {theirs[0]}: change it there.")
    agents = usual_agents({wanted.role: wanted.count for wanted in action.agents})
    said = {"id": action.team, "name": action.name, "lead": action.lead, "mission": action.name}
    team = Team.model_validate({**said, "agents": agents, "capacity": usual_capacity(agents)})
    products = [_joined(product, team.id, named) for product in added.products]
    products += _new_products(named, now, team.id, people)
    return Added(teams=(*added.teams, team), products=tuple(products))


def _joined(product: Product, team: str, named: Mapping[str, str]) -> Product:
    if named and product.id not in named:
        return product
    return product.model_copy(update={"teams": (*product.teams, team)})


def _new_products(
    named: Mapping[str, str], now: Department, team: str, people: Mapping[str, Person]
) -> list[Product]:
    new = {id: name for id, name in named.items() if id not in {product.id for product in now.products}}
    owner = _owner(people)
    if new and owner is None:
        raise CannotAdd("Nobody is product owner, and a product needs one: give somebody the role first.")
    return [Product(id=id, name=name, owner=owner or "", teams=(team,)) for id, name in new.items()]


def _with_product(action: AddProduct, now: Department, added: Added, people: Mapping[str, Person]) -> Added:
    if len(now.products) > len(added.products):
        raise CannotAdd(
            "department.yaml names the products itself: add it there; it counts from the next start."
        )
    _demand_new(action.product, action.name, now.products, "product")
    there = tuple(team.id for team in now.teams)
    if not there:
        raise CannotAdd("A product is built by teams, and there are none yet: add a team first.")
    if unknown := [team for team in action.teams if team not in there]:
        raise CannotAdd(f"There is no team {unknown[0]} any more.")
    owner = people.get(action.owner)
    if owner is None or Role.PRODUCT_OWNER not in owner.roles:
        who = owner.name if owner else action.owner
        raise CannotAdd(f"{who} is no product owner, and a product needs one.")
    product = Product(id=action.product, name=action.name, owner=owner.id, teams=action.teams or there)
    return Added(teams=added.teams, products=(*added.products, product))


def _demand_new(id: str, name: str, there: tuple[Team, ...] | tuple[Product, ...], kind: str) -> None:
    if any(one.id == id for one in there):
        raise CannotAdd(f"There is a {kind} called {name} already.")
    if len(there) >= MOST:
        raise CannotAdd(f"There are {len(there)} {kind}s: write them into department.yaml.")


def _owner(people: Mapping[str, Person]) -> str | None:
    return min((one.id for one in people.values() if Role.PRODUCT_OWNER in one.roles), default=None)


async def _add(action: _Addition, _grant: Grant, tx: AsyncSession) -> Outcome:
    row = await _locked_row(tx)
    now, added = await read_department(tx), Added.of(row.added)
    try:
        later = await _later(tx, action, now, added)
    except CannotAdd as cannot:
        raise EffectFailed(str(cannot)) from cannot
    await _keep(tx, row, now, added, later)
    return Outcome(OutcomeState.DONE, f"{action.name} is there now.", id_from(action.name))


async def _remove(action: _Removal, _grant: Grant, tx: AsyncSession) -> Outcome:
    row = await _locked_row(tx)
    now, added = await read_department(tx), Added.of(row.added)
    if isinstance(action, RemoveTeam):
        fewer = (product.model_copy(update={"teams": _but(product, action.team)}) for product in added.products)
        later = Added(
            teams=without(added.teams, action.team),
            products=tuple(product for product in fewer if product.teams),
        )
    else:
        later = Added(teams=added.teams, products=without(added.products, action.product))
    if later == added:
        raise EffectFailed(f"{action.name} was not added in chat, or is not there any more.")
    await _keep(tx, row, now, added, later)
    return Outcome(OutcomeState.DONE, f"{action.name} is not there any more.", id_from(action.name))


def _but(product: Product, team: str) -> tuple[str, ...]:
    return tuple(one for one in product.teams if one != team)


async def _locked_row(tx: AsyncSession) -> DepartmentRow:
    # People first, then the department: a start that takes a file over locks them in this order, too.
    await lock_people(tx)
    return (await tx.execute(locked(select(DepartmentRow)))).scalar_one()


async def _keep(tx: AsyncSession, row: DepartmentRow, now: Department, added: Added, later: Added) -> None:
    # What is not from the chat is the file's: so the next start finds what it would make of both itself.
    file = now.model_copy(
        update={
            "teams": () if len(now.teams) == len(added.teams) else now.teams,
            "products": () if len(now.products) == len(added.products) else now.products,
        }
    )
    row.body = with_added(file, later).model_dump(mode="json")
    row.digest, row.added = digest_of(row.body), later.model_dump(mode="json")
    await tx.flush()


def _undo_team(action: AddTeam, _: Outcome) -> Action:
    return RemoveTeam(
        rationale="Takes back that the team was added",
        impact="Nothing new is given to it; stories that it was given stay where they are.",
        rollback_plan="Add the team again.",
        team=action.team,
        name=action.name,
    )


def _undo_product(action: AddProduct, _: Outcome) -> Action:
    return RemoveProduct(
        rationale="Takes back that the product was added",
        impact="Nothing new is made for it; what was made for it stays where it is.",
        rollback_plan="Add the product again.",
        product=action.product,
        name=action.name,
    )


def _subject(_action: Action) -> Subject:
    return Subject("department")


SPECS = (
    ActionSpec(AddTeam, _subject, change=_add, undo=_undo_team, costs=free),
    ActionSpec(RemoveTeam, _subject, change=_remove, costs=free),
    ActionSpec(AddProduct, _subject, change=_add, undo=_undo_product, costs=free),
    ActionSpec(RemoveProduct, _subject, change=_remove, costs=free),
)
