"""From a story's merge to staging: a release of the merged commit, and its deployment by what the matrix says.

Where the platform builds, the release is built of exactly the commit that the merge came to; elsewhere the
company's own pipeline makes it, and is waited for. A version that runs in staging and has the commit already
is left there.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession

from agents import sre
from agents.engineering.delivery_rows import delivery_of_story
from agents.engineering.new_version import carries, stands
from agents.engineering.production_step import ask_step
from agents.engineering.story_releases import keep_release, show_work
from agents.engineering.story_rows import story_work, tell_blocked
from agents.engineering.tables import StoryWorkRow
from agents.engineering.trees import checked_out, folder
from agents.work.kinds import ActionStep, Json, NewStep, Over, Step, Still, WaitStep, Worker, WorkStep
from agents.work.runs import steps_of
from governance.action import Action
from governance.department_rows import read_department
from integrations.code_host import CommitQuery
from integrations.code_host.refusals import CodeHostError
from integrations.deployments import DeploymentError, Release, ReleaseQuery, Stage
from integrations.deployments.actions import Deploy
from integrations.deployments.builds import Build, Builds, NotRunnable
from integrations.environments import Environments, EnvironmentsError
from integrations.pages import everything

RELEASE, PIPELINE, STAGING, DEPLOY = "release_story", "pipeline_release", "stage_story", "deploy_story"
"""Kinds of steps: a release is made; the pipeline's is waited for; staging is looked at; it is deployed
there."""

_PIPELINE_WITHIN = timedelta(days=5)
_LOOKED_EVERY = timedelta(minutes=1)
_BUSY = timedelta(seconds=10)
_TRIES = 4


def release_steps(work: StoryWorkRow, after: str) -> tuple[NewStep, ...]:
    """What follows on a merge."""
    return (NewStep("release", RELEASE, f"Release {work.service or work.repository}", {}, (after,)),)


async def _release(step: Step, worker: Worker) -> Json:
    """A release of the merged commit, or why there is none."""
    async with worker.transaction() as tx:
        work = await story_work(tx, step.run)
    port = worker.ports.deployments
    if work.service is None:
        return {"says": f"{work.repository} is no service, so it is merged and nothing of it is deployed."}
    if not isinstance(port, Builds):
        return {"pipeline": True}
    if work.merged is None:
        raise ValueError(f"{step.run} is released, and not merged")
    try:
        page = await worker.ports.code_host.commits(CommitQuery(work.repository, work.merged, limit=1))
        async with folder() as at:
            tree = await checked_out(worker.ports.code_host, work.repository, work.merged, at / "tree")
            packages = await _python_packages(tree, worker.ports.environments)
            made = await port.build(
                Build(
                    service=work.service,
                    tree=tree,
                    packages=packages,
                    commit=work.merged,
                    built=page.items[0].committer.at,
                    author=worker.ports.code_host.login,
                    story=work.story,
                    notes=work.brief["title"][:200],
                )
            )
    except NotRunnable as cannot:
        return {"says": f"It is merged, and there is no release of it. {cannot}"}
    except (CodeHostError, DeploymentError, EnvironmentsError) as refused:
        return {"says": f"It is merged, and cannot be released: {refused}", "blocks": True}
    return {"version": made.version, "digest": made.digest}


async def _python_packages(tree: Path, environments: Environments) -> Path | None:
    """The folder of packages that the tree's lockfile names; None where it has no lockfile, and needs none.
    Raises EnvironmentsError."""
    if not any((tree / name).is_file() for name in ("uv.lock", "requirements.txt")):
        return None
    places = (bind.outside for bind in (await environments.of(tree)).binds)
    return next((found for place in places for found in place.glob("lib/python*/site-packages")), None)


async def _after_release(tx: AsyncSession, step: Step, result: Json) -> Iterable[NewStep]:
    work = await story_work(tx, step.run, lock=True)
    if "pipeline" in result:
        title = f"Wait for the pipeline's release of {work.service}"
        return (NewStep("pipeline", PIPELINE, title, {}, (step.key,)),)
    return await _released(tx, work, step, result)


async def _pipeline(step: Step, worker: Worker) -> Still | Over:
    """Whether the company's pipeline has made a release of the merged commit."""
    async with worker.transaction() as tx:
        work = await story_work(tx, step.run)
    port, merged = worker.ports.deployments, work.merged or ""
    since = datetime.fromisoformat((step.cursor or {}).get("since", worker.now().isoformat()))
    asks = f"Your pipeline is to release {work.service} at {merged[:12]}."
    if work.service not in await port.services():
        return Over({"says": f"{asks} Nothing of {work.service} is known to the platform, so it ends here."})
    for one in await everything(port.releases, ReleaseQuery(service=work.service)):
        if one.commit and min(len(one.commit), len(merged)) >= 7 and _same(one.commit, merged):
            return Over({"version": one.version, "digest": one.digest})
    if worker.now() - since > _PIPELINE_WITHIN:
        return Over({"says": f"{asks} It has not within {_PIPELINE_WITHIN.days} days.", "blocks": True})
    return Still(_LOOKED_EVERY, asks, {"since": since.isoformat()})


