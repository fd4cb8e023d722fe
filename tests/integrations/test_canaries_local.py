"""Canaries on the embedded platform: shares of real traffic, and every way in which one ends."""

from __future__ import annotations

import asyncio
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from integrations.deployments import (
    BehindMigration,
    CanaryOver,
    CanaryUnderWay,
    ChangedMeanwhile,
    ChangeKind,
    ChangeQuery,
    GrantSpent,
    NoSuchRelease,
    NothingRuns,
    NotReady,
    Status,
)
from integrations.deployments.vendors.local.client import LocalDeployments
from tests.integrations.local_platform import ORDERS, deploy, gone, grant, keepers
from tests.integrations.releases import write_release

pytestmark = pytest.mark.processes


@pytest.fixture
async def platform(tmp_path: Path) -> AsyncIterator[LocalDeployments]:
    releases = tmp_path / "releases"
    write_release(releases, "orders", "1.0", "2026-11-01")
    write_release(releases, "orders", "1.1", "2026-11-02")
    write_release(releases, "orders", "1.2", "2026-11-03", ERRS="1")
    write_release(releases, "orders", "1.3", "2026-11-04", SICK="1")
    opened = LocalDeployments(tmp_path / "keeper", releases, ready_seconds=5.0)
    await deploy(opened, "1.0", "first", replicas=2)
    yield opened
    for pid in keepers(tmp_path):
        os.kill(pid, signal.SIGTERM)
        await gone(pid)


async def begin(
    platform: LocalDeployments,
    version: str = "1.1",
    *,
    share: float = 0.25,
    lease: float = 60.0,
    name: str = "c",
) -> Status:
    release = await platform.release("orders", version)
    what = ORDERS, version, release.digest
    return await platform.begin_canary(grant(name), *what, share=share, lease=lease, before="1.0")


async def answers(status: Status, count: int) -> Counter[str]:
    """Which versions answer so many requests, and how (`1.1 500`)."""
    assert status.address is not None
    found: Counter[str] = Counter()
    async with httpx.AsyncClient() as client:
        for _ in range(count):
            answer = await client.get(status.address)
            found[answer.text.split()[1] + ("" if answer.status_code == 200 else f" {answer.status_code}")] += 1
    return found


async def kinds(platform: LocalDeployments) -> list[ChangeKind]:
    page = await platform.history(ChangeQuery("orders"))
    return [change.kind for change in reversed(page.items)]


async def test_it_gets_its_share_and_is_promoted(platform: LocalDeployments) -> None:
    begun = await begin(platform)
    assert begun.stable is not None
    assert begun.canary is not None
    assert (begun.stable.version, begun.canary.version, begun.canary.share) == ("1.0", "1.1", 0.25)
    found = await answers(begun, 400)
    assert 60 <= found["1.1"] <= 145, "a quarter, five standard errors about it"
    assert found["1.0"] + found["1.1"] == 400
    stepped = await platform.step_canary(grant("s"), ORDERS, "c", 1.0)
    assert stepped.canary is not None
    assert (stepped.canary.replicas, stepped.canary.ready) == (2, 2), "all traffic needs all replicas"
    assert set(await answers(stepped, 20)) == {"1.1"}
    done = await platform.promote_canary(grant("p"), ORDERS, "c")
    assert done.canary is None
    assert done.stable is not None
    assert (done.stable.version, done.stable.replicas, done.stable.ready) == ("1.1", 2, 2)
    assert set(await answers(done, 20)) == {"1.1"}
    assert await kinds(platform) == ["deployed", "canary begun", "canary step", "promoted"]


async def test_it_does_not_grow_with_files_that_nobody_approved(
    platform: LocalDeployments, tmp_path: Path
) -> None:
    await begin(platform)
    server = tmp_path / "releases" / "orders" / "1.1" / "server.py"
    server.write_text(server.read_text().replace("os.environ['VERSION']", "'smuggled'"))
    for growing in (
        platform.step_canary(grant("s"), ORDERS, "c", 1.0),
        platform.promote_canary(grant("p"), ORDERS, "c"),
    ):
        with pytest.raises(NoSuchRelease, match=r"orders 1\.1 is not what was approved any more"):
            await growing
    status = await platform.status(ORDERS)
    assert status.canary is not None
    assert (status.canary.share, status.canary.replicas) == (0.25, 1)
    assert set(await answers(status, 60)) == {"1.0", "1.1"}
    assert await kinds(platform) == ["deployed", "canary begun"]


async def test_an_abort_gives_all_traffic_back_at_once(platform: LocalDeployments) -> None:
    await begin(platform, "1.2", share=0.5)
    over = await platform.abort_canary(grant("a"), ORDERS, "c", "it errs")
    assert over.canary is None
    assert set(await answers(over, 40)) == {"1.0"}
    (last, *_) = (await platform.history(ChangeQuery("orders"))).items
    assert (last.kind, last.version, last.share, last.why) == ("returned", "1.2", 0.0, "it errs")
    with pytest.raises(CanaryOver, match="is over"):
        await platform.step_canary(grant("late"), ORDERS, "c", 0.5)


