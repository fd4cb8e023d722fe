"""Health, readiness, metrics, and what every request passes through."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
import structlog
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import text
from structlog.testing import capture_logs

from bot import health
from bot.console.residents import read_residents
from bot.inbox import store_words
from bot.listener import Listener
from bot.outbox import put
from bot.settings import Settings
from bot.tables import InboxRow
from bot.web import make_app
from governance.audit.keys import signer_for
from governance.audit.log import record
from governance.places import Audience, Place
from handlers.conversation.cards import Reply
from storage.database import Database
from storage.embedded import EmbeddedServer
from tests.bot.console.conftest import AUDIT_KEY
from tests.bot.console.sample_rows import add_approval
from tests.governance.audit.audit_entries import said

PLACE = Place("console", "product", "cm_1", Audience.DEPARTMENT)


def _app(database: Database, tenant: str, **settings: Any):  # type: ignore[no-untyped-def]
    return make_app(
        database=database,
        listener=Listener("postgresql://unused"),
        settings=Settings(_env_file=None, **settings),
        tenant=tenant,
        residents=read_residents,
        session_key=b"A" * 43 + b"=",
        log_key=signer_for(AUDIT_KEY, tenant).verifier,
        checkpoint_file=None,
    )


@pytest.fixture
async def client(database: Database, tenant: str) -> AsyncIterator[TestClient]:  # type: ignore[type-arg]
    async with TestClient(TestServer(_app(database, tenant), host="127.0.0.1")) as opened:
        yield opened


async def _beat(database: Database, ago: timedelta) -> None:
    statement = text(
        "INSERT INTO audit_sequencer (id, beat) VALUES ('sequencer', clock_timestamp() - :ago)"
        " ON CONFLICT (id) DO UPDATE SET beat = excluded.beat"
    )
    async with database.untenanted() as tx:
        await tx.execute(statement, {"ago": ago})


async def test_alive_whatever_else_is(client: TestClient) -> None:  # type: ignore[type-arg]
    answer = await client.get("/healthz")
    assert (answer.status, await answer.json()) == (200, {"alive": True})


async def test_ready_while_a_sequencer_is_at_work(client: TestClient, database: Database) -> None:  # type: ignore[type-arg]
    await _beat(database, timedelta(0))
    answer = await client.get("/readyz")
    assert (answer.status, await answer.json()) == (200, {"ready": True, "missing": []})
    await _beat(database, timedelta(minutes=1))
    answer = await client.get("/readyz")
    assert answer.status == 503
    assert "sequencer" in (await answer.json())["missing"][0]


async def test_not_ready_when_the_database_does_not_answer(tenant: str) -> None:
    nowhere = Database.open("postgresql://nobody@127.0.0.1:1/none")
    async with TestClient(TestServer(_app(nowhere, tenant), host="127.0.0.1")) as client:
        ready = await client.get("/readyz")
        assert ready.status == 503
        assert "database" in (await ready.json())["missing"][0]
        page = await client.get("/", headers={"Accept": "text/html"})
        assert page.status == 503
        assert "The database does not answer just now" in await page.text()
        assert (await client.get("/healthz")).status == 200
    await nowhere.close()


async def test_not_ready_with_another_version_s_schema(
    client: TestClient,
    database: Database,
    server: EmbeddedServer,  # type: ignore[type-arg]
) -> None:
    await _beat(database, timedelta(0))
    with psycopg.connect(server.owner_url, autocommit=True) as owner:
        head = owner.execute("SELECT version_num FROM alembic_version").fetchone()
        assert head is not None
        owner.execute("UPDATE alembic_version SET version_num = '0001_tenants'")
        try:
            answer = await client.get("/readyz")
        finally:
            owner.execute("UPDATE alembic_version SET version_num = %s", head)
    assert answer.status == 503
    assert "migrate" in (await answer.json())["missing"][0]


def _figure(metrics: str, name: str) -> float:
    found = re.search(rf"^{re.escape(name)} (\S+)$", metrics, re.MULTILINE)
    assert found, f"{name} is not among the figures:\n{metrics}"
    return float(found[1])


async def test_figures_are_counted_from_the_rows(
    client: TestClient,
    database: Database,
    tenant: str,  # type: ignore[type-arg]
) -> None:
    now = datetime.now(UTC)
    async with database.transaction(tenant) as tx:
        for number in range(3):
            await store_words(
                tx, platform="console", key=f"k{number}", identity="console:david", place=PLACE, text="Hello"
            )
        took = {"received": now - timedelta(seconds=0.2), "finished": now, "state": "done", "intent": "status"}
        tx.add(InboxRow(id="tu_1", platform="x", key="k", identity="y", place={}, what={}, **took))
        await put(tx, PLACE, Reply("Hi"), turn=None)
        add_approval(tx, "ap_1", "Deploy", requester="david", asked=("nathan",), roles=("sre_lead",))
        await record(tx, said())
    metrics = await (await client.get("/metrics")).text()
    assert _figure(metrics, 'countersign_turns_total{intent="",state="stored"}') == 3
    assert _figure(metrics, 'countersign_turns_total{intent="status",state="done"}') == 1
    assert _figure(metrics, 'countersign_turn_seconds_bucket{le="0.1"}') == 0
    assert _figure(metrics, 'countersign_turn_seconds_bucket{le="0.25"}') == 1
    assert _figure(metrics, "countersign_turn_seconds_count") == 1
    assert _figure(metrics, 'countersign_outbox{state="waiting"}') == 1
    assert _figure(metrics, "countersign_approvals_open") == 1
    assert _figure(metrics, "countersign_audit_unnumbered") == 1


@pytest.mark.parametrize(
    ("settings", "host", "status"),
    [
        ({}, "127.0.0.1:8300", 200),
        ({}, "localhost", 200),
        ({}, "evil.example", 403),
        ({}, "10.1.2.3", 403),
        ({"env": "production"}, "evil.example", 403),
        ({"env": "production"}, "evil.example:8300", 403),
        ({"env": "production"}, "[", 403),
        ({"env": "production"}, "10.1.2.3:8300", 200),
        ({"env": "production"}, "[fd00::1]:8300", 200),
        ({"env": "production"}, "web:8300", 200),
        ({"env": "production", "public_url": "https://Countersign.example"}, "countersign.example", 200),
        ({"env": "production", "public_url": "https://countersign.example"}, "a.countersign.example", 403),
    ],
)
async def test_figures_are_told_under_own_names_alone(
    database: Database, tenant: str, settings: dict[str, str], host: str, status: int
) -> None:
    async with TestClient(TestServer(_app(database, tenant, **settings), host="127.0.0.1")) as client:
        answer = await client.get("/metrics", headers={"Host": host})
        assert answer.status == status
        assert ("countersign_" in await answer.text()) == (status == 200)


async def test_no_answer_names_a_version(client: TestClient) -> None:  # type: ignore[type-arg]
    for path in ("/healthz", "/nowhere", "/static/console.css", "/metrics"):
        assert (await client.get(path)).headers["Server"] == "Countersign"


@pytest.fixture
def small_disk(server: EmbeddedServer, tmp_path: Path) -> Iterator[Path]:
    """A disk of a hundred kilobytes, on which the database keeps what does not fit into memory."""
    folder = Path(tempfile.mkdtemp(prefix="countersign-"))
    mounting = ["mount", "-t", "tmpfs", "-o", "size=100k,mode=777", "tmpfs", str(folder)]
    if subprocess.run(mounting, capture_output=True).returncode:
        folder.rmdir()
        pytest.skip("needs leave to mount a disk")
    try:
        with psycopg.connect(server.owner_url, autocommit=True) as owner:
            (data,) = owner.execute("SHOW data_directory").fetchone() or ("",)
            os.chown(folder, Path(data).stat().st_uid, -1)
            owner.execute(f"CREATE TABLESPACE small LOCATION '{folder}'")
            owner.execute("GRANT CREATE ON TABLESPACE small TO countersign_app")
            owner.execute("ALTER ROLE countersign_app SET temp_tablespaces = 'small'")
            yield folder
            owner.execute("ALTER ROLE countersign_app RESET temp_tablespaces")
            owner.execute("DROP TABLESPACE small")
    finally:
        subprocess.run(["umount", str(folder)], check=True)
        folder.rmdir()


async def test_not_ready_when_the_databases_disk_is_full(
    small_disk: Path, server: EmbeddedServer, tenant: str
) -> None:
    anew = Database.open(server.app_url)  # whose connections have the setting
    await _beat(anew, timedelta(0))
    app = _app(anew, tenant, database_url=server.app_url)
    async with TestClient(TestServer(app, host="127.0.0.1")) as client:
        with capture_logs() as logs:
            answer = await client.get("/readyz")
        assert answer.status == 503
        full = "the database's disk is full: make room there"
        assert (await answer.json())["missing"] == [full]
        assert {"event": "not_ready", "log_level": "warning", "missing": [full]} in logs
    await anew.close()


async def test_not_ready_when_the_embedded_databases_disk_is_nearly_full(
    database: Database, tenant: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _beat(database, timedelta(0))
    monkeypatch.setattr(health, "LEAST_ROOM", 2**62)
    app = _app(database, tenant, var_folder=tmp_path / "not there yet")
    async with TestClient(TestServer(app, host="127.0.0.1")) as client:
        answer = await client.get("/readyz")
        assert answer.status == 503
        assert "the disk under VAR_FOLDER is full" in (await answer.json())["missing"][0]


async def test_requests_are_named_and_logged_without_what_was_said(client: TestClient) -> None:  # type: ignore[type-arg]
    structlog.reset_defaults()
    with capture_logs() as logs:
        answer = await client.get("/healthz?secret=1", headers={"X-Request-ID": "given-id-1"})
        made = await client.get("/healthz", headers={"X-Request-ID": "not sound\ttoo"})
        missing = await client.get("/nowhere?secret=2")
    assert answer.headers["X-Request-ID"] == "given-id-1"
    assert re.fullmatch(r"[0-9a-f]{16}", made.headers["X-Request-ID"])
    assert missing.status == 404
    lines = [(line["path"], line["status"]) for line in logs if line["event"] == "request"]
    assert lines == [("/healthz", 200), ("/healthz", 200), ("/nowhere", 404)]
    assert "secret" not in str(logs)
