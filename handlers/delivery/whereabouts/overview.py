"""What runs now: plans, overrides and windows, approvals that wait, work in progress."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from sqlalchemy import func, literal, select

from agents.engineering.delivery_rows import DELIVERY
from agents.engineering.story_rows import DELIVERED
from agents.plans.tables import PlanRow
from agents.work.tables import RunRow, StepRow
from governance.facts import Fact, Source
from governance.moments import day_text
from governance.tables import ApprovalRow
from governance.visibility import EVERYTHING, Scope
from handlers.conversation.cards import (
    Block,
    Bold,
    Bullets,
    Button,
    Buttons,
    Card,
    Inline,
    Link,
    Moment,
    Reply,
    Small,
    Text,
)
from handlers.conversation.desk import Desk
from handlers.conversation.wording import counted, last_minute, names_of_people
from handlers.delivery.plans.formats import dashboard
from handlers.delivery.whereabouts.work_state import PLAIN, plain_text
from integrations.customers import Request
from integrations.pages import everything
from integrations.tracker import EpicQuery, StoryQuery, StoryStatus

_STATES = {
    "drafting": "being worked out",
    "asking": "waits for its product to be named",
    "proposed": "waits for approval",
    "executing": "being set up",
    "paused": "paused",
    "written": "being written",
}
_WORKED_ON = frozenset({StoryStatus.IN_PROGRESS, StoryStatus.BLOCKED})
_MOST = 8

# Made once, for making them takes longer than running them.
_STEPS = select(func.count()).where(StepRow.tenant == PlanRow.tenant, StepRow.run == PlanRow.run)
_PLANS = (
    select(
        PlanRow.id,
        PlanRow.title,
        PlanRow.state,
        PlanRow.why,
        _STEPS.scalar_subquery(),
        _STEPS.where(StepRow.state.in_(("done", "left"))).scalar_subquery(),
    )
    .where(PlanRow.state.in_(tuple(_STATES)))
    .order_by(PlanRow.created.desc())
)
_DELIVERED = select(func.count()).where(
    StepRow.tenant == RunRow.tenant, StepRow.run == RunRow.id, StepRow.kind == DELIVERED
)
_WRITTEN = (
    select(
        PlanRow.id,
        PlanRow.title,
        literal("written"),
        RunRow.why,
        _DELIVERED.scalar_subquery(),
        _DELIVERED.where(StepRow.state == "done").scalar_subquery(),
    )
    .join(RunRow, (RunRow.tenant == PlanRow.tenant) & (RunRow.subject == literal("plan:") + PlanRow.id))
    .where(RunRow.kind == DELIVERY, RunRow.state == "running", PlanRow.state == "created")
    .order_by(PlanRow.created.desc())
)
_WAITING = select(func.count()).select_from(ApprovalRow).where(ApprovalRow.status == "open")

_RESTRICTED = "it is about single customers"


@dataclass(frozen=True, slots=True)
class PlanUnderWay:
    """A plan that is worked out, waits, runs or is paused, with its steps counted."""

    id: str
    title: str
    state: str
    why: str | None
    steps: int
    done: int


async def overview_reply(desk: Desk) -> Reply:
    """Everything that runs or stands, for the department."""
    plans = await plans_under_way(desk)
    waiting = await _approvals(desk)
    counts = await desk.ports.tracker.count_by_status(EVERYTHING, StoryQuery(status=_WORKED_ON))
    standing = await _standing(desk)
    working, blocked = counts[StoryStatus.IN_PROGRESS], counts[StoryStatus.BLOCKED]
    said = [
        f"{counted(len(plans), 'plan')} under way" if plans else "No plan is under way",
        f"{counted(working, 'story', 'stories')} in progress, {blocked} blocked",
        f"{counted(waiting, 'approval')} waiting" if waiting else "nothing waits for approval",
    ]
    blocks: list[Block] = []
    if standing:
        blocks += [Text((Bold("Stands now"),)), Bullets(tuple(standing))]
    if plans:
        blocks += [Text((Bold("Plans"),)), Bullets(tuple(plan_line(plan) for plan in plans[:_MOST]))]
    blocks.append(Text((f"{'. '.join(part[:1].upper() + part[1:] for part in said)}.",)))
    blocks.append(Buttons((Button("What waits for my approval?", "ask", "approvals what waits for me?"),)))
    stands = "".join(f" {plain_text(line)}." for line in standing)
    source = Source("query", "plans under way; stories in progress or blocked; open approvals")
    facts = tuple(
        Fact(id, name, value, "", desk.now, source)
        for id, name, value in (
            ("plans", "Plans under way", len(plans)),
            ("in_progress", "Stories in progress", working),
            ("blocked", "Stories blocked", blocked),
            ("approvals", "Approvals waiting", waiting),
        )
    )
    titles = "".join(f" {plan.title}: {_STATES[plan.state]}." for plan in plans[:_MOST])
    text = f"{'; '.join(said)}.{titles}{stands}"
    return Reply(
        text=text,
        cards=(Card("What runs now", tuple(blocks), "warning" if standing else "plain"),),
        facts=facts,
    )


async def customers_overview_reply(desk: Desk, scope: Scope) -> Reply:
    """What one's own customers asked for, and where it is; everything else is a count."""
    asked = await desk.ports.customers.requests(scope)
    known = await _statuses(desk, scope, asked)
    shown = await desk.ports.tracker.stories(scope, StoryQuery(status=_WORKED_ON, limit=_MOST))
    working = sum((await desk.ports.tracker.count_by_status(scope, StoryQuery(status=_WORKED_ON))).values())
    others = await desk.ports.tracker.count_others(scope, StoryQuery(status=_WORKED_ON))
    blocks: list[Block] = []
    if asked:
        lines = tuple(_request_line(request, known) for request in reversed(asked))
        blocks += [Text((Bold("What your customers asked for"),)), Bullets(lines[:_MOST])]
    if shown.items:
        items: list[tuple[Inline, ...]] = [(f"{story.title}: {PLAIN[story.status]}",) for story in shown.items]
        blocks += [Text((Bold("Being worked on for them"),)), Bullets(tuple(items))]
    text = (
        f"{counted(len(asked), 'request')} of your customers; {counted(working, 'piece')} of work for them"
        f" under way. {counted(others, 'other piece')} of work under way is not theirs."
    )
    text = " ".join((text, *(await desk.ports.customers.gaps(scope)).requests))
    blocks.append(Text((text,)))
    return Reply(
        text=text,
        cards=(Card("Your customers' items", tuple(blocks)),),
        restricted="it is about single customers",
    )


