"""Somebody's home on a chat platform: what waits for them, what runs and stands, what they can ask."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from governance.directory import person_by_identity
from governance.people import Person
from governance.visibility import scope_of
from handlers.conversation.cards import Button, Buttons, Card, Reply, Small, Text
from handlers.conversation.desk import Desk
from handlers.conversation.usable import Reader, usable
from handlers.conversation.waiting import waiting, waiting_reply
from handlers.delivery.whereabouts.overview import customers_overview_reply, overview_reply
from handlers.notices import NoticeKind
from handlers.office.digests.render import digest_blocks

_ASKS = (
    Button("What can I ask?", "ask", "help what can you do?"),
    Button("Who am I here?", "ask", "whoami who am I?"),
    Button("My summaries", "ask", "digest my digest settings"),
)
_NOTHING_WAITS = "Nothing waits for your decision, and nothing that you asked for waits for others."
_NOTHING = Reply(text=_NOTHING_WAITS, cards=(Card("Nothing waits", (Text((_NOTHING_WAITS,)),)),))


async def render(desk: Desk, ids: Mapping[str, Any], _person: Person | None) -> Reply | None:
    """The home of whoever `ids["identity"]` is linked to, as things are now."""
    person = await person_by_identity(desk.tx, ids["identity"])
    if person is None:
        return _unknown()
    scope = scope_of(person)
    mine, others = await waiting(person, desk)
    waits = await waiting_reply(mine, others, desk) if mine or others else _NOTHING
    runs = await overview_reply(desk) if scope.everything else await customers_overview_reply(desk, scope)
    summaries = Card("My summaries", await digest_blocks(desk, person))
    asks = Card("Ask me", (Text(("Write to me, or press.",)), Buttons(_ASKS)))
    greeting = Card(f"Good to see you, {person.name}", (Small(("As of now; open this tab again for news.",)),))
    reply = Reply(
        text=f"{waits.text} {runs.text}",
        cards=(greeting, *waits.cards, *runs.cards, summaries, asks),
        facts=(*waits.facts, *runs.facts),
        key=ids["key"],
    )
    return await usable(reply, Reader(desk.tx, person, desk.now, desk.modes))


def _unknown() -> Reply:
    text = (
        "The department does not know you yet. If your work address is in its file, write me a message and I"
        " link you; otherwise a director and the compliance officer can add you."
    )
    return Reply(text=text, cards=(Card("We have not met", (Text((text,)), Buttons(_ASKS[:2]))),), key="home")


NOTICE = NoticeKind("home", render)
