"""Follow-ups: written decisions about what is open in a thread, was shown in it, or is named by its id.

A written decision counts only when it is unmistakable, and of several open proposals only for those that it
names; otherwise nothing is decided, and buttons ask once more.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from sqlalchemy import select

from governance.approvals.counting import decide
from governance.approvals.decision import Refused, Status, Vote
from governance.approvals.store import ballot, state_of
from governance.approvals.voting import take_back
from governance.authority.conditions import Term, negated
from governance.tables import ApprovalRow
from handlers.conversation.cards import Card, Reply, Text
from handlers.conversation.conditions import cancelling_reply, conditions_in, denial_reply, not_read_reply
from handlers.conversation.deciding import decide_on, no_such_approval, said
from handlers.conversation.desk import Desk
from handlers.conversation.handler import CannotAnswer
from handlers.conversation.open_proposals import (
    Open,
    asked_back,
    narrowed,
    not_changed_reply,
    opened,
    still_open_text,
    unsure_reply,
    which_reply,
    wish_text,
)
from handlers.conversation.origin import known
from handlers.conversation.turn import Clicked, Turn
from handlers.conversation.wording import names_of_people, quoted
from handlers.delivery.blockers.executing import recommended
from handlers.delivery.plans.card import working_reply
from handlers.delivery.plans.product_question import plan_answered
from handlers.delivery.plans.requested_changes import change_wished
from handlers.language.conditions import ConditionNotRead
from handlers.language.decisions import Decision, OpenProposal
from handlers.language.follow_up import FollowUp, read_reply
from handlers.operations.incident.review import approve as approve_review
from handlers.operations.incident.review import waits_for_review
from storage import direct

INTENT = "approvals"
_LIST = 2
"""Open proposals from which on numbers mean them."""

# Asked of every message, and most threads have no proposal.
_OF_THREAD = "SELECT id FROM approvals WHERE thread = %(thread)s OR id = ANY(%(shown)s)"
_ID = re.compile(r"\bap_[0-9a-f]{10}\b")


@dataclass(frozen=True, slots=True)
class Taken:
    """A message that was a decision: the replies, and the requests that are left in it."""

    replies: tuple[Reply, ...]
    remaining: tuple[str, ...] = ()


async def take(turn: Turn, text: str, desk: Desk) -> Taken | None:
    """Take a message as a decision about what is open here; None if it is none."""
    if (answered_product := await _product(turn, text, desk)) is not None:
        return answered_product
    named = list(dict.fromkeys(_ID.findall(text)))
    candidates = await _proposals(turn, desk, named)
    asked, desk.memory.topic["asked"] = desk.memory.topic.get("asked", ""), ""
    open_now = [candidate for candidate in candidates if candidate.row.status == Status.OPEN.value]
    # Numbers are those of a proposal's items where one is open that has some.
    if not any(len(one.effects) > 1 for one in open_now) and len(open_now) < _LIST:
        ordered = await recommended(turn, text, desk, alone=not open_now)
        if ordered is not None:
            return Taken(ordered.replies, ordered.remaining)
    if not candidates:
        return await _reviewed(turn, text, desk)
    if asked and (answered := asked_back(text, asked, open_now)) is not None:
        if ":" in asked:
            return await _vote(turn, desk, open_now[0], answered)
        return await _each(turn, desk, open_now, answered)
    if len(open_now) > 1:
        return await _several(turn, text, desk, open_now)
    if not open_now and (taken := await _reviewed(turn, text, desk)) is not None:
        return taken
    proposal = (open_now or candidates)[-1]
    if open_now and (change := await change_wished(text, desk, proposal.row)) is not None:
        return Taken((change,))
    read = read_reply(_ID.sub("it", text) if named else text, proposal.described)
    if read is None or read.decision is Decision.NONE:
        return None
    if not open_now:
        # What was decided before stays so; somebody who votes on it hears how. A doubtful reply is speech.
        return await _vote(turn, desk, proposal, read) if _is_vote(read) and read.unmistakable else None
    if read.vague:
        return Taken((which_reply(desk, proposal.parts, read.decision, read.items),))
    if not read.unmistakable:
        return await _doubtful(desk, proposal, read)
    return await _act(turn, desk, proposal, read)


async def _reviewed(turn: Turn, text: str, desk: Desk) -> Taken | None:
    """“Approved.” in the thread of an incident that is over: its review."""
    incident = desk.memory.topic.get("incident")
    if incident is None or not await waits_for_review(desk, incident):
        return None
    read = read_reply(text, OpenProposal("review", f"Review of {incident}"))
    if read is None or read.decision is not Decision.APPROVE or not read.unmistakable or read.conditions:
        return None
    try:
        reply = await approve_review(turn, replace(desk, ordered=True), incident)
    except CannotAnswer as cannot:
        reply = Reply(text=str(cannot))
    return Taken((reply,), read.remaining)


async def _product(turn: Turn, text: str, desk: Desk) -> Taken | None:
    """The answer to which product the thread's plan is for."""
    try:
        answered = await plan_answered(turn, text, desk)
    except CannotAnswer as cannot:
        return Taken((Reply(text=str(cannot)),))
    if isinstance(answered, Reply):
        return Taken((replace(answered, key=None),))
    return None if answered is None else Taken((await working_reply(desk, answered),))


