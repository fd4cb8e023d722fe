"""Somebody's home on a chat platform: what waits for them, what runs and stands, what they can ask."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from governance.directory import person_by_identity
from governance.people import Person
from governance.visibility import scope_of
from handlers.approvals import waiting_reply
from handlers.conversation.cards import Button, Buttons, Card, Reply, Small, Text
from handlers.conversation.desk import Desk
from handlers.notices import NoticeKind
from handlers.whereabouts.overview import customers_overview_reply, overview_reply

_ASKS = (
    Button("What can I ask?", "ask", "help what can you do?"),
    Button("Who am I here?", "ask", "whoami who am I?"),
    Button("My summaries", "ask", "digest my digest settings"),
)


async def render(desk: Desk, ids: Mapping[str, Any], _person: Person | None) -> Reply | None:
    """The home of whoever `ids["identity"]` is linked to, as things are now."""
    person = await person_by_identity(desk.tx, ids["identity"])
    if person is None:
        return _unknown()
    scope = scope_of(person)
    waiting = await waiting_reply(person, desk)
    runs = await overview_reply(desk) if scope.everything else await customers_overview_reply(desk, scope)
    waits = waiting.cards or (Card("Nothing waits for you", (Text((waiting.text,)),)),)
    asks = Card("Ask me", (Text(("Write to me, or press.",)), Buttons(_ASKS)))
    greeting = Card(f"Good to see you, {person.name}", (Small(("As of now; open this tab again for news.",)),))
    return Reply(
        text=f"{waiting.text} {runs.text}",
        cards=(greeting, *waits, *runs.cards, asks),
        facts=(*waiting.facts, *runs.facts),
        key=ids["key"],
    )


def _unknown() -> Reply:
    text = (
        "The department does not know you yet. If your work address is in its file, write me a message and I"
        " link you; otherwise a director and the compliance officer can add you."
    )
    return Reply(text=text, cards=(Card("We have not met", (Text((text,)), Buttons(_ASKS[:2]))),), key="home")


NOTICE = NoticeKind("home", render)
