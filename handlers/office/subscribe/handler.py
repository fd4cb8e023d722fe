"""`subscribe`: tell me when this happens; what am I told of; stop telling me."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from agents.plans.rows import plan_by_id, plans
from agents.plans.tables import PlanRow
from governance.people import Person
from governance.permissions import KNOWN
from governance.visibility import Scope, scope_of
from handlers.conversation.acts import note_act
from handlers.conversation.cards import Bullets, Button, Buttons, Card, Reply, Text
from handlers.conversation.desk import Desk
from handlers.conversation.handler import Asked, CannotAnswer, Group, Handler, Risk
from handlers.conversation.origin import known
from handlers.conversation.subjects import reply_of
from handlers.conversation.tables import ActRow
from handlers.conversation.turn import Clicked, Turn
from handlers.conversation.wording import capital
from handlers.delivery.plans.resolve import ALIVE
from handlers.delivery.whereabouts.subjects import named_in, names_an_id, subject_of
from handlers.language.correction import Change, Correction
from handlers.language.mood import Mood
from handlers.language.resolver import Found, NotThere, Several
from handlers.office.digests.parse import Wish
from handlers.office.digests.personal import end_own, set_own
from handlers.office.digests.settings import DigestKind, recipient_for
from handlers.office.subscribe.check import Looker
from handlers.office.subscribe.deployments import watched_deployments
from handlers.office.subscribe.parse import WORDS, Ask, event_of, read_ask
from handlers.office.subscribe.subscriptions import (
    Event,
    Kind,
    Watch,
    active,
    called,
    end,
    find_subscriptions,
    nothing_to_come,
    of_person,
    subscribe,
    take_up,
    watch_of,
    watch_text,
)
from handlers.office.subscribe.tables import SubscriptionRow
from integrations.deployments import DeploymentError

STOP, AGAIN = "end_subscription", "resume_subscription"
"""The verbs of the buttons; their subjects are subscriptions' ids with commas between them."""

_MADE = "subscription"
_CAN = (
    "I can tell you when a feature, story, plan or request is done, blocked, approved or moves, of incidents,"
    " halts, freezes and emergency deployments, of what is deployed, and of new P0 and P1 stories."
)
_CAN_OF_CUSTOMERS = (
    "I can tell you when a feature, story or request of your customers is done, blocked or moves."
)
_A_PLAN = re.compile(r"\bplan\b", re.IGNORECASE)
_IT = re.compile(r"\b(?:it|this|that)\b", re.IGNORECASE)


async def answer(turn: Turn, asked: Asked, desk: Desk) -> Reply:
    """Watch what is named, list what is watched, or stop watching."""
    before = desk.memory.topic.get(_MADE)
    reply = await _answer(turn, asked, desk)
    if (made := desk.memory.topic.get(_MADE)) != before:
        note_act(turn, desk, reference=made)
    return reply


async def _answer(turn: Turn, asked: Asked, desk: Desk) -> Reply:
    person = known(turn)
    ask = read_ask(asked.text)
    match ask.act:
        case "list":
            return await _list(desk, person)
        case "stop":
            return await _stop(desk, person, ask, asked.text)
        case "blockers":
            return await set_own(desk, person, Wish("set", (DigestKind.BLOCKERS,)), asked.text)
        case "no_blockers":
            return await end_own(desk, person, Wish("off", (DigestKind.BLOCKERS,)), asked.text)
        case "cannot":
            raise CannotAnswer(
                "I tell people, each of what they asked for; a channel hears of blockers and gets summaries:"
                " “post the daily summary to #product at 9”."
            )
        case "watch":
            return await _watch(desk, person, ask, asked.text)


async def _watch(desk: Desk, person: Person, ask: Ask, text: str) -> Reply:
    scope = scope_of(person)
    if ask.standing is Kind.DEPLOYMENTS and names_an_id(desk, text):
        ask = replace(ask, standing=None, event=Event.DONE)
    if ask.standing is not None:
        if ask.standing is not Kind.PRIORITY and not scope.everything:
            raise CannotAnswer(
                "You see your customers' items, and what stands in the department is not among them."
                f" {_CAN_OF_CUSTOMERS}"
            )
        if ask.standing is Kind.DEPLOYMENTS:
            return await _subscribed(desk, person, await watched_deployments(desk, ask, text, _CAN), ask)
        name = ask.subject or ask.standing.value
        watch = Watch(ask.standing, ask.subject, name, ask.event, ask.each_time)
        return await _subscribed(desk, person, watch, ask)
    if ask.cannot and not names_an_id(desk, text):
        raise CannotAnswer(
            f"I cannot watch {ask.cannot}: nothing that I am connected to reports it. {_can(scope)}"
        )
    match await subject_of(desk, text, scope, besides=WORDS):
        case Found() as subject:
            watch = Watch(Kind(subject.kind), subject.id, subject.name, event_of(subject, ask), ask.each_time)
            return await _subscribed(desk, person, watch, ask)
        case (Several() | NotThere()) as unclear:
            return reply_of(unclear, "subscribe", text)
    unknown = named_in(text, WORDS)
    if unknown:
        raise CannotAnswer(f"I find nothing called “{unknown}” that you may see. {_can(scope)}")
    if scope.everything and (plan := await _unnamed_plan(desk, text)) is not None:
        return await _subscribed(
            desk, person, Watch(Kind.PLAN, plan.id, plan.title, ask.event, ask.each_time), ask
        )
    raise CannotAnswer(f"What shall I watch? {_can(scope)} For example “tell me when SSO is done”.")


