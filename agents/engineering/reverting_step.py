"""Taking a merge back: a pull request that undoes it, judged, reviewed, merged and deployed as any other.

A merge is taken back once, however often it is asked for; where the pull request was closed, it can be asked
for again. What does not come off cleanly is said, and a person's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from agents.engineering.production_step import FOLLOW, PRODUCTION
from agents.engineering.revert_rows import revert_of
from agents.engineering.story_rows import is_taken_back, story_work
from agents.engineering.story_run import JUDGE, RUN, about_code
from agents.engineering.tables import StoryWorkRow
from agents.operations.canary import canary_run
from agents.work import runs
from agents.work.kinds import ActionStep, Json, NewStep, Nothing, Step, Worker, WorkStep, find_kinds
from agents.work.tables import ENDED, OVER, RunRow, StepRow
from governance.action import Action
from governance.people import Actor
from governance.visibility import EVERYTHING
from integrations.code_host import OURS
from integrations.code_host.actions import RevertPullRequest
from integrations.tracker import StoryStatus
from integrations.tracker.actions import SetStatus, StatusStep

OPEN, OPENED, STORY, REOPEN = "open_revert", "revert_opened", "story_after_revert", "reopen_story"
"""Kinds of steps: the pull request is opened; it is looked at; so is the story, once it is merged, which gets
its status back."""


class NotMergedYet(ValueError):
    """There is nothing to take back."""


async def begin_revert(
    tx: AsyncSession,
    run: str,
    *,
    by: Actor,
    requester: str,
    place: dict[str, Any] | None,
    turn: str | None,
    now: datetime,
) -> bool:
    """Begin to take back what a run merged, or try once more what was begun and failed; what was given up, or
    closed, is begun again. Nothing that has the merge goes to production any more. Returns False, and does
    nothing, where it is under way or done. Raises NotMergedYet, NoResultFound."""
    asked = await _asked_with(tx, run)
    for one in sorted({run, *(step.run for step in asked)}):  # in the order of their ids
        await runs.run_for_update(tx, one)
    work = await story_work(tx, run, lock=True)
    if work.merged is None or work.pull_request is None:
        raise NotMergedYet(f"{work.story} is not merged")
    begun = await revert_of(tx, run)
    if begun is not None:
        if (await story_work(tx, begun.id)).merged is not None or begun.state not in ENDED:
            return False
        if begun.state == "failed":
            await runs.try_again(tx, begun.id)
            return True
    id, number = runs.new_id(), work.pull_request
    row = await runs.begin(
        tx,
        find_kinds(),
        RUN.name,
        f"Take back {work.repository}#{number}",
        (),
        requester=requester,
        subject=None if work.service is None else f"service:{work.service}",
        place=place,
        turn=turn,
        id=id,
    )
    tx.add(_taking_back(id, work))
    await tx.flush()
    args = {"repository": work.repository, "service": work.service, "number": number, "merged": work.merged}
    steps = (
        NewStep("open", OPEN, f"Open what takes {work.repository}#{number} back", args),
        NewStep("opened", OPENED, "See what is open", {"open": "open"}, ("open",)),
    )
    ends = await _ask_no_more(tx, run, await _asked_with(tx, run), by, now)
    # Only now: who opens it is read from the row of its work.
    await runs.add_steps(tx, find_kinds(), row, (*steps, *ends))
    return True


def _taking_back(id: str, work: StoryWorkRow) -> StoryWorkRow:
    """The work that takes this one back."""
    number, merged = work.pull_request, work.merged or ""
    title = f"Take back “{work.brief['title']}”"
    why = f"Pull request {number} of {work.repository}, merged as {merged[:12]}, is taken back as a whole."
    return StoryWorkRow(
        run=id,
        story=work.story,
        repository=work.repository,
        service=work.service,
        discipline=work.discipline,
        answers=work.answers,
        brief={"title": title, "description": why, "acceptance": []},
        base_branch=work.base_branch,
        base=merged,
        branch=f"{OURS}revert-{number}",
        takes_back=work.run,
    )


async def _asked_with(tx: AsyncSession, run: str) -> list[StepRow]:
    """The steps, of this run or a plan's, that see whether what this one merged comes to production."""
    query = (
        select(StepRow)
        .join(RunRow, (RunRow.tenant == StepRow.tenant) & (RunRow.id == StepRow.run))
        .where(StepRow.kind == PRODUCTION, StepRow.state.not_in(OVER), RunRow.state.not_in(ENDED))
        .where(StepRow.args["stories"].contains([run]), StepRow.args["asked"].as_boolean())
    )
    return list((await tx.execute(query.execution_options(populate_existing=True))).scalars())


