"""A person goes on with a story: what they push or open is judged, reviewed and merged as an agent's is."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from agents.engineering.further_round import changes_asked, follow, heard_people
from agents.engineering.refused import in_words
from agents.engineering.story_rows import step_keys, story_work
from agents.engineering.story_run import CHECK, JUDGE, MERGED, PERSON, merging, place_among_open
from agents.engineering.story_text import taken_up_text, title_of
from agents.engineering.tables import StoryWorkRow
from agents.work.kinds import Json, NewStep, Over, Step, Still, WaitStep, Worker
from integrations.code_host import CheckQuery, CodeHost, DiffQuery, PullRequestQuery, UnderQuery
from integrations.code_host.pull_requests import CheckState, PullRequest, PullRequestState
from integrations.code_host.refusals import NoSuchBranch
from integrations.pages import every, everything

_LOOKED_EVERY = timedelta(minutes=1)
_ENGINEER = "backend_engineer"


async def _look_for_a_person(step: Step, worker: Worker) -> Still | Over:
    """Whether somebody pushed to its branch, merged, closed or reviewed its pull request, or opened one for it;
    where the host refused to merge it, whether others say something else of it by now, so that it is tried
    `again`."""
    async with worker.transaction() as tx:
        work = await story_work(tx, step.run)
        people = await heard_people(tx, work, worker)
    host = worker.ports.code_host
    if work.pull_request is not None:
        found = await host.pull_request(work.repository, work.pull_request)
        if found.state is not PullRequestState.OPEN:
            return Over({"number": found.number, "state": found.state.value})
        if found.head_sha != step.args.get("head") and not found.is_draft:
            return Over({"number": found.number, "state": found.state.value})
        if (asked := await changes_asked(host, people, work, found)) is not None:
            return Over({"number": found.number, "state": found.state.value, **asked})
        if step.args.get("again") is None:
            return Still(_LOOKED_EVERY, work.blocked)
        said, runs = await said_of(host, found)
        before = (step.cursor or {}).get("said", step.args.get("said"))
        if before is None:
            return Still(_LOOKED_EVERY, work.blocked, {"said": said})
        if said != before and not runs:
            return Over({"number": found.number, "state": found.state.value, "again": True})
        return Still(_LOOKED_EVERY, work.blocked)
    query = PullRequestQuery(work.repository, PullRequestState.OPEN)
    async for one in every(host.pull_requests, query):
        if is_for(one, work.story, work.base_branch):
            return Over({"number": one.number, "state": one.state.value})
    if (pushed := await _pushed(host, work, step.args.get("head"))) is not None:
        diff = await host.diff(DiffQuery(work.repository, work.base, pushed, limit=1))
        return Over({"pushed": pushed, "size": diff.added + diff.removed})
    return Still(_LOOKED_EVERY, work.blocked)


async def said_of(host: CodeHost, found: PullRequest) -> tuple[list[list[str]], bool]:
    """What others say of its head: each check and each reviewer with their newest word, without our own; and
    whether a check still runs."""
    checks = await everything(host.checks, CheckQuery(found.repository, found.head_sha))
    reviews = await everything(host.reviews, UnderQuery(found.repository, found.number))
    words = {one.name: one.state.value for one in checks if one.name != CHECK}
    words |= {one.author: one.verdict.value for one in reviews if one.author != host.login}
    runs = any(one.state is CheckState.RUNNING for one in checks)
    return sorted([who, word] for who, word in words.items()), runs


def is_for(found: PullRequest, story: str, base: str) -> bool:
    """Whether a pull request is meant to be this story's work: its title or branch names the story (a body
    names what it likes), it goes into the branch that the story is for, is ready, and its branch is one that
    somebody could push who may write there."""
    if found.is_draft or found.fork is not None or found.base != base:
        return False
    said = f"{found.title} {found.head}".casefold()
    return re.search(rf"(?<![\w-]){re.escape(story.casefold())}(?![\w-])", said) is not None


async def _pushed(host: CodeHost, work: StoryWorkRow, was: str | None) -> str | None:
    """Where the story's branch is, if somebody pushed to it."""
    try:
        sha = (await host.branch(work.repository, work.branch)).sha
    except NoSuchBranch:
        return None
    return None if sha in (was, work.written) else sha


async def _after_a_person(tx: AsyncSession, step: Step, result: Json) -> Iterable[NewStep]:
    work = await story_work(tx, step.run, lock=True)
    keys = await step_keys(tx, step.run)
    tries = sum(key.startswith("judge") for key in keys)
    if "pushed" in result:
        work.head = result["pushed"]
        said = {"title": title_of(work), "text": taken_up_text(work)}
        return (place_among_open(work, f"{tries + 1}", said, result["size"], step.key),)
    work.pull_request = result["number"]
    args = {"number": result["number"]}
    if result["state"] == PullRequestState.CLOSED.value:
        work.blocked = "Its pull request was closed."
        return ()
    if result["state"] == PullRequestState.MERGED.value:
        ended = {**args, "merge": step.key, "head": "", "base": ""}
        return (NewStep(f"merged:{step.key}", MERGED, "See what became of it", ended, (step.key,)),)
    if "asked" in result:
        return (await follow(tx, work, result, step.key),)
    if result.get("again"):
        work.blocked = None
        return merging(step.args["again"], f"again:{sum(key.startswith('merge:') for key in keys)}", step.key)
    return (NewStep(f"judge:{tries + 1}", JUDGE, "Judge what a person wrote", args, (step.key,)),)


KIND = WaitStep(
    PERSON, _ENGINEER, in_words(_look_for_a_person), finish=_after_a_person, longest=timedelta(days=90)
)
