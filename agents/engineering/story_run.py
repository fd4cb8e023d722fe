"""The run that a story is while agents work on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from agents.engineering.by_rule.asked import RULE_WORK, RuleWork
from agents.engineering.repositories import service_of
from agents.engineering.story_rows import newest_work, plan_of, story_work, tell_blocked
from agents.engineering.tables import StoryWorkRow
from agents.work import runs
from agents.work.kinds import Json, NewStep, RunKind, Step, find_kinds
from agents.work.tables import ENDED, RunRow
from governance.audit.entries import Absence, Entry, EntryKind, NotApplicable
from governance.audit.log import record
from governance.department import AgentRole
from governance.department_rows import read_department
from governance.people import Actor
from integrations.code_host import OURS
from integrations.code_host.contents import Repository
from integrations.code_host.refusals import NoSuchBranch
from integrations.ports import Ports
from integrations.tracker import Story, StoryStatus
from storage import direct
from storage.notices import notify

WRITE = "write"
"""The key of the first step: the engineer's work."""

START, ROOM, OPEN, JUDGE = "start_story", "story_room", "open_story", "judge_story"
RETELL = "retell_story"
"""The kind of step in which a pull request comes to tell of the round that was judged."""
REVIEW, SAY, MERGE, MERGED = "review_story", "say_review", "merge_story", "story_merged"
PERSON = "story_person"
"""Kinds of steps, in the order in which they are done; in the last one a person goes on with it."""

CHECK = "Countersign verdict"
"""What the check is called by which a verdict is said at its commit."""
ASKED = "merge_asked"
"""The kind of step beside a merge that people are asked about: whether the host says otherwise by now."""
REPORT = "report_verdict"
"""The kind of step that says a verdict at its commit."""

_WRITERS: Mapping[str, tuple[str, AgentRole]] = {
    "backend": ("write_backend", AgentRole.BACKEND_ENGINEER),
    "frontend": ("write_frontend", AgentRole.FRONTEND_ENGINEER),
    "data": ("write_data", AgentRole.DATA_ENGINEER),
    "ml": ("write_ml", AgentRole.ML_ENGINEER),
    "qa": ("write_tests", AgentRole.QA),
    "documentation": ("write_documentation", AgentRole.DOCUMENTATION),
}
"""The kind of step in which stories of a discipline are written, and who does it."""
_ONE_AT_A_TIME = (
    "SELECT pg_advisory_xact_lock(hashtext(current_setting('app.tenant') || ' works on ' || %(story)s))"
)


class InWork(Exception):
    """Somebody is at this story already: `run` is that work."""

    def __init__(self, run: RunRow) -> None:
        super().__init__(run.title)
        self.run = run


@dataclass(frozen=True, slots=True)
class Assigned:
    """A story that agents are to write: in which repository, on which commit of which branch, who of the people
    answers for it, and what the tracker said of it."""

    story: str
    title: str
    description: str
    acceptance: tuple[str, ...]
    discipline: str
    repository: str
    service: str | None
    base_branch: str
    base: str
    answers: str
    status: StoryStatus
    by_rule: RuleWork | None = None
    """The work that a rule does in an engineer's place, where the story is one."""


def writes(discipline: str) -> str:
    """The kind of step in which stories of a discipline are written; what has none of its own is backend
    work."""
    return _WRITERS.get(discipline, _WRITERS["backend"])[0]


def writer(discipline: str) -> str:
    """The name of the role that writes stories of a discipline."""
    return _WRITERS.get(discipline, _WRITERS["backend"])[1].value


async def assigned(
    story: Story, repository: Repository, answers: str, ports: Ports, by_rule: RuleWork | None = None
) -> Assigned:
    """The story, on the newest commit of the repository's default branch. Raises CodeHostError, Away."""
    if repository.default_branch is None:
        raise NoSuchBranch(f"{repository.id} has no default branch, so nobody knows where its work goes.")
    branch = await ports.code_host.branch(repository.id, repository.default_branch)
    service = await service_of(repository.id, ports)
    return Assigned(
        story=story.id,
        title=story.title,
        description=story.description,
        acceptance=story.acceptance,
        discipline=story.discipline,
        repository=repository.id,
        service=None if service is None else service.id,
        base_branch=branch.name,
        base=branch.sha,
        answers=answers,
        status=story.status,
        by_rule=by_rule,
    )


async def begin(
    tx: AsyncSession,
    given: Assigned,
    *,
    by: Actor,
    why: str,
    place: dict[str, Any] | None,
    turn: str | None,
) -> RunRow:
    """Begin the work on a story, and record who began it and why. Raises InWork."""
    await direct.run(tx, _ONE_AT_A_TIME, {"story": given.story})
    found = await newest_work(tx, given.story)
    if found is not None and found[1].state not in ENDED:
        raise InWork(found[1])
    id = runs.new_id()
    started = {"story": given.story, "was": given.status.value}
    row = await runs.begin(
        tx,
        find_kinds(),
        RUN.name,
        f"{given.story}: {given.title}",
        (
            NewStep("start", START, f"Set {given.story} to in progress", started),
            NewStep(
                WRITE,
                writes(given.discipline),
                f"Write it in {given.repository}",
                {},
                ("start",),
                (lock_of(given.repository),),
            ),
        ),
        requester=by.requester,
        subject=None if given.service is None else f"service:{given.service}",
        plan=await plan_of(tx, given.story),
        place=place,
        turn=turn,
        id=id,
    )
    work = _work(id, given)
    tx.add(work)
    await tx.flush()
    await record(tx, _begun(work, by, why))
    return row


