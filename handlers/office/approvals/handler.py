"""`approvals`: what waits for me, and deciding outside its thread."""

from __future__ import annotations

import re

from governance.approvals.store import NoSuchApproval, approval_row, ballot, open_approvals, state_of
from governance.people import Person
from governance.permissions import KNOWN, reads_everything
from governance.tables import ApprovalRow
from handlers.conversation import follow_ups
from handlers.conversation.approval_card import approval_reply
from handlers.conversation.cards import Reply
from handlers.conversation.deciding import (
    decide_on,
    no_such_approval,
    press_leave_open,
    press_with_condition,
)
from handlers.conversation.desk import Desk
from handlers.conversation.handler import Asked, CannotAnswer, Group, Handler
from handlers.conversation.origin import known
from handlers.conversation.reviewing import press_review
from handlers.conversation.turn import Clicked, Turn
from handlers.conversation.waiting import waiting, waiting_reply

_ID = re.compile(r"\bap_[0-9a-f]{10}\b")
_EVERYTHING = re.compile(r"\b(all|every(?:thing|body)?|whole|department)\b", re.IGNORECASE)
_WORD = re.compile(r"[a-z0-9][a-z0-9.-]{2,}")
_NOT_A_SUBJECT = re.compile(
    r"approv\w*|den[iy]\w*|reject\w*|decisions?|decide|requests?|wait\w*|pending|open|need\w*|sign\w*|votes?"
    r"|the|for|from|this|that|what|which|still|has|have|not|show|who|let|any|are|there|today|before|answer\w*"
    r"|yet|change|and|again|bring|card|please|queue|desk|outstanding|items|list|everything|all|every|awaiting"
)


async def answer(turn: Turn, asked: Asked, desk: Desk) -> Reply:
    """An approval named by its id is shown or, with plain words, decided on; otherwise what waits."""
    person = known(turn)
    named = _ID.search(asked.text)
    if named is not None:
        return await _one(turn, asked.text, named[0], person, desk)
    mine, others = await waiting(person, desk)
    about = _about(asked.text, [*mine, *others])
    if len(about) == 1:
        return await _shown(about[0], desk)
    if _EVERYTHING.search(asked.text) and reads_everything(person, desk.modes):
        listed = {row.id for row in (*mine, *others)}
        others = [*others, *(row for row, _ in await open_approvals(desk.tx) if row.id not in listed)]
    if not mine and not others:
        return Reply(text="Nothing waits for your decision, and nothing that you asked for waits for others.")
    return await waiting_reply(mine, others, desk)


async def _one(turn: Turn, text: str, approval: str, person: Person, desk: Desk) -> Reply:
    try:
        row = await approval_row(desk.tx, approval)
    except NoSuchApproval:
        raise CannotAnswer(no_such_approval(approval)) from None
    if desk.ordered and (taken := await follow_ups.take(turn, text, desk)) is not None:
        return taken.replies[0]  # a typed command; other words never come so far
    if not await _may_see(row, person, desk):
        raise CannotAnswer(f"There is no approval {approval} that you decide on or asked for.")
    return await _shown(row, desk)


async def _shown(row: ApprovalRow, desk: Desk) -> Reply:
    desk.memory.about(approval=row.id)
    return await approval_reply(desk, row)


async def _may_see(row: ApprovalRow, person: Person, desk: Desk) -> bool:
    if row.requester == person.id or reads_everything(person, desk.modes):
        return True
    state = state_of(row)
    cast = await ballot(desk.tx, person, desk.now)
    return person.id in state.asked or any(cast.fits(slot) for slot in state.terms.slots)


def _about(text: str, rows: list[ApprovalRow]) -> list[ApprovalRow]:
    """The approvals whose title has the most of the words that were said; none if no word is in any."""
    said = {word for word in _WORD.findall(text.lower()) if not _NOT_A_SUBJECT.fullmatch(word)}
    hits = [(len(said & set(_WORD.findall(row.title.lower()))), row) for row in rows]
    best = max((count for count, _ in hits), default=0)
    return [row for count, row in hits if count == best > 0]


async def approve(turn: Turn, desk: Desk) -> Reply:
    """The button Approve."""
    return await decide_on(turn, desk, _clicked(turn).subject, "approve")


async def deny(turn: Turn, desk: Desk) -> Reply:
    """The button Deny, with the reason from its form if one was given."""
    pressed = _clicked(turn)
    reason = str(pressed.values.get("reason", "")).strip()
    return await decide_on(turn, desk, pressed.subject, "deny", words=reason or None, reason=reason or None)


async def show(turn: Turn, desk: Desk) -> Reply:
    """A button that opens one approval's card."""
    return await _one(turn, "", _clicked(turn).subject, known(turn), desk)


def _clicked(turn: Turn) -> Clicked:
    if not isinstance(turn.what, Clicked):
        raise TypeError("a press is a click")
    return turn.what


HANDLER = Handler(
    name="approvals",
    purpose="What waits for your decision",
    example="what's waiting for me?",
    group=Group.DECIDE,
    permission=KNOWN,
    answer=answer,
    presses={
        "approve": approve,
        "deny": deny,
        "approve_if": press_with_condition,
        "approve_these": follow_ups.press_approve_these,
        "deny_these": follow_ups.press_deny_these,
        "leave_open": press_leave_open,
        "take_back": follow_ups.press_take_back,
        "show_approval": show,
        "review_emergency": press_review,
    },
)
