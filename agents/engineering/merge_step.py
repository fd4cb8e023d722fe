"""From a pull request to its merge: the verdict on what merging would come to, and the merge.

Each is of a head and a base by their commits: where either has moved on, all of it is done again. The review
stands between the two.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from functools import partial

from sqlalchemy import func, or_, update
from sqlalchemy.ext.asyncio import AsyncSession

from agents import architect
from agents.engineering.coverage import keep_suite
from agents.engineering.further_round import (
    WRITE_CODE,
    changes_asked,
    follow,
    heard_people,
    people_with,
)
from agents.engineering.judging import judge, load
from agents.engineering.looks_step import looks
from agents.engineering.merge_asked_step import merge_of
from agents.engineering.person_step import said_of
from agents.engineering.refused import in_words
from agents.engineering.release_step import release_steps
from agents.engineering.reverting_step import reopening
from agents.engineering.story_releases import show_work
from agents.engineering.story_rows import keep_judgement, step_keys, story_work, tell_blocked, told_last
from agents.engineering.story_run import (
    ASKED,
    CHECK,
    JUDGE,
    MERGE,
    MERGED,
    OPEN,
    REPORT,
    RETELL,
    REVIEW,
    START,
    about_code,
    to_a_person,
)
from agents.engineering.story_text import check_text, merge_text
from agents.engineering.tables import StoryWorkRow
from agents.engineering.trees import checked_out, folder
from agents.engineering.verdict.changes import Finding
from agents.work.kinds import (
    ActionStep,
    Json,
    NewStep,
    Nothing,
    Over,
    Step,
    StepFailed,
    Still,
    WaitStep,
    Worker,
    WorkStep,
)
from agents.work.tables import OVER, StepRow
from governance.action import Action
from governance.visibility import EVERYTHING
from integrations.code_host import PullRequestQuery
from integrations.code_host.actions import MergePullRequest, ReportCheck
from integrations.code_host.contents import MergeWay
from integrations.code_host.pull_requests import CheckState, PullRequest, PullRequestState
from integrations.pages import every
from integrations.tracker import StoryStatus
from integrations.tracker.actions import SetStatus, StatusStep

_CHECKS = {"merge": CheckState.PASSED, "ask": CheckState.NEUTRAL, "block": CheckState.FAILED}
_MERGE_TRIES = 5
_LOOKED_EVERY = timedelta(minutes=1)
DONE = "story_done"
"""The kind of step that closes the story."""


async def _judge(step: Step, worker: Worker) -> Json:
    """What merging it into its base, as both are now, would come to."""
    async with worker.transaction() as tx:
        work = await story_work(tx, step.run)
        writers = await people_with(tx, WRITE_CODE)
        told = await told_last(tx, step.run, OPEN, RETELL)
    host = worker.ports.code_host
    found = await _pull_request(work, step.args.get("number"), worker)
    base = (await host.branch(work.repository, found.base)).sha
    about = {
        "number": found.number,
        "head": found.head_sha,
        "base": base,
        "into": found.base,
        "author": found.author,
        "way": _way((await host.repository(work.repository)).ways),
        "was": told if found.body == told and found.head_sha == work.written else None,
    }
    if found.base != work.base_branch:
        return {**about, "against": f"It asks to be merged into {found.base}, not into {work.base_branch}."}
    merging = await host.merge_result(work.repository, base, found.head_sha)
    if merging.tree is None:
        paths = ", ".join(merging.conflicts[:20])
        return {**about, "against": f"It conflicts with {found.base} in {paths}."}
    async with folder() as at:
        before = await checked_out(host, work.repository, base, at / "base")
        after = await checked_out(host, work.repository, merging.tree, at / "merged")
        judged = await judge(
            worker.ports,
            before,
            after,
            base=base,
            head=found.head_sha,
            at=worker.now(),
            ran=partial(keep_suite, worker.transaction, work.repository, merging.tree),
        )
    if found.author not in (host.login, *writers):
        judged = judged.also(_by_a_stranger(found))
    elif found.author == host.login and found.head_sha != work.written:
        judged = judged.also(_PUSHED_BY_OTHERS)
    return {**about, "judgement": judged.body}


def _by_a_stranger(found: PullRequest) -> Finding:
    why = f"{found.author} opened it, and is nobody whom the department knows as one who writes code"
    return Finding("author", "ask", "unproven", "opened by a stranger", "", why)


# The host does not say who pushed to an agents' branch: it need not be somebody who may have code merged.
_PUSHED_BY_OTHERS = Finding(
    "author",
    "ask",
    "unproven",
    "pushed by somebody else",
    "",
    "Its pull request is the agents' own, and what it has now is not what they wrote",
)


def _way(allowed: frozenset[MergeWay]) -> str:
    """How it is merged: as the repository allows, with a merge of its own where it may be, for that one alone
    keeps the commit that was judged. Raises StepFailed."""
    way = next((one for one in MergeWay if one in allowed), None)
    if way is None:
        raise StepFailed("The repository allows no way of merging a pull request.")
    return way.value


async def _pull_request(work: StoryWorkRow, number: int | None, worker: Worker) -> PullRequest:
    host = worker.ports.code_host
    number = number or work.pull_request
    if number is not None:
        return await host.pull_request(work.repository, number)
    # A branch of the same name in somebody's fork is theirs, and no branch of ours.
    async for found in every(
        host.pull_requests, PullRequestQuery(work.repository, PullRequestState.OPEN, head=work.branch)
    ):
        if found.fork is None:
            return found
    raise StepFailed(f"{work.branch} of {work.repository} has no open pull request.")


async def _after_judging(tx: AsyncSession, step: Step, result: Json) -> Iterable[NewStep]:
    """Reported either way; a change that may not go on is a person's, any other is reviewed."""
    work = await story_work(tx, step.run, lock=True)
    work.pull_request, work.head = result["number"], result["head"]
    retold = _retelling(step, work, result)
    if "against" in result:
        return (*retold, await to_a_person(tx, work, result["against"], step.key, result["author"]))
    kept = ("number", "head", "base", "into", "author", "way")
    at = {"repository": work.repository, "service": work.service, **{name: result[name] for name in kept}}
    judged = load(result["judgement"])
    await keep_judgement(tx, work, at, judged)
    report = NewStep(
        f"report:{step.key}", REPORT, "Report the verdict", {**at, "judgement": judged.body}, (step.key,)
    )
    if judged.decision == "block":
        return (*retold, report, await to_a_person(tx, work, judged.says, report.key, result["author"]))
    work.blocked = None
    seconds = looks(step.key, at, report.key, work.discipline)
    after = (report.key, *(one.key for one in (*retold, *seconds)))
    return (*retold, report, *seconds, NewStep(f"review:{step.key}", REVIEW, "Review it", at, after))


