"""A worker is killed at every step between a merge and staging: built once, deployed once, asked about once."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path

import pytest

import tests.scenarios.operations
from agents.engineering.release_step import RELEASE
from agents.engineering.story_run import RUN
from agents.engineering.tables import StoryWorkRow
from agents.work import runs
from agents.work.kinds import NewStep, find_kinds
from bot.bootstrap import open_installation
from bot.conversation import Conversation
from integrations.deployments import ChangeQuery, ReleaseQuery, Stage, Target
from storage.embedded import EmbeddedServer
from tests.architecture.source import ROOT
from tests.integrations.local_platform import gone, keepers, processes_with
from tests.integrations.releases import with_stand_ins
from tests.scenarios.faults.dying_department import Dying
from tests.scenarios.operations import Operations
from tests.workplace import settings_of

pytestmark = [pytest.mark.processes, pytest.mark.timeout(480)]

POINTS = ["build before", "build after", "status before", "status after", "deploy before", "deploy after"]


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each death costs the start of a worker."""
    monkeypatch.setattr(tests.scenarios.operations, "PATIENCE_SECONDS", 300)


@asynccontextmanager
async def _dying(server: EmbeddedServer, folder: Path) -> AsyncIterator[Operations]:
    settings = settings_of(server, folder, department=with_stand_ins(folder))
    told = Dying(
        settings={
            "database_url": server.app_url,
            "database_owner_url": server.owner_url,
            **{name: str(getattr(settings, name)) for name in ("var_folder", "tenant", "department")},
        },
        points={"orders": POINTS},
        failing="checkout",
        version="5.4.0",
        journal=str(folder / "keeper" / settings.tenant / "journal.jsonl"),
        deaths=str(folder / "deaths"),
    )
    (folder / "told.json").write_text(json.dumps(asdict(told)))
    installation = await open_installation(settings)
    place = Operations(installation, Conversation(installation))
    await _merged(place)
    command = (sys.executable, "-m", "tests.scenarios.faults.dying_department", str(folder / "told.json"))
    worker = await asyncio.create_subprocess_exec(*command, cwd=ROOT)
    try:
        yield place
    finally:
        worker.kill()
        await worker.wait()
        for pid in keepers(folder):
            os.kill(pid, signal.SIGTERM)
            await gone(pid)
        await installation.close()


async def _merged(place: Operations) -> None:
    """A story of which nothing is left to do but its release."""
    host = place.installation.ports(place.tenant).code_host
    merged = (await host.branch("orders", "main")).sha
    async with place.installation.database.transaction(place.tenant) as tx:
        run = await runs.begin(
            tx,
            find_kinds(),
            RUN.name,
            "CARD-1: Pieces",
            (NewStep("release", RELEASE, "Release orders"),),
            requester="amanda",
            subject="service:orders",
        )
        tx.add(
            StoryWorkRow(
                run=run.id,
                story="CARD-1",
                repository="orders",
                service="orders",
                discipline="backend",
                answers="kofi",
                brief={"title": "Pieces", "description": "", "acceptance": []},
                base_branch="main",
                base=merged,
                branch="countersign/card-1",
                pull_request=1,
                merged=merged,
            )
        )


async def test_nothing_of_a_release_is_done_twice(server: EmbeddedServer, tmp_path: Path) -> None:
    async with _dying(server, tmp_path) as place:
        query = "SELECT version, says FROM story_releases WHERE staged IS NOT NULL OR says IS NOT NULL"
        (row,) = await place.until(query, lambda rows: rows)
        assert row.says is None
        asked = "SELECT title FROM approvals WHERE title LIKE 'Deploy orders%'"
        await place.until(asked, lambda rows: rows)
        history = await place.port.history(ChangeQuery("orders", Stage.STAGING))
        by_leave = [one for one in history.items if one.grant]
        status = await place.port.status(Target("orders", Stage.STAGING))
        built = [
            one for one in (await place.port.releases(ReleaseQuery("orders"))).items if "-g" in one.version
        ]
        approvals = await place.rows(asked)
        effects = await place.rows("SELECT state FROM effects WHERE body->>'type' = 'deployments.deploy'")
    died = (tmp_path / "deaths").read_text().splitlines()
    assert died == [f"orders: {point}" for point in POINTS]
    assert [one.version for one in by_leave] == [row.version], "deployed once"
    assert [one.version for one in built] == [row.version], "built once"
    assert status.stable is not None
    assert status.stable.digest == built[0].digest
    assert len(approvals) == 1
    assert [one.state for one in effects if one.state == "done"] == ["done"]
    assert processes_with(str(tmp_path)) == [], "no orphan is left"
