"""A look at a run that is put off, beside the job engine's rule of one order a lock."""

from __future__ import annotations

from sqlalchemy import text

from agents.work import runs
from tests.agents.work.conftest import Engine, Outside


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
