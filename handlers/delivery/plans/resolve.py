"""How plans are named, and which one somebody means: by id, title, document, or what the thread is about."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sqlalchemy import select

from agents.plans.rows import plan_by_id, plans
from agents.plans.tables import PlanRow
from governance.visibility import EVERYTHING, Scope
from handlers.conversation.cards import Button, Buttons, Card, Reply, Text
from handlers.conversation.desk import Desk
from handlers.conversation.handler import CannotAnswer
from handlers.conversation.subjects import said_of
from handlers.language.kinds import Kind, Thing
from handlers.language.resolver import Found, NotThere, Several, resolve
from integrations.written_ids import WrittenIds

UNDER_WAY = ("drafting", "asking", "proposed", "executing", "paused")
"""States of plans that stand for what they are about; of one that is set up, its epic does."""

ALIVE = (*UNDER_WAY, "created")

_IT = re.compile(r"\b(?:it|this|that)\b", re.IGNORECASE)


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


class WhichPlan(Exception):
    """Several plans may be meant, the newest first."""

    def __init__(self, candidates: tuple[Thing, ...]) -> None:
        super().__init__("Which plan do you mean?")
        self.candidates = candidates


async def plan_meant(desk: Desk, text: str) -> PlanRow:
    """The plan that is meant. Raises WhichPlan, and CannotAnswer where there is none."""
    match await resolve(desk, text, ("plan", "set_up_plan"), EVERYTHING):
        case Found(thing=thing):
            return await plan_by_id(desk.tx, thing.id)
        case Several(candidates):
            raise WhichPlan(tuple(one.thing for one in candidates))
        case NotThere() as missing:
            raise CannotAnswer(said_of(missing))
    alive = {plan.id: plan for plan in await plans(desk.tx, *ALIVE)}
    about = desk.memory.topic.get("plan")
    if about in alive:
        return alive[about]
    if about is not None and _IT.search(text):
        return await plan_by_id(desk.tx, about)
    if not alive:
        raise CannotAnswer("No plan is under way. Ask me to build from a PRD, and one is worked out.")
    if len(alive) == 1 and not _IT.search(text):
        return next(iter(alive.values()))
    raise WhichPlan(tuple(Thing(plan.id, plan.title) for plan in alive.values()))


def which_reply(verb: str, which: WhichPlan) -> Reply:
    """Asks which plan is meant; each button asks for the same of one plan."""
    buttons = tuple(
        Button(f"{plan.name} ({plan.id})", "ask", f"plan {verb} {plan.id}") for plan in which.candidates[:5]
    )
    titles = ", ".join(f"{plan.name} ({plan.id})" for plan in which.candidates)
    card = Card("Which plan do you mean?", (Text(("Several could be meant.",)), Buttons(buttons)))
    return Reply(text=f"Which plan do you mean? There are {titles}.", cards=(card,))
