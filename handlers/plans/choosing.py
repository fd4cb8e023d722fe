"""Which plan somebody means: by its id, its title, its document, or because it is what the thread is about."""

from __future__ import annotations

import re
from collections.abc import Iterable

from agents.plans.rows import NoSuchPlan, plan_by_id, plans
from agents.plans.tables import PlanRow
from handlers.conversation.cards import Button, Buttons, Card, Reply, Text
from handlers.conversation.desk import Desk
from handlers.conversation.handler import CannotAnswer
from handlers.language.kinds import Thing
from handlers.language.matching import Ambiguous, Resolved, find

ALIVE = ("drafting", "proposed", "executing", "paused", "created")

_ID = re.compile(r"\bpl_[0-9a-f]{10}\b")
_IT = re.compile(r"\b(?:it|this|that)\b", re.IGNORECASE)


class WhichPlan(Exception):
    """Several plans may be meant, the newest first."""

    def __init__(self, candidates: tuple[PlanRow, ...]) -> None:
        super().__init__("Which plan do you mean?")
        self.candidates = candidates


async def plan_meant(desk: Desk, text: str) -> PlanRow:
    """The plan that is meant. Raises WhichPlan, and CannotAnswer where there is none."""
    if written := _ID.search(text):
        try:
            return await plan_by_id(desk.tx, written[0])
        except NoSuchPlan:
            raise CannotAnswer(f"There is no plan {written[0]}.") from None
    alive = {plan.id: plan for plan in await plans(desk.tx, *ALIVE)}
    match plan_named(text, alive.values()):
        case Resolved(thing):
            return alive[thing.id]
        case Ambiguous(candidates):
            raise WhichPlan(tuple(alive[thing.id] for thing in candidates))
    about = desk.memory.topic.get("plan")
    if about in alive:
        return alive[about]
    if about is not None and _IT.search(text):
        return await plan_by_id(desk.tx, about)
    if not alive:
        raise CannotAnswer("No plan is under way. Ask me to build from a PRD, and one is worked out.")
    if len(alive) == 1 and not _IT.search(text):
        return next(iter(alive.values()))
    raise WhichPlan(tuple(alive.values()))


def plan_named(text: str, among: Iterable[PlanRow]) -> Resolved | Ambiguous | None:
    """Which of these plans a text calls by its title, its document or its epic's id."""
    things = tuple(Thing(plan.id, plan.title, (plan.document, *filter(None, [plan.epic]))) for plan in among)
    return find(text, things)


def which_reply(verb: str, which: WhichPlan) -> Reply:
    """Asks which plan is meant; each button asks for the same of one plan."""
    buttons = tuple(
        Button(f"{plan.title} ({plan.id})", "ask", f"plan {verb} {plan.id}") for plan in which.candidates[:5]
    )
    titles = ", ".join(f"{plan.title} ({plan.id})" for plan in which.candidates)
    card = Card("Which plan do you mean?", (Text(("Several could be meant.",)), Buttons(buttons)))
    return Reply(text=f"Which plan do you mean? There are {titles}.", cards=(card,))
