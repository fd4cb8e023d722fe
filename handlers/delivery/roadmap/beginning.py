"""Having a roadmap worked out, for whoever asks or supposes."""

from __future__ import annotations

from agents.roadmap.items import Span, Wishes
from agents.roadmap.kept import span_of, wishes_of
from agents.roadmap.roadmap_run import begin_roadmap
from agents.roadmap.tables import RoadmapRow
from handlers.conversation.cards import Reply
from handlers.conversation.desk import Desk
from handlers.conversation.origin import known, place_json
from handlers.conversation.turn import Turn
from handlers.delivery.preconditions import demand_agents
from handlers.delivery.roadmap.card import roadmap_reply


async def begin(
    turn: Turn,
    desk: Desk,
    span: Span,
    wishes: Wishes,
    *,
    parent: str | None = None,
    looks_at: str | None = None,
) -> Reply:
    """Begin to work a roadmap out; the thread is about it from now on. Raises CannotAnswer while agents are
    halted."""
    demand_agents(desk, "Nothing was begun; ask again when they go on.")
    row = await begin_roadmap(
        desk.tx,
        span,
        wishes,
        requester=known(turn).id,
        place=place_json(turn.place),
        turn=turn.id,
        parent=parent,
        looks_at=looks_at,
    )
    desk.memory.about(roadmap=row.id)
    return await roadmap_reply(desk, row)


async def suppose(turn: Turn, desk: Desk, parent: RoadmapRow, wishes: Wishes) -> Reply:
    """The same roadmap under what is supposed besides. Raises as `begin`."""
    return await begin(turn, desk, span_of(parent), wishes_of(parent).and_also(wishes), parent=parent.id)
