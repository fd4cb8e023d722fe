"""Load tests by chat: real processes under a real generator. One passes, one fails and says where, others are
stopped; none reaches production."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from integrations.deployments import Stage, Target
from integrations.load import State
from storage.embedded import EmbeddedServer
from tests.integrations.releases import with_stand_ins, write_release
from tests.scenarios.operations import Operations, operations

pytestmark = [pytest.mark.processes, pytest.mark.timeout(600)]


@dataclass(frozen=True)
class Place(Operations):
    async def judged(self) -> Any:
        (row,) = await self.until(
            "SELECT verdict, result, run FROM load_tests ORDER BY created DESC LIMIT 1",
            lambda rows: rows and rows[0].verdict is not None,
        )
        return row

    async def shows(self, words: str) -> str:
        """The card of the newest load test, once it has these words."""
        query = (
            "SELECT reply FROM outbox JOIN load_tests ON key = 'run:' || run"
            " ORDER BY load_tests.created DESC, number DESC LIMIT 1"
        )
        (row,) = await self.until(query, lambda rows: rows and words in str(rows[0][0]))
        return str(row[0])

    async def generator(self) -> State:
        query = (
            "SELECT grant_id FROM effects WHERE body->>'type' = 'load.run_test' ORDER BY created DESC LIMIT 1"
        )
        (row,) = await self.rows(query)
        port = self.installation.ports(self.tenant).load
        return (await port.progress(row[0])).state


@pytest.fixture
async def place(server: EmbeddedServer, tmp_path: Path) -> AsyncIterator[Place]:
    department = with_stand_ins(tmp_path)
    write_release(department / "releases", "orders", "5.0.0", "2026-11-20", SLOW="0.4")
    async with operations(server, tmp_path, department) as opened:
        staging = Target("orders", Stage.STAGING)
        await opened.until_status(lambda found: found.stable is not None and found.stable.ready, staging)
        yield Place(opened.installation, opened.chat)


async def test_one_that_holds_passes_and_one_that_is_slow_fails(place: Place) -> None:
    begun = await place.say("nathan", "/simulate_load load test orders at 20 requests a second for 5 seconds")
    assert "orders in staging" in begun.as_text()
    assert "GET /accounts/7/orders (50%), /accounts/42/orders (33%), /orders/1 (17%)" in str(begun.cards)
    announced = await place.rows("SELECT service, stage, ended FROM announced_tests")
    assert [tuple(row) for row in announced] == [("orders", "staging", None)]
    row = await place.judged()
    assert row.verdict == "passed", row.result
    (level,) = row.result["levels"]
    assert (level["sent"], level["answered"], level["failed"]) == (100, 100, 0)
    card = await place.shows("Load test passed: orders in staging")
    assert "At 20 requests a second, the highest rate" in card
    await place.until("SELECT ended FROM announced_tests", lambda rows: rows[0][0] is not None)

    await place.say("nathan", "/deploy orders 5.0.0 to staging")
    # This release says nothing of what it serves.
    begun = await place.say(
        "nathan", "/simulate_load orders at 20 requests a second for 5 seconds, p95 under 300 ms"
    )
    assert "GET / at 20 requests a second" in str(begun.cards)
    row = await place.judged()
    assert row.verdict == "failed"
    assert (row.result["held"], row.result["broke"]) == (None, 20)
    await place.shows("and 300 ms is the limit. It held at no rate that was tried.")
    last = await place.say("nathan", "/simulate_load did the last load test of orders pass?")
    assert "Load test failed: orders in staging" in last.as_text()


async def test_whatever_stops_it_stops_the_generator(place: Place) -> None:
    for who, words, afterwards in (
        ("nathan", "/simulate_load stop the load test of orders", ""),
        (
            "carlos",
            "/freeze freeze orders because of the audit",
            "/unfreeze unfreeze orders, the audit is over",
        ),
        ("amanda", "/halt_agents halt all agents now", ""),
    ):
        await place.say("nathan", "/simulate_load load test orders at 20 requests a second for 10 minutes")
        again = await place.say("nathan", "/simulate_load load test orders at 5 requests a second")
        assert "is under way. Stop it first" in again.as_text()
        await place.shows("Load test under way")
        assert await place.generator() is State.RUNNING
        await place.say(who, words)
        await place.shows("Load test stopped: orders in staging")
        assert await place.generator() is State.STOPPED
        if afterwards:
            await place.say(who, afterwards)
            assert (await place.judged()).verdict == "stopped"
            # What was judged is kept before its run is over, and until then no other is begun.
            await place.until("SELECT 1 FROM runs WHERE state = 'running'", lambda rows: not rows)
    verdicts = await place.rows("SELECT verdict FROM load_tests ORDER BY created")
    assert [row[0] for row in verdicts] == [None, "stopped", None]


async def test_what_cannot_be_done_is_said_and_nothing_is_sent(place: Place) -> None:
    for words, why in (
        ("/simulate_load load test orders at 20 rps in production", "against staging alone"),
        ("/simulate_load load test orders with 5000 users", "I drive by rate and not by users"),
        ("/simulate_load simulate 10x load on orders", "so there is nothing to multiply"),
        ("/simulate_load load test payment-service at 5 rps", "Nothing of payment-service runs in staging"),
        ("/simulate_load load test orders", "How many requests a second?"),
        (
            "/simulate_load load test orders on /refunds at 5 rps",
            "does not serve /refunds to load tests: /accounts/7/orders, /accounts/42/orders and /orders/1.",
        ),
        ("/simulate_load stop the load test", "No load test is under way"),
    ):
        said = await place.say("nathan", words)
        assert why in said.as_text(), said.as_text()
    refused = await place.say("rachel", "/simulate_load load test orders at 5 rps")
    assert "orders in staging" not in refused.as_text()
    assert await place.rows("SELECT 1 FROM load_tests") == []
