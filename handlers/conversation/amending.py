"""Correcting what was just done: taking it back, putting something else in its place, doing more of it.

What is corrected is an act on record (`acts.py`), so nothing is corrected by guesswork. Old and new are shown,
and the correction can itself be undone.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from sqlalchemy import select

from governance.action import Action, OutcomeState, Verdict
from governance.approvals.decision import Status
from governance.approvals.store import approval_row
from governance.approvals.voting import take_back as take_proposal_back
from governance.effects import outcome_of
from governance.tables import EffectRow
from handlers.conversation.acts import act_by_id, keep_act, note_act
from handlers.conversation.approval_card import approval_reply
from handlers.conversation.cards import Bold, Button, Buttons, Card, Reply, Text
from handlers.conversation.deciding import said
from handlers.conversation.desk import Desk
from handlers.conversation.handler import Amends, CannotAnswer
from handlers.conversation.origin import known
from handlers.conversation.submitting import not_done, submit
from handlers.conversation.tables import ActRow
from handlers.conversation.turn import Turn
from handlers.conversation.wording import names_of_people
from handlers.language.correction import Change, Correction
from storage.savepoints import whole

TAKE_BACK, UNDO = "take_act_back", "undo_act"
"""The verbs of the buttons; their subject is an act's id."""

Rereads = Callable[[Turn, Desk, Action, str], Awaitable[Action | None]]
"""What an action becomes when a correction's words are read into it; None if they change nothing of it."""


def of_effect(reread: Rereads) -> Amends:
    """How a request is corrected that submits one action."""

    async def amend(turn: Turn, desk: Desk, act: ActRow, correction: Correction) -> Reply:
        row = await _effect(desk, act)
        action = desk.gate.registry.decode(row.body)
        if correction.as_it_was and correction.plain and act.before is not None:
            return await press_undo(turn, desk, act)
        if correction.change is Change.TAKE_BACK:
            return await _take_back_or_ask(turn, desk, act, row, action, correction)
        new = await reread(turn, desk, action, correction.text)
        what = action.described(await names_of_people(desk.tx))
        if new is None:
            raise CannotAnswer(f"What shall be different? What I did last for you: “{what}”.")
        if new.body() == action.body():
            raise CannotAnswer(f"That is how it stands already: “{what}”.")
        if correction.change is Change.ADD:
            return await _do(turn, desk, new, instead_of="", before=None)
        desk.demand_order(new.described(await names_of_people(desk.tx)))
        async with whole(desk.tx):
            await _undone(turn, desk, act, row, action)
            return await _do(turn, desk, new, instead_of=what, before=act.id)

    return amend


async def press_take_back(turn: Turn, desk: Desk, act: ActRow) -> Reply:
    """The button that takes an act back."""
    row = await _effect(desk, act)
    async with whole(desk.tx):
        return await _taken_back(turn, desk, act, row, desk.gate.registry.decode(row.body))


async def press_undo(turn: Turn, desk: Desk, act: ActRow) -> Reply:
    """The button that undoes a correction: what was there before is done again."""
    row = await _effect(desk, act)
    action = desk.gate.registry.decode(row.body)
    earlier = await act_by_id(desk, act.before) if act.before else None
    async with whole(desk.tx):
        if earlier is None or earlier.effect is None:
            return await _taken_back(turn, desk, act, row, action)
        old = desk.gate.registry.decode((await _effect(desk, earlier)).body)
        await _undone(turn, desk, act, row, action)
        what = action.described(await names_of_people(desk.tx))
        return await _do(turn, desk, old, instead_of=what, before=None)


def ask_to_take_back(desk: Desk, act: ActRow, what: str, why: str = "") -> Reply:
    """One button, where it is not plain that something shall be taken back, or others rely on it."""
    keep_act(desk, act)
    text = f"Take this back? {what}.{why}"
    button = Button("Take it back", TAKE_BACK, act.id, "danger")
    card = Card("Take it back?", (Text((Bold(what), f".{why}")), Buttons((button,))), "waiting")
    return Reply(text=f"{text} Press the button to do it.", cards=(card,))


async def _take_back_or_ask(
    turn: Turn, desk: Desk, act: ActRow, row: EffectRow, action: Action, correction: Correction
) -> Reply:
    what = action.described(await names_of_people(desk.tx))
    if row.approval is not None:
        return ask_to_take_back(desk, act, what, " Others were asked to decide on it.")
    if not correction.plain or not desk.ordered:
        return ask_to_take_back(desk, act, what)
    async with whole(desk.tx):
        return await _taken_back(turn, desk, act, row, action)


