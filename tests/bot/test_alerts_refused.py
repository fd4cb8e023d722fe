"""Who may post alerts, how much at once, and what is answered."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import httpx
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from bot.alerts import add_alerts
from bot.web import access_log, sentences
from storage.database import Database
from storage.embedded import EmbeddedServer
from tests import alerts_sent as sent
from tests.workplace import Workplace, at_work


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, secret in sent.SECRETS.items():
        monkeypatch.setenv(name, secret)


@pytest.fixture
async def idle(server: EmbeddedServer, tmp_path: Path) -> AsyncIterator[Workplace]:
    """Without a worker: what comes in stays as it was stored."""
    async with at_work(server, tmp_path, works=False) as opened:
        yield opened


async def post(
    place: Workplace, body: bytes, headers: Mapping[str, str] | None = None, vendor: str = "alertmanager"
) -> httpx.Response:
    async with httpx.AsyncClient(base_url=place.address, timeout=30) as client:
        proof = sent.bearer() if headers is None else headers
        return await client.post(f"/alerts/{vendor}", content=body, headers=dict(proof))


async def test_forged_ones_are_refused_with_a_reason_and_leave_nothing(idle: Workplace) -> None:
    body = sent.alertmanager(sent.one())
    for headers in ({}, sent.bearer("wrong")):
        refused = await post(idle, body, headers)
        assert (refused.status_code, "bearer token" in refused.json()["error"]) == (401, True)
    event = sent.pagerduty("ev-1")
    forged = await post(idle, event + b" ", sent.signed_by_pagerduty(event), "pagerduty")
    assert (forged.status_code, "signature" in forged.json()["error"]) == (401, True)
    assert await idle.rows("SELECT id FROM alerts") == []


async def test_what_is_no_vendor_or_has_no_secret_is_not_there(
    server: EmbeddedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PAGERDUTY_WEBHOOK_SECRETS")
    async with at_work(server, tmp_path, works=False) as place:
        for vendor in ("pagerduty", "nagios", "alertmanager%2F..", "x" * 300):
            assert (await post(place, b"{}", {}, vendor)).status_code == 404
        async with httpx.AsyncClient(base_url=place.address) as client:
            assert (await client.get("/alerts/alertmanager")).status_code == 405


async def test_too_much_and_rubbish_are_refused(idle: Workplace) -> None:
    large = await post(idle, b" " * 1_000_001)
    many = await post(
        idle,
        sent.alertmanager(*[{"status": "firing", "labels": {}, "startsAt": "2026-11-30T03:00:00Z"}] * 1001),
    )
    assert (large.status_code, many.status_code) == (413, 413)
    assert "1,001 alerts" in many.json()["error"]
    rubbish = await post(idle, sent.alertmanager(sent.one(status="what")))
    assert (rubbish.status_code, rubbish.json()["error"]) == (400, "This cannot be read: alerts.0.status.")
    assert await idle.rows("SELECT id FROM alerts") == []


async def test_without_the_database_it_is_to_be_sent_again_and_then_it_is_there(idle: Workplace) -> None:
    nowhere = Database.open("postgresql://nobody@127.0.0.1:1/none")
    for database, status in ((nowhere, 503), (idle.installation.database, 202)):
        app = web.Application(middlewares=[access_log, sentences])
        add_alerts(app, database, idle.tenant, lambda: idle.installation.outside.alert_sources)
        async with TestClient(TestServer(app, host="127.0.0.1")) as client:
            answered = await client.post(
                "/alerts/alertmanager", data=sent.alertmanager(sent.one()), headers=sent.bearer()
            )
            assert answered.status == status
    await nowhere.close()
    assert len(await idle.rows("SELECT id FROM alerts")) == 1
