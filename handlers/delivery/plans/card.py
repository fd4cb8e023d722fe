"""A plan's card: while it is worked out, proposed, decided on, or when it could not be planned."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from agents.planning.draft import PlanDraft
from agents.plans.rows import draft_of, plan_by_id, plan_of_approval, previous_of
from agents.plans.tables import PlanRow
from governance.approvals.counting import missing
from governance.approvals.decision import ApprovalState, Status
from governance.approvals.store import approval_row, state_of
from governance.directory import holders
from governance.effects import effects_of
from governance.people import Role
from governance.tables import AgentRunRow, ApprovalRow
from handlers.conversation.approval_card import deciders_text, given_votes, how_it_ended, needed
from handlers.conversation.cards import (
    Block,
    Bold,
    Button,
    Buttons,
    Card,
    Code,
    Link,
    Moment,
    Progress,
    Reply,
    Small,
    Text,
    Tone,
)
from handlers.conversation.desk import Desk
from handlers.conversation.wording import counted, listed, names_of_people
from handlers.delivery.plans import proposal
from handlers.delivery.plans.formats import (
    budget_text,
    dashboard,
    dates_text,
    miss_text,
    reading_text,
    span_text,
    within_text,
)
from handlers.delivery.plans.modify_form import modify_form
from handlers.delivery.plans.product_question import product_form, product_text, question_reply

PLAN_EXECUTION = "plan_execution"
"""The decision type of a plan's approval."""

_LATELY = 10


def _key_of(plan: PlanRow, version: int | None = None) -> str:
    """The key of the message that shows a version: each proposal is a message of its own, edited in place."""
    shown = version or (plan.version + 1 if plan.state == "drafting" else plan.version)
    return f"plan:{plan.id}" if shown <= 1 else f"plan:{plan.id}:{shown}"


async def working_reply(desk: Desk, plan: PlanRow, taken: Sequence[str] = ()) -> Reply:
    """At once: it was understood and is being worked on, with the steps that a model has `taken` so far.

    Edited when the draft is there.
    """
    again = plan.version > 0
    first = f"Reading {plan.document}" if not again else "Working in what you changed"
    waiting = (
        "Stories and estimates",
        "Schedule, forecast, budget and risks",
        "The proposal, for your decision",
    )
    *done, doing = (first, *taken)
    steps = Progress(
        (
            *(("done", step) for step in done),
            ("doing", doing),
            *(("waiting", step) for step in (waiting[1:] if taken else waiting)),
        )
    )
    title = f"Planning {plan.document}" if not again else f"Changing the plan “{plan.title}”"
    within = within_text(await _slowest_lately(desk), has_model=desk.has_model)
    text = f"{title}. The proposal comes here {within}; nothing is carried out before it is approved."
    return Reply(text=text, cards=(Card(title, (steps,), "waiting"),), key=_key_of(plan))


async def plan_reply(desk: Desk, plan: PlanRow) -> Reply:
    """The plan's card as it stands now."""
    if plan.state == "drafting":
        return await working_reply(desk, plan)
    if plan.state == "asking":
        return question_reply(desk, plan)
    draft = draft_of(plan) if plan.state != "failed" else None
    if draft is None:
        return _failed_reply(plan)
    if plan.approval is None:
        raise ValueError(f"{plan.id} is {plan.state} and has no approval")
    state = state_of(await approval_row(desk.tx, plan.approval))
    if state.status is Status.OPEN:
        return await _proposed(desk, plan, draft, state)
    return await _decided(desk, plan, draft, state)


async def closed_reply(desk: Desk, row: ApprovalRow) -> Reply | None:
    """The card of the proposal that an approval was about, once that has ended. It keeps its place."""
    if state_of(row).status is Status.OPEN:
        return None
    plan = await plan_of_approval(desk.tx, row.id)
    if plan is not None:
        return await plan_reply(desk, plan) if plan.state != "drafting" else None
    (effect,) = await effects_of(desk.tx, row.id)
    body = effect.body
    plan = await plan_by_id(desk.tx, body["plan"])
    title = f"Superseded: plan “{body['title']}”"
    text = f"{title}. A newer proposal took its place; decide on that one."
    card = Card(
        title, (Text(("A newer proposal took its place; decide on that one.",)), _recorded(row.id, plan))
    )
    return Reply(text=text, cards=(card,), key=_key_of(plan, body["version"]))


def _failed_reply(plan: PlanRow) -> Reply:
    """Why there is no plan, and what to do."""
    why = plan.why or "It could not be worked out."
    title = f"No plan for {plan.document}"
    again = Buttons((Button("Try again", "build_document", plan.document),))
    rest = "Nothing was carried out. When that is mended, press “Try again”."
    blocks = (Text((why,)), Text((rest,)), again)
    return Reply(text=f"{title}: {why} {rest}", cards=(Card(title, blocks, "bad"),), key=_key_of(plan))


def unchanged_reply(plan: PlanRow) -> Reply:
    """A change that could not be made: the proposal from before still stands."""
    text = f"{plan.why} The plan “{plan.title}” stands as it was proposed; nothing was changed."
    card = Card("That change cannot be made", (Text((text,)),), "warning")
    return Reply(text=text, cards=(card,), key=_key_of(plan, plan.version + 1))


