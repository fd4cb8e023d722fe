"""What somebody who is asked about a roadmap elsewhere than in its thread reads."""

from __future__ import annotations

from collections.abc import Sequence

from agents.roadmap.actions import AdoptRoadmap
from agents.roadmap.kept import NoSuchRoadmap, kept_roadmap, roadmap_of
from governance.action import Action
from governance.moments import day_text
from governance.tables import ApprovalRow
from handlers.conversation.cards import Block, Small, Table, Text
from handlers.conversation.desk import Desk
from handlers.conversation.details import ApprovalDetails, Details
from handlers.delivery.roadmap.facts import facts_of
from handlers.delivery.roadmap.words import chance_word, lead_text

_MOST = 12


async def _describe(desk: Desk, _row: ApprovalRow, actions: Sequence[Action]) -> Details:
    action = actions[0]
    if not isinstance(action, AdoptRoadmap):
        return Details()
    try:
        roadmap = roadmap_of(await kept_roadmap(desk.tx, action.roadmap))
    except NoSuchRoadmap:
        return Details()
    if roadmap is None:
        return Details()
    shown = roadmap.chosen[:_MOST]
    rows = tuple((f"{item.title} ({item.id})", day_text(item.ends), chance_word(item.chance)) for item in shown)
    blocks: tuple[Block, ...] = (
        Text((lead_text(roadmap),)),
        Table(("In", "Done by", "In time"), rows, "lrr"),
    )
    if len(roadmap.chosen) > len(shown):
        blocks = (*blocks, Small((f"{len(roadmap.chosen) - len(shown)} more are in.",)))
    return Details(blocks, facts_of(roadmap))


DETAILS = ApprovalDetails("roadmap", _describe)