def _retelling(step: Step, work: StoryWorkRow, result: Json) -> tuple[NewStep, ...]:
    """Let its text tell of the round that was judged, where it still is what agents wrote of an earlier one."""
    text, was = step.args.get("text"), result["was"]
    if text is None or was is None or text == was:
        return ()
    args = {"repository": work.repository, "service": work.service, "number": result["number"]}
    args |= {"text": text, "was": was, "head": result["head"]}
    return (NewStep(f"retell:{step.key}", RETELL, "Let its text tell of this round", args, (step.key,)),)


async def _merged(step: Step, worker: Worker) -> Still | Over:
    """Whether it was merged; what its story stands at."""
    async with worker.transaction() as tx:
        work = await story_work(tx, step.run)
        detail, effect = await merge_of(tx, step)
        people = await heard_people(tx, work, worker)
    host = worker.ports.code_host
    found = await host.pull_request(work.repository, step.args["number"])
    if found.is_queued:
        return Still(_LOOKED_EVERY, "It waits in the host's merge queue.")
    if found.state is PullRequestState.MERGED and found.base != work.base_branch:
        return Over({"elsewhere": f"It was merged into {found.base}, not into {work.base_branch}."})
    if found.state is PullRequestState.MERGED:
        stands = await worker.ports.tracker.story(EVERYTHING, work.story)
        return Over({"merged": found.merged_sha, "status": stands.status.value})
    if (asked := await changes_asked(host, people, work, found)) is not None:
        return Over({"merged": None, **asked})
    base = (await host.branch(work.repository, found.base)).sha
    moved = base != step.args["base"] or found.head_sha != step.args["head"]
    why = detail or "it was not merged"
    refused = effect == "failed"  # by the host: what people denied is not asked again by itself
    became = {"merged": None, "moved": moved, "why": why, "open": found.state.value, "refused": refused}
    return Over({**became, "said": (await said_of(host, found))[0]} if refused else became)