async def _slowest_lately(desk: Desk) -> float | None:
    """Seconds that the slowest of the last plans took, worked out the same way; None if there was none yet."""
    way = "model" if desk.has_model else "rules"
    drafted = select(AgentRunRow.busy_ms).where(AgentRunRow.plan.is_not(None), AgentRunRow.worked_out == way)
    taken = (await desk.tx.execute(drafted.order_by(AgentRunRow.started.desc()).limit(_LATELY))).scalars().all()
    return max(taken) / 1000 if taken else None


async def _proposed(desk: Desk, plan: PlanRow, draft: PlanDraft, state: ApprovalState) -> Reply:
    previous = previous_of(plan)
    read = f" Read: {reading_text(draft)}." if draft.readings else ""
    lead = Text((f"From {plan.document}.{read} Nothing is made until somebody approves.",))
    blocks: list[Block] = [*proposal.misses(draft), lead]
    if previous is not None:
        blocks += proposal.changes(previous, draft, desk)
    blocks.append(proposal.figures(draft, desk))
    blocks += await proposal.phases(draft, desk)
    blocks += await proposal.chart(draft, desk)
    blocks += proposal.concerns(draft)
    blocks.append(await _what_approving_does(desk, draft))
    blocks += await given_votes(desk, state)
    blocks.append(Buttons(_buttons(desk, plan, draft, state.id)))
    blocks.append(await _who_decides(desk, plan, state))
    blocks += [proposal.worked_out(draft), _recorded(state.id, plan)]
    version = f" (version {plan.version})" if previous is not None else ""
    title = f"Plan to approve: {draft.title}{version}"
    return Reply(
        text=_summary(draft, desk, state),
        cards=(Card(title, tuple(blocks), "waiting"), proposal.stories_card(draft, desk)),
        facts=draft.facts,
        key=_key_of(plan),
    )


async def _decided(desk: Desk, plan: PlanRow, draft: PlanDraft, state: ApprovalState) -> Reply:
    names = await names_of_people(desk.tx)
    ended = await how_it_ended(desk.tx, state, names)
    title = f"{_TITLES[state.status]}: plan “{draft.title}”"
    decision: Block = Text((ended, " ", Moment(state.decided))) if state.decided else Text((ended,))
    blocks = (decision, proposal.figures(draft, desk), _recorded(state.id, plan))
    return Reply(
        text=f"{title}. {ended}",
        cards=(Card(title, blocks, _TONES.get(state.status, "plain")),),
        facts=draft.facts,
        key=_key_of(plan),
    )


_TITLES = {
    Status.APPROVED: "Approved",
    Status.DENIED: "Denied",
    Status.EXPIRED: "Expired",
    Status.WITHDRAWN: "Taken back",
    Status.SUPERSEDED: "Superseded",
}
_TONES: dict[Status, Tone] = {Status.APPROVED: "good", Status.DENIED: "bad"}


def _buttons(desk: Desk, plan: PlanRow, draft: PlanDraft, approval: str) -> tuple[Button, ...]:
    other = Button("Another product…", "modify", approval, form=product_form(desk.department, draft.product))
    return (
        Button("Approve", "approve", approval, "primary"),
        Button("Modify", "modify", approval, form=modify_form(desk, plan, draft)),
        *((other,) if draft.product_assumed else ()),
        *((Button("How it was read", "show_reading", plan.id),) if draft.readings else ()),
        Button("Cancel", "cancel", approval, "danger"),
    )


async def _what_approving_does(desk: Desk, draft: PlanDraft) -> Text:
    directors = listed((p.name for p in await holders(desk.tx, (Role.ENGINEERING_DIRECTOR,))), "or")
    then = (
        "Agents then write, test and merge them by themselves"
        if desk.department.plans.writing == "by itself"
        else "Agents write them when somebody lets them"
    )
    return Text(
        (
            Bold("Approving"),
            f" makes one epic and {counted(len(draft.stories), 'story', 'stories')} and schedules them."
            f" {then}: {proposal.holders_text(draft, desk) or 'nobody yet'} would hold"
            f" the stories, which {directors} is asked about then.",
        )
    )


async def _who_decides(desk: Desk, plan: PlanRow, state: ApprovalState) -> Small:
    who = needed(missing(state)) + await deciders_text(desk, state, plan.requester)
    return Small((f"Decides: {who}, until ", Moment(state.deadlines.expires), ". Silence never approves."))


def _recorded(approval: str, plan: PlanRow) -> Small:
    return Small((Code(approval), " · ", Link("the whole plan", dashboard(plan.id))))


def _assumed(draft: PlanDraft, desk: Desk) -> str:
    """A product that nobody stated, for whoever reads no card."""
    if not draft.product_assumed:
        return ""
    return f" It is planned for {product_text(draft, desk.department)}; say “the product is …” for another."


def _summary(draft: PlanDraft, desk: Desk, state: ApprovalState) -> str:
    stories = counted(len(draft.stories), "story", "stories")
    unclear = f" {counted(len(draft.flags), 'point')} in the document to settle." if draft.flags else ""
    missed = "".join(f" {miss_text(miss, 'It')}" for miss in draft.misses[:2])
    return (
        f"Plan for “{draft.title}” from {draft.document}: {stories}.{missed} {dates_text(draft)}"
        f" ({span_text(draft)}). It needs {budget_text(draft.budget, desk.department.currency)};"
        f" risk {proposal.risk_text(draft)}.{unclear}{_assumed(draft, desk)} Approve, modify or cancel it"
        f" ({state.id})."
    )
