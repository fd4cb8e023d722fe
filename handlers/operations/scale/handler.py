"""`scale`: more or fewer replicas of what runs."""

from __future__ import annotations

from governance.people import Role
from governance.permissions import acts
from handlers.conversation.cards import Reply
from handlers.conversation.desk import Desk
from handlers.conversation.handler import Asked, CannotAnswer, Group, Handler, Risk
from handlers.conversation.origin import known
from handlers.conversation.submitting import ask_for_approval
from handlers.conversation.turn import Turn
from handlers.conversation.wording import counted
from handlers.language.amounts import Replicas, read_replicas
from handlers.operations.targets import Runs, demand_running, service_of, stage_of
from integrations.deployments import Stage, Target
from integrations.deployments.actions import MOST_REPLICAS, Scale


async def answer(turn: Turn, asked: Asked, desk: Desk) -> Reply:
    """Scale what is named, in production where no environment is said."""
    service = await service_of(desk, asked)
    wanted = read_replicas(asked.text.replace(service, " "))
    runs = await demand_running(desk, Target(service, stage_of(asked.text) or Stage.PRODUCTION))
    if wanted is None:
        raise CannotAnswer(
            f"{service} has {counted(runs.running.replicas, 'replica')} in {runs.target.stage}. How many"
            f" shall it be? Say “scale {service} to {runs.running.replicas + 2}”, for example."
        )
    count = _count(wanted, runs.running.replicas)
    if count == runs.running.replicas:
        raise CannotAnswer(
            f"{service} has {counted(count, 'replica')} in {runs.target.stage}. Nothing was done."
        )
    return await ask_for_approval(turn, desk, _action(turn, runs, count))


def _count(wanted: Replicas, now: int) -> int:
    """How many replicas that makes. Raises CannotAnswer for what cannot be."""
    made = {"to": wanted.value, "by": now + wanted.value, "times": now * wanted.value}[wanted.how]
    if made != made.to_integral_value() or not 0 <= made <= MOST_REPLICAS:
        raise CannotAnswer(
            f"That would make {made.normalize():f} replicas of {now}. Name a whole number, at most"
            f" {MOST_REPLICAS:,}."
        )
    return int(made)


def _action(turn: Turn, runs: Runs, count: int) -> Scale:
    running, where = runs.running, runs.target
    return Scale(
        service=where.service,
        environment=where.stage,
        replicas=count,
        before=running.replicas,
        rationale=f"{known(turn).name} asked for {count} replicas.",
        impact=f"{where.service} {running.version} runs in {where.stage} with {count} replicas, not"
        f" {running.replicas}.",
        rollback_plan=f"Scale it back to {running.replicas}.",
    )


HANDLER = Handler(
    name="scale",
    purpose="More or fewer replicas of a service",
    example="give orders four more pods",
    group=Group.STOP,
    permission=acts(Role.SRE_LEAD),
    answer=answer,
    risk=Risk.DANGEROUS,
)