async def _unnamed_plan(desk: Desk, text: str) -> PlanRow | None:
    """The thread's plan, where “it” or “the plan” is said, or the only one that there is."""
    about = desk.memory.topic.get("plan")
    if about is not None and (_A_PLAN.search(text) or _IT.search(text)):
        return await plan_by_id(desk.tx, about)
    alive = await plans(desk.tx, *ALIVE) if _A_PLAN.search(text) else []
    return alive[0] if len(alive) == 1 else None


def _can(scope: Scope) -> str:
    return _CAN if scope.everything else _CAN_OF_CUSTOMERS


async def _subscribed(desk: Desk, person: Person, watch: Watch, ask: Ask) -> Reply:
    try:
        sight = await Looker(desk).look(watch.kind, watch.subject, scope_of(person))
    except DeploymentError as wrong:
        raise CannotAnswer(f"{wrong} I do not watch it.") from wrong
    if sight is None:
        raise CannotAnswer("That is not there for you to see, so I cannot watch it.")
    restricted = _restricted(person, [watch.kind])
    if (why := nothing_to_come(watch, sight)) is not None:
        return Reply(text=why, restricted=restricted)
    if watch.event is Event.BLOCKED and await _hears_all(desk, person):
        text = f"You hear of every blocker as it comes, and so of any in {called(watch)}."
        return Reply(text=text, restricted=restricted)
    desk.demand_order(watch_text(watch))
    subscription, is_new = await subscribe(desk.tx, person.id, watch, sight)
    desk.memory.about(subscription=subscription)
    said = watch_text(watch)
    lead = f"I tell you {said}." if is_new else f"You are told already {said}."
    rest = "" if watch.each_time else " Once; then it ends."
    if ask.hopes and watch.event is Event.DONE:
        rest += (
            " That is when the tracker has all of it done; of a service I can tell you when it is deployed to"
            " production."
        )
    stop = Button("Stop telling me", STOP, subscription)
    card = Card(f"You are told {said}", (Text((f"{lead}{rest}",)), Buttons((stop,))), "good")
    return Reply(text=f"{lead}{rest}", cards=(card,), restricted=restricted)


def _restricted(person: Person, kinds: Iterable[Kind]) -> str | None:
    """Why not every reader of a department's channel may see what is watched."""
    single = not scope_of(person).everything or any(kind in (Kind.ACCOUNT, Kind.REQUEST) for kind in kinds)
    return "it is about single customers' items" if single else None


async def _hears_all(desk: Desk, person: Person) -> bool:
    recipient = await recipient_for(desk.tx, desk.department, person, desk.now)
    return recipient.settings[DigestKind.BLOCKERS].is_on


async def _list(desk: Desk, person: Person) -> Reply:
    rows = await active(desk.tx, person.id)
    blockers = " You hear of every blocker, too (“digest settings”)." if await _hears_all(desk, person) else ""
    if not rows:
        return Reply(text=f"You are subscribed to nothing.{blockers} {_can(scope_of(person))}")
    text = f"You are told {'; '.join(watch_text(watch_of(row)) for row in rows)}.{blockers}"
    return _listed("What you are told of", text, rows, person)


def _listed(title: str, text: str, rows: Sequence[SubscriptionRow], person: Person) -> Reply:
    """Subscriptions, each with a button that ends it."""
    lines = tuple((capital(watch_text(watch_of(row))),) for row in rows)
    buttons = [Button(f"Stop: {row.name}", STOP, row.id) for row in rows]
    if len(rows) > 1:
        buttons.append(Button("Stop all of these", STOP, ",".join(row.id for row in rows), "danger"))
    card = Card(title, (Bullets(lines), Buttons(tuple(buttons))))
    return Reply(text=text, cards=(card,), restricted=_restricted(person, (Kind(row.kind) for row in rows)))


