"""How the gate performs, asks about and takes back what `actions.py` says: the code host's action specs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from governance.action import Action, Grant, Outcome, OutcomeState, Subject
from governance.authority.vocabulary import Given
from governance.people import Actor
from governance.registry import ActionSpec, Effect, EffectFailed, Establish, OutcomeUncertain, Undo, free
from governance.tables import EffectRow
from integrations.code_host import CodeHost, outcomes
from integrations.code_host.actions import (
    ClosePullRequest,
    CodeAction,
    CommentOnPullRequest,
    MergePullRequest,
    OpenPullRequest,
    PullRequestAction,
    PushBranch,
    ReportCheck,
    RevertPullRequest,
    ReviewInPerson,
    ReviewPullRequest,
    UpdatePullRequest,
)
from integrations.code_host.outcomes import Happened
from integrations.code_host.refusals import CodeHostError
from storage.look import Away

Breaking = Callable[[MergePullRequest, AsyncSession], Awaitable[bool]]
"""Whether what is merged breaks something that others rely on. Raises LookupError where nobody has worked that
out for this very head and base, which then counts as breaking."""


def specs(breaking: Breaking) -> tuple[ActionSpec, ...]:
    """Every effect on repositories, for the gate's registry. Their port is called `code_host`."""

    async def establish_breaking(
        action: MergePullRequest, _actor: Actor, tx: AsyncSession
    ) -> Mapping[str, Given]:
        return {"breaking": await breaking(action, tx)}

    return (
        _on_host(PushBranch, _push),
        _on_host(OpenPullRequest, _open, undo=_undo_open),
        _on_host(ReviewPullRequest, _review),
        _on_host(ReportCheck, _report),
        _on_host(RevertPullRequest, _revert),
        _on_host(UpdatePullRequest, _update, establish=_establish_ours, establishes=("opened_by_agents",)),
        _on_host(ClosePullRequest, _close, establish=_establish_ours, establishes=("opened_by_agents",)),
        _on_host(ReviewInPerson, _review, establish=_establish_own, establishes=("in_own_name",)),
        _on_host(CommentOnPullRequest, _comment, establish=_establish_own, establishes=("in_own_name",)),
        _on_host(
            MergePullRequest,
            _merge,
            establish=establish_breaking,
            establishes=("breaking",),
            undo=_undo_merge,
        ),
    )


def _on_host(
    action: type[CodeAction],
    effect: Effect,
    *,
    establish: Establish | None = None,
    establishes: tuple[str, ...] = (),
    undo: Undo | None = None,
) -> ActionSpec:
    return ActionSpec(
        action,
        _subject,
        effect=effect,
        port="code_host",
        ask=_ask,
        establish=establish,
        establishes=establishes,
        undo=undo,
        costs=free,
    )


def _subject(action: CodeAction) -> Subject:
    return Subject("code", service=action.service, plan=action.plan, decides=action.decides())


async def _establish_ours(action: PullRequestAction, _actor: Actor, tx: AsyncSession) -> Mapping[str, Given]:
    """By the record: whatever the account that agents work with opened without it is somebody else's."""
    opening = (OpenPullRequest.type, RevertPullRequest.type)
    query = select(EffectRow.id).where(
        EffectRow.action_type.in_(opening),
        EffectRow.state == "done",
        EffectRow.actor["kind"].astext == "agent",
        EffectRow.outcome["reference"].astext == _pull_request(action),
    )
    return {"opened_by_agents": (await tx.execute(query.limit(1))).scalar() is not None}


async def _establish_own(
    action: ReviewInPerson | CommentOnPullRequest, actor: Actor, _tx: AsyncSession
) -> Mapping[str, Given]:
    return {"in_own_name": actor.kind == "person" and actor.id == action.person}


async def _done(doing: Awaitable[Outcome]) -> Outcome:
    try:
        return await doing
    except CodeHostError as refused:
        raise EffectFailed(str(refused)) from refused
    except Away as away:  # it may have happened: the host is asked, and never told twice
        raise OutcomeUncertain(str(away)) from away


def _outcome(came_to: Happened) -> Outcome:
    return Outcome(OutcomeState.DONE, f"{came_to.says}.", reference=came_to.reference or None)


def _pull_request(action: PullRequestAction) -> str:
    return f"{action.repository}#{action.number}"


async def _push(action: PushBranch, grant: Grant, port: CodeHost) -> Outcome:
    async def push() -> Outcome:
        where = action.repository, action.branch
        branch = await port.push_branch(grant, *where, action.sha, before=action.before)
        return _outcome(outcomes.pushed(branch.repository, branch.name, branch.sha))

    return await _done(push())


