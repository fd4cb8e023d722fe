"""The work on stories as rows: beginning it, its moves, and the verdicts that changes have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from agents.engineering.conversation import REMARK, Move
from agents.engineering.judging import Judgement
from agents.engineering.tables import MoveRow, StoryWorkRow, VerdictRow
from agents.engineering.workspace import Edit
from agents.engineering.writing import Made
from agents.work.heartbeat import Stopped
from agents.work.tables import RunRow, StepRow
from governance.outside_text import storable, storable_json
from integrations.code_host.actions import MergePullRequest
from integrations.tracker import StoryStatus
from integrations.tracker.actions import SetStatus
from storage import direct
from storage.notices import notify

DELIVERED = "story_delivery"
"""The kind of step in which a plan's delivery waits for one of its stories."""


async def story_work(tx: AsyncSession, run: str, *, lock: bool = False) -> StoryWorkRow:
    """The work that a run is. Raises NoResultFound."""
    query = select(StoryWorkRow).where(StoryWorkRow.run == run).execution_options(populate_existing=True)
    return (await tx.execute(query.with_for_update() if lock else query)).scalar_one()


async def newest_work(tx: AsyncSession, story: str) -> tuple[StoryWorkRow, RunRow] | None:
    """The newest work on a story of the tracker, with its run; what takes a merge back is none."""
    query = (
        select(StoryWorkRow, RunRow)
        .join(RunRow, (RunRow.tenant == StoryWorkRow.tenant) & (RunRow.id == StoryWorkRow.run))
        .where(StoryWorkRow.story == story, StoryWorkRow.takes_back.is_(None))
    )
    found = (await tx.execute(query.order_by(StoryWorkRow.created.desc()).limit(1))).first()
    return None if found is None else (found[0], found[1])


async def step_keys(tx: AsyncSession, run: str) -> list[str]:
    """The keys of all steps that a run has had."""
    return list((await tx.execute(select(StepRow.key).where(StepRow.run == run))).scalars())


async def told_last(tx: AsyncSession, run: str, *kinds: str) -> str | None:
    """The text that agents gave the pull request of a run last, in steps of these kinds; None if they gave it
    none."""
    query = select(StepRow.args["text"].as_string()).where(
        StepRow.run == run, StepRow.kind.in_(kinds), StepRow.state == "done"
    )
    return (await tx.execute(query.order_by(StepRow.position.desc()).limit(1))).scalar()


async def moves_of(tx: AsyncSession, run: str) -> tuple[Made, ...]:
    """An engineer's moves so far, in order."""
    rows = (await tx.execute(select(MoveRow).where(MoveRow.run == run).order_by(MoveRow.number))).scalars()
    return tuple(
        Made(
            row.number,
            Move(row.tool, row.arguments, row.result),
            None if row.edit is None else Edit(**row.edit),
            row.state,
            row.input_tokens,
            row.output_tokens,
            row.cost,
        )
        for row in rows
    )


async def keep_move(tx: AsyncSession, run: str, made: Made) -> None:
    """Write a move down. Raises Stopped where there is one of this number: another worker is at the story, and
    has gone on from other files than these."""
    row = {
        "run": run,
        "number": made.number,
        "tool": storable(made.move.tool),
        "arguments": storable_json(made.move.arguments),
        "result": storable(made.move.answer),
        "edit": None if made.edit is None else storable_json(asdict(made.edit)),
        "state": made.state,
        "input_tokens": made.input_tokens,
        "output_tokens": made.output_tokens,
        "cost": made.cost,
    }
    kept = insert(MoveRow).values(row).on_conflict_do_nothing().returning(MoveRow.number)
    if (await tx.execute(kept)).scalar() is None:
        raise Stopped("Another worker is at it.")


async def keep_remark(tx: AsyncSession, run: str, says: str) -> bool:
    """Let the engineer read what a review asks for, as its next move. False where it made none: then what is
    there is nothing that it could go on from."""
    last = (
        await tx.execute(select(MoveRow).where(MoveRow.run == run).order_by(MoveRow.number.desc()).limit(1))
    ).scalar()
    if last is None:
        return False
    move = Move(REMARK, {}, f"The reviewer asks for changes:\n{says}")
    await keep_move(tx, run, Made(last.number + 1, move, None, last.state, 0, 0, Decimal(0)))
    return True


async def keep_verdict(
    tx: AsyncSession, repository: str, base: str, head: str, verdict: dict[str, Any]
) -> None:
    """What merging `head` into `base` was judged to be; a later judgement of the same takes its place."""
    row = {"repository": repository, "base": base, "head": head, "verdict": verdict}
    made = insert(VerdictRow).values(row)
    again = made.on_conflict_do_update(
        index_elements=["tenant", "repository", "base", "head"], set_={"verdict": made.excluded.verdict}
    )
    await tx.execute(again)


async def keep_judgement(
    tx: AsyncSession, work: StoryWorkRow, at: Mapping[str, Any], judged: Judgement
) -> None:
    """Let the gate rule by this verdict on what merging `at`'s head into its base would come to."""
    work.verdict = judged.body
    await keep_verdict(tx, work.repository, at["base"], at["head"], work.verdict)


