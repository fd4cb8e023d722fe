"""Deployments that are put off: a run that waits until releases are free, and then asks as it would have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from agents import sre
from agents.work import runs
from agents.work.kinds import ActionStep, NewStep, Over, Step, Still, WaitStep, Worker, find_kinds
from agents.work.tables import RunRow, StepRow
from governance.action import Action
from governance.blackouts import blackout_at, until_words
from governance.department_rows import read_department
from integrations.deployments.actions import BeginCanary, Deploy

WAIT = "release_time"
"""The key and the kind of the wait."""

_LOOKED_EVERY = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Scheduled:
    """A deployment that waits for its time: `run` is the run's id, `what` its title."""

    run: str
    service: str
    what: str
    at: datetime


def wait_step(action: Deploy | BeginCanary, at: datetime) -> NewStep:
    """Wait until `at`, or longer where a blackout of its service's releases is on by then."""
    title = f"Wait until releases of {action.service} are free"
    return NewStep(WAIT, WAIT, title, {"service": action.service, "at": at.isoformat()})


async def schedule_deployment(
    tx: AsyncSession,
    action: Deploy,
    at: datetime,
    *,
    requester: str,
    place: dict[str, Any] | None,
    turn: str | None,
    plan: str | None = None,
) -> RunRow:
    """Begin the run of a deployment all at once that is put off until `at`; `plan` is the plan that it is done
    for."""
    deploys = NewStep("deploy", "deploy", action.summary(), action.body(), (WAIT,))
    return await runs.begin(
        tx,
        find_kinds(),
        "deployment",
        f"{action.service} {action.version} in {action.environment}",
        (wait_step(action, at), deploys),
        requester=requester,
        subject=f"service:{action.service}",
        plan=plan,
        place=place,
        turn=turn,
    )


async def scheduled(tx: AsyncSession, service: str | None = None) -> Sequence[Scheduled]:
    """The deployments that wait for their time, the next one first."""
    query = (
        select(StepRow, RunRow.title)
        .join(RunRow, (RunRow.tenant == StepRow.tenant) & (RunRow.id == StepRow.run))
        .where(
            StepRow.kind == WAIT,
            StepRow.state.in_(("waiting", "asleep", "running")),
            RunRow.state.in_(("running", "paused")),
        )
    )
    found = [
        Scheduled(
            step.run,
            step.args["service"],
            title,
            datetime.fromisoformat((step.cursor or step.args)["at"]),
        )
        for step, title in (await tx.execute(query)).all()
        if service in (None, step.args["service"])
    ]
    return sorted(found, key=lambda one: one.at)


async def _look(step: Step, worker: Worker) -> Still | Over:
    """Whether its time has come; the department's file may have another blackout by then."""
    at, now = datetime.fromisoformat((step.cursor or step.args)["at"]), worker.now()
    if now < at:
        return Still(min(at - now, _LOOKED_EVERY))
    async with worker.transaction() as tx:
        department = await read_department(tx)
    span = blackout_at(department, step.args["service"], now)
    if span is None:
        return Over()
    put_off = f"put off: {until_words(span, department)}"
    return Still(min(span.ends - now, _LOOKED_EVERY), put_off, {"at": span.ends.isoformat()})


def _deploy(step: Step) -> Action:
    return Deploy.of_body(step.args)


RELEASE_TIME = WaitStep(WAIT, sre.ROLE.name, _look, longest=timedelta(days=90))
DEPLOY = ActionStep("deploy", sre.ROLE.name, _deploy)
KINDS = (RELEASE_TIME, DEPLOY)
