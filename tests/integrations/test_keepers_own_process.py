"""`python -m bot keeper`: the keeper as a process of its own, which its clients find and none of them ends."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from integrations.deployments.vendors.local.client import LocalDeployments, socket_of
from tests.architecture.source import ROOT
from tests.integrations.local_platform import ORDERS, gone, keepers
from tests.integrations.releases import with_stand_ins

pytestmark = [pytest.mark.processes, pytest.mark.timeout(240)]


class Started:
    def __init__(self, folder: Path) -> None:
        self.department, self.var = with_stand_ins(folder), folder / "var"
        self.kept = self.var / "keeper" / "acme"
        self.process: asyncio.subprocess.Process | None = None

    def client(self) -> LocalDeployments:
        return LocalDeployments(self.kept, self.department / "releases")

    async def keeper(self) -> int:
        told = {"DEPARTMENT": str(self.department), "VAR_FOLDER": str(self.var), "TENANT": "acme"}
        environment = {**os.environ, **told}
        self.process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot", "keeper", env=environment, cwd=ROOT
        )
        return self.process.pid


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Started]:
    started = Started(tmp_path)
    yield started
    if started.process is not None and started.process.returncode is None:
        started.process.terminate()
        await started.process.wait()
    for pid in keepers(tmp_path):
        os.kill(pid, signal.SIGTERM)
        await gone(pid)


async def serving(place: Started) -> None:
    async with asyncio.timeout(110):
        while not socket_of(place.kept).exists():  # noqa: ASYNC110 — a process tells nobody
            await asyncio.sleep(0.1)


async def test_who_asks_finds_it_and_starts_no_other(place: Started) -> None:
    pid = await place.keeper()
    await serving(place)
    status = await place.client().status(ORDERS)
    assert status.stable is not None
    assert keepers(place.var) == [pid]


async def test_it_takes_over_from_one_that_was_started_on_demand(place: Started) -> None:
    before = await place.client().status(ORDERS)
    (on_demand,) = keepers(place.var)
    pid = await place.keeper()
    async with asyncio.timeout(110):
        while pid not in keepers(place.var):  # noqa: ASYNC110 — it becomes the keeper by and by
            await asyncio.sleep(0.1)
    os.kill(on_demand, signal.SIGTERM)
    await gone(on_demand)
    await serving(place)
    after = await place.client().status(ORDERS)
    assert keepers(place.var) == [pid]
    assert after.stable is not None
    assert before.stable is not None
    assert after.stable.version == before.stable.version
