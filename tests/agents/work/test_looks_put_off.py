"""A look at a run that is put off, beside the job engine's rule of one order a lock."""

from __future__ import annotations

from sqlalchemy import text

from agents.work import runs
from agents.work.sweep import queue_standing_runs
from tests.agents.work.conftest import Engine, Outside
from tests.agents.work.kinds import KINDS


async def test_a_look_that_is_put_off_holds_none_up_that_is_due(engine: Engine, outside: Outside) -> None:
    """The job engine lets nothing pass an earlier job of its lock, though that is due in an hour."""
    run = await engine.begin(engine.step("wait", "outside", url=outside.url))
    outside.jobs[f"{run}:wait"] = 9
    await engine.round(run)
    assert (await engine.states(run))["wait"] == "asleep"
    async with engine.house.database.transaction(engine.house.tenant) as tx:
        await runs.go_on(tx, await runs.run_for_update(tx, run))
        query = text(
            "SELECT scheduled_at IS NOT NULL, lock FROM procrastinate_jobs"
            " WHERE task_name = 'advance_run' AND status = 'todo' AND args->>'run' = :run"
        )
        locks = list(await tx.execute(query, {"run": run}))
    assert {put_off for put_off, _ in locks} == {True, False}
    later, now = ({lock for put_off, lock in locks if put_off is which} for which in (True, False))
    assert later.isdisjoint(now)


async def test_a_sweep_locks_runs_in_the_order_of_their_ids(engine: Engine) -> None:
    """Two that locked them otherwise would wait for each other, and one of them fail."""
    ids = ["rn_3", "rn_1", "rn_2"]
    for id in ids:
        async with engine.house.database.transaction(engine.house.tenant) as tx:
            steps = (engine.step("a"),)
            await runs.begin(tx, KINDS, "test", "A test", steps, requester="nathan", id=id)
            await tx.execute(text("DELETE FROM procrastinate_jobs WHERE args->>'run' = :run"), {"run": id})
    async with engine.house.database.transaction(engine.house.tenant) as tx:
        assert await queue_standing_runs(tx) == 3
        query = "SELECT args->>'run' FROM procrastinate_jobs WHERE args->>'tenant' = :tenant ORDER BY id"
        queued = (await tx.execute(text(query), {"tenant": engine.house.tenant})).scalars().all()
    assert queued == sorted(ids)
