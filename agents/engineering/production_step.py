"""From staging to production: asked for as the matrix says, with the department's canary, after its blackouts.

It is asked for once. What is denied, or goes back, stays in staging, and its card says why. While a merge that
is in it is taken back nothing is asked; then it is asked for what takes the version's place, if anything does.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from agents import sre
from agents.engineering.new_version import put_off, stands
from agents.engineering.revert_rows import Standing, standing_of
from agents.engineering.story_releases import keep_production, show_work
from agents.operations.canary import canary_run
from agents.operations.release_time_step import schedule_deployment, wait_step
from agents.work import runs
from agents.work.kinds import ActionStep, Json, NewStep, Over, Step, Still, WaitStep, Worker
from agents.work.tables import ENDED, RunRow, StepRow
from governance.action import Action
from governance.department_rows import read_department
from governance.people import Actor
from integrations.deployments import DeploymentError, Stage
from integrations.deployments.actions import BeginCanary, Deploy

PRODUCTION, FOLLOW, DEPLOY = "production", "follow_canary", "deploy_production"
"""Kinds of steps: production is looked at; a canary is waited for; it is deployed all at once."""

_BUSY = timedelta(seconds=30)
_FOLLOWED_EVERY = timedelta(seconds=5)
_LONGEST = timedelta(days=90)


def ask_step(service: str, version: str, repository: str, stories: tuple[str, ...], after: str) -> NewStep:
    """Bring a version to production that is in staging; `stories` are the runs whose work is in it."""
    args = {
        "service": service,
        "version": version,
        "repository": repository,
        "stories": list(stories),
        "asked": False,
    }
    return NewStep(
        f"production:{service}", PRODUCTION, f"Bring {service} {version} to production", args, (after,)
    )


async def _production(step: Step, worker: Worker) -> Still | Over:
    """What runs in production, and what is to be done about it; once it was asked for, only whether it runs."""
    given = step.args
    async with worker.transaction() as tx:
        department = await read_department(tx)
        standing = await standing_of(tx, given["stories"])
    if given["asked"] and not given.get("withdrawn"):
        standing = Standing(tuple(given["stories"]))  # what was asked for came, or came to nothing, as it was
    if standing.waits_for is not None:
        return Still(_BUSY, f"{standing.waits_for}: nothing is asked for until that is in staging.")
    if standing.stuck is not None:
        return Over({"says": f"What is in it was to be taken back, and is not yet: “{standing.stuck}”."})
    if not standing.stories:
        return Over({"says": "All of it is taken back."})
    version = standing.version or given["version"]
    if given.get("withdrawn"):
        return Over({"again": version, "stories": list(standing.stories)})
    try:
        release = await worker.ports.deployments.release(given["service"], version)
        found = await stands(worker.ports, release, Stage.PRODUCTION, given["repository"], department.releases)
    except DeploymentError as refused:
        return Over({"says": f"Not in production: {refused}"})
    if found.busy is not None:
        return Still(_BUSY, f"A canary of {found.busy} is under way in production.")
    known = {"stories": list(standing.stories), "version": version}
    if found.action is None:
        return Over({**known, "runs": found.passed or version, "at": worker.now().isoformat()})
    if given["asked"]:
        return Over({})
    free = put_off(department, found.action, worker.now())
    return Over({**known, "action": found.action.body(), "free": free and free.isoformat()})


async def _after_production(tx: AsyncSession, step: Step, result: Json) -> Iterable[NewStep]:
    stories = tuple(result.get("stories", step.args["stories"]))
    if "action" in result:
        return await _ask(tx, step, result)
    if "again" in result:
        return (_once_more(step, result["again"], stories),)
    if "runs" in result:
        await keep_production(tx, stories, at=datetime.fromisoformat(result["at"]))
    else:
        why = result.get("says") or await _why_not(tx, step)
        await keep_production(tx, stories, says=f"It stays in staging. {why}")
    for run in stories:
        await show_work(tx, run)
    return ()


def _once_more(step: Step, version: str, stories: tuple[str, ...]) -> NewStep:
    """Look at production again from the beginning, for what is there of it by now."""
    args = {"service": step.args["service"], "version": version, "repository": step.args["repository"]}
    args |= {"stories": list(stories), "asked": False}
    title = f"Bring {step.args['service']} {version} to production"
    return NewStep(f"{step.key}:again", PRODUCTION, title, args, (step.key,))


async def _ask(tx: AsyncSession, step: Step, result: Json) -> tuple[NewStep, ...]:
    """Asked where the work was asked for; it waits for the end of a blackout before."""
    query = select(RunRow).where(RunRow.id == step.run).execution_options(populate_existing=True)
    run = (await tx.execute(query)).scalar_one()
    if run.state in ENDED:
        return ()  # it was cancelled while production was looked at: its merge is taken back
    before = tuple(step.args["stories"])
    now = await standing_of(tx, before)
    if (now.waits_for, now.stuck, list(now.stories)) != (None, None, result["stories"]):
        return (_once_more(step, step.args["version"], before),)  # some of it is taken back since
    free = None if result["free"] is None else datetime.fromisoformat(result["free"])
    body = result["action"]
    about: dict[str, Any] = {
        "requester": run.requester or "",
        "place": run.place,
        "turn": run.turn,
        "plan": run.plan,
    }
    if body["type"] == BeginCanary.type:
        canary = BeginCanary.of_body(body)
        wait = None if free is None else wait_step(canary, free)
        begun = await canary_run.begin(tx, runs.new_id(), canary, None, wait=wait, **about)
        does = NewStep(f"{step.key}:canary", FOLLOW, begun.title, {"run": begun.id}, (step.key,))
    elif free is not None:
        begun = await schedule_deployment(tx, Deploy.of_body(body), free, **about)
        does = NewStep(f"{step.key}:later", FOLLOW, begun.title, {"run": begun.id}, (step.key,))
    else:
        does = NewStep(f"{step.key}:deploy", DEPLOY, Deploy.of_body(body).summary(), body, (step.key,))
    known = {"version": result["version"], "stories": result["stories"]}
    args = {**step.args, **known, "asked": True, "by": does.key}
    title = f"See that {step.args['service']} runs in production"
    return (does, NewStep(f"{step.key}:seen", PRODUCTION, title, args, (does.key,)))


async def _follow(step: Step, worker: Worker) -> Still | Over:
    """Whether a canary, or what waits for the end of a blackout, is over: its run has a card of its own."""
    async with worker.transaction() as tx:
        run = (await tx.execute(select(RunRow).where(RunRow.id == step.args["run"]))).scalar_one()
        steps = await runs.steps_of(tx, run.id)
    if run.state not in ENDED:
        return Still(_FOLLOWED_EVERY)
    ended = next((one.result for one in steps if (one.result or {}).get("verdict") == "over"), None) or {}
    return Over({"why": run.why or ended.get("why") or _taken_back(steps)})


async def _follow_no_more(step: Step, worker: Worker) -> None:
    """What is followed ends with the run that follows it; a halt or a pause of that ends nothing."""
    async with worker.transaction() as tx:
        query = select(RunRow).where(RunRow.id == step.run)
        own = (await tx.execute(query)).scalar_one()
        if own.state == "cancelled":
            by = Actor("agent", sre.ROLE.name, on_behalf_of=step.requester)
            await runs.cancel(tx, step.args["run"], own.why or "", worker.now(), by=by)


def _taken_back(steps: list[StepRow]) -> str:
    abort = next((one for one in steps if one.key == "abort"), None)
    return "" if abort is None else str(abort.args["why"])


async def _why_not(tx: AsyncSession, step: Step) -> str:
    """What the step that was to bring it there came to."""
    last = next((row for row in await runs.steps_of(tx, step.run) if row.key == step.args.get("by")), None)
    why = None if last is None else (last.result or {}).get("why") or last.detail
    return str(why or "Nobody said why.")


def _deploy(step: Step) -> Action:
    return Deploy.of_body(step.args)


KINDS = (
    WaitStep(PRODUCTION, sre.ROLE.name, _production, finish=_after_production, longest=_LONGEST),
    WaitStep(FOLLOW, sre.ROLE.name, _follow, cancel=_follow_no_more, longest=_LONGEST),
    ActionStep(DEPLOY, sre.ROLE.name, _deploy, stops=False),
)
