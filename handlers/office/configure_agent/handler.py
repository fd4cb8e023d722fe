"""`configure_agent`: one agent's pause, model, budget, tools and autonomy."""

from __future__ import annotations

from datetime import datetime

from agents.role import Role as AgentsRole
from governance.action import Action, OutcomeState, Verdict
from governance.actions.agents import ConfigureAgent, configure_agent
from governance.agent_settings import AgentSettings, configured
from governance.people import Person, Role
from governance.permissions import reads
from governance.standing import agent_label
from handlers.conversation.acts import note_act
from handlers.conversation.amending import of_effect
from handlers.conversation.cards import Reply
from handlers.conversation.desk import Desk
from handlers.conversation.handler import Asked, CannotAnswer, Group, Handler, Risk
from handlers.conversation.origin import known
from handlers.conversation.reasons import reason_in, reason_or_words
from handlers.conversation.subjects import demand_to_act
from handlers.conversation.submitting import asked_reply, not_done, submit
from handlers.conversation.times import moment_said, span_said
from handlers.conversation.turn import Clicked, Turn
from handlers.language.words import plain
from handlers.office.configure_agent.cards import (
    CONFIGURE,
    PAUSE,
    RESUME,
    SET_BACK,
    agent_reply,
    changed_reply,
    overview,
    read_form,
)
from handlers.office.configure_agent.naming import asks_which, named, names_all, roles
from handlers.office.configure_agent.wishes import Wish, read_wish

_TOPIC = "agent"
_FAST_HALT = "To stop all agents at once say “halt all agents”; one agent is paused by its name."


async def answer(turn: Turn, asked: Asked, desk: Desk) -> Reply:
    """Set the agents that are named as the words say; where they say nothing of that, show them."""
    person = known(turn)
    meant = _meant(asked.text, desk)
    if not meant:
        if names_all(plain(asked.text)) and _wish(asked.text, _any_role(), AgentSettings(), desk, person):
            raise CannotAnswer(f"Name the agents that you mean. {_FAST_HALT}")
        return await overview(desk, person)
    replies = [await _set_or_shown(turn, asked, desk, role) for role in meant]
    desk.memory.about(**{_TOPIC: meant[-1].name})
    return _together(replies)


async def _means(text: str, _desk: Desk) -> bool:
    """Which agents there are is asked here; putting one on a story sounds alike."""
    return asks_which(plain(text))


async def look(turn: Turn, asked: Asked, desk: Desk) -> Reply:
    """Show the agents that are asked about, or all."""
    person = known(turn)
    meant = _meant(asked.text, desk)
    if not meant:
        return await overview(desk, person)
    desk.memory.about(**{_TOPIC: meant[-1].name})
    return _together([await agent_reply(desk, role, person) for role in meant])


async def _set_or_shown(turn: Turn, asked: Asked, desk: Desk, role: AgentsRole) -> Reply:
    person = known(turn)
    was = (await configured(desk.tx, role.name, desk.now)).settings
    wish = _wish(asked.text, role, was, desk, person)
    if wish is None:
        return await agent_reply(desk, role, person)
    demand_to_act(person, HANDLER.name, desk)
    return await _set(turn, desk, role, was, wish.applied(was), reason_or_words(asked.text))


async def _set(
    turn: Turn, desk: Desk, role: AgentsRole, was: AgentSettings, becomes: AgentSettings, reason: str
) -> Reply:
    person = known(turn)
    if was == becomes:
        return await agent_reply(desk, role, person, "It is set so already; nothing was changed.")
    action = configure_agent(role.name, was, becomes, reason)
    submitted = await submit(turn, desk, action, correcting=True)
    if submitted.outcome is None:
        if submitted.ruling.verdict in (Verdict.REFUSE, Verdict.PEOPLE_ONLY):
            raise CannotAnswer(not_done(submitted.ruling))
        return await asked_reply(desk, action, submitted)
    if submitted.outcome.state is not OutcomeState.DONE:
        raise CannotAnswer(f"{submitted.outcome.detail} Nothing was changed.")
    act = note_act(turn, desk, effect=submitted.effect)
    return changed_reply(action, act.id if act else None, person)


