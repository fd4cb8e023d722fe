"""How the dashboard names people and places."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from bot.console.adapter import direct_channel
from bot.console.residents import Residents
from bot.console.visit import Visit
from bot.outbox import place_of
from bot.wire import place_from_json
from governance.people import Person
from governance.places import Audience, Place


def name_of(residents: Residents, person: str | None) -> str:
    """A person's name; their id if they have left; who it was if it was nobody."""
    if person is None:
        return "Countersign itself"
    known = residents.find(person)
    return known.person.name if known else person


def card_address(place: Mapping[str, Any] | None, residents: Residents, reader: Person) -> str | None:
    """Where the reader finds the card of something, if it was posted where they read in the console."""
    if place is None:
        return None
    posted = place_from_json(dict(place))
    if posted.platform != "console" or residents.channel_for(reader, posted.channel) is None:
        return None
    return _address(posted)


async def own_card_address(visiting: Visit, approval: str) -> str | None:
    """Where the reader finds the card of an approval that was posted to them alone, in the console."""
    own = Place("console", direct_channel(visiting.reader.person.id), "", Audience.DIRECT)
    posted = await place_of(visiting.tx, approval, own)
    return None if posted is None else _address(posted)


def _address(posted: Place) -> str:
    return f"/console/in/{quote(posted.channel, safe='')}?thread={quote(posted.thread, safe='')}"
