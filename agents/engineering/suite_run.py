"""The run of a suite that somebody asked for: over a repository's default branch, or a pull request."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from agents.work import runs
from agents.work.kinds import NewStep, RunKind, find_kinds
from agents.work.tables import RunRow, StepRow
from storage.notices import notify

SUITE = "run_suite"
"""The key and the kind of its only step."""


async def begin_suite(
    tx: AsyncSession,
    repository: str,
    number: int | None,
    *,
    requester: str,
    place: dict[str, Any] | None,
    turn: str | None,
) -> RunRow:
    """Run the suite of a repository's default branch, or judge the pull request `number` of it. One that is
    under way already is returned."""
    args = {"repository": repository, "number": number}
    going = (
        select(RunRow)
        .join(StepRow, (StepRow.tenant == RunRow.tenant) & (StepRow.run == RunRow.id))
        .where(RunRow.kind == RUN.name, RunRow.state == "running", StepRow.args == args)
    )
    if (found := (await tx.execute(going.limit(1))).scalar()) is not None:
        return found
    what = repository if number is None else f"{repository}#{number}"
    step = NewStep(SUITE, SUITE, "Run the whole suite in the sandbox", args, (), (f"suite:{what}",))
    return await runs.begin(
        tx, find_kinds(), RUN.name, f"Tests of {what}", (step,), requester=requester, place=place, turn=turn
    )


async def _changed(tx: AsyncSession, run: RunRow) -> None:
    await notify(
        tx, "suite", {"run": run.id, "key": f"run:{run.id}"}, place=run.place, turn=run.turn, slow=True
    )


RUN = RunKind("suite", _changed)