async def _ask_no_more(
    tx: AsyncSession, run: str, asked: Sequence[StepRow], by: Actor, now: datetime
) -> tuple[NewStep, ...]:
    """Withdraw what is asked of its production, here or for a plan. Returns the steps that end what of it is
    under way there: a canary that nobody watches any more goes back, and this does it at once."""
    why, ends = "Its merge is taken back.", []
    following = [step for step in await runs.steps_of(tx, run) if step.kind == FOLLOW]
    for seen in asked:
        steps = {step.key: step for step in await runs.steps_of(tx, seen.run)}
        does = steps[seen.args["by"]]
        if seen.run == run or does.state in OVER:
            continue
        seen.args = {**seen.args, "withdrawn": True}
        if does.kind == FOLLOW:
            following.append(does)
        else:
            await runs.withdraw(tx, does.run, does.key, why, now, by=by)
    for step in following:
        if step.state not in OVER:
            abort = await canary_run.abort_step(tx, step.args["run"], why)
            ends += [] if abort is None else [abort]
            await runs.cancel(tx, step.args["run"], why, now, by=by)
    await runs.cancel(tx, run, why, now, by=by)
    return tuple(ends)


def _open(step: Step) -> Action:
    where = f"{step.args['repository']}#{step.args['number']}"
    about = about_code(
        step,
        f"{where} is to be taken back.",
        "A pull request is open that undoes it; nothing changes until that is merged.",
        "Close that pull request.",
    )
    return RevertPullRequest(number=step.args["number"], merged=step.args["merged"], **about)


async def _opened(step: Step, worker: Worker) -> Json:
    """The pull request that was opened."""
    async with worker.transaction() as tx:
        work = await story_work(tx, step.run)
    number = int(str(step.results["open"]["reference"]).rpartition("#")[2])
    found = await worker.ports.code_host.pull_request(work.repository, number)
    return {"number": number, "branch": found.head, "head": found.head_sha}


async def _after_opening(tx: AsyncSession, step: Step, result: Json) -> Iterable[NewStep]:
    work = await story_work(tx, step.run, lock=True)
    work.pull_request, work.branch = result["number"], result["branch"]
    work.written = work.head = result["head"]
    args = {"number": result["number"]}
    return (NewStep("judge:1", JUDGE, "Judge what taking it back would come to", args, (step.key,)),)


def reopening(after: str) -> tuple[NewStep, ...]:
    """What follows on the merge of what takes a merge back, beside its release."""
    return (NewStep("story", STORY, "See where its story stands", {}, (after,)),)


async def _story(step: Step, worker: Worker) -> Json:
    """Where the story stands, and where it is to stand: done no more, or done again."""
    async with worker.transaction() as tx:
        work = await story_work(tx, step.run)
        first = work
        while first.takes_back is not None:
            first = await story_work(tx, first.takes_back)
        is_back = await is_taken_back(tx, first.run)
    story = await worker.ports.tracker.story(EVERYTHING, work.story)
    open_again = StoryStatus.SCHEDULED if story.sprint else StoryStatus.BACKLOG
    becomes = open_again if is_back else StoryStatus.DONE
    return {"story": story.id, "was": story.status.value, "becomes": becomes.value}


async def _after_story(_tx: AsyncSession, step: Step, result: Json) -> Iterable[NewStep]:
    return (NewStep("reopen", REOPEN, f"Give {result['story']} its status", dict(result), (step.key,)),)


def _reopen(step: Step) -> Action | Nothing:
    was, becomes = StoryStatus(step.args["was"]), StoryStatus(step.args["becomes"])
    if was is becomes or was is StoryStatus.CANCELLED:
        return Nothing("It is so already.")
    return SetStatus(
        stories=(StatusStep(step.args["story"], becomes, was),),
        rationale="What was merged for it was taken back, or that was.",
        impact=f"{step.args['story']} counts as {becomes.value}.",
        rollback_plan="Give the story its status back.",
    )


_ENGINEER, _PROJECT_MANAGER = "backend_engineer", "project_manager"
KINDS = (
    ActionStep(OPEN, _ENGINEER, _open),
    WorkStep(OPENED, _ENGINEER, _opened, finish=_after_opening),
    WorkStep(STORY, _PROJECT_MANAGER, _story, finish=_after_story),
    ActionStep(REOPEN, _PROJECT_MANAGER, _reopen, stops=False),
)
