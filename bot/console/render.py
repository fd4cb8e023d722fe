"""From messages and neutral cards to HTML. Everything is escaped; nothing in a card is trusted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from zlib import crc32
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bot.console.adapter import COUNTERSIGN
from bot.console.messages import Thread
from bot.console.residents import Residents
from bot.console.visit import Visitor
from bot.platforms.fact_words import fact_value
from bot.platforms.links import link_target
from bot.tables import ConsoleMessageRow
from bot.wire import reply_from_json
from handlers.conversation.cards import Reply

_TINTS = 8


@dataclass(frozen=True, slots=True)
class Author:
    """Who a message is by, as it is shown. `tint` (0 to 7) colours the initials."""

    name: str
    initials: str
    tint: int
    is_countersign: bool = False


@dataclass(frozen=True, slots=True)
class Shown:
    """A message ready to be shown. `version` changes with every edit."""

    id: str
    number: int
    channel: str
    thread: str
    author: Author
    is_mine: bool
    at: datetime
    version: str
    edited: datetime | None
    text: str
    reply: Reply | None


@dataclass(frozen=True, slots=True)
class ShownThread:
    """A thread as its channel lists it."""

    root: Shown
    replies: int
    last: Shown | None


def author_of(identity: str, residents: Residents) -> Author:
    """Countersign, the resident behind a console identity, or somebody who has left."""
    if identity == COUNTERSIGN:
        return Author("Countersign", "C", 0, is_countersign=True)
    person = identity.removeprefix("console:")
    resident = residents.find(person)
    return author(resident.person.name if resident else person, person)


def author(name: str, person: str) -> Author:
    """How a person is shown."""
    words = name.split()
    initials = "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper()
    return Author(name, initials, crc32(person.encode()) % _TINTS)


def shown(row: ConsoleMessageRow, residents: Residents, reader: Visitor) -> Shown:
    """A stored message as `reader` sees it."""
    return Shown(
        id=row.id,
        number=row.number,
        channel=row.channel,
        thread=row.thread,
        author=author_of(row.author, residents),
        is_mine=row.author == reader.identity,
        at=row.created,
        version=(row.edited or row.created).isoformat(),
        edited=row.edited,
        text=row.text_,
        reply=reply_from_json(row.reply) if row.reply else None,
    )


def shown_thread(thread: Thread, residents: Residents, reader: Visitor) -> ShownThread:
    """A thread's summary as `reader` sees it."""
    last = shown(thread.last, residents, reader) if thread.last else None
    return ShownThread(shown(thread.root, residents, reader), thread.replies, last)


def render(template: str, **context: Any) -> str:
    """A template of this folder, filled in."""
    return _environment().get_template(template).render(**context)


def template_module(template: str, **context: Any) -> Any:
    """A template's macros, as functions."""
    return _environment().get_template(template).make_module(context)


def moment(at: datetime, zone: str) -> str:
    """Day and time in the reader's time zone, with its name: `Mon 23 Nov 2026, 09:00 GMT`."""
    return f"{at.astimezone(ZoneInfo(zone)):%a %-d %b %Y, %H:%M %Z}"


def clock(at: datetime, zone: str) -> str:
    """Hours and minutes in the reader's time zone."""
    return f"{at.astimezone(ZoneInfo(zone)):%H:%M}"


def day(at: datetime, zone: str) -> str:
    """The day in the reader's time zone."""
    return f"{at.astimezone(ZoneInfo(zone)):%A, %-d %B %Y}"


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "link_target": link_target,
        "fact_value": fact_value,
        "moment": moment,
        "clock": clock,
        "day": day,
    }
    return made
