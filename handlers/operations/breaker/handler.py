"""`breaker`: refuse requests in place of a service that cannot take them, and let them through again."""

from __future__ import annotations

import re
from datetime import datetime

from governance.people import Role
from governance.permissions import acts
from handlers.conversation.cards import Reply
from handlers.conversation.desk import Desk
from handlers.conversation.handler import Asked, CannotAnswer, Group, Handler, Risk
from handlers.conversation.origin import known
from handlers.conversation.submitting import ask_for_approval
from handlers.conversation.turn import Turn
from handlers.language.dates import read_moment
from handlers.language.durations import read_duration
from handlers.operations.breaker.order import Order, order_of
from handlers.operations.targets import breaker_text, service_of, stage_of
from integrations.deployments import Shed, Stage, Status, Target
from integrations.deployments.actions import LONGEST_BREAKER, SHORTEST_BREAKER, CloseBreaker, OpenBreaker


async def answer(turn: Turn, asked: Asked, desk: Desk) -> Reply:
    """Open or close the breaker of what is named, in production where no environment is said."""
    service = await service_of(desk, asked)
    target = Target(service, stage_of(asked.text) or Stage.PRODUCTION)
    if not desk.ports.deployments.has_breakers:
        raise CannotAnswer(
            f"The platform that runs {service} has no breakers: refuse its requests at your gateway or mesh."
        )
    status = await desk.ports.deployments.status(target)
    if status.stable is None:
        raise CannotAnswer(f"Nothing of {service} runs in {target.stage}, so there is nothing to protect.")
    words = asked.text.replace(service, " ")
    order = order_of(words)
    if order is None:
        raise CannotAnswer(
            f"Shall I open the breaker of {service}, so that its requests are refused, or close it? Say “open"
            f" the breaker of {service} for 10 minutes” or “close the breaker of {service}”. Nothing was done."
        )
    if order is Order.CLOSE:
        return await ask_for_approval(turn, desk, _closed(turn, status))
    sheds = Shed.LESS_URGENT if order is Order.SHED else Shed.ALL
    zone = desk.department.calendar_of(known(turn).id).time_zone
    return await ask_for_approval(turn, desk, _opened(turn, status, sheds, _seconds(words, desk.now, zone)))


def _closed(turn: Turn, status: Status) -> CloseBreaker:
    service, stage = status.target.service, status.target.stage
    if status.breaker is None:
        raise CannotAnswer(f"The breaker of {service} in {stage} is closed. Nothing was done.")
    return CloseBreaker(
        service=service,
        environment=stage,
        rationale=f"{known(turn).name} asked for it.",
        impact=f"All requests reach {service} in {stage} again.",
        rollback_plan=f"Open the breaker of {service} again.",
    )


def _opened(turn: Turn, status: Status, sheds: Shed, seconds: int) -> OpenBreaker:
    service, stage = status.target.service, status.target.stage
    stands = f" {breaker_text(status.breaker)}" if status.breaker else ""
    lasts = f"{seconds // 60} minutes" if seconds % 60 == 0 and seconds > 60 else f"{seconds} seconds"
    return OpenBreaker(
        service=service,
        environment=stage,
        sheds=sheds,
        seconds=seconds,
        rationale=f"{known(turn).name} asked for it.{stands}",
        impact=f"{sheds.capitalize()} to {service} in {stage} are refused at once, for {lasts} at most.",
        rollback_plan=f"Close the breaker of {service}.",
    )


def _seconds(words: str, now: datetime, zone: str) -> int:
    """For how long. Raises CannotAnswer for what cannot be."""
    said = read_duration(words)
    if said is None and (until := _UNTIL.search(words)) and (moment := read_moment(until[1], now, zone)):
        said = moment.at - now
    seconds = _USUAL_SECONDS if said is None else round(said.total_seconds())
    if not SHORTEST_BREAKER <= seconds <= LONGEST_BREAKER:
        raise CannotAnswer(
            f"A breaker stays open for {SHORTEST_BREAKER} seconds to {LONGEST_BREAKER // 60} minutes. Nothing"
            " was done; name another time."
        )
    return seconds


_USUAL_SECONDS = 600
_UNTIL = re.compile(r"\b(?:until|till|til)\b(.*)", re.IGNORECASE)

HANDLER = Handler(
    name="breaker",
    purpose="Refuse requests in place of a service that cannot take them",
    example="open the breaker of payments for 5 minutes",
    group=Group.STOP,
    permission=acts(Role.SRE_LEAD, Role.ENGINEERING_DIRECTOR),
    answer=answer,
    risk=Risk.DANGEROUS,
)
