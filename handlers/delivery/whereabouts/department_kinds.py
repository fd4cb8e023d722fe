"""How the department's own are named: people, teams, products, agents, services and documents."""

from __future__ import annotations

import re
from collections.abc import Sequence

from governance.department import AgentRole, Department
from governance.directory import people
from governance.visibility import Scope
from handlers.conversation.desk import Desk
from handlers.language.kinds import Kind, Thing
from integrations.written_ids import WrittenIds

_MOST = 50
_PRDS = WrittenIds(re.compile(r"\bPRD[-_][\w-]*\w", re.IGNORECASE), "as written")


def team_things(department: Department) -> tuple[Thing, ...]:
    """A department's teams as people name them."""
    return tuple(Thing(team.id, team.name) for team in department.teams)


def product_things(department: Department) -> tuple[Thing, ...]:
    """A department's products as people name them."""
    return tuple(Thing(one.id, one.name, one.aliases) for one in department.products)


async def _people(desk: Desk, _scope: Scope, _text: str) -> Sequence[Thing]:
    """Whoever is active, by name or first name; two of one first name are both meant by it."""
    active = (one for one in await people(desk.tx) if one.active)
    return [Thing(one.id, one.name, tuple(one.name.split()[:1])) for one in active]


async def _former(desk: Desk, _scope: Scope, _text: str) -> Sequence[Thing]:
    left = (one for one in await people(desk.tx) if not one.active)
    return [Thing(one.id, one.name, tuple(one.name.split()[:1])) for one in left]


async def _teams(desk: Desk, _scope: Scope, _text: str) -> Sequence[Thing]:
    return team_things(desk.department)


async def _products(desk: Desk, _scope: Scope, _text: str) -> Sequence[Thing]:
    return product_things(desk.department)


async def _agents(_desk: Desk, _scope: Scope, _text: str) -> Sequence[Thing]:
    return [Thing(role.value, role.value.replace("_", " ")) for role in AgentRole]


async def _services(desk: Desk, _scope: Scope, text: str) -> Sequence[Thing]:
    return [Thing(one.id, one.name) for one in await desk.ports.services.find(text, _MOST)]


async def _documents(desk: Desk, scope: Scope, text: str) -> Sequence[Thing]:
    found = await desk.ports.documents.find(text, _MOST) if scope.everything else ()
    return [Thing(name, name) for name in found]


PERSON = Kind("person", _people, missing="I know nobody called “{}”.")
FORMER_PERSON = Kind("former_person", _former, missing="I know nobody called “{}”.")
TEAM = Kind(
    "team",
    _teams,
    missing="There is no team “{}”.",
    before=("team", "squad"),
    behind=("team", "squad"),
)
PRODUCT = Kind("product", _products, missing="There is no product “{}”.", behind=("product",))
AGENT = Kind("agent", _agents, missing="There is no “{}” agent.", behind=("agent",))
SERVICE = Kind(
    "service",
    _services,
    missing="There is no service called “{}”.",
    behind=("service", "microservice"),
)
DOCUMENT = Kind(
    "document",
    _documents,
    missing="There is no document called {}.",
    missing_here="There is no document called {} that you may see.",
    ids=lambda _: _PRDS,
)
KINDS = (PERSON, FORMER_PERSON, TEAM, PRODUCT, AGENT, SERVICE, DOCUMENT)
