"""The inbox: everything that comes in is stored before it is acknowledged, once."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from bot.wire import place_to_json
from governance import outside_text
from governance.places import Audience, Place
from storage import direct
from storage.jobs import DEFERRED, job_values

LONGEST_TEXT = 12_000
"""Characters of one message that are read; a platform's own limit is lower, a paste may not be. Of a longer
one the beginning is kept for the record, and it is answered that nothing was done."""

CLICK_PRIORITY = 10
HALT_PRIORITY = 100

# One round trip, for it is what a platform waits for: whoever stores the row also queues its turn.
_STORE = f"""
    WITH stored AS (
        INSERT INTO inbox (id, platform, key, identity, place, what)
        VALUES (%(id)s, %(platform)s, %(key)s, %(identity)s, %(place)s, %(what)s)
        ON CONFLICT DO NOTHING RETURNING id
    )
    SELECT {DEFERRED} FROM stored
"""  # noqa: S608 - of constants

_STORE_TAKEN = """
    INSERT INTO inbox (id, platform, key, identity, place, what, state, finished)
    VALUES (%(id)s, %(platform)s, %(key)s, %(identity)s, %(place)s, %(what)s, 'done', clock_timestamp())
    ON CONFLICT DO NOTHING RETURNING id
"""

_HALTING = re.compile(r"\b(stop|halt|kill|freeze|emergency|abort)\b", re.IGNORECASE)


async def store_words(
    tx: AsyncSession,
    *,
    platform: str,
    key: str,
    identity: str,
    place: Place,
    text: str,
    overheard: bool = False,
) -> str | None:
    """Store something said, and queue its turn. None if this event was stored before.

    Turns of a thread run one at a time, so that answers come in order, and so do those of a direct
    conversation, whose threads are one person's; words that may mean a halt wait for nobody. What was
    `overheard` is answered only if it is understood.
    """
    read = clean(text)
    what: dict[str, Any] = {"kind": "said", "text": read} | ({"overheard": True} if overheard else {})
    if len(text) > LONGEST_TEXT:
        what["cut_from"] = len(text)
    urgent = bool(_HALTING.search(read[:200]))
    return await _store(
        tx,
        platform=platform,
        key=key,
        identity=identity,
        place=place,
        what=what,
        lock=None if urgent else _in_order(place),
        priority=HALT_PRIORITY if urgent else 0,
    )


def _in_order(place: Place) -> str:
    here = f"{place.platform}:{place.channel}" if place.audience is Audience.DIRECT else place.key
    return f"turn:{here}"


async def store_click(
    tx: AsyncSession,
    *,
    platform: str,
    key: str,
    identity: str,
    place: Place,
    token: str,
    values: Mapping[str, str | list[str]],
) -> str | None:
    """Store a pressed button by its token, and queue its turn. None if this press was stored before."""
    what = {"kind": "clicked", "token": token, "values": dict(values)}
    return await _store(
        tx,
        platform=platform,
        key=key,
        identity=identity,
        place=place,
        what=what,
        lock=None,
        priority=CLICK_PRIORITY,
    )


async def store_taken(
    tx: AsyncSession, *, platform: str, key: str, identity: str, place: Place, what: Mapping[str, Any]
) -> bool:
    """Store what its platform alone understands and takes at once, without a turn. False if it was stored
    before."""
    row = {
        "id": f"tu_{secrets.token_hex(8)}",
        "platform": platform,
        "key": key,
        "identity": identity,
        "place": direct.Jsonb(place_to_json(place)),
        "what": direct.Jsonb(dict(what)),
    }
    return await direct.row(tx, _STORE_TAKEN, row) is not None


async def _store(
    tx: AsyncSession,
    *,
    platform: str,
    key: str,
    identity: str,
    place: Place,
    what: dict[str, Any],
    lock: str | None,
    priority: int,
) -> str | None:
    turn = f"tu_{secrets.token_hex(8)}"
    row = {
        "id": turn,
        "platform": platform,
        "key": key,
        "identity": identity,
        "place": direct.Jsonb(place_to_json(place)),
        "what": direct.Jsonb(what),
    }
    job = job_values(tx, "turn", {"turn": turn}, lock=lock, priority=priority)
    stored = await direct.row(tx, _STORE, row | job)
    return None if stored is None else turn


def clean(text: str) -> str:
    """What is read of a message: its words (see `governance.outside_text`), bounded in length."""
    return outside_text.clean(text[: LONGEST_TEXT * 2])[:LONGEST_TEXT].strip()
