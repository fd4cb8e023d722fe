"""Follow-ups: written decisions about what was last proposed in a thread.

A written decision counts only when it is unmistakable and one proposal is open; otherwise nothing is
decided, and the card's buttons ask once more.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from sqlalchemy import select

from agents.plans.wishes import understood
from governance.approvals.decision import Status
from governance.approvals.voting import take_back
from governance.authority.conditions import Condition
from governance.effects import Origin, actor_of, effects_of
from governance.gate import Asking
from governance.tables import ApprovalRow, EffectRow
from handlers.conversation.cards import Button, Buttons, Card, Reply, Text
from handlers.conversation.conditions import UncheckableCondition, read_condition
from handlers.conversation.deciding import decide_on, said
from handlers.conversation.desk import Desk
from handlers.conversation.handler import CannotAnswer
from handlers.conversation.origin import known
from handlers.conversation.turn import Turn
from handlers.conversation.wording import names_of_people, quoted
from handlers.language.follow_up import Decision, FollowUp, OpenProposal, read_reply
from storage import direct

INTENT = "approvals"

# Asked of every message, and most threads have no proposal.
_OF_THREAD = "SELECT id FROM approvals WHERE thread = %(thread)s OR id = %(shown)s"


@dataclass(frozen=True, slots=True)
class Taken:
    """A message that was a decision: the replies, and the requests that are left in it."""

    replies: tuple[Reply, ...]
    remaining: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Open:
    """A proposal of the thread, with the actions that it asks for."""

    row: ApprovalRow
    effects: tuple[EffectRow, ...]
    summaries: tuple[str, ...]


async def take(turn: Turn, text: str, desk: Desk) -> Taken | None:
    """Take a message as a decision about the thread's open proposal; None if it is none."""
    candidates = await _proposals(turn, desk)
    if not candidates:
        return None
    open_now = [candidate for candidate in candidates if candidate.row.status == Status.OPEN.value]
    proposal = (open_now or candidates)[-1]
    read = read_reply(text, _described(proposal))
    if read is None or read.decision is Decision.NONE:
        return None
    if len(open_now) > 1:
        return Taken((_which(open_now),))
    if not open_now:
        # What was decided before stays so; somebody who votes on it hears how. A doubtful reply is speech.
        return await _vote(turn, desk, proposal, read) if _is_vote(read) and read.unmistakable else None
    if not read.unmistakable:
        return Taken((_unsure(proposal),)) if _is_vote(read) else None
    return await _act(turn, desk, proposal, read)


async def _act(turn: Turn, desk: Desk, proposal: _Open, read: FollowUp) -> Taken:
    match read.decision:
        case Decision.APPROVE | Decision.DENY:
            return await _vote(turn, desk, proposal, read)
        case Decision.CANCEL:
            return await _cancel(turn, desk, proposal, read)
        case Decision.MODIFY:
            text = f"Press Modify on the card of {quoted(proposal.row.title)} and say there what should change."
            return Taken((Reply(text=text),), read.remaining)
        case _:
            waits = Text((f"{quoted(proposal.row.title)} stays open; nothing is done until it is decided.",))
            reply = Reply(text=str(waits.parts[0]), cards=(Card("Not yet, then", (waits,), "waiting"),))
            return Taken((reply,), read.remaining)


async def _vote(turn: Turn, desk: Desk, proposal: _Open, read: FollowUp) -> Taken:
    choice: Literal["approve", "deny"] = "approve" if read.decision is Decision.APPROVE else "deny"
    try:
        conditions = tuple(read_condition(words) for words in read.conditions)
    except UncheckableCondition as words:
        return Taken((_cannot_check(proposal, str(words)),))
    approval = proposal.row.id
    try:
        if choice == "approve" and read.items and len(read.items) < len(proposal.effects):
            approval = await _narrow(turn, desk, proposal, read.items)
        reply = await decide_on(
            turn,
            desk,
            approval,
            choice,
            words=_words(turn),
            conditions=conditions,
            notifications=read.notifications,
        )
    except CannotAnswer as cannot:
        reply = Reply(text=str(cannot))
    return Taken((_with_terms(reply, conditions, read.notifications),), read.remaining)