async def _after_merge(tx: AsyncSession, step: Step, result: Json) -> Iterable[NewStep]:
    work = await story_work(tx, step.run, lock=True)
    beside = (StepRow.run == step.run, StepRow.kind == ASKED, StepRow.state.not_in(OVER))
    await tx.execute(update(StepRow).where(*beside).values(state="cancelled", worker=None, wake=None))
    if "elsewhere" in result:
        work.blocked = result["elsewhere"]
        await tell_blocked(tx, work, result["elsewhere"])
        return ()
    if result["merged"]:
        work.merged, work.blocked = result["merged"], None
        await _pass_over(tx, step)
        released = release_steps(work, step.key)
        if work.takes_back is not None:
            await show_work(tx, work.takes_back)
            return (*reopening(step.key), *released)
        args = {"story": work.story, "was": result["status"], "repository": work.repository}
        args |= {"number": step.args["number"], "merged": result["merged"]}
        return (NewStep("done", DONE, f"Close {work.story}", args, (step.key,)), *released)
    if "asked" in result:
        return (await follow(tx, work, result, step.key),)
    tries = sum(key.startswith("judge") for key in await step_keys(tx, step.run))
    if result["moved"] and result["open"] == PullRequestState.OPEN.value and tries < _MERGE_TRIES:
        return (NewStep(f"judge:{tries + 1}", JUDGE, "Judge it again: its base moved on", {}, (step.key,)),)
    person = await to_a_person(tx, work, f"It was not merged: {result['why']}", step.key)
    if not result["refused"]:
        return (person,)
    # Checks that run, reviews that are missing: it is tried again as it was judged, once others say otherwise.
    return (replace(person, args={**person.args, "again": step.args, "said": result["said"]}),)


async def _pass_over(tx: AsyncSession, step: Step) -> None:
    """A merge that was refused or withdrawn before, what came too late about another head, and a text that is
    somebody else's, is no failure of what is merged now, and is not to be tried again."""
    about = func.coalesce(StepRow.args["head"].as_string(), StepRow.args["sha"].as_string())
    failed = (StepRow.run == step.run, StepRow.state.in_(("failed", "left")))
    passed = or_(StepRow.kind.in_((MERGE, RETELL)), about != step.args["head"])
    await tx.execute(update(StepRow).where(*failed, passed).values(state="cancelled"))


def _report(step: Step) -> Action:
    judged = load(step.args["judgement"])
    state = _CHECKS[judged.decision]
    about = about_code(
        step, "The verdict is worked out by code.", "Shown at the commit.", "A later check replaces it."
    )
    return ReportCheck(
        sha=step.args["head"],
        name=CHECK,
        state=state,
        findings=check_text(judged),
        covered=judged.covered,
        coverable=judged.coverable,
        **about,
    )


def _merge(step: Step) -> Action:
    judged = load(step.args["judgement"])
    about = about_code(
        step,
        merge_text(step.args["story"], judged),
        f"{step.args['into']} of {step.args['repository']} has it from then on; nothing is deployed by it.",
        "Revert: a pull request that takes it back is one click away.",
    )
    return MergePullRequest(
        number=step.args["number"],
        head=step.args["head"],
        base=step.args["base"],
        into=step.args["into"],
        way=MergeWay(step.args["way"]),
        **about,
    )


def _start(step: Step) -> Action | Nothing:
    why = "An agent was put on it."
    return _becomes(step, StoryStatus.IN_PROGRESS, why, "It shows that it is worked on.")


def _done(step: Step) -> Action | Nothing:
    why = f"{step.args['repository']}#{step.args['number']} was merged as {step.args['merged'][:12]}."
    return _becomes(step, StoryStatus.DONE, why, f"{step.args['story']} counts as done.")


def _becomes(step: Step, status: StoryStatus, why: str, impact: str) -> Action | Nothing:
    if step.args["was"] == status.value:
        return Nothing("It is so already.")
    return SetStatus(
        stories=(StatusStep(step.args["story"], status, StoryStatus(step.args["was"])),),
        rationale=why,
        impact=impact,
        rollback_plan="Give the story its status back.",
        plan=step.plan,
    )


_ENGINEER, _PROJECT_MANAGER = "backend_engineer", "project_manager"
KINDS = (
    WorkStep(
        JUDGE,
        architect.ROLE.name,
        in_words(_judge),
        finish=_after_judging,
        attempts=8,
        backoff=timedelta(seconds=5),
    ),
    WaitStep(MERGED, _ENGINEER, in_words(_merged), finish=_after_merge),
    ActionStep(REPORT, _ENGINEER, _report, stops=False),
    ActionStep(MERGE, _ENGINEER, _merge, stops=False),
    ActionStep(START, _PROJECT_MANAGER, _start, stops=False),
    ActionStep(DONE, _PROJECT_MANAGER, _done, stops=False),
)
