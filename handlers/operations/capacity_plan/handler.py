"""`capacity_plan`: the traffic ahead, what it takes, what may fail, and what it costs either way."""

from __future__ import annotations

from governance.people import Role
from governance.permissions import reads
from handlers.conversation.cards import Reply
from handlers.conversation.desk import Desk
from handlers.conversation.handler import Asked, Group, Handler
from handlers.conversation.origin import known
from handlers.conversation.subjects import demand_to_act, service_meant
from handlers.conversation.submitting import ask_for_approval
from handlers.conversation.turn import Clicked, Turn
from handlers.operations.capacity_plan.card import capacity_reply
from handlers.operations.capacity_plan.overview import overview
from handlers.operations.capacity_plan.parse import read_ahead
from handlers.operations.capacity_plan.planning import plan_service
from handlers.operations.targets import service_of
from handlers.operations.wanted_capacity import Wanted, demand_wanted


async def answer(turn: Turn, asked: Asked, desk: Desk) -> Reply:
    """Plan for the time that is named, or the next month: for the service that is meant, or for each. Raises
    CannotAnswer."""
    zone = desk.department.calendar_of(None).time_zone
    named = await service_meant(desk, asked.words("what"))
    if named is None and desk.memory.topic.get("service") is None:
        return await overview(turn, desk, read_ahead(asked.text, desk.now, zone), asked.text)
    service = await service_of(desk, asked)
    ahead = read_ahead(asked.text.replace(service, " "), desk.now, zone)
    planned = await plan_service(turn, desk, service, ahead)
    desk.memory.about(capacity=planned.id if planned.wanted is not None else "")
    return await capacity_reply(desk, planned)


async def _reserve(turn: Turn, desk: Desk) -> Reply:
    """Ask for the reservation, as its row of the matrix says."""
    plan, wanted = await _pressed(turn, desk)
    return await ask_for_approval(turn, desk, await wanted.action(turn, desk, plan))


async def _defer(turn: Turn, desk: Desk) -> Reply:
    """Nothing is reserved, and that is said."""
    _, wanted = await _pressed(turn, desk)
    return Reply(
        text=f"Deferred: nothing is reserved for {wanted.service}. Ask for the plan again at any time."
    )


async def _pressed(turn: Turn, desk: Desk) -> tuple[str, Wanted]:
    """The plan's id, and what it is short of. Raises CannotAnswer for those who may only read, and for what is
    no plan any more."""
    demand_to_act(known(turn), HANDLER.name, desk)
    if not isinstance(turn.what, Clicked):
        raise TypeError("a press is a click")
    return turn.what.subject, await demand_wanted(desk, turn.what.subject)


HANDLER = Handler(
    name="capacity_plan",
    purpose="Forecast the load of an event and plan for it",
    example="Analyze Black Friday capacity requirements based on current trends",
    group=Group.STOP,
    permission=reads(Role.SRE_LEAD, Role.ENGINEERING_DIRECTOR),
    answer=answer,
    presses={"reserve_capacity": _reserve, "defer_capacity": _defer},
)
