"""How plans are named: by their title, their document, their epic's id."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sqlalchemy import select

from agents.plans.tables import PlanRow
from governance.visibility import Scope
from handlers.conversation.desk import Desk
from handlers.language.kinds import Kind, Thing
from integrations.written_ids import WrittenIds

UNDER_WAY = ("drafting", "asking", "proposed", "executing", "paused")
"""States of plans that stand for what they are about; of one that is set up, its epic does."""


async def _plans(desk: Desk, scope: Scope, _text: str) -> Sequence[Thing]:
    return await _in_states(desk, scope, UNDER_WAY)


async def _set_up(desk: Desk, scope: Scope, _text: str) -> Sequence[Thing]:
    return await _in_states(desk, scope, ("created",))


async def _in_states(desk: Desk, scope: Scope, states: Sequence[str]) -> Sequence[Thing]:
    """The columns that are needed, never the drafts; of one document's plans the newest. Plans are for those
    who see everything.
    """
    if not scope.everything:
        return ()
    query = select(PlanRow.id, PlanRow.title, PlanRow.document, PlanRow.epic)
    rows = await desk.tx.execute(query.where(PlanRow.state.in_(states)).order_by(PlanRow.created))
    newest = {document: (id, title, document, epic) for id, title, document, epic in rows}
    return [
        Thing(id, title, (document, *filter(None, [epic]))) for id, title, document, epic in newest.values()
    ]


async def _plan(desk: Desk, scope: Scope, id: str) -> Thing | None:
    query = select(PlanRow.title).where(PlanRow.id == id)
    title = (await desk.tx.execute(query)).scalar() if scope.everything else None
    return None if title is None else Thing(id, title)


_IDS = WrittenIds(re.compile(r"\bpl_[0-9a-f]{10}\b", re.IGNORECASE), "lower")

PLAN = Kind(
    "plan",
    _plans,
    missing="There is no plan “{}”.",
    missing_here="There is no plan “{}” that you may see.",
    behind=("plan",),
    ids=lambda _: _IDS,
    by_id=_plan,
)
SET_UP_PLAN = Kind("set_up_plan", _set_up, missing="There is no plan “{}”.", behind=("plan",))
KINDS = (PLAN, SET_UP_PLAN)
