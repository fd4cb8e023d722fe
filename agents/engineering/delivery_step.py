"""A plan's stories, each written by an agent once those that it comes after are merged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from agents.engineering.delivery_rows import DELIVERY, WATCH
from agents.engineering.refused import in_words
from agents.engineering.repositories import known_repositories, repository_for
from agents.engineering.story_rows import DELIVERED, is_taken_back, newest_work
from agents.engineering.story_run import InWork, assigned, begin
from agents.engineering.tables import StoryWorkRow
from agents.planning.draft import DraftStory
from agents.work import runs
from agents.work.kinds import NewStep, Over, Step, StepFailed, Still, WaitStep, Worker, find_kinds
from agents.work.tables import ENDED, RunRow
from governance.department_rows import read_department
from governance.people import Actor
from governance.visibility import EVERYTHING
from integrations.tracker import StoryStatus

_LOOKED_EVERY = timedelta(seconds=10)
_NAMED_BY_HAND = timedelta(minutes=1)


async def begin_delivery(
    tx: AsyncSession,
    plan: str,
    title: str,
    stories: Sequence[DraftStory],
    made: Mapping[str, str],
    *,
    requester: str,
    place: dict[str, Any] | None,
    turn: str | None,
) -> RunRow:
    """Let agents write a plan's stories; `made` are the tracker's ids by their keys in the plan."""
    keys = {story.key for story in stories if story.key in made}
    steps = tuple(
        NewStep(
            f"write:{story.key}",
            DELIVERED,
            f"{made[story.key]}: {story.title}",
            {"story": made[story.key]},
            tuple(f"write:{key}" for key in story.depends_on if key in keys),
        )
        for story in stories
        if story.key in keys
    )
    watch = NewStep(WATCH, WATCH, "Keep to the budget, and tell how it goes")
    return await runs.begin(
        tx,
        find_kinds(),
        DELIVERY,
        f"Writing “{title}”",
        (*steps, watch),
        requester=requester,
        subject=f"plan:{plan}",
        plan=plan,
        place=place,
        turn=turn,
    )


async def _poll(step: Step, worker: Worker) -> Still | Over:
    """Begin the story's own run where there is none, and wait for its merge."""
    story = step.args["story"]
    async with worker.transaction() as tx:
        found = await newest_work(tx, story)
        is_back = found is not None and await is_taken_back(tx, found[0].run)
    if found is None:
        return await _begun(step, worker, None)
    work, run = found
    if work.merged is not None and not is_back:
        return Over({"merged": work.merged, "repository": work.repository, "pull_request": work.pull_request})
    if run.state in ENDED and (step.cursor or {}).get("run") != run.id:
        return await _begun(step, worker, run.id)  # an earlier try, stopped or taken back
    if run.state in ENDED:
        came = "Its merge was taken back." if is_back else f"The work on {story} ended without a merge."
        raise StepFailed(run.why or work.blocked or came)
    return Still(_LOOKED_EVERY, _detail(work, run))


def _detail(work: StoryWorkRow, run: RunRow) -> str:
    where = f"in {work.repository}" + (f", pull request {work.pull_request}" if work.pull_request else "")
    if run.state == "paused":
        return f"paused {where}"
    return f"needs a person {where}: {work.blocked}" if work.blocked else f"is written {where}"


async def _begun(step: Step, worker: Worker, last: str | None) -> Still | Over:
    """Begin it, unless somebody put an agent on it since; `last` is the run that came to nothing before."""
    ports = worker.ports
    story = await ports.tracker.story(EVERYTHING, step.args["story"])
    if story.status in (StoryStatus.DONE, StoryStatus.CANCELLED):
        return Over({"merged": None, "status": story.status.value})
    known = [one for one in await known_repositories(ports) if one.is_open]
    found = repository_for(story, "", known)
    if found is None:
        asks = f"say “put an agent on {story.id} in …”: nothing says in which repository it is written"
        return Still(_NAMED_BY_HAND, asks)
    async with worker.transaction() as tx:
        leads = {team.id: team.lead for team in (await read_department(tx)).teams}
    answers = leads.get(story.team) or step.requester or ""
    given = await assigned(story, found.repository, answers, ports)
    by = Actor("agent", "project_manager", on_behalf_of=step.requester)
    why = "It stands in an approved plan, and what it comes after is merged."
    async with worker.transaction() as tx:
        if (await runs.run_for_update(tx, step.run)).state != "running":  # nothing is begun of a paused plan
            return Still(_LOOKED_EVERY)
        newest, run = await newest_work(tx, story.id), None
        if newest is None or newest[1].id == last:
            with suppress(InWork):  # somebody put an agent on it meanwhile
                run = await begin(tx, given, by=by, why=why, place=None, turn=None)
    began = None if run is None else {"run": run.id}
    return Still(_LOOKED_EVERY, f"is begun in {given.repository}", began)


KIND = WaitStep(DELIVERED, "project_manager", in_words(_poll), longest=timedelta(days=90))
