"""The architect's review of exactly the commit that was judged, and what follows from it.

What a model has not been shown it does not approve: a change is read in parts, and of one that is longer than
all of them, or is no text, a person decides.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from functools import partial

from sqlalchemy.ext.asyncio import AsyncSession

from agents import architect
from agents.engineering.further_round import changes_asked, follow, heard_people, write_again
from agents.engineering.judging import load
from agents.engineering.refused import in_words
from agents.engineering.shown_change import read_change
from agents.engineering.story_rows import keep_judgement, story_work
from agents.engineering.story_run import REVIEW, SAY, about_code, merging
from agents.engineering.story_text import review_text
from agents.engineering.trees import standards_of
from agents.engineering.verdict.changes import Finding
from agents.model import ModelFailed
from agents.work.kinds import ActionStep, Json, NewStep, Step, Worker, WorkStep
from governance.action import Action
from governance.outside_text import storable_json
from integrations.code_host.actions import ReviewPullRequest
from integrations.code_host.pull_requests import ReviewVerdict


async def _review(step: Step, worker: Worker) -> Json:
    """The architect's word on exactly this head."""
    async with worker.transaction() as tx:
        work = await story_work(tx, step.run)
        people = await heard_people(tx, work, worker)
    host = worker.ports.code_host
    found = await host.pull_request(work.repository, step.args["number"])
    if (asked := await changes_asked(host, people, work, found)) is not None:
        return asked  # people's word goes before an agent's
    judged = load(work.verdict or {})
    if worker.model is None:
        return {"by": "rule", "left_out": "", **(await architect.by_rule(judged)).model_dump()}
    at = step.args
    change = await read_change(host, work.repository, at["base"], at["head"])
    standards = await standards_of(host, work.repository, at["base"])
    task = "\n".join((work.brief["title"], work.brief["description"], *work.brief["acceptance"]))
    fence = partial(worker.tell, "The reviewer reads it.")
    try:
        said = await architect.by_model(task, change.parts, change.left_out, standards, worker.model, fence)
    except ModelFailed as failed:  # which the change itself may bring about: nothing is merged unread for it
        by = f"rule, for the model could not be used ({failed})"
        return {"by": by, "left_out": "any of it.", **(await architect.by_rule(judged)).model_dump()}
    return dict(storable_json({"by": "model", "left_out": change.left_out, **said.model_dump()}))


async def _after_review(tx: AsyncSession, step: Step, result: Json) -> Iterable[NewStep]:
    """Said on the pull request; then changed once more, or merged by what the matrix says."""
    work = await story_work(tx, step.run, lock=True)
    if "asked" in result:
        return (await follow(tx, work, result, step.key),)
    said = NewStep(f"say:{step.key}", SAY, "Say what the review says", {**step.args, **result}, (step.key,))
    if result["by"] == "model" and result["verdict"] == "changes requested":
        head, author = step.args["head"], step.args["author"]
        return (said, await write_again(tx, work, result["says"], head, said.key, author))
    if result["left_out"]:
        why = f"the reviewer was not shown {result['left_out'].removesuffix('.')}"
        unread = Finding("review", "ask", "unproven", "not read whole", "", why)
        await keep_judgement(tx, work, step.args, load(work.verdict or {}).also(unread))
    at = {**step.args, "judgement": work.verdict, "story": work.story}
    return (said, *merging(at, step.key, said.key))


def _say(step: Step) -> Action:
    """A comment, whatever it says: nobody approves what they opened themselves, and agents opened it."""
    about = about_code(
        step, "The architect reviewed exactly this commit.", "Shown on the pull request.", "Review it again."
    )
    return ReviewPullRequest(
        number=step.args["number"],
        sha=step.args["head"],
        verdict=ReviewVerdict.COMMENTED,
        text=review_text(step.args),
        **about,
    )


KINDS = (
    WorkStep(
        REVIEW,
        architect.ROLE.name,
        in_words(_review),
        finish=_after_review,
        attempts=8,
        backoff=timedelta(seconds=5),
    ),
    ActionStep(SAY, architect.ROLE.name, _say, stops=False),
)
