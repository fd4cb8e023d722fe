"""A branch that waits for its place among the open pull requests of its repository, and their opening.

People read pull requests, so not more than a few of agents' own are open at once in one repository, small ones
first. One that touches the same lines as one that is open waits for that one's end, and whoever answers for it
hears so: the two would have collided.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from agents.engineering.refused import in_words
from agents.engineering.story_rows import story_work, tell_blocked
from agents.engineering.story_run import JUDGE, OPEN, ROOM, about_code
from agents.engineering.tables import StoryWorkRow
from agents.work.kinds import ActionStep, Json, NewStep, Over, Step, Still, WaitStep, Worker
from agents.work.tables import ENDED, RunRow, StepRow
from governance.action import Action
from integrations.code_host import CodeHost, PullRequestQuery
from integrations.code_host.actions import OpenPullRequest
from integrations.code_host.pull_requests import PullRequestState
from integrations.code_host.refusals import NoSuchCommit, NotMergeable
from integrations.pages import everything
from storage import direct

_LOOKED_EVERY = timedelta(seconds=30)
_ENGINEER = "backend_engineer"
_ONE_AT_A_TIME = """
    SELECT pg_advisory_xact_lock(hashtext(current_setting('app.tenant') || ' opens in ' || %(repository)s))
"""


async def _room(step: Step, worker: Worker) -> Still | Over:
    """Take a place where there is one, and no smaller change waits for it."""
    host = worker.ports.code_host
    async with worker.transaction() as tx:
        work = await story_work(tx, step.run)
        opened = await _opened(tx, work)
    query = PullRequestQuery(work.repository, PullRequestState.OPEN, author=host.login)
    there = {one.number for one in await everything(host.pull_requests, query)}
    for other in opened:
        if paths := await _collide(host, work.repository, other.head or "", step.args["head"]):
            return await _wait_for(step, worker, other, paths)
    async with worker.transaction() as tx:
        await direct.run(tx, _ONE_AT_A_TIME, {"repository": work.repository})
        work = await story_work(tx, step.run, lock=True)
        opened = await _opened(tx, work)
        others = len(opened) + len(there - {one.pull_request for one in opened})
        if others >= worker.open_pull_requests:
            many = f"{others} pull requests of agents are open in {work.repository}"
            return Still(_LOOKED_EVERY, f"{many}: it is opened when one of them is merged or closed.")
        if await _waits_smaller(tx, work, step):
            return Still(_LOOKED_EVERY, "A smaller change is opened before it.")
        work.opens = worker.now()
    return Over()


async def _opened(tx: AsyncSession, work: StoryWorkRow) -> Sequence[StoryWorkRow]:
    """Other stories of this repository that have a place, and go on."""
    query = (
        select(StoryWorkRow)
        .join(RunRow, (RunRow.tenant == StoryWorkRow.tenant) & (RunRow.id == StoryWorkRow.run))
        .where(StoryWorkRow.repository == work.repository, StoryWorkRow.run != work.run)
        .where(StoryWorkRow.opens.is_not(None), StoryWorkRow.merged.is_(None), RunRow.state.not_in(ENDED))
    )
    return (await tx.execute(query.order_by(StoryWorkRow.opens))).scalars().all()


async def _waits_smaller(tx: AsyncSession, work: StoryWorkRow, step: Step) -> bool:
    """Whether a change of fewer lines waits for a place in this repository; of equals the older is first."""
    query = (
        select(StepRow.args["size"].as_integer(), StoryWorkRow.created, StoryWorkRow.run)
        .join(StoryWorkRow, (StoryWorkRow.tenant == StepRow.tenant) & (StoryWorkRow.run == StepRow.run))
        .join(RunRow, (RunRow.tenant == StepRow.tenant) & (RunRow.id == StepRow.run))
        .where(StepRow.kind == ROOM, StepRow.state.in_(("running", "asleep")), RunRow.state == "running")
        .where(StoryWorkRow.repository == work.repository, StoryWorkRow.run != work.run)
        .where(StepRow.cursor["after"].as_string().is_(None))
    )
    mine = (step.args["size"], work.created, work.run)
    return any((size, created, run) < mine for size, created, run in await tx.execute(query))


async def _collide(host: CodeHost, repository: str, one: str, other: str) -> tuple[str, ...]:
    """The files in which two commits change the same lines; none where one of them is gone."""
    try:
        return (await host.merge_result(repository, one, other)).conflicts
    except (NoSuchCommit, NotMergeable):
        return ()


async def _wait_for(step: Step, worker: Worker, other: StoryWorkRow, paths: Sequence[str]) -> Still:
    """It waits for the other's end; whoever answers for it hears so once."""
    which = (
        other.story
        if other.pull_request is None
        else f"{other.story} ({other.repository}#{other.pull_request})"
    )
    files = ", ".join(paths[:5])
    why = f"It changes the same lines as {which} in {files}: it is opened when that is merged or closed."
    if (step.cursor or {}).get("after") != other.run:
        async with worker.transaction() as tx:
            await tell_blocked(tx, await story_work(tx, step.run), why)
    return Still(_LOOKED_EVERY, why, {"after": other.run})


async def _after_room(tx: AsyncSession, step: Step, _result: Json) -> Iterable[NewStep]:
    work, round = await story_work(tx, step.run), step.args["round"]
    opened = {
        "repository": work.repository,
        "service": work.service,
        "story": work.story,
        "branch": work.branch,
        "base": work.base_branch,
        "title": step.args["title"],
        "text": step.args["text"],
        "head_sha": step.args["head"],
    }
    opens = NewStep(f"open:{round}", OPEN, "Open its pull request", opened, (step.key,))
    judges = NewStep(f"judge:{round}", JUDGE, "Judge what merging it would come to", {}, (opens.key,))
    return (opens, judges)


def _open(step: Step) -> Action:
    why = f"{step.args['story']} was written, and passed what code can see of it."
    about = about_code(step, why, "Asked for only: nothing is merged by it.", "Close the pull request.")
    kept = ("title", "text", "head_sha", "base")
    return OpenPullRequest(head=step.args["branch"], **{name: step.args[name] for name in kept}, **about)


KINDS = (
    WaitStep(ROOM, _ENGINEER, in_words(_room), finish=_after_room, longest=timedelta(days=90)),
    ActionStep(OPEN, _ENGINEER, _open),
)