async def plans_under_way(desk: Desk) -> list[PlanUnderWay]:
    """The plans, newest first, without their drafts; those that agents write after those that are set up."""
    found = [*await desk.tx.execute(_PLANS), *await desk.tx.execute(_WRITTEN)]
    return [PlanUnderWay(*row) for row in found]


async def _approvals(desk: Desk) -> int:
    return (await desk.tx.execute(_WAITING)).scalar_one()


async def _standing(desk: Desk) -> list[tuple[Inline, ...]]:
    stands, now = desk.standing, desk.now
    if not (stands.halt or stands.freezes or stands.windows):
        return []
    names = await names_of_people(desk.tx)
    lines: list[tuple[Inline, ...]] = []
    if stands.halt is not None:
        halt = stands.halt
        lines.append(
            (Bold("All agents are halted"), f" by {names[halt.by]}: {halt.reason}, since ", Moment(halt.since))
        )
    for freeze in stands.freezes:
        lines.append(
            (Bold(f"{freeze.describe().capitalize()} frozen"), f" by {names[freeze.by]}: {freeze.reason}")
        )
    for window in stands.windows:
        if window.is_open(now):
            lines.append(
                (
                    Bold(f"{window.mode.capitalize()} window"),
                    f" by {names[window.by]}, until ",
                    Moment(last_minute(window.ends, desk.department.calendar_of(None).time_zone)),
                )
            )
    return lines


def plan_line(plan: PlanUnderWay) -> tuple[Inline, ...]:
    """One plan with its state, its steps and, where it does not go on, why."""
    what = ("story", "stories") if plan.state == "written" else ("step", "steps")
    steps = f", {plan.done} of {counted(plan.steps, *what)} done" if plan.steps else ""
    why = f": {plan.why}" if plan.why and plan.state == "paused" else ""
    return (Link(plan.title, dashboard(plan.id)), f" {_STATES[plan.state]}{steps}{why}")


async def account_reply(desk: Desk, account: str, scope: Scope) -> Reply:
    """All that one customer asked for, and where each of it is."""
    found = await desk.ports.customers.account(scope, account)
    asked = await desk.ports.customers.requests(scope, account=account)
    gaps = (await desk.ports.customers.gaps(scope)).requests
    nothing = " ".join(gaps) or "It has asked for nothing yet."
    return _reply(f"Requests of {found.name}", asked, await _statuses(desk, scope, asked), nothing, gaps)


async def request_reply(desk: Desk, request: str, scope: Scope) -> Reply:
    """One request, by its id."""
    asked = [one for one in await desk.ports.customers.requests(scope) if one.id == request]
    desk.memory.about(item=request)
    known = await _statuses(desk, scope, asked)
    return _reply(f"Request {request}", asked, known, "There is no such request.")


async def _statuses(
    desk: Desk, scope: Scope, asked: Sequence[Request]
) -> Mapping[str, tuple[str, StoryStatus]]:
    """Title and status, by id, of the items of these requests that the scope reaches."""
    items, tracker = frozenset(item for request in asked for item in request.items), desk.ports.tracker
    stories = await everything(partial(tracker.stories, scope), StoryQuery(ids=items))
    epics = await everything(partial(tracker.epics, scope), EpicQuery(ids=items))
    known = {story.id: (story.title, story.status) for story in stories}
    return known | {epic.id: (epic.title, epic.status) for epic in epics}


def _request_line(request: Request, known: Mapping[str, tuple[str, StoryStatus]]) -> tuple[Inline, ...]:
    """One request with where its items are; items that the asker may not see are not named."""
    items = [f"{known[item][0]}: {PLAIN[known[item][1]]}" for item in request.items if item in known]
    needed = f", needed by {day_text(request.needed_by)}" if request.needed_by else ""
    state = "; ".join(items) or "nothing of it is planned yet"
    return (Bold(request.what), f" (asked {day_text(request.asked)}{needed}). {state}.")


def _reply(
    title: str,
    asked: Sequence[Request],
    known: Mapping[str, tuple[str, StoryStatus]],
    nothing: str,
    gaps: Sequence[str] = (),
) -> Reply:
    if not asked:
        return Reply(
            text=f"{title}: {nothing}", cards=(Card(title, (Text((nothing,)),)),), restricted=_RESTRICTED
        )
    lines = tuple(_request_line(request, known) for request in asked)
    said = " ".join(plain_text(line) for line in lines)
    ids = ", ".join(request.id for request in asked)
    card = Card(title, (Bullets(lines), Small((" ".join((f"{ids}.", *gaps)) if gaps else ids,))))
    return Reply(text=f"{title}: {said}", cards=(card,), restricted=_RESTRICTED)
