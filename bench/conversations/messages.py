"""Messages, each on its own: what the product made of it, judged by what changed."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from bench.conversations import setting
from bench.conversations.data import NOTHING, Message
from bench.conversations.department import Department
from bench.conversations.kinds import (
    DANGEROUS,
    ON_SERVICES,
    READS,
    fits,
    names_service,
    principal,
    services_in,
)
from bench.conversations.talk import Heard, Talk
from bench.conversations.when import HERE
from governance.standing import FreezeKind
from handlers.catalogue import find_handlers
from handlers.conversation.outcome import Outcome
from handlers.language.mood import Mood
from integrations.pages import Part

NOW = datetime(2026, 12, 3, 14, 0, tzinfo=HERE)
PLANS = ("webhooks", "search", "dashboard")
_NEAREST = 3
_CARD = re.compile(r"\b[A-Z]+-\d+\b")


@dataclass(frozen=True)
class Judged:
    """What became of one message. `did` names what was done or decided, None where nothing was."""

    message: Message
    heard: Heard
    did: str | None
    intent: bool
    nearest: bool
    mood: bool
    rightly: bool
    one_click: bool
    unprepared: str | None = None

    @property
    def wrongly(self) -> bool:
        """Whether something was done that should not have been done, or not so."""
        return self.did is not None and not (self.message.may_act and self.rightly)

    @property
    def dangerous(self) -> bool:
        """Whether that is of the dangerous kind, by what was done, or by what was spoken of where nothing may
        be done."""
        spoken_of = set() if self.message.may_act else {self.message.intent}
        return self.wrongly and bool(DANGEROUS & {self.did, *spoken_of})

    @property
    def nearly(self) -> bool:
        """Whether something that should not be done was read as an order, and only came to nothing."""
        acting = self.heard.answer.intent not in READS and self.heard.answer.outcome is Outcome.ACT
        return acting and not self.message.may_act and self.did is None

    @property
    def asked_back(self) -> bool:
        """Whether something was understood that should be done, and then was asked about or refused."""
        ordered = self.heard.answer.outcome is Outcome.ACT or self.heard.answer.refused is not None
        return self.message.may_act and self.intent and ordered and self.did is None and not self.rightly


async def judge_all(department: Department, messages: Sequence[Message]) -> AsyncIterator[Judged]:
    """Each message, from a fresh start: the department with its plans under way, and what the message's intent
    asks for."""
    async with department.undone(NOW, keep=True) as held:
        for topic in PLANS:
            await setting.plan_under_way(await Talk.open(held), topic)
    for message in messages:
        async with department.undone(NOW) as held:
            talk = await Talk.open(held)
            unprepared = await _prepare(talk, message)
            heard = await talk.say(message.speaker, message.text)
            services = [one.id for one in (await held.ports.services.services(Part())).items]
            yield judge(message, heard, find_handlers(), services, unprepared)


async def _prepare(talk: Talk, message: Message) -> str | None:
    """What has to stand for what a message is about; what of it could not be brought about."""
    try:
        await _stand(talk, message.intent)
        if message.intent == "subscribe" and message.may_act and message.mood is Mood.NEGATION:
            await setting.watches(talk, message.speaker, message.text)
        if message.before:
            await _said_before(talk, message)
    except Exception as cannot:  # noqa: BLE001 - it is told, and the line is judged as it comes
        return f"{type(cannot).__name__}: {cannot}"
    return None


async def _stand(talk: Talk, intent: str) -> None:
    match intent:
        case "resume_agents":
            await setting.halt(talk, "helena")
        case "unfreeze":
            await setting.freeze(talk, "nathan", FreezeKind.SERVICE, "search", None)
            await setting.freeze(talk, "carlos", FreezeKind.SERVICE, "ledger", None)
        case "overrule_agent":
            await setting.agent_scaled(talk, "sre", "search")
            await setting.agent_rejected(talk, "qa", "CARD-1170", "p95 over 500 ms")


async def _said_before(talk: Talk, message: Message) -> None:
    """Said as it stands and, where the product does not carry it out so, by the button that does."""
    await talk.mark()
    heard = await talk.say(message.speaker, message.before, works=True)
    if _did(heard, find_handlers()) != message.intent:
        await talk.back()
        await talk.press(message.speaker, "ask", f"{message.intent} {message.before}")


def judge(
    message: Message,
    heard: Heard,
    built: Collection[str],
    services: Sequence[str],
    unprepared: str | None = None,
) -> Judged:
    """What a message's answer and changes come to. Of what is not built, the decision counts."""
    answer = heard.answer
    name = answer.intent or NOTHING
    nearest = {near for found in heard.recognised for near, _ in found.nearest[:_NEAREST]}
    intent = name in message.intents
    return Judged(
        message=message,
        heard=heard,
        did=_did(heard, built),
        intent=intent,
        nearest=intent or bool(nearest & set(message.intents)),
        mood=mood_of(heard) is message.mood,
        rightly=intent and _is_carried_out(message, heard, built, services),
        one_click=_is_one_click(message, heard, built, nearest),
        unprepared=unprepared,
    )