def _wish(text: str, role: AgentsRole, was: AgentSettings, desk: Desk, person: Person) -> Wish | None:
    def until() -> datetime | None:
        span, moment = span_said(desk, person, text), moment_said(desk, person, text)
        return span.end if span else moment.at if moment else None

    return read_wish(text, role, was, desk.models, until, reason_in(text))


def _meant(text: str, desk: Desk) -> tuple[AgentsRole, ...]:
    """The roles that are named; else the one that the thread is about, unless it is about all of them."""
    said = plain(text)
    if asks_which(said):
        return ()
    found = named(said)
    if not found and not names_all(said) and desk.memory.topic.get(_TOPIC) in roles():
        found = (desk.memory.topic[_TOPIC],)
    return tuple(roles()[name] for name in found)


def _any_role() -> AgentsRole:
    return next(iter(roles().values()))


def _together(replies: list[Reply]) -> Reply:
    cards = tuple(card for reply in replies for card in reply.cards)
    facts = tuple(fact for reply in replies for fact in reply.facts)
    return Reply(text=" ".join(reply.text for reply in replies), cards=cards, facts=facts)


async def _pressed(turn: Turn, desk: Desk) -> tuple[AgentsRole, AgentSettings]:
    demand_to_act(known(turn), HANDLER.name, desk)
    if not isinstance(turn.what, Clicked):
        raise TypeError("a press is a click")
    role = roles().get(turn.what.subject)
    if role is None:
        raise CannotAnswer(f"There is no {agent_label(turn.what.subject)} agent here any more.")
    return role, (await configured(desk.tx, role.name, desk.now)).settings


async def press_configure(turn: Turn, desk: Desk) -> Reply:
    """The form of one agent; without values, where a form could not be shown, its card."""
    role, was = await _pressed(turn, desk)
    values = turn.what.values if isinstance(turn.what, Clicked) else {}
    if not values:
        return await agent_reply(desk, role, known(turn))
    why = str(values.get("why", "")).strip()
    becomes = read_form(values, role, was, known(turn))
    return await _set(turn, desk, role, was, becomes, why or "Set by its form.")


async def press_pause(turn: Turn, desk: Desk) -> Reply:
    """The button that pauses one agent."""
    role, was = await _pressed(turn, desk)
    becomes = was.model_copy(update={"paused": True})
    return await _set(turn, desk, role, was, becomes, "Pressed “Pause”.")


async def press_resume(turn: Turn, desk: Desk) -> Reply:
    """The button that lets one agent go on."""
    role, was = await _pressed(turn, desk)
    becomes = was.model_copy(update={"paused": False, "paused_until": None, "paused_why": ""})
    return await _set(turn, desk, role, was, becomes, "Pressed “Let it go on”.")


async def press_set_back(turn: Turn, desk: Desk) -> Reply:
    """The button that gives an agent all that its role has."""
    role, was = await _pressed(turn, desk)
    return await _set(turn, desk, role, was, AgentSettings(), "Pressed “Set everything back”.")


async def reread(turn: Turn, desk: Desk, action: Action, text: str) -> Action | None:
    """The same agent, set to what is said now instead."""
    if not isinstance(action, ConfigureAgent) or action.agent not in roles():
        return None
    person, role = known(turn), roles()[action.agent]
    wish = _wish(text, role, action.was, desk, person)
    if wish is None and action.becomes.paused and not action.was.paused:
        span = span_said(desk, person, text)
        if span is not None:
            wish = Wish({"paused": True, "paused_until": span.end, "paused_why": action.becomes.paused_why})
    if wish is None or (becomes := wish.applied(action.was)) == action.was:
        return None
    return configure_agent(action.agent, action.was, becomes, reason_or_words(text))


HANDLER = Handler(
    name="configure_agent",
    purpose="One agent's tools, model, budget and autonomy; pause it",
    example="Give the data engineer a budget of 5 dollars a story",
    group=Group.STOP,
    permission=reads(Role.ENGINEERING_DIRECTOR),
    answer=answer,
    presses={CONFIGURE: press_configure, PAUSE: press_pause, RESUME: press_resume, SET_BACK: press_set_back},
    risk=Risk.ACTS,
    look=look,
    means=_means,
    amend=of_effect(reread),
    corrects=frozenset({ConfigureAgent.type}),
)
