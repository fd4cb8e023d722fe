"""Carrying out what was recommended, by its number: "execute 1 and 2", or the buttons.

What is submitted is the very action that the card showed, each through the gate by itself. Whoever orders one
that needs an approval which their own vote may give has given it with the order.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from agents.delivery_causes.diagnosis import outlook_once_ended
from agents.delivery_causes.evidence import Evidence
from agents.delivery_causes.gathering import gather
from agents.delivery_causes.rows import (
    Kept,
    NoSuchReport,
    note_effect,
    remedies_of,
    report_by_id,
    wanted_of,
)
from agents.delivery_causes.tables import DelayReportRow
from governance.action import Verdict
from governance.approvals.store import approval_row, ballot
from governance.facts import Source
from governance.gate import Submitted
from governance.permissions import Refused
from governance.visibility import scope_of
from handlers.catalogue import may_request
from handlers.conversation.cards import Button, Buttons, Card, Reply, Text
from handlers.conversation.deciding import decide_on
from handlers.conversation.desk import Desk
from handlers.conversation.handler import CannotAnswer
from handlers.conversation.origin import known
from handlers.conversation.submitting import asked_reply, not_done, submit
from handlers.conversation.turn import Clicked, Turn
from handlers.conversation.wording import counted
from handlers.delivery.blockers.card import DO, outlook_facts, outlook_text
from handlers.language.decisions import Decision, OpenProposal
from handlers.language.follow_up import FollowUp, read_reply
from integrations.tracker import TrackerError

_NEEDS = {"deployments.roll_back": "rollback", "tracker.assign_stories": "allocate_agents"}
"""The request by which an action is ordered otherwise: who may not ask for that does not order it here."""
_REVIEW = re.compile(r"\breviews?\b", re.IGNORECASE)
_ABOUT = re.compile(r"\b(?:about|regarding|of|on the|for the)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Ordered:
    """What became of words about the thread's recommendations; `remaining` are requests that are left."""

    replies: tuple[Reply, ...]
    remaining: tuple[str, ...] = ()


async def report_meant(desk: Desk, report: str, *, lock: bool = False) -> DelayReportRow:
    """The report of a card. Raises CannotAnswer."""
    try:
        return await report_by_id(desk.tx, report, lock=lock)
    except NoSuchReport:
        raise CannotAnswer("What this card showed is not kept any more. Ask again what is blocked.") from None


async def recommended(turn: Turn, text: str, desk: Desk, *, alone: bool) -> Ordered | None:
    """Take words as an order of what the thread's last card recommends; None if they are none. `alone` says
    that nothing else is open here which a bare yes could mean."""
    report = desk.memory.topic.get("blockers")
    if report is None:
        return None
    try:
        row = await report_by_id(desk.tx, report)
    except NoSuchReport:
        return None
    kept = remedies_of(row)
    titles = tuple(one.title for one in kept)
    read = read_reply(text, OpenProposal("recommendations", row.title, titles, several=len(titles) > 1))
    if read is None or read.decision is not Decision.APPROVE:
        return None
    if not read.items:
        is_meant = alone and desk.memory.intent == "blockers"
        return Ordered((_which(row, kept),), read.remaining) if is_meant else None
    if not read.unmistakable or read.conditions or read.vague:
        return Ordered((_which(row, kept, read.items),), read.remaining)
    try:
        replies = await carry_out(turn, replace(desk, ordered=True), report, read.items)
    except CannotAnswer as cannot:
        replies = (Reply(text=str(cannot)),)
    return Ordered(replies, _remaining(kept, read))


def _remaining(kept: Sequence[Kept], read: FollowUp) -> tuple[str, ...]:
    """The requests that are left: those that were said, and chosen ones that another request carries out. A
    review that is said without its subject is of what was recommended."""
    review = next((one for one in kept if one.words), None)
    said = []
    for words in read.remaining:
        about = f" about {review.words.rpartition(' about ')[2]}" if review and not _ABOUT.search(words) else ""
        said.append(f"{words}{about}" if _REVIEW.search(words) else words)
    chosen = [kept[number - 1].words for number in read.items if kept[number - 1].words]
    return (*said, *(words for words in chosen if not any(_REVIEW.search(one) for one in said)))


def _which(row: DelayReportRow, kept: Sequence[Kept], likely: Sequence[int] = ()) -> Reply:
    """Nothing was done: each recommendation has its own button."""
    buttons = tuple(
        Button(f"Execute {number}", DO, f"{row.id} {number}", "primary")
        for number, one in enumerate(kept, 1)
        if one.body is not None and one.effect is None and (not likely or number in likely)
    )
    text = "Which of them? Say their numbers, such as “execute 1 and 2”. Nothing was done yet."
    return Reply(text, (Card("Which of these?", (Text((text,)), Buttons(buttons)), "waiting"),))


