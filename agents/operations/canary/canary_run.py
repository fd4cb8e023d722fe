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
from agents.work.tables import ENDED, RunRow, StepRow
from governance.tables import EffectRow
from integrations.deployments.actions import BeginCanary
from storage.jobs import defer
from storage.notices import notify

BEGIN = "begin"
"""The key of the step that was approved."""

BEGIN_KIND = "canary_begin"
WATCH_KIND = "canary_watch"
ABORT_KIND = "canary_abort"


async def begin(
    tx: AsyncSession,
    run: str,
    action: BeginCanary,
    effect: str | None,
    *,
    requester: str,
    place: dict[str, Any] | None,
    turn: str | None,
    wait: NewStep | None = None,
    plan: str | None = None,
) -> RunRow:
    """Begin the run `run` of a canary whose first action was submitted as `effect`, or is submitted once `wait`
    is over. `plan` is the plan that it is done for."""
    title = f"{action.service} {action.version} in {action.environment} as a canary"
    waits = () if wait is None else (wait,)
    after = tuple(step.key for step in waits)
    title_of_first = f"Begin with {action.shares[0]} %"
    first = NewStep(BEGIN, BEGIN_KIND, title_of_first, action.body(), after, effect=effect)
    row = await runs.begin(
        tx,
        find_kinds(),
        RUN.name,
        title,
        (*waits, first, watch_step(action, 0, BEGIN)),
        requester=requester,
        subject=f"service:{action.service}",
        plan=plan,
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


async def grant_of(tx: AsyncSession, run: str) -> str:
    """What the platform calls a run's canary: the id of the grant that began it; empty before."""
    of_begin = select(StepRow.effect).where(StepRow.run == run, StepRow.key == BEGIN)
    query = select(EffectRow.grant_id).where(EffectRow.id == of_begin.scalar_subquery())
    return (await tx.execute(query)).scalar() or ""


async def abort_step(tx: AsyncSession, run: str, why: str) -> NewStep | None:
    """Give all traffic back at once, for another run than the canary's own; None where it was not begun, or is
    over."""
    of_run = (RunRow.tenant == StepRow.tenant) & (RunRow.id == StepRow.run)
    begun = select(StepRow.key).join(RunRow, of_run).where(RunRow.state.not_in(ENDED))
    begun = begun.where(StepRow.run == run, StepRow.key == BEGIN, StepRow.state == "done")
    if (await tx.execute(begun)).scalar() is None:
        return None
    args = {"canary": await grant_of(tx, run), "action": (await canary_of(tx, run)).action, "why": why}
    return NewStep(f"abort:{run}", ABORT_KIND, "Give all traffic back", args)


def approved(row: CanaryRow) -> BeginCanary:
    """What was approved."""
    return BeginCanary.of_body(row.action)


HELD = "passed, and waits for its promotion to be approved"
"""What is said of a canary that holds."""


def holds(row: CanaryRow) -> bool:
    """Whether it passed and stands at its last share but 100 until people promote it."""
    action = approved(row)
    return action.promotion == "ask" and row.passed == len(action.shares) - 1


async def queue_asking(tx: AsyncSession) -> None:
    """Have people asked about the promotions of all that hold, as they are by then."""
    await defer(tx, "ask_promotions", {}, lock="promotions", slow=True)


def canary_name(run: str) -> str:
    """What a canary is announced as, so that alerts of its target open no incident meanwhile."""
    return f"canary {run}"


async def _changed(tx: AsyncSession, run: RunRow) -> None:
    if run.state in ENDED:
        await end_tests(tx, canary_name(run.id), datetime.now(UTC))
        row = (await tx.execute(select(CanaryRow).where(CanaryRow.run == run.id))).scalar()
        if row is not None and holds(row):
            await queue_asking(tx)
    ids = {"run": run.id, "key": f"run:{run.id}"}
    await notify(tx, "canary", ids, place=run.place, turn=run.turn, slow=True)


RUN = RunKind("canary", _changed)
