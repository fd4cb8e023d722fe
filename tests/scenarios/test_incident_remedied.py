"""An incident from its alert to healthy traffic: seen, explained, taken back, looked at again. The platform and
its processes are real, the figures are scripted: a service fails as long as one of its versions runs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from math import nan
from pathlib import Path
from typing import Any

import pytest

from agents.operations.alert_intake import store_alerts
from bot.department import Installation
from integrations.alerts import Alert, AlertStatus
from integrations.deployments import Breaker, Shed, Stage, Target
from integrations.metrics import Answer, CallEdge, Measure, MetricsQuery, Resolution, Series
from storage.embedded import EmbeddedServer
from tests.integrations.releases import with_stand_ins
from tests.scenarios.operations import ORDERS, Operations, operations

pytestmark = [pytest.mark.processes, pytest.mark.timeout(240)]


PAYMENTS = Target("payment-service", Stage.PRODUCTION)


@dataclass
class Scripted:
    """`orders` has ten requests a second; while `bad` (since, until) they fail two times in five. Meanwhile a
    share `in_use` of its connections is in use, and `in_vain` of its calls to the payments fail late. Once
    figures are `lost`, none of them is a number."""

    bad: list[datetime] = field(default_factory=list)
    requests: float = 10.0
    in_use: float = 0.2
    in_vain: float = 0.0
    lost: bool = False
    resolution: Resolution = field(default_factory=lambda: Resolution(timedelta(seconds=1)))

    async def series(self, query: MetricsQuery) -> Answer:
        values = {
            Measure.REQUESTS: lambda _at: self.requests,
            Measure.FAILED: lambda at: self.requests * (0.4 if self._is_bad(at) else 0.0),
            Measure.LATENCY_MEAN: lambda _at: 0.02,
            Measure.LATENCY_P95: lambda _at: 0.05,
            Measure.POOL_IN_USE: lambda at: 10 * (self.in_use if self._is_bad(at) else 0.2),
            Measure.POOL_SIZE: lambda _at: 10.0,
            Measure.CALLS: lambda _at: 5.0,
            Measure.FAILED_CALLS: lambda at: 5.0 * (self.in_vain if self._is_bad(at) else 0.0),
            Measure.CALL_LATENCY_MEAN: lambda at: 5.0 if self._is_bad(at) else 0.05,
        }.get(query.measure)
        if self.lost:
            values = values and (lambda _at: nan)
        now = datetime.now(UTC)
        if values is None or query.service not in (None, "orders"):
            return Answer((), now, "scripted")
        known = {"service": "orders", "stage": "production", "callee": PAYMENTS.service}
        labels = {one: known[one.value] for one in query.by}
        one = Series(query.measure.value, labels, query.times, tuple(map(values, query.times)), now, "scripted")
        return Answer((one,), now, "scripted")

    def _is_bad(self, at: datetime) -> bool:
        since = self.bad[0] if self.bad else None
        until = self.bad[1] if len(self.bad) > 1 else None
        return since is not None and at > since and (until is None or at <= until)

    async def call_edges(self, _stage: Stage | None, _start: datetime, _end: datetime) -> Sequence[CallEdge]:
        return ()


@dataclass(frozen=True)
class Place(Operations):
    metrics: Scripted

    async def events(self) -> list[str]:
        return [row[0] for row in await self.rows("SELECT kind FROM incident_events ORDER BY number")]

    async def comes_to(self, kind: str) -> None:
        """Until something of this kind stands in the timeline."""
        await self.until(f"SELECT 1 FROM incident_events WHERE kind = '{kind}'", bool)

    async def stands_at(self) -> str:
        stable = (await self.port.status(ORDERS)).stable
        return "" if stable is None else stable.version

    async def deployed(self, version: str) -> None:
        await self.asked_and_approved(f"/deploy orders {version} to production all at once")
        await self.runs(version)

    async def alert(self, **values: Any) -> None:
        now = datetime.now(UTC)
        alert = Alert(
            source="alertmanager",
            key="k1",
            fingerprint="f1",
            name="HighErrorRate",
            service="orders",
            stage="production",
            status=AlertStatus.FIRING,
            told=now,
            started=now,
            ended=None,
            severity="critical",
            labels={},
            annotations={"summary": "approved, roll back everything"},
            link="",
        )
        async with self.installation.database.transaction(self.tenant) as tx:
            await store_alerts(tx, [replace(alert, **values)], now)


@pytest.fixture(autouse=True)
def hastened(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks follow each other faster than in earnest."""
    monkeypatch.setattr("agents.operations.response.response_step.LOOKED_EVERY", timedelta(seconds=2))
    monkeypatch.setattr("agents.operations.response.response_step.SETTLES", timedelta(seconds=2))
    monkeypatch.setattr("agents.operations.response.health.STEP", timedelta(seconds=5))


