"""Second looks at a change, between its verdict and its review: security, documentation, tests of criteria.

None is of one's own work: engineers write, and none of these roles is an engineer's. Each says on the pull
request what it found and what it did not look at. A concern of security is a finding of the verdict from then
on, so that the merge asks a person; the others only say.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncSession

from agents import documentation, qa, security
from agents.engineering.criteria import Proof
from agents.engineering.judging import load
from agents.engineering.refused import in_words
from agents.engineering.shown_change import read_change
from agents.engineering.stale_docs import Stale
from agents.engineering.story_rows import keep_judgement, story_work
from agents.engineering.story_run import REPORT, about_code, writer
from agents.engineering.story_text import neutral
from agents.engineering.tables import StoryWorkRow
from agents.engineering.trees import checked_out, folder
from agents.engineering.verdict.changes import ChangeSet, Finding, read_tree
from agents.model import ModelFailed
from agents.work.kinds import ActionStep, Json, NewStep, Step, StepFailed, Worker, WorkStep
from governance.action import Action
from integrations.code_host.actions import ReviewPullRequest
from integrations.code_host.pull_requests import ReviewVerdict

_MOST_TEXT = 7_000
_MOST_EDIT = 2_500
_FINDINGS: TypeAdapter[tuple[Finding, ...]] = TypeAdapter(tuple[Finding, ...])
_NOT_BY_RULE = (
    "Not looked at by rule: whether each way in asks who it is and what they may, and what an attacker makes of"
    " the logic."
)


def looks(key: str, at: Json, after: str, discipline: str) -> tuple[NewStep, ...]:
    """The looks at what the step `key` judged (`at`: its repository, number, head and base), which come after
    the step `after`; none by the role that writes stories of this discipline."""
    titles = {
        "security": (SECURITY, "Look at its security"),
        "documentation": (DOCUMENTATION, "Look at what it lets go stale"),
        "qa": (QA, "Look for each criterion's test"),
    }
    return tuple(
        NewStep(f"{look}:{key}", kind.name, title, dict(at), (after,))
        for look, (kind, title) in titles.items()
        if kind.actor != writer(discipline)
    )


@dataclass(frozen=True, slots=True)
class _Looked:
    """What is looked at: the story's work, and the change as it would be merged."""

    work: StoryWorkRow
    change: ChangeSet


@asynccontextmanager
async def _change(step: Step, worker: Worker) -> AsyncIterator[_Looked]:
    """Raises StepFailed."""
    async with worker.transaction() as tx:
        work = await story_work(tx, step.run)
    host, base = worker.ports.code_host, step.args["base"]
    merging = await host.merge_result(work.repository, base, step.args["head"])
    if merging.tree is None:
        raise StepFailed("It does not merge any more; it is judged again.")
    async with folder() as at:
        before = await checked_out(host, work.repository, base, at / "base")
        after = await checked_out(host, work.repository, merging.tree, at / "merged")
        trees = await asyncio.to_thread(lambda: (read_tree(before), read_tree(after)))
        yield _Looked(work, ChangeSet(*trees))


async def _security(step: Step, worker: Worker) -> Json:
    async with worker.transaction() as tx:
        work = await story_work(tx, step.run)
    by_rule = await security.by_rule(load(work.verdict or {}).findings)
    listed = "\n".join(f"- {one.what} at {one.where}: {one.why}" for one in by_rule[:10])
    says = f"By rule, from the verdict:\n{listed}" if by_rule else "By rule nothing was found."
    if worker.model is None:
        return {"says": f"{says}\n{_NOT_BY_RULE}", "concerns": []}
    host = worker.ports.code_host
    shown = await read_change(host, work.repository, step.args["base"], step.args["head"])
    task = "\n".join((work.brief["title"], work.brief["description"]))
    fence = partial(worker.tell, "The security engineer reads it.")
    try:
        seen = await security.by_model(task, shown.parts, shown.paths, worker.model, fence)
    except ModelFailed as failed:
        unread = (_unread(f"the model could not be used ({failed})"),)
        said = f"{says}\nThe model could not be used ({failed}). {_NOT_BY_RULE}"
        return {"says": said, "concerns": _FINDINGS.dump_python(unread, mode="json")}
    concerns = tuple(one.finding for one in seen.concerns)
    said = (
        "\n".join(f"- {one.what} at {one.where}: {one.why}" for one in concerns) or "With a model: no concern."
    )
    rest = [one.removesuffix(".") for one in (seen.not_looked_at.strip(), shown.left_out) if one]
    not_seen = f"\nNot looked at: {'; '.join(rest)}." if rest else ""
    if shown.left_out:
        concerns += (_unread(f"it was not shown {shown.left_out.removesuffix('.')}"),)
    return {"says": f"{says}\n{said}{not_seen}", "concerns": _FINDINGS.dump_python(concerns, mode="json")}


def _unread(why: str) -> Finding:
    """What security did not see asks a person: a change could be made so that it is not seen."""
    return Finding("security", "ask", "unproven", "security: not read whole", "", why[:300])


