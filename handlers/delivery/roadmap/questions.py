"""Questions about the thread's roadmap, answered from what stands on it: why is this in or out, what if."""

from __future__ import annotations

import re

from agents.roadmap.kept import NoSuchRoadmap, kept_roadmap, roadmap_of
from agents.roadmap.roadmap import Chosen, Left, Roadmap
from governance.facts import Fact, Source
from governance.moments import day_text
from governance.permissions import Refused
from handlers.catalogue import may_request
from handlers.conversation.cards import Card, Reply, Text
from handlers.conversation.desk import Desk
from handlers.conversation.handler import CannotAnswer
from handlers.conversation.turn import Turn
from handlers.delivery.roadmap.beginning import suppose
from handlers.delivery.roadmap.parse import read_asks
from handlers.language.kinds import Thing
from handlers.language.matching import Ambiguous, Resolved, find

_WHY = re.compile(r"\b(?:why|when|how (?:likely|sure)|what about|does|is|will)\b.*", re.IGNORECASE)
_WHY_ALONE = re.compile(
    r"\b(?:why|when|is|are|does|do|will|how|likely|sure|what|about|in|out|not|on|the|of|roadmap|it|fit|make|left)\b"
)


async def answer_about_roadmap(turn: Turn, text: str, desk: Desk) -> Reply | None:
    """What the thread's roadmap says to a question; None where there is none, or it does not say."""
    id = desk.memory.topic.get("roadmap")
    if not id or turn.person is None or isinstance(may_request(turn.person, "roadmap", desk.modes), Refused):
        return None
    try:
        row = await kept_roadmap(desk.tx, id)
    except NoSuchRoadmap:
        return None
    roadmap = roadmap_of(row)
    if roadmap is None or row.looks_at is not None:
        return None
    asks = read_asks(text, desk.now, desk.department)
    if asks.wishes.changes and not asks.makes and not asks.teamless:
        try:
            return await suppose(turn, desk, row, asks.wishes)
        except CannotAnswer as cannot:
            return Reply(text=str(cannot))
    if _WHY.search(text) is None:
        return None
    return _about_item(text, roadmap)


def _about_item(text: str, roadmap: Roadmap) -> Reply | None:
    """Why one item is in or out, or by when it is done."""
    items: dict[str, Chosen | Left] = {one.id: one for one in roadmap.chosen}
    items |= {one.id: one for one in roadmap.left}
    said = _WHY_ALONE.sub(" ", text)
    match find(said, [Thing(item.id, item.title) for item in items.values()]):
        case Resolved(thing):
            item = items[thing.id]
        case Ambiguous(candidates):
            named = ", ".join(f"{thing.name} ({thing.id})" for thing in candidates[:5])
            return Reply(text=f"Which of these do you mean: {named}?")
        case _:
            return None
    source = Source("computation", "the roadmap that this thread is about")
    if isinstance(item, Left):
        sentence = f"{item.title} ({item.id}) is out: {item.why}."
        if item.kind == "hours":
            sentence += f" {item.lacks:,.0f} more agent-hours there would make room for it."
        fact = Fact("lacks", f"Hours that {item.id} lacks", item.lacks, "agent-hours", roadmap.as_of, source)
    else:
        sentence = (
            f"{item.title} ({item.id}) is in: {item.why}. It is worked on from {day_text(item.begins)} to"
            f" {day_text(item.ends)} if every story takes its median; it is done in time in {item.chance:.0%}"
            f" of the simulated runs, and in 85 of 100 by {day_text(item.likely)}."
        )
        fact = Fact("chance", f"Chance of {item.id}", round(100 * item.chance, 1), "%", roadmap.as_of, source)
    card = Card(f"About the roadmap {roadmap.span.name}", (Text((sentence,)),))
    return Reply(text=sentence, cards=(card,), facts=(fact,))
