"""Beside a plan's stories while agents write them: hours against its budget, a summary a day, and its end.

Once nothing of it is written any more, what is in staging is asked for in production, one version a service;
and once that is decided, people hear what was promised and what came.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from agents import project_manager
from agents.engineering.delivery_rows import WATCH, Written, hours_of, written
from agents.engineering.production_step import ask_step
from agents.planning.working_days import working_days
from agents.plans.consumption import take_note_of
from agents.plans.tables import PlanRow
from agents.work.kinds import Json, NewStep, Over, Step, Still, WaitStep, Worker
from agents.work.runs import steps_of
from agents.work.tables import ENDED, OVER, RunRow
from governance.department import Department
from governance.department_rows import read_department
from storage.notices import notify

CLOSE = "close_delivery"
"""The kind of the last step, and its key."""

_LOOKED_EVERY = timedelta(seconds=10)
_LONGEST = timedelta(days=365)


async def _watch(step: Step, worker: Worker) -> Still | Over:
    """Count, tell, and see whether it is all written."""
    async with worker.transaction() as tx:
        stories = await written(tx, step.run)
        hours = await hours_of(tx, stories)
        department = await read_department(tx)
    day = _summary_day(department, worker.now(), (step.cursor or {}).get("day"))
    async with worker.transaction() as tx:
        plan = await _plan(tx, step)
        if plan is not None:
            if hours - plan.used_hours >= _worth_saying(plan) or all(map(_is_settled, stories)):
                await take_note_of(tx, plan.id, hours)
            if day is not None and step.cursor is not None and plan.state != "paused":
                ids = {"plan": plan.id, "key": f"daily:{plan.id}:{day}"}
                await notify(tx, "plan_daily", ids, place=plan.place, slow=True)
    if all(map(_is_settled, stories)):
        return Over({"services": _in_staging(stories)})
    merged = sum(one.work is not None and one.work.merged is not None for one in stories)
    first = None if step.cursor is not None else {"day": worker.now().date().isoformat()}
    told = first if day is None else {"day": day}
    return Still(_LOOKED_EVERY, f"{merged} of {len(stories)} merged", told)


def _worth_saying(plan: PlanRow) -> float:
    """From how many hours more on the plan's message is brought up to date: three minutes, or a hundredth of
    its budget."""
    return 0.05 if plan.budget_hours is None else min(0.05, plan.budget_hours / 100)


def _is_settled(one: Written) -> bool:
    """Whether nothing more comes of it by itself: it is over, or it was never begun for what it waits for
    is."""
    return one.step.state in OVER and (one.run is None or one.run.state in ENDED)


def _summary_day(department: Department, now: datetime, told: str | None) -> str | None:
    """Today, where its summary is due and was not told: working days, from the hour on at which work begins."""
    calendar = department.calendar_of(None)
    here = now.astimezone(ZoneInfo(calendar.time_zone))
    today = here.date().isoformat()
    begun = here.time() >= calendar.start and working_days(department).works_on(here.date())
    return today if begun and today != told else None


def _in_staging(stories: tuple[Written, ...]) -> dict[str, Json]:
    """The newest version of each service that these are in, or were taken back in, with the runs whose work is
    in it."""
    found: dict[str, Json] = {}
    staged = [
        (release.staged, release.service, release.version, one)
        for one in stories
        for release in filter(None, (one.release, *one.reverts))
        if release.staged is not None
    ]
    for _, service, version, one in sorted(staged, key=lambda known: known[0]):
        if service is not None and one.work is not None:
            before = found.get(service, {}).get("stories", [])
            own = [] if one.is_back or one.work.run in before else [one.work.run]
            of = {"repository": one.work.repository, "stories": [*before, *own]}
            found[service] = {"version": version, **of}
    return {service: one for service, one in found.items() if one["stories"]}


async def _after_watching(_tx: AsyncSession, step: Step, result: Json) -> Iterable[NewStep]:
    asks = [
        ask_step(service, one["version"], one["repository"], tuple(one["stories"]), step.key)
        for service, one in sorted(result["services"].items())
    ]
    close = NewStep(CLOSE, CLOSE, "Say what came of it", {}, (step.key,))
    return (*asks, close)


async def _closed(step: Step, worker: Worker) -> Still | Over:
    """Whether everything else of it is over."""
    async with worker.transaction() as tx:
        others = [one for one in await steps_of(tx, step.run) if one.key != step.key]
    if all(one.state in OVER for one in others):
        return Over({"at": worker.now().isoformat()})
    return Still(_LOOKED_EVERY)


async def _say(tx: AsyncSession, step: Step, _result: Json) -> Iterable[NewStep]:
    plan = await _plan(tx, step)
    if plan is not None:
        await tell_delivered(tx, plan)
    return ()


async def tell_delivered(tx: AsyncSession, plan: PlanRow) -> None:
    """Say what was promised of a plan, and what came: once for each end that it comes to."""
    ids = {"plan": plan.id, "key": f"delivered:{plan.id}"}
    await notify(tx, "plan_delivered", ids, place=plan.place, people=(plan.requester,), slow=True)


async def _plan(tx: AsyncSession, step: Step) -> PlanRow | None:
    run = (await tx.execute(select(RunRow.subject).where(RunRow.id == step.run))).scalar_one()
    query = select(PlanRow).where(PlanRow.id == (run or "").removeprefix("plan:"))
    return (await tx.execute(query)).scalar()


_ACTOR = project_manager.ROLE.name
KINDS = (
    WaitStep(WATCH, _ACTOR, _watch, finish=_after_watching, longest=_LONGEST),
    WaitStep(CLOSE, _ACTOR, _closed, finish=_say, longest=_LONGEST),
)
