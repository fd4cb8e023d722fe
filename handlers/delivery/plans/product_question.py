"""Which product a plan is for: asked where it is not known, shown with why where it is, changed by a press or
in words."""

from __future__ import annotations

import re
from dataclasses import replace

from agents.planning.draft import PlanDraft
from agents.plans.rows import changes_of, changes_to_json, original_of, plan_by_id, plan_for_update
from agents.plans.tables import PlanRow
from governance.department import Department
from governance.permissions import Refused
from governance.record import intervened
from handlers.catalogue import may_request
from handlers.conversation.cards import Button, Buttons, Card, Form, Input, Reply, Text
from handlers.conversation.desk import Desk
from handlers.conversation.handler import CannotAnswer
from handlers.conversation.origin import known
from handlers.conversation.turn import Clicked, Turn
from handlers.conversation.wording import listed, quoted
from handlers.delivery.preconditions import NO_PRODUCTS, demand_agents
from handlers.delivery.whereabouts.kinds import product_things
from handlers.language.kinds import Thing
from handlers.language.matching import Ambiguous, Resolved, find
from storage.jobs import defer

_OFFERED = 5
_NEW = re.compile(r"\b(?:new|another|other|none|neither|no)\b", re.IGNORECASE)
_AROUND = re.compile(
    r"^(?:(?:it[’']?s|that[’']?s|oh|ok(?:ay)?|well|hm+|sorry|please|the|a|an|product|plan|it|this|that|one|is|for"
    r"|to|of|take|use|make|put|in|under|part|belongs|i|mean|meant|say|answer)\b[\s,:.]*)+"
    r"|[\s,]+(?:please|product|of course|i think|then)[.!]*$|[\s,:.!]+$",
    re.IGNORECASE,
)
_LONGEST_ANSWER = 60


def product_name(department: Department, product: str) -> str:
    """A product as people call it; `none yet` for an empty id."""
    names = {known.id: known.name for known in department.products}
    return names.get(product, product) or "none yet"


def product_text(draft: PlanDraft, department: Department) -> str:
    """`Storefront (assumed from “web” in the document's title)`."""
    name = product_name(department, draft.product)
    return f"{name} ({draft.product_why})" if draft.product and draft.product_why else name


def product_input(department: Department, chosen: str) -> Input:
    """The field that asks for it, filled in with what is assumed."""
    options = tuple((product.id, product.name) for product in department.products)
    return Input("product", "Product", "choice", chosen, options, required=False)


def product_form(department: Department, chosen: str) -> Form:
    """Asks for the product and nothing else."""
    intro = "The plan is worked out anew for it and proposed again; until then nothing is carried out."
    return Form("Which product?", "Plan it for this one", (product_input(department, chosen),), intro)


def question_reply(desk: Desk, plan: PlanRow, likely: tuple[str, ...] = ()) -> Reply:
    """Asks for the product of a plan that names none: those that the document names first, then all."""
    draft = original_of(plan)
    likely = likely or (draft.product_likely if draft else ())
    if not desk.department.products:
        return Reply(text=f"{plan.why} {NO_PRODUCTS}")
    products = sorted(desk.department.products, key=lambda product: product.id not in likely)
    shown = products if len(products) <= _OFFERED + 1 else products[: max(_OFFERED, len(likely))]
    buttons = [Button(product.name, "plan_product", f"{plan.id} {product.id}") for product in shown]
    if len(shown) < len(products):
        buttons.append(
            Button("Another…", "plan_product", plan.id, form=product_form(desk.department, products[0].id))
        )
    names = listed((product.name for product in products), "or")
    lead = f"{plan.why} Which one is it for? An epic needs a product, so nothing is proposed before I know."
    new = "If it is a new product, have it added to the department's file first; then answer here."
    blocks = (Text((lead,)), Buttons(tuple(buttons)), Text((new,)))
    desk.memory.about(plan=plan.id)
    return Reply(
        text=f"{quoted(plan.title)}: {lead} There are {names}. {new}",
        cards=(Card(f"Which product is {quoted(plan.title)} for?", blocks, "waiting"),),
        key=f"plan:{plan.id}",
    )


async def _choose_product(turn: Turn, desk: Desk, plan: PlanRow, product: str) -> PlanRow:
    """Go on planning for the product that somebody named. Raises CannotAnswer where that is asked no more."""
    if product not in {known.id for known in desk.department.products}:
        raise CannotAnswer(f"There is no product {product} any more. Ask for the plan again.")
    if plan.state != "asking":
        raise CannotAnswer(
            f"{quoted(plan.title)} does not wait for its product any more. Modify on its card changes it."
        )
    name = product_name(desk.department, product)
    desk.demand_order(f"plan {quoted(plan.title)} for {name}")
    demand_agents(desk, "Answer again when they go on.")
    plan.changes = changes_to_json(replace(changes_of(plan), product=product))
    plan.state, plan.why, plan.turn, plan.changed = "drafting", None, turn.id, desk.now
    await intervened(desk.tx, "modified", known(turn).id, plan.id, f"it is for {name}", desk.now)
    args = {"plan": plan.id, "turn": turn.id}
    await defer(desk.tx, "draft_plan", args, lock=f"plan:{plan.id}", slow=True)
    desk.memory.about(plan=plan.id)
    return plan


async def plan_pressed(turn: Turn, desk: Desk) -> PlanRow:
    """The plan whose question was answered by a button or its form, going on for that product."""
    if not isinstance(turn.what, Clicked):
        raise TypeError("a press is a click")
    plan, _, product = turn.what.subject.partition(" ")
    chosen = product or str(turn.what.values.get("product", ""))
    return await _choose_product(turn, desk, await plan_for_update(desk.tx, plan), chosen)


async def plan_answered(turn: Turn, text: str, desk: Desk) -> PlanRow | Reply | None:
    """What a message answers to the question that is open in this thread: the plan that goes on, or what is
    still not known. None where nothing is asked here, or the message is about something else."""
    about = desk.memory.topic.get("plan")
    if not about or len(text) > _LONGEST_ANSWER or text.rstrip().endswith("?"):
        return None
    if isinstance(may_request(turn.person, "build_feature", desk.modes), Refused):
        return None
    said = _AROUND.sub("", _AROUND.sub("", text.strip()))
    if not (_named(said, desk.department) or _NEW.match(said)):
        return None
    if (await plan_by_id(desk.tx, about)).state != "asking":  # others are not locked for a word
        return None
    plan = await plan_for_update(desk.tx, about)
    match _named(said, desk.department):
        case Resolved(thing):
            return await _choose_product(turn, replace(desk, ordered=True), plan, thing.id)
        case Ambiguous(candidates):
            return question_reply(desk, plan, tuple(thing.id for thing in candidates))
        case _:
            return question_reply(desk, plan) if _NEW.match(said) and len(said.split()) <= 4 else None


def _named(said: str, department: Department) -> Resolved | Ambiguous | None:
    """A product, if the answer is its name and hardly more: whole requests speak of products too."""
    things: tuple[Thing, ...] = product_things(department)
    found = find(said, things)
    longest = max((len(f"{thing.name} {' '.join(thing.aliases)}".split()) for thing in things), default=0)
    words = len(said.split())
    if isinstance(found, Resolved):
        names = (found.thing.name, found.thing.id, *found.thing.aliases)
        return found if words <= max(len(name.split()) for name in names) + 1 else None
    return found if words <= min(longest, 4) else None
