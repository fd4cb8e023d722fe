"""No claim slips past a halt, however many writers there are, and no retry does either."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from governance.overrides.halting import halt, resume
from governance.people import Role
from governance.performing import queue_abandoned
from simulators.edge import Edge
from storage.embedded import EmbeddedServer
from tests.books import STAGED
from tests.databases import OwnDatabase, database_of_its_own
from tests.governance.claiming_process import run
from tests.governance.edge_actions import deploy
from tests.governance.house import House
from tests.processes import FORKS, processes

PROCESSES, WRITERS, EACH = 4, 4, 12


async def _halt(house: House) -> None:
    async with house.database.transaction(house.tenant) as tx:
        roles = frozenset({Role.ENGINEERING_DIRECTOR})
        await halt(tx, by="amanda", identity="console:amanda", roles=roles, reason="a test", at=house.now)


async def _resume(house: House) -> None:
    async with house.database.transaction(house.tenant) as tx:
        await resume(tx, by="carlos", identity="console:carlos", at=house.now)


@pytest.fixture(scope="module")
async def own(server: EmbeddedServer) -> AsyncIterator[OwnDatabase]:
    STAGED.add("claims")
    async with database_of_its_own(server, "claims") as opened:
        yield opened


async def test_no_claim_of_sixteen_writers_commits_after_a_halt(own: OwnDatabase) -> None:
    house = House(own.database, own.tenant, Edge("http://127.0.0.1:1"))
    await house.open()
    first = (await house.submit(deploy())).effect
    await house.number()
    await house.sql(
        "INSERT INTO effects (id, action_type, decision_type, body, digest, actor, requester, process, service,"
        " cost, state, ruling, created, intent)"
        " SELECT 'c' || n, action_type, decision_type, body, digest, actor, requester, process, service, cost,"
        " state, ruling, created, intent FROM effects, generate_series(1, :count) AS n WHERE id = :first",
        count=PROCESSES * WRITERS * EACH,
        first=first,
    )
    everything = [f"c{n + 1}" for n in range(PROCESSES * WRITERS * EACH)]
    shares = [everything[n :: PROCESSES * WRITERS] for n in range(PROCESSES * WRITERS)]
    claimed = "SELECT count(*) FROM effects WHERE state = 'claimed'"
    with processes() as start:
        pipes = [FORKS.Pipe() for _ in range(PROCESSES)]
        for number, (_, there) in enumerate(pipes):
            start(run, own.url, own.tenant, shares[number * WRITERS : (number + 1) * WRITERS], there)
        for here, _ in pipes:
            assert await asyncio.to_thread(here.recv) == "ready"
        for here, _ in pipes:
            here.send("go")
        while await house.sql_scalar(claimed) < WRITERS:
            pass
        async with own.database.transaction(own.tenant) as tx:
            roles = frozenset({Role.ENGINEERING_DIRECTOR})
            await halt(tx, by="amanda", identity="console:amanda", roles=roles, reason="a test", at=house.now)
            # The fence has moved and nobody holds it: what is not claimed by now is not claimed any more.
            at_the_halt = (await tx.execute(text(claimed))).scalar_one()
        for here, _ in pipes:
            assert await asyncio.to_thread(here.recv) == "ended"
    assert 0 < at_the_halt < len(everything), "the halt came in the middle: claims cannot keep it waiting"
    assert await house.sql_scalar(claimed) == at_the_halt
    states = "SELECT DISTINCT state FROM effects WHERE id LIKE 'c%'"
    assert set((await house.sql(states)).scalars()) == {"claimed", "held"}


async def test_a_retry_of_what_never_arrived_does_not_slip_past_a_halt(house: House) -> None:
    """A worker claimed it and died before the call; then somebody halted the agents."""
    submitted = await house.submit(deploy())
    await house.number()
    claim = await house.performer._claim(house.tenant, submitted.effect)
    assert claim is not None
    await _halt(house)
    await house.perform(submitted.effect)
    assert (await house.effect(submitted.effect)).state == "held"
    assert await house.done_at_the_edge(submitted.effect) == 0
    await _resume(house)
    await house.perform(submitted.effect)
    row = await house.effect(submitted.effect)
    assert (row.state, row.grant_id) == ("done", claim.grant.id), "one idempotency key, whatever came between"
    assert await house.done_at_the_edge(submitted.effect) == 1
    assert await house.kinds(submitted.effect) == ["intent", "outcome"]


async def test_what_had_arrived_before_a_halt_is_recorded_as_done(house: House) -> None:
    submitted = await house.submit(deploy())
    await house.number()
    claim = await house.performer._claim(house.tenant, submitted.effect)
    assert claim is not None
    await house.edge.do(claim.grant.id, "ok", 0)
    await _halt(house)
    await house.perform(submitted.effect)
    assert (await house.effect(submitted.effect)).state == "done"
    assert await house.done_at_the_edge(submitted.effect) == 1


async def test_an_effect_whose_job_gave_up_is_queued_anew_by_the_sweep(house: House) -> None:
    submitted = await house.submit(deploy())
    async with house.database.transaction(house.tenant) as tx:
        assert await queue_abandoned(tx) == 0, "its job is there"
    await house.sql("DELETE FROM procrastinate_jobs WHERE args->>'effect' = :e", e=submitted.effect)
    async with house.database.transaction(house.tenant) as tx:
        assert await queue_abandoned(tx) == 1
    assert [job["effect"] for job in await house.jobs("perform")] == [submitted.effect]
    await house.perform(submitted.effect)
    await house.sql("DELETE FROM procrastinate_jobs WHERE args->>'effect' = :e", e=submitted.effect)
    async with house.database.transaction(house.tenant) as tx:
        assert await queue_abandoned(tx) == 0, "it is done"


async def test_agents_propose_nothing_during_a_halt_and_people_go_on(house: House) -> None:
    await _halt(house)
    assert (await house.submit(deploy())).ruling.rule == "halt"
    person = await house.submit(deploy(), by="nathan")
    await house.perform(person.effect)
    assert (await house.effect(person.effect)).state == "done"