async def _stop(desk: Desk, person: Person, ask: Ask, text: str) -> Reply:
    rows = await active(desk.tx, person.id)
    named = named_in(text, WORDS)
    if ask.everything and not named and rows:
        return _ended(rows, desk, person)
    found, sure = find_subscriptions(rows, text)
    if not rows or (not found and not named):
        return await _list(desk, person)
    if not found:
        raise CannotAnswer(
            f"You are not told of “{named}”, so there is nothing to stop. “What am I subscribed to?” lists it."
        )
    if not sure:
        said = "; ".join(watch_text(watch_of(row)) for row in found)
        return _listed("Which one do you mean?", f"Which one do you mean? You are told {said}.", found, person)
    return _ended(found, desk, person)


def _ended(rows: Sequence[SubscriptionRow], desk: Desk, person: Person) -> Reply:
    desk.demand_order(f"stop telling you {'; '.join(watch_text(watch_of(row)) for row in rows)}")
    end(rows, desk.now)
    said = "; ".join(watch_text(watch_of(row)) for row in rows)
    text = f"I do not tell you any more {said}."
    undo = Button("Undo", AGAIN, ",".join(row.id for row in rows))
    restricted = _restricted(person, (Kind(row.kind) for row in rows))
    return Reply(text=text, cards=(Card("Stopped", (Text((text,)), Buttons((undo,)))),), restricted=restricted)


async def amend(turn: Turn, desk: Desk, act: ActRow, correction: Correction) -> Reply:
    """Something else than was said is watched, or something else as well, or nothing of it."""
    person = known(turn)
    rows = await of_person(desk.tx, person.id, [act.reference or ""])
    was = watch_text(watch_of(rows[0])) if rows else ""
    if correction.change is not Change.ADD:
        end([row for row in rows if row.ended is None], desk.now)
        act.taken_back = desk.now
    if correction.change is Change.TAKE_BACK:
        again = Button("Ask for it again", "ask", f"subscribe {act.words}")
        text = f"I do not tell you any more {was}." if was else "You are not told of that any more."
        return Reply(text=text, cards=(Card("Stopped", (Text((text,)), Buttons((again,)))),))
    ask = (
        read_ask(f"{act.words} {correction.text}")
        if correction.change is Change.REPLACE
        else read_ask(act.words)
    )
    desk.memory.topic.pop(_MADE, None)
    kept = ask.standing if ask.standing is Kind.DEPLOYMENTS else None
    reply = await _watch(desk, person, replace(ask, act="watch", standing=kept), correction.text)
    if (made := desk.memory.topic.get(_MADE)) is not None:
        note_act(turn, desk, reference=made, before=act.id)
    instead = f" It was: {was}." if correction.change is Change.REPLACE and was else ""
    return replace(reply, text=f"{reply.text}{instead}")


async def press_stop(turn: Turn, desk: Desk) -> Reply:
    """The button that ends one's subscriptions."""
    rows = [row for row in await _pressed(turn, desk) if row.ended is None]
    if not rows:
        return Reply(text="You are not told of that any more, so there is nothing to stop.")
    return _ended(rows, desk, known(turn))


async def press_again(turn: Turn, desk: Desk) -> Reply:
    """The button that takes them up again, from how things look now."""
    person, looker = known(turn), Looker(desk)
    rows = [row for row in await _pressed(turn, desk) if row.ended is not None]
    taken: list[str] = []
    for row in rows:
        sight = await looker.look(Kind(row.kind), row.subject, scope_of(person))
        if sight is not None:
            take_up(row, sight)
            taken.append(watch_text(watch_of(row)))
    if not taken:
        return Reply(text="There is nothing to take up again.")
    restricted = _restricted(person, (Kind(row.kind) for row in rows))
    return Reply(text=f"I tell you again {'; '.join(taken)}.", restricted=restricted)


async def _pressed(turn: Turn, desk: Desk) -> Sequence[SubscriptionRow]:
    if not isinstance(turn.what, Clicked):
        raise TypeError("a press is a click")
    return await of_person(desk.tx, known(turn).id, turn.what.subject.split(","))


HANDLER = Handler(
    name="subscribe",
    purpose="Be told when something happens",
    example="tell me when SSO is done",
    group=Group.SEE,
    permission=KNOWN,
    answer=answer,
    presses={STOP: press_stop, AGAIN: press_again},
    risk=Risk.ACTS,
    moods=frozenset({Mood.REQUEST, Mood.CONDITION}),
    amend=amend,
)
