"""The sample's services together, under their keeper: they find each other, do without each other, and keep
their data."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from integrations.deployments import Stage, Status, Target
from integrations.deployments.vendors.local.client import LocalDeployments
from storage.embedded import EmbeddedServer
from tests.architecture.source import ROOT
from tests.examples.sample_services import RELEASES, metric, services_database
from tests.integrations.local_platform import gone, grant, keepers, processes_with

pytestmark = [pytest.mark.processes, pytest.mark.timeout(240)]

READY_WITHIN = 120
HISTORY = "/accounts/7/orders"


@pytest.fixture
def folder() -> Iterator[Path]:
    """Not in pytest's own folder, which is closed to the user that a database runs as."""
    made = Path(tempfile.mkdtemp(prefix="countersign-sample-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made, ignore_errors=True)


@asynccontextmanager
async def _platform(folder: Path, releases: Path, url: str | None) -> AsyncIterator[LocalDeployments]:
    yield LocalDeployments(folder / "keeper", releases, ready_seconds=60.0, idle_seconds=60.0, database_url=url)
    for pid in keepers(folder):
        os.kill(pid, signal.SIGTERM)
        await gone(pid)


async def _runs(platform: LocalDeployments, target: Target) -> Status:
    async with asyncio.timeout(READY_WITHIN):
        while (  # noqa: ASYNC110 — nobody tells
            found := await platform.status(target)
        ).stable is None or (found.stable.ready < found.stable.replicas):
            await asyncio.sleep(0.1)
    return found


async def _ask(status: Status, path: str, body: object = None) -> tuple[int, Any]:
    async with (
        aiohttp.ClientSession() as client,
        client.request("POST" if body else "GET", f"{status.address}{path}", json=body) as answer,
    ):
        is_json = answer.content_type == "application/json"
        return answer.status, await (answer.json() if is_json else answer.text())


async def _traffic(folder: Path, *given: str) -> tuple[int, str]:
    command = (sys.executable, "-m", "examples.acme.traffic", "--keeper", str(folder / "keeper"), *given)
    process = await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await process.communicate()
    return process.returncode or 0, said.decode()


async def test_they_find_each_other_and_do_without_each_other(folder: Path, server: EmbeddedServer) -> None:
    services = ("auth-service", "orders", "payment-service", "checkout")
    with services_database(server) as url:
        async with _platform(folder, RELEASES, url) as platform:
            code, said = await _traffic(folder)
            assert (code, "nothing runs there yet" in said) == (2, True)
            await platform.status(Target("orders", Stage.STAGING))
            for stage in Stage:
                for service in services:
                    await _runs(platform, Target(service, stage))
            for stage in ("staging", "production"):
                code, said = await _traffic(folder, "--stage", stage, "--rate", "10", "--seconds", "2")
                told = json.loads(said)
                assert (code, told["visits"], told["left_out"]) == (0, 20, 0)
                expected = {"auth-service 201": 20, "orders 200": 20, "checkout 201": 20}
                assert told["answers"] == expected, stage
            await _demand_that_checkout_does_without_orders(platform)
    assert not (folder / "keeper" / "postgres").exists()  # they had the one that was named


async def _demand_that_checkout_does_without_orders(platform: LocalDeployments) -> None:
    checkout = await platform.status(Target("checkout", Stage.PRODUCTION))
    auth = await platform.status(Target("auth-service", Stage.PRODUCTION))
    orders = Target("orders", Stage.PRODUCTION)
    _, signed_in = await _ask(auth, "/sessions", {"account": 7})
    await platform.scale(grant("g1"), orders, 0, before=2)
    code, said = await _ask(checkout, "/checkouts", {"account": 7, **signed_in})
    assert (code, said) == (503, {"error": "orders answered 503"})
    _, page = await _ask(checkout, "/metrics")
    calls = "http_client_requests_total"
    assert metric(page, calls, callee="orders", code="200") == 20
    assert metric(page, calls, callee="orders", code="503") == 1
    assert metric(page, calls, callee="payment-service", code="201") == 20
    assert metric(page, "http_requests_total", version="5.3.0", route="/checkouts", code="503") == 1
    await platform.scale(grant("g2"), orders, 1, before=0)
    assert (await _ask(checkout, "/checkouts", {"account": 7, **signed_in}))[0] == 201


async def test_a_database_of_the_keepers_own_ends_with_it_and_keeps_what_is_in_it(folder: Path) -> None:
    releases, target = folder / "releases", Target("orders", Stage.STAGING)
    for name in ("_shared", "orders"):
        shutil.copytree(RELEASES / name, releases / name, ignore=shutil.ignore_patterns("__pycache__"))
    async with _platform(folder, releases, None) as platform:
        newest = await platform.release("orders", "4.19.0")
        await platform.deploy(grant("g1"), target, "4.19.0", newest.digest, 1, before=None)
        _, before = await _ask(await _runs(platform, target), HISTORY)
        (keeper,) = keepers(folder)
        database = _postmaster(folder)
        os.kill(keeper, signal.SIGKILL)
        for pid in (keeper, database):
            await gone(pid)
        again = await _runs(platform, target)
        assert await _ask(again, HISTORY) == (200, before)
        os.kill(_postmaster(folder), signal.SIGKILL)
        async with asyncio.timeout(READY_WITHIN):
            while await _ask(again, HISTORY) != (200, before):  # noqa: ASYNC110 — nobody tells
                await asyncio.sleep(0.1)
    assert processes_with(str(folder)) == []
    assert not list(releases.rglob("__pycache__"))  # which would make it another release


def _postmaster(folder: Path) -> int:
    return int((folder / "keeper" / "postgres" / "postmaster.pid").read_text().split()[0])
