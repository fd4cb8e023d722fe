"""The embedded platform: real processes under a real keeper, which is killed, and begins again."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from governance.action import Grant
from integrations.deployments import (
    BehindMigration,
    ChangeKind,
    ChangeQuery,
    DeploymentError,
    GrantSpent,
    NoSuchRelease,
    NothingRuns,
    NotReady,
    ReleaseQuery,
    Stage,
    Status,
    Target,
)
from integrations.deployments.vendors.local.client import LocalDeployments
from tests.integrations.releases import write_release

pytestmark = pytest.mark.processes

ORDERS = Target("orders", Stage.STAGING)


def grant(name: str) -> Grant:
    return Grant(name, "t", f"ef_{name}", "", 0, datetime.now(UTC))


@pytest.fixture
async def platform(tmp_path: Path) -> AsyncIterator[LocalDeployments]:
    releases = tmp_path / "releases"
    write_release(releases, "orders", "1.0", "2026-11-02")
    write_release(releases, "orders", "1.1", "2026-11-09")
    write_release(releases, "orders", "1.2", "2026-11-16", SICK="yes")
    write_release(releases, "orders", "1.3", "2026-11-17", DIES="yes")
    write_release(releases, "orders", "2.0", "2026-11-20", irreversible=True)
    write_release(releases, "stubborn", "1.0", "2026-11-02", STUBBORN="yes", CHILD="yes")
    yield LocalDeployments(tmp_path / "keeper", releases, ready_seconds=10.0, idle_seconds=60.0)
    for pid in keepers(tmp_path):
        os.kill(pid, signal.SIGTERM)
        await gone(pid)


def keepers(folder: Path) -> list[int]:
    """The keepers of this folder, by their process ids."""
    return [pid for pid in processes_with(str(folder)) if b"vendors.local.keeper" in _command(pid)]


def processes_with(words: str) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and words.encode() in _command(int(entry.name)) + _folder(int(entry.name)):
            found.append(int(entry.name))
    return found


def _command(pid: int) -> bytes:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""


def _folder(pid: int) -> bytes:
    with suppress(OSError):
        return os.readlink(f"/proc/{pid}/cwd").encode()
    return b""


async def gone(pid: int) -> None:
    async with asyncio.timeout(20):
        while _command(pid):  # noqa: ASYNC110 — a process of somebody else’s tells nobody
            await asyncio.sleep(0.05)


async def deploy(platform: LocalDeployments, version: str, name: str, replicas: int = 1) -> Status:
    release = await platform.release("orders", version)
    return await platform.deploy(grant(name), ORDERS, version, release.digest, replicas)


async def served(status: Status, path: str = "/") -> str:
    assert status.address is not None
    async with httpx.AsyncClient() as client:
        return (await client.get(f"{status.address}{path}")).text


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
        await platform.scale(grant("g1"), ORDERS, 3)
    assert await platform.what_happened("g1") == "orders 1.0 deployed in staging"


async def test_it_goes_back_but_not_behind_a_migration(platform: LocalDeployments) -> None:
    old, new = await platform.release("orders", "1.0"), await platform.release("orders", "2.0")
    await deploy(platform, "1.0", "g1", replicas=2)
    await deploy(platform, "1.1", "g2", replicas=2)
    back = await platform.roll_back(grant("g3"), ORDERS, "1.0", old.digest)
    assert back.stable is not None
    assert (back.stable.version, back.stable.replicas) == ("1.0", 2)
    await platform.deploy(grant("g4"), ORDERS, "2.0", new.digest, 1)
    with pytest.raises(BehindMigration, match=r"older than 2\.0, whose migration cannot be taken back"):
        await platform.roll_back(grant("g5"), ORDERS, "1.0", old.digest)


async def test_it_scales_what_runs_and_nothing_else(platform: LocalDeployments) -> None:
    with pytest.raises(NothingRuns):
        await platform.scale(grant("g0"), ORDERS, 2)
    first = await deploy(platform, "1.0", "g1")
    kept = await served(first)
    more = await platform.scale(grant("g2"), ORDERS, 3)
    assert more.stable is not None
    assert (more.stable.replicas, more.stable.ready) == (3, 3)
    assert kept in {await served(more) for _ in range(6)}
    fewer = await platform.scale(grant("g3"), ORDERS, 1)
    assert {await served(fewer) for _ in range(3)} == {kept}


async def test_files_that_have_changed_since_are_not_what_was_approved(
    platform: LocalDeployments, tmp_path: Path
) -> None:
    seen = await platform.release("orders", "1.1")
    with (tmp_path / "releases" / "orders" / "1.1" / "server.py").open("a") as server:
        server.write("\n# one line more\n")
    with pytest.raises(NoSuchRelease, match="not what was approved any more"):
        await platform.deploy(grant("g1"), ORDERS, "1.1", seen.digest, 1)


async def test_whoever_asked_first_may_die_and_what_runs_goes_on(
    platform: LocalDeployments, tmp_path: Path
) -> None:
    await deploy(platform, "1.0", "g1")
    (keeper,) = keepers(tmp_path)
    assert os.getsid(keeper) == keeper != os.getsid(0)


async def test_after_its_death_nothing_is_left_and_the_next_one_begins_with_what_held(
    platform: LocalDeployments, tmp_path: Path
) -> None:
    before = await deploy(platform, "1.1", "g1", replicas=2)
    (keeper,) = keepers(tmp_path)
    services = [pid for pid in processes_with(str(tmp_path / "releases")) if pid != keeper]
    assert len(services) == 2
    os.kill(keeper, signal.SIGKILL)
    for pid in (keeper, *services):
        await gone(pid)
    again = await platform.status(ORDERS)
    assert again.address == before.address
    assert again.stable is not None
    assert (again.stable.version, again.stable.ready) == ("1.1", 2)
    assert await platform.what_happened("g1") == "orders 1.1 deployed in staging"


async def test_a_line_of_the_journal_that_was_cut_off_counts_as_not_written(
    platform: LocalDeployments, tmp_path: Path
) -> None:
    await deploy(platform, "1.0", "g1")
    (keeper,) = keepers(tmp_path)
    os.kill(keeper, signal.SIGKILL)
    await gone(keeper)
    journal = tmp_path / "keeper" / "journal.jsonl"
    with journal.open("a") as opened:
        opened.write('{"number": 2, "grant": "g2", "ki')
    assert await platform.what_happened("g2") is None
    await deploy(platform, "1.1", "g2")
    assert [json.loads(line)["version"] for line in journal.read_text().splitlines()] == ["1.0", "1.1"]


async def test_a_replica_that_ends_by_itself_is_replaced(platform: LocalDeployments) -> None:
    first = await deploy(platform, "1.0", "g1")
    was = int((await served(first)).rsplit(" ", 1)[1])
    os.kill(was, signal.SIGKILL)
    await gone(was)
    again = await platform.status(ORDERS)
    assert again.stable is not None
    assert again.stable.ready == 1
    assert int((await served(again)).rsplit(" ", 1)[1]) != was


async def test_what_will_not_end_is_ended_with_what_it_started(
    platform: LocalDeployments, tmp_path: Path
) -> None:
    target = Target("stubborn", Stage.STAGING)
    release = await platform.release("stubborn", "1.0")
    await platform.deploy(grant("g1"), target, "1.0", release.digest, 1)
    started = processes_with(str(tmp_path / "releases" / "stubborn"))
    assert len(started) == 2
    await platform.scale(grant("g2"), target, 0)
    for pid in started:
        await gone(pid)


async def test_the_socket_is_for_its_own_user(platform: LocalDeployments, tmp_path: Path) -> None:
    await platform.status(ORDERS)
    await deploy(platform, "1.0", "g1")
    socket = platform._socket
    assert socket.stat().st_mode & 0o777 == 0o600


async def test_rubbish_on_the_socket_is_refused_and_harms_nothing(platform: LocalDeployments) -> None:
    await deploy(platform, "1.0", "g1")
    for said in (b"\n", b"{}\n", b"[1]\n", b'{"method": "close", "given": {}}\n', b"\xff\xfe\n"):
        reader, writer = await asyncio.open_unix_connection(str(platform._socket))
        writer.write(said)
        await writer.drain()
        assert json.loads(await reader.readline())["refused"] == "DeploymentError"
        writer.close()
    assert (await platform.status(ORDERS)).stable is not None


async def test_releases_come_in_pages_newest_first(platform: LocalDeployments) -> None:
    first = await platform.releases(ReleaseQuery(service="orders", limit=2))
    second = await platform.releases(ReleaseQuery(service="orders", limit=3, after=first.after))
    assert [one.version for one in (*first.items, *second.items)] == ["2.0", "1.3", "1.2", "1.1", "1.0"]
    assert second.after is None
    with pytest.raises(NoSuchRelease, match=r"orders has no release 9\.9. It has 2\.0, 1\.3"):
        await platform.release("orders", "9.9")
    with pytest.raises(NoSuchRelease):
        await platform.release("orders", "../stubborn/1.0")


async def test_a_release_that_cannot_be_read_says_which_file(
    platform: LocalDeployments, tmp_path: Path
) -> None:
    (tmp_path / "releases" / "orders" / "1.0" / "release.yaml").write_text("command: []\n")
    with pytest.raises(DeploymentError, match=r"release\.yaml cannot be read as a release \(command: "):
        await platform.release("orders", "1.0")
