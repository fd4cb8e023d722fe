"""`plan`: show, pause, resume, cancel or replan work under way."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from agents.actions import CancelPlan, PausePlan, PlanAction, ResumePlan
from agents.engineering.delivery_rows import is_begun, is_under_way
from agents.engineering.delivery_watch_step import tell_delivered
from agents.plans.coordination import begin_writing
from agents.plans.rows import draft_of, plan_by_id, plan_for_update, steps_of
from agents.plans.steps import end_writing, show
from agents.plans.tables import PlanRow
from governance.action import OutcomeState
from governance.people import Role
from governance.permissions import reads
from governance.record import intervened
from handlers.conversation.cards import Button, Buttons, Card, Reply, Text
from handlers.conversation.desk import Desk
from handlers.conversation.handler import Asked, CannotAnswer, Group, Handler, Risk
from handlers.conversation.origin import known
from handlers.conversation.subjects import demand_to_act
from handlers.conversation.submitting import do_now
from handlers.conversation.turn import Clicked, Turn
from handlers.conversation.wording import counted
from handlers.delivery.plans.card import plan_reply
from handlers.delivery.plans.formats import hours_text
from handlers.delivery.plans.modify import change
from handlers.delivery.plans.modify_form import hours_said
from handlers.delivery.plans.progress import plan_buttons, progress_reply
from handlers.delivery.plans.replan import read_replan, replan_set_up
from handlers.delivery.plans.resolve import WhichPlan, plan_meant, which_reply
from handlers.language.durations import read_hours

_WORDS: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "resume",
        re.compile(
            r"\bresum\w*|\bun-?paus\w*|\bcontinu\w*|\bcarry on\b|\bgo on\b|\brestart\w*|\bpick\b.*\bup\b"
            r"|\bleft off\b|\bset .* going\b"
        ),
    ),
    (
        "cancel",
        re.compile(
            r"\bcancel\w*|\bcall(?:ing|ed)? off\b|\bcall .* off\b|\babandon\w*|\bkill\b|\bscrap\b|\bdelete\b"
            r"|\bno longer need\b|\bdrop the (?:\S+ )?(?:plan|project)\b|\bget rid of\b"
        ),
    ),
    (
        "replan",
        re.compile(
            r"\bre-?plan\w*|\bre-?schedul\w*|\brework\w*|\brecalculat\w*|\bchange\b|\bmodify\b|\badjust\w*"
            r"|\bmov(?:e|ing)\b|\bshift\w*|\bpush\w*|\bpostpone\w*|\btake\b.*\bout\b|\bleave out\b"
            r"|\bdrop\b|\bbudget\b"
        ),
    ),
    (
        "pause",
        re.compile(
            r"\bpaus\w*|\bpasue\b|\bhold\b|\bsuspend\w*|\bpark(?:ed)?\b|\bon (?:ice|hold)\b"
            r"|\bstop\w*|\bhalt\w*|\bfreez\w*|\binterrupt\w*"
        ),
    ),
)
"""What is asked for, in the order in which the words are looked for: "un-pause" resumes."""


async def answer(turn: Turn, asked: Asked, desk: Desk) -> Reply:
    """Do with the plan that is meant what the words say; show it where they say nothing else."""
    verb = _verb(asked.text)
    try:
        plan = await plan_meant(desk, asked.text)
    except WhichPlan as which:
        return which_reply(verb, which)
    desk.memory.about(plan=plan.id)
    if verb == "show":
        return await _show(desk, plan)
    demand_to_act(known(turn), "plan", desk)
    return await _VERBS[verb](turn, desk, plan, asked.text)


def _verb(text: str) -> str:
    said = text.casefold()
    return next((verb for verb, words in _WORDS if words.search(said)), "show")


async def press_pause(turn: Turn, desk: Desk) -> Reply:
    """The button Pause."""
    return await _pause(turn, desk, await _pressed(turn, desk), "")


async def press_resume(turn: Turn, desk: Desk) -> Reply:
    """The button Resume, with the budget from its form if one was given."""
    plan, given = await _pressed(turn, desk), str(_clicked(turn).values.get("budget_hours", "")).strip()
    return await _go_on(turn, desk, plan, hours_said(given) if given else None, "Pressed “Resume”.")


async def press_cancel(turn: Turn, desk: Desk) -> Reply:
    """The button Cancel: asks once more."""
    return await _cancel(turn, desk, await _pressed(turn, desk), "")


async def confirm_cancel(turn: Turn, desk: Desk) -> Reply:
    """Cancel, confirmed."""
    plan = await _pressed(turn, desk)
    action = CancelPlan(plan=plan.id, title=plan.title, **_why(turn, "It was cancelled."))
    return await _done(turn, desk, plan, action, "Cancelled")


async def _show(desk: Desk, plan: PlanRow) -> Reply:
    return await progress_reply(desk, plan) or await plan_reply(desk, plan)


async def _pause(turn: Turn, desk: Desk, plan: PlanRow, text: str) -> Reply:
    if plan.state in ("proposed", "drafting", "asking"):
        raise CannotAnswer(
            f"“{plan.title}” is not approved, so nothing of it runs. Cancel it if it is not wanted any more."
        )
    if plan.state != "executing" and not (plan.state == "created" and await is_under_way(desk.tx, plan.id)):
        raise CannotAnswer(f"“{plan.title}” {_STANDS[plan.state]}, so there is nothing to pause.")
    action = PausePlan(plan=plan.id, title=plan.title, **_why(turn, text or "It was paused."))
    return await _done(turn, desk, plan, action, "Paused")


async def _resume(turn: Turn, desk: Desk, plan: PlanRow, text: str) -> Reply:
    hours = read_hours(text)
    return await _go_on(turn, desk, plan, None if hours is None else hours_said(f"{hours:f}"), text)


async def _go_on(turn: Turn, desk: Desk, plan: PlanRow, hours: float | None, text: str) -> Reply:
    if plan.state != "paused":
        raise CannotAnswer(f"“{plan.title}” {_STANDS[plan.state]}; there is nothing to resume.")
    limit = plan.budget_hours if hours is None else hours
    if limit is not None and plan.used_hours >= limit:
        raise CannotAnswer(
            f"“{plan.title}” has used {hours_text(plan.used_hours)} already. Resume it with a budget over that:"
            f" “resume the {plan.title} plan with {plan.used_hours + 40:g} hours”."
        )
    action = ResumePlan(
        plan=plan.id,
        title=plan.title,
        budget_hours=f"{hours:g}" if hours is not None else None,
        **_why(turn, text or "It was resumed."),
    )
    return await _done(turn, desk, plan, action, "Going on")


async def _cancel(_turn: Turn, _desk: Desk, plan: PlanRow, _text: str) -> Reply:
    """Cancelling cannot be taken back, so it is asked once more."""
    if plan.state in ("cancelled", "failed"):
        raise CannotAnswer(f"“{plan.title}” {_STANDS[plan.state]} already.")
    if plan.state == "proposed" and plan.approval is not None:
        button = Button("Take the proposal back", "cancel", plan.approval, "danger")
        text = f"“{plan.title}” waits for its approval, and nothing of it was made."
    elif plan.state == "asking":
        button = Button("Cancel it", "cancel_plan_now", plan.id, "danger")
        text = f"“{plan.title}” {_STANDS[plan.state]}, and nothing of it was made."
    else:
        button = Button("Cancel it", "cancel_plan_now", plan.id, "danger")
        text = f"Cancelling “{plan.title}” cancels its epic and every story of it that is not done."
    card = Card(f"Cancel “{plan.title}”?", (Text((text,)), Buttons((button,))), "warning")
    return Reply(text=f"{text} Press the button to do it.", cards=(card,))


async def _replan(turn: Turn, desk: Desk, plan: PlanRow, text: str) -> Reply:
    """Work it out anew: a proposal with what the words say, and what is in the tracker as far as it is open."""
    if plan.state == "drafting":
        raise CannotAnswer("The plan is being worked out already. Its card comes when that is done.")
    if plan.state == "asking":
        raise CannotAnswer(f"{plan.why} Say which product “{plan.title}” is for; then it can be changed.")
    draft = draft_of(plan)
    if draft is None or plan.state in ("cancelled", "failed"):
        raise CannotAnswer(
            f"“{plan.title}” {_STANDS[plan.state]}, so there is nothing to replan. Build it from its document"
            " anew."
        )
    if plan.state != "proposed":
        return await replan_set_up(turn, desk, plan, draft, text)
    here = ZoneInfo(desk.department.calendar_of(None).time_zone)
    changes = read_replan(text, plan, draft, desk.department, desk.now, here)
    if changes is None:
        reply = await plan_reply(desk, plan)
        lead = "Press Modify and say what should change; I did not understand it from your words."
        return Reply(text=f"{lead} {reply.text}", cards=reply.cards, facts=reply.facts, key=None)
    desk.demand_order(f"change the proposed plan “{plan.title}”")
    return await change(turn, desk, await plan_for_update(desk.tx, plan.id), changes)


async def _done(turn: Turn, desk: Desk, plan: PlanRow, action: PlanAction, title: str) -> Reply:
    submitted, ended = await do_now(turn, desk, action)
    if ended.state is not OutcomeState.DONE:
        raise CannotAnswer(f"{ended.detail} Nothing was changed.")
    buttons = await plan_buttons(desk.tx, plan)
    blocks = (Text((ended.detail,)), *((Buttons(buttons),) if buttons else ()))
    desk.memory.about(effect=submitted.effect)
    return Reply(text=ended.detail, cards=(Card(f"{title}: {plan.title}", blocks),))


def _why(turn: Turn, text: str) -> dict[str, Any]:
    person = known(turn)
    said = " ".join(text.split())
    return {
        "rationale": f"{person.name} asked for it: “{said[:300]}”",
        "impact": "Steps of the plan start, stop or end; what is done stays done.",
        "rollback_plan": "Pausing and resuming take each other back; a cancelled plan is built again.",
    }


async def press_write(turn: Turn, desk: Desk) -> Reply:
    """Agents write the plan's stories, each once those that it comes after are merged. Pressed twice it is
    begun once."""
    pressed = await _pressed(turn, desk)
    plan = await plan_for_update(desk.tx, pressed.id)
    if plan.state != "created":
        raise CannotAnswer(f"“{plan.title}” {_STANDS[plan.state]}, so its stories are not written now.")
    count = await begin_writing(desk.tx, plan, await steps_of(desk.tx, plan.id), known(turn).id)
    if not count:
        return Reply(text=f"Agents are on “{plan.title}” already; its message says how far they are.")
    return Reply(
        text=f"Agents write “{plan.title}”: {counted(count, 'story', 'stories')}, each after those that it"
        " depends on. The plan’s message says how far they are; what needs a person goes to its team’s lead."
    )


async def press_stop(turn: Turn, desk: Desk) -> Reply:
    """Agents stop writing: what is merged stays, and what came is said. Raises CannotAnswer."""
    pressed = await _pressed(turn, desk)
    plan = await plan_for_update(desk.tx, pressed.id)
    person = known(turn)
    why = f"{person.name} stopped it."
    if not await is_begun(desk.tx, plan.id) or not await end_writing(desk.tx, plan, why, turn.actor):
        raise CannotAnswer(f"Agents do not write “{plan.title}” any more. Nothing was done.")
    if plan.state == "paused":
        plan.state, plan.why = "created", None
    await intervened(desk.tx, "cancelled", person.id, plan.id, why, desk.now)
    await tell_delivered(desk.tx, plan)
    await show(desk.tx, plan)
    return Reply(
        text=f"Agents write no more of “{plan.title}”. What is merged stays, and branches stay as they are."
    )


async def _pressed(turn: Turn, desk: Desk) -> PlanRow:
    demand_to_act(known(turn), "plan", desk)
    plan = await plan_by_id(desk.tx, _clicked(turn).subject)
    desk.memory.about(plan=plan.id)
    return plan


def _clicked(turn: Turn) -> Clicked:
    if not isinstance(turn.what, Clicked):
        raise TypeError("a press is a click")
    return turn.what


_STANDS = {
    "drafting": "is being worked out",
    "asking": "waits for its product to be named",
    "proposed": "waits for its approval",
    "executing": "is being carried out",
    "paused": "is paused",
    "created": "is set up",
    "cancelled": "is cancelled",
    "failed": "could not be worked out",
}

_VERBS: Mapping[str, Callable[[Turn, Desk, PlanRow, str], Awaitable[Reply]]] = {
    "pause": _pause,
    "resume": _resume,
    "cancel": _cancel,
    "replan": _replan,
}

HANDLER = Handler(
    name="plan",
    purpose="Pause, resume, cancel or replan work under way",
    example="pause the dashboard plan",
    group=Group.PLAN,
    permission=reads(Role.PRODUCT_OWNER, Role.ENGINEERING_DIRECTOR),
    answer=answer,
    presses={
        "pause_plan": press_pause,
        "resume_plan": press_resume,
        "cancel_plan": press_cancel,
        "cancel_plan_now": confirm_cancel,
        "write_plan": press_write,
        "stop_writing": press_stop,
    },
    risk=Risk.ACTS,
)
