"""How a service is just now, in figures: beside what is usual, and what is left of its error budget."""

from __future__ import annotations

import re
from datetime import timedelta

from agents.operations.error_budgets import Budget, read_budgets
from agents.operations.incident_rows import open_incidents
from agents.operations.response.health import Health, State, look
from governance.facts import Fact, Source
from handlers.conversation.cards import Block, Card, Reply, Small, Table, Text, Tone
from handlers.conversation.desk import Desk
from handlers.conversation.handler import CannotAnswer
from handlers.conversation.turn import Turn
from handlers.conversation.wording import capital, counted, listed
from integrations.deployments import Target
from integrations.metrics import MetricsError
from storage.look import Away

HEALTH = re.compile(
    r"\b(?:down|up|healthy|health|ok|okay|slow|fast|responding|errors?|latency|p95|load|loaded|traffic"
    r"|failing|fine|available|alive|broken)\b",
    re.IGNORECASE,
)
"""Signs that it is asked how a service is, and not only what of it runs."""
BUDGET = re.compile(r"\b(?:error budgets?|budget|slos?|objectives?|burn(?:ing)? rate)\b", re.IGNORECASE)

_LATELY = timedelta(minutes=5)
"""What is usual is what was before these, and before any incident that is open."""
_SAYS = {
    State.WELL: "is as usual",
    State.FAILING: "fails more often than usual",
    State.SLOW: "is slower than usual",
}


async def health_of(turn: Turn, desk: Desk, target: Target) -> tuple[str, tuple[Fact, ...]]:
    """How it is, in sentences, with the figures. What cannot be told is said."""
    going_on = [
        one
        for one in await open_incidents(desk.tx)
        if (one.service, one.stage) == (target.service, target.stage.value)
    ]
    incidents = listed(one.id for one in going_on)
    known = f" {incidents} {'is' if len(going_on) == 1 else 'are'} open for it." if going_on else ""
    since = min((turn.at - _LATELY, *(one.started for one in going_on)))
    try:
        health = await look(desk.ports.metrics, target, since, turn.at)
    except (MetricsError, Away) as refused:
        return f"How it is cannot be looked up: {refused}{known}", ()
    where = f"{target.service} in {target.stage}"
    if health.state is State.UNKNOWN:
        asked = "nothing is measured of it"
        if health.now.requests:
            asked = f"it had {counted(round(health.now.requests), 'request')} {_lately(health)}"
        return f"I cannot tell how {where} is: {asked}.{known}", ()
    return f"{capital(where)} {_SAYS[health.state]}: {_level(health)}.{known}", _facts(health)


def _level(health: Health) -> str:
    now, usual = health.now, health.usual
    parts = []
    if now.failed is not None:
        beside = "" if usual.failed is None else f" (usually {usual.failed:.1%})"
        parts.append(f"{now.failed:.1%} of {now.requests:.0f} requests failed {_lately(health)}{beside}")
    if now.p95 is not None:
        beside = "" if usual.p95 is None else f" (usually {1000 * usual.p95:,.0f} ms)"
        parts.append(f"95 of 100 took less than {1000 * now.p95:,.0f} ms{beside}")
    return ", ".join(parts)


def _lately(health: Health) -> str:
    """Which time it was looked at: more of it, where metrics are coarser."""
    seconds = health.lasting.total_seconds()
    return "in the last half minute" if seconds == 30 else f"in the last {seconds:g} s"


def _facts(health: Health) -> tuple[Fact, ...]:
    source = Source("query", "; ".join(health.queries))
    now = health.now
    unit = f"in {health.lasting.total_seconds():g} s"
    facts = [Fact("requests_now", "Requests", round(now.requests), unit, health.as_of, source)]
    if now.failed is not None:
        facts.append(
            Fact("failed_now", "Failed", round(100 * now.failed, 2), "% of requests", health.as_of, source)
        )
    if now.p95 is not None:
        facts.append(
            Fact("p95_now", "95th percentile of latency", round(1000 * now.p95), "ms", health.as_of, source)
        )
    return tuple(facts)


async def budgets(turn: Turn, desk: Desk, service: str | None) -> Reply:
    """What is left of the error budget: of one service, or of all that are measured. Raises CannotAnswer."""
    try:
        found = await read_budgets(desk.ports.metrics, desk.department.objectives, turn.at)
    except MetricsError as refused:
        raise CannotAnswer(f"That could not be looked up: {refused}") from refused
    shown = [one for one in found if service in (None, one.service)]
    if not shown:
        of = service or "any service"
        raise CannotAnswer(f"I do not know: nothing is measured of {of} in production in the last 30 days.")
    facts = tuple(fact for one in shown for fact in _budget_facts(one))
    text = " ".join(_budget_text(one) for one in (shown if service else shown[:1]))
    note = Small(("What may fail is counted over the requests that were measured. Least left first.",))
    blocks: tuple[Block, ...] = (Text((text,)),) if service else (Text((text,)), _table(shown), note)
    return Reply(text=text, cards=(Card("Error budget of 30 days", blocks, _tone(shown[0])),), facts=facts)


def _tone(one: Budget) -> Tone:
    left = one.budget.left or 0.0
    return "good" if left > 0.5 else "warning" if left > 0 else "bad"


def _budget_text(one: Budget) -> str:
    """`orders has 63 % of its error budget left: 37 of the 100 requests that may fail in 30 days did. …`"""
    budget, left = one.budget, one.budget.left or 0.0
    has = (
        f"has {left:.0%} of its error budget left"
        if left >= 0
        else f"has overspent its error budget by {-left:.0%}"
    )
    did = f"{round(budget.bad):,} requests failed where {budget.allowed:,.0f} of {budget.total:,.0f} may"
    measured = f"{one.objective.target:.2%} are promised; {budget.covered:.0%} of the 30 days was measured"
    return f"{one.service} {has}: {did} ({measured})."


def _table(shown: list[Budget]) -> Table:
    rows = tuple(
        (
            one.service,
            f"{one.objective.target:.2%}",
            f"{one.budget.left or 0.0:.0%}",
            f"{round(one.budget.bad):,} of {one.budget.allowed:,.0f}",
            f"{one.budget.covered:.0%}",
        )
        for one in shown
    )
    return Table(("Service", "Promised", "Left", "Failed of those that may", "Measured"), rows, "lrrrr")


def _budget_facts(one: Budget) -> tuple[Fact, ...]:
    counts = Source(
        "query", f"requests and failed requests of {one.service} in production, hour by hour, 30 days"
    )
    how = f"1 − failed / ((1 − {one.objective.target}) × requests)"
    source = Source("computation", how, (f"failed_{one.service}", f"total_{one.service}"))
    left = round(100 * (one.budget.left or 0.0), 1)
    return (
        Fact(
            f"failed_{one.service}",
            f"Failed, {one.service}",
            round(one.budget.bad),
            "requests",
            one.as_of,
            counts,
        ),
        Fact(
            f"total_{one.service}",
            f"Requests, {one.service}",
            round(one.budget.total),
            "requests",
            one.as_of,
            counts,
        ),
        Fact(f"budget_{one.service}", f"Error budget left, {one.service}", left, "%", one.as_of, source),
    )
