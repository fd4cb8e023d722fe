"""A further round of writing: what a review asks for is changed by the engineer who wrote it."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from agents.engineering.story_rows import keep_remark
from agents.engineering.story_run import WRITE, to_a_person, writes
from agents.engineering.tables import MoveRow, StoryWorkRow
from agents.work.kinds import Json, NewStep, Worker
from governance.department_rows import read_department
from governance.people import Role
from integrations.code_host import CodeHost, UnderQuery
from integrations.code_host.pull_requests import PullRequest, PullRequestState, ReviewVerdict
from integrations.pages import everything

_ROUNDS = 3
"""Times that a story is written: at first, and again after a review that asked for changes."""

WRITE_CODE = frozenset({Role.ENGINEER, Role.ARCHITECT, Role.SRE_LEAD, Role.ENGINEERING_DIRECTOR})
"""Whose pull requests are merged as the matrix says; a stranger's are asked about, whatever they do."""
_REVIEW_IT = WRITE_CODE | {Role.COMPLIANCE_OFFICER}


async def people_with(tx: AsyncSession, roles: frozenset[Role]) -> frozenset[str]:
    """The department's people who have one of these roles."""
    people = (await read_department(tx)).people
    return frozenset(one.id for one in people if one.active and one.roles & roles)


async def heard_people(tx: AsyncSession, work: StoryWorkRow, worker: Worker) -> frozenset[str]:
    """The people whose review of it would be followed: none where no further round can be (without a model)."""
    if worker.model is None:
        return frozenset()
    made = (await tx.execute(select(MoveRow.number).where(MoveRow.run == work.run).limit(1))).scalar()
    over = work.brief.get("rounds", 1) >= _ROUNDS or work.takes_back is not None
    return frozenset() if made is None or over else await people_with(tx, _REVIEW_IT)


async def changes_asked(
    host: CodeHost, people: frozenset[str], work: StoryWorkRow, found: PullRequest
) -> Json | None:
    """What one of `people` asks to be changed of exactly what agents wrote, by their newest word on it."""
    if not people or found.state is not PullRequestState.OPEN or found.head_sha != work.written:
        return None
    newest = {
        one.author: one
        for one in await everything(host.reviews, UnderQuery(work.repository, found.number))
        if one.sha == found.head_sha and one.author in people and one.verdict is not ReviewVerdict.COMMENTED
    }
    heard = work.brief.get("heard", ())  # a round that came to nothing leaves the same review of the same head
    asks = ReviewVerdict.CHANGES_REQUESTED
    asked = [one for one in newest.values() if one.verdict is asks and one.id not in heard]
    if not asked:
        return None
    says, ids = "\n".join(one.body for one in asked), [one.id for one in asked]
    return {"head": found.head_sha, "author": asked[0].author, "asked": says, "reviews": ids}


async def follow(tx: AsyncSession, work: StoryWorkRow, asked: Json, after: str) -> NewStep:
    """What comes of `changes_asked`; it is heard once."""
    work.brief = {**work.brief, "heard": [*work.brief.get("heard", ()), *asked["reviews"]]}
    return await write_again(tx, work, asked["asked"], asked["head"], after, asked["author"])


async def write_again(
    tx: AsyncSession, work: StoryWorkRow, says: str, head: str, after: str, *others: str
) -> NewStep:
    """By the engineer, where what was reviewed is its own commit: it would undo what somebody else has pushed.
    Otherwise, after the last round, and where it takes a merge back, by a person; `others` hear of that."""
    rounds = work.brief.get("rounds", 1)
    if rounds >= _ROUNDS or work.takes_back is not None:
        why = f"After {rounds} rounds the review still asks for changes: {says[:600]}"
        return await to_a_person(tx, work, why, after, *others)
    if head != work.written or not await keep_remark(tx, work.run, says):
        why = f"The review of what was pushed asks for changes: {says[:600]}"
        return await to_a_person(tx, work, why, after, *others)
    work.brief, work.blocked = {**work.brief, "rounds": rounds + 1}, None
    again = f"{WRITE}:{rounds + 1}"
    return NewStep(
        again, writes(work.discipline), "Change what the review asks for", {"round": rounds + 1}, (after,)
    )