async def _taken_back(turn: Turn, desk: Desk, act: ActRow, row: EffectRow, action: Action) -> Reply:
    await _undone(turn, desk, act, row, action)
    what = action.described(await names_of_people(desk.tx))
    again = Button("Ask for it again", "ask", f"{act.request} {act.words}")
    text = f"Taken back: “{what}”."
    blocks = (Text((text,)), *((Buttons((again,)),) if act.words else ()))
    return Reply(text=text, cards=(Card("Taken back", blocks, "good"),))


async def _undone(turn: Turn, desk: Desk, act: ActRow, row: EffectRow, action: Action) -> None:
    """Take an act's effect back. Raises CannotAnswer with why it cannot be."""
    keep_act(desk, act)
    if act.person != known(turn).id:
        raise CannotAnswer("Somebody else did that; they can take it back.")
    if act.taken_back is not None:
        raise CannotAnswer("That was taken back already.")
    if row.approval is not None and await _is_open(desk, row.approval):
        refused = await take_proposal_back(desk.tx, desk.gate, row.approval, person=known(turn), turn=turn.id)
        if refused is not None:
            names = await names_of_people(desk.tx)
            raise CannotAnswer(said(refused, await approval_row(desk.tx, row.approval), turn, names))
    else:
        await _reverse(turn, desk, row, action)
    act.taken_back = desk.now


async def _reverse(turn: Turn, desk: Desk, row: EffectRow, action: Action) -> None:
    outcome = outcome_of(row)
    if row.state in ("ready", "claimed"):
        raise CannotAnswer("It is being carried out this moment. Say it again in a few seconds.")
    if outcome is None or outcome.state is not OutcomeState.DONE:
        raise CannotAnswer("It was not carried out, so there is nothing to take back.")
    spec = desk.gate.registry.spec(action.type)
    opposite = spec.undo(action, outcome) if spec.undo is not None else None
    if opposite is None:
        raise CannotAnswer(f"I cannot take that back by myself. {action.rollback_plan}")
    effect = desk.memory.topic.get("effect")
    submitted = await submit(turn, desk, opposite, correcting=True)
    if submitted.approval is None and submitted.ruling.verdict is not Verdict.EXECUTE:
        raise CannotAnswer(not_done(submitted.ruling))
    undoing = (await desk.tx.execute(select(EffectRow).where(EffectRow.id == submitted.effect))).scalar_one()
    undoing.undoes = row.id
    if effect is not None:
        desk.memory.about(effect=effect)


async def _do(turn: Turn, desk: Desk, new: Action, *, instead_of: str, before: str | None) -> Reply:
    names = await names_of_people(desk.tx)
    submitted = await submit(turn, desk, new, correcting=True)
    what = new.described(names)
    act = note_act(turn, desk, effect=submitted.effect, before=before)
    if submitted.approval is not None:
        return await approval_reply(
            desk, await approval_row(desk.tx, submitted.approval), lead=_instead(instead_of)
        )
    if submitted.ruling.verdict is not Verdict.EXECUTE:
        raise CannotAnswer(not_done(submitted.ruling))
    if submitted.outcome is not None and submitted.outcome.state is not OutcomeState.DONE:
        raise CannotAnswer(f"{submitted.outcome.detail} Nothing was changed.")
    blocks = (Text((Bold(what), ". ", _instead(instead_of))),)
    undo = (Buttons((Button("Undo", UNDO, act.id),)),) if act is not None else ()
    text = f"{what}. {_instead(instead_of)}".strip()
    return Reply(
        text=text, cards=(Card("Changed" if instead_of else "Done as well", (*blocks, *undo), "good"),)
    )


def _instead(old: str) -> str:
    return f"It was: “{old}”." if old else ""


async def _effect(desk: Desk, act: ActRow) -> EffectRow:
    row = (await desk.tx.execute(select(EffectRow).where(EffectRow.id == act.effect))).scalar()
    if row is None:
        raise CannotAnswer("That cannot be changed any more.")
    return row


async def _is_open(desk: Desk, approval: str) -> bool:
    return (await approval_row(desk.tx, approval)).status == Status.OPEN.value
