"""The run in which agents write a plan's stories: finding it, what became of each story, and stopping it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from agents.engineering.story_releases import releases_of
from agents.engineering.story_rows import DELIVERED, is_taken_back, newest_work
from agents.engineering.tables import StoryReleaseRow, StoryWorkRow
from agents.usage import used_in_runs
from agents.work import runs
from agents.work.tables import ENDED, RunRow, StepRow
from storage import direct

DELIVERY, WATCH = "delivery", "watch_delivery"
"""The kind of run, and that of the step beside those that wait for a story's merge."""

# What agents do themselves, while a worker is at it: waits for people and for others are none of it, and a
# pause is not.
_SECONDS = """
    SELECT coalesce(sum(worked + coalesce(extract(epoch FROM now() - taken), 0)), 0)
    FROM run_steps WHERE run = ANY(%(runs)s) AND pool = 'work'
"""


@dataclass(frozen=True, slots=True)
class Written:
    """A story of a plan that agents write: its step in the delivery, and the newest work on it with its run and
    what was released of it; None before there is such. `is_back` says that its merge was taken back, and
    `reverts` are the releases of what took it back, or brought it again."""

    story: str
    step: StepRow
    work: StoryWorkRow | None
    run: RunRow | None
    release: StoryReleaseRow | None
    is_back: bool = False
    reverts: tuple[StoryReleaseRow, ...] = ()


async def delivery_of(tx: AsyncSession, plan: str) -> RunRow | None:
    """The newest run in which agents write a plan's stories, if one was begun and not cancelled."""
    query = select(RunRow).where(
        RunRow.kind == DELIVERY, RunRow.subject == f"plan:{plan}", RunRow.state != "cancelled"
    )
    return (await tx.execute(query.order_by(RunRow.created.desc()).limit(1))).scalar()


async def is_under_way(tx: AsyncSession, plan: str) -> bool:
    """Whether agents write a plan's stories now."""
    delivery = await delivery_of(tx, plan)
    return delivery is not None and delivery.state == "running"


async def is_begun(tx: AsyncSession, plan: str) -> bool:
    """Whether agents write a plan's stories, or are paused at it."""
    delivery = await delivery_of(tx, plan)
    return delivery is not None and delivery.state not in ENDED


async def last_delivery(tx: AsyncSession, plan: str) -> RunRow | None:
    """The newest one, stopped or not."""
    query = select(RunRow).where(RunRow.kind == DELIVERY, RunRow.subject == f"plan:{plan}")
    return (await tx.execute(query.order_by(RunRow.created.desc()).limit(1))).scalar()


async def delivery_of_story(tx: AsyncSession, story: str) -> RunRow | None:
    """The delivery under way that a story of the tracker belongs to."""
    query = (
        select(RunRow)
        .join(StepRow, (StepRow.tenant == RunRow.tenant) & (StepRow.run == RunRow.id))
        .where(
            RunRow.kind == DELIVERY,
            RunRow.state.in_(("running", "paused")),
            StepRow.kind == DELIVERED,
            StepRow.args["story"].astext == story,
        )
    )
    return (await tx.execute(query.limit(1))).scalar()


async def written(tx: AsyncSession, delivery: str) -> tuple[Written, ...]:
    """The stories of a delivery, in the plan's order."""
    steps = [step for step in await runs.steps_of(tx, delivery) if step.kind == DELIVERED]
    found = {step.args["story"]: await newest_work(tx, step.args["story"]) for step in steps}
    ids = [one[0].run for one in found.values() if one is not None]
    releases = await releases_of(tx, ids)
    back = {run for run in ids if await is_taken_back(tx, run)}
    reverts = await _reverts(tx, [step.args["story"] for step in steps])
    stories = []
    for step in steps:
        work, run = found[step.args["story"]] or (None, None)
        release = None if work is None else releases.get(work.run)
        is_back = work is not None and work.run in back
        taken = tuple(found for id, found in reverts if id == step.args["story"])
        stories.append(Written(step.args["story"], step, work, run, release, is_back, taken))
    return tuple(stories)


async def _reverts(tx: AsyncSession, stories: Sequence[str]) -> list[tuple[str, StoryReleaseRow]]:
    query = (
        select(StoryWorkRow.story, StoryReleaseRow)
        .join(
            StoryReleaseRow,
            (StoryReleaseRow.tenant == StoryWorkRow.tenant) & (StoryReleaseRow.run == StoryWorkRow.run),
        )
        .where(StoryWorkRow.takes_back.is_not(None), StoryWorkRow.story.in_(stories))
    )
    return [(story, release) for story, release in await tx.execute(query)]


async def hours_of(tx: AsyncSession, stories: Sequence[Written]) -> float:
    """Agent-hours that the work on these took so far."""
    (seconds,) = await direct.row(tx, _SECONDS, {"runs": [one.work.run for one in stories if one.work]})
    return round(float(seconds) / 3_600, 4)


async def cost_of(tx: AsyncSession, stories: Sequence[Written]) -> Decimal | None:
    """USD that models took for them so far; None where the price of some of it is not known."""
    return (await used_in_runs(tx, [one.work.run for one in stories if one.work])).cost
