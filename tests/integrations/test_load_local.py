"""The generator of load: servers that are fast, slow, erring or not there, and a generator that is held."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path as FilePath
from typing import Any

import pytest

from integrations.integration import Surroundings
from integrations.load import (
    AddressNotListed,
    GrantSpent,
    Histogram,
    Load,
    NoSuchRun,
    Path,
    Plan,
    Stage,
    State,
    bucket_of,
    together,
)
from integrations.load.generator_processes import LoadSettings
from integrations.load.vendors.local import INTEGRATION, local_load
from tests.architecture.source import ROOT
from tests.integrations.load_runs import (
    LOOPBACK,
    at_once,
    ended,
    generators,
    never,
    plan,
    serving,
    total,
    when,
)
from tests.integrations.local_platform import gone, grant

pytestmark = pytest.mark.processes


@pytest.fixture
async def load(tmp_path: FilePath) -> AsyncIterator[Load]:
    yield local_load(tmp_path / "load", LOOPBACK)
    for pid in generators(tmp_path):
        os.kill(pid, signal.SIGKILL)


async def test_every_stage_is_sent_at_its_rate_over_the_paths_by_their_weights(load: Load) -> None:
    paths = (Path("/a?x=%20y", 3.0), Path("/b"))
    async with serving(at_once) as service:
        run = await load.start_load(grant("g1"), plan(service.address, (100, 1), (300, 1.5), paths=paths))
        found = await ended(load, run)
        assert (found.state, found.invalid) == (State.DONE, None)
        sent = [sum(one.sent for one in found.seconds if one.stage == stage) for stage in (0, 1)]
        assert sent == [100, 450]
        assert (total(found, "answered"), total(found, "failed"), total(found, "unsent")) == (550, 0, 0)
        assert len(service.paths) == 550
        assert set(service.paths) == {"/a?x=%20y", "/b"}
        assert 0.68 < service.paths.count("/a?x=%20y") / 550 < 0.82
    assert together(one.latency for one in found.seconds).count == 550
    assert together(one.lateness for one in found.seconds).count == 550


async def test_a_slow_service_is_sent_no_less_and_its_waiting_is_seen(load: Load) -> None:
    async def slow(_number: int) -> int:
        await asyncio.sleep(1.5)
        return 200

    async with serving(slow) as service:
        found = await ended(load, await load.start_load(grant("g1"), plan(service.address, (60, 2))))
    assert total(found, "sent") == total(found, "answered") == 120
    assert max(one.under_way for one in found.seconds) >= 60
    assert together(one.latency for one in found.seconds).quantile(0.01) >= 1.5


async def test_what_errs_redirects_or_answers_too_late_has_failed_and_why_is_said(load: Load) -> None:
    async def odd(number: int) -> int:
        if number % 4 == 3:
            await asyncio.sleep(3_600)
        return (503, 302, 200, 404)[number % 4]

    async with serving(odd) as service:
        given = plan(service.address, (40, 1), timeout_seconds=0.5)
        found = await ended(load, await load.start_load(grant("g1"), given))
        assert "/elsewhere" not in service.paths
    failures = {why: sum(one.failures.get(why, 0) for one in found.seconds) for why in ("503", "timeout")}
    assert failures == {"503": 10, "timeout": 10}
    assert (total(found, "answered"), total(found, "failed")) == (20, 20)


async def test_a_service_that_is_not_there_has_failed_every_time(load: Load) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{closed.getsockname()[1]}"
        found = await ended(load, await load.start_load(grant("g1"), plan(address, (50, 1))))
    assert (found.state, total(found, "failed")) == (State.DONE, 50)
    assert {why for one in found.seconds for why in one.failures} == {"no connection"}


async def test_a_run_that_is_asked_for_twice_is_sent_once(load: Load, tmp_path: FilePath) -> None:
    async with serving(at_once) as service:
        wanted = plan(service.address, (100, 1))
        starts = (load, load, local_load(tmp_path / "load", LOOPBACK))
        runs = await asyncio.gather(*(one.start_load(grant("g1"), wanted) for one in starts))
        assert len(set(runs)) == 1
        await ended(load, runs[0])
        assert await load.start_load(grant("g1"), wanted) == runs[0]
        assert len(service.paths) == 100
        with pytest.raises(GrantSpent):
            await load.start_load(grant("g1"), plan(service.address, (200, 1)))
    assert await load.what_happened("g1") == f"load to {service.address}: done"
    assert await load.what_happened("g2") is None
    with pytest.raises(NoSuchRun):
        await load.progress("../g2")


async def test_it_is_stopped_at_any_time_and_by_anybody(load: Load, tmp_path: FilePath) -> None:
    async with serving(never) as service:
        run = await load.start_load(grant("g1"), plan(service.address, (50, 600)))
        await when(load, run, lambda found: total(found, "sent") > 0)
        found = await local_load(tmp_path / "load", LOOPBACK).stop_load(run)
        assert found.state is State.STOPPED
        assert generators(tmp_path) == []
        assert await load.stop_load(run) == found == await load.progress(run)


async def test_one_that_is_not_up_yet_or_does_not_listen_is_stopped_as_well(
    load: Load, tmp_path: FilePath
) -> None:
    async with serving(at_once) as service:
        early = await load.start_load(grant("g1"), plan(service.address, (50, 600)))
        assert (await load.stop_load(early)).state is State.STOPPED
        deaf = await load.start_load(grant("g2"), plan(service.address, (50, 600)))
        await when(load, deaf, lambda found: total(found, "sent") > 0)
        os.kill(*generators(tmp_path), signal.SIGSTOP)
        assert (await load.stop_load(deaf)).state is State.STOPPED
        assert generators(tmp_path) == []


async def test_one_that_dies_is_said_to_have_and_shows_nothing(load: Load, tmp_path: FilePath) -> None:
    async with serving(at_once) as service:
        run = await load.start_load(grant("g1"), plan(service.address, (50, 600)))
        await when(load, run, lambda found: total(found, "sent") > 0)
        os.kill(*generators(tmp_path), signal.SIGKILL)
        found = await ended(load, run)
    assert (found.state, found.invalid) == (State.DIED, "the generator ended before its plan did")


async def test_it_ends_with_the_process_that_started_it(load: Load, tmp_path: FilePath) -> None:
    starts = """
