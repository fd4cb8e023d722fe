"""What the department itself says of a pull request: the verdict on what merging it would come to, who answers
for it, and whose votes its merge waits for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select

from agents.engineering.judging import Judgement, load
from agents.engineering.story_rows import verdict_of
from agents.engineering.tables import StoryWorkRow
from governance.approvals.counting import missing
from governance.approvals.decision import Status
from governance.approvals.store import state_of
from governance.tables import ApprovalRow, EffectRow
from handlers.conversation.approval_card import needed
from handlers.conversation.cards import Block, Bold, Button, Text
from handlers.conversation.desk import Desk
from integrations.code_host.actions import MergePullRequest
from integrations.code_host.pull_requests import PullRequest, PullRequestState
from integrations.tracker.lines import plain_text

_LONGEST_VERDICT = 1_500


@dataclass(frozen=True, slots=True)
class Judged:
    """`verdict` is of exactly the head and the base that the pull request has now, None where nobody has judged
    that. `answers` is the person who answers for its story, and `approval` what asks for votes on its merge."""

    verdict: Judgement | None
    answers: str | None
    approval: ApprovalRow | None


async def judged(desk: Desk, pull: PullRequest) -> Judged:
    """What is known of a pull request as it is now."""
    body = await verdict_of(desk.tx, pull.repository, pull.base_sha, pull.head_sha)
    work = select(StoryWorkRow.answers).where(
        StoryWorkRow.repository == pull.repository, StoryWorkRow.pull_request == pull.number
    )
    merge = (
        EffectRow.action_type == MergePullRequest.type,
        EffectRow.body["repository"].astext == pull.repository,
        EffectRow.body["number"].as_integer() == pull.number,
        EffectRow.body["head"].astext == pull.head_sha,
    )
    waits = (
        select(ApprovalRow)
        .join(EffectRow, (EffectRow.tenant == ApprovalRow.tenant) & (EffectRow.approval == ApprovalRow.id))
        .where(ApprovalRow.status == Status.OPEN.value, *merge)
    )
    return Judged(
        None if body is None else load(body),
        (await desk.tx.execute(work.order_by(StoryWorkRow.created.desc()).limit(1))).scalar(),
        (await desk.tx.execute(waits.limit(1))).scalar(),
    )


def judged_blocks(pull: PullRequest, known: Judged, names: Mapping[str, str]) -> list[Block]:
    """It in words; of one that is over, only who answers for it."""
    blocks: list[Block] = []
    if pull.state is PullRequestState.OPEN:
        said = "This head and base have not been judged."
        if known.verdict is not None:
            said = plain_text(known.verdict.says)[:_LONGEST_VERDICT]
        blocks.append(Text((Bold("Verdict: "), said)))
    asked = [f"{names[known.answers]} answers for it."] if known.answers is not None else []
    if known.approval is not None:
        asked.append(f"Its merge waits for the vote of {needed(missing(state_of(known.approval)))}.")
    if asked:
        blocks.append(Text((" ".join(asked),)))
    return blocks


def request_button(known: Judged) -> tuple[Button, ...]:
    """Shows the request for votes on its merge, where there is one."""
    if known.approval is None:
        return ()
    return (Button("Show the request", "show_approval", known.approval.id),)
