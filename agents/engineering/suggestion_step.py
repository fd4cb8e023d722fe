"""The change of an engineer that only suggests: shown as a patch, until somebody has taken it over or the
engineer may push after all."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import timedelta

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from agents.engineering.story_rows import story_work, tell_blocked
from agents.engineering.story_run import PERSON
from agents.engineering.suggesting import SUGGEST, TAKEN_OVER, PatchTooLarge, patch
from agents.engineering.trees import checked_out, folder
from agents.work import runs
from agents.work.kinds import Json, NewStep, Over, Step, StepFailed, Still, WaitStep, Worker, WorkStep
from agents.work.suggestions import only_suggests
from agents.work.tables import OVER, StepRow
from integrations.code_host.refusals import CodeHostError

_LOOKED_EVERY = timedelta(seconds=10)
_ACTOR = "backend_engineer"


async def _show(step: Step, worker: Worker) -> Json:
    """Make the patch, from the newest commit that the pull request or the base has."""
    host, repository = worker.ports.code_host, step.args["repository"]
    async with worker.transaction() as tx:
        base = (await story_work(tx, step.run)).base
    try:
        async with folder() as at:
            before = await checked_out(host, repository, step.args["before"] or base, at / "before")
            after = await checked_out(host, repository, step.args["sha"], at / "after")
            return {"patch": await asyncio.to_thread(patch, before, after)}
    except (CodeHostError, PatchTooLarge) as refused:
        raise StepFailed(str(refused)) from refused


async def _after_showing(tx: AsyncSession, step: Step, _result: Json) -> Iterable[NewStep]:
    """It is a person's then, in the way of every story that needs one."""
    work = await story_work(tx, step.run, lock=True)
    shown = "Its engineer only suggests, so nothing is pushed: its change is here as a patch."
    was = work.blocked
    work.blocked = f"{was} {shown}" if was else shown
    await tell_blocked(tx, work, work.blocked)
    args = {"head": step.args["before"], "number": work.pull_request}
    person = NewStep(f"person:{step.key}", PERSON, "A person takes its change over", args, (step.key,))
    waits = NewStep(
        f"taken:{step.key}",
        TAKEN_OVER,
        "See whether its engineer may push again",
        {"person": person.key, "push": step.args["push"], "blocked": was},
        (step.key,),
    )
    return (person, waits)


async def _look(step: Step, worker: Worker) -> Still | Over:
    """Whether somebody took it over, or the engineer acts again."""
    async with worker.transaction() as tx:
        rows = {row.key: row for row in await runs.steps_of(tx, step.run)}
        suggests = await only_suggests(tx, rows[step.args["push"]].actor, worker.now())
    if rows[step.args["person"]].state in OVER:
        return Over({"pushes": False})
    return Still(_LOOKED_EVERY) if suggests else Over({"pushes": True})


async def _after_looking(tx: AsyncSession, step: Step, result: Json) -> Iterable[NewStep]:
    """Push what was left, where the engineer acts again before anybody took it over."""
    if not result["pushes"]:
        return ()
    work = await story_work(tx, step.run, lock=True)
    work.blocked = step.args["blocked"]
    mine = (StepRow.run == step.run, StepRow.key == step.args["person"], StepRow.state.not_in(OVER))
    left = {"state": "cancelled", "detail": "Its engineer pushes it.", "worker": None, "wake": None}
    await tx.execute(update(StepRow).where(*mine).values(left))
    await runs.try_again(tx, step.run)
    return ()


KINDS = (
    WorkStep(SUGGEST, _ACTOR, _show, finish=_after_showing),
    WaitStep(TAKEN_OVER, _ACTOR, _look, finish=_after_looking, longest=timedelta(days=90)),
)