def mood_of(heard: Heard) -> Mood | None:
    """The mood that a message was read in; what is done without the recogniser is taken for a request."""
    if heard.answer.mood is not None:
        return heard.answer.mood
    if heard.recognised:
        return heard.recognised[0].mood
    return Mood.REQUEST if heard.answer.outcome is Outcome.ACT or heard.changes else None


def decided_to_act(heard: Heard, built: Collection[str]) -> bool:
    """Whether something was to be done that nothing can do yet."""
    answer = heard.answer
    would_act = answer.intent is not None and answer.intent not in built and answer.intent not in READS
    return would_act and answer.outcome is Outcome.ACT and answer.refused is None


def _did(heard: Heard, built: Collection[str]) -> str | None:
    done = bool(heard.changes) or decided_to_act(heard, built)
    return (heard.answer.intent or "something") if done else None


def _is_carried_out(message: Message, heard: Heard, built: Collection[str], services: Sequence[str]) -> bool:
    answer = heard.answer
    name = answer.intent or NOTHING
    if name in READS:
        return answer.refused is None and answer.outcome in (Outcome.ACT, Outcome.LOOK) and not heard.changes
    if name not in built:
        return decided_to_act(heard, built)
    done = principal(heard.changes)
    if not done or not all(fits(name, change) for change in done):
        return False
    if message.mood is Mood.CORRECTION and is_doubled(heard):
        return False
    named = services_in(message.text, services) if name in ON_SERVICES else ()
    return not named or names_service(done, named)


def is_doubled(heard: Heard) -> bool:
    """Whether something new stands beside what it should have taken the place of."""
    for table, stood in heard.stood.items():
        new = [change for change in heard.changes if change.table == table and change.is_new]
        old = [change for change in heard.changes if change.table == table and not change.is_new]
        if stood and new and not old:
            return True
    return False


def _is_one_click(message: Message, heard: Heard, built: Collection[str], nearest: set[str]) -> bool:
    answer, wanted = heard.answer, set(message.intents)
    verbs = {verb for name in wanted & set(built) for verb in find_handlers()[name].presses}
    cards = set(_CARD.findall(message.text))
    for button in heard.buttons:
        asks = button.verb == "ask" and button.subject.partition(" ")[0] in wanted
        does = button.verb in verbs and all(card in f"{button.label} {button.subject}" for card in cards)
        if asks or does:
            return True
    if not wanted - set(built):
        return False
    offered = answer.outcome is Outcome.LOOK and answer.intent in wanted
    return offered or (answer.outcome is Outcome.ASK and bool(nearest & wanted))


def report(judged: Sequence[Judged]) -> Iterator[str]:
    """A line for each message, for a person to read."""
    for one in judged:
        message, answer = one.message, one.heard.answer
        marks = [
            "WRONGLY DONE" + (" (dangerous)" if one.dangerous else "") if one.wrongly else "",
            "not done" + (", one click" if one.one_click else "") if _is_missed(one) else "",
            "" if one.intent else "name" + (", not among the nearest" if not one.nearest else ""),
            "" if one.mood else f"mood {mood_of(one.heard)}",
            "READ AS AN ORDER that came to nothing" if one.nearly else "",
            f"UNPREPARED {one.unprepared}" if one.unprepared else "",
            f"FAULT {one.heard.fault}" if one.heard.fault else "",
        ]
        said = "; ".join(filter(None, marks)) or "right"
        expected = f"{message.mood}, {'/'.join(message.intents)}, {'may act' if message.may_act else 'no act'}"
        became = "refused" if answer.refused else answer.outcome
        happened = f"{answer.intent} {answer.confidence:.2f} {became}"
        changed = ", ".join(sorted({change.table for change in one.heard.changes})) or "nothing"
        yield f"{message.number:3} [{said}] {message.speaker}: {message.text}"
        yield f"      expected {expected}; was {happened}; changed {changed}"
        yield f"      {one.heard.text[:300]}"


def _is_missed(one: Judged) -> bool:
    return one.message.may_act and not one.rightly and not one.wrongly
