"""The embedded platform: real processes under a real keeper."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiohttp
import pytest

from integrations.deployments import DeploymentError, During, NoSuchRelease, NotReady
from integrations.deployments.vendors.local import places, processes
from integrations.deployments.vendors.local import releases as stored
from integrations.deployments.vendors.local.client import LocalDeployments
from integrations.deployments.vendors.local.database import ServicesDatabase
from integrations.deployments.vendors.local.processes import Replica
from integrations.deployments.vendors.local.releases import Runnable
from tests.integrations.deployments_contract import ORDERS, DeploymentsContract, deploy, grant
from tests.integrations.local_platform import processes_with, served
from tests.integrations.releases import write_release

pytestmark = pytest.mark.processes


class TestLocalDeployments(DeploymentsContract):
    @pytest.fixture
    def rebuild(self, tmp_path: Path) -> Callable[[str], Awaitable[None]]:
        async def rebuild(version: str) -> None:
            with (tmp_path / "releases" / "orders" / version / "server.py").open("a") as server:
                server.write("\n# one line more\n")

        return rebuild


async def test_the_traffic_goes_to_what_runs(platform: LocalDeployments) -> None:
    first = await deploy(platform, "1.0", "g1", replicas=2)
    assert {(await served(first)).rsplit(" ", 1)[0] for _ in range(4)} == {"orders 1.0 staging"}
    second = await deploy(platform, "1.1", "g2")
    assert second.address == first.address
    assert (await served(second)).startswith("orders 1.1 staging")


async def test_a_request_that_is_under_way_comes_to_its_end(platform: LocalDeployments) -> None:
    first = await deploy(platform, "1.0", "g1")
    slow = asyncio.create_task(served(first, "/slow"))
    await asyncio.sleep(0.1)
    await deploy(platform, "1.1", "g2")
    assert (await slow).startswith("orders 1.0")


async def test_what_comes_in_meanwhile_is_counted_and_nothing_of_it_lost(platform: LocalDeployments) -> None:
    first = await deploy(platform, "1.0", "g1")
    assert first.during == During(0, 0, 0)

    async def ask_on() -> None:
        while True:
            await served(first)

    asking = asyncio.create_task(ask_on())
    second = await deploy(platform, "1.1", "g2")
    asking.cancel()
    assert second.during is not None
    assert second.during.requests > 0
    assert (second.during.failed, second.during.lost) == (0, 0)
    assert (await platform.status(ORDERS)).during is None


async def test_one_that_dies_while_it_starts_leaves_the_traffic_where_it_was(
    platform: LocalDeployments,
) -> None:
    before = await deploy(platform, "1.0", "g1")
    with pytest.raises(NotReady, match=r"orders 1\.3 did not become ready .* nothing was changed"):
        await deploy(platform, "1.3", "g2")
    assert (await served(before)).startswith("orders 1.0")
    assert await platform.what_happened("g2") is None


async def test_a_release_that_was_deleted_since_it_was_approved_changes_nothing(
    platform: LocalDeployments, tmp_path: Path
) -> None:
    before = await deploy(platform, "1.0", "g1")
    approved = await platform.release("orders", "1.1")
    shutil.rmtree(tmp_path / "releases" / "orders" / "1.1")
    with pytest.raises(NoSuchRelease, match=r"orders has no release 1\.1"):
        await platform.deploy(grant("g2"), ORDERS, "1.1", approved.digest, 1, before="1.0")
    assert (await served(before)).startswith("orders 1.0")
    assert await platform.what_happened("g2") is None


async def test_one_that_is_deleted_between_two_replicas_leaves_neither(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    releases = tmp_path / "releases"
    write_release(releases, "orders", "1.1", "2026-11-09")

    async def deleted_after(runnable: Runnable, stage: str, told: dict[str, str], etc: Path) -> Replica:
        replica = await processes.start(runnable, stage, told, etc)
        shutil.rmtree(runnable.folder)
        return replica

    monkeypatch.setattr(places, "start", deleted_after)
    async with aiohttp.ClientSession() as client:
        database = ServicesDatabase(tmp_path / "postgres", None)
        opened = places.Places(tmp_path, releases, client, 5.0, database)
        with pytest.raises(NoSuchRelease, match=r"orders 1\.1 cannot be started: .*No such file"):
            await opened.started(stored.read(releases, "orders", "1.1"), "staging", 2)
    assert processes_with(str(releases)) == []


async def test_scaling_keeps_the_replicas_that_run(platform: LocalDeployments) -> None:
    first = await deploy(platform, "1.0", "g1")
    kept = await served(first)
    more = await platform.scale(grant("g2"), ORDERS, 3, before=1)
    assert kept in {await served(more) for _ in range(6)}
    fewer = await platform.scale(grant("g3"), ORDERS, 1, before=3)
    assert {await served(fewer) for _ in range(3)} == {kept}


async def test_a_folder_without_a_release_is_none(platform: LocalDeployments, tmp_path: Path) -> None:
    (tmp_path / "releases" / "orders" / "9.9").mkdir()
    with pytest.raises(NoSuchRelease, match=r"orders has no release 9\.9\. It has 2\.0"):
        await platform.release("orders", "9.9")


async def test_a_release_that_cannot_be_read_says_which_file(
    platform: LocalDeployments, tmp_path: Path
) -> None:
    (tmp_path / "releases" / "orders" / "1.0" / "release.yaml").write_text("command: []\n")
    with pytest.raises(DeploymentError, match=r"release\.yaml cannot be read as a release \(command: "):
        await platform.release("orders", "1.0")
