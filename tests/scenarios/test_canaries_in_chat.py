"""Canaries by chat: a healthy one is promoted, one that errs goes back, and one that nobody watches as well.
Real processes, real traffic."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from agents.operations import canary_judge
from agents.operations.canary import canary_step
from agents.operations.canary.canary_run import approved
from agents.operations.canary.tables import CanaryRow, CanaryTickRow
from integrations.deployments import ChangeQuery, Served, Stage, Tick
from storage.embedded import EmbeddedServer
from tests.integrations.releases import with_stand_ins, write_release
from tests.scenarios.operations import ORDERS, Operations, operations

pytestmark = [pytest.mark.processes, pytest.mark.timeout(600)]
RULES = """
releases:
  shares: [25, 50, 100]
  least_requests: 20
  least_seconds: 5
  deadline_seconds: 60
  lease_seconds: 12
"""


@dataclass(frozen=True)
class Place(Operations):
    answers: Counter[str]

    async def begun(self, version: str) -> None:
        """A canary of orders, asked for, approved and under way."""
        card = await self.asked_and_approved(f"/deploy orders {version} to production")
        assert "as a canary: 25 % → 50 % → 100 %" in card
        await self.until_status(lambda status: status.canary is not None)


@pytest.fixture
async def place(server: EmbeddedServer, tmp_path: Path) -> AsyncIterator[Place]:
    department = with_stand_ins(tmp_path)
    write_release(department / "releases", "orders", "5.0.0", "2026-11-20")
    write_release(department / "releases", "orders", "5.1.0", "2026-11-21", ERRS="1")
    file = department / "department.yaml"
    written = file.read_text() + RULES
    file.unlink()  # a link to the sample's
    file.write_text(written)
    async with operations(server, tmp_path, department) as opened:
        place = Place(opened.installation, opened.chat, Counter())
        async with _traffic(place):
            yield place


@asynccontextmanager
async def _traffic(place: Place) -> AsyncIterator[None]:
    """About 50 requests a second."""
    address = (await place.port.status(ORDERS)).address

    async def send() -> None:
        async with httpx.AsyncClient(timeout=10) as client:
            while True:
                with suppress(httpx.HTTPError):
                    answer = await client.get(str(address))
                    place.answers[f"{answer.status_code}"] += 1
                await asyncio.sleep(0.03)

    tasks = [asyncio.create_task(send()) for _ in range(2)]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_healthy_one_gets_more_and_more_and_then_all(place: Place) -> None:
    await place.begun("5.0.0")
    status = await place.runs("5.0.0")
    assert status.canary is None
    card = await place.shows("Promoted: orders 5.0.0 in production")
    assert "clearly slower than the slowest twentieth of 4.17.2" in card
    assert set(place.answers) == {"200"}, f"nobody's request was lost on the way: {place.answers}"
    history = await place.port.history(ChangeQuery("orders", Stage.PRODUCTION))
    assert [(change.kind.value, change.share) for change in reversed(history.items)][1:] == [
        ("canary begun", 0.25),
        ("canary step", 0.5),
        ("promoted", 1.0),
    ]
    begun, stepped, promoted = reversed(history.items[:3])
    least = timedelta(seconds=5)
    assert stepped.at - begun.at > least, "each share is judged by itself"
    assert promoted.at - stepped.at > least
    assert len({change.grant for change in history.items if change.grant}) == 3, "each by a leave of its own"
    await _judged_again(place)


async def _judged_again(place: Place) -> None:
    """From the ticks that were kept, by somebody who was not there."""
    async with place.installation.database.transaction(place.tenant) as tx:
        row = (await tx.execute(select(CanaryRow))).scalar_one()
        ticks = (await tx.execute(select(CanaryTickRow).order_by(CanaryTickRow.number))).scalars().all()
    state = canary_judge.CanaryState()
    for tick in ticks:
        sides = (_served(side) for side in (tick.stable, tick.canary))
        seen = canary_step.as_judged(Tick(tick.number, tick.at, *sides), tick.step)
        state = canary_judge.advance(state, seen, canary_step.settings_of(approved(row)))
    assert row.state == canary_judge.dump(state)


def _served(side: dict[str, Any]) -> Served:
    return Served(side["requests"], side["failed"], tuple((failed, took) for failed, took in side["sample"]))


async def test_one_that_errs_goes_back_by_itself(place: Place) -> None:
    await place.begun("5.1.0")
    await place.until_status(lambda status: status.canary is None)
    card = await place.shows("Taken back: orders 5.1.0 in production")
    assert "its requests fail more often than those of the stable version" in card
    assert (await place.port.status(ORDERS)).stable.version == "4.17.2"  # type: ignore[union-attr]


async def test_a_halt_stops_the_watching_and_all_traffic_goes_back(place: Place) -> None:
    await place.begun("5.0.0")
    await place.say("amanda", "/halt_agents halt all agents now")
    status = await place.until_status(lambda status: status.canary is None, seconds=12 + 5)
    assert status.stable.version == "4.17.2"  # type: ignore[union-attr]
    await place.shows("Stopped: orders 5.0.0 in production")
    await place.say("nathan", "/resume_agents resume all agents, the canary is back")
    await place.shows("nobody renewed it for 12 seconds")
    entries = await place.rows("SELECT type FROM audit_entries WHERE type LIKE 'canary.%'")
    assert [row[0] for row in entries] == ["canary.returned"]


async def test_it_is_aborted_by_words_and_only_one_stands_at_a_time(place: Place) -> None:
    await place.begun("5.0.0")
    again = await place.say("nathan", "/deploy orders 5.1.0 to production")
    assert "A canary of orders 5.0.0 is under way in production" in again.as_text()
    for words in ("/rollback roll back orders to 4.17.2", "/scale scale orders to 3 replicas"):
        refused = await place.say("nathan", words)
        assert "A canary of orders 5.0.0 is under way" in refused.as_text(), words
        assert not refused.approvals, "what could not be performed is not asked about"
    early = await place.say("nathan", "/deploy promote the canary of orders")
    assert early.approvals, "what the judge has not let pass is a decision of its own"
    await place.say("nathan", "/deploy abort the canary of orders")
    await place.until_status(lambda status: status.canary is None)
    await place.shows("Nathan")
    assert (await place.port.status(ORDERS)).stable.version == "4.17.2"  # type: ignore[union-attr]
