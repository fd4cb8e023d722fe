"""Capacity and costs in chat, over a platform and figures that are known."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, cast

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from agents.operations.capacity.reservation_actions import ReserveCapacity, specs
from agents.operations.capacity.tables import CapacityPlanRow, ReservationRow
from agents.operations.load_testing.load_verdict import LoadResult, LoadVerdict
from agents.operations.load_testing.tables import LoadTestRow
from agents.work.tables import RunRow
from governance.action import Grant
from governance.registry import EffectFailed
from handlers.conversation.cards import Button, Buttons, Reply
from handlers.conversation.desk import Desk
from handlers.conversation.memory import Memory
from handlers.operations.wanted_capacity import demand_wanted
from integrations.deployments import Canary, Running, Stage, Status, Target
from integrations.load.actions import Level, RunLoadTest
from integrations.metrics import Answer, CallEdge, Measure, MetricsQuery, Resolution, Series
from integrations.prices import Unit, UnitPrice
from tests.handlers.conftest import Talk

NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)
SERVICES = ("cart", "orders", "payment-service")


@dataclass
class Acme:
    """Services in production, each with its replicas, its traffic and its price's currency."""

    resolution = Resolution(timedelta(seconds=15))

    replicas: dict[str, int] = field(default_factory=lambda: dict.fromkeys(SERVICES, 2))
    rates: dict[str, float] = field(default_factory=lambda: {"orders": 40.0, "cart": 10.0})
    currencies: dict[str, str] = field(default_factory=dict)
    canary: Canary | None = None

    async def services(self) -> tuple[str, ...]:
        return tuple(self.replicas)

    async def status(self, target: Target) -> Status:
        is_there = target.stage is Stage.PRODUCTION
        stable = Running("5.0.0", "d" * 64, self.replicas[target.service], 1) if is_there else None
        canary = self.canary if is_there and target.service == "orders" else None
        return Status(target, stable, canary, None, NOW)

    async def series(self, query: MetricsQuery) -> Answer:
        rate = self.rates.get(query.service or "")
        if rate is None or query.measure not in (Measure.REQUESTS, Measure.REPLICAS):
            return Answer((), NOW, "acme")
        many = float(self.replicas[query.service or ""])
        waves = [rate * (1 + 0.5 * math.sin(math.tau * at.timestamp() / 86_400)) for at in query.times]
        values = tuple(waves) if query.measure is Measure.REQUESTS else tuple(many for _ in query.times)
        return Answer((Series(query.measure, {}, query.times, values, NOW, "acme"),), NOW, "acme")

    async def call_edges(self, stage: Stage | None, start: datetime, end: datetime) -> Sequence[CallEdge]:
        raise NotImplementedError

    async def price(self, unit: Unit, service: str | None = None) -> UnitPrice:
        currency = self.currencies.get(service or "", "USD")
        return UnitPrice(unit, None, Decimal("0.10"), None, currency, NOW.date(), "the list")


@pytest.fixture
def acme() -> Acme:
    return Acme()


@pytest.fixture
def talks(talk: Talk, acme: Acme, monkeypatch: pytest.MonkeyPatch) -> Talk:
    made = talk._desk

    async def desk(tx: AsyncSession, memory: Memory) -> Desk:
        real = await made(tx, memory)
        fake = cast(Any, acme)
        return replace(real, ports=replace(real.ports, deployments=fake, metrics=fake, prices=fake))

    monkeypatch.setattr(talk, "_desk", desk)
    talk.now = NOW
    return talk


async def _gave_way(talk: Talk, held: float, replicas: int = 1) -> None:
    """A load test of orders that held this rate, and broke at more."""
    why: Mapping[str, str] = {"rationale": "r", "impact": "i", "rollback_plan": "s"}
    action = RunLoadTest(
        service="orders",
        environment=Stage.STAGING,
        version="5.0.0",
        address="http://127.0.0.1:9",
        path="/",
        levels=(Level(rate=held * 2, seconds=5),),
        base_rate=None,
        most_failed=0.01,
        slowest_ms=500,
        over_by=NOW,
        **why,
    )
    result = LoadResult(LoadVerdict.FAILED, "It broke.", (), held, held * 2, "")
    async with talk.database.transaction(talk.tenant) as tx:
        tx.add(RunRow(id="rn_0123456789ab", kind="load_test", title="Load test", state="done", created=NOW))
        await tx.flush()
        tx.add(
            LoadTestRow(
                run="rn_0123456789ab",
                service="orders",
                replicas=replicas,
                action=action.body(),
                announced="at_1",
                verdict=result.verdict.value,
                result=result.dump(),
                created=NOW - timedelta(days=1),
            )
        )


def _words(reply: Reply) -> str:
    return reply.text + str(reply.cards)


def _all_buttons(reply: Reply) -> list[Button]:
    return [
        button
        for card in reply.cards
        for block in card.blocks
        if isinstance(block, Buttons)
        for button in block.buttons
    ]


