"""`build_feature`: from a PRD to a plan that people decide on, and on to its stories in the tracker."""

from __future__ import annotations

from collections.abc import Sequence

from agents.plans.rows import draft_of, new_plan, open_plan_for, plan_by_id
from agents.plans.tables import PlanRow
from governance.approvals.store import approval_row
from governance.approvals.voting import take_back
from governance.people import Role
from governance.permissions import acts
from governance.places import Audience
from governance.visibility import EVERYTHING
from handlers.conversation.cards import Block, Bullets, Button, Buttons, Card, Code, Inline, Reply, Text
from handlers.conversation.deciding import decide_on, said
from handlers.conversation.desk import Desk
from handlers.conversation.handler import Asked, CannotAnswer, Group, Handler, Risk
from handlers.conversation.origin import known, place_json
from handlers.conversation.turn import Clicked, Turn
from handlers.conversation.wording import listed, names_of_people
from handlers.delivery.plans.card import plan_reply, working_reply
from handlers.delivery.plans.modify import modify, open_proposal, press_change
from handlers.delivery.plans.product_question import plan_pressed
from handlers.delivery.plans.progress import progress_reply
from handlers.delivery.plans.questions import answer_about_plan
from handlers.delivery.plans.reading import correct_reading, show_reading
from handlers.delivery.plans.story_grouping import group_stories
from handlers.delivery.preconditions import demand_agents, demand_products, demand_teams
from handlers.delivery.whereabouts.adding import ADD_PRODUCT, ADD_TEAM, press_add_product, press_add_team
from handlers.language.resolver import Found, NotThere, Several, resolve
from integrations.pages import Part
from integrations.tracker import EpicQuery, StoryStatus
from storage.jobs import defer

_OFFERED = 5
_MOST_NAMED = 50
_OPEN = frozenset(StoryStatus) - {StoryStatus.DONE, StoryStatus.CANCELLED}


async def answer(turn: Turn, asked: Asked, desk: Desk) -> Reply:
    """Start planning from the document that is named, or ask which one is meant."""
    demand_teams(desk.department, turn.person)
    match await resolve(desk, asked.text, ("document",), EVERYTHING):
        case Found(thing=thing):
            return await _plan(turn, desk, thing.id, anyway=False)
        case Several(candidates):
            return await _which(desk, "Several documents could be meant.", [one.name for one in candidates])
        case NotThere(written=written, nearest=nearest):
            return await _which(
                desk, f"There is no document called {written}.", [thing.name for thing in nearest]
            )
        case None:
            return await _which(desk, "Which document should I build from?", [])


async def build_document(turn: Turn, desk: Desk) -> Reply:
    """A document chosen by its button."""
    return await _plan(turn, desk, _clicked(turn).subject, anyway=False)


async def build_anyway(turn: Turn, desk: Desk) -> Reply:
    """Plan from a document though an epic was made from it before."""
    return await _plan(turn, desk, _clicked(turn).subject, anyway=True)


async def plan_product(turn: Turn, desk: Desk) -> Reply:
    """The product that a plan is for, chosen by its button."""
    return await working_reply(desk, await plan_pressed(turn, desk))


async def cancel(turn: Turn, desk: Desk) -> Reply:
    """Cancel on a proposal's card: its requester takes it back, anybody else denies it."""
    person, approval = known(turn), _clicked(turn).subject
    plan = await open_proposal(desk, approval)
    if plan.requester != person.id:
        return await decide_on(turn, desk, approval, "deny")
    refused = await take_back(desk.tx, desk.gate, approval, person=person, turn=turn.id)
    if refused is not None:
        row = await approval_row(desk.tx, approval)
        return Reply(text=said(refused, row, turn, await names_of_people(desk.tx)))
    text = f"You took the plan “{plan.title}” back. Nothing was made, and nothing will be."
    return Reply(text=text, cards=(Card("Taken back", (Text((text,)),)),))


async def _plan(turn: Turn, desk: Desk, document: str, *, anyway: bool) -> Reply:
    person = known(turn)
    if turn.place.audience is Audience.PUBLIC:
        raise CannotAnswer(
            "People from outside the department may read along here. Ask me in a direct message."
        )
    demand_teams(desk.department, turn.person)
    demand_products(desk.department, turn.person)
    standing = await open_plan_for(desk.tx, document)
    if standing is not None:
        return await _there_is_one(desk, standing)
    if not anyway and (made := await _made_before(desk, document)):
        return _made_already(document, made)
    desk.demand_order(f"work out a plan from {document}")
    demand_agents(desk, "Nothing was begun; ask again when they go on.")
    plan = new_plan(document, person.id, place_json(turn.place), turn.place.key, turn.id)
    desk.tx.add(plan)
    await desk.tx.flush()
    args = {"plan": plan.id, "turn": turn.id}
    await defer(desk.tx, "draft_plan", args, lock=f"plan:{plan.id}", slow=True)
    desk.memory.about(plan=plan.id)
    return await working_reply(desk, plan)