async def test_what_nobody_renews_ends_by_itself(platform: LocalDeployments) -> None:
    begun = await begin(platform, share=1.0, lease=1.5)
    for _ in range(8):  # renewed for longer than its lease
        await asyncio.sleep(0.3)
        renewed = await platform.renew_canary(ORDERS, "c")
    assert renewed.canary is not None
    assert set(await answers(begun, 5)) == {"1.1"}
    async with asyncio.timeout(60):
        while (await platform.status(ORDERS)).canary is not None:  # noqa: ASYNC110 — nobody tells
            await asyncio.sleep(0.1)
    assert set(await answers(begun, 20)) == {"1.0"}
    (last, *_) = (await platform.history(ChangeQuery("orders"))).items
    assert (last.kind, last.grant, last.why) == ("returned", "", "nobody renewed it for 1.5 seconds")
    with pytest.raises(CanaryOver):
        await platform.renew_canary(ORDERS, "c")


async def test_a_killed_keeper_begins_again_with_the_stable_version_alone(
    platform: LocalDeployments, tmp_path: Path
) -> None:
    await begin(platform, share=1.0)
    (pid,) = keepers(tmp_path)
    os.kill(pid, signal.SIGKILL)
    await gone(pid)
    status = await platform.status(ORDERS)
    assert status.canary is None
    assert set(await answers(status, 20)) == {"1.0"}
    assert await kinds(platform) == ["deployed", "canary begun", "returned"]
    with pytest.raises(CanaryOver):
        await platform.promote_canary(grant("p"), ORDERS, "c")
    assert (await platform.status(ORDERS)).stable.version == "1.0"  # type: ignore[union-attr]


async def test_a_canary_that_dies_takes_no_request_with_it(platform: LocalDeployments) -> None:
    begun = await begin(platform, share=1.0)
    assert begun.address is not None
    async with httpx.AsyncClient() as client:
        pid = int((await client.get(begun.address)).text.split()[3])
    os.kill(pid, signal.SIGKILL)
    await gone(pid)
    assert sum((await answers(begun, 40)).values()) == 40
    status = await platform.status(ORDERS)
    assert status.canary is not None
    assert status.canary.ready == status.canary.replicas - 1


async def test_nothing_else_is_done_at_its_target_meanwhile(platform: LocalDeployments) -> None:
    await begin(platform)
    with pytest.raises(CanaryUnderWay, match=r"canary of orders 1\.1 is under way in staging"):
        await begin(platform, name="second")
    with pytest.raises(CanaryUnderWay):
        await deploy(platform, "1.1", "deploys")
    with pytest.raises(CanaryUnderWay):
        await platform.scale(grant("scales"), ORDERS, 3, before=2)
    assert await kinds(platform) == ["deployed", "canary begun"]


async def test_each_leave_does_one_thing_once(platform: LocalDeployments) -> None:
    await begin(platform)
    await begin(platform)
    await platform.step_canary(grant("s"), ORDERS, "c", 0.5)
    again = await platform.step_canary(grant("s"), ORDERS, "c", 0.5)
    assert again.canary is not None
    assert again.canary.share == 0.5
    with pytest.raises(GrantSpent):
        await platform.abort_canary(grant("s"), ORDERS, "c", "no")
    assert await kinds(platform) == ["deployed", "canary begun", "canary step"]
    assert await platform.what_happened("s") == "orders 1.1 canary step in staging"


async def test_what_does_not_become_ready_or_stands_beside_something_else_is_refused(
    platform: LocalDeployments,
) -> None:
    with pytest.raises(NotReady, match="nothing was changed"):
        await begin(platform, "1.3")
    release = await platform.release("orders", "1.1")
    with pytest.raises(ChangedMeanwhile, match=r"stands at 1\.0, and not at 0\.9"):
        await platform.begin_canary(
            grant("x"), ORDERS, "1.1", release.digest, share=0.1, lease=60, before="0.9"
        )
    assert await kinds(platform) == ["deployed"]


async def test_none_stands_beside_a_migration_that_cannot_be_taken_back(
    platform: LocalDeployments, tmp_path: Path
) -> None:
    write_release(tmp_path / "releases", "orders", "2.0", "2026-11-05", irreversible=True)
    write_release(tmp_path / "releases", "orders", "2.1", "2026-11-06")
    for version in ("2.0", "2.1"):
        with pytest.raises(BehindMigration, match=r"do not run side by side: the migration of 2\.0"):
            await begin(platform, version)
    await platform.scale(grant("none"), ORDERS, 0, before=2)
    with pytest.raises(NothingRuns):
        await begin(platform)
    assert await kinds(platform) == ["deployed", "scaled"]


async def test_both_versions_are_measured_on_the_same_traffic(platform: LocalDeployments) -> None:
    begun = await begin(platform, "1.2", share=0.5)
    found = await answers(begun, 100)
    async with asyncio.timeout(60):
        while (  # noqa: ASYNC110 — a tick is five seconds
            not (ticks := await platform.traffic(ORDERS, "c", after=0))
            or sum(tick.stable.requests + tick.canary.requests for tick in ticks) < 100
        ):
            await asyncio.sleep(0.2)
    assert sum(tick.stable.requests for tick in ticks) == found["1.0"]
    assert sum(tick.canary.requests for tick in ticks) == found["1.2"] + found["1.2 500"]
    assert sum(tick.canary.failed for tick in ticks) == found["1.2 500"] > 0
    assert sum(tick.stable.failed for tick in ticks) == 0
    seconds = [took for tick in ticks for _, took in (*tick.stable.sample, *tick.canary.sample)]
    assert len(seconds) == 100
    assert all(0 < took < 5 for took in seconds)
