"""`overrule_agent`: an agent's decision is reversed, and no agent takes it again."""

from __future__ import annotations

import re

from sqlalchemy import ColumnElement, select

from governance.action import Action, OutcomeState
from governance.actions.overruling import overrule_agent
from governance.effects import outcome_of
from governance.overrides.authority import may_overrule
from governance.people import Role
from governance.permissions import Refused, acts
from governance.tables import EffectRow
from governance.visibility import EVERYTHING
from handlers.conversation.approval_card import needed
from handlers.conversation.cards import (
    Block,
    Bold,
    Bullets,
    Button,
    Buttons,
    Card,
    Form,
    Input,
    Moment,
    Reply,
    Text,
)
from handlers.conversation.desk import Desk
from handlers.conversation.handler import Asked, CannotAnswer, Group, Handler, Risk
from handlers.conversation.origin import known
from handlers.conversation.reasons import reason_in, reason_or_words
from handlers.conversation.submitting import do_now, submit
from handlers.conversation.turn import Clicked, Turn
from handlers.conversation.wording import listed, names_of_people
from handlers.language.kinds import written_id
from handlers.language.resolver import Found, resolve
from handlers.language.words import plain
from handlers.office.audit_log.finding import speaks_of_it

_EFFECT = re.compile(r"\bef_[0-9a-f]{16}\b")
_AGENT = re.compile(r"\b(?P<agent>[\w ]+?) agents?\b")
_SHOWN = 5


async def answer(turn: Turn, asked: Asked, desk: Desk) -> Reply:
    """Overrule what is unmistakably meant; else show an agent's latest decisions to choose from."""
    allowed = may_overrule(known(turn).roles)
    if isinstance(allowed, Refused):
        raise CannotAnswer(f"{allowed.why} It takes the {listed(allowed.who_may, 'or')}.")
    meant = await _meant(asked.text, desk)
    if meant is not None:
        return await _overrule(turn, desk, meant, reason_or_words(asked.text))
    return await _choose(asked.text, desk)


async def press(turn: Turn, desk: Desk) -> Reply:
    """The button beside one decision."""
    pressed = turn.what
    if not isinstance(pressed, Clicked):
        raise TypeError("a press is a click")
    row = (await desk.tx.execute(select(EffectRow).where(EffectRow.id == pressed.subject))).scalar()
    if row is None:
        raise CannotAnswer("That decision is not in the record.")
    reason = str(pressed.values.get("reason", "")).strip()
    return await _overrule(turn, desk, row, reason or "No reason was given.")


async def _overrule(turn: Turn, desk: Desk, row: EffectRow, reason: str) -> Reply:
    if row.actor["kind"] != "agent":
        raise CannotAnswer("A person decided that, not an agent; speak with them, or undo it yourself.")
    action = desk.gate.registry.decode(row.body)
    what = action.described(await names_of_people(desk.tx))
    decides = desk.gate.registry.spec(action.type).subject(action).decides
    if decides is None:
        raise CannotAnswer(f"“{what}” is nothing that an agent could decide again, so nothing is pinned.")
    await do_now(turn, desk, overrule_agent(row.id, row.decision_type, decides, reason))
    what_became = await _undo(turn, desk, row, action)
    text = f"Overruled: {what}. No agent decides this again: {decides}. {what_became}"
    blocks = (
        Text((Bold(what), f" is overruled: {reason}")),
        Text((f"No agent decides this again: {decides}. People may.",)),
        Text((what_became,)),
    )
    return Reply(text=text, cards=(Card("Overruled", blocks, "good"),))


async def _undo(turn: Turn, desk: Desk, row: EffectRow, action: Action) -> str:
    """Take back what was done, where it can be; in a sentence what became of it. The row is as it was found
    once it was locked: between the look at it and the overruling, a worker may have claimed it."""
    if row.state == "withdrawn":
        return "It had not been carried out, and will not be."
    if row.state == "claimed":
        return "It is being carried out this moment and cannot be stopped; overrule it again to take it back."
    outcome = outcome_of(row)
    if outcome is None or outcome.state is OutcomeState.FAILED:
        return "It had not been carried out, so there is nothing to take back."
    if outcome.state is OutcomeState.UNKNOWN:
        return "Nobody knows whether it was carried out: please look, and take it back by hand if it was."
    spec = desk.gate.registry.spec(action.type)
    opposite = spec.undo(action, outcome) if spec.undo is not None else None
    if opposite is None:
        by_hand = f"Its rollback plan: {action.rollback_plan}"
        return f"What was done cannot be taken back by me: {outcome.detail} {by_hand}"
    return await _submit_undo(turn, desk, row, opposite)


