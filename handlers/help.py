"""`help`: what the person who asks can ask for, in examples rather than commands."""

from __future__ import annotations

from governance.permissions import Refused, may_ask
from handlers.catalogue import CATALOGUE, Entry
from handlers.conversation.cards import Bold, Bullets, Card, Inline, Reply, Small, Text
from handlers.conversation.desk import Desk
from handlers.conversation.handler import Asked, Handler, find_handlers
from handlers.conversation.turn import Turn


async def answer(turn: Turn, _asked: Asked, desk: Desk) -> Reply:
    """What works for this person now, each with a sentence to try; then what is not there yet."""
    built = find_handlers()
    allowed = [
        entry for entry in CATALOGUE if not isinstance(may_ask(turn.person, entry.name, desk.modes), Refused)
    ]
    now = [entry for entry in allowed if entry.name in built]
    later = [entry for entry in allowed if entry.name not in built]
    blocks: list[Text | Bullets | Small] = [
        Text(("Say it in your own words. A few that work for you:",)),
        Bullets(tuple(_line(entry) for entry in now)),
    ]
    if later:
        blocks.append(Small((f"Understood, but not there yet: {', '.join(_spoken(e) for e in later)}.",)))
    blocks.append(
        Small(("What I may do by myself and what people decide: ask “show me the authority matrix”.",))
    )
    listed = "; ".join(f"{entry.purpose} (“{entry.example}”)" for entry in now)
    return Reply(text=f"You can ask me: {listed}.", cards=(Card("What you can ask me", tuple(blocks)),))


def _line(entry: Entry) -> tuple[Inline, ...]:
    return (Bold(entry.purpose), f": “{entry.example}”")


def _spoken(entry: Entry) -> str:
    return entry.name.replace("_", " ")


HANDLER = Handler("help", answer)
