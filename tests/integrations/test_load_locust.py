"""Locust as a generator: paths and a company's own scenarios, by users who wait for answers."""

from __future__ import annotations

import asyncio
import hashlib
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path as FilePath
from typing import Any

import pytest

from integrations.load import (
    AddressNotListed,
    GrantSpent,
    LoadError,
    NoSuchRun,
    Path,
    Scenario,
    State,
    together,
)
from integrations.load.vendors import locust as vendor
from integrations.load.vendors.locust import LocustLoad
from tests.integrations.load_runs import LOOPBACK, at_once, ended, generators, never, plan, serving, total, when
from tests.integrations.local_platform import gone, grant

pytestmark = [
    pytest.mark.processes,
    pytest.mark.timeout(240),
    pytest.mark.skipif(not vendor.is_installed(), reason="Locust is not installed"),
]

SCENARIO = """
import json, os
import requests
from locust import HttpUser, between, task

class Shopper(HttpUser):
    wait_time = between(30, 60)

    @task(3)
    def browse(self):
        self.client.get("/browse?secret=" + json.dumps(sorted(os.environ)))

    @task
    def elsewhere(self):
        {elsewhere}
"""


@pytest.fixture
async def load(tmp_path: FilePath) -> AsyncIterator[LocustLoad]:
    yield LocustLoad(tmp_path / "load", LOOPBACK, tmp_path / "department")
    for pid in generators(tmp_path):
        os.kill(pid, signal.SIGKILL)


def scenario(tmp_path: FilePath, written: str, name: str = "orders") -> Scenario:
    folder = tmp_path / "department" / "load"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.py").write_text(written)
    return Scenario(f"load/{name}.py", hashlib.sha256(written.encode()).hexdigest())


async def test_paths_are_asked_at_the_rate_of_each_stage(load: LocustLoad) -> None:
    paths = (Path("/a", 3.0), Path("/b"))
    async with serving(at_once) as service:
        run = await load.start_load(grant("g1"), plan(service.address, (20, 4), (60, 4), paths=paths))
        found = await ended(load, run)
        assert (found.state, found.invalid) == (State.DONE, None)
        sent = [sum(one.sent for one in found.seconds if one.stage == stage) for stage in (0, 1)]
        assert sent == [pytest.approx(80, abs=25), pytest.approx(240, abs=70)]
        assert (total(found, "failed"), total(found, "answered")) == (0, sum(sent)) == (0, len(service.paths))
        assert 0.6 < service.paths.count("/a") / len(service.paths) < 0.9
    assert together(one.latency for one in found.seconds).count == sum(sent)
    assert together(one.lateness for one in found.seconds).count > 50
    assert generators(load._folder) == []


async def test_users_who_wait_for_answers_are_counted_as_steps_left_out(load: LocustLoad) -> None:
    async def slow(_number: int) -> int:
        await asyncio.sleep(3)
        return 200

    async with serving(slow) as service:
        found = await ended(load, await load.start_load(grant("g1"), plan(service.address, (10, 8))))
    assert found.state is State.DONE
    assert total(found, "sent") <= 40
    assert total(found, "sent") + total(found, "unsent") == pytest.approx(80, abs=25)
    assert together(one.latency for one in found.seconds).quantile(0.5) >= 3


async def test_what_fails_is_said_and_so_is_a_limit(load: LocustLoad) -> None:
    async def odd(number: int) -> int:
        if number % 3 == 2:
            await asyncio.sleep(3_600)
        return 503 if number % 3 else 200

    async with serving(odd) as service:
        given = plan(service.address, (10, 5), timeout_seconds=0.5)
        found = await ended(load, await load.start_load(grant("g1"), given))
    assert {why for one in found.seconds for why in one.failures} == {"503", "timeout"}
    assert total(found, "answered") > 0


async def test_a_scenario_is_driven_without_secrets_and_against_one_address_alone(
    load: LocustLoad, tmp_path: FilePath, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "a-secret")
    async with serving(at_once) as other, serving(at_once) as service:
        elsewhere = f'requests.get("{other.address}/stolen")'
        own = scenario(tmp_path, SCENARIO.format(elsewhere=elsewhere))
        assert await load.scenario("orders") == own
        assert await load.scenario("payments") is None
        scenario(tmp_path, "", "locustfile")
        assert (await load.scenario("payments") or own).file == "load/locustfile.py"
        assert (await load.scenario("../orders") or own).file == "load/locustfile.py"
        found = await ended(
            load, await load.start_load(grant("g1"), plan(service.address, (20, 5), scenario=own))
        )
        assert found.state is State.DONE
        assert other.paths == []
    assert service.paths, found
    assert all(path.startswith("/browse") and "OPENAI" not in path for path in service.paths)
    whys = {why for one in found.seconds for why in one.failures}
    assert whys == {"the scenario's own code (ConnectionError)"}


async def test_a_scenario_that_was_changed_or_is_none_is_not_driven(
    load: LocustLoad, tmp_path: FilePath
) -> None:
    own = scenario(tmp_path, SCENARIO.format(elsewhere="pass"))
    scenario(tmp_path, "import os")
    (tmp_path / "department" / "secrets.py").write_text("")
    empty = Scenario("load/../secrets.py", hashlib.sha256(b"").hexdigest())
    for one, why in ((own, "not what it was when this was asked for"), (empty, "is no scenario")):
        with pytest.raises(LoadError, match=why):
            await load.start_load(grant("g1"), plan("http://127.0.0.1:9", (1, 1), scenario=one))
    assert await load.what_happened("g1") is None


async def test_it_is_stopped_with_all_that_it_started_and_lapses_where_nobody_renews(
    load: LocustLoad, tmp_path: FilePath
) -> None:
    forks = "import os, time\nif os.fork() == 0:\n    time.sleep(600)\n"
    own = scenario(tmp_path, forks + SCENARIO.format(elsewhere="pass"))
    async with serving(never) as service:
        wanted = plan(service.address, (20, 600), scenario=own, lease_seconds=60.0)
        run = await load.start_load(grant("g1"), wanted)
        await when(load, run, lambda _: bool(service.paths))
        begun = generators(tmp_path)
        assert len(begun) == 2, "the generator, and what its scenario has started"
        assert (await load.stop_load(run)).state is State.STOPPED
        for pid in begun:
            await gone(pid)
        left = await load.start_load(grant("g2"), plan(service.address, (5, 600), lease_seconds=1.0))
        assert (await ended(load, left)).state is State.LAPSED
        with pytest.raises(GrantSpent):
            await load.start_load(grant("g2"), plan(service.address, (6, 600)))
    with pytest.raises(AddressNotListed):
        await load.start_load(grant("g3"), plan("http://10.0.0.1:80", (1, 1)))
    with pytest.raises(NoSuchRun):
        await load.progress("g3")


async def test_without_locust_it_is_refused_with_what_to_do(load: LocustLoad, monkeypatch: Any) -> None:
    monkeypatch.setattr(vendor, "find_spec", lambda _name: None)
    with pytest.raises(LoadError, match=r"pip install 'countersign\[locust\]'"):
        await load.start_load(grant("g1"), plan("http://127.0.0.1:9", (1, 1)))