async def _open(action: OpenPullRequest, grant: Grant, port: CodeHost) -> Outcome:
    async def opening() -> Outcome:
        opened = await port.open_pull_request(grant, action.repository, action.draft)
        return _outcome(outcomes.opened(str(opened)))

    return await _done(opening())


async def _update(action: UpdatePullRequest, grant: Grant, port: CodeHost) -> Outcome:
    async def update() -> Outcome:
        where = action.repository, action.number
        if action.was is not None and (await port.pull_request(*where)).body != action.was:
            raise EffectFailed(f"Somebody else changed the text of {action.pull_request}: it is left as it is.")
        changed = await port.update_pull_request(grant, *where, action.change)
        return _outcome(outcomes.updated(str(changed)))

    return await _done(update())


async def _close(action: ClosePullRequest, grant: Grant, port: CodeHost) -> Outcome:
    async def close() -> Outcome:
        where = action.repository, action.number
        closed = await port.close_pull_request(grant, *where, head=action.head)
        return _outcome(outcomes.closed(str(closed)))

    return await _done(close())


async def _review(action: ReviewPullRequest, grant: Grant, port: CodeHost) -> Outcome:
    async def review() -> Outcome:
        where = action.repository, action.number
        given = await port.review_pull_request(grant, *where, action.draft)
        return _outcome(outcomes.reviewed(_pull_request(action), given.verdict, given.id))

    return await _done(review())


async def _comment(action: CommentOnPullRequest, grant: Grant, port: CodeHost) -> Outcome:
    async def comment() -> Outcome:
        where = action.repository, action.number
        now = (await port.pull_request(*where)).head_sha
        if now != action.sha:
            at = f"is at {now[:12]} by now, not at {action.sha[:12]}"
            raise EffectFailed(f"{action.pull_request.capitalize()} {at}: look at it again.")
        said = await port.comment_on_pull_request(grant, *where, action.text, person=action.person)
        return _outcome(outcomes.commented(_pull_request(action), said.id))

    return await _done(comment())


async def _report(action: ReportCheck, grant: Grant, port: CodeHost) -> Outcome:
    async def report() -> Outcome:
        check = await port.report_check(grant, action.repository, action.sha, action.draft)
        return _outcome(outcomes.checked(action.repository, check.sha, check.name, check.state, check.id))

    return await _done(report())


async def _merge(action: MergePullRequest, grant: Grant, port: CodeHost) -> Outcome:
    async def merge() -> Outcome:
        where = action.repository, action.number
        merged = await port.merge_pull_request(
            grant, *where, head=action.head, base=action.base, way=action.way
        )
        return _outcome(outcomes.merged(merged, action.base))

    return await _done(merge())


async def _revert(action: RevertPullRequest, grant: Grant, port: CodeHost) -> Outcome:
    async def revert() -> Outcome:
        where = action.repository, action.number
        opened = await port.revert_pull_request(grant, *where, merged=action.merged)
        return _outcome(outcomes.opened(str(opened)))

    return await _done(revert())


async def _ask(grant: str, port: CodeHost) -> Outcome | None:
    try:
        done = await port.what_happened(grant)
    except Away as away:
        return Outcome(OutcomeState.UNKNOWN, str(away))
    if done is None:
        return None
    return _outcome(done)


def _undo_open(action: OpenPullRequest, outcome: Outcome) -> Action | None:
    _, _, number = (outcome.reference or "").partition("#")
    if not number.isdecimal():
        return None
    return ClosePullRequest(
        **_of(action),
        number=int(number),
        head=action.head_sha,
        why="it was taken back",
        rationale=f"Takes back: {action.summary()}.",
        impact="The pull request is closed, and its branch stays.",
        rollback_plan="Open it again.",
    )


def _undo_merge(action: MergePullRequest, outcome: Outcome) -> Action | None:
    if outcome.reference is None:
        return None  # it waits in a queue, and was not merged yet
    return RevertPullRequest(
        **_of(action),
        number=action.number,
        merged=outcome.reference,
        rationale=f"Takes back: {action.summary()}.",
        impact=f"A pull request that undoes it is open; {action.into} changes when that is merged.",
        rollback_plan="Close that pull request.",
    )


def _of(action: CodeAction) -> dict[str, str | None]:
    return {"repository": action.repository, "service": action.service, "plan": action.plan}
