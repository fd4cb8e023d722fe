"""Running a suite that somebody asked for, and keeping what it ran."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from functools import partial

from sqlalchemy.ext.asyncio import AsyncSession

from agents import backend_engineer
from agents.engineering.coverage import keep_suite
from agents.engineering.judging import judge
from agents.engineering.refused import in_words
from agents.engineering.story_rows import keep_first_verdict
from agents.engineering.suite_run import SUITE
from agents.engineering.trees import checked_out, folder
from agents.engineering.verdict.changes import read_tree
from agents.engineering.verdict.suite import run_suite
from agents.work.kinds import Json, NewStep, Step, StepFailed, Worker, WorkStep
from integrations.code_host import CommitQuery


async def _run(step: Step, worker: Worker) -> Json:
    repository, number = step.args["repository"], step.args["number"]
    if number is None:
        return await _of_branch(repository, worker)
    return await _of_pull_request(repository, number, worker)


async def _of_branch(repository: str, worker: Worker) -> Json:
    host = worker.ports.code_host
    branch = (await host.repository(repository)).default_branch
    if branch is None:
        raise StepFailed(f"{repository} has no default branch, so there is no suite to run.")
    head = (await host.branch(repository, branch)).sha
    (commit,) = (await host.commits(CommitQuery(repository, head, limit=1))).items
    async with folder() as at:
        root = await checked_out(host, repository, head, at / "files")
        tree = await asyncio.to_thread(read_tree, root)
        if not tree.tests:
            raise StepFailed(f"{repository} has no tests in Python at {head[:12]}; others are not run yet.")
        environment = await worker.ports.environments.of(root)
        await worker.tell(f"{head[:12]} of {branch}")
        ran = await run_suite(tree, worker.ports.sandbox, environment, at / "suite")
    if ran.limit:
        raise StepFailed(f"The suite was ended by the limit of {ran.limit}, so nothing was measured.")
    if not ran.outcomes:
        raise StepFailed(f"No test was run: {ran.output.strip()[-300:] or 'the suite said nothing'}")
    await keep_suite(worker.transaction, repository, commit.tree, ran)
    return {"sha": head}


async def _of_pull_request(repository: str, number: int, worker: Worker) -> Json:
    """What merging it would come to is judged, which runs the suite over that."""
    host = worker.ports.code_host
    found = await host.pull_request(repository, number)
    base = (await host.branch(repository, found.base)).sha
    merging = await host.merge_result(repository, base, found.head_sha)
    if merging.tree is None:
        raise StepFailed(f"It conflicts with {found.base} in {', '.join(merging.conflicts[:5])}.")
    async with folder() as at:
        before = await checked_out(host, repository, base, at / "base")
        after = await checked_out(host, repository, merging.tree, at / "merged")
        keep = partial(keep_suite, worker.transaction, repository, merging.tree)
        judged = await judge(
            worker.ports, before, after, base=base, head=found.head_sha, at=worker.now(), ran=keep
        )
    return {"sha": found.head_sha, "base": base, "judgement": judged.body}


async def _after(tx: AsyncSession, step: Step, result: Json) -> Iterable[NewStep]:
    """Kept unless its story's own steps have judged it: they know what looks and reviews found besides."""
    if "judgement" in result:
        judged = dict(result["judgement"])
        await keep_first_verdict(tx, step.args["repository"], result["base"], result["sha"], judged)
    return ()


KIND = WorkStep(SUITE, backend_engineer.ROLE.name, in_words(_run), finish=_after)
