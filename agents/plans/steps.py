"""A plan's run of steps: laid out when it is approved, paused, gone on with and ended with the plan.

Whoever calls these holds the plan's row; the run is locked after it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from agents.engineering.production_step import FOLLOW
from agents.engineering.tables import StoryWorkRow
from agents.planning.draft import Budget, DraftStory, PlanDraft
from agents.plans.plan_run import RUN, SUBJECT
from agents.plans.plan_step import ASSIGN, STORY, first_steps, move_step
from agents.plans.rows import draft_of
from agents.plans.tables import PlanRow
from agents.plans.wishes import events
from agents.work import runs
from agents.work.kinds import NewStep, find_kinds
from agents.work.tables import ENDED, OVER, RunRow, StepRow
from governance.approvals.store import approval_row
from governance.department_rows import read_department
from governance.people import Actor
from storage.jobs import defer, without_jobs
from storage.notices import notify


class InACircle(ValueError):
    """Stories of a plan come after each other in a circle; the message is a sentence for people."""

    def __init__(self, keys: Iterable[str]) -> None:
        super().__init__(f"The stories {', '.join(keys)} come after each other in a circle.")


def laid_out(plan: str, draft: PlanDraft, leads: Mapping[str, str]) -> tuple[NewStep, ...]:
    """A plan's steps, in the order in which they are done; `leads` hold their teams' stories.

    Raises InACircle.
    """
    return first_steps(plan, draft, tuple(in_order(draft)), leads)


async def begin(tx: AsyncSession, plan: PlanRow) -> None:
    """Lay out the steps of an approved plan, and start the first."""
    draft = draft_of(plan)
    if draft is None:
        raise ValueError(f"{plan.id} has no draft, so it has no steps")
    leads = {team.id: team.lead for team in (await read_department(tx)).teams}
    run = await runs.begin(
        tx,
        find_kinds(),
        RUN.name,
        plan.title,
        laid_out(plan.id, draft, leads),
        requester=plan.requester,
        subject=f"{SUBJECT}{plan.id}",
        place=plan.place,
        turn=plan.turn,
    )
    plan.run, plan.state, plan.why = run.id, "executing", None
    if plan.approval is not None:  # whoever approved may have wanted to hear of more
        wished = events((await approval_row(tx, plan.approval)).notifications)
        plan.notifications = sorted({*plan.notifications, *wished})
    if isinstance(draft.budget, Budget):
        plan.budget_hours = draft.budget.limit_hours
    await tx.flush()
    await show(tx, plan)


async def begin_moving(tx: AsyncSession, plan: PlanRow, effect: str, stories: list[dict[str, Any]]) -> None:
    """Add the step that `effect` was approved for, and go on where the plan is not paused."""
    step = move_step(plan.id, plan.title, effect, stories)
    await runs.extend(tx, find_kinds(), _run(plan), [step])
    if plan.state == "created":
        plan.state = "executing"
    await show(tx, plan)


async def pause(tx: AsyncSession, plan: PlanRow, why: str) -> None:
    """Nothing new of the plan starts until it is resumed, nor of the work on its stories."""
    plan.state, plan.why = "paused", why
    await runs.pause(tx, _run(plan), why)
    while going := await _runs_for(tx, plan, RunRow.state == "running"):  # and what was begun meanwhile
        for run in going:
            await runs.pause(tx, run.id, why)
    await show(tx, plan)


async def resume(tx: AsyncSession, plan: PlanRow) -> None:
    """Go on, and let the steps be done anew that surely did nothing; one that ended `unknown` stays. A story
    that somebody paused by itself stays paused."""
    paused = [run.id for run in await _runs_for(tx, plan) if (run.state, run.why) == ("paused", plan.why)]
    is_over = (await runs.run_for_update(tx, _run(plan))).state == "done"
    rows = await runs.steps_of(tx, _run(plan))
    was_set_up = all(row.state in ("done", "left") for row in rows if row.key != ASSIGN)
    plan.state, plan.why = "created" if was_set_up else "executing", None
    if not is_over:
        await runs.try_again(tx, _run(plan))
    for run in paused:
        await runs.resume(tx, run)
    await show(tx, plan)


async def cancel(tx: AsyncSession, plan: PlanRow, why: str, by: Actor) -> None:
    """End the plan and the work on its stories, and withdraw what of it waits for votes; its epic is cancelled
    by the next look at it."""
    plan.state, plan.why = "cancelled", why
    if plan.run is not None:
        await runs.cancel(tx, plan.run, why, datetime.now(UTC), by=by)
    await end_writing(tx, plan, why, by)
    await queue_next(tx, plan)
    await show(tx, plan)


async def end_writing(tx: AsyncSession, plan: PlanRow, why: str, by: Actor) -> bool:
    """End the work of agents on a plan's stories; branches stay as they are. What is merged stays, and comes to
    its end. Returns whether there was any to end."""
    merged = select(StoryWorkRow.run).where(StoryWorkRow.merged.is_not(None))
    followed = select(StepRow.args["run"].astext).where(StepRow.kind == FOLLOW, StepRow.run.in_(merged))
    ended = False
    while going := await _runs_for(tx, plan, RunRow.id.not_in(merged), RunRow.id.not_in(followed)):
        for run in going:
            await runs.cancel(tx, run.id, why, datetime.now(UTC), by=by)
        ended = True  # once more, for what its delivery began meanwhile
    return ended


async def _runs_for(tx: AsyncSession, plan: PlanRow, *which: ColumnElement[bool]) -> Sequence[RunRow]:
    """What goes on for a plan beside its own run, which is locked before them: its delivery, its stories, and
    what brings them to production; in the order of their ids, in which they are locked."""
    going = (RunRow.plan == plan.id, RunRow.state.not_in(ENDED))
    return (await tx.execute(select(RunRow).where(*going, *which).order_by(RunRow.id))).scalars().all()


def is_set_up(rows: Iterable[StepRow]) -> bool:
    """Whether nothing is being made or moved; who holds the stories may still be open."""
    return all(row.state in OVER for row in rows if row.key != ASSIGN)


def reference_of(row: StepRow) -> str | None:
    """What the tracker calls what a step made."""
    return (row.result or {}).get("reference")


def made_by(rows: Iterable[StepRow]) -> dict[str, str]:
    """The stories in the tracker, by their keys in the plan."""
    kind = f"{STORY}:"
    made = ((row.key.removeprefix(kind), reference_of(row)) for row in rows if row.key.startswith(kind))
    return {key: story for key, story in made if story}


async def show(tx: AsyncSession, plan: PlanRow) -> None:
    """Bring the plan's progress message up to date."""
    plan.changed = datetime.now(UTC)
    ids = {"plan": plan.id, "key": f"progress:{plan.id}"}
    await notify(tx, "plan_progress", ids, place=plan.place, turn=plan.turn)


