"""The keeper and its client where something else fails: programs, folders, replicas, orphans, and time."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import shutil
import signal
from collections.abc import Mapping
from pathlib import Path

import aiohttp
import pytest

from integrations.deployments import (
    BehindMigration,
    ChangeQuery,
    NoSuchRelease,
    NotReady,
    Shed,
    Stage,
    Target,
)
from integrations.deployments.vendors.local import keeper_process, places, processes
from integrations.deployments.vendors.local import releases as stored
from integrations.deployments.vendors.local.client import KeeperAway, LocalDeployments
from integrations.deployments.vendors.local.database import ServicesDatabase
from integrations.deployments.vendors.local.keeper import Keeper
from integrations.deployments.vendors.local.processes import Replica
from integrations.deployments.vendors.local.releases import Runnable
from integrations.pages import every
from tests.integrations.deployments_contract import runs
from tests.integrations.full_disk import full_disk
from tests.integrations.local_platform import ORDERS, deploy, gone, grant, keepers, processes_with, served
from tests.integrations.releases import write_release

pytestmark = pytest.mark.processes


async def killed(folder: Path) -> Path:
    """The journal of a keeper that ends at once."""
    (keeper,) = keepers(folder)
    os.kill(keeper, signal.SIGKILL)
    await gone(keeper)
    return folder / "keeper" / "journal.jsonl"


async def test_a_program_that_does_not_exist_is_refused_and_what_ran_goes_on(
    platform: LocalDeployments, tmp_path: Path
) -> None:
    await deploy(platform, "1.0", "g1")
    write_release(tmp_path / "releases", "orders", "2.5", "2026-11-25")
    file = tmp_path / "releases" / "orders" / "2.5" / "release.yaml"
    file.write_text(file.read_text().replace("{python}", "/no/such/program"))
    with pytest.raises(NoSuchRelease, match=r"orders 2\.5 cannot be started: .*/no/such/program.*Nothing was"):
        await deploy(platform, "2.5", "g2", replicas=2)
    assert (await served(await platform.status(ORDERS))).startswith("orders 1.0")
    assert await platform.what_happened("g2") is None


async def test_where_the_second_replica_cannot_be_started_the_first_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    releases = tmp_path / "releases"
    write_release(releases, "orders", "1.0", "2026-11-02")
    digest = stored.read(releases, "orders", "1.0").release.digest
    started: list[Replica] = []

    async def one_alone(runnable: Runnable, stage: str, told: Mapping[str, str], etc: Path) -> Replica:
        if started:
            raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")
        started.append(await processes.start(runnable, stage, told, etc))
        return started[0]

    monkeypatch.setattr(places, "start", one_alone)
    async with aiohttp.ClientSession() as client:
        keeper = Keeper(tmp_path, releases, client, 10.0, ServicesDatabase(tmp_path / "postgres", None))
        with pytest.raises(NotReady, match=r"cannot be started: .*temporarily unavailable"):
            await keeper.deploy("g1", "orders", "staging", "1.0", digest, 2, None)
        assert (len(started), started[0].is_alive, processes_with(str(releases))) == (1, False, [])
        await keeper.close()


async def test_it_goes_not_behind_a_migration_whose_release_is_gone(
    platform: LocalDeployments, tmp_path: Path
) -> None:
    releases = tmp_path / "releases" / "orders"
    old = (await platform.release("orders", "1.0")).digest
    await deploy(platform, "1.0", "g0")
    await deploy(platform, "2.0", "g1")
    write_release(tmp_path / "releases", "orders", "3.0", "2026-11-25")
    await deploy(platform, "3.0", "g2")
    shutil.rmtree(releases / "2.0")
    shutil.rmtree(releases / "3.0")
    with pytest.raises(BehindMigration, match=r"1\.0 is older than 2\.0, whose migration cannot be taken back"):
        await platform.roll_back(grant("g3"), ORDERS, "1.0", old, before="3.0")
    journal = await killed(tmp_path)
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    known = ("built", "irreversible")  # as lines were before these were kept
    said = [json.dumps({name: one[name] for name in one if name not in known}) for one in lines]
    journal.write_text("".join(f"{line}\n" for line in said))
    with pytest.raises(BehindMigration, match=r"The release of 3\.0 is not there any more"):
        await platform.roll_back(grant("g4"), ORDERS, "1.0", old, before="3.0")
    with pytest.raises(BehindMigration, match=r"The release of 3\.0 is not there any more"):
        await deploy(platform, "1.1", "g5")


async def test_a_history_of_any_length_is_read(platform: LocalDeployments, tmp_path: Path) -> None:
    await deploy(platform, "1.0", "first")
    journal = await killed(tmp_path)
    line = json.loads(journal.read_text())
    others = {"service": "stubborn", "kind": "scaled", "why": "w" * 400}
    with journal.open("a") as opened:
        for number in range(2, 14_001):
            new = line | {"number": number, "grant": f"g{number}"} | (others if number % 1_000 else {})
            opened.write(f"{json.dumps(new)}\n")
    assert journal.stat().st_size > 9 * 1024**2, "more than one answer takes"
    assert await platform.what_happened("first") == "orders 1.0 deployed in staging"
    ours = [one.id async for one in every(platform.history, ChangeQuery("orders", limit=4))]
    assert ours == [*map(str, range(14_000, 0, -1_000)), "1"]
    page = await platform.history(ChangeQuery(limit=1_000_000))
    assert (page.items[0].id, len(page.items) > 1_000) == ("14000", True)
    then = await platform.history(ChangeQuery(limit=1, after=page.after))
    assert int(then.items[0].id) == int(page.items[-1].id) - 1


async def test_it_is_not_idle_while_something_is_to_end_by_itself(tmp_path: Path) -> None:
    releases = tmp_path / "releases"
    write_release(releases, "orders", "1.0", "2026-11-02")
    write_release(releases, "orders", "1.1", "2026-11-09")
    platform = LocalDeployments(tmp_path / "keeper", releases, ready_seconds=10.0, idle_seconds=0.5)
    digest = (await platform.release("orders", "1.1")).digest
    await deploy(platform, "1.0", "g1")
    await platform.begin_canary(grant("c"), ORDERS, "1.1", digest, share=0.5, lease=3.0, before="1.0")
    for pid in keepers(tmp_path):
        await gone(pid)
    journal = tmp_path / "keeper" / "journal.jsonl"
    assert json.loads(journal.read_text().splitlines()[-1])["why"] == "nobody renewed it for 3 seconds"
    await platform.status(ORDERS)
    await platform.open_breaker(grant("b"), ORDERS, Shed.ALL, 3.0)
    for pid in keepers(tmp_path):
        await gone(pid)
    last = json.loads(journal.read_text().splitlines()[-1])
    assert (last["kind"], last["why"]) == ("breaker closed", "its time was over; 0 requests were refused")


async def test_a_canary_that_is_over_gets_nothing_while_its_end_waits_for_its_turn(tmp_path: Path) -> None:
    releases = tmp_path / "releases"
    write_release(releases, "orders", "1.0", "2026-11-02")
    write_release(releases, "orders", "1.1", "2026-11-09")
    first, second = (stored.read(releases, "orders", one).release.digest for one in ("1.0", "1.1"))
    async with aiohttp.ClientSession() as client:
        keeper = Keeper(tmp_path, releases, client, 10.0, ServicesDatabase(tmp_path / "postgres", None))
        await keeper.deploy("g1", "orders", "staging", "1.0", first, 1, None)
        begun = await keeper.begin_canary("c", "orders", "staging", "1.1", second, 1.0, 1.0, "1.0")
        place = await keeper._places.at("orders", "staging")
        async with place.lock:
            async with asyncio.timeout(60):
                while place.canary is not None and not place.canary.is_over:  # noqa: ASYNC110 — nobody tells
                    await asyncio.sleep(0.05)
            assert place.canary is not None, "its end waits for the lock"
            place.share_out()  # as replicas do that were replaced meanwhile
            async with client.get(begun["address"]) as answer:
                assert (await answer.text()).startswith("orders 1.0")
        await keeper.close()


async def test_one_that_is_stopped_is_not_waited_for_without_limit(
    platform: LocalDeployments, tmp_path: Path
) -> None:
    await deploy(platform, "1.0", "g1")
    (keeper,) = keepers(tmp_path)
    hurried = LocalDeployments(tmp_path / "keeper", tmp_path / "releases", answers_within=0.3)
    assert hurried._done_within > 2 * 30 + 2 * 100, "an effect may take as long as two replicas that get ready"
    hurried._done_within = 0.3
    os.kill(keeper, signal.SIGSTOP)
    try:
        async with asyncio.timeout(60):
            with pytest.raises(KeeperAway, match="does not answer"):
                await hurried.status(ORDERS)
            with pytest.raises(KeeperAway, match="does not answer"):
                await hurried.scale(grant("g2"), ORDERS, 2, before=1)
    finally:
        os.kill(keeper, signal.SIGCONT)
    # What arrived is done all the same, so that asking with the same grant says so.
    assert runs(await platform.scale(grant("g2"), ORDERS, 2, before=1)) == ("1.0", 2, 2)


def in_the_table_of_processes(pids: list[int]) -> bool:
    """Whether one of them is there, dead or alive."""
    return any(Path(f"/proc/{pid}").exists() for pid in pids)


async def test_orphans_that_have_ended_are_taken_leave_of(platform: LocalDeployments, tmp_path: Path) -> None:
    write_release(tmp_path / "releases", "parent", "1.0", "2026-11-02", CHILD="yes")
    target = Target("parent", Stage.STAGING)
    digest = (await platform.release("parent", "1.0")).digest
    await platform.deploy(grant("g1"), target, "1.0", digest, 2, before=None)
    started = processes_with(str(tmp_path / "releases" / "parent"))
    assert len(started) == 4
    await platform.scale(grant("g2"), target, 0, before=2)
    async with asyncio.timeout(60):
        while in_the_table_of_processes(started):  # noqa: ASYNC110 — nobody tells
            await asyncio.sleep(0.05)
    await platform.scale(grant("g3"), target, 1, before=0)
    assert runs(await platform.status(target)) == ("1.0", 1, 1)


async def test_its_log_is_bounded_on_a_full_disk_too(platform: LocalDeployments, tmp_path: Path) -> None:
    await deploy(platform, "1.0", "g1")
    (keeper,) = keepers(tmp_path)
    log, before = tmp_path / "keeper" / "keeper.log", tmp_path / "keeper" / "keeper.log.1"

    async def grown(words: bytes) -> None:
        with log.open("ab") as opened:
            opened.write(words * (keeper_process.LONGEST_LOG // len(words) + 1))
        async with asyncio.timeout(60):
            while log.stat().st_size > 1_000:  # noqa: ASYNC110 — nobody tells
                await asyncio.sleep(0.05)

    await grown(b"first\n")
    assert before.stat().st_size == keeper_process.LONGEST_LOG
    with full_disk(keeper, 2_000):
        await grown(b"second\n")
        assert before.stat().st_size <= 2_000
        assert keepers(tmp_path) == [keeper]
    assert runs(await platform.status(ORDERS)) == ("1.0", 1, 1)