def _same(one: str, other: str) -> bool:
    """Whether one is the other, or begins it."""
    return one.startswith(other) or other.startswith(one)


async def _after_pipeline(tx: AsyncSession, step: Step, result: Json) -> Iterable[NewStep]:
    return await _released(tx, await story_work(tx, step.run, lock=True), step, result)


async def _released(tx: AsyncSession, work: StoryWorkRow, step: Step, result: Json) -> Iterable[NewStep]:
    if "says" in result:
        return await _no_further(tx, work, str(result["says"]), blocks="blocks" in result)
    version = result["version"]
    await keep_release(tx, work.run, service=work.service, version=version, digest=result["digest"])
    return (_look(work, version, 1, step.key, None),)


async def _no_further(tx: AsyncSession, work: StoryWorkRow, says: str, *, blocks: bool) -> tuple[NewStep, ...]:
    """It goes no further; who answers for it hears where somebody has to do something."""
    await keep_release(tx, work.run, service=work.service, says=says)
    if blocks:
        work.blocked = says
        await tell_blocked(tx, work, says)
    await show_work(tx, work.run)
    return ()


def _look(work: StoryWorkRow, version: str, number: int, after: str, why: str | None) -> NewStep:
    title = f"See that {work.service} {version} runs in staging"
    args = {"version": version, "try": number, "deploy": why}
    return NewStep(f"staging:{number}", STAGING, title, args, (after,))


async def _staging(step: Step, worker: Worker) -> Still | Over:
    """What runs in staging, and what is to be done about it."""
    async with worker.transaction() as tx:
        work = await story_work(tx, step.run)
        rules = (await read_department(tx)).releases
        back = None if work.takes_back is None else await story_work(tx, work.takes_back)
    try:
        release: Release = await worker.ports.deployments.release(work.service or "", step.args["version"])
        found = await stands(worker.ports, release, Stage.STAGING, work.repository, rules)
        there = None if back is None else await carries(worker.ports, release.service, back)
    except DeploymentError as refused:
        return Over({"says": f"It is merged, and not in staging: {refused}"})
    if found.busy is not None:
        return Still(_BUSY, f"A canary of {found.busy} is under way in staging.")
    if found.action is not None:
        return Over({"action": found.action.body()})
    if there is not None and there.busy is not None:
        return Still(_BUSY, f"A canary of {there.busy} is under way in production.")
    known = {"runs": found.passed or release.version, "address": found.address}
    return Over({**known, "at": worker.now().isoformat(), "follows": there is not None and there.has})


async def _after_staging(tx: AsyncSession, step: Step, result: Json) -> Iterable[NewStep]:
    work = await story_work(tx, step.run, lock=True)
    number = step.args["try"]
    if "runs" in result:
        at = datetime.fromisoformat(result["at"])
        await keep_release(tx, work.run, address=result["address"], staged=at, version=result["runs"])
        await show_work(tx, work.run)
        if not (await _goes_on(tx, work) or result["follows"]):
            return ()
        return (ask_step(work.service or "", result["runs"], work.repository, (work.run,), step.key),)
    if "says" in result or number >= _TRIES:
        why = result.get("says") or await _why_not(tx, step)
        return await _no_further(tx, work, why, blocks=True)
    key = f"deploy:{number}"
    deploys = NewStep(key, DEPLOY, f"Deploy {step.args['version']} to staging", result["action"], (step.key,))
    return (deploys, _look(work, step.args["version"], number + 1, key, key))


async def _goes_on(tx: AsyncSession, work: StoryWorkRow) -> bool:
    """Whether it is asked for in production by itself: a plan goes there as a whole, and what takes a merge
    back only follows it."""
    return work.takes_back is None and await delivery_of_story(tx, work.story) is None


async def _why_not(tx: AsyncSession, step: Step) -> str:
    last = next((row for row in await steps_of(tx, step.run) if row.key == step.args["deploy"]), None)
    why = last.detail if last is not None else None
    return f"It is merged, and not in staging: {why or 'its deployment came to nothing.'}"


def _deploy(step: Step) -> Action:
    return Deploy.of_body(step.args)


KINDS = (
    WorkStep(RELEASE, sre.ROLE.name, _release, finish=_after_release),
    WaitStep(PIPELINE, sre.ROLE.name, _pipeline, finish=_after_pipeline),
    WaitStep(STAGING, sre.ROLE.name, _staging, finish=_after_staging, longest=timedelta(days=11)),
    ActionStep(DEPLOY, sre.ROLE.name, _deploy, stops=False),
)