async def _narrow(turn: Turn, desk: Desk, proposal: _Open, items: tuple[int, ...]) -> str:
    """A new proposal of the chosen items alone, which takes the old one's place."""
    chosen = [proposal.effects[item - 1] for item in items]
    submitted = await desk.gate.submit_all(
        desk.tx,
        [desk.gate.registry.decode(effect.body) for effect in chosen],
        actor=actor_of(chosen[0]),
        origin=Origin(turn.id, proposal.row.place),
        asking=Asking(
            title=f"{proposal.row.title} (items {', '.join(map(str, items))})",
            notifications=tuple(proposal.row.notifications),
            supersedes=proposal.row.id,
        ),
    )
    made = next((one.approval for one in submitted if one.approval), None)
    if made is None:
        raise CannotAnswer(f"These cannot be approved now: {submitted[0].ruling.why}")
    return made


async def _cancel(turn: Turn, desk: Desk, proposal: _Open, read: FollowUp) -> Taken:
    person = known(turn)
    if proposal.row.requester != person.id:
        return await _vote(turn, desk, proposal, replace(read, decision=Decision.DENY))
    refused = await take_back(desk.tx, desk.gate, proposal.row.id, person=person, turn=turn.id)
    if refused is not None:
        return Taken((Reply(text=said(refused, proposal.row, turn, await names_of_people(desk.tx))),))
    text = f"{quoted(proposal.row.title)} is taken back. Nothing is done."
    return Taken((Reply(text=text, cards=(Card("Taken back", (Text((text,)),)),)),), read.remaining)


async def _proposals(turn: Turn, desk: Desk) -> list[_Open]:
    """The approvals that were asked for in this thread or shown in it, oldest first."""
    sought = {"thread": turn.place.key, "shown": desk.memory.topic.get("approval", "")}
    found = [approval for (approval,) in await direct.rows(desk.tx, _OF_THREAD, sought)]
    if not found:
        return []
    query = select(ApprovalRow).where(ApprovalRow.id.in_(found)).order_by(ApprovalRow.opened)
    return [await _opened(desk, row) for row in (await desk.tx.execute(query)).scalars()]


async def _opened(desk: Desk, row: ApprovalRow) -> _Open:
    effects = tuple(await effects_of(desk.tx, row.id))
    names = await names_of_people(desk.tx)
    summaries = tuple(desk.gate.registry.decode(effect.body).described(names) for effect in effects)
    return _Open(row, effects, summaries)


def _described(proposal: _Open) -> OpenProposal:
    kind = proposal.row.decision_type.replace("_", " ")
    return OpenProposal(kind, proposal.row.title, proposal.summaries)


def _is_vote(read: FollowUp) -> bool:
    return read.decision in (Decision.APPROVE, Decision.DENY)


def _words(turn: Turn) -> str:
    return getattr(turn.what, "text", "")


def _unsure(proposal: _Open) -> Reply:
    row = proposal.row
    text = f"I did not count this as a decision on {quoted(row.title)}. If you mean it, press the button."
    return Reply(text=text, cards=(Card("Is that a decision?", (Text((text,)), _buttons(row)), "waiting"),))


def _which(proposals: list[_Open]) -> Reply:
    text = "More than one proposal is open here, so I counted no vote. Which one do you mean?"
    cards = [Card(one.row.title, (_buttons(one.row),), "waiting") for one in proposals]
    return Reply(text=text, cards=(Card("Which one?", (Text((text,)),), "waiting"), *cards))


def _cannot_check(proposal: _Open, words: str) -> Reply:
    row = proposal.row
    text = (
        f"I cannot check the condition “{words}” by myself, so I counted no vote on {quoted(row.title)}."
        " Decide it without the condition, or wait until you know."
    )
    return Reply(text=text, cards=(Card("I cannot check that", (Text((text,)), _buttons(row)), "warning"),))


def _with_terms(reply: Reply, conditions: tuple[Condition, ...], notifications: tuple[str, ...]) -> Reply:
    said_also = [f"It is carried out only if this holds then: {condition}." for condition in conditions]
    for wish in notifications:
        event = understood(wish)
        said_also.append(f"You will hear of {event}." if event else f"I cannot tell you of “{wish}” yet.")
    return replace(reply, text=" ".join([reply.text, *said_also])) if said_also else reply


def _buttons(row: ApprovalRow) -> Buttons:
    return Buttons(
        (
            Button("Approve", "approve", row.id, "primary"),
            Button("Deny", "deny", row.id, "danger"),
        )
    )
