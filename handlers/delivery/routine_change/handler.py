"""`routine_change`: changes of code that a rule makes, without a model: lint, a package's version, and such."""

from __future__ import annotations

from collections.abc import Sequence

from agents.engineering.by_rule.asked import EXAMPLES, Meant, Unclear, read
from agents.engineering.by_rule.works import said
from agents.engineering.repositories import Known, known_repositories, repository_called
from agents.engineering.routine_step import Routine, begin_routine
from governance.department import Department
from governance.people import Person, Role
from governance.permissions import reads
from handlers.conversation.cards import Button, Buttons, Card, Reply, Text
from handlers.conversation.desk import Desk
from handlers.conversation.handler import Asked, CannotAnswer, Group, Handler, Risk
from handlers.conversation.origin import known, place_json
from handlers.conversation.run_card import run_reply
from handlers.conversation.subjects import demand_to_act
from handlers.conversation.turn import Turn
from handlers.delivery.preconditions import demand_agents, demand_products, demand_teams
from handlers.language.kinds import Thing
from handlers.language.matching import nearest
from integrations.code_host.refusals import CodeHostError

_MOST_OFFERED = 5


async def answer(turn: Turn, asked: Asked, desk: Desk) -> Reply:
    """Have the change made that is named. Raises CannotAnswer."""
    person = known(turn)
    demand_to_act(person, HANDLER.name, desk)
    meant = _meant(asked.text)
    try:
        repositories = [one for one in await known_repositories(desk.ports) if one.is_open]
    except CodeHostError as refused:
        raise CannotAnswer(str(refused)) from refused
    found = repository_called(meant.where, repositories) if meant.where else None
    if found is None:
        return _which(meant, repositories)
    demand_agents(desk, "Ask again when they go on.")
    demand_teams(desk.department, person)
    demand_products(desk.department, person)
    routine = _routine(meant, found, person, desk.department)
    desk.demand_order(routine.title)
    run = await begin_routine(desk.tx, routine, requester=person.id, place=place_json(turn.place), turn=turn.id)
    desk.memory.about(run=run.id)
    return await run_reply(desk, run)


def _meant(text: str) -> Meant:
    match read(text):
        case Meant() as meant:
            return meant
        case Unclear(question):
            raise CannotAnswer(question)
        case None:
            listed = "\n".join(f"• {one}" for one in EXAMPLES)
            raise CannotAnswer(
                f"By rule I do these, one at a time, said in a whole sentence:\n{listed}\nAnything else"
                " an agent writes with a model: add it to the backlog, and put an agent on it."
            )


def _which(meant: Meant, repositories: Sequence[Known]) -> Reply:
    if not repositories:
        raise CannotAnswer("There is no repository that agents may write to. Connect a code host first.")
    ids = [one.repository.id for one in repositories]
    things = [Thing(one, one.rpartition("/")[2].replace("-", " "), (one,)) for one in ids]
    likely = [one.id for one in nearest(meant.where, things)] if meant.where else []
    offered = [*likely, *(one for one in ids if one not in likely)][:_MOST_OFFERED]
    text = (
        f"No repository is called {meant.where}. Which one is meant?" if meant.where else "In which repository?"
    )
    buttons = tuple(Button(one, "ask", f"routine_change {said(meant.work, one)}") for one in offered)
    return Reply(text=text, cards=(Card("Which repository?", (Text((text,)), Buttons(buttons)), "waiting"),))


def _routine(meant: Meant, found: Known, person: Person, department: Department) -> Routine:
    """Its story is the team's that owns the service; else that of whoever asks; else of the first."""
    teams = [team.id for team in department.teams]
    likely = (found.service.team if found.service is not None else None, person.team, teams[0])
    team = next(one for one in likely if one in teams)
    product = next((one.id for one in department.products if team in one.teams), department.products[0].id)
    return Routine(meant.work, found.repository.id, team, product)


HANDLER = Handler(
    name="routine_change",
    purpose="Routine changes, made by rule: lint, a package, API docs, changelog, a rename, a new service",
    example="fix the lint in orders",
    group=Group.PLAN,
    permission=reads(
        Role.ENGINEERING_DIRECTOR, Role.PRODUCT_OWNER, Role.ENGINEER, Role.ARCHITECT, Role.SRE_LEAD
    ),
    answer=answer,
    risk=Risk.ACTS,
)
