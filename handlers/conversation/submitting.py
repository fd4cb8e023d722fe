"""Submitting an action from a turn, and saying what the gate made of it where it did not just do it."""

from __future__ import annotations

from dataclasses import replace

from governance.action import Action, Outcome, OutcomeState, Ruling, Verdict
from governance.approvals.store import approval_row
from governance.gate import Asking, Submitted
from handlers.conversation.acts import note_act
from handlers.conversation.approval_card import approval_reply
from handlers.conversation.cards import Reply
from handlers.conversation.desk import Desk
from handlers.conversation.handler import CannotAnswer
from handlers.conversation.origin import origin_of
from handlers.conversation.turn import Turn
from handlers.conversation.wording import names_of_people


async def submit(
    turn: Turn,
    desk: Desk,
    action: Action,
    asking: Asking | None = None,
    *,
    correcting: bool = False,
    run: str | None = None,
) -> Submitted:
    """Submit for the person who speaks. What "it" means in the thread is then this effect, and what they say
    next may correct it; `correcting` says that this does so itself, and is remembered by whoever corrects.
    `run` is the run that it is the first step of.

    Raises NotOrdered in a turn that orders nothing.
    """
    described = action.described(await names_of_people(desk.tx))
    desk.demand_order(described)
    asked = asking or Asking(described)
    submitted = await desk.gate.submit(
        desk.tx, action, actor=turn.actor, origin=replace(origin_of(turn), run=run), asking=asked
    )
    desk.memory.about(effect=submitted.effect)
    if submitted.approval is not None:
        desk.memory.about(approval=submitted.approval)
    if not correcting and submitted.ruling.verdict in (Verdict.EXECUTE, Verdict.APPROVE_FIRST):
        note_act(turn, desk, effect=submitted.effect)
    return submitted


async def do_now(turn: Turn, desk: Desk, action: Action) -> tuple[Submitted, Outcome]:
    """Submit what people do in person and at once. Raises CannotAnswer with why it was not done."""
    submitted = await submit(turn, desk, action)
    if submitted.outcome is None:
        raise CannotAnswer(not_done(submitted.ruling))
    if submitted.outcome.state is not OutcomeState.DONE:
        raise CannotAnswer(f"{submitted.outcome.detail} Nothing was changed.")
    return submitted, submitted.outcome


async def ask_for_approval(turn: Turn, desk: Desk, action: Action, asking: Asking | None = None) -> Reply:
    """Submit what others have to approve, and show its card. Raises CannotAnswer with why not."""
    return await asked_reply(desk, action, await submit(turn, desk, action, asking))


async def asked_reply(desk: Desk, action: Action, submitted: Submitted) -> Reply:
    """What was made of an action that was submitted. Raises CannotAnswer with why not."""
    if submitted.approval is not None:
        return await approval_reply(desk, await approval_row(desk.tx, submitted.approval))
    if submitted.outcome is not None:
        return Reply(text=submitted.outcome.detail)
    if submitted.ruling.verdict is Verdict.EXECUTE:
        what = action.described(await names_of_people(desk.tx))
        return Reply(text=f"{what}: it is being done; this thread hears how it ends.")
    raise CannotAnswer(not_done(submitted.ruling))


def not_done(ruling: Ruling) -> str:
    """Why the gate did not let it through."""
    return f"{ruling.why} Nothing was done."
