"""`costs`: what runs now costs a month by the price list, and what of it was idle."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal

from agents.operations.measured_traffic import busiest_share, whole_minute
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
from integrations.deployments import Running, Stage, Target
from integrations.metrics import MetricsError
from integrations.prices import NoPrice, PricesError, Unit, UnitPrice
from integrations.prices.costs import HOURS_A_MONTH
from storage.look import Away

_MOST_SERVICES = 50
_CENT = Decimal("0.01")
_OTHERS = re.compile(
    r"\bagents?\b|\bmodels?\b|\btokens?\b|\bteams?\b|\bfeatures?\b|\bbudgets?\b|\btrends?\b|\bforecast\b"
    r"|\blast (?:week|month|quarter|year)\b|\bthis quarter\b|\bso far\b|\bbuilding\b"
)
"""Costs that nothing here keeps yet: of agents, of features, of the past."""


@dataclass(frozen=True, slots=True)
class _Line:
    """What a service's replicas in one stage cost a month. `used` is the share of its database connections that
    was in use in its busiest five minutes of the last day, None where nobody measured that."""

    service: str
    stage: Stage
    running: Running
    as_of: datetime
    price: UnitPrice
    monthly: Decimal
    used: float | None

    @property
    def idle(self) -> int | None:
        """Replicas that were not needed even then; one always is."""
        if self.used is None:
            return None
        return self.running.replicas - max(math.ceil(self.used * self.running.replicas), 1)


async def answer(turn: Turn, asked: Asked, desk: Desk) -> Reply:
    """What the named service, or each, costs a month as it runs now."""
    if _OTHERS.search(asked.text.lower()):
        return not_built(HANDLER, await helps_now(turn, desk, HANDLER.name, asked.text))
    named = await service_meant(desk, asked.words("what"))
    known = await desk.ports.deployments.services()
    if named is not None and named not in known:
        raise CannotAnswer(f"I do not see what of {named} runs, so I cannot tell what it costs.")
    wanted = sorted(known)[:_MOST_SERVICES] if named is None else [named]
    lines: list[_Line] = []
    unknown: list[str] = []
    for service in wanted:
        for stage in Stage:
            await _add(desk, Target(service, stage), lines, unknown)
    return _reply(lines, unknown)


async def _add(desk: Desk, target: Target, lines: list[_Line], unknown: list[str]) -> None:
    status = await desk.ports.deployments.status(target)
    if status.stable is None or not status.stable.replicas:
        return
    try:
        price = await desk.ports.prices.price(Unit.REPLICA_HOUR, target.service)
    except (NoPrice, PricesError, Away) as missing:
        unknown.append(f"{target}: {missing}")
        return
    monthly = price.on_demand * status.stable.replicas * HOURS_A_MONTH
    used = await _used(desk, target)
    lines.append(_Line(target.service, target.stage, status.stable, status.as_of, price, monthly, used))


async def _used(desk: Desk, target: Target) -> float | None:
    try:
        return await busiest_share(desk.ports.metrics, target, whole_minute(desk.now))
    except (MetricsError, Away):
        return None


def _reply(lines: list[_Line], unknown: list[str]) -> Reply:
    if not lines:
        raise CannotAnswer(unknown[0] if unknown else "Nothing runs, so nothing costs.")
    rows = tuple(
        (
            line.service,
            line.stage.value,
            str(line.running.replicas),
            f"{_money(line.monthly)} {line.price.currency}",
            "not measured" if line.idle is None else f"{line.idle} ({_money(_idle_cost(line))})",
        )
        for line in lines
    )
    totals = {
        currency: sum((one.monthly for one in lines if one.price.currency == currency), Decimal(0))
        for currency in sorted({line.price.currency for line in lines})
    }
    total = " and ".join(f"{_money(amount)} {currency}" for currency, amount in totals.items())
    summary = f"What runs now costs {total} a month on demand ({HOURS_A_MONTH} hours)."
    idle = sum((_idle_cost(line) for line in lines), Decimal(0))
    if idle:
        summary += (
            f" Of that {_money(idle)} is idle: replicas that the last day’s busiest five minutes left over."
        )
    sources = sorted({f"{line.price.source}, {line.price.as_of:%Y-%m-%d}" for line in lines})
    sample = " They are invented, for the sample." if any(line.price.is_sample for line in lines) else ""
    blocks: list[Block] = [
        Text((summary,)),
        Table(("Service", "Where", "Replicas", "A month", "Idle replicas (cost)"), rows, "llrrr"),
        Small((f"Prices: {'; '.join(sources)}.{sample} Idle is by database connections in use.",)),
    ]
    if unknown:
        blocks.append(Small((f"Not in it: {'; '.join(unknown)}",)))
    return Reply(text=summary, cards=(Card("Costs of what runs", tuple(blocks)),), facts=_facts(lines))


def _idle_cost(line: _Line) -> Decimal:
    return line.price.on_demand * (line.idle or 0) * HOURS_A_MONTH


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
            Fact(f"r{number}", f"Replicas of {what}", line.running.replicas, "replicas", line.as_of, status),
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
    return tuple(facts)


HANDLER = Handler(
    name="costs",
    purpose="What agents and infrastructure cost, and where to save",
    example="what does orders cost us a month?",
    group=Group.SEE,
    permission=reads(Role.ENGINEERING_DIRECTOR, Role.PRODUCT_OWNER, Role.SRE_LEAD),
    answer=answer,
)