import asyncio, sys
from pathlib import Path
from integrations.load import Plan, Stage
from integrations.load.vendors.local import local_load
from tests.integrations.local_platform import grant

async def main():
    load = local_load(Path(sys.argv[1]), ["127.0.0.1"])
    await load.start_load(grant("g1"), Plan(sys.argv[2], (Stage(50, 600),)))
    await asyncio.sleep(3600)

asyncio.run(main())
"""
    async with serving(at_once) as service:
        command = (sys.executable, "-c", starts, str(tmp_path / "load"), service.address)
        parent = await asyncio.create_subprocess_exec(*command, cwd=ROOT)
        async with asyncio.timeout(60):
            while not service.paths:  # noqa: ASYNC110 — another process tells nobody
                await asyncio.sleep(0.02)
        (generator,) = [pid for pid in generators(tmp_path) if pid != parent.pid]
        parent.kill()
        await parent.wait()
        await gone(generator)
        assert (await ended(load, "g1")).state is State.DIED


async def test_a_generator_that_was_held_calls_its_run_invalid(load: Load, tmp_path: FilePath) -> None:
    """Held in the second stage alone, which is a small part of all requests."""
    async with serving(at_once) as service:
        given = plan(service.address, (400, 1), (50, 1.5), lateness_limit=0.45)
        run = await load.start_load(grant("g1"), given)
        await when(load, run, lambda found: any(one.second == 0 for one in found.seconds))
        (generator,) = generators(tmp_path)
        os.kill(generator, signal.SIGSTOP)
        await asyncio.sleep(0.6)
        os.kill(generator, signal.SIGCONT)
        found = await ended(load, run)
    assert found.state is State.DONE
    assert found.invalid is not None
    assert "late at p99 in stage 2, more than 0.45 s" in found.invalid


async def test_a_rate_that_it_cannot_send_is_called_invalid(load: Load) -> None:
    async with serving(at_once) as service:
        run = await load.start_load(grant("g1"), plan(service.address, (50_000, 5), lateness_limit=0.2))
        found = await when(load, run, lambda found: bool(found.invalid or total(found, "unsent")))
        await load.stop_load(run)
    assert total(found, "unsent") or "s late at p99 in stage 1" in str(found.invalid)


@pytest.mark.parametrize(
    "address",
    [
        "http://localhost:80",
        "http://10.0.0.1:80",
        "http://127.0.0.1.example.org",
        "http://127.0.0.1@10.0.0.1",
        "http://x:y@127.0.0.1",
        "http://127.0.0.1/path",
        "http://127.0.0.1?to=10.0.0.1",
        "http://127.0.0.1#x",
        "http://127.0.0.1:99999",
        "ftp://127.0.0.1",
        "127.0.0.1",
        "",
    ],
)
async def test_no_other_address_is_sent_to(load: Load, tmp_path: FilePath, address: str) -> None:
    with pytest.raises(AddressNotListed):
        await load.start_load(grant("g1"), plan(address, (1, 1)))
    assert await load.what_happened("g1") is None
    assert list(tmp_path.iterdir()) == []  # noqa: ASYNC240


async def test_an_address_that_is_listed_with_its_port_is_that_port_alone(tmp_path: FilePath) -> None:
    async with serving(at_once) as service:
        port = service.address.rpartition(":")[2]
        load = local_load(tmp_path, ["[::1]:8080", f"127.0.0.1:{port}"])
        with pytest.raises(AddressNotListed):
            await load.start_load(grant("g1"), plan("http://127.0.0.1:1", (1, 1)))
        with pytest.raises(AddressNotListed):
            await load.start_load(grant("g1"), plan("http://[::1]", (1, 1)))
        found = await ended(load, await load.start_load(grant("g1"), plan(service.address, (20, 0.5))))
        assert total(found, "answered") == 10


@pytest.mark.parametrize("listed", ["", "http://x", "a b", "x:y", "u@x", "x/y"])
def test_a_list_that_names_no_host_is_refused(tmp_path: FilePath, listed: str) -> None:
    with pytest.raises(ValueError, match="is not a host"):
        local_load(tmp_path, [listed])


@pytest.mark.parametrize(
    "wrong",
    [
        {"stages": ()},
        {"stages": (Stage(0, 1),)},
        {"stages": (Stage(10**9, 1),)},
        {"stages": (Stage(1, float("nan")),)},
        {"stages": (Stage(1, 7_000), Stage(1, 7_000))},
        {"paths": ()},
        {"paths": (Path("x"),)},
        {"paths": (Path("/x\r\nHost: y"),)},
        {"paths": (Path("/", 0.0),)},
        {"timeout_seconds": 0.0},
        {"lateness_limit": 0.0},
        {"lease_seconds": 0.0},
        {"lease_seconds": 3_600.0},
    ],
)
def test_a_plan_that_makes_no_load_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        Plan(**{"address": "http://127.0.0.1", "stages": (Stage(1, 1),)} | wrong)


def test_a_histogram_is_at_most_two_per_cent_too_long() -> None:
    seconds = [0.0, 0.0001, 0.05, 0.1, 1.0, 59.0]
    for one in seconds:
        found = Histogram({bucket_of(one): 1}).quantile(0.5)
        assert max(one, 0.0001) <= found * 1.000001 <= max(one, 0.0001) * 1.0201
    counted = together(Histogram({bucket_of(one): 10}) for one in seconds)
    assert (counted.count, Histogram().quantile(0.5)) == (60, 0.0)
    assert counted.quantile(0.5) == pytest.approx(0.05, rel=0.021)
    assert counted.quantile(1.0) == pytest.approx(59, rel=0.021)


async def test_the_embedded_generator_is_opened_with_what_the_settings_list(tmp_path: FilePath) -> None:
    settings = LoadSettings(_env_file=None, load_addresses=" staging.example.org:8443 ,")
    around = Surroundings(None, "acme", tmp_path, {}, tmp_path / "var", settings)  # type: ignore[arg-type]
    port = INTEGRATION.open(around)
    with pytest.raises(AddressNotListed, match="LOAD_ADDRESSES"):
        await port.start_load(grant("g1"), plan("http://127.0.0.1:80", (1, 1)))