async def _proposals(turn: Turn, desk: Desk, named: Sequence[str]) -> list[Open]:
    """What was asked for in this thread or shown in it, oldest first; as it was listed where it was; what is
    named by its id alone."""
    listed = desk.memory.topic.get("listed", "").split()
    shown = list(named) or [*listed, desk.memory.topic.get("approval", "")]
    sought = {"thread": "" if named else turn.place.key, "shown": shown}
    found = [approval for (approval,) in await direct.rows(desk.tx, _OF_THREAD, sought)]
    if not found:
        return []
    query = (
        select(ApprovalRow).where(ApprovalRow.id.in_(found)).order_by(ApprovalRow.opened, ApprovalRow.number)
    )
    rows = list((await desk.tx.execute(query)).scalars())
    order = {approval: number for number, approval in enumerate(listed)}
    rows.sort(key=lambda row: order.get(row.id, len(order)))
    return [await opened(desk, row) for row in rows]


async def _several(turn: Turn, text: str, desk: Desk, open_now: Sequence[Open]) -> Taken | None:
    """A message where several proposals are open: each is decided only where it is named."""
    titles = tuple(f"{one.row.title} {one.kind} {one.row.id}" for one in open_now)
    prices = tuple(one.price for one in open_now)
    read = read_reply(text, OpenProposal("", "", titles, prices=prices, several=True))
    if read is None or read.decision is Decision.NONE:
        return None
    whole = not read.items and not read.denied
    if not read.unmistakable or whole or read.decision in (Decision.CANCEL, Decision.MODIFY):
        if read.decision is Decision.DEFER or (not _is_vote(read) and not read.unmistakable):
            return None
        likely = read.items if read.vague else tuple(range(1, len(open_now) + 1)) if read.everything else ()
        return Taken((which_reply(desk, open_now, read.decision, likely),))
    return await _each(turn, desk, open_now, read)


async def _each(turn: Turn, desk: Desk, open_now: Sequence[Open], read: FollowUp) -> Taken:
    """Each proposal that was named is decided by itself; what stays open is named."""
    replies: list[Reply] = []
    for number, proposal in enumerate(open_now, 1):
        if number in read.items:
            one = replace(read, decision=Decision.APPROVE, items=(), denied=())
        elif number in read.denied:
            one = replace(read, decision=Decision.DENY, items=(), denied=(), conditions=())
        else:
            continue
        taken = await _vote(turn, desk, proposal, one)
        replies += taken.replies
    left = [one for number, one in enumerate(open_now, 1) if number not in (*read.items, *read.denied)]
    if left:
        replies.append(Reply(text=still_open_text(left)))
    return Taken(tuple(replies), read.remaining)


async def _doubtful(desk: Desk, proposal: Open, read: FollowUp) -> Taken | None:
    """A decision that is none for certain: one under a condition that cannot wait, or merely likely words."""
    if read.conditions and read.decision is Decision.CANCEL:
        return Taken((await cancelling_reply(proposal.row, read.conditions),))
    if read.conditions and read.decision is Decision.DENY:
        return Taken(
            (await denial_reply(desk, proposal.row, read.conditions, await _instead(desk, proposal, read)),)
        )
    return Taken((unsure_reply(proposal),)) if _is_vote(read) else None


async def _instead(desk: Desk, proposal: Open, read: FollowUp) -> Term | None:
    """“deny if the load test fails” as an approval: unless it fails."""
    try:
        (condition,) = await conditions_in(desk, proposal.row, read.conditions)
    except ConditionNotRead as unread:
        if not unread.nearest:
            return None
        condition = unread.nearest[0]
    return negated(condition)


async def _act(turn: Turn, desk: Desk, proposal: Open, read: FollowUp) -> Taken:
    match read.decision:
        case Decision.APPROVE | Decision.DENY:
            return await _vote(turn, desk, proposal, read)
        case Decision.CANCEL:
            return await _cancel(turn, desk, proposal, read)
        case Decision.MODIFY:
            return Taken((not_changed_reply(proposal),), read.remaining)
        case _:
            waits = Text((f"{quoted(proposal.row.title)} stays open; nothing is done until it is decided.",))
            reply = Reply(text=str(waits.parts[0]), cards=(Card("Not yet, then", (waits,), "waiting"),))
            return Taken((reply,), read.remaining)


