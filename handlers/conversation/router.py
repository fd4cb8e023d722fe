"""The router: from a turn to its answer. Who is it, what do they want, and may they ask?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from governance.directory import holders
from governance.people import Role
from governance.permissions import Refused, may_ask
from governance.standing import WindowMode
from handlers.catalogue import entry_of
from handlers.conversation import follow_ups
from handlers.conversation.about_it import request_about_it
from handlers.conversation.answers import (
    left_alone,
    lost_button,
    not_built,
    not_permitted,
    not_understood,
    one_click,
    too_long,
)
from handlers.conversation.cards import Reply
from handlers.conversation.desk import Desk, HeldFiles, NotOrdered
from handlers.conversation.handler import Asked, CannotAnswer, Handler, Risk
from handlers.conversation.outcome import Outcome, outcome_of
from handlers.conversation.turn import Clicked, Said, Turn
from handlers.language.command import read_command
from handlers.language.mood import Mood
from handlers.language.recognition import Recognises, Recognition
from handlers.language.stop_order import is_stop_order
from handlers.language.words import plain
from storage.read_only import WriteRefused, read_only

_OFFERED = 3


@dataclass(frozen=True, slots=True)
class Answer:
    """What a turn came to: the replies in order, the catalogue name that was understood (None if
    nothing was) and how surely, why it was refused if it was, and in which mood it was read and what was
    made of it (None for clicks, commands and decisions)."""

    replies: tuple[Reply, ...]
    intent: str | None
    confidence: float
    refused: str | None = None
    mood: Mood | None = None
    outcome: Outcome | None = None


class Router:
    """Chooses the handler for a turn. Holds no state.

    `recogniser` tells what is meant; in a demo window `predictable` does, which asks no model.
    """

    def __init__(
        self, handlers: Mapping[str, Handler], recogniser: Recognises, predictable: Recognises
    ) -> None:
        self._handlers = handlers
        self._recogniser = recogniser
        self._predictable = predictable
        self._presses = {verb: handler for handler in handlers.values() for verb in handler.presses}

    async def answer(self, turn: Turn, desk: Desk) -> Answer:
        """Answer a turn. A request that cannot be met as it stands is answered with why."""
        if isinstance(turn.what, Clicked):
            return await self._press(turn, turn.what, desk)
        return await self._words(turn, turn.what, desk)

    async def _press(self, turn: Turn, pressed: Clicked, desk: Desk) -> Answer:
        # A click is an order: its card said what it does.
        desk = replace(desk, ordered=True)
        if pressed.verb == "ask":
            name, _, text = pressed.subject.partition(" ")
            return await self._act(turn, Asked(name, text, 1.0, exact=True), desk)
        # What only concerns whoever pressed is said to them alone, where others read along.
        handler = self._presses.get(pressed.verb)
        if handler is None:
            return Answer((replace(lost_button(), aside=turn.identity),), None, 0.0)
        if refusal := await self._refusal(turn, handler.name, desk):
            return replace(
                refusal, replies=tuple(replace(reply, aside=turn.identity) for reply in refusal.replies)
            )
        try:
            reply = await handler.presses[pressed.verb](turn, desk)
        except CannotAnswer as cannot:
            reply = Reply(text=str(cannot), aside=turn.identity)
        return Answer((reply,), handler.name, 1.0, outcome=Outcome.ACT)

    async def _words(self, turn: Turn, said: Said, desk: Desk) -> Answer:
        if said.cut_from is not None:
            return Answer((too_long(said.cut_from),), None, 0.0)
        command = read_command(said.text)
        if command is not None:
            return await self._act(turn, Asked(command.name, command.rest, 1.0, exact=True), desk)
        if is_stop_order(said.text):
            return await self._act(turn, Asked("halt_agents", said.text, 1.0), desk)
        taken = await follow_ups.take(turn, said.text, desk) if turn.person else None
        if taken is None:
            return await self._recognise(turn, said.text, desk)
        answers = [await self._recognise(turn, rest, desk) for rest in taken.remaining]
        replies = (*taken.replies, *(reply for answer in answers for reply in answer.replies))
        return Answer(replies, follow_ups.INTENT, 1.0)

    async def _recognise(self, turn: Turn, text: str, desk: Desk) -> Answer:
        demo = WindowMode.DEMO in desk.modes
        found = await (self._predictable if demo else self._recogniser).recognise(text)
        about_it = request_about_it(plain(text), desk.memory.topic)
        if about_it is not None:
            found = replace(found, name=about_it, confidence=1.0, mood=Mood.REQUEST, ordered=1.0)
        handler = self._handlers.get(found.name or "")
        outcome = outcome_of(found, text, handler.risk if handler else Risk.ACTS)
        overheard = isinstance(turn.what, Said) and turn.what.overheard
        if overheard and outcome in (Outcome.ASK, Outcome.LEAVE):
            return Answer((), None, found.confidence, mood=found.mood, outcome=outcome)
        answer = await self._take(turn, found, text, desk, outcome)
        return replace(answer, mood=found.mood)

    async def _take(self, turn: Turn, found: Recognition, text: str, desk: Desk, outcome: Outcome) -> Answer:
        if found.name is None or outcome is Outcome.ASK:
            return self._ask_back(turn, found, text, desk)
        asked = Asked(found.name, text, found.confidence, found.mood)
        if outcome is Outcome.ACT:
            return await self._act(turn, asked, desk)
        if refusal := await self._refusal(turn, asked.name, desk):
            return refusal
        if outcome is Outcome.LEAVE:
            reply = left_alone(entry_of(asked.name), asked.mood, text)
            return Answer((reply,), asked.name, asked.confidence, outcome=outcome)
        return await self._look(turn, asked, desk)

    def _ask_back(self, turn: Turn, found: Recognition, text: str, desk: Desk) -> Answer:
        names = dict.fromkeys([*filter(None, [found.name]), *(name for name, _ in found.nearest)])
        nearest = [entry_of(name) for name in names if self._offered(turn, name, desk)]
        reply = not_understood(text, nearest[:_OFFERED])
        return Answer((reply,), None, found.confidence, outcome=Outcome.ASK)

    async def _act(self, turn: Turn, asked: Asked, desk: Desk) -> Answer:
        """Do what is ordered, as far as the rules let it."""
        if refusal := await self._refusal(turn, asked.name, desk):
            return refusal
        handler = self._handlers.get(asked.name)
        if handler is None:
            return self._not_built(asked, Outcome.ACT)
        desk.memory.intent = asked.name
        try:
            reply = await handler.answer(turn, asked, replace(desk, ordered=True))
        except CannotAnswer as cannot:
            reply = cannot.reply(asked.name, asked.text)
        return Answer((reply,), asked.name, asked.confidence, outcome=Outcome.ACT)

    async def _look(self, turn: Turn, asked: Asked, desk: Desk) -> Answer:
        """Answer without changing anything. What would have been changed becomes a button."""
        handler = self._handlers.get(asked.name)
        if handler is None:
            return self._not_built(asked, Outcome.LOOK)
        desk.memory.intent = asked.name
        try:
            reply = await self._looked(handler, turn, asked, desk)
        except CannotAnswer as cannot:
            # A button that names a thing would act on it, and nothing was ordered.
            looks = handler.risk is Risk.LOOKS
            reply = cannot.reply(asked.name, asked.text) if looks else Reply(text=str(cannot))
        except (NotOrdered, WriteRefused) as unordered:
            reply = one_click(entry_of(asked.name), asked.mood, asked.text, str(unordered))
        return Answer((reply,), asked.name, asked.confidence, outcome=Outcome.LOOK)

    async def _looked(self, handler: Handler, turn: Turn, asked: Asked, desk: Desk) -> Reply:
        if handler.risk is Risk.LOOKS:
            return await handler.answer(turn, asked, desk)
        files = HeldFiles()
        async with read_only(desk.tx):
            reply = await (handler.look or handler.answer)(turn, asked, replace(desk, files=files))
        await files.hand_over(desk.tx, desk.files)
        return reply

    def _not_built(self, asked: Asked, outcome: Outcome) -> Answer:
        return Answer((not_built(entry_of(asked.name)),), asked.name, asked.confidence, outcome=outcome)

    def _offered(self, turn: Turn, name: str, desk: Desk) -> bool:
        """Whether to offer this to somebody who was not understood: it is there, and they may ask for it."""
        return name in self._handlers and not isinstance(may_ask(turn.person, name, desk.modes), Refused)

    async def _refusal(self, turn: Turn, name: str, desk: Desk) -> Answer | None:
        allowed = may_ask(turn.person, name, desk.modes)
        if not isinstance(allowed, Refused):
            return None  # whether they may act, or only look, the handler asks again where it acts
        roles = [role for role in Role if role.label in allowed.who_may] if turn.person is not None else []
        who = [person.name for person in await holders(desk.tx, roles)]
        return Answer((not_permitted(entry_of(name), allowed, who),), name, 1.0, refused=allowed.why)