async def test_without_a_service_all_of_production_is_planned_for(talks: Talk) -> None:
    await _gave_way(talks, 50.0)
    asked = "/capacity_plan Analyze Black Friday capacity with 9x traffic"
    (reply,) = (await talks.say("nathan", asked)).replies
    assert reply.text == "Black Friday (2026-11-27): 3 services in production, 1 yellow, 2 not known."
    words = _words(reply)
    assert "2 → 14" in words, "9 × 60 requests/s by 50 each, four fifths used"
    assert "It is not known what a replica of cart carries: simulate load first." in words
    assert "payment-service: Nobody measured what payment-service serves in production. The last day" in words
    buttons = _all_buttons(reply)
    assert [button.label for button in buttons] == ["orders", "cart", "payment-service"]
    (detail,) = (await talks.say("nathan", f"/{buttons[0].subject}", "t2")).replies
    assert "Capacity of orders for Black Friday (2026-11-27): yellow" in _words(detail)
    assert "up to 540 requests/s" in detail.text


async def test_costs_add_up_replicas_of_a_canary_and_never_two_currencies(talks: Talk, acme: Acme) -> None:
    acme.canary = Canary("ca_1", "6.0.0", "e" * 64, 1, 1, 0.1, 30.0)
    acme.currencies["cart"] = "EUR"
    (reply,) = (await talks.say("nathan", "/costs what does everything cost a month?")).replies
    assert reply.text == "What runs now costs 146.00 EUR and 365.00 USD a month on demand (730 hours)."
    assert "not known: simulate load" in _words(reply)
    acme.canary = None
    await _gave_way(talks, 100.0)
    (reply,) = (await talks.say("nathan", "/costs what does orders cost a month?")).replies
    # At most 60 requests/s: one replica that carries 100 is enough, and the other stood idle for 168 h.
    assert reply.text.endswith("In the last 7 days 16.80 USD went to replicas that traffic did not need.")
    assert "168.0 replica-hours in 168 h measured" in _words(reply)


async def test_no_service_is_left_out_of_the_costs(talks: Talk, acme: Acme) -> None:
    acme.replicas = {f"service-{number:02}": 1 for number in range(60)}
    (reply,) = (await talks.say("nathan", "/costs what does everything cost a month?")).replies
    assert reply.text == "What runs now costs 4,380.00 USD a month on demand (730 hours)."
    assert "service-59" in _words(reply)


async def _planned(talk: Talk) -> CapacityPlanRow:
    await talk.say("nathan", "/capacity_plan orders for next week with 9x traffic")
    async with talk.database.transaction(talk.tenant) as tx:
        query = select(CapacityPlanRow).order_by(CapacityPlanRow.created.desc()).limit(1)
        return (await tx.execute(query)).scalar_one()


def _reservation(plan: CapacityPlanRow) -> ReserveCapacity:
    return ReserveCapacity(
        service="orders",
        unit=Unit.REPLICA_HOUR,
        units=plan.missing,
        starts=plan.since,
        hours=24 * 30,
        price=Decimal("0.06"),
        currency="USD",
        priced="the list",
        plan=plan.id,
        rationale="r",
        impact="i",
        rollback_plan="s",
    )


async def test_the_same_capacity_is_reserved_once(talks: Talk) -> None:
    await _gave_way(talks, 50.0)
    plan = await _planned(talks)
    assert plan.missing == 12
    (spec,) = specs(lambda _tenant: cast(Any, None))
    assert spec.change is not None
    grant = Grant("gr_1", talks.tenant, "ef_1", "d" * 64, 1, NOW)
    async with talks.database.transaction(talks.tenant) as tx:
        await spec.change(_reservation(plan), grant, tx)
    async with talks.database.transaction(talks.tenant) as tx:
        with pytest.raises(EffectFailed, match="12 more replicas of orders as rv_"):
            await spec.change(_reservation(plan), grant, tx)
        assert len((await tx.execute(select(ReservationRow))).scalars().all()) == 1
    late = replace(grant, minted_at=plan.since + timedelta(days=31))
    async with talks.database.transaction(talks.tenant) as tx:
        with pytest.raises(EffectFailed, match="is over"):
            await spec.change(_reservation(plan), late, tx)

    pressed = (await talks.press("nathan", "reserve_capacity", plan.id)).replies[0].text
    assert "Since that plan was made 12 more replicas of orders" in pressed
    (again,) = (await talks.say("nathan", "/capacity_plan orders for next week with 9x traffic")).replies
    assert "Reserved already, beyond those that run: 12 replicas." in _words(again)
    assert [button.label for button in _all_buttons(again)] == ["Simulate"]


async def test_plans_grow_old(talks: Talk) -> None:
    await _gave_way(talks, 50.0)
    plan = await _planned(talks)
    async with talks.desk() as desk:
        assert (await demand_wanted(desk, plan.id)).units == 12
    talks.now = NOW + timedelta(hours=25)
    pressed = (await talks.press("nathan", "reserve_capacity", plan.id)).replies[0].text
    assert pressed.startswith("That plan is of 2026-11-23 15:00 UTC")
    assert "Nothing was reserved." in pressed
    old = (await talks.press("nathan", "reserve_capacity", "orders 6 720 2026-11-30T00:00:00+00:00")).replies[0]
    assert old.text.startswith("That plan is out of date.")


async def test_a_plan_says_how_the_last_forecasts_did(talks: Talk, acme: Acme) -> None:
    await talks.say("nathan", "/capacity_plan orders for next week")
    talks.now = NOW + timedelta(hours=6)
    acme.rates["orders"] *= 1.25  # all of its past as well: what was forecast is a fifth low
    (reply,) = (await talks.say("nathan", "/capacity_plan orders for next week")).replies
    assert "My last forecast for this hour (from 20:00 UTC) was 20% low;" in _words(reply)
    assert "of the hours that I forecast so far (6) 0% lay within its range." in _words(reply)
