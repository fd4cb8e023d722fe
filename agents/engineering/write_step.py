"""Writing a story: the engineer's moves, the commit that they come to, its branch and its pull request.

Each effect is one action through the gate, and names commits: what it acts on is what was written.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from datetime import timedelta
from functools import partial
from types import ModuleType
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from agents import (
    backend_engineer,
    data_engineer,
    documentation,
    frontend_engineer,
    ml_engineer,
    qa,
)
from agents.engineering.by_rule.skeleton import by_rule as skeleton
from agents.engineering.by_rule.writing import written_by_rule
from agents.engineering.conversation import Brief
from agents.engineering.criteria import unproven
from agents.engineering.fields import outside
from agents.engineering.judging import judge
from agents.engineering.refused import in_words
from agents.engineering.story_rows import keep_move, moves_of, story_work
from agents.engineering.story_run import JUDGE, RETELL, about_code, place_among_open, to_a_person, writes
from agents.engineering.story_text import commit_text, pull_request_text, title_of
from agents.engineering.suggesting import suggestion
from agents.engineering.tables import StoryWorkRow
from agents.engineering.tools import Finished, Hands
from agents.engineering.trees import apart, checked_out, folder, standards_of
from agents.engineering.workspace import NotPossible, Workspace
from agents.engineering.writing import Ended, Engineer, Judged, Made
from agents.model import Calls, ModelFailed
from agents.role import Role
from agents.work.kinds import ActionStep, Json, NewStep, Step, StepFailed, Worker, WorkStep
from governance.action import Action
from governance.department_rows import read_department
from integrations.code_host import DiffQuery
from integrations.code_host.actions import PushBranch, UpdatePullRequest
from integrations.code_host.contents import CommitDraft
from integrations.code_host.refusals import NothingChanged

_WRITTEN_BY: Mapping[str, ModuleType] = {
    "write_backend": backend_engineer,
    "write_frontend": frontend_engineer,
    "write_data": data_engineer,
    "write_ml": ml_engineer,
    "write_tests": qa,
    "write_documentation": documentation,
}
_AUTHOR_ADDRESS = "agents@countersign.invalid"


async def _write(engineer: ModuleType, step: Step, worker: Worker) -> Json:
    """Write the story, or what can be written of it by rule."""
    work, before = await _taken_up(step, worker)
    async with folder() as at:
        base = await checked_out(worker.ports.code_host, work.repository, work.base, at / "base")
        files = Workspace(await apart(Workspace(base).copy, at / "files"))
        await apart(files.apply_all, [made.edit for made in before if made.edit is not None])
        brief = await _brief(work, worker, files)
        if work.brief.get("by_rule") and step.args.get("round", 1) == 1:
            written = await written_by_rule(work, base, files, worker, before)
            return await _committed(work, files, worker, written)
        if worker.model is None and step.args.get("round", 1) > 1:
            why = "The review asks for changes, which needs a person or a model."
            return await _committed(work, files, worker, Ended(None, why))
        if worker.model is None:
            return await _by_rule(work, brief, files, worker)
        hands = Hands(files, worker.ports.sandbox, await worker.ports.environments.of(base))

        async def keep(made: Made) -> None:
            async with worker.transaction() as tx:
                await keep_move(tx, step.run, made)
            await worker.tell(f"{made.number} moves; last: {made.move.tool}")

        async def judged(said: Finished) -> Judged:
            await worker.tell("The whole suite is run, and the change is judged.")
            if says := await asyncio.to_thread(outside, engineer.ROLE.name, base, files.root):
                return Judged(False, says)
            found = await judge(worker.ports, base, files.root, base=work.base, head="", at=worker.now())
            if found.decision == "block":
                return Judged(False, found.says)
            missing = unproven(brief.acceptance, said.tests, found.outcomes)
            return Judged(not missing, "\n".join(missing) or found.says)

        fence = partial(worker.tell, "The model is asked.")
        try:
            calls = await Calls.of(engineer.ROLE, worker.model, fence)
        except ModelFailed as failed:
            return await _committed(work, files, worker, Ended(None, f"The model could not be used: {failed}."))
        ended = await Engineer(calls, brief, hands, keep, judged).write(before)
        return await _committed(work, files, worker, ended)


async def _taken_up(step: Step, worker: Worker) -> tuple[StoryWorkRow, tuple[Made, ...]]:
    """The work with its moves so far. One that nothing is written of yet begins on the newest commit: others
    have been merged while it waited for its turn."""
    async with worker.transaction() as tx:
        work, before = await story_work(tx, step.run), await moves_of(tx, step.run)
    if before or work.written is not None:
        return work, before
    newest = (await worker.ports.code_host.branch(work.repository, work.base_branch)).sha
    async with worker.transaction() as tx:
        work = await story_work(tx, step.run, lock=True)
        work.base = newest
    return work, before


async def _brief(work: StoryWorkRow, worker: Worker, files: Workspace) -> Brief:
    told = work.brief
    return Brief(
        story=work.story,
        title=told["title"],
        description=told["description"],
        acceptance=tuple(told["acceptance"]),
        repository=work.repository,
        standards=await standards_of(worker.ports.code_host, work.repository, work.base),
        files=await apart(files.list),
    )


async def _by_rule(work: StoryWorkRow, brief: Brief, files: Workspace, worker: Worker) -> Json:
    try:
        await skeleton(brief, files)
    except NotPossible as not_possible:
        raise StepFailed(str(not_possible)) from not_possible
    why = "It needs a person or a model: its branch has a design note and acceptance tests that fail."
    return await _committed(work, files, worker, Ended(None, why))


async def _committed(work: StoryWorkRow, files: Workspace, worker: Worker, ended: Ended) -> Json:
    """Make a commit of what was written: nobody sees it until it is pushed."""
    host = worker.ports.code_host
    summary = ended.finished.summary if ended.finished is not None else ended.blocked
    draft = CommitDraft(
        parents=(work.written or work.base,),
        message=commit_text(work, summary),
        author=engineer_of(work.discipline).title,
        email=_AUTHOR_ADDRESS,
        at=work.created,
    )
    result: dict[str, Any] = {
        "summary": summary,
        "blocked": ended.blocked,
        "head": None,
        "before": work.written,
    }
    if ended.finished is not None:
        result["tests"] = dict(ended.finished.tests)
    try:
        made = await host.commit_tree(work.repository, files.root, draft)
        diff = await host.diff(DiffQuery(work.repository, work.base, made.sha, limit=1))
        result |= {"head": made.sha, "size": diff.added + diff.removed}
    except NothingChanged:
        result["blocked"] = ended.blocked or "Nothing was changed."
    return result


def engineer_of(discipline: str) -> Role:
    """Who writes stories of a discipline."""
    role: Role = _WRITTEN_BY[writes(discipline)].ROLE
    return role


async def _after_writing(tx: AsyncSession, step: Step, result: Json) -> Iterable[NewStep]:
    """Its branch is pushed either way; then a pull request, or a person."""
    work = await story_work(tx, step.run, lock=True)
    work.written = work.head = result["head"] or work.head
    if result["head"]:
        work.brief = {**work.brief, "tests": result.get("tests", {})}
    steps: list[NewStep] = []
    if result["head"]:
        pushed = {
            "repository": work.repository,
            "service": work.service,
            "branch": work.branch,
            "story": work.story,
            "sha": result["head"],
            "before": result["before"],
        }
        steps.append(NewStep(f"push:{step.key}", PUSH.name, f"Push {work.branch}", pushed, (step.key,)))
    after = steps[-1].key if steps else step.key
    if result["blocked"]:
        return (*steps, await to_a_person(tx, work, result["blocked"], after))
    work.blocked = None
    answers = {one.id: one.name for one in (await read_department(tx)).people}
    text = pull_request_text(work, result, answers.get(work.answers, work.answers))
    if work.pull_request is None:
        said = {"title": title_of(work), "text": text}
        return (*steps, place_among_open(work, step.key, said, result["size"], after))
    judge = NewStep(f"judge:{step.key}", JUDGE, "Judge what merging it would come to", {"text": text}, (after,))
    return (*steps, judge)


def _push(step: Step) -> Action:
    why = f"{step.args['story']} was written; its commit is to be seen."
    about = about_code(
        step, why, "A branch of the agents' own changes; nothing is built from it.", "Delete the branch."
    )
    return PushBranch(branch=step.args["branch"], sha=step.args["sha"], before=step.args["before"], **about)


def _retell(step: Step) -> Action:
    about = about_code(
        step,
        "A review asked for changes; its text told of what was written before them.",
        "It names the tests, and says what was done, as it is now.",
        "Give it the text that it had.",
    )
    return UpdatePullRequest(number=step.args["number"], text=step.args["text"], was=step.args["was"], **about)


WRITES = tuple(
    WorkStep(
        name,
        module.ROLE.name,
        in_words(partial(_write, module)),
        finish=_after_writing,
        longest=timedelta(hours=2),
        attempts=8,
        backoff=timedelta(seconds=5),
    )
    for name, module in _WRITTEN_BY.items()
)
# Where somebody has pushed meanwhile, what is there now is judged.
PUSH = ActionStep("push_story", backend_engineer.ROLE.name, _push, stops=False, suggested=suggestion)
# What somebody else wrote there meanwhile is left, and the story goes on.
KINDS = (*WRITES, PUSH, ActionStep(RETELL, backend_engineer.ROLE.name, _retell, stops=False))
