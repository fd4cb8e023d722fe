"""Teams and products added in chat: the forms that ask for them, and what was filled in, submitted.

Whoever may build a feature may press; the gate rules who of them does it alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from governance.action import OutcomeState
from governance.actions.department import (
    AddProduct,
    AddTeam,
    AgentsWanted,
    CannotAdd,
    add_product,
    add_team,
    check_addition,
)
from governance.approvals.store import approval_row
from governance.department import AgentRole, Department
from governance.department_rows import read_department
from governance.people import Role
from governance.team_defaults import usual_agents
from handlers.conversation.acts import note_act
from handlers.conversation.amending import UNDO
from handlers.conversation.approval_card import approval_reply
from handlers.conversation.cards import Button, Buttons, Card, Fields, Form, Input, Reply, Text
from handlers.conversation.desk import Desk
from handlers.conversation.handler import CannotAnswer
from handlers.conversation.origin import known
from handlers.conversation.submitting import not_done, submit
from handlers.conversation.turn import Clicked, Turn
from handlers.conversation.wording import counted, listed

ADD_TEAM, ADD_PRODUCT = "add_team", "add_product"
"""The verbs of the buttons; their subject is the request that was asked for, with its words."""

_REQUEST = "build_feature"
_LONGEST_SUBJECT = 2000
_ROLES = tuple(AgentRole(one["role"]) for one in usual_agents())
_COUNTED = re.compile(r"(?P<count>\d{1,3})\s*(?:x|×)?\s*(?P<role>[a-z][a-z _-]*)|(?P<bare>[a-z][a-z _-]*)")


def team_button(department: Department, subject: str, label: str = "Add teams") -> Button:
    """Opens the form for one team."""
    return Button(label, ADD_TEAM, subject[:_LONGEST_SUBJECT], "primary", _team_form(department))


def product_button(department: Department, subject: str, label: str = "Add products") -> Button:
    """Opens the form for one product."""
    return Button(label, ADD_PRODUCT, subject[:_LONGEST_SUBJECT], "primary", _product_form(department))


def _team_form(department: Department) -> Form:
    people = tuple((entry.id, entry.name) for entry in department.people if entry.active)
    products = listed((product.name for product in department.products), "or")
    return Form(
        title="Add a team",
        submit="Add it",
        intro="It counts from the next request on, and stays until department.yaml names teams itself.",
        inputs=(
            Input("name", "Its name", "line"),
            Input("lead", "Who leads it", "choice", _lead(department), people),
            Input(
                "agents",
                "Its agents",
                "line",
                "",
                (),
                False,
                "Empty: one of each kind. 2: two of each. Or by role: 3 backend engineers, 1 QA",
            ),
            Input(
                "products",
                "Products that it builds",
                "line",
                "",
                (),
                False,
                f"With commas between them. Empty: {products or department.name}",
            ),
        ),
    )


def _product_form(department: Department) -> Form:
    owners = tuple(
        (one.id, one.name) for one in department.people if one.active and Role.PRODUCT_OWNER in one.roles
    )
    owner = owners[0][0] if owners else ""
    everybody = tuple((one.id, one.name) for one in department.people if one.active)
    teams = tuple((team.id, team.name) for team in department.teams)
    return Form(
        title="Add a product",
        submit="Add it",
        intro="It counts from the next request on, and stays until department.yaml names products itself.",
        inputs=(
            Input("name", "Its name", "line"),
            # Roles change in chat, so that somebody may hold this one whom the file does not give it.
            Input("owner", "Its product owner", "choice", owner, everybody),
            Input("teams", "Teams that build it", "choices", (), teams, False, "None chosen: all of them"),
        ),
    )


def _lead(department: Department) -> str:
    directors = (one.id for one in department.people if one.active and Role.ENGINEERING_DIRECTOR in one.roles)
    return next(directors, "")


async def press_add_team(turn: Turn, desk: Desk) -> Reply:
    """The team that was filled in."""
    pressed = _clicked(turn)
    name, products = _text(pressed, "name"), _text(pressed, "products")
    try:
        action = add_team(
            name,
            _text(pressed, "lead"),
            read_agents(_text(pressed, "agents")),
            tuple(filter(None, (" ".join(one.split()) for one in re.split(r"[,;\n]", products)))),
            f"{known(turn).name} added it in chat.",
        )
    except ValueError:
        raise CannotAnswer(_no_name(name or products)) from None
    return await _add(turn, desk, action)


async def press_add_product(turn: Turn, desk: Desk) -> Reply:
    """The product that was filled in."""
    pressed = _clicked(turn)
    name, teams = _text(pressed, "name"), pressed.values.get("teams", ())
    chosen = (teams,) if isinstance(teams, str) else teams
    try:
        action = add_product(
            name, _text(pressed, "owner"), tuple(filter(None, chosen)), f"{known(turn).name} added it in chat."
        )
    except ValueError:
        raise CannotAnswer(_no_name(name)) from None
    return await _add(turn, desk, action)


def read_agents(said: str) -> tuple[AgentsWanted, ...]:
    """`2` (of each kind) or `3 backend engineers, 1 QA`; nothing for nothing. Raises CannotAnswer."""
    said = said.strip().casefold()
    if not said:
        return ()
    if said.isascii() and said.isdigit():
        return tuple(AgentsWanted(role=role, count=_count(said)) for role in _ROLES)
    found: dict[AgentRole, int] = {}
    for part in filter(None, (one.strip() for one in re.split(r"[,;\n]|\band\b", said))):
        read = _COUNTED.fullmatch(part)
        role = None if read is None else _role(read["role"] or read["bare"])
        if read is None or role is None:
            roles = listed(_called(one) for one in _ROLES)
            raise CannotAnswer(f"I do not know the agents “{part}”. There are {roles}. Nothing was added.")
        found[role] = found.get(role, 0) + _count(read["count"] or "1")
    return tuple(AgentsWanted(role=role, count=_count(str(count))) for role, count in found.items())


def _count(said: str) -> int:
    if not 1 <= int(said) <= 100:
        raise CannotAnswer(f"{said} agents of one kind are not possible: write 1 to 100. Nothing was added.")
    return int(said)


def _role(said: str) -> AgentRole | None:
    wanted = re.sub(r"s$", "", " ".join(re.split(r"[\s_-]+", said.strip())))
    shorter = wanted.removesuffix(" engineer").removesuffix(" developer").removesuffix(" agent")
    for role in _ROLES:
        name = role.value.replace("_", " ")
        if name in (wanted, shorter, said.strip()) or name.removesuffix(" engineer") == shorter:
            return role
    return None


def _called(role: AgentRole) -> str:
    return "QA" if role is AgentRole.QA else "SRE" if role is AgentRole.SRE else role.value.replace("_", " ")


async def _add(turn: Turn, desk: Desk, action: AddTeam | AddProduct) -> Reply:
    try:
        await check_addition(desk.tx, action)
    except CannotAdd as cannot:
        raise CannotAnswer(f"{cannot} Nothing was added.") from None
    desk.memory.intent = _REQUEST
    submitted = await submit(turn, desk, action, correcting=True)
    act = note_act(turn, desk, effect=submitted.effect)
    if submitted.approval is not None:
        return await approval_reply(desk, await approval_row(desk.tx, submitted.approval))
    if submitted.outcome is None:
        raise CannotAnswer(not_done(submitted.ruling))
    if submitted.outcome.state is not OutcomeState.DONE:
        raise CannotAnswer(f"{submitted.outcome.detail} Nothing was added.")
    return _added(await read_department(desk.tx), action, _clicked(turn).subject, act.id if act else None)


def _added(department: Department, action: AddTeam | AddProduct, subject: str, act: str | None) -> Reply:
    """What is there now, and how to go on."""
    if isinstance(action, AddTeam):
        pairs, more = _of_team(department, action.team), team_button(department, subject, "Add another team")
    else:
        pairs = _of_product(department, action.product)
        more = product_button(department, subject, "Add another product")
    told = "; ".join(f"{label}: {value}" for label, value in pairs)
    text = f"{action.name} is there now, from the next request on. {told}."
    buttons = []
    if " " in subject:
        buttons.append(Button("Ask again", "ask", subject, "primary"))
    buttons.append(more)
    if act is not None:
        buttons.append(Button("Undo", UNDO, act))
    blocks = (Text((text.partition(". ")[0] + ".",)), Fields(pairs), Buttons(tuple(buttons)))
    return Reply(text=text, cards=(Card(f"Added: {action.name}", blocks, "good"),))


_Pairs = tuple[tuple[str, str], ...]


def _of_team(department: Department, id: str) -> _Pairs:
    team = department.team(id)
    agents = sum(one.count for one in team.agents)
    hours = sum(team.capacity.values())
    builds = listed(product.name for product in department.products if id in product.teams)
    return (
        ("Lead", department.person(team.lead).name),
        ("Agents", f"{counted(agents, 'agent')}, {hours:g} hours a week to plan"),
        ("Builds", builds or "no product yet"),
    )


def _of_product(department: Department, id: str) -> _Pairs:
    product = department.product(id)
    teams: Sequence[str] = [department.team(team).name for team in product.teams]
    return ("Product owner", department.person(product.owner).name), ("Built by", listed(teams))


def _no_name(said: str) -> str:
    return f"“{said[:60]}” can name nothing: write letters or digits, at most 120. Nothing was added."


def _text(pressed: Clicked, name: str) -> str:
    said = pressed.values.get(name, "")
    return " ".join(said.split()) if isinstance(said, str) else ""


def _clicked(turn: Turn) -> Clicked:
    if not isinstance(turn.what, Clicked):
        raise TypeError("a press is a click")
    return turn.what
