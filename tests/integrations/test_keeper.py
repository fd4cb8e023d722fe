"""The keeper as a process: killed, ended, sent rubbish, and left alone."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import signal
from pathlib import Path

import httpx
import pytest

from integrations.deployments import (
    Stage,
    Target,
)
from integrations.deployments.vendors.local import keeper_process, proxy
from integrations.deployments.vendors.local.client import LocalDeployments
from tests.integrations.local_platform import ORDERS, deploy, gone, grant, keepers, processes_with, served
from tests.integrations.releases import write_release

pytestmark = pytest.mark.processes


async def test_after_a_restart_only_what_was_approved_is_started_and_the_rest_goes_on(
    platform: LocalDeployments, tmp_path: Path
) -> None:
    stubborn = Target("stubborn", Stage.STAGING)
    release = await platform.release("stubborn", "1.0")
    await deploy(platform, "1.0", "g1")
    await platform.deploy(grant("g2"), stubborn, "1.0", release.digest, 1, before=None)
    (keeper,) = keepers(tmp_path)
    with (tmp_path / "releases" / "orders" / "1.0" / "server.py").open("a") as server:
        server.write("\n# smuggled in\n")
    os.kill(keeper, signal.SIGKILL)
    await gone(keeper)
    changed, whole = await platform.status(ORDERS), await platform.status(stubborn)
    assert changed.stable is not None
    assert whole.stable is not None
    assert (changed.stable.version, changed.stable.ready, whole.stable.ready) == ("1.0", 0, 1)
    assert "orders 1.0 is not what was approved any more" in (tmp_path / "keeper" / "keeper.log").read_text()
    await deploy(platform, "1.1", "g3")
    assert (await served(await platform.status(ORDERS))).startswith("orders 1.1")


async def test_a_keeper_that_nothing_is_asked_of_ends_with_all_that_it_keeps(tmp_path: Path) -> None:
    releases = tmp_path / "releases"
    write_release(releases, "orders", "1.0", "2026-11-02")
    platform = LocalDeployments(tmp_path / "keeper", releases, ready_seconds=10.0, idle_seconds=2.0)
    address = (await deploy(platform, "1.0", "g1")).address
    (keeper,) = keepers(tmp_path)
    async with httpx.AsyncClient() as client:
        for _ in range(8):  # what comes in for a service keeps it, too
            await client.get(str(address))
            await asyncio.sleep(0.5)
    assert keepers(tmp_path) == [keeper]
    await gone(keeper)
    assert processes_with(str(releases)) == []


async def test_a_clock_that_jumps_ends_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    releases, at = tmp_path / "releases", tmp_path / "keeper.sock"
    write_release(releases, "orders", "1.0", "2026-11-02")
    hours = itertools.count(1_800_000_000, 7_200)
    for module in (keeper_process, proxy):
        monkeypatch.setattr(module, "time", lambda: float(next(hours)), raising=False)
    serving = asyncio.create_task(
        keeper_process.serve(tmp_path, releases, at, idle_seconds=600.0, ready_seconds=1.0)
    )
    async with asyncio.timeout(60):
        while not at.exists() and not serving.done():  # noqa: ASYNC110 — nobody tells
            await asyncio.sleep(0.01)
        reader, writer = await asyncio.open_unix_connection(str(at))
        writer.write(b'{"method": "done", "given": {"grant": "g1"}}\n')
        assert json.loads(await reader.readline()) == {"result": None}
    assert not serving.done(), "what was asked an instant ago is not left alone for two hours"
    writer.close()
    os.kill(os.getpid(), signal.SIGTERM)
    await serving


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
    await platform.deploy(grant("g1"), target, "1.0", release.digest, 1, before=None)
    started = processes_with(str(tmp_path / "releases" / "stubborn"))
    assert len(started) == 2
    await platform.scale(grant("g2"), target, 0, before=1)
    for pid in started:
        await gone(pid)


async def test_the_socket_is_for_its_own_user(platform: LocalDeployments, tmp_path: Path) -> None:
    await platform.status(ORDERS)
    await deploy(platform, "1.0", "g1")
    socket = platform._socket
    assert socket.stat().st_mode & 0o777 == 0o600


MORE_RUBBISH = (
    b'{"method": "status", "given": {}}\n',
    b'{"method": "status", "given": [1]}\n',
    b'{"method": "_place", "given": {"service": "orders", "stage": "staging"}}\n',
    b'"' + b"x" * 1_100_000 + b'"\n',
)


async def test_rubbish_on_the_socket_is_refused_and_harms_nothing(platform: LocalDeployments) -> None:
    await deploy(platform, "1.0", "g1")
    for said in (b"\n", b"{}\n", b"[1]\n", b'{"method": "close", "given": {}}\n', b"\xff\xfe\n", *MORE_RUBBISH):
        reader, writer = await asyncio.open_unix_connection(str(platform._socket))
        writer.write(said)
        await writer.drain()
        assert json.loads(await reader.readline())["refused"] == "DeploymentError"
        writer.close()
    assert (await platform.status(ORDERS)).stable is not None
