"""A plan's steps: laid out when it is approved, shown while they are done."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from agents.planning.draft import Budget, DraftStory, PlanDraft
from agents.plans.rows import draft_of
from agents.plans.tables import PlanRow, PlanStepRow
from agents.plans.wishes import events
from governance.approvals.store import approval_row
from governance.tables import EffectRow
from storage.jobs import defer, without_jobs
from storage.notices import notify

EPIC = "epic"
STORY = "story"
SCHEDULE = "schedule"
ASSIGN = "assign"
MOVE = "move"
"""Stories get other sprints; the key goes on with the id of the effect that was approved."""

OVER = ("done", "failed", "left")
"""States of steps of which nothing more comes."""


class InACircle(ValueError):
    """Stories of a plan come after each other in a circle; the message is a sentence for people."""

    def __init__(self, keys: Iterable[str]) -> None:
        super().__init__(f"The stories {', '.join(keys)} come after each other in a circle.")


def laid_out(draft: PlanDraft) -> list[tuple[str, str]]:
    """The keys and titles of a plan's steps, in the order in which they are done. Raises InACircle."""
    titles = [(EPIC, f"Epic “{draft.title}”")]
    for story in in_order(draft):
        titles.append((f"{STORY}:{story.key}", story.title))
        titles.append((f"{SCHEDULE}:{story.key}", f"Schedule “{story.title}”"))
    return [*titles, (ASSIGN, "Propose who holds each story")]


async def begin(tx: AsyncSession, plan: PlanRow) -> None:
    """Lay out the steps of an approved plan, and start the first."""
    draft = draft_of(plan)
    if draft is None:
        raise ValueError(f"{plan.id} has no draft, so it has no steps")
    tx.add_all(
        PlanStepRow(plan=plan.id, key=key, position=position, title=title, state="waiting")
        for position, (key, title) in enumerate(laid_out(draft))
    )
    plan.state, plan.why = "executing", None
    if plan.approval is not None:  # whoever approved may have wanted to hear of more
        wished = events((await approval_row(tx, plan.approval)).notifications)
        plan.notifications = sorted({*plan.notifications, *wished})
    if isinstance(draft.budget, Budget):
        plan.budget_hours = draft.budget.limit_hours
    await tx.flush()
    await go_on(tx, plan)


async def begin_moving(tx: AsyncSession, plan: PlanRow, effect: str, stories: int) -> None:
    """Add the step that `effect` was approved for, and go on where the plan is not paused."""
    last = await tx.execute(select(func.max(PlanStepRow.position)).where(PlanStepRow.plan == plan.id))
    title = f"Move {stories} open stories to other sprints" if stories != 1 else "Move 1 open story"
    position = (last.scalar() or 0) + 1
    tx.add(PlanStepRow(plan=plan.id, key=f"{MOVE}:{effect}", position=position, title=title, state="waiting"))
    if plan.state == "created":
        plan.state = "executing"
    await tx.flush()
    await go_on(tx, plan)


async def try_failed_again(tx: AsyncSession, plan: PlanRow) -> None:
    """Let the steps that surely did nothing be done anew; one that ended `unknown` stays."""
    certain = select(EffectRow.id).where(EffectRow.state.in_(("failed", "withdrawn")))
    failed = (PlanStepRow.plan == plan.id, PlanStepRow.state == "failed", PlanStepRow.effect.in_(certain))
    for row in (await tx.execute(select(PlanStepRow).where(*failed))).scalars():
        row.state, row.effect, row.detail = "waiting", None, None
    await tx.flush()


def is_set_up(rows: Iterable[PlanStepRow]) -> bool:
    """Whether nothing is being made or moved; who holds the stories may still be open."""
    return all(row.state in OVER for row in rows if row.key != ASSIGN)


def made_by(rows: Iterable[PlanStepRow]) -> dict[str, str]:
    """The stories in the tracker, by their keys in the plan."""
    kind = f"{STORY}:"
    return {
        row.key.removeprefix(kind): row.reference for row in rows if row.reference and row.key.startswith(kind)
    }


async def go_on(tx: AsyncSession, plan: PlanRow) -> None:
    """Queue the plan's next step, and show where it stands."""
    await _queue_next(tx, plan)
    await show(tx, plan)


async def show(tx: AsyncSession, plan: PlanRow) -> None:
    """Bring the plan's progress message up to date."""
    plan.changed = datetime.now(UTC)
    ids = {"plan": plan.id, "key": f"progress:{plan.id}"}
    await notify(tx, "plan_progress", ids, place=plan.place, turn=plan.turn)


async def queue_forgotten(tx: AsyncSession) -> None:
    """Queue what is next for every plan that is to go on though no job of its waits or runs."""
    stand = await standing_still(tx)
    to_go_on = or_(PlanRow.state == "drafting", PlanRow.id.in_(stand))
    plans = {f"plan:{row.id}": row for row in (await tx.execute(select(PlanRow).where(to_go_on))).scalars()}
    for lock in await without_jobs(tx, plans):
        await _queue_next(tx, plans[lock])


async def _queue_next(tx: AsyncSession, plan: PlanRow) -> None:
    drafting = plan.state == "drafting"
    job = "draft_plan" if drafting else "advance_plan"
    turn = {"turn": plan.turn} if plan.turn else {}
    await defer(tx, job, {"plan": plan.id} | turn, lock=f"plan:{plan.id}", slow=drafting)


async def standing_still(tx: AsyncSession) -> list[str]:
    """Plans that are being carried out while none of their steps is: what held them may be over."""
    under_way = select(PlanStepRow.plan).where(PlanStepRow.state == "submitted", PlanStepRow.key != ASSIGN)
    query = select(PlanRow.id).where(PlanRow.state == "executing", PlanRow.id.not_in(under_way))
    return list((await tx.execute(query)).scalars())


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
