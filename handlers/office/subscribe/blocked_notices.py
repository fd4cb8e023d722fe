"""Something got blocked: told at once to whoever wants to hear of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agents.plans.rows import NoSuchPlan, plan_by_id, steps_of
from governance.facts import Fact, Source
from governance.people import Person
from governance.visibility import EVERYTHING, Scope, scope_of
from handlers.conversation.cards import Block, Bold, Bullets, Button, Buttons, Card, Inline, Link, Reply
from handlers.conversation.desk import Desk
from handlers.conversation.wording import counted
from handlers.delivery.plans.words import dashboard, hours_text, team_name
from handlers.delivery.whereabouts.words import plain_text, reason_text
from handlers.notices import NoticeKind
from integrations.tracker import NoSuchItem, StoryStatus

_MOST = 8


async def render(desk: Desk, ids: Mapping[str, Any], person: Person | None) -> Reply | None:
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


NOTICE = NoticeKind("newly_blocked", render, urgent="blocker")
