"""Capacity by chat: a plan from own traffic, a load test of a multiple of it, and a reservation that waits for
the test. Real services under a real generator; the metrics of the past are made up."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from bot.department import Installation
from bot.turn_result import Answered
from integrations.deployments import Stage
from integrations.metrics import Answer, CallEdge, Measure, MetricsQuery, Resolution, Series
from storage.embedded import EmbeddedServer
from tests.integrations.releases import with_stand_ins, write_release
from tests.scenarios.operations import Operations, operations

pytestmark = [pytest.mark.processes, pytest.mark.timeout(600)]
BOTH = "/simulate_load Simulate with 4x load for 6 seconds first, then reserve if passing"


@dataclass
class Past:
    """Metrics of a service that had this many requests a second on average for so many days, more by day."""

    rate: float
    days: float

    @property
    def resolution(self) -> Resolution:
        return Resolution(timedelta(minutes=1))

    async def series(self, query: MetricsQuery) -> Answer:
        source = f"stand-in {query.measure}"
        values = tuple(self._value(query, at) for at in query.times)
        if query.measure is not Measure.REQUESTS or query.stage is not Stage.PRODUCTION:
            return Answer((), query.end, source)
        return Answer((Series("requests", {}, query.times, values, query.end, source),), query.end, source)

    def _value(self, query: MetricsQuery, at: datetime) -> float:
        if query.end - at > timedelta(days=self.days):
            return math.nan
        return self.rate * (1 + 0.5 * math.sin(2 * math.pi * at.timestamp() / 86_400))

    async def call_edges(self, stage: Stage | None, start: datetime, end: datetime) -> Sequence[CallEdge]:
        raise NotImplementedError


@dataclass(frozen=True)
class Place(Operations):
    past: Past

    async def gave_way_at(self, rate: float) -> None:
        """As if the load test had gone on to a rate that broke it: stand-ins carry more than this machine."""
        said = f"UPDATE load_tests SET verdict = 'failed', result = result || '{{\"broke\": {rate}}}'"
        async with self.installation.database.transaction(self.tenant) as tx:
            await tx.execute(text(said.replace(":", "\\:")))


@pytest.fixture
async def place(server: EmbeddedServer, tmp_path: Path) -> AsyncIterator[Place]:
    department = with_stand_ins(tmp_path)
    write_release(department / "releases", "orders", "5.0.0", "2026-11-20", SLOW="0.6")
    past = Past(4.0, 55)

    def with_past(installation: Installation) -> None:
        real = installation.outside.ports(installation.settings.tenant)
        installation.outside.__dict__["ports"] = lambda _tenant: replace(real, metrics=past)

    async with operations(server, tmp_path, department, with_past) as opened:
        yield Place(opened.installation, opened.chat, past)


async def test_reserved_after_a_test_that_passed_and_not_after_one_that_failed(place: Place) -> None:
    tested = await place.say("nathan", "/simulate_load simulate 4x load on orders for 6 seconds")
    assert "orders in staging" in tested.as_text()
    card = await place.shows("Load test passed")
    rate = 4 * 4.0 * 1.5  # four times the last day's highest five minutes
    assert f"At {rate:,.4g} requests a second, the highest rate" in card

    asks = "/capacity_plan orders for next week with 20x traffic"
    held = await place.say("nathan", asks)
    assert (
        "1 replica of orders carried at least 24 requests/s in load tests of 4.18.0 at /accounts/7/orders (50%)"
        in str(held.cards)
    )
    assert "Replicas of orders" not in str(held.cards), "that it held says nothing of how much more it carries"
    assert [button["label"] for button in _buttons(held)] == ["Simulate"]

    await place.gave_way_at(30)
    plan = await place.say("nathan", asks)
    words = plan.as_text() + str(plan.cards)
    assert "Forecast from 55 days of own traffic" in words
    assert "20x: of the highest five minutes of the last day, 6 requests/s" in words
    assert "up to 120 requests/s" in words, "and not twenty times the forecast's"
    assert "That more brings as much more is assumed" in words or "is assumed, not seen" in words
    assert "invented for the sample" in words
    assert "Caches, a CDN and services of others are not looked at" in words
    labels = [button["label"] for button in _buttons(plan)]
    assert labels == ["Reserve", "Simulate", "Defer"]

    both = await place.say(
        "nathan",
        BOTH,
        plan.thread,
    )
    assert "Reserve" in str(both.cards)
    await place.until("SELECT id FROM approvals", len)
    assert await place.rows("SELECT 1 FROM capacity_reservations") == []
    (approval,) = await place.rows("SELECT id FROM approvals")
    await place.until(f"SELECT 1 FROM buttons WHERE subject = '{approval[0]}'", len)
    await place.chat.decide("amanda", approval[0], "approve", {})
    await place.until("SELECT id FROM approvals WHERE status <> 'open'", len)
    found = await place.until("SELECT service, units, load_test FROM capacity_reservations", len)
    (last,) = await place.rows("SELECT run FROM load_tests ORDER BY created DESC LIMIT 1")
    assert (found[0].service, found[0].load_test) == ("orders", last.run)

    twice = await place.say("nathan", BOTH, plan.thread)
    assert "Since that plan was made" in twice.as_text(), "the same capacity is reserved once"
    more = await place.say("nathan", "/capacity_plan orders for next week with 40x traffic", plan.thread)
    assert "Reserved already, beyond those that run" in str(more.cards)

    await place.say("nathan", "/deploy orders 5.0.0 to staging")
    await place.say("nathan", BOTH, plan.thread)
    card = await place.shows("nothing was reserved, for the load test is failed")
    assert "500 ms is the limit" in card
    reserving = "SELECT 1 FROM effects WHERE body->>'type' = 'capacity.reserve'"
    assert len(await place.rows(reserving)) == 1, "the one that passed"


async def test_what_is_not_known_is_said(place: Place) -> None:
    first = await place.say("nathan", "/simulate_load simulate 5x load on orders, then reserve if it passes")
    assert "I do not know what to reserve" in first.as_text()
    place.past.days = 2
    short = await place.say("nathan", "/capacity_plan orders for next month")
    assert "of history; there are 2 days" in short.as_text()
    assert "Name a peak and I plan for it" in short.as_text()
    named = await place.say("nathan", "/capacity_plan orders for next month, a peak of 500 requests a second")
    words = named.as_text() + str(named.cards)
    assert "Nathan Chen named the peak; nothing was forecast" in words or "named the peak" in words
    assert "simulate load first" in words
    assert [button["label"] for button in _buttons(named)] == ["Simulate"]

    costs = await place.say("nathan", "/costs what does orders cost a month?")
    assert "What runs now costs 210.24 USD a month on demand (730 hours)." in costs.as_text()
    assert "not known: simulate load" in str(costs.cards)
    of_agents = await place.say("nathan", "/costs what do the agents cost us")
    assert "USD" not in of_agents.as_text()


def _buttons(said: Answered) -> list[dict[str, Any]]:
    blocks = [block for card in said.cards for block in card["blocks"] if block["kind"] == "buttons"]
    return [button for block in blocks for button in block["buttons"]]
