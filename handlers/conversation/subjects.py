"""Which things a message means: found by the resolver, or an answer that asks with buttons or says what is not
there."""

from __future__ import annotations

import re
from collections.abc import Collection

from governance.directory import people
from governance.people import Person
from governance.permissions import Refused
from governance.visibility import EVERYTHING
from handlers.catalogue import may_request
from handlers.conversation.cards import Button, Buttons, Card, Reply, Text
from handlers.conversation.desk import Desk
from handlers.conversation.handler import CannotAnswer
from handlers.conversation.wording import listed
from handlers.language.kinds import Thing, find_kinds
from handlers.language.resolver import Found, NotThere, Several, resolve, resolve_all

_OFFERED = 5


class Unclear(CannotAnswer):
    """A name that fits several things, or none. The text asks which one, or says that it is not there."""

    def __init__(self, meant: Several | NotThere) -> None:
        super().__init__(said_of(meant))
        self.meant = meant

    def reply(self, request: str, text: str) -> Reply:
        """See `reply_of`."""
        return reply_of(self.meant, request, text)


def reply_of(meant: Several | NotThere, request: str, text: str) -> Reply:
    """A card with a button for each thing that may be meant, which asks for the same of it; or a sentence that
    there is no such thing, with near names as buttons. `request` is the catalogue's name, `text` its words.
    """
    if isinstance(meant, Several):
        offered = [one.thing for one in meant.candidates]
        title, why = "Which one do you mean?", "Several could be meant."
    else:
        offered, why = list(meant.nearest), said_of(meant)
        title = "Did you mean one of these?"
        if not offered:
            return Reply(text=why)
    buttons = tuple(
        Button(_called(thing), "ask", f"{request} {_with_id(text, meant.written, thing.id)}")
        for thing in offered[:_OFFERED]
    )
    return Reply(text=said_of(meant), cards=(Card(title, (Text((why,)), Buttons(buttons))),))


def said_of(meant: Several | NotThere) -> str:
    """The same in one sentence or two."""
    if isinstance(meant, Several):
        names = listed((_called(one.thing) for one in meant.candidates[:_OFFERED]), "or")
        return f"Which one do you mean: {names}?"
    kind = find_kinds()[meant.kind]
    if meant.by_id:
        return f"There is no {meant.written} that you may see."
    sentence = (kind.missing_here if meant.limited and kind.missing_here else kind.missing).format(
        meant.written,
    )
    like = listed((one.name for one in meant.nearest), "or")
    return f"{sentence} Did you mean {like}?" if like else sentence


def _called(thing: Thing) -> str:
    """`Refunds by self-service (ABC-1)`; the name alone where the id is the name."""
    spelt = re.sub(r"[\s_-]+", " ", thing.id).casefold()
    is_told = spelt in re.sub(r"[\s_-]+", " ", thing.name).casefold()
    return thing.name if is_told else f"{thing.name} ({thing.id})"


def _with_id(text: str, written: str, id: str) -> str:
    """`text` with the id in place of the name; behind it where the name cannot be told from the rest."""
    if written and written in text:
        return text.replace(written, id, 1)
    return f"{text} {id}".strip()


async def meant_or_none(desk: Desk, text: str, *kinds: str) -> Found | None:
    """The one thing of these kinds that the words name, for those who see everything; None if they name none.
    Raises Unclear.
    """
    found = await resolve(desk, text, kinds, EVERYTHING)
    if isinstance(found, Several | NotThere):
        raise Unclear(found)
    return found


async def demand_whole_name(desk: Desk, text: str, *, but: Collection[str] = ()) -> None:
    """Raises CannotAnswer when nobody is named, but somebody of a similar name may be meant: where much
    depends on it, a likeness is asked about and never acted on.
    """
    alike = await resolve(desk, text, ("person",), EVERYTHING)
    candidates = (
        alike.candidates if isinstance(alike, Several) else (alike,) if isinstance(alike, Found) else ()
    )
    others = tuple(one for one in candidates if one.id not in but)
    if others:
        names = listed((one.name for one in others), "or")
        raise CannotAnswer(f"Did you mean {names}? Say it again with that name.")


async def people_named(desk: Desk, text: str) -> tuple[Person, ...]:
    """Everybody whose whole name or first name is said, in that order. Raises Unclear where two go by it."""
    everybody = {one.id: one for one in await people(desk.tx)}
    named = await resolve_all(desk, text, "person", EVERYTHING)
    for one in named:
        if isinstance(one, Several):
            raise Unclear(one)
    return tuple(everybody[one.id] for one in named if isinstance(one, Found))


async def service_meant(desk: Desk, text: str) -> str | None:
    """The id of the service that the words name; None if they name none. Raises Unclear."""
    found = await meant_or_none(desk, text, "service")
    return None if found is None else found.id


def demand_to_act(person: Person, name: str, desk: Desk) -> None:
    """Raises CannotAnswer for somebody who may look at this, and change nothing."""
    allowed = may_request(person, name, desk.modes)
    if isinstance(allowed, Refused) or not allowed.acts:
        raise CannotAnswer("You may look at this, and change nothing here.")
