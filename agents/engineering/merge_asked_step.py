"""While people are asked about a merge, somebody may merge or close the pull request on the host itself, or ask
for changes in a review.

Then nobody is asked any more, and the story goes on from there.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from agents.engineering.further_round import changes_asked, heard_people
from agents.engineering.refused import in_words
from agents.engineering.story_rows import story_work
from agents.engineering.story_run import ASKED
from agents.work import runs
from agents.work.kinds import Json, NewStep, Over, Step, Still, WaitStep, Worker
from agents.work.tables import StepRow
from governance.people import Actor
from governance.tables import EffectRow
from integrations.code_host.pull_requests import PullRequestState

_LOOKED_EVERY = timedelta(minutes=1)
_ENGINEER = "backend_engineer"


async def merge_of(tx: AsyncSession, step: Step) -> tuple[str | None, str | None]:
    """What is said of the merge that a step is about, and the state of its effect."""
    query = (
        select(StepRow.detail, EffectRow.state)
        .outerjoin(EffectRow, (EffectRow.tenant == StepRow.tenant) & (EffectRow.id == StepRow.effect))
        .where(StepRow.run == step.run, StepRow.key == step.args["merge"])
    )
    found = (await tx.execute(query)).one_or_none()
    return (None, None) if found is None else (found[0], found[1])


async def _look(step: Step, worker: Worker) -> Still | Over:
    """Whether it is open no more, or somebody asks for changes. One that is being merged is left to
    who sees what became of that."""
    async with worker.transaction() as tx:
        work = await story_work(tx, step.run)
        _, effect = await merge_of(tx, step)
        people = await heard_people(tx, work, worker)
    if effect not in ("parked", "held"):
        return Still(_LOOKED_EVERY)
    host = worker.ports.code_host
    found = await host.pull_request(work.repository, step.args["number"])
    if (asked := await changes_asked(host, people, work, found)) is not None:
        return Over({"why": f"{asked['author']} asks for changes."})
    if found.state is PullRequestState.OPEN:
        return Still(_LOOKED_EVERY)
    return Over({"why": f"{work.repository}#{found.number} was {found.state.value} on the code host."})


async def _after_looking(tx: AsyncSession, step: Step, result: Json) -> Iterable[NewStep]:
    """The question is withdrawn; what became of it is seen as after any merge."""
    by = Actor("agent", _ENGINEER, on_behalf_of=step.requester)
    await runs.withdraw(tx, step.run, step.args["merge"], result["why"], datetime.now(UTC), by=by)
    return ()


KIND = WaitStep(ASKED, _ENGINEER, in_words(_look), finish=_after_looking, longest=timedelta(days=90))