async def queue_next(tx: AsyncSession, plan: PlanRow) -> None:
    """Queue the drafting of a plan, or the look at what its run came to."""
    drafting = plan.state == "drafting"
    job = "draft_plan" if drafting else "advance_plan"
    turn = {"turn": plan.turn} if plan.turn else {}
    await defer(tx, job, {"plan": plan.id} | turn, lock=f"plan:{plan.id}", slow=drafting)


async def queue_forgotten(tx: AsyncSession) -> None:
    """Queue what is next for every plan that is to go on though no job of its waits or runs."""
    running = select(RunRow.id).where(RunRow.state == "running")
    ended = (PlanRow.state == "executing") & (PlanRow.run.is_(None) | PlanRow.run.not_in(running))
    to_go_on = select(PlanRow).where(or_(PlanRow.state == "drafting", ended))
    plans = {f"plan:{row.id}": row for row in (await tx.execute(to_go_on)).scalars()}
    for lock in await without_jobs(tx, plans):
        await queue_next(tx, plans[lock])


def _run(plan: PlanRow) -> str:
    if plan.run is None:
        raise ValueError(f"{plan.id} is {plan.state} and has no run")
    return plan.run


def in_order(draft: PlanDraft) -> list[DraftStory]:
    """The stories so that each comes after those it depends on, in the order of the schedule.

    A story's dependencies must exist in the tracker before it does. Raises InACircle.
    """
    starts = {scheduled.story: scheduled.starts for scheduled in draft.schedule}
    last = max(starts.values(), default=None)
    waiting = sorted(draft.stories, key=lambda story: (str(starts.get(story.key, last)), story.key))
    placed: list[DraftStory] = []
    keys: set[str] = set()
    known = {story.key for story in draft.stories}
    while waiting:
        ready = [story for story in waiting if keys.issuperset(known.intersection(story.depends_on))]
        if not ready:
            raise InACircle(story.key for story in waiting)
        placed.append(ready[0])
        keys.add(ready[0].key)
        waiting.remove(ready[0])
    return placed
