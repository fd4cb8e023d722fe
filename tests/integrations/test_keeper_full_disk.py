"""The keeper where nothing can be written: what ends by itself ends, nothing else is done, and all of it is
written down once there is space again."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from pathlib import Path

import pytest

from integrations.deployments import (
    CanaryOver,
    ChangeQuery,
    NotWritten,
    Shed,
)
from integrations.deployments.vendors.local import journal
from integrations.deployments.vendors.local.client import LocalDeployments
from integrations.deployments.vendors.local.journal import Journal
from tests.integrations.deployments_contract import runs
from tests.integrations.full_disk import full_disk, has_space_again, keeper_on_a_full_disk
from tests.integrations.local_platform import ORDERS, deploy, gone, grant, keepers, processes_with, served

pytestmark = pytest.mark.processes

LINE = {
    "at": 1.0,
    "kind": "deployed",
    "service": "orders",
    "stage": "staging",
    "version": "1.0",
    "digest": "a" * 64,
    "replicas": 1,
    "before": None,
}


def written(folder: Path) -> list[tuple[str, str]]:
    """The kinds of the lines on disk, and why."""
    lines = (folder / "keeper" / "journal.jsonl").read_text().splitlines()
    return [(one["kind"], one["why"]) for one in map(json.loads, lines)]


async def said(platform: LocalDeployments) -> list[tuple[str, str]]:
    page = await platform.history(ChangeQuery("orders"))
    return [(one.kind.value, one.why) for one in reversed(page.items)]


async def begin_canary(platform: LocalDeployments, share: float, lease: float) -> None:
    digest = (await platform.release("orders", "1.1")).digest
    await platform.begin_canary(grant("c"), ORDERS, "1.1", digest, share=share, lease=lease, before="1.0")


@pytest.mark.parametrize("fits", [0, 1, 40])
def test_a_line_that_was_cut_off_leaves_nothing(tmp_path: Path, fits: int) -> None:
    file = tmp_path / "journal.jsonl"
    kept = Journal(file)
    kept.append(grant="g1", **LINE)
    before = file.read_bytes()
    with full_disk(os.getpid(), len(before) + fits), pytest.raises(NotWritten, match="so it was not done"):
        kept.append(grant="g2", **LINE)
    assert file.read_bytes() == before
    assert kept.of_grant("g2") is None
    kept.append(grant="g3", **LINE)
    assert [(one.number, one.grant) for one in Journal(file).lines] == [(1, "g1"), (2, "g3")]


async def test_what_is_owed_counts_at_once_and_is_written_before_anything_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "_WRITTEN_EVERY", 0.01)
    file = tmp_path / "journal.jsonl"
    kept = Journal(file)
    with full_disk(os.getpid(), 3):
        kept.owe(grant="g1", **LINE)
        kept.owe(grant="g2", **LINE)
        with pytest.raises(NotWritten):
            kept.append(grant="g3", **LINE)
        settling = asyncio.create_task(kept.settled())
        await asyncio.sleep(0)
        assert not settling.done()
        assert kept.last_of("orders", "staging") is not None
        assert file.read_bytes() == b""
    await settling
    assert [(one.number, one.grant) for one in Journal(file).lines] == [(1, "g1"), (2, "g2")]
    kept.append(grant="g4", **LINE)
    assert [(one.number, one.grant) for one in Journal(file).lines][2:] == [(3, "g4")]


async def test_a_canary_whose_end_cannot_be_written_has_ended(
    platform: LocalDeployments, tmp_path: Path
) -> None:
    await deploy(platform, "1.0", "first")
    await begin_canary(platform, share=1.0, lease=3.0)
    (keeper,) = keepers(tmp_path)
    length = (tmp_path / "keeper" / "journal.jsonl").stat().st_size
    with full_disk(keeper, length + 10):
        async with asyncio.timeout(60):
            while (await platform.status(ORDERS)).canary is not None:  # noqa: ASYNC110 — nobody tells
                await asyncio.sleep(0.05)
        for pid in processes_with(str(tmp_path / "releases" / "orders" / "1.1")):
            await gone(pid)
        status = await platform.status(ORDERS)
        name, version, _, was = (await served(status)).split()
        assert (name, version) == ("orders", "1.0")
        os.kill(int(was), signal.SIGKILL)  # and what runs there goes on being kept
        await gone(int(was))
        assert runs(await platform.status(ORDERS)) == ("1.0", 1, 1)
        assert (await served(status)).startswith("orders 1.0")
        with pytest.raises(CanaryOver):
            await platform.abort_canary(grant("a"), ORDERS, "c", "late")
        with pytest.raises(NotWritten):
            await deploy(platform, "1.1", "second")
        assert runs(await platform.status(ORDERS)) == ("1.0", 1, 1)
    assert runs(await deploy(platform, "1.1", "third")) == ("1.1", 1, 1)
    ended = ("returned", "nobody renewed it for 3 seconds")
    whole = [("deployed", ""), ("canary begun", ""), ended, ("deployed", "")]
    assert await said(platform) == written(tmp_path) == whole
    assert await platform.what_happened("second") is None


async def test_an_abort_gives_the_traffic_back_at_once_and_answers_once_it_is_written(
    platform: LocalDeployments, tmp_path: Path
) -> None:
    await deploy(platform, "1.0", "first")
    await begin_canary(platform, share=1.0, lease=600.0)
    (keeper,) = keepers(tmp_path)
    with full_disk(keeper, (tmp_path / "keeper" / "journal.jsonl").stat().st_size + 10):
        aborting = asyncio.create_task(platform.abort_canary(grant("a"), ORDERS, "c", "it errs"))
        async with asyncio.timeout(60):
            while (await platform.status(ORDERS)).canary is not None:  # noqa: ASYNC110 — nobody tells
                await asyncio.sleep(0.05)
        assert (await served(await platform.status(ORDERS))).startswith("orders 1.0")
        assert not aborting.done()
    await aborting
    assert written(tmp_path)[-1] == ("returned", "it errs")


async def test_a_breaker_whose_end_cannot_be_written_is_closed(
    platform: LocalDeployments, tmp_path: Path
) -> None:
    await deploy(platform, "1.0", "first")
    await platform.open_breaker(grant("b"), ORDERS, Shed.ALL, 2.0)
    (keeper,) = keepers(tmp_path)
    with full_disk(keeper, (tmp_path / "keeper" / "journal.jsonl").stat().st_size + 10):
        async with asyncio.timeout(60):
            while (await platform.status(ORDERS)).breaker is not None:  # noqa: ASYNC110 — nobody tells
                await asyncio.sleep(0.05)
        assert [kind for kind, _ in await said(platform)] == ["deployed", "breaker opened", "breaker closed"]
        assert [kind for kind, _ in written(tmp_path)] == ["deployed", "breaker opened"]
    assert (await said(platform))[-1][1].startswith("its time was over")
    assert [kind for kind, _ in written(tmp_path)] == ["deployed", "breaker opened", "breaker closed"]


async def test_a_keeper_that_begins_again_on_a_full_disk_comes_up_all_the_same(
    platform: LocalDeployments, tmp_path: Path
) -> None:
    await deploy(platform, "1.0", "first")
    await begin_canary(platform, share=1.0, lease=600.0)
    await platform.open_breaker(grant("b"), ORDERS, Shed.ALL, 600.0)
    (keeper,) = keepers(tmp_path)
    os.kill(keeper, signal.SIGKILL)
    await gone(keeper)
    keeper = await keeper_on_a_full_disk(tmp_path / "keeper", tmp_path / "releases")
    status = await platform.status(ORDERS)
    assert (runs(status), status.canary, status.breaker) == (("1.0", 1, 1), None, None)
    assert (await served(status)).startswith("orders 1.0")
    with pytest.raises(NotWritten):
        await deploy(platform, "1.1", "second")
    has_space_again(keeper)
    why = "the keeper had to begin again"
    opened = ("breaker opened", "refuses all requests for 600 s at most")
    whole = [("deployed", ""), ("canary begun", ""), opened]
    whole += [("returned", why), ("breaker closed", why)]
    assert await said(platform) == written(tmp_path) == whole
    assert keepers(tmp_path) == [keeper]


async def test_one_that_is_new_on_a_full_disk_runs_what_runs_at_first(
    platform: LocalDeployments, tmp_path: Path
) -> None:
    at_first = "staging:\n  orders: {version: '1.0', replicas: 1}\n  stubborn: {version: '1.0'}\n"
    (tmp_path / "releases" / "at_first.yaml").write_text(at_first)
    keeper = await keeper_on_a_full_disk(tmp_path / "keeper", tmp_path / "releases")
    assert runs(await platform.status(ORDERS)) == ("1.0", 1, 1)
    has_space_again(keeper)
    assert runs(await deploy(platform, "1.1", "g1")) == ("1.1", 1, 1)
    kinds = [("deployed", "")] * 3
    assert written(tmp_path) == kinds