async def press_do(turn: Turn, desk: Desk) -> Reply:
    """The button “Execute 1”."""
    if not isinstance(turn.what, Clicked):
        raise TypeError("a press is a click")
    report, _, number = turn.what.subject.partition(" ")
    replies = await carry_out(turn, desk, report, (int(number),))
    return Reply(
        " ".join(reply.text for reply in replies),
        tuple(card for reply in replies for card in reply.cards),
        tuple(fact for reply in replies for fact in reply.facts),
    )


async def carry_out(turn: Turn, desk: Desk, report: str, numbers: Sequence[int]) -> tuple[Reply, ...]:
    """Submit these, each once, and say what became of each, and the estimate that follows. Raises
    CannotAnswer."""
    person = known(turn)
    if not scope_of(person).everything:
        raise CannotAnswer("These are for the department to carry out. Nothing was done.")
    chosen = [one for one in remedies_of(await report_meant(desk, report)) if one.cause]
    seen = await _seen(desk, report) if chosen else None  # before anything is changed
    row = await report_meant(desk, report, lock=True)  # two clicks at once are one
    kept = remedies_of(row)
    replies: list[Reply] = []
    ended: list[str] = []
    for number in numbers:
        if not 1 <= number <= len(kept):
            replies.append(Reply(f"There is no number {number} among {counted(len(kept), 'recommendation')}."))
            continue
        if kept[number - 1].body is None:
            continue  # another request carries it out
        reply, is_ordered = await _one(turn, desk, row, number, kept[number - 1])
        replies.append(reply)
        if is_ordered and kept[number - 1].cause:
            ended.append(kept[number - 1].cause)
    if ended and seen is not None:
        replies.append(await _estimate(row.title, seen, desk.now, [*ended, *_ordered_before(kept)]))
    return tuple(replies)


async def _seen(desk: Desk, report: str) -> Evidence:
    wanted = wanted_of(await report_meant(desk, report))
    try:
        return await gather(desk.tx, desk.ports, desk.department, desk.now, wanted)
    except TrackerError as refused:
        raise CannotAnswer(f"That could not be looked up, so nothing was done: {refused}") from refused


def _ordered_before(kept: Sequence[Kept]) -> list[str]:
    return [one.cause for one in kept if one.effect is not None and one.cause]


async def _one(turn: Turn, desk: Desk, row: DelayReportRow, number: int, one: Kept) -> tuple[Reply, bool]:
    """One recommendation; whether it is done or under way."""
    if one.effect is not None:
        return Reply(f"{number}: “{one.title}” was ordered already."), False
    action = desk.gate.registry.decode(one.body or {})
    request = _NEEDS.get(action.type)
    if request is not None:
        allowed = may_request(turn.person, request, desk.modes)
        if isinstance(allowed, Refused) or not allowed.acts:
            return Reply(f"{number}: “{one.title}” is not yours to order. Nothing was done of it."), False
    submitted = await submit(turn, desk, action)
    if submitted.ruling.verdict in (Verdict.REFUSE, Verdict.PEOPLE_ONLY):
        return Reply(f"{number}: {not_done(submitted.ruling)}"), False
    note_effect(row, number, submitted.effect)
    if submitted.approval is not None and await _may_vote(turn, desk, submitted):
        words = turn.what.text if not isinstance(turn.what, Clicked) else None
        return await decide_on(turn, desk, submitted.approval, "approve", words=words), True
    reply = await asked_reply(desk, action, submitted)
    return replace(reply, text=f"{number}: {reply.text}"), submitted.approval is None


async def _may_vote(turn: Turn, desk: Desk, submitted: Submitted) -> bool:
    """Whether the vote of who ordered it alone gives the approval."""
    terms = submitted.ruling.terms
    if terms is None or not terms.requester_may_vote or len(terms.slots) != 1:
        return False
    row = await approval_row(desk.tx, submitted.approval or "")
    own = await ballot(desk.tx, known(turn), desk.now)
    return row.requester == known(turn).id and own.fits(terms.slots[0])


async def _estimate(title: str, seen: Evidence, now: datetime, causes: Sequence[str]) -> Reply:
    """When it is done once these causes end today."""
    outlook = await asyncio.to_thread(outlook_once_ended, seen, tuple(dict.fromkeys(causes)))
    before = await asyncio.to_thread(outlook_once_ended, seen, ())
    said = outlook_text(outlook)
    text = f"With that, {title}: {said[:1].lower()}{said[1:]}"
    if (outlook.half or outlook.scheduled) == (before.half or before.scheduled):
        text += " That is no earlier than without it: other work decides the date."
    source = Source("computation", "the schedule where what is dealt with ends today", tuple(causes))
    return Reply(text, facts=tuple(outlook_facts(outlook, now, source)))