async def keep_first_verdict(
    tx: AsyncSession, repository: str, base: str, head: str, verdict: dict[str, Any]
) -> None:
    """The same where nothing was judged: a verdict that is there may know more, and stays."""
    row = {"repository": repository, "base": base, "head": head, "verdict": verdict}
    await tx.execute(insert(VerdictRow).values(row).on_conflict_do_nothing())


async def verdict_of(tx: AsyncSession, repository: str, base: str, head: str) -> dict[str, Any] | None:
    """The verdict on exactly this head and base, if it was judged."""
    query = select(VerdictRow.verdict).where(
        VerdictRow.repository == repository, VerdictRow.base == base, VerdictRow.head == head
    )
    return (await tx.execute(query)).scalar()


async def breaks(action: MergePullRequest, tx: AsyncSession) -> bool:
    """Whether a person has to look at what is merged, by the verdict on exactly this head and base. Raises
    LookupError where there is none."""
    found = await verdict_of(tx, action.repository, action.base, action.head)
    if found is None:
        raise LookupError(f"nobody has judged what merging {action.pull_request} would come to")
    return bool(found["decision"] != "merge")


async def is_taken_back(tx: AsyncSession, run: str) -> bool:
    """Whether what a run merged does not stand any more: it was taken back, and that was not."""
    by = await _merged_revert(tx, run)
    return by is not None and not await is_taken_back(tx, by)


async def stands_by(tx: AsyncSession, run: str) -> str:
    """The run that is to be taken back so that what this one merged stands no more: itself, or the one that
    brought it in again after it was taken back."""
    by = await _merged_revert(tx, run)
    again = None if by is None else await _merged_revert(tx, by)
    return run if again is None else await stands_by(tx, again)


async def _merged_revert(tx: AsyncSession, run: str) -> str | None:
    query = select(StoryWorkRow.run).where(StoryWorkRow.takes_back == run, StoryWorkRow.merged.is_not(None))
    return (await tx.execute(query)).scalar()


async def merged_by_agents(tx: AsyncSession, repository: str, number: int) -> str | None:
    """The run whose merge a pull request is, where agents merged it and it still stands."""
    query = select(StoryWorkRow.run).where(
        StoryWorkRow.repository == repository,
        StoryWorkRow.pull_request == number,
        StoryWorkRow.merged.is_not(None),
    )
    run = (await tx.execute(query.order_by(StoryWorkRow.created.desc()).limit(1))).scalar()
    return None if run is None or await is_taken_back(tx, run) else run


async def follows_work(action: SetStatus, tx: AsyncSession) -> bool:
    """Whether each story gets the status that the newest work on it has: in progress while it goes on, done
    once it is merged, and open again where that was taken back."""
    for one in action.stories:
        found = await newest_work(tx, one.story)
        if found is None:
            return False
        work, run = found
        is_back = await is_taken_back(tx, work.run)
        is_so = {
            StoryStatus.DONE: work.merged is not None and not is_back,
            StoryStatus.BACKLOG: is_back,
            StoryStatus.SCHEDULED: is_back,
            StoryStatus.IN_PROGRESS: work.merged is None and run.state == "running",
        }
        if not is_so.get(one.status, False):
            return False
    return True


async def tell_blocked(tx: AsyncSession, work: StoryWorkRow, why: str, *others: str) -> None:
    """Tell whoever answers for the story that it needs a person, and why; `others` are people who hear of it
    too. Where it belongs to a plan of which people want to hear what blocks it, so do its channel and its
    requester."""
    ids = {"run": work.run, "key": f"blocked:{work.run}:{why}"[:200]}
    place, requester = await _of_the_plan(tx, work.story)
    people = tuple(dict.fromkeys(filter(None, (work.answers, requester, *others))))
    await notify(tx, "story_blocked", ids, people=people, place=place)


_WATCHED = """
    SELECT plans.place, plans.requester FROM plans
    JOIN runs ON runs.kind = 'delivery' AND runs.subject = 'plan:' || plans.id
    JOIN run_steps AS step ON step.run = runs.id
    WHERE runs.state IN ('running', 'paused') AND step.args ->> 'story' = %(story)s
      AND plans.notifications ? 'blockers' LIMIT 1
"""


async def _of_the_plan(tx: AsyncSession, story: str) -> tuple[dict[str, Any] | None, str | None]:
    """Where, and whom, the blockers of a story's plan are told, if somebody wanted to hear of them."""
    found = await direct.rows(tx, _WATCHED, {"story": story})
    return (found[0][0], found[0][1]) if found else (None, None)


async def plan_of(tx: AsyncSession, story: str) -> str | None:
    """The plan in whose delivery a story of the tracker stands, whoever puts an agent on it."""
    query = (
        select(RunRow.plan)
        .join(StepRow, (StepRow.tenant == RunRow.tenant) & (StepRow.run == RunRow.id))
        .where(RunRow.plan.is_not(None), RunRow.state != "cancelled")
        .where(StepRow.kind == DELIVERED, StepRow.args["story"].astext == story)
    )
    return (await tx.execute(query.order_by(RunRow.created.desc()).limit(1))).scalar()
