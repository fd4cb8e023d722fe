"""A canary's run: begun with the action that people approve, shown on a card of its own."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from agents.operations.announced_tests import end_tests
from agents.operations.canary.tables import CanaryRow
from agents.work import runs
from agents.work.kinds import NewStep, RunKind, find_kinds
from agents.work.tables import ENDED, RunRow
from integrations.deployments.actions import BeginCanary
from storage.notices import notify

BEGIN = "begin"
"""The key of the step that was approved."""

BEGIN_KIND = "canary_begin"
WATCH_KIND = "canary_watch"


async def begin(
    tx: AsyncSession,
    run: str,
    action: BeginCanary,
    effect: str,
    *,
    requester: str,
    place: dict[str, Any] | None,
    turn: str | None,
) -> RunRow:
    """Begin the run `run` of a canary whose first action was submitted as `effect`."""
    title = f"{action.service} {action.version} in {action.environment} as a canary"
    first = NewStep(BEGIN, BEGIN_KIND, f"Begin with {action.shares[0]} %", action.body(), effect=effect)
    row = await runs.begin(
        tx,
        find_kinds(),
        RUN.name,
        title,
        (first, watch_step(action, 0, BEGIN)),
        requester=requester,
        subject=f"service:{action.service}",
        place=place,
        turn=turn,
        id=run,
    )
    tx.add(CanaryRow(run=run, action=action.body(), passed=0, tick=0))
    await tx.flush()
    return row


def watch_step(action: BeginCanary, index: int, after: str) -> NewStep:
    """Watch the share with this index."""
    title = f"Watch it with {action.shares[index]} %"
    return NewStep(f"watch:{index}", WATCH_KIND, title, {"index": index}, (after,))


async def canary_of(tx: AsyncSession, run: str, *, lock: bool = False) -> CanaryRow:
    """The canary of a run. Raises NoResultFound."""
    query = select(CanaryRow).where(CanaryRow.run == run).execution_options(populate_existing=True)
    return (await tx.execute(query.with_for_update() if lock else query)).scalar_one()


def approved(row: CanaryRow) -> BeginCanary:
    """What was approved."""
    fields = {name: value for name, value in row.action.items() if name not in ("type", "decision_type")}
    return BeginCanary.model_validate(fields)


def canary_name(run: str) -> str:
    """What a canary is announced as, so that alerts of its target open no incident meanwhile."""
    return f"canary {run}"


async def _changed(tx: AsyncSession, run: RunRow) -> None:
    if run.state in ENDED:
        await end_tests(tx, canary_name(run.id), datetime.now(UTC))
    ids = {"run": run.id, "key": f"run:{run.id}"}
    await notify(tx, "canary", ids, place=run.place, turn=run.turn, slow=True)


RUN = RunKind("canary", _changed)
