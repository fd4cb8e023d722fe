"""Incidents that no change has brought: what is promised is watched, what has no connections left is scaled,
what is waited for in vain is refused."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from integrations.deployments import Breaker, Shed
from storage.embedded import EmbeddedServer
from tests.scenarios.scripted_incidents import PAYMENTS, Place, hasten, scripted_place

pytestmark = [pytest.mark.processes, pytest.mark.timeout(600)]


@pytest.fixture(autouse=True)
def hastened(monkeypatch: pytest.MonkeyPatch) -> None:
    hasten(monkeypatch)


@pytest.fixture
async def place(server: EmbeddedServer, tmp_path: Path) -> AsyncIterator[Place]:
    async with scripted_place(server, tmp_path) as opened:
        yield opened


async def test_what_is_promised_of_a_service_is_watched(place: Place) -> None:
    """A budget that burns opens an incident, once, though nobody else has said a word; what is well ends it."""
    watch = place.installation.jobs.objectives.watch
    await watch(place.tenant)
    assert await place.rows("SELECT 1 FROM alerts") == []
    place.metrics.bad = [datetime.now(UTC) - timedelta(minutes=12)]
    await watch(place.tenant)
    await place.comes_to("for a person")
    await watch(place.tenant)
    assert len(await place.rows("SELECT 1 FROM alerts")) == 1
    shown = str((await place.say("nathan", "/incident show incident INC-1")).cards)
    assert "requests failed in the last hour, where 0.50% are allowed" in shown
    place.metrics.bad = []
    await watch(place.tenant)
    await place.comes_to("mitigated")


async def test_what_burns_on_after_its_incident_was_ended_opens_another(place: Place) -> None:
    watch = place.installation.jobs.objectives
    place.metrics.bad = [datetime.now(UTC) - timedelta(minutes=12)]
    await watch.watch(place.tenant)
    await place.comes_to("opened")
    await place.say("nathan", "/incident resolve INC-1")
    await watch.watch(place.tenant)  # what burns is the time before
    assert len(await place.rows("SELECT 1 FROM alerts")) == 1
    later = datetime.now(UTC) + timedelta(minutes=11)
    await replace(watch, clock=lambda: later).watch(place.tenant)
    incidents = "SELECT id, linked FROM incidents ORDER BY id"
    await place.until(incidents, lambda rows: rows == [("INC-1", None), ("INC-2", "INC-1")])


async def test_where_all_connections_are_in_use_it_is_scaled(place: Place) -> None:
    place.metrics.bad, place.metrics.in_use = [datetime.now(UTC) - timedelta(seconds=40)], 1.0
    await place.alert(started=datetime.now(UTC) - timedelta(seconds=40))
    await place.until_status(lambda found: found.stable is not None and found.stable.ready == 3)
    place.metrics.bad.append(datetime.now(UTC))
    await place.comes_to("healthy")
    shown = str((await place.say("nathan", "/incident show incident INC-1")).cards)
    assert "Scale orders in production from 2 to 3 replicas" in shown
    assert "100% of its connections are in use (usually 20%)" in shown
    effects = await place.rows("SELECT actor->>'id', body->>'type', state FROM effects")
    assert [tuple(row) for row in effects] == [("sre", "deployments.scale", "done")]


async def test_what_is_waited_for_in_vain_is_refused_at_once_until_somebody_closes_it(place: Place) -> None:
    place.metrics.bad, place.metrics.in_vain = [datetime.now(UTC) - timedelta(seconds=40)], 0.9
    await place.alert(started=datetime.now(UTC) - timedelta(seconds=40))
    opened = await place.until_status(lambda found: found.breaker is not None, PAYMENTS)
    assert isinstance(opened.breaker, Breaker)
    assert opened.breaker.sheds is Shed.ALL
    place.metrics.bad.append(datetime.now(UTC))
    await place.comes_to("healthy")
    shown = str((await place.say("nathan", "/service payment-service")).cards)
    assert "Its breaker is open and refuses all requests" in shown
    await place.say("nathan", "/breaker close the breaker of payment-service in production")
    await place.until_status(lambda found: found.breaker is None, PAYMENTS)
    refused = await place.say("nathan", "/breaker close the breaker of payment-service in production")
    assert "is closed. Nothing was done" in refused.as_text()
    unclear = await place.say("nathan", "/breaker circuit breaker of payment-service")
    assert "or close it? Say “open the breaker of payment-service" in unclear.as_text()
    await place.say("nathan", "/breaker shed the background requests to payment-service for 90 seconds")
    shed = (await place.until_status(lambda found: found.breaker is not None, PAYMENTS)).breaker
    assert isinstance(shed, Breaker)
    assert shed.sheds is Shed.LESS_URGENT
    assert shed.seconds_left <= 90
    effects = await place.rows("SELECT actor->>'id', body->>'type', state FROM effects ORDER BY created")
    assert [tuple(row) for row in effects] == [
        ("sre", "deployments.open_breaker", "done"),
        ("nathan", "deployments.close_breaker", "done"),
        ("nathan", "deployments.open_breaker", "done"),
    ]
