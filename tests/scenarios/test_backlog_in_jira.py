"""A department whose backlog is in Jira: asked about, added to, and changed there once, whoever dies."""

from __future__ import annotations

import asyncio
import shutil
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer
from sqlalchemy import text

from bot.bootstrap import open_installation
from bot.conversation import Conversation
from bot.serving import make_served
from governance.department_file import read_department
from simulators.jira import FakeJira, Fault, serving
from simulators.jira.state import POINTS, Account
from storage.embedded import EmbeddedServer
from tests.architecture.source import ROOT
from tests.scenarios.operations import Operations, operations
from tests.workplace import Deaf, settings_of

ACME = Path(__file__).parents[2] / "examples" / "acme"

pytestmark = [pytest.mark.processes, pytest.mark.timeout(300)]


def department(folder: Path) -> Path:
    """The sample department, with its backlog in Jira."""
    copied = folder / "acme"
    shutil.copytree(ACME, copied)
    with (copied / "department.yaml").open("a") as file:
        file.write("\nintegrations: {tracker: jira}\n")
    return copied


@pytest.fixture
async def jira(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FakeJira]:
    """Its Jira: one project of all teams, a sprint of team Beta that runs, and what people wrote there."""
    known = read_department(ACME / "department.yaml")
    async with serving() as fake:
        state = fake.state
        state.add_project("SHOP")
        state.add_board(1, "SHOP")
        today = datetime.now(UTC).replace(hour=9, minute=0, second=0, microsecond=0)
        monday = today - timedelta(days=today.weekday())
        state.add_sprint(7, 1, "active", monday, monday + timedelta(weeks=2))
        state.accounts["kofi"] = Account("kofi", "Kofi Mensah-L", "kofi.mensahl@example.com", hidden=True)
        state.add_issue("SHOP", creator="kofi", summary="Carts survive a restart", **{POINTS: 3.0})
        teams = ", ".join(f"{one.id}=SHOP" for one in sorted(known.teams, key=lambda one: one.id != "beta"))
        products = ", ".join(f"{one.id}=SHOP" for one in known.products)
        for name, value in (fake.settings | {"JIRA_TEAMS": teams, "JIRA_PRODUCTS": products}).items():
            monkeypatch.setenv(name, value)
        yield fake


async def test_a_backlog_is_asked_about_and_added_to(
    jira: FakeJira, server: EmbeddedServer, tmp_path: Path
) -> None:
    async with operations(server, tmp_path, department(tmp_path)) as place:
        said = await place.say("david", "/status what's the status of SHOP-1")
        assert "Carts survive a restart" in said.as_text(), said.as_text()
        jira.state.move(jira.state.issues["SHOP-1"], "10102", "kofi")
        said = await place.say("david", "/status what's the status of the carts that survive a restart")
        assert "in progress" in said.as_text().lower(), said.as_text()

        added = await place.say("david", "/add_to_backlog Orders say how many pieces they have; P2, team Beta")
        assert "SHOP-2" in added.as_text(), added.as_text()
        made = jira.state.issues["SHOP-2"]
        assert made.values["summary"] == "Orders say how many pieces they have"
        assert jira.done == {"created": 1}
        again = await place.say("david", "/add_to_backlog Orders say how many pieces they have; P2, team Beta")
        assert "SHOP-2" in again.as_text(), again.as_text()
        assert jira.done == {"created": 1}

        urgent = await place.say("nathan", "/add_to_backlog Checkout refuses double orders; P0, team Beta")
        await place.chat.decide("david", urgent.approvals[0]["id"], "approve", {})
        assert jira.done == {"created": 2}
        pressed = await place.press("nathan", "schedule_now", "SHOP-3")
        for one in pressed.approvals:
            button = f"SELECT 1 FROM buttons WHERE verb = 'approve' AND subject = '{one['id']}'"
            await place.until(button, lambda rows: rows)
            await place.chat.decide("david", one["id"], "approve", {})
        assert jira.state.issues["SHOP-3"].sprints == [7], pressed.as_text()
        said = await place.say("david", "/status what's the status of SHOP-3")
        assert "scheduled" in said.as_text().lower(), said.as_text()


@asynccontextmanager
async def without_a_worker(
    server: EmbeddedServer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Operations]:
    """The department, whose workers are processes of their own."""
    settings = settings_of(server, folder, department=department(folder))
    told = {"database_url": server.app_url, "database_owner_url": server.owner_url, "log_level": "error"}
    told |= {name: str(getattr(settings, name)) for name in ("var_folder", "tenant", "department")}
    for name, value in told.items():
        monkeypatch.setenv(name.upper(), value)
    installation = await open_installation(settings)
    installation.__dict__["recogniser"] = Deaf()
    try:
        yield Operations(installation, Conversation(installation))
    finally:
        await installation.close()


@asynccontextmanager
async def worker() -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "bot", "worker", cwd=ROOT)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


@pytest.mark.parametrize(("moment", "created"), [("before", 0), ("after", 1)])
async def test_an_approved_story_is_written_once_though_the_worker_is_killed(
    jira: FakeJira,
    server: EmbeddedServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    moment: str,
    created: int,
) -> None:
    """It dies while Jira is asked for the story: before Jira has made it, and after."""
    async with without_a_worker(server, tmp_path, monkeypatch) as place:
        async with worker() as first:
            urgent = await place.say("nathan", "/add_to_backlog Checkout refuses double orders; P0, team Beta")
            jira.faults.append(Fault("POST", "/rest/api/3/issue$", drop=moment, do=first.kill))
            deciding = asyncio.create_task(place.chat.decide("david", urgent.approvals[0]["id"], "approve", {}))
            assert await first.wait() == -signal.SIGKILL
        assert jira.done["created"] == created
        async with worker():
            await deciding
            await place.until("SELECT state FROM effects", lambda rows: [one[0] for one in rows] == ["done"])
        assert jira.done == {"created": 1}
        assert [one.values["summary"] for one in jira.state.issues.values()][1:] == [
            "Checkout refuses double orders"
        ]


async def test_what_people_change_in_jira_is_looked_at_once_for_all_who_watch(
    jira: FakeJira, server: EmbeddedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three deliveries by HTTP make one look, and looks one after the other one check of what is watched."""
    async with without_a_worker(server, tmp_path, monkeypatch) as place:
        async with TestServer(make_served(place.installation).app) as web:
            address = str(web.make_url("")).rstrip("/")
            for _ in range(3):
                assert await jira.deliver(address, "jira:issue_updated", "SHOP-1") == 202
            assert await jira.deliver(address, "jira:issue_updated", "SHOP-1", secret="x" * 20) == 401
        queued = (
            "SELECT count(*) FROM procrastinate_jobs WHERE status = 'todo'"
            f" AND args->>'tenant' = '{place.tenant}' AND task_name = "
        )
        assert (await place.rows(f"{queued}'look_at_tracker'"))[0][0] == 1
        for _ in range(2):
            await place.installation.jobs.look_at_tracker(place.tenant, "SHOP")
        assert (await place.rows(f"{queued}'check_subscriptions'"))[0][0] == 1
        forgotten = text("DELETE FROM procrastinate_jobs WHERE args->>'tenant' = :id")
        async with place.installation.database.untenanted() as tx:
            await tx.execute(forgotten, {"id": place.tenant})
