"""A worker is killed at every step of two canaries and of a response: nothing is done twice, nothing forgotten,
and nothing is left that runs."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from agents.operations.alert_intake import store_alerts
from bot.bootstrap import open_installation
from bot.conversation import Conversation
from integrations.alerts import Alert, AlertStatus
from integrations.deployments import Change, ChangeQuery, Stage, Status, Target
from storage.embedded import EmbeddedServer
from tests.architecture.source import ROOT
from tests.integrations.local_platform import gone, keepers, processes_with
from tests.integrations.releases import with_stand_ins, write_release
from tests.scenarios.faults.dying_department import Dying
from tests.scenarios.operations import ORDERS, Operations
from tests.workplace import settings_of

pytestmark = [pytest.mark.processes, pytest.mark.timeout(480)]
RULES = """
releases:
  shares: [25, 50, 100]
  least_requests: 20
  least_seconds: 5
  deadline_seconds: 120
  lease_seconds: 60
"""
AT_FIRST = """
production:
  orders: {version: "4.17.2"}
  checkout: {version: "5.3.0"}
  payment-service: {version: "1.42.3"}
"""
PAYMENTS, CHECKOUT = Target("payment-service", Stage.PRODUCTION), Target("checkout", Stage.PRODUCTION)
POINTS = {
    "orders": [
        *("begin_canary before", "begin_canary after", "traffic after", "renew_canary after"),
        *("step_canary before", "step_canary after", "promote_canary before", "promote_canary after"),
    ],
    "payment-service": ["abort_canary before", "abort_canary after"],
    "checkout": ["series after", "history after", "roll_back before", "roll_back after", "series before"],
}
"""Of a canary that is promoted, of one that is taken back, of a response."""


def _department(folder: Path) -> Path:
    department = with_stand_ins(folder)
    releases = department / "releases"
    (releases / "at_first.yaml").write_text(AT_FIRST)
    write_release(releases, "orders", "5.0.0", "2026-11-20")
    write_release(releases, "payment-service", "5.1.0", "2026-11-21", ERRS="1")
    write_release(releases, "checkout", "5.4.0", "2026-11-22")
    file = department / "department.yaml"
    written = file.read_text() + RULES
    file.unlink()  # a link to the sample's
    file.write_text(written)
    return department


class Place(Operations):
    """A department whose worker is another process, which dies."""

    async def alert(self) -> None:
        now = datetime.now(UTC)
        alert = Alert(
            source="alertmanager",
            key="k1",
            fingerprint="f1",
            name="HighErrorRate",
            service="checkout",
            stage="production",
            status=AlertStatus.FIRING,
            told=now,
            started=now,
            ended=None,
            severity="critical",
            labels={},
            annotations={},
            link="",
        )
        async with self.installation.database.transaction(self.tenant) as tx:
            await store_alerts(tx, [alert], now)


@asynccontextmanager
async def _traffic(place: Place) -> AsyncIterator[None]:
    """About 25 requests a second at each of the two that have canaries."""
    addresses = [str((await place.port.status(target)).address) for target in (ORDERS, PAYMENTS)]

    async def send(address: str) -> None:
        async with httpx.AsyncClient(timeout=10) as client:
            while True:
                with suppress(httpx.HTTPError):
                    await client.get(address)
                await asyncio.sleep(0.03)

    tasks = [asyncio.create_task(send(address)) for address in addresses]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def _dying(server: EmbeddedServer, folder: Path) -> AsyncIterator[Place]:
    settings = settings_of(server, folder, department=_department(folder))
    told = Dying(
        settings={
            "database_url": server.app_url,
            "database_owner_url": server.owner_url,
            **{name: str(getattr(settings, name)) for name in ("var_folder", "tenant", "department")},
        },
        points=POINTS,
        failing="checkout",
        version="5.4.0",
        journal=str(folder / "keeper" / settings.tenant / "journal.jsonl"),
        deaths=str(folder / "deaths"),
    )
    (folder / "told.json").write_text(json.dumps(asdict(told)))
    installation = await open_installation(settings)
    command = (sys.executable, "-m", "tests.scenarios.faults.dying_department", str(folder / "told.json"))
    worker = await asyncio.create_subprocess_exec(*command, cwd=ROOT)
    try:
        yield Place(installation, Conversation(installation))
    finally:
        worker.kill()
        await worker.wait()
        for pid in keepers(folder):
            os.kill(pid, signal.SIGTERM)
            await gone(pid)
        await installation.close()


async def test_nothing_is_done_twice_and_nothing_forgotten(server: EmbeddedServer, tmp_path: Path) -> None:
    async with _dying(server, tmp_path) as place, _traffic(place):
        await place.asked_and_approved("/deploy checkout 5.4.0 to production all at once")
        await place.alert()
        await place.asked_and_approved("/deploy orders 5.0.0 to production")
        await place.asked_and_approved("/deploy payment-service 5.1.0 to production")
        for kind in ("seen", "cause", "remedy", "healthy"):
            await place.until(f"SELECT 1 FROM incident_events WHERE kind = '{kind}'", bool)
        await place.until_status(_has("5.0.0"), ORDERS)
        await place.until_status(_has("1.42.3"), PAYMENTS)
        await place.until("SELECT 1 FROM runs WHERE state <> 'done'", lambda found: not found)
        await place.until("SELECT 1 FROM effects WHERE state <> 'done'", lambda found: not found)
        kinds = [row[0] for row in await place.rows("SELECT kind FROM incident_events ORDER BY number")]
        history = (await place.port.history(ChangeQuery(stage=Stage.PRODUCTION))).items
        newest = {str(target): await place.port.status(target) for target in (ORDERS, PAYMENTS, CHECKOUT)}
    died = (tmp_path / "deaths").read_text().splitlines()
    assert sorted(died) == sorted(f"{service}: {one}" for service, of in POINTS.items() for one in of)
    assert {service: _done(history, service) for service in POINTS} == {
        "orders": ["canary begun", "canary step", "promoted"],
        "payment-service": ["canary begun", "returned"],
        "checkout": ["deployed", "rolled back"],
    }
    assert [one.why for one in history if not one.grant and one.why] == [], "no lease ran out meanwhile"
    assert max(Counter(one.grant for one in history if one.grant).values()) == 1
    assert kinds == ["opened", "seen", "cause", "remedy", "healthy"]
    stands = {target: (found.stable and found.stable.version) for target, found in newest.items()}
    assert list(stands.values()) == ["5.0.0", "1.42.3", "5.3.0"]
    assert processes_with(str(tmp_path)) == [], "no orphan is left"


def _has(version: str) -> Callable[[Status], bool]:
    """Whether this version has all traffic."""
    return lambda found: found.canary is None and found.stable is not None and found.stable.version == version


def _done(history: Sequence[Change], service: str) -> list[str]:
    """What was done at a service by a leave, oldest first."""
    return [one.kind.value for one in reversed(history) if one.grant and one.target.service == service]