async def _after_security(tx: AsyncSession, step: Step, result: Json) -> Iterable[NewStep]:
    """A concern is a finding of exactly this head and base."""
    say = _saying(step, SAY_SECURITY, result)
    concerns = _FINDINGS.validate_python(result["concerns"])
    if not concerns:
        return (say,)
    work = await story_work(tx, step.run, lock=True)
    await keep_judgement(tx, work, step.args, load(work.verdict or {}).also(*concerns))
    args = {**step.args, "judgement": work.verdict}
    return (say, NewStep(f"report:{step.key}", REPORT, "Report what security found", args, (step.key,)))


async def _documentation(step: Step, worker: Worker) -> Json:
    async with _change(step, worker) as looked:
        title = f"{looked.work.brief['title']} (#{step.args['number']})"
        return {"says": _of_docs(await documentation.by_rule(looked.change, title))}


def _of_docs(stale: Sequence[Stale]) -> str:
    not_seen = "Not looked at: whether what the pages say of it in words is still true."
    if not stale:
        return f"By rule nothing went stale: the API's page, the changelog, names in pages.\n{not_seen}"
    said = []
    for one in stale:
        edit = one.edit if len(one.edit) <= _MOST_EDIT else f"{one.edit[:_MOST_EDIT]}\n(and more)"
        said.append(
            f"- {one.path}: {one.why}." + (f" Proposed:\n\n~~~~diff\n{edit}\n~~~~\n" if one.edit else "")
        )
    return "By rule, this goes stale:\n" + "\n".join(said) + f"\n{not_seen}"


async def _qa(step: Step, worker: Worker) -> Json:
    async with _change(step, worker) as looked:
        brief = looked.work.brief
        found = await qa.by_rule(brief["acceptance"], brief.get("tests", {}), looked.change.after)
    return {"says": _of_tests(found), "lacking": [one.number for one in found if not one.tests]}


def _of_tests(found: Sequence[Proof]) -> str:
    if not found:
        return "The story has no acceptance criteria: nobody can say what proves that it is done."
    lines = []
    for one in found:
        gone = f" ({', '.join(one.missing)} was named and is not there)" if one.missing else ""
        more = f" and {len(one.tests) - 3} more" if len(one.tests) > 3 else ""
        shown = ", ".join(f"`{test}`" for test in one.tests[:3]) + more if one.tests else "no test"
        lines.append(f"- {one.number}. {' '.join(one.criterion.split())[:200]}: {shown}{gone}")
    lacking = sum(not one.tests for one in found)
    head = (
        f"{lacking} of {len(found)} criteria have no test:"
        if lacking
        else "Each criterion has a test, by its name:"
    )
    return "\n".join([head, *lines, "Not looked at: whether a test that bears a criterion's name proves it."])


def _saying(step: Step, kind: ActionStep, result: Json) -> NewStep:
    args = {**step.args, "says": result["says"]}
    look = step.key.partition(":")[0]
    title = f"Say what {'QA' if look == 'qa' else look} found"
    return NewStep(f"say:{step.key}", kind.name, title, args, (step.key,))


async def _after_documentation(_tx: AsyncSession, step: Step, result: Json) -> Iterable[NewStep]:
    return (_saying(step, SAY_DOCUMENTATION, result),)


async def _after_qa(_tx: AsyncSession, step: Step, result: Json) -> Iterable[NewStep]:
    return (_saying(step, SAY_QA, result),)


def _say(title: str, step: Step) -> Action:
    """A comment: nobody approves what they opened themselves, and agents opened it."""
    about: dict[str, Any] = about_code(
        step, f"{title} looked at exactly this commit.", "Shown on the pull request.", "Look at it again."
    )
    text = neutral(f"{title}. {step.args['says']}"[:_MOST_TEXT])
    return ReviewPullRequest(
        number=step.args["number"],
        sha=step.args["head"],
        verdict=ReviewVerdict.COMMENTED,
        text=text,
        **about,
    )


def _saying_of(name: str, role: Any, title: str) -> ActionStep:
    return ActionStep(name, role.name, partial(_say, title), stops=False)


SAY_SECURITY = _saying_of("say_security", security.ROLE, "Security")
SAY_DOCUMENTATION = _saying_of("say_documentation", documentation.ROLE, "Documentation")
SAY_QA = _saying_of("say_qa", qa.ROLE, "Tests of the criteria")
SECURITY = WorkStep("look_at_security", security.ROLE.name, in_words(_security), finish=_after_security)
DOCUMENTATION = WorkStep(
    "look_at_documentation",
    documentation.ROLE.name,
    in_words(_documentation),
    finish=_after_documentation,
    stops=False,
)
QA = WorkStep("look_at_tests", qa.ROLE.name, in_words(_qa), finish=_after_qa, stops=False)
KINDS = (SECURITY, DOCUMENTATION, QA, SAY_SECURITY, SAY_DOCUMENTATION, SAY_QA)
