"""`rollback`: the version before runs again; in a declared incident at once, else by its row of the matrix."""

from __future__ import annotations

from governance.people import Role
from governance.permissions import acts
from handlers.conversation.cards import Reply
from handlers.conversation.desk import Desk
from handlers.conversation.handler import Asked, CannotAnswer, Group, Handler, Risk
from handlers.conversation.origin import known
from handlers.conversation.submitting import ask_for_approval
from handlers.conversation.turn import Turn
from handlers.language.labels import read_version
from handlers.operations.targets import demand_running, service_of, stage_of
from integrations.deployments import Stage, Target
from integrations.deployments.going_back import NoWayBack, way_back


async def answer(turn: Turn, asked: Asked, desk: Desk) -> Reply:
    """Roll back what is named, in production where no environment is said, to the version before where none
    is, or where it is the one that runs."""
    service = await service_of(desk, asked)
    runs = await demand_running(desk, Target(service, stage_of(asked.text) or Stage.PRODUCTION))
    now = runs.running.version
    said = read_version(asked.text.replace(service, " "))
    why = f"{known(turn).name} asked to take {service} {now} back."
    try:
        action = await way_back(desk.ports.deployments, runs.target, None if said == now else said, why)
    except NoWayBack as no:
        raise CannotAnswer(f"{no} Nothing was done.") from no
    return await ask_for_approval(turn, desk, action)


HANDLER = Handler(
    name="rollback",
    purpose="Take a version back",
    example="roll back payments",
    group=Group.STOP,
    permission=acts(Role.SRE_LEAD, Role.ENGINEERING_DIRECTOR),
    answer=answer,
    risk=Risk.DANGEROUS,
)