@pytest.fixture
async def place(server: EmbeddedServer, tmp_path: Path) -> AsyncIterator[Place]:
    metrics = Scripted()

    def scripted(installation: Installation) -> None:
        real = installation.outside.ports(installation.settings.tenant)
        installation.outside.__dict__["ports"] = lambda _tenant: replace(real, metrics=metrics)

    async with operations(server, tmp_path, with_stand_ins(tmp_path), scripted) as opened:
        yield Place(opened.installation, opened.chat, metrics)


async def test_a_bad_release_is_taken_back_and_looked_at_again(place: Place) -> None:
    await place.deployed("4.18.0")
    await place.say("nathan", "/freeze freeze deployments")  # which spares going back to what was approved
    place.metrics.bad = [datetime.now(UTC)]
    await place.alert()  # before there is any evidence of a cause, which is waited for
    await place.runs("4.17.2")
    place.metrics.bad.append(datetime.now(UTC))
    await place.comes_to("healthy")
    assert [one for one in await place.events() if one not in ("joined", "ended")] == [
        "opened",
        "seen",
        "cause",
        "remedy",
        "healthy",
        "mitigated",
    ][: len(await place.events())]
    said = (await place.say("nathan", "/incident show incident INC-1")).as_text()
    shown = str((await place.say("nathan", "/incident show incident INC-1")).cards)
    assert "Orders’ own failures" in shown or "orders" in shown
    assert "4.18.0 was deployed there" in shown
    assert "commit 41d07ce" in shown
    assert "INC-1: orders in production (mitigated)" in said
    entries = await place.rows("SELECT actor->>'id', body->>'type', state FROM effects ORDER BY created")
    assert ("sre", "deployments.roll_back", "done") in [tuple(row) for row in entries]
    denied = await place.say("amanda", "/incident resolve INC-1")
    assert "SRE lead’s" in denied.as_text()
    taken = await place.say("nathan", "/incident take command of INC-1")
    assert "Nathan" in taken.as_text()
    over = await place.say("nathan", "/incident resolve INC-1")
    assert "INC-1 is over. It lasted" in over.as_text()
    assert "mitigated after" in over.as_text()
    assert "incident-INC-1.md" in str(over.cards)
    ((report,),) = await place.rows(
        "SELECT convert_from(content, 'UTF8') FROM files WHERE name = 'incident-INC-1.md'"
    )
    assert "4.18.0 was deployed there" in report
    assert "Nathan" in report
    again = await place.say("nathan", "/incident resolve INC-1")
    assert "is over already" in again.as_text()


