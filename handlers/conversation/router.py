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
from handlers.conversation.answers import lost_button, not_built, not_permitted, not_understood, too_long
from handlers.conversation.cards import Reply
from handlers.conversation.desk import Desk
from handlers.conversation.handler import Asked, CannotAnswer, Handler
from handlers.conversation.turn import Clicked, Said, Turn
from handlers.language.command import read_command
from handlers.language.recognition import Recognises, Recognition
from handlers.language.slots.words import plain

SURE_ENOUGH_TO_ACT = 0.65
"""Confidence under which a request that is acted on at once is asked back. On the held-out utterances it asks
back two of 167 such requests that were understood, and the one that was not."""

_OFFERED = 3


@dataclass(frozen=True, slots=True)
class Answer:
    """What a turn came to: the replies in order, the catalogue name that was understood (None if
    nothing was) and how surely, and why it was refused if it was."""

    replies: tuple[Reply, ...]
    intent: str | None
    confidence: float
    refused: str | None = None


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
        if pressed.verb == "ask":
            name, _, text = pressed.subject.partition(" ")
            return await self._ask(turn, Asked(name, text, 1.0), desk)
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
        return Answer((reply,), handler.name, 1.0)

    async def _words(self, turn: Turn, said: Said, desk: Desk) -> Answer:
        if said.cut_from is not None:
            return Answer((too_long(said.cut_from),), None, 0.0)
        command = read_command(said.text)
        if command is not None:
            return await self._ask(turn, Asked(command.name, command.rest, 1.0, exact=True), desk)
        taken = await follow_ups.take(turn, said.text, desk) if turn.person else None
        if taken is None:
            return await self._recognise(turn, said.text, desk)
        answers = [await self._recognise(turn, rest, desk) for rest in taken.remaining]
        replies = (*taken.replies, *(reply for answer in answers for reply in answer.replies))
        return Answer(replies, follow_ups.INTENT, 1.0)

    async def _recognise(self, turn: Turn, text: str, desk: Desk) -> Answer:
        about_it = request_about_it(plain(text), desk.memory.topic)
        if about_it is not None:
            return await self._ask(turn, Asked(about_it, text, 1.0), desk)
        demo = WindowMode.DEMO in desk.modes
        found = await (self._predictable if demo else self._recogniser).recognise(text)
        if found.name is None or self._is_too_unsure(found, text):
            if isinstance(turn.what, Said) and turn.what.overheard:
                return Answer((), None, found.confidence)
            names = dict.fromkeys([*filter(None, [found.name]), *(name for name, _ in found.nearest)])
            nearest = [entry_of(name) for name in names if self._offered(turn, name, desk)]
            return Answer((not_understood(text, nearest[:_OFFERED]),), None, found.confidence)
        return await self._ask(turn, Asked(found.name, text, found.confidence), desk)

    async def _ask(self, turn: Turn, asked: Asked, desk: Desk) -> Answer:
        if refusal := await self._refusal(turn, asked.name, desk):
            return refusal
        handler = self._handlers.get(asked.name)
        if handler is None:
            return Answer((not_built(entry_of(asked.name)),), asked.name, asked.confidence)
        desk.memory.intent = asked.name
        try:
            reply = await handler.answer(turn, asked, desk)
        except CannotAnswer as cannot:
            reply = Reply(text=str(cannot))
        return Answer((reply,), asked.name, asked.confidence)

    def _is_too_unsure(self, found: Recognition, text: str) -> bool:
        handler = self._handlers.get(found.name or "")
        return handler is not None and found.confidence < SURE_ENOUGH_TO_ACT and handler.acts(text)

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
