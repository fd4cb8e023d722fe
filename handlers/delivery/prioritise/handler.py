"""`prioritise`: what comes first. The product owner sets it; customer success asks, with the business case."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial

from agents.ranking import Revenue
from governance.action import Action, Verdict
from governance.approvals.store import approval_row
from governance.facts import Fact, Source
from governance.gate import Asking
from governance.moments import day_text
from governance.people import Role
from governance.permissions import acts
from governance.places import Audience
from governance.visibility import Scope, scope_of
from handlers.conversation.amending import of_effect
from handlers.conversation.approval_card import approval_reply
from handlers.conversation.cards import Button, Buttons, Card, Reply, Text
from handlers.conversation.desk import Desk
from handlers.conversation.handler import Asked, CannotAnswer, Group, Handler, Risk
from handlers.conversation.origin import known
from handlers.conversation.subjects import reply_of
from handlers.conversation.submitting import not_done, submit
from handlers.conversation.turn import Turn
from handlers.conversation.wording import counted, listed
from handlers.delivery.prioritise.parse import WORDS, PrioritySaid, read_priorities
from handlers.delivery.prioritise.ranking_card import demand_of, ranking_reply
from handlers.delivery.prioritise.revenue import a_year, revenue_text
from handlers.delivery.whereabouts.subjects import named_in, names_an_id, subject_of, subjects_of
from handlers.language.mood import Mood
from handlers.language.resolver import Found, NotThere, Several, resolve
from integrations.customers import Account
from integrations.pages import every, everything
from integrations.tracker import EpicQuery, Priority, Story, StoryQuery, StoryStatus
from integrations.tracker.actions import PriorityStep, SetPriorities, SetPriority

_OPEN = frozenset(StoryStatus) - {StoryStatus.DONE, StoryStatus.CANCELLED}
_FIRST = re.compile(
    r"\b(?:goes|comes|is|put|take|do|make|needs? to (?:go|come|be))\b.*\bfirst\b|\bahead of\b", re.IGNORECASE
)
_OFFERED = 5
_READ = 50


@dataclass(frozen=True, slots=True)
class _Case:
    """Why customers need it: a sentence, and the facts behind it."""

    text: str
    facts: tuple[Fact, ...]


async def answer(turn: Turn, asked: Asked, desk: Desk) -> Reply:
    """Set or ask for the priority of what is named; put features in order where nothing is."""
    scope = scope_of(turn.person)
    said = read_priorities(asked.text)
    if (
        said.ranks
        and asked.mood is Mood.REQUEST
        and names_an_id(desk, asked.text)
        and _FIRST.search(asked.text)
    ):
        said = replace(said, ranks=False, all_the_way=True)
    if said.ranks:  # a question of order never sets anything
        named = await subjects_of(desk, asked.text, scope, besides=WORDS)
        epics = [subject.id for subject in named if subject.kind == "epic"]
        return await ranking_reply(desk, scope, epics if len(epics) > 1 else ())
    match await subject_of(desk, asked.text, scope, besides=WORDS):
        case Found(kind="epic" | "story") as subject:
            return await _set(turn, desk, subject, said, scope, sure=subject.sure)
        case Found(kind="plan"):
            raise CannotAnswer(
                "A plan has no priority before its stories are made. Ask for it then, or modify the plan."
            )
        case Found() as subject:
            lead = f"What of {subject.name} should come first?"
            return await _which(desk, scope, lead, StoryQuery(customer=subject.id, status=_OPEN))
        case (Several() | NotThere()) as unclear:
            return reply_of(unclear, "prioritise", asked.text)
    unknown = named_in(asked.text, WORDS)
    if not unknown:
        return await ranking_reply(desk, scope)
    team = await resolve(desk, unknown, ("team",), scope)
    if isinstance(team, Found):
        lead = f"Which work of {team.name} should come first{_whose(scope)}?"
        return await _which(desk, scope, lead, StoryQuery(team=team.id, status=_OPEN))
    lead = f"I find nothing called “{unknown}” that is open{_whose(scope)}."
    return await _which(desk, scope, lead, StoryQuery(status=_OPEN))


def _verb(said: PrioritySaid) -> str:
    if said.level is not None:
        return said.level.value
    return ("top priority" if said.all_the_way else "raise") if said.up else "lower"


def _asked_back(
    subject: Found, said: PrioritySaid, steps: Sequence[PriorityStep], levels: str, *, owner: bool
) -> Reply:
    """What is named by a part of its name is asked back first: another thing could be meant."""
    stories = counted(len(steps), "open story", "open stories")
    what = f"{stories} of “{subject.name}” ({subject.id}) to {levels}"
    text = f"Set {what}?" if owner else f"Ask the product owner to set {what}?"
    label = f"Set to {levels}" if owner else "Ask for it"
    button = Button(label, "ask", f"prioritise {_verb(said)} {subject.id}", "primary")
    now = ", ".join(f"{step.story} is {step.was}" for step in steps)
    card = Card(text, (Text((now,)), Buttons((button,))))
    return Reply(text=f"{text} Press the button to do it.", cards=(card,))


async def _set(
    turn: Turn, desk: Desk, subject: Found, said: PrioritySaid, scope: Scope, *, sure: bool
) -> Reply:
    person = known(turn)
    owner = person.holds(Role.PRODUCT_OWNER)
    if not owner and turn.place.audience not in (Audience.DIRECT, Audience.RESTRICTED):
        raise CannotAnswer("The business case names customers and their revenue. Ask me in a direct message.")
    stories = await _stories(desk, subject, scope)
    steps = tuple(
        PriorityStep(story.id, target, story.priority)
        for story in stories
        if (target := said.target(story.priority)) is not story.priority
        and _helps(said, story.priority, target)
    )
    desk.memory.about(item=subject.id)
    if not steps:
        priorities = listed(sorted({story.priority.value for story in stories}))
        raise CannotAnswer(
            f"{subject.name} has no open story to change"
            + (f": its open stories stand at {priorities} already." if stories else ".")
        )
    levels = listed(sorted({step.priority.value for step in steps}), "or")
    if not sure:
        return _asked_back(subject, said, steps, levels, owner=owner)
    case = None if owner else await _case(desk, stories, subject, scope)
    why = case.text if case else f"{person.name} sets what comes first."
    return await _submit(turn, desk, subject, steps, levels, why, case)


async def _submit(
    turn: Turn,
    desk: Desk,
    subject: Found,
    steps: tuple[PriorityStep, ...],
    levels: str,
    why: str,
    case: _Case | None,
) -> Reply:
    fields = {
        "rationale": why,
        "impact": f"{counted(len(steps), 'story', 'stories')} of “{subject.name}” change places with others.",
        "rollback_plan": "Set the priorities back to what they were.",
    }
    action: SetPriority | SetPriorities
    if len(steps) == 1:
        (step,) = steps
        action = SetPriority(story=step.story, priority=step.priority, was=step.was, **fields)
    else:
        action = SetPriorities.model_validate({"stories": steps, **fields})
    submitted = await submit(turn, desk, action, Asking(title=f"“{subject.name}” to {levels}"))
    facts = case.facts if case else ()
    if submitted.approval is not None:
        reply = await approval_reply(desk, await approval_row(desk.tx, submitted.approval))
        shown = "it shows customers' revenue" if case else None
        return replace(reply, facts=(*reply.facts, *facts), restricted=shown)
    if submitted.ruling.verdict is not Verdict.EXECUTE:
        raise CannotAnswer(not_done(submitted.ruling))
    stories = counted(len(steps), "story", "stories")
    text = f"Setting “{subject.name}” to {levels}: {stories}. This message says when it is done."
    return Reply(
        text=text,
        cards=(Card(f"Being set: {subject.name} to {levels}", (Text((text,)),), "waiting"),),
        key=submitted.effect,
    )


async def _stories(desk: Desk, subject: Found, scope: Scope) -> Sequence[Story]:
    if subject.kind == "story":
        story = await desk.ports.tracker.story(scope, subject.id)
        return (story,) if story.status in _OPEN else ()
    wanted = StoryQuery(epic=subject.id, status=_OPEN)
    return await everything(partial(desk.ports.tracker.stories, scope), wanted)


def _helps(said: PrioritySaid, now: Priority, target: Priority) -> bool:
    """Raising a feature lowers none of its stories, and the other way round; a named level is a level."""
    return said.level is not None or (target < now) == said.up


async def _case(desk: Desk, stories: Sequence[Story], subject: Found, scope: Scope) -> _Case:
    """The customers who wait for it among those that the asker speaks for."""
    demand = await demand_of(desk, scope)
    items = frozenset({subject.id, *(story.id for story in stories)})
    tagged = {customer for story in stories for customer in story.customers}
    asked = [request for request in demand.requests if items.intersection(request.items)]
    waiting = [
        demand.accounts[one] for one in sorted({*tagged, *(r.account for r in asked)}) if one in demand.accounts
    ]
    if not waiting:
        raise CannotAnswer(
            f"None of your customers waits for {subject.name}, so there is no business case to make."
        )
    currency = desk.department.currency
    needed = {request.account: request.needed_by for request in asked if request.needed_by}
    lines = []
    for account in waiting:
        by = needed.get(account.id)
        need = f", needs it by {day_text(by)}" if by else ""
        renewal = f", renews {day_text(account.renewal)}" if account.renewal else ""
        lines.append(f"{account.name} ({a_year(account.arr, currency)}{renewal}{need})")
    total = Revenue.of(waiting)
    text = f"Customers who wait for it: {'; '.join(lines)}. Yearly revenue: {revenue_text(total, currency)}."
    return _Case(text, _facts(desk, waiting, total.known))


def _facts(desk: Desk, waiting: Sequence[Account], total: Decimal) -> tuple[Fact, ...]:
    currency = desk.department.currency
    facts: list[Fact] = []
    for account in waiting:
        source = Source("query", f"customers: {account.id}")
        if account.arr is not None:
            name = f"{account.name}: yearly revenue"
            facts.append(Fact(f"{account.id}.arr", name, account.arr, currency, desk.now, source))
        if account.renewal:
            day = account.renewal.isoformat()
            facts.append(Fact(f"{account.id}.renewal", f"{account.name}: renewal", day, "", desk.now, source))
    inputs = tuple(f"{account.name}: yearly revenue" for account in waiting if account.arr is not None)
    together = Source("computation", "sum of the yearly revenue of those who wait", inputs)
    return (*facts, Fact("waiting.arr", "Yearly revenue waiting", total, currency, desk.now, together))


async def reread(_turn: Turn, _desk: Desk, action: Action, text: str) -> Action | None:
    """The same stories at another priority."""
    said = read_priorities(text)
    if said.level is None and not said.all_the_way:
        return None
    if isinstance(action, SetPriority):
        return action.model_copy(update={"priority": said.target(action.was)})
    if isinstance(action, SetPriorities):
        steps = tuple(replace(step, priority=said.target(step.was)) for step in action.stories)
        return action.model_copy(update={"stories": steps})
    return None


async def _which(desk: Desk, scope: Scope, lead: str, query: StoryQuery) -> Reply:
    """Offers features of the stories that are asked for, and those of them that belong to none."""
    offered = await _most_urgent(desk, scope, query)
    if not offered:
        raise CannotAnswer(f"{lead} Nothing is open{_whose(scope)}.")
    epics = await desk.ports.tracker.epics(scope, EpicQuery(ids=frozenset(offered)))
    shown = list((offered | {epic.id: epic.title for epic in epics.items}).items())
    buttons = tuple(Button(f"{title} ({id})", "ask", f"prioritise raise {id}") for id, title in shown)
    named = listed((f"{title} ({id})" for id, title in shown), "or")
    text = f"{lead} Name a feature or story, for example {named}."
    restricted = None if scope.everything and query.customer is None else "it is about single customers"
    card = Card("What should come first?", (Text((lead,)), Buttons(buttons)))
    return Reply(text=text, cards=(card,), restricted=restricted)


async def _most_urgent(desk: Desk, scope: Scope, query: StoryQuery) -> dict[str, str]:
    """The features of the most urgent stories, and stories that belong to none, by id with a title."""
    offered: dict[str, str] = {}
    for priority in Priority:
        urgent = replace(query, priority=priority, limit=_READ)
        async for story in every(partial(desk.ports.tracker.stories, scope), urgent):
            offered.setdefault(story.epic or story.id, story.title)
            if len(offered) == _OFFERED:
                return offered
    return offered


def _whose(scope: Scope) -> str:
    return "" if scope.everything else " for your customers"


HANDLER = Handler(
    name="prioritise",
    purpose="What comes first",
    example="Can we prioritize the performance improvements?",
    group=Group.PLAN,
    permission=acts(Role.PRODUCT_OWNER, Role.CUSTOMER_SUCCESS),
    answer=answer,
    risk=Risk.ACTS,
    amend=of_effect(reread),
    corrects=frozenset({SetPriority.type, SetPriorities.type}),
)