async def _vote(turn: Turn, desk: Desk, proposal: Open, read: FollowUp) -> Taken:
    """Cast an unmistakable vote, on the items that were chosen where some were."""
    ordered = replace(desk, ordered=True)
    choice: Literal["approve", "deny"] = "approve" if read.decision is Decision.APPROVE else "deny"
    try:
        conditions = await conditions_in(desk, proposal.row, read.conditions) if choice == "approve" else ()
    except ConditionNotRead as unread:
        return Taken((await not_read_reply(desk, proposal.row, unread),), read.remaining)
    approval, rest = proposal.row.id, ""
    whole = len(proposal.effects) in (len(read.items), len(read.denied))
    try:
        if not whole and (read.denied or read.items):
            await _demand_vote(turn, desk, proposal, choice)
            made = await narrowed(turn, ordered, proposal, read)
            if choice == "deny":
                return Taken((Reply(text=made.text),), read.remaining)
            approval, rest = made.approval or "", f" {made.text}"
        reply = await decide_on(
            turn,
            ordered,
            approval,
            choice,
            words=getattr(turn.what, "text", ""),
            reason=read.reason,
            conditions=conditions,
            notifications=read.notifications,
        )
    except CannotAnswer as cannot:
        reply = Reply(text=str(cannot))
    wishes = " ".join(wish_text(wish) for wish in read.notifications)
    return Taken((replace(reply, text=f"{reply.text}{rest} {wishes}".strip()),), read.remaining)


async def _demand_vote(turn: Turn, desk: Desk, proposal: Open, choice: Literal["approve", "deny"]) -> None:
    """Whoever may not decide narrows nothing down either. Raises CannotAnswer with why."""
    state = state_of(proposal.row)
    vote = Vote(await ballot(desk.tx, known(turn), desk.now), choice, desk.now)
    _, answer = decide(state, vote)
    if isinstance(answer, Refused):
        raise CannotAnswer(said(answer, proposal.row, turn, await names_of_people(desk.tx)))


async def _cancel(turn: Turn, desk: Desk, proposal: Open, read: FollowUp) -> Taken:
    person = known(turn)
    if proposal.row.requester != person.id:
        return await _vote(turn, desk, proposal, replace(read, decision=Decision.DENY))
    return Taken((await taken_back(turn, replace(desk, ordered=True), proposal.row),), read.remaining)


async def taken_back(turn: Turn, desk: Desk, row: ApprovalRow) -> Reply:
    """Take a proposal back for the person who asked for it, and say what became of it."""
    desk.demand_order(f"take {quoted(row.title)} back")
    refused = await take_back(desk.tx, desk.gate, row.id, person=known(turn), turn=turn.id)
    if refused is not None:
        return Reply(text=said(refused, row, turn, await names_of_people(desk.tx)))
    text = f"{quoted(row.title)} is taken back. Nothing is done."
    return Reply(text=text, cards=(Card("Taken back", (Text((text,)),)),))


async def press_take_back(turn: Turn, desk: Desk) -> Reply:
    """The button “Take it back now”."""
    (proposal,) = await _proposals(turn, desk, [_clicked(turn).subject]) or (None,)
    if proposal is None:
        raise CannotAnswer(no_such_approval(_clicked(turn).subject))
    return await taken_back(turn, desk, proposal.row)


async def press_approve_these(turn: Turn, desk: Desk) -> Reply:
    """The button “Yes, approve both”: each of several proposals, or items of one."""
    return await _press_these(turn, desk, Decision.APPROVE)


async def press_deny_these(turn: Turn, desk: Desk) -> Reply:
    """The button “Deny 2” of a list: that item alone."""
    return await _press_these(turn, desk, Decision.DENY)


async def _press_these(turn: Turn, desk: Desk, decision: Decision) -> Reply:
    subjects = [subject.partition(":") for subject in _clicked(turn).subject.split()]
    found = await _proposals(turn, desk, [approval for approval, _, _ in subjects])
    items = tuple(int(item) for _, _, item in subjects if item.isdigit())
    if not found:
        raise CannotAnswer(no_such_approval(subjects[0][0]))
    denied = items if decision is Decision.DENY else ()
    read = FollowUp(decision, items=() if denied else items, denied=denied)
    taken = [await _vote(turn, desk, proposal, read) for proposal in found]
    replies = [reply for one in taken for reply in one.replies]
    cards = tuple(card for reply in replies for card in reply.cards)
    return Reply(text=" ".join(reply.text for reply in replies), cards=cards)


def _clicked(turn: Turn) -> Clicked:
    if not isinstance(turn.what, Clicked):
        raise TypeError("a press is a click")
    return turn.what


def _is_vote(read: FollowUp) -> bool:
    return read.decision in (Decision.APPROVE, Decision.DENY)
