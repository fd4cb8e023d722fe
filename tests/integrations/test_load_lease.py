"""Runs of the generator that nobody watches any more: they end by themselves, and are cleared away."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path as FilePath

import pytest

from integrations.load import (
    Load,
    NoSuchRun,
    State,
)
from integrations.load.vendors.local import local_load
from tests.integrations.load_runs import (
    LOOPBACK,
    at_once,
    ended,
    generators,
    plan,
    serving,
    when,
)
from tests.integrations.local_platform import grant

pytestmark = pytest.mark.processes


@pytest.fixture
async def load(tmp_path: FilePath) -> AsyncIterator[Load]:
    yield local_load(tmp_path / "load", LOOPBACK)
    for pid in generators(tmp_path):
        os.kill(pid, signal.SIGKILL)


async def test_it_goes_on_while_somebody_renews_it_and_ends_by_itself_once_nobody_does(
    load: Load, tmp_path: FilePath
) -> None:
    async with serving(at_once) as service:
        wanted = plan(service.address, (50, 600), lease_seconds=2.0)
        run, left = [await load.start_load(grant(one), wanted) for one in ("g1", "g2")]
        other = local_load(tmp_path / "load", LOOPBACK)  # whoever renews need not be who began it
        async with asyncio.timeout(60):
            while (await load.progress(left)).state is State.RUNNING:
                await other.renew(run)
                await asyncio.sleep(0.05)
        assert (await load.progress(run)).state is State.RUNNING
        found = await ended(load, run)
        await load.renew(run)
        assert (await load.progress(run)).state is State.LAPSED
    assert (found.state, found.invalid) == (State.LAPSED, "nobody watched it for 2 s, so it ended by itself")
    assert generators(tmp_path) == []
    with pytest.raises(NoSuchRun):
        await load.renew("g3")


async def test_each_look_reads_what_is_new_alone(load: Load, tmp_path: FilePath) -> None:
    async with serving(at_once) as service:
        run = await load.start_load(grant("g1"), plan(service.address, (50, 600)))
        found = await when(load, run, lambda found: len(found.seconds) > 0)
        (reports,) = (tmp_path / "load").glob("*.reports")
        written = reports.read_bytes()
        reports.write_bytes(b"x" * (len(written) - 1) + b"\n" + reports.read_bytes()[len(written) :])
        later = await when(load, run, lambda later: len(later.seconds) > len(found.seconds))
        assert later.seconds[: len(found.seconds)] == found.seconds
        for pid in generators(tmp_path):
            os.kill(pid, signal.SIGKILL)


async def test_what_is_known_of_a_run_is_cleared_once_it_is_long_over(load: Load, tmp_path: FilePath) -> None:
    async with serving(at_once) as service:
        over = await load.start_load(grant("g1"), plan(service.address, (20, 0.5)))
        await ended(load, over)
        goes_on = await load.start_load(grant("g2"), plan(service.address, (20, 600)))
        for file in (tmp_path / "load").iterdir():
            os.utime(file, (1e9, 1e9))
        await load.start_load(grant("g3"), plan(service.address, (20, 0.5)))
        with pytest.raises(NoSuchRun):
            await load.progress(over)
        assert (await load.stop_load(goes_on)).state is State.STOPPED
    names = {file.stem for file in (tmp_path / "load").iterdir()}
    assert len(names) == 2
