"""Giving a digest: what is due or asked for, in one message."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from governance.people import Person
from handlers.conversation.cards import Reply
from handlers.conversation.desk import Desk
from handlers.conversation.waiting import waiting, waiting_reply
from handlers.office.digests.daily import daily_reply
from handlers.office.digests.kinds import DigestKind
from handlers.office.digests.weekly import weekly_reply


async def digest_reply(desk: Desk, to: Person | None, since: Mapping[DigestKind, datetime]) -> Reply | None:
    """The kinds that `since` names, each with what was new since then; None where there is nothing to say.

    For a channel where `to` is None. A person's is for their eyes alone.
    """
    parts: list[Reply] = []
    for kind, moment in since.items():
        part = await _part(desk, to, kind, moment, DigestKind.APPROVALS not in since)
        if part is not None:
            parts.append(part)
    if not parts:
        return None
    return Reply(
        text=" ".join(part.text for part in parts),
        cards=tuple(card for part in parts for card in part.cards),
        facts=tuple(fact for part in parts for fact in part.facts),
        restricted=next((part.restricted for part in parts if part.restricted), None),
        personal=to is not None,
    )


async def _part(
    desk: Desk, to: Person | None, kind: DigestKind, since: datetime, lists_waiting: bool
) -> Reply | None:
    match kind:
        case DigestKind.DAILY:
            return await daily_reply(desk, to, since, lists_waiting=lists_waiting)
        case DigestKind.WEEKLY:
            return await weekly_reply(desk, to, since)
        case DigestKind.APPROVALS if to is not None:
            mine, _ = await waiting(to, desk)
            return await waiting_reply(mine, [], desk) if mine else None
        case _:
            return None