async def _there_is_one(desk: Desk, plan: PlanRow) -> Reply:
    """A second plan for the same document would make everything twice: the one that is open is shown."""
    names = await names_of_people(desk.tx)
    plan = await plan_by_id(desk.tx, plan.id)
    desk.memory.about(plan=plan.id)
    lead = (
        f"{names[plan.requester]} asked for a plan from {plan.document} already, so I did not start a"
        " second one. This is how it stands."
    )
    if plan.approval is not None:
        desk.memory.about(approval=plan.approval)
    shown = None if draft_of(plan) is None else await progress_reply(desk, plan)
    reply = shown or await plan_reply(desk, plan)
    first = Card("There is a plan for this already", (Text((lead,)),), "warning")
    return Reply(text=f"{lead} {reply.text}", cards=(first, *reply.cards), facts=reply.facts)


async def _made_before(desk: Desk, document: str) -> list[str]:
    wanted = EpicQuery(document=document, status=_OPEN, limit=_MOST_NAMED)
    open_epics = (await desk.ports.tracker.epics(EVERYTHING, wanted)).items
    return [f"{epic.id} {epic.title} ({epic.status.value.replace('_', ' ')})" for epic in open_epics]


def _made_already(document: str, epics: Sequence[str]) -> Reply:
    text = f"Work on {document} is under way already: {'; '.join(epics)}. A plan would make another epic."
    buttons = Buttons(
        (
            Button("Plan it anyway", "build_anyway", document),
            Button("Where is it?", "ask", f"status {epics[0].split()[0]}"),
        )
    )
    items: tuple[tuple[Inline, ...], ...] = tuple((epic,) for epic in epics)
    blocks = (Text((f"A plan from {document} would make another epic beside these:",)), Bullets(items), buttons)
    return Reply(text=text, cards=(Card("Work on this is under way already", blocks, "warning"),))


async def _which(desk: Desk, why: str, likely: Sequence[str]) -> Reply:
    page = await desk.ports.documents.names(Part(limit=_MOST_NAMED))
    names = page.items
    if not names:
        return Reply(text=f"{why} The documents folder is empty. Put a PRD into it, and ask again.")
    if likely:
        blocks: list[Block] = [Text((f"{why} Did you mean one of these?",))]
    else:
        blocks = [Text((f"{why} These are there:",))]
    offered = list(likely or names)[:_OFFERED]
    blocks.append(Buttons(tuple(Button(name, "build_document", name) for name in offered)))
    rest = [name for name in names if name not in offered]
    if rest:
        items: tuple[tuple[Inline, ...], ...] = tuple((Code(name),) for name in rest)
        if page.after is not None:
            items = (*items, ("and more",))
        blocks += [Text(("Also in the documents folder:",)), Bullets(items)]
    text = f"{why} Did you mean {listed(offered, 'or')}?" if likely else f"{why} There are {listed(names)}."
    return Reply(text=text, cards=(Card("Which document?", tuple(blocks)),))


def _clicked(turn: Turn) -> Clicked:
    if not isinstance(turn.what, Clicked):
        raise TypeError("a press is a click")
    return turn.what


HANDLER = Handler(
    name="build_feature",
    purpose="Turn a PRD into a plan and take it to production",
    example="Build the customer dashboard feature from PRD-2025-Q1-Dashboard",
    group=Group.PLAN,
    permission=acts(Role.PRODUCT_OWNER, Role.ENGINEERING_DIRECTOR),
    answer=answer,
    presses={
        "build_document": build_document,
        "build_anyway": build_anyway,
        "plan_product": plan_product,
        "modify": modify,
        "change_plan": press_change,
        "show_reading": show_reading,
        "correct_reading": correct_reading,
        "group_stories": group_stories,
        "cancel": cancel,
        ADD_TEAM: press_add_team,
        ADD_PRODUCT: press_add_product,
    },
    risk=Risk.ACTS,
    about=answer_about_plan,
)