def _work(run: str, given: Assigned) -> StoryWorkRow:
    told = {
        "title": given.title,
        "description": given.description,
        "acceptance": list(given.acceptance),
        "by_rule": RULE_WORK.dump_python(given.by_rule, mode="json") if given.by_rule else None,
    }
    return StoryWorkRow(
        run=run,
        story=given.story,
        repository=given.repository,
        service=given.service,
        discipline=given.discipline,
        answers=given.answers,
        brief=told,
        base_branch=given.base_branch,
        base=given.base,
        branch=f"{OURS}{given.story.lower()}-{run[-6:]}",
    )


def _begun(work: StoryWorkRow, by: Actor, why: str) -> Entry:
    return Entry(
        kind=EntryKind.SYSTEM,
        type="story.begun",
        actor=by,
        subject=work.run,
        details={
            "story": work.story,
            "repository": work.repository,
            "base": f"{work.base_branch} at {work.base}",
            "branch": work.branch,
            "answers": work.answers,
        },
        rationale=why,
        approvals=NotApplicable(not_applicable=Absence.NO_APPROVAL_NEEDED),
        impact=NotApplicable(not_applicable=Absence.NOTHING_CHANGES),
        rollback_plan="Cancel the work: its branch stays, and nothing of it is merged.",
        artifacts=NotApplicable(not_applicable=Absence.NO_ARTIFACTS),
    )


def lock_of(repository: str) -> str:
    """One writer a repository: what a second story is written on has what the first came to."""
    return f"repository:{repository}"


def place_among_open(work: StoryWorkRow, round: str, said: Mapping[str, str], size: int, after: str) -> NewStep:
    """The step in which a branch waits for its place among the open pull requests of its repository; it is
    opened then, as `said` (title, text), and judged. `size` is how many lines it changes, `round` names which
    judgement follows."""
    args = {"head": work.head, "size": size, "round": round, **said}
    return NewStep(f"room:{round}", ROOM, "Wait for its place among the open pull requests", args, (after,))


def merging(at: Json, key: str, after: str) -> tuple[NewStep, NewStep, NewStep]:
    """Merge what was judged and reviewed (`at`), after the step `after`, and see what became of it. While
    people are asked, its pull request is looked at: somebody may merge or close it there."""
    merge = NewStep(f"merge:{key}", MERGE, "Merge it", at, (after,))
    about = {"merge": merge.key, "number": at["number"]}
    asked = NewStep(f"asked:{key}", ASKED, "See whether it is merged or closed on the host", about, (after,))
    seen = NewStep(f"merged:{key}", MERGED, "See what became of it", {**at, "merge": merge.key}, (merge.key,))
    return (merge, asked, seen)


async def to_a_person(tx: AsyncSession, work: StoryWorkRow, why: str, after: str, *others: str) -> NewStep:
    """A person goes on with the story, after that step of it: whoever answers for it hears why, and those of
    `others` (as the code host calls them) whom the department knows."""
    work.blocked = why
    people = {one.id for one in (await read_department(tx)).people}
    await tell_blocked(tx, work, why, *(one for one in others if one in people))
    args = {"head": work.head, "number": work.pull_request}
    return NewStep(f"person:{after}", PERSON, "A person goes on with it", args, (after,))


async def _changed(tx: AsyncSession, run: RunRow) -> None:
    ids = {"run": run.id, "key": f"run:{run.id}"}
    await notify(tx, "story_work", ids, place=run.place, turn=run.turn)
    if run.state != "failed":
        return
    work = await story_work(tx, run.id)
    if work.merged is None:
        await tell_blocked(tx, work, run.why or "One of its steps could not be done.")


async def _stands_in(tx: AsyncSession, run: RunRow) -> Mapping[str, str]:
    """Its engineer's steps are done by the engineer of its discipline, and ruled on as that one's."""
    query = select(StoryWorkRow.discipline).where(StoryWorkRow.run == run.id)
    discipline = (await tx.execute(query)).scalar()
    return {} if discipline is None else {AgentRole.BACKEND_ENGINEER.value: writer(discipline)}


async def _answers(tx: AsyncSession, run: RunRow) -> str | None:
    query = select(StoryWorkRow.answers).where(StoryWorkRow.run == run.id)
    return (await tx.execute(query)).scalar()


RUN = RunKind("story", _changed, _stands_in, _answers)


def about_code(step: Step, rationale: str, impact: str, rollback: str) -> dict[str, Any]:
    """What every action of a story's step on its repository says."""
    return {
        "repository": step.args["repository"],
        "service": step.args["service"],
        "plan": step.plan,
        "rationale": rationale,
        "impact": impact,
        "rollback_plan": rollback,
    }
