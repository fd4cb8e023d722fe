"""What came of a turn, for the command line: as text, and as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from bot.console.adapter import direct_channel
from bot.tables import InboxRow, OutboxRow
from bot.wire import place_from_json, reply_from_json
from governance.tables import ApprovalRow

_REFUSED = text("SELECT 1 FROM audit_entries WHERE turn = :turn AND kind = 'refusal' LIMIT 1")

_NUMBERED = text(
    "SELECT leaf.number FROM audit_entries AS entry JOIN audit_leaves AS leaf ON leaf.entry = entry.id"
    " WHERE entry.turn = :turn ORDER BY leaf.number"
)


@dataclass(frozen=True, slots=True)
class Answered:
    """A turn's answer. `texts` are the messages in order, edited ones as they ended; it was `done` if nothing
    was refused and nothing failed."""

    turn: str
    done: bool
    intent: str | None
    confidence: float
    thread: str
    texts: tuple[str, ...]
    cards: tuple[dict[str, Any], ...]
    facts: tuple[dict[str, Any], ...]
    approvals: tuple[dict[str, str], ...]
    audit: tuple[int, ...]

    def as_text(self) -> str:
        """What a person reads in a terminal."""
        return "\n\n".join(self.texts)

    def as_json(self) -> dict[str, Any]:
        """Everything, for programs."""
        return {
            "turn": self.turn,
            "done": self.done,
            "intent": self.intent,
            "confidence": round(self.confidence, 4),
            "thread": self.thread,
            "text": self.as_text(),
            "cards": list(self.cards),
            "facts": list(self.facts),
            "approvals": list(self.approvals),
            "audit": list(self.audit),
        }


async def read_answer(tx: AsyncSession, turn: str) -> Answered:
    """What a settled turn came to, as far as whoever asked hears of it: what others are told is theirs."""
    asked = (await tx.execute(select(InboxRow).where(InboxRow.id == turn))).scalar_one()
    posted = (
        (await tx.execute(select(OutboxRow).where(OutboxRow.turn == turn).order_by(OutboxRow.number)))
        .scalars()
        .all()
    )
    place = place_from_json(asked.place)
    own = direct_channel(asked.identity.removeprefix("console:"))
    heard = [row for row in posted if row.thread == place.key or row.place["channel"] == own]
    last: dict[tuple[str, str], OutboxRow] = {(row.thread, row.key or row.id): row for row in heard}
    stored = [row.reply for row in last.values()]
    approvals = await tx.execute(
        select(ApprovalRow.id, ApprovalRow.status, ApprovalRow.title)
        .where(ApprovalRow.turn == turn)
        .order_by(ApprovalRow.opened, ApprovalRow.number)
    )
    return Answered(
        turn=turn,
        done=asked.state == "done" and (await tx.execute(_REFUSED, {"turn": turn})).first() is None,
        intent=asked.intent,
        confidence=asked.confidence or 0.0,
        thread=place.thread,
        texts=tuple(reply_from_json(reply).text for reply in stored),
        cards=tuple(card for reply in stored for card in reply["cards"]),
        facts=tuple(fact for reply in stored for fact in reply["facts"]),
        approvals=tuple({"id": row.id, "state": row.status, "title": row.title} for row in approvals),
        audit=tuple((await tx.execute(_NUMBERED, {"turn": turn})).scalars()),
    )
