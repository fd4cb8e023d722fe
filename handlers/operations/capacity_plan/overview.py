"""The capacity of everything that runs in production: each service's risk on one card, its plan on a click."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from agents.operations.capacity.sizing import Level, Risk
from governance.facts import Fact, Source
from handlers.conversation.cards import Block, Bullets, Button, Buttons, Card, Reply, Small, Table, Text, Tone
from handlers.conversation.desk import Desk
from handlers.conversation.handler import CannotAnswer
from handlers.conversation.turn import Turn
from handlers.conversation.wording import counted, listed
from handlers.operations.capacity_plan.parse import Ahead
from handlers.operations.capacity_plan.planning import Planned, plan_service
from integrations.deployments import Stage, Target

LIGHTS = {Level.RED: "🔴 Red", Level.YELLOW: "🟡 Yellow", Level.GREEN: "🟢 Green"}
TONES: dict[Level, Tone] = {Level.RED: "bad", Level.YELLOW: "warning", Level.GREEN: "good"}

_MOST_SERVICES = 12
"""Each takes up to a second to forecast. The others are named, one click away."""

_MOST_BUTTONS = 20
_KEPT = 200
"""Characters of the request that a button repeats for one service."""


@dataclass(frozen=True, slots=True)
class _Unknown:
    """A service for which nothing can be planned, and why."""

    service: str
    why: str


async def overview(turn: Turn, desk: Desk, ahead: Ahead, text: str) -> Reply:
    """Plan for each service that runs in production. Raises CannotAnswer where none does."""
    services = sorted(await desk.ports.deployments.services())
    looks = (desk.ports.deployments.status(Target(service, Stage.PRODUCTION)) for service in services)
    statuses = await asyncio.gather(*looks)
    running = [status.target.service for status in statuses if status.stable is not None]
    if not running:
        raise CannotAnswer("Nothing runs in production, so there is nothing to plan for.")
    planned: list[Planned] = []
    unknown: list[_Unknown] = []
    for service in running[:_MOST_SERVICES]:
        try:
            planned.append(await plan_service(turn, desk, service, ahead))
        except CannotAnswer as cannot:
            unknown.append(_Unknown(service, str(cannot)))
    return _reply(desk, ahead, planned, unknown, running[_MOST_SERVICES:], text)


def _reply(
    desk: Desk,
    ahead: Ahead,
    planned: list[Planned],
    unknown: list[_Unknown],
    left: list[str],
    text: str,
) -> Reply:
    order = list(Level)
    planned = sorted(planned, key=lambda one: order.index(risk.level) if (risk := worst(one)) else len(order))
    levels = [risk.level for one in planned if (risk := worst(one)) is not None]
    counts = [f"{levels.count(level)} {level.value}" for level in Level if level in levels]
    blind = len(planned) - len(levels) + len(unknown)
    counts += [f"{blind} not known"] if blind else []
    counts += [f"{len(left)} not looked at"] if left else []
    summary = (
        f"{ahead.name}: {counted(len(planned) + len(unknown), 'service')} in production, {', '.join(counts)}."
    )
    blocks: list[Block] = [Text((summary,))]
    if planned:
        rows = tuple(
            (one.service, f"{one.plan.peak.high:,.4g}/s", _replicas(one), _risk_text(one)) for one in planned
        )
        blocks.append(Table(("Service", "Peak, high end", "Replicas", "Worst risk"), rows, "lrll"))
    if unknown:
        blocks.append(Bullets(tuple((f"{one.service}: {one.why}",) for one in unknown)))
    if left:
        blocks.append(Small((f"Not looked at: {listed(left, 'and')}. Ask for one by its name.",)))
    names = [one.service for one in planned] + [one.service for one in unknown] + left
    buttons = tuple(
        Button(name, "ask", f"capacity_plan {text[:_KEPT]} of {name}") for name in names[:_MOST_BUTTONS]
    )
    blocks.append(Buttons(buttons))
    tone = TONES[min(levels, key=order.index)] if levels else "plain"
    return Reply(
        text=summary,
        cards=(Card(f"Capacity of production for {ahead.name}", tuple(blocks), tone),),
        facts=tuple(
            Fact(
                f"s{number}",
                f"Peak of {one.service}, high end",
                round(one.plan.peak.high, 4),
                "requests/s",
                desk.now,
                Source("computation", one.expected.basis),
            )
            for number, one in enumerate(planned, 1)
        ),
    )


def worst(planned: Planned) -> Risk | None:
    """The worst risk of a plan. None where nothing is known of what carries the traffic: no risk was seen, and
    that is not green."""
    risks = planned.plan.risks
    if not planned.plan.needs and all(risk.level is Level.GREEN for risk in risks):
        return None
    return risks[0] if risks else None


def _risk_text(planned: Planned) -> str:
    risk = worst(planned)
    if risk is None:
        return planned.plan.unknown[0]
    return f"{LIGHTS[risk.level]}: {risk.what}. {risk.why}"


def _replicas(planned: Planned) -> str:
    needed = next((need.needed for need in planned.plan.needs if need.what == "replicas"), None)
    wanted = "not known" if needed is None else f"{needed:,.0f}"
    return f"{planned.replicas} → {wanted}"
