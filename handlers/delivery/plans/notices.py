"""What is told of a plan: its proposal, how it goes on, what blocks it, and that nothing is replanned."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agents.plans.rows import plan_by_id, steps_of
from governance.people import Person
from handlers.conversation.cards import Block, Buttons, Card, Link, Reply, Small, Text, Tone
from handlers.conversation.desk import Desk
from handlers.delivery.plans.card import plan_reply, unchanged_reply, working_reply
from handlers.delivery.plans.formats import dashboard, hours_text
from handlers.delivery.plans.progress import budget_buttons, facts_of, plan_buttons, progress_reply
from handlers.delivery.plans.writing import daily, delivered, writing_of
from handlers.notices import NoticeKind


async def proposed(desk: Desk, ids: Mapping[str, Any], _person: Person | None) -> Reply | None:
    """The plan's card; from now on "it" is this plan and its approval."""
    plan = await plan_by_id(desk.tx, ids["plan"])
    desk.memory.about(plan=plan.id)
    if plan.approval is not None:
        desk.memory.about(approval=plan.approval)
    if plan.state == "proposed" and plan.why is not None:
        return unchanged_reply(plan)
    return await plan_reply(desk, plan)


async def working(desk: Desk, ids: Mapping[str, Any], _person: Person | None) -> Reply | None:
    """What the model does just now; nothing once the proposal is there."""
    plan = await plan_by_id(desk.tx, ids["plan"])
    return await working_reply(desk, plan, ids["steps"]) if plan.state == "drafting" else None


async def progress(desk: Desk, ids: Mapping[str, Any], _person: Person | None) -> Reply | None:
    """The progress message, brought up to date."""
    return await progress_reply(desk, await plan_by_id(desk.tx, ids["plan"]))


async def created(desk: Desk, ids: Mapping[str, Any], _person: Person | None) -> Reply | None:
    """Everything is set up, said in a message of its own."""
    plan = await plan_by_id(desk.tx, ids["plan"])
    shown = await progress_reply(desk, plan)
    if shown is None or plan.state != "created":
        return None
    card = Card(f"Set up: {plan.title}", (Text((shown.text,)), _whole(plan.id)), "good")
    return Reply(text=shown.text, cards=(card,), facts=shown.facts, key=ids["key"])


async def blocked(desk: Desk, ids: Mapping[str, Any], _person: Person | None) -> Reply | None:
    """One step cannot be done, and why."""
    plan = await plan_by_id(desk.tx, ids["plan"])
    step = next((row for row in await steps_of(desk.tx, plan.id) if row.key == ids["step"]), None)
    if step is None or step.state not in ("failed", "left"):
        return None
    why = step.detail or "Nobody can tell why."
    text = f"“{step.title}” of “{plan.title}” is blocked: {why} The other steps go on."
    blocks: list[Block] = [Text((text,)), _whole(plan.id)]
    card = Card(f"Blocked: {step.title}", tuple(blocks), "bad")
    return Reply(text=text, cards=(card,), key=ids["key"])


async def stopped(desk: Desk, ids: Mapping[str, Any], _person: Person | None) -> Reply | None:
    """The plan's next step cannot be begun, or its epic not be cancelled."""
    plan = await plan_by_id(desk.tx, ids["plan"])
    desk.memory.about(plan=plan.id)
    if plan.state == "cancelled":
        text = (
            f"“{plan.title}” is cancelled, but its epic {plan.epic} could not be: something went wrong on my"
            " side. Please cancel the epic in the tracker."
        )
    else:
        text = f"“{plan.title}” is {plan.state}: its next step could not be done. {plan.why or ''}".rstrip()
    blocks: list[Block] = [Text((text,))]
    if buttons := await plan_buttons(desk.tx, plan):
        blocks.append(Buttons(buttons))
    blocks.append(_whole(plan.id))
    return Reply(text=text, cards=(Card(f"Stopped: {plan.title}", tuple(blocks), "bad"),))


async def near_budget(desk: Desk, ids: Mapping[str, Any], _person: Person | None) -> Reply | None:
    """Four fifths of the budget are used."""
    return await _budget(desk, ids, "Four fifths of the budget are used", "It goes on.", "warning")


async def over_budget(desk: Desk, ids: Mapping[str, Any], _person: Person | None) -> Reply | None:
    """The budget is used up, and the plan paused."""
    rest = "It is paused. Raise its budget, or stop here: what is merged stays."
    return await _budget(desk, ids, "The budget is used up", rest, "bad")


async def _budget(desk: Desk, ids: Mapping[str, Any], title: str, rest: str, tone: Tone) -> Reply | None:
    plan = await plan_by_id(desk.tx, ids["plan"])
    if plan.budget_hours is None:
        return None
    desk.memory.about(plan=plan.id)
    text = (
        f"“{plan.title}” has used {hours_text(plan.used_hours)} of its {hours_text(plan.budget_hours)}. {rest}"
    )
    blocks: list[Block] = [Text((text,))]
    writes = await writing_of(desk, plan) is not None
    paused = plan.state == "paused"
    buttons = budget_buttons(plan, writes=writes) if paused else await plan_buttons(desk.tx, plan)
    if buttons:
        blocks.append(Buttons(buttons))
    blocks.append(_whole(plan.id))
    card = Card(f"{title}: {plan.title}", tuple(blocks), tone)
    return Reply(text=text, cards=(card,), facts=facts_of(plan, ()), key=ids["key"])


def _whole(plan: str) -> Small:
    return Small((Link("the whole plan", dashboard(plan)),))


async def not_replanned(desk: Desk, ids: Mapping[str, Any], _person: Person | None) -> Reply | None:
    """Why not, and that everything stands as it stood."""
    plan = await plan_by_id(desk.tx, ids["plan"])
    desk.memory.about(plan=plan.id)
    text = f"{ids['why']} “{plan.title}” stands as it is."
    blocks = (Text((text,)), Small((Link("the whole plan", dashboard(plan.id)),)))
    return Reply(text=text, cards=(Card(f"Not replanned: {plan.title}", blocks),))


NOTICES = (
    NoticeKind("plan_proposed", proposed),
    NoticeKind("plan_working", working),
    NoticeKind("plan_progress", progress),
    NoticeKind("plan_created", created),
    NoticeKind("plan_blocked", blocked, urgent="blocker"),
    NoticeKind("plan_stopped", stopped, urgent="blocker"),
    NoticeKind("plan_near_budget", near_budget),
    NoticeKind("plan_over_budget", over_budget, urgent="blocker"),
    NoticeKind("plan_daily", daily),
    NoticeKind("plan_delivered", delivered),
    NoticeKind("plan_not_replanned", not_replanned),
)
