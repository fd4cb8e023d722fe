"""What waits: open approvals where somebody's vote would count, and those that they asked for."""

from __future__ import annotations

from governance.approvals.counting import decide, missing
from governance.approvals.decision import Approved, Consented, Recorded, Vote
from governance.approvals.store import ballot, hold, open_approvals, state_of
from governance.people import Person
from governance.tables import ApprovalRow
from handlers.conversation.approval_card import approval_reply, needed
from handlers.conversation.cards import Block, Bullets, Card, Code, Inline, Moment, Reply, Small
from handlers.conversation.desk import Desk
from handlers.conversation.wording import counted, names_of_people

SHOWN = 5
"""Cards shown in full; the others are listed."""


async def waiting(person: Person, desk: Desk) -> tuple[list[ApprovalRow], list[ApprovalRow]]:
    """Open approvals where this person's vote would count, and those that they asked for or that wait for a
    condition which they set."""
    cast = await ballot(desk.tx, person, desk.now)
    mine: list[ApprovalRow] = []
    others: list[ApprovalRow] = []
    for row, state in await open_approvals(desk.tx):
        _, counts = decide(state, Vote(cast, "approve", desk.now))
        voted = any(vote.ballot.voter == person.id for vote in state.votes)
        if isinstance(counts, Recorded | Approved | Consented) and not voted:
            mine.append(row)
        elif voted or row.requester == person.id:
            others.append(row)
    return mine, others


async def waiting_reply(mine: list[ApprovalRow], others: list[ApprovalRow], desk: Desk) -> Reply:
    """The cards of what waits for somebody, and a list of what they wait for; there is some of either.

    Of several each has a number, which counts in the thread from now on.
    """
    desk.memory.about(listed=" ".join(row.id for row in mine) if len(mine) > 1 else "")
    if len(mine) == 1:
        desk.memory.about(approval=mine[0].id)
    for row in mine[:SHOWN]:
        await hold(desk.tx, row)
    shown = [await approval_reply(desk, row) for row in mine[:SHOWN]]
    cards = [_numbered(mine)] if len(mine) > 1 else []
    cards += [card for reply in shown for card in reply.cards]
    if mine[SHOWN:]:
        cards.append(Card("Also waiting for you", (await _lines(mine[SHOWN:], desk),)))
    if others:
        cards.append(Card("Waiting for others", (await _lines(others, desk),)))
    text = "Nothing waits for you"
    if mine:
        waits = counted(len(mine), "decision waits", "decisions wait")
        titles = (f"{n}. {row.title}" if len(mine) > 1 else row.title for n, row in enumerate(mine, 1))
        text = f"{waits} for you: {'; '.join(titles)}"
    if others:
        waits = counted(len(others), "request waits", "requests wait")
        text += f". {waits} for others: {'; '.join(row.title for row in others)}"
    facts = tuple(fact for reply in shown for fact in reply.facts)
    return Reply(text=f"{text}.", cards=tuple(cards), facts=facts)


def _numbered(rows: list[ApprovalRow]) -> Card:
    items: tuple[tuple[Inline, ...], ...] = tuple((row.title,) for row in rows)
    how = "Decide with the buttons below, or in words: “approve 1, not 2”."
    blocks: tuple[Block, ...] = (Bullets(items, numbered=True), Small((how,)))
    return Card(f"{counted(len(rows), 'decision waits', 'decisions wait')} for you", blocks, "waiting")


async def _lines(rows: list[ApprovalRow], desk: Desk) -> Bullets:
    names = await names_of_people(desk.tx)
    items: list[tuple[Inline, ...]] = []
    for row in rows:
        state = state_of(row)
        by = f", asked for by {names[row.requester]}" if row.requester else ""
        needs = f"{by}; needs {needed(missing(state))} until "
        items.append((Code(row.id), f" {row.title}{needs}", Moment(state.deadlines.expires)))
    return Bullets(tuple(items))
