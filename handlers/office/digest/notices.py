"""A digest that was due, and a channel's that had to end."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from governance.people import Person
from handlers.conversation.cards import Card, Reply, Text
from handlers.conversation.desk import Desk
from handlers.notices import NoticeKind
from handlers.office.digest.compose import digest_reply
from handlers.office.digests.settings import DigestKind, recipient_for


async def due(desk: Desk, ids: Mapping[str, Any], person: Person | None) -> Reply | None:
    """What is new since the last one; nothing where there is nothing to say, or it was turned off since."""
    given = ids["since"]
    since = {kind: datetime.fromisoformat(given[kind]) for kind in DigestKind if kind in given}
    if person is not None:
        settings = (await recipient_for(desk.tx, desk.department, person, desk.now)).settings
        since = {
            kind: moment
            for kind, moment in since.items()
            if settings[kind].is_on and not settings[kind].is_paused(desk.now)
        }
    return await digest_reply(desk, person, since)


async def ended(_desk: Desk, ids: Mapping[str, Any], _person: Person | None) -> Reply | None:
    """Whoever set a channel's digest hears that it is not posted any more, and why."""
    text = f"The {DigestKind(ids['kind']).label} is not posted to #{ids['channel']} any more. {ids['why']}"
    return Reply(text=text, cards=(Card("Not posted any more", (Text((text,)),), "warning"),))


NOTICES = (NoticeKind("digest", due), NoticeKind("channel_digest_ended", ended))