async def _submit_undo(turn: Turn, desk: Desk, row: EffectRow, opposite: Action) -> str:
    submitted = await submit(turn, desk, opposite)
    undoing = (await desk.tx.execute(select(EffectRow).where(EffectRow.id == submitted.effect))).scalar_one()
    undoing.undoes = row.id
    what = opposite.described(await names_of_people(desk.tx))
    if submitted.approval is not None and submitted.ruling.terms is not None:
        return f"Taking it back waits for {needed(submitted.ruling.terms.slots)}: {what}."
    if submitted.outcome is not None:
        return f"Taken back: {submitted.outcome.detail}"
    if undoing.state == "ready":
        return f"It is being taken back now: {what}."
    return f"It could not be taken back: {submitted.ruling.why}"


async def _meant(text: str, desk: Desk) -> EffectRow | None:
    """An effect by its id, by the story in it, or what this thread was about."""
    if named := _EFFECT.search(text):
        return await _one(desk, EffectRow.id == named[0])
    if ticket := written_id(desk, text, "story", "epic"):
        said = EffectRow.body["story"].astext == ticket.id, EffectRow.outcome["reference"].astext == ticket.id
        return await _one(desk, said[0] | said[1], EffectRow.actor["kind"].astext == "agent")
    if speaks_of_it(text) and "effect" in desk.memory.topic:
        found = await _one(desk, EffectRow.id == desk.memory.topic["effect"])
        return found if found is not None and found.actor["kind"] == "agent" else None
    return None


async def _choose(text: str, desk: Desk) -> Reply:
    conditions = [EffectRow.actor["kind"].astext == "agent", EffectRow.state != "refused"]
    agent = _AGENT.search(plain(text))
    named = await resolve(desk, agent["agent"], ("agent",), EVERYTHING) if agent else None
    if isinstance(named, Found):
        conditions.append(EffectRow.actor["id"].astext == named.id)
    query = select(EffectRow).where(*conditions).order_by(EffectRow.created.desc()).limit(_SHOWN)
    rows = list((await desk.tx.execute(query)).scalars())
    if not rows:
        who = f"the {named.name} agent" if isinstance(named, Found) else "an agent"
        raise CannotAnswer(f"There is no decision of {who} on record that could be overruled.")
    why = reason_in(text) or ""
    names = await names_of_people(desk.tx)
    decisions = [desk.gate.registry.decode(row.body).described(names) for row in rows]
    items = tuple(
        (Bold(decision), f", the {row.actor['id'].replace('_', ' ')} agent, ", Moment(row.created))
        for decision, row in zip(decisions, rows, strict=True)
    )
    buttons = tuple(_button(number, row, why) for number, row in enumerate(rows, 1))
    said = "Which decision? The latest are these; press the button beside the one that you mean."
    blocks: tuple[Block, ...] = (Text((said,)), Bullets(items, numbered=True), Buttons(buttons))
    return Reply(text=f"{said} {'; '.join(decisions)}.", cards=(Card("Which decision is overruled?", blocks),))


def _button(number: int, row: EffectRow, why: str) -> Button:
    form = Form("Overrule", "Overrule it", (Input("reason", "Why", "text", why),))
    return Button(f"Overrule {number}", "overrule_agent", row.id, "danger", form)


async def _one(desk: Desk, *conditions: ColumnElement[bool]) -> EffectRow | None:
    query = select(EffectRow).where(*conditions).order_by(EffectRow.created.desc()).limit(1)
    return (await desk.tx.execute(query)).scalar()


HANDLER = Handler(
    name="overrule_agent",
    purpose="Reverse an agent's decision, and keep it reversed",
    example="overrule the architect agent on that",
    group=Group.STOP,
    permission=acts(Role.ENGINEERING_DIRECTOR),
    answer=answer,
    presses={"overrule_agent": press},
    risk=Risk.DANGEROUS,
)
