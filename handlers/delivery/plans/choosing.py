"""Which plan somebody means: by its id, its title, its document, or because it is what the thread is about."""

from __future__ import annotations

import re

from agents.plans.rows import plan_by_id, plans
from agents.plans.tables import PlanRow
from governance.visibility import EVERYTHING
from handlers.conversation.cards import Button, Buttons, Card, Reply, Text
from handlers.conversation.desk import Desk
from handlers.conversation.handler import CannotAnswer
from handlers.conversation.meant import said_of
from handlers.delivery.plans.kinds import UNDER_WAY
from handlers.language.kinds import Thing
from handlers.language.resolver import Found, NotThere, Several, resolve

ALIVE = (*UNDER_WAY, "created")

_IT = re.compile(r"\b(?:it|this|that)\b", re.IGNORECASE)


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
