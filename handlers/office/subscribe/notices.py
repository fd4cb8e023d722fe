"""What subscribers are told: that what they watch happened, and that something got blocked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select

from agents.plans.rows import NoSuchPlan, plan_by_id, steps_of
from governance.facts import Fact, Source
from governance.overrides.rows import freeze_of
from governance.people import Person
from governance.tables import OverrideRow, WindowRow
from governance.visibility import EVERYTHING, Scope, scope_of
from handlers.conversation.cards import (
    Block,
    Bold,
    Bullets,
    Button,
    Buttons,
    Card,
    Inline,
    Link,
    Reply,
    Text,
    Tone,
)
from handlers.conversation.desk import Desk
from handlers.conversation.wording import counted, moment_text, names_of_people
from handlers.delivery.plans.formats import dashboard, hours_text, team_name
from handlers.delivery.whereabouts.work_state import PLAIN, STATUS, plain_text, reason_text
from handlers.notices import NoticeKind
from handlers.office.subscribe.check import Looker
from handlers.office.subscribe.deployments import change_text, deployments_of
from handlers.office.subscribe.subscriptions import STANDING, Event, Kind, Watch, called, watch_of
from handlers.office.subscribe.tables import SubscriptionRow
from integrations.tracker import NoSuchItem, StoryStatus

_MOST_LINES = 5

_MOST = 8


async def render_happened(desk: Desk, ids: Mapping[str, Any], person: Person | None) -> Reply | None:
    """What happened, as far as the person may see it now; nothing where they do not see it any more."""
    if person is None:
        return None
    query = select(SubscriptionRow).where(SubscriptionRow.id == ids["subscription"])
    row = (await desk.tx.execute(query)).scalar_one()
    watch, scope = watch_of(row), scope_of(person)
    if await Looker(desk).look(watch.kind, watch.subject, scope) is None:
        return None
    lines = await _lines(desk, watch, scope, ids["marks"], person)
    text = _said(watch, lines, is_over=ids["is_over"])
    if text is None:
        return None
    tone: Tone = "warning" if watch.kind in STANDING and watch.event is Event.BEGINS else "good"
    blocks: list[Block] = [Text((text,))]
    if len(lines) > 1:
        blocks.append(Bullets(tuple((line,) for line in lines[:_MOST_LINES])))
    blocks.append(Buttons(_buttons(row, watch)))
    title = f"{watch.name[:1].upper()}{watch.name[1:]}: {_TITLES[watch.event]}"
    return Reply(text=text, cards=(Card(title, tuple(blocks), tone),))


_TITLES = {
    Event.DONE: "done",
    Event.APPROVED: "decided",
    Event.CHANGES: "news",
    Event.BEGINS: "news",
    Event.ENDS: "over",
    Event.BLOCKED: "blocked",
}


def _said(watch: Watch, lines: Sequence[str], *, is_over: bool) -> str | None:
    """One sentence or two; None where what changed is nothing that the person sees."""
    if is_over:
        return (
            f"{called(watch)} was cancelled, so what you wait for will not come. I do not tell you of it again."
        )
    match watch.event:
        case Event.DONE:
            return f"{called(watch)} is done, as you wanted to hear."
        case Event.APPROVED:
            return f"{called(watch)} is approved, as you wanted to hear."
        case _ if not lines:
            return None
        case Event.CHANGES:
            more = f", and {len(lines) - 1} more" if len(lines) > 1 else ""
            return f"{called(watch)} moved: {lines[0]}{more}."
        case _:
            return f"{'; '.join(lines[:_MOST_LINES])}."


async def _lines(desk: Desk, watch: Watch, scope: Scope, marks: Sequence[str], person: Person) -> list[str]:
    """What each mark says, in words."""
    match watch.kind:
        case Kind.INCIDENTS:
            return await _incidents(desk, marks, person)
        case Kind.HALTS | Kind.FREEZES | Kind.EMERGENCIES:
            return await _overrides(desk, marks, is_over=watch.event is Event.ENDS)
        case Kind.DEPLOYMENTS:
            changes = await deployments_of(desk, watch.subject)
            return [change_text(change) for change in changes if change.id in marks]
        case Kind.PRIORITY:
            return [f"{title} is {watch.subject}" for title in await _titles(desk, scope, marks)]
        case _:
            stories = [mark.partition(":")[0] for mark in marks if not mark.startswith("pl_")]
            plans = [mark.partition(":")[2] for mark in marks if mark.startswith("pl_")]
            moved = await _titles(desk, scope, stories, with_status=True)
            return [*(f"the plan is {_PLAN_STATES.get(state, state)}" for state in plans), *moved]


_PLAN_STATES = {
    "drafting": "being worked out",
    "asking": "waiting for its product to be named",
    "proposed": "proposed",
    "executing": "being set up",
    "created": "set up",
}


async def _titles(desk: Desk, scope: Scope, stories: Sequence[str], *, with_status: bool = False) -> list[str]:
    """Stories by id and title; those that the scope does not reach are left out."""
    found: list[str] = []
    for story_id in stories:
        try:
            story = await desk.ports.tracker.story(scope, story_id)
        except NoSuchItem:
            continue
        words: Mapping[StoryStatus, str] = STATUS if scope.everything else PLAIN
        name = f"{story.id} {story.title}" if scope.everything else story.title
        found.append(f"{name} is {words[story.status]}" if with_status else name)
    return found


async def _incidents(desk: Desk, marks: Sequence[str], person: Person) -> list[str]:
    names = await names_of_people(desk.tx)
    rows = (await desk.tx.execute(select(WindowRow).where(WindowRow.id.in_(marks)))).scalars()
    return [
        f"Incident, said by {names[row.opened_by]}: {row.reason.rstrip('.')}"
        + (f" (until {moment_text(row.ends, person)})" if row.ends > desk.now else ", and it is over")
        for row in rows
    ]


async def _overrides(desk: Desk, marks: Sequence[str], *, is_over: bool) -> list[str]:
    names = await names_of_people(desk.tx)
    query = select(OverrideRow).where(OverrideRow.id.in_(marks)).order_by(OverrideRow.made)
    lines: list[str] = []
    for row in (await desk.tx.execute(query)).scalars():
        what = _override_text(row)
        who = names[row.ended_by or row.made_by] if is_over else names[row.made_by]
        lines.append(f"{what} is over ({who})" if is_over else f"{what}, by {who}: {row.reason.rstrip('.')}")
    return lines


def _override_text(row: OverrideRow) -> str:
    match row.kind:
        case "halt":
            return "Halt of all agents"
        case "freeze":
            return f"Freeze of {freeze_of(row).describe()}"
        case _:
            return f"Emergency deployment of {row.subject}"


def _buttons(row: SubscriptionRow, watch: Watch) -> tuple[Button, ...]:
    buttons = [Button("Where is it?", "ask", f"status {watch.subject}")] if _is_a_thing(watch) else []
    if watch.kind is Kind.DEPLOYMENTS and (service := watch.subject.partition("/")[0]):
        buttons.append(Button("How does it do?", "ask", f"service how is {service}?"))
    if row.ended is None:
        buttons.append(Button("Stop telling me", "end_subscription", row.id))
    return tuple(buttons) or (Button("What else am I told of?", "ask", "subscribe what am I subscribed to"),)


def _is_a_thing(watch: Watch) -> bool:
    return watch.kind in (Kind.EPIC, Kind.STORY, Kind.PLAN, Kind.REQUEST)


async def render_blocked(desk: Desk, ids: Mapping[str, Any], person: Person | None) -> Reply | None:
    """What is blocked and why, as far as the reader may see it; nothing of what goes on again by now."""
    scope = EVERYTHING if person is None else scope_of(person)
    found = [line for key in ids["blockers"] if (line := await _line(desk, key, scope)) is not None]
    if not found:
        return None
    lines = tuple(found[:_MOST])
    more = ((f"and {len(found) - _MOST} more",),) if len(found) > _MOST else ()
    first = plain_text(lines[0])
    rest = f" {counted(len(found) - 1, 'other')} too." if len(found) > 1 else ""
    held = "held up" if not scope.everything else "blocked"
    title = f"Newly {held}: {counted(len(found), 'item')}" if len(found) > 1 else f"Newly {held}"
    story = ids["blockers"][0].split(":")[1] if len(found) == 1 else ""
    where = Button("Where is it?", "ask", f"status {story}" if story else "status what runs now?")
    off = Button("Change my summaries", "ask", "digest settings")
    blocks: tuple[Block, ...] = (Bullets((*lines, *more)), Buttons((where, off) if person else (where,)))
    source = Source("query", "stories and steps of plans that came to be blocked since the last look")
    facts = (Fact("newly_blocked", f"Newly {held}", len(found), "items", desk.now, source),)
    return Reply(
        text=f"{first}{rest}",
        cards=(Card(title, blocks, "bad"),),
        facts=facts,
        restricted=None if scope.everything else "it is about single customers' items",
    )


async def _line(desk: Desk, key: str, scope: Scope) -> tuple[Inline, ...] | None:
    kind, subject, *rest = key.split(":", 2)
    if kind == "story":
        return await _story(desk, subject, scope)
    if not scope.everything:
        return None
    try:
        plan = await plan_by_id(desk.tx, subject)
    except NoSuchPlan:
        return None
    link = Link(plan.title, dashboard(plan.id))
    if kind == "budget":
        if plan.state != "paused" or plan.budget_hours is None:
            return None
        return (
            link,
            f" is paused: it has used {hours_text(plan.used_hours)} of {hours_text(plan.budget_hours)}.",
        )
    step = next((row for row in await steps_of(desk.tx, plan.id) if row.key == rest[0]), None)
    if step is None or step.state not in ("failed", "left"):
        return None
    return (Bold(step.title), " of ", link, f": {reason_text(step.detail)}")


async def _story(desk: Desk, story_id: str, scope: Scope) -> tuple[Inline, ...] | None:
    try:
        story = await desk.ports.tracker.story(scope, story_id)
    except NoSuchItem:
        return None
    if story.status is not StoryStatus.BLOCKED:
        return None
    why = reason_text(story.blocked_reason)
    if not scope.everything:
        return (Bold(story.title), f" is held up. {why}")
    team = team_name(desk.department, story.team)
    return (Bold(f"{story.id} {story.title}"), f" ({team}) is blocked. {why}")


NOTICES = (
    NoticeKind("subscription", render_happened),
    NoticeKind("incident_begun", render_happened, urgent="incident"),
    NoticeKind("newly_blocked", render_blocked, urgent="blocker"),
)
