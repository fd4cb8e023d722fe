"""kill -9 between intent, effect and outcome, at each point of the table in governance/performing.py.

Each victim gets one effect that it will never finish. They are killed together, and another worker finds
their jobs by itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from time import monotonic

import pytest

from simulators.edge import Edge
from storage.embedded import EmbeddedServer
from tests.databases import OwnDatabase, database_of_its_own
from tests.governance.edge_actions import deploy
from tests.governance.effect_worker import run
from tests.governance.house import House
from tests.processes import FORKS, processes

FINISHED = ("done", "unknown")

VICTIMS = {
    "before the claim": ("ok", "ready", "done"),
    "after the claim, before the call": ("ok", "claimed", "done"),
    "in the call": ("hang", "claimed", "done"),
    "after the call, before the outcome": ("ok", "claimed", "done"),
    "in a call of which nobody can tell": ("vanish", "claimed", "unknown"),
    "after the outcome": ("ok", "done", "done"),
}
"""Where it dies: the fake port's mode, what the row says then, and what it says in the end."""


@pytest.fixture(scope="module")
async def own(server: EmbeddedServer) -> AsyncIterator[OwnDatabase]:
    async with database_of_its_own(server, "killed") as opened:
        yield opened


async def test_one_effect_and_one_outcome_wherever_the_worker_dies(own: OwnDatabase, edge_url: str) -> None:
    house = House(own.database, own.tenant, Edge(edge_url))
    await house.open()
    effects: dict[str, str] = {}
    with processes() as start:
        for point, (mode, state_at_death, _) in VICTIMS.items():
            effects[point] = (await house.submit(deploy(mode=mode))).effect
            here, there = FORKS.Pipe()
            start(run, own.url, own.tenant, edge_url, point, there)
            deadline = monotonic() + 30
            while not (here.poll() if mode == "ok" else await house.done_at_the_edge(effects[point])):
                assert monotonic() < deadline, f"no worker came to stand {point}"
                await asyncio.sleep(0.02)
            assert (await house.effect(effects[point])).state == state_at_death, point
    # All of them are dead now.
    with processes() as start:
        start(run, own.url, own.tenant, edge_url, "none", FORKS.Pipe()[1])
        await _settled(house, effects)

    for point, (_, _, in_the_end) in VICTIMS.items():
        assert (await house.effect(effects[point])).state == in_the_end, point
        assert await house.done_at_the_edge(effects[point]) == 1, point
        assert await house.kinds(effects[point]) == ["intent", "outcome"], point
    await house.balance()
    told = {notice.ids["effect"]: notice.people for notice in await house.notices("effect_ended")}
    assert told[effects["in a call of which nobody can tell"]] == ["nathan"], "a person is asked"


async def _settled(house: House, effects: Mapping[str, str]) -> None:
    deadline = monotonic() + 40
    while not all([(await house.effect(effect)).state in FINISHED for effect in effects.values()]):
        assert monotonic() < deadline, "the dead workers' jobs were not put back"
        await asyncio.sleep(0.1)
    while await house.sql_scalar("SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'perform'"):
        assert monotonic() < deadline, "a job is still there"
        await asyncio.sleep(0.1)
