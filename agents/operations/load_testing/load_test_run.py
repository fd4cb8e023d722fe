"""A load test's run: begun with the action that was submitted, shown on a card of its own, and remembered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from agents.operations.announced_tests import announce_test, end_test
from agents.operations.load_testing.load_verdict import LoadVerdict, Objectives
from agents.operations.load_testing.tables import LoadTestRow
from agents.work import runs
from agents.work.kinds import NewStep, RunKind, find_kinds
from agents.work.tables import ENDED, RunRow, StepRow
from governance.tables import EffectRow
from integrations.load.actions import RunLoadTest
from storage import direct
from storage.notices import notify

BEGIN = "begin"
"""The key of the step that was submitted."""

BEGIN_KIND = "load_test_begin"
WATCH_KIND = "load_test_watch"
POOL = "load_tests"
"""What begins a load and what watches it: where there is a place for the one there is one for the other."""

_GOING = ("running", "paused")
_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtext(current_setting('app.tenant') || ' begins load tests'))"


async def under_way(tx: AsyncSession) -> Sequence[RunRow]:
    """The runs of load tests that go on, oldest first. Until `tx` ends nobody else begins one."""
    await direct.run(tx, _ONE_AT_A_TIME, {})
    query = select(RunRow).where(RunRow.kind == RUN.name, RunRow.state.in_(_GOING))
    return (await tx.execute(query.order_by(RunRow.created, RunRow.id))).scalars().all()


async def begin(
    tx: AsyncSession,
    run: str,
    action: RunLoadTest,
    effect: str,
    now: datetime,
    *,
    replicas: int,
    requester: str,
    place: dict[str, Any] | None,
    turn: str | None,
    then: tuple[NewStep, ...] = (),
) -> RunRow:
    """Begin the run `run` of a test whose action was submitted as `effect`, and say that it is ours, so that no
    alert of it opens an incident. `replicas` are those that answer in staging, `then` are steps
    that follow the watch."""
    announced = await announce_test(
        tx, action.service, action.environment, action.summary(), now, action.over_by
    )
    title = f"Load test of {action.service} in {action.environment}"
    first = NewStep(BEGIN, BEGIN_KIND, "Begin to send", action.body(), effect=effect)
    watch = NewStep(WATCH_KIND, WATCH_KIND, "Watch and judge it", {}, (BEGIN,))
    row = await runs.begin(
        tx,
        find_kinds(),
        RUN.name,
        title,
        (first, watch, *then),
        requester=requester,
        subject=f"service:{action.service}",
        place=place,
        turn=turn,
        id=run,
    )
    tx.add(
        LoadTestRow(
            run=run,
            service=action.service,
            replicas=replicas,
            action=action.body(),
            announced=announced,
            created=now,
        )
    )
    await tx.flush()
    return row


async def load_test_of(tx: AsyncSession, run: str, *, lock: bool = False) -> LoadTestRow:
    """The load test of a run. Raises NoResultFound."""
    query = select(LoadTestRow).where(LoadTestRow.run == run).execution_options(populate_existing=True)
    return (await tx.execute(query.with_for_update() if lock else query)).scalar_one()


async def last_load_test(tx: AsyncSession, service: str | None) -> LoadTestRow | None:
    """The newest test of a service, or of any."""
    query = select(LoadTestRow).order_by(LoadTestRow.created.desc(), LoadTestRow.run).limit(1)
    return (
        await tx.execute(query if service is None else query.where(LoadTestRow.service == service))
    ).scalar()


async def passed(tx: AsyncSession, run: str, service: str) -> bool:
    """Whether the test of this run, of this service, met its objectives, by what was judged alone."""
    query = select(LoadTestRow.verdict).where(LoadTestRow.run == run, LoadTestRow.service == service)
    return (await tx.execute(query)).scalar() == LoadVerdict.PASSED


def submitted(row: LoadTestRow) -> RunLoadTest:
    """What was ruled on."""
    return RunLoadTest.of_body(row.action)


def objectives_of(action: RunLoadTest) -> Objectives:
    """What is to hold."""
    return Objectives(action.most_failed, action.slowest_ms / 1000)


async def grant_of(tx: AsyncSession, run: str) -> str | None:
    """What the generator calls the load: the id of the grant that began it; None where nothing began."""
    of_begin = select(StepRow.effect).where(StepRow.run == run, StepRow.key == BEGIN)
    query = select(EffectRow.grant_id).where(EffectRow.id == of_begin.scalar_subquery())
    return (await tx.execute(query)).scalar()


async def show_load_test(tx: AsyncSession, run: RunRow) -> None:
    """Bring its one card up to date."""
    ids = {"run": run.id, "key": f"run:{run.id}"}
    await notify(tx, "load_test", ids, place=run.place, turn=run.turn, slow=True)


async def _changed(tx: AsyncSession, run: RunRow) -> None:
    if run.state in ENDED and run.ended is not None:
        announced = select(LoadTestRow.announced).where(LoadTestRow.run == run.id)
        if (test := (await tx.execute(announced)).scalar()) is not None:
            await end_test(tx, test, run.ended)
    await show_load_test(tx, run)


RUN = RunKind("load_test", _changed)
