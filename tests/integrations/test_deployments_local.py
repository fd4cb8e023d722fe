"""The embedded platform: real processes under a real keeper, which is killed, and begins again."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from integrations.deployments import (
    BehindMigration,
    ChangedMeanwhile,
    ChangeKind,
    ChangeQuery,
    DeploymentError,
    GrantSpent,
    NoSuchRelease,
    NothingRuns,
    NotReady,
    ReleaseQuery,
)
from integrations.deployments.vendors.local.client import LocalDeployments
from tests.integrations.local_platform import ORDERS, deploy, grant, served

pytestmark = pytest.mark.processes


async def test_a_version_takes_over_once_it_is_ready(platform: LocalDeployments) -> None:
    assert (await platform.status(ORDERS)).stable is None
    first = await deploy(platform, "1.0", "g1", replicas=2)
    assert first.stable is not None
    assert (first.stable.version, first.stable.replicas, first.stable.ready) == ("1.0", 2, 2)
    assert {(await served(first)).rsplit(" ", 1)[0] for _ in range(4)} == {"orders 1.0 staging"}
    second = await deploy(platform, "1.1", "g2")
    assert second.address == first.address
    assert (await served(second)).startswith("orders 1.1 staging")
    newest, oldest = (await platform.history(ChangeQuery(service="orders"))).items
    assert (newest.kind, newest.version, newest.before, newest.grant) == (
        ChangeKind.DEPLOYED,
        "1.1",
        "1.0",
        "g2",
    )
    assert oldest.replicas == 2


async def test_a_request_that_is_under_way_comes_to_its_end(platform: LocalDeployments) -> None:
    first = await deploy(platform, "1.0", "g1")
    slow = asyncio.create_task(served(first, "/slow"))
    await asyncio.sleep(0.1)
    await deploy(platform, "1.1", "g2")
    assert (await slow).startswith("orders 1.0")


@pytest.mark.parametrize("version", ["1.2", "1.3"])
async def test_one_that_does_not_become_ready_changes_nothing(platform: LocalDeployments, version: str) -> None:
    before = await deploy(platform, "1.0", "g1")
    with pytest.raises(NotReady, match=rf"orders {version} did not become ready .* nothing was changed"):
        await deploy(platform, version, "g2")
    assert (await served(before)).startswith("orders 1.0")
    assert await platform.what_happened("g2") is None


async def test_a_repeated_grant_does_nothing_and_another_use_of_it_is_refused(
    platform: LocalDeployments,
) -> None:
    await deploy(platform, "1.0", "g1")
    await deploy(platform, "1.1", "g2")
    again = await deploy(platform, "1.0", "g1")
    assert again.stable is not None
    assert again.stable.version == "1.1"
    with pytest.raises(GrantSpent):
        await platform.scale(grant("g1"), ORDERS, 3, before=1)
    assert await platform.what_happened("g1") == "orders 1.0 deployed in staging"


async def test_it_goes_back_but_not_behind_a_migration(platform: LocalDeployments) -> None:
    old, new = await platform.release("orders", "1.0"), await platform.release("orders", "2.0")
    await deploy(platform, "1.0", "g1", replicas=2)
    await deploy(platform, "1.1", "g2", replicas=2)
    back = await platform.roll_back(grant("g3"), ORDERS, "1.0", old.digest, before="1.1")
    assert back.stable is not None
    assert (back.stable.version, back.stable.replicas) == ("1.0", 2)
    await platform.deploy(grant("g4"), ORDERS, "2.0", new.digest, 1, before="1.0")
    with pytest.raises(BehindMigration, match=r"older than 2\.0, whose migration cannot be taken back"):
        await platform.roll_back(grant("g5"), ORDERS, "1.0", old.digest, before="2.0")


async def test_it_scales_what_runs_and_nothing_else(platform: LocalDeployments) -> None:
    with pytest.raises(NothingRuns):
        await platform.scale(grant("g0"), ORDERS, 2, before=1)
    first = await deploy(platform, "1.0", "g1")
    kept = await served(first)
    more = await platform.scale(grant("g2"), ORDERS, 3, before=1)
    assert more.stable is not None
    assert (more.stable.replicas, more.stable.ready) == (3, 3)
    assert kept in {await served(more) for _ in range(6)}
    fewer = await platform.scale(grant("g3"), ORDERS, 1, before=3)
    assert {await served(fewer) for _ in range(3)} == {kept}


async def test_files_that_have_changed_since_are_not_what_was_approved(
    platform: LocalDeployments, tmp_path: Path
) -> None:
    seen = await platform.release("orders", "1.1")
    with (tmp_path / "releases" / "orders" / "1.1" / "server.py").open("a") as server:
        server.write("\n# one line more\n")
    with pytest.raises(NoSuchRelease, match="not what was approved any more"):
        await platform.deploy(grant("g1"), ORDERS, "1.1", seen.digest, 1, before=None)


async def test_what_stands_otherwise_by_now_is_not_changed(platform: LocalDeployments) -> None:
    old, new = await platform.release("orders", "1.0"), await platform.release("orders", "1.1")
    await deploy(platform, "1.0", "g1")
    with pytest.raises(
        ChangedMeanwhile, match=r"orders in staging stands at 1\.0, and not at nothing any more"
    ):
        await platform.deploy(grant("g2"), ORDERS, "1.1", new.digest, 1, before=None)
    await deploy(platform, "1.1", "g3")
    with pytest.raises(ChangedMeanwhile):
        await platform.roll_back(grant("g4"), ORDERS, "1.0", old.digest, before="1.2")
    with pytest.raises(ChangedMeanwhile, match="stands at 1, and not at 4 any more"):
        await platform.scale(grant("g5"), ORDERS, 2, before=4)
    assert [await platform.what_happened(name) for name in ("g2", "g4", "g5")] == [None, None, None]


async def test_a_folder_without_a_release_is_none(platform: LocalDeployments, tmp_path: Path) -> None:
    (tmp_path / "releases" / "orders" / "9.9").mkdir()
    with pytest.raises(NoSuchRelease, match=r"orders has no release 9\.9\. It has 2\.0"):
        await platform.release("orders", "9.9")


async def test_releases_come_in_pages_newest_first(platform: LocalDeployments) -> None:
    first = await platform.releases(ReleaseQuery(service="orders", limit=2))
    second = await platform.releases(ReleaseQuery(service="orders", limit=3, after=first.after))
    assert [one.version for one in (*first.items, *second.items)] == ["2.0", "1.3", "1.2", "1.1", "1.0"]
    assert second.after is None
    with pytest.raises(NoSuchRelease, match=r"orders has no release 9\.9. It has 2\.0, 1\.3"):
        await platform.release("orders", "9.9")
    for service, version in (
        ("orders", "../stubborn/1.0"),
        ("..", "releases"),
        ("orders", ".."),
        ("", "orders"),
    ):
        with pytest.raises(NoSuchRelease):
            await platform.release(service, version)


async def test_a_release_that_cannot_be_read_says_which_file(
    platform: LocalDeployments, tmp_path: Path
) -> None:
    (tmp_path / "releases" / "orders" / "1.0" / "release.yaml").write_text("command: []\n")
    with pytest.raises(DeploymentError, match=r"release\.yaml cannot be read as a release \(command: "):
        await platform.release("orders", "1.0")
