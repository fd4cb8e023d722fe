"""`costs`: what runs now costs a month by the price list, and what of it was idle; and what agents cost."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal

from agents.operations.capacity.idle_capacity import LOOKED_BACK, IdleCapacity, idle_capacity
from agents.operations.capacity.known_capacity import carried
from governance.facts import Fact, Source
from governance.people import Role
from governance.permissions import reads
from handlers.conversation.answers import not_built
from handlers.conversation.cards import Block, Card, Reply, Small, Table, Text
from handlers.conversation.desk import Desk
from handlers.conversation.handler import Asked, CannotAnswer, Group, Handler
from handlers.conversation.helps_now import helps_now
from handlers.conversation.subjects import service_meant
from handlers.conversation.turn import Turn
from handlers.operations.costs.agents import answer_about_agents
from integrations.deployments import Stage, Target
from integrations.metrics import MetricsError
from integrations.prices import NoPrice, PricesError, Unit, UnitPrice
from integrations.prices.costs import HOURS_A_MONTH
from storage.look import Away

_CENT = Decimal("0.01")
_OTHERS = re.compile(
    r"\bfeatures?\b|\bbudgets?\b|\btrends?\b|\bforecast\b|\blast (?:week|month|quarter|year)\b"
    r"|\bthis quarter\b|\bso far\b|\bbuilding\b"
)
"""Costs of infrastructure that nothing here keeps yet: of features, of the past."""


@dataclass(frozen=True, slots=True)
class _Line:
    """What a service's replicas in one stage cost a month, those of a canary among them. `idle` is what its
    traffic did not need of late; without it `why` says what is not known."""

    service: str
    stage: Stage
    replicas: int
    as_of: datetime
    price: UnitPrice
    idle: IdleCapacity | None
    why: str

    @property
    def monthly(self) -> Decimal:
        """On demand."""
        return self.price.on_demand * self.replicas * HOURS_A_MONTH

    @property
    def idle_cost(self) -> Decimal:
        """What the idle replica-hours cost on demand."""
        return Decimal(0) if self.idle is None else self.price.on_demand * Decimal(str(self.idle.replica_hours))


async def answer(turn: Turn, asked: Asked, desk: Desk) -> Reply:
    """What agents cost, where that is asked; else what the named service, or each, costs a month as it runs
    now, and what of late stood idle."""
    if (of_agents := await answer_about_agents(asked.text, desk)) is not None:
        return of_agents
    if _OTHERS.search(asked.text.lower()):
        return not_built(HANDLER, await helps_now(turn, desk, HANDLER.name, asked.text))
    named = await service_meant(desk, asked.words("what"))
    known = await desk.ports.deployments.services()
    if named is not None and named not in known:
        raise CannotAnswer(f"I do not see what of {named} runs, so I cannot tell what it costs.")
    lines: list[_Line] = []
    unknown: list[str] = []
    for service in sorted(known) if named is None else [named]:
        for stage in Stage:
            await _add(desk, Target(service, stage), lines, unknown)
    return _reply(lines, unknown)


async def _add(desk: Desk, target: Target, lines: list[_Line], unknown: list[str]) -> None:
    status = await desk.ports.deployments.status(target)
    running = [one for one in (status.stable, status.canary) if one is not None and one.replicas]
    if not running:
        return
    try:
        price = await desk.ports.prices.price(Unit.REPLICA_HOUR, target.service)
    except (NoPrice, PricesError, Away) as missing:
        unknown.append(f"{target}: {missing}")
        return
    replicas = sum(one.replicas for one in running)
    idle, why = await _idle(desk, target, running[0].version)
    lines.append(_Line(target.service, target.stage, replicas, status.as_of, price, idle, why))


async def _idle(desk: Desk, target: Target, version: str) -> tuple[IdleCapacity | None, str]:
    if target.stage is not Stage.PRODUCTION:
        return None, "not judged"
    shown = await carried(desk.tx, target.service, version)
    if shown is None or shown.law is None:
        return None, "not known: simulate load"
    try:
        found = await idle_capacity(desk.ports.metrics, target.service, shown.law, desk.now)
    except (MetricsError, Away):
        found = None
    return found, "not measured"


def _reply(lines: list[_Line], unknown: list[str]) -> Reply:
    if not lines:
        raise CannotAnswer(unknown[0] if unknown else "Nothing runs, so nothing costs.")
    rows = tuple(
        (
            line.service,
            line.stage.value,
            str(line.replicas),
            f"{_money(line.monthly)} {line.price.currency}",
            line.why if line.idle is None else _idle_text(line, line.idle),
        )
        for line in lines
    )
    total = _total((line.price.currency, line.monthly) for line in lines)
    summary = f"What runs now costs {total} a month on demand ({HOURS_A_MONTH} hours)."
    if any(line.idle_cost for line in lines):
        idle = _total((line.price.currency, line.idle_cost) for line in lines if line.idle_cost)
        summary += f" In the last {LOOKED_BACK.days} days {idle} went to replicas that traffic did not need."
    sources = sorted({line.price.said for line in lines})
    how = "Idle is what ran beyond what measured traffic needed, by load tests, with a fifth to spare."
    blocks: list[Block] = [
        Text((summary,)),
        Table(("Service", "Where", "Replicas", "A month", f"Idle in {LOOKED_BACK.days} days"), rows, "llrrr"),
        Small((f"Prices: {'; '.join(sources)}. {how}",)),
    ]
    if unknown:
        blocks.append(Small((f"Not in it: {'; '.join(unknown)}",)))
    return Reply(text=summary, cards=(Card("Costs of what runs", tuple(blocks)),), facts=_facts(lines))


def _idle_text(line: _Line, idle: IdleCapacity) -> str:
    cost = f"{_money(line.idle_cost)} {line.price.currency}"
    return f"{cost}: {idle.replica_hours:,.1f} replica-hours in {idle.hours:,.0f} h measured"


def _total(amounts: Iterable[tuple[str, Decimal]]) -> str:
    """Sums by currency: what is in another one is never added."""
    totals: dict[str, Decimal] = {}
    for currency, amount in amounts:
        totals[currency] = totals.get(currency, Decimal(0)) + amount
    return " and ".join(f"{_money(totals[currency])} {currency}" for currency in sorted(totals))


def _money(amount: Decimal) -> str:
    return f"{amount.quantize(_CENT, ROUND_HALF_EVEN):,}"


def _facts(lines: list[_Line]) -> tuple[Fact, ...]:
    facts = []
    for number, line in enumerate(lines, 1):
        what, day = f"{line.service} in {line.stage}", line.price.as_of
        at = datetime(day.year, day.month, day.day, tzinfo=UTC)
        status = Source("query", f"the platform's status of {what}")
        monthly = Source(
            "computation", f"replicas × price × {HOURS_A_MONTH} h", (f"Replicas of {what}", f"Price of {what}")
        )
        facts += [
            Fact(f"r{number}", f"Replicas of {what}", line.replicas, "replicas", line.as_of, status),
            Fact(
                f"p{number}",
                f"Price of {what}",
                line.price.on_demand,
                f"{line.price.currency}/replica-hour",
                at,
                Source("file", line.price.source),
            ),
            Fact(f"m{number}", f"{what} a month", line.monthly, line.price.currency, line.as_of, monthly),
        ]
        if (idle := line.idle) is not None:
            measured = Source("query", idle.source)
            hours = round(idle.replica_hours, 2)
            facts.append(Fact(f"i{number}", f"Idle of {what}", hours, "replica-hours", idle.as_of, measured))
    return tuple(facts)


HANDLER = Handler(
    name="costs",
    purpose="What agents and infrastructure cost, and where to save",
    example="what does orders cost us a month?",
    group=Group.SEE,
    permission=reads(Role.ENGINEERING_DIRECTOR, Role.PRODUCT_OWNER, Role.SRE_LEAD),
    answer=answer,
)
