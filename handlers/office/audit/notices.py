"""The whole log was worked out anew: it holds, or what does not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from governance.people import Person
from handlers.conversation.cards import Block, Bullets, Card, Code, Reply, Small, Text, Tone
from handlers.conversation.desk import Desk
from handlers.notices import NoticeKind
from handlers.office.audit_log import NOT_FOR_ALL


async def render(_desk: Desk, ids: Mapping[str, Any], _person: Person | None) -> Reply | None:
    """The result with what was compared, and the next step where something is wrong."""
    size, count = ids["size"], ids["count"]
    holds = count == 0
    text = (
        f"The audit log holds: {size} entries, {ids['checkpoints']} signed checkpoints, and"
        f" {ids['kept_outside']} kept outside the database all agree."
        if holds
        else f"The audit log does not hold: {count} faults in {size} entries. Keep the database as it is, and"
        " tell the compliance officer."
    )
    blocks: list[Block] = [Text((text,))]
    if not holds:
        blocks.append(Bullets(tuple((sentence,) for sentence in ids["findings"])))
        if count > len(ids["findings"]):
            blocks.append(Small((f"The first {len(ids['findings'])} of {count}; the command line lists all.",)))
    blocks += [Text((warning,)) for warning in ids["warnings"]]
    if ids["erased"]:
        blocks.append(Small((f"Texts that were erased, as entries of the log say: {ids['erased']}.",)))
    blocks.append(Small((f"{ids['origin']}, root ", Code(ids["root"]))))
    title = "The log holds" if holds else "The log does not hold"
    tone: Tone = "bad" if not holds else "warning" if ids["warnings"] else "good"
    card = Card(title, tuple(blocks), tone)
    return Reply(text=text, cards=(card,), restricted=NOT_FOR_ALL)


NOTICE = NoticeKind("log_verified", render)