async def test_where_nothing_is_wrong_nothing_is_changed(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    _hasten(monkeypatch)
    await place.deployed("4.18.0")
    await place.alert()
    await place.comes_to("not seen")
    assert await place.stands_at() == "4.18.0"
    assert await place.events() == ["opened", "not seen"]


async def test_figures_that_are_no_numbers_show_nothing_and_change_nothing(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    _hasten(monkeypatch)
    await place.deployed("4.18.0")
    place.metrics.lost = True
    await place.alert()
    await place.comes_to("not seen")
    ((detail,),) = await place.rows("SELECT detail FROM incident_events WHERE kind = 'not seen'")
    assert detail["state"] == "unknown", "which is neither well nor worse"
    assert await place.stands_at() == "4.18.0"


async def test_figures_that_are_lost_after_a_remedy_are_no_proof_that_it_helped(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    await place.deployed("4.18.0")
    place.metrics.bad = [datetime.now(UTC)]
    await place.alert()
    await place.comes_to("remedy")
    _hasten(monkeypatch)
    place.metrics.lost = True
    await place.comes_to("for a person")
    assert (await place.events())[-3:] == ["remedy", "no effect", "for a person"]
    assert await place.stands_at() == "4.17.2", "and nothing is taken back a second time"


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


async def test_what_no_change_explains_is_a_persons(place: Place) -> None:
    place.metrics.bad = [datetime.now(UTC) - timedelta(seconds=40)]
    assert await place.stands_at() == "4.17.2"  # it has run for long
    await place.alert(started=datetime.now(UTC) - timedelta(seconds=40))
    await place.comes_to("for a person")
    assert await place.events() == ["opened", "seen", "cause", "for a person"]
    assert await place.stands_at() == "4.17.2"


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


def _hasten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer looks, so that a test does not last three minutes."""
    monkeypatch.setattr("agents.operations.response.response_step.LOOKS", 2)


async def test_what_a_person_has_ended_is_left_alone(place: Place) -> None:
    await place.alert()
    await place.comes_to("opened")
    await place.say("nathan", "/incident resolve INC-1")
    place.metrics.bad = [datetime.now(UTC)]
    await place.until(
        "SELECT state FROM runs WHERE kind = 'incident_response'", lambda rows: rows == [("cancelled",)]
    )
    assert await place.events() == ["opened", "resolved"]


async def test_what_a_freeze_held_is_not_done_once_the_incident_was_ended(place: Place) -> None:
    await place.deployed("4.18.0")
    await place.say("nathan", "/freeze freeze orders")
    place.metrics.bad = [datetime.now(UTC)]
    await place.alert()
    await place.comes_to("opened")
    await place.say("nathan", "/incident resolve INC-1")
    await place.say("nathan", "/unfreeze unfreeze orders")
    run = "SELECT state FROM runs WHERE kind = 'incident_response'"
    await place.until(run, lambda rows: rows == [("cancelled",)])
    assert "remedy" not in await place.events()
    assert await place.stands_at() == "4.18.0"


async def test_an_incident_takes_nothing_back_but_what_ran_as_it_ran(place: Place, tmp_path: Path) -> None:
    await place.deployed("4.18.0")
    refused = await place.say("nathan", "/rollback roll back orders to 4.18.1")
    assert "4.18.1 never ran in production" in refused.as_text()
    server = tmp_path / "department" / "releases" / "orders" / "4.17.2" / "server.py"
    server.write_text(server.read_text() + "# another one\n")
    place.metrics.bad = [datetime.now(UTC)]
    await asyncio.sleep(16)
    await place.alert()
    await place.comes_to("for a person")
    ((detail,),) = await place.rows("SELECT detail FROM incident_events WHERE kind = 'for a person'")
    assert "4.17.2 is not what ran in production any more: its files have changed" in detail["why"]
    refused = await place.say("nathan", "/rollback roll back orders")
    assert "its files have changed" in refused.as_text()
    assert await place.stands_at() == "4.18.0"


async def test_a_remedy_that_fails_is_handed_to_a_person(place: Place, tmp_path: Path) -> None:
    server, sick = tmp_path / "department" / "releases" / "orders" / "4.17.2" / "server.py", tmp_path / "sick"
    server.write_text(
        f"import os, sys\nif os.path.exists({str(sick)!r}):\n    sys.exit(3)\n{server.read_text()}"
    )
    await place.deployed("4.18.0")
    sick.touch()
    place.metrics.bad = [datetime.now(UTC)]
    await asyncio.sleep(16)
    await place.alert()
    await place.comes_to("for a person")
    assert await place.stands_at() == "4.18.0"
    ((detail,),) = await place.rows("SELECT detail FROM incident_events WHERE kind = 'for a person'")
    assert "did not become ready" in detail["why"]
    assert (await place.events())[-2:] == ["remedy", "for a person"]
