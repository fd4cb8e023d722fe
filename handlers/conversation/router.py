"""The router: from a turn to its answer. Who is it, what do they want, and may they ask?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from zoneinfo import ZoneInfo

from governance.directory import holders
from governance.people import Role
from governance.permissions import Refused
from handlers.catalogue import may_request, request_of
from handlers.conversation import follow_ups
from handlers.conversation.acts import act_by_id, is_of_now, last_act
from handlers.conversation.amending import TAKE_BACK, UNDO, press_take_back, press_undo
from handlers.conversation.answers import (
    did_not_answer,
    in_english,
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
from handlers.conversation.helps_now import helps_now
from handlers.conversation.meaning import Meaning, request_about_it
from handlers.conversation.outcome import Answer, Outcome, outcome_of
from handlers.conversation.parts import parts
from handlers.conversation.small_talk import small_talk
from handlers.conversation.turn import Clicked, Said, Turn
from handlers.language.bare_value import is_bare_value, spelt_out
from handlers.language.command import Command, read_command
from handlers.language.correction import NO_CORRECTION, Change, Correction, read_correction
from handlers.language.languages import foreign_language
from handlers.language.mood import Mood
from handlers.language.recognition import Recognises, Recognition
from handlers.language.stop_order import is_stop_order
from handlers.language.words import plain
from storage.look import Away
from storage.savepoints import WriteRefused, read_only

_OFFERED = 3


class Router:
    """Chooses the handler for a turn. Holds no state."""

    def __init__(
        self,
        handlers: Mapping[str, Handler],
        recogniser: Recognises,
        predictable: Recognises,
        *,
        asks: str | None = None,
    ) -> None:
        """As `Meaning`, which tells what is meant."""
        self._handlers = handlers
        self._meaning = Meaning(recogniser, predictable, asks)
        self._corrected = {type: one.name for one in handlers.values() for type in one.corrects}
        self._presses = {verb: handler for handler in handlers.values() for verb in handler.presses}

    async def answer(self, turn: Turn, desk: Desk) -> Answer:
        """Answer a turn. A request that cannot be met as it stands is answered with why."""
        if isinstance(turn.what, Clicked):
            return await self._press(turn, turn.what, desk)
        answer = await self._words(turn, turn.what, desk)
        desk.memory.answered(answer.replies)
        return answer

    async def _press(self, turn: Turn, pressed: Clicked, desk: Desk) -> Answer:
        # A click is an order: its card said what it does.
        desk = replace(desk, ordered=True)
        if pressed.verb == "ask":
            name, _, text = pressed.subject.partition(" ")
            return await self._act(turn, Asked(name, text, 1.0, exact=True), desk)
        if pressed.verb in (TAKE_BACK, UNDO):
            return await self._press_amending(turn, pressed, desk)
        # What only concerns whoever pressed is said to them alone, where others read along.
        handler = self._presses.get(pressed.verb)
        if handler is None:
            return Answer((replace(lost_button(), aside=turn.identity),), None, 0.0)
        refusal = await self._refusal(turn, handler.name, desk)
        if refusal is not None and not await _is_own(turn, pressed, handler, desk):
            replies = tuple(replace(reply, aside=turn.identity) for reply in refusal.replies)
            return replace(refusal, replies=replies)
        try:
            reply = await handler.presses[pressed.verb](turn, desk)
        except CannotAnswer as cannot:
            reply = Reply(text=str(cannot), aside=turn.identity)
        return Answer((reply,), handler.name, 1.0, outcome=Outcome.ACT)

    async def _press_amending(self, turn: Turn, pressed: Clicked, desk: Desk) -> Answer:
        act = await act_by_id(desk, pressed.subject)
        if act is None:
            return Answer((replace(lost_button(), aside=turn.identity),), None, 0.0)
        if refusal := await self._refusal(turn, act.request, desk):
            return refusal
        desk.memory.intent = act.request
        try:
            reply = await (press_undo if pressed.verb == UNDO else press_take_back)(turn, desk, act)
        except CannotAnswer as cannot:
            reply = Reply(text=str(cannot), aside=turn.identity)
        return Answer((reply,), act.request, 1.0, outcome=Outcome.ACT)

    async def _words(self, turn: Turn, said: Said, desk: Desk) -> Answer:
        if said.cut_from is not None:
            return Answer((too_long(said.cut_from),), None, 0.0)
        command = read_command(said.text)
        if command is not None:
            return await self._command(turn, command, desk)
        if is_stop_order(said.text):
            return await self._act(turn, Asked("halt_agents", said.text, 1.0), desk)
        taken = await follow_ups.take(turn, said.text, desk) if turn.person else None
        if taken is None:
            return await self._correct(turn, said.text, desk) or await self._each(turn, said.text, desk)
        answers = [await self._recognise(turn, rest, desk) for rest in taken.remaining]
        replies = (*taken.replies, *(reply for answer in answers for reply in answer.replies))
        return Answer(replies, follow_ups.INTENT, 1.0)

    async def _each(self, turn: Turn, text: str, desk: Desk) -> Answer:
        """Answer each request of a message. What is not understood is named; the rest is done."""
        pieces = await parts(text, partial(self._meaning.of, desk=desk))
        answers = [await self._recognise(turn, piece, desk) for piece in pieces]
        if len(answers) == 1:
            return answers[0]
        first = next((one for one in answers if one.intent is not None), answers[0])
        return replace(first, replies=tuple(reply for one in answers for reply in one.replies))

    async def _command(self, turn: Turn, command: Command, desk: Desk) -> Answer:
        """A name typed exactly is an order, unless what comes after it asks."""
        mood = Mood.QUESTION if command.rest.endswith("?") else Mood.REQUEST
        asked = Asked(command.name, command.rest, 1.0, mood, exact=True)
        if mood is Mood.REQUEST:
            return await self._act(turn, asked, desk)
        return await self._refusal(turn, asked.name, desk) or await self._look(turn, asked, desk)

    async def _correct(self, turn: Turn, text: str, desk: Desk) -> Answer | None:
        """Take words as a correction of what this person just did; None if they are none of anything."""
        correction = read_correction(text)
        found = await self._meaning.of(text, desk)
        if correction is None and found.mood is Mood.CORRECTION:
            correction = read_correction(text, surely=True)
        bare = correction is None and is_bare_value(text)
        if bare and turn.person is not None:
            today = desk.now.astimezone(ZoneInfo(turn.person.time_zone)).date()
            correction = Correction(Change.REPLACE, spelt_out(text, today))
        reported = bare and found.mood is Mood.REPORT  # "it ends friday noon" tells how it shall be
        if correction is None or (
            found.mood in NO_CORRECTION and correction.change is not Change.ADD and not reported
        ):
            return None
        act = await last_act(turn, desk, self._corrected)
        if bare and (act is None or act.request != desk.memory.intent or not is_of_now(act, turn, desk)):
            return None
        if act is None or (correction.change is Change.ADD and act.request != desk.memory.intent):
            return await self._more_of_the_same(turn, correction, text, desk)
        handler = self._handlers.get(act.request)
        if handler is None or handler.amend is None:
            return None
        if correction.change is Change.ADD and await self._meaning.asks_anew(
            text, correction, act.request, desk
        ):
            return None
        if refusal := await self._refusal(turn, act.request, desk):
            return refusal
        desk.memory.intent = act.request
        try:
            reply = await handler.amend(turn, replace(desk, ordered=True), act, correction)
        except CannotAnswer as cannot:
            reply = Reply(text=str(cannot))
        return Answer((reply,), act.request, 1.0, mood=Mood.CORRECTION, outcome=Outcome.ACT)

    async def _more_of_the_same(
        self, turn: Turn, correction: Correction, text: str, desk: Desk
    ) -> Answer | None:
        """A correction where nothing was done: the thread's last request, about what is said now."""
        last = desk.memory.intent
        if last is None or await self._meaning.asks_anew(text, correction, last, desk):
            return None
        handler = self._handlers.get(last)
        asked = Asked(last, correction.text, 1.0, Mood.CORRECTION)
        if handler is None:
            outcome = Outcome.LEAVE if correction.change is Change.TAKE_BACK else Outcome.ACT
            return replace(await self._not_built(turn, asked, desk, outcome), mood=Mood.CORRECTION)
        if handler.risk is Risk.LOOKS and correction.change is not Change.TAKE_BACK:
            return await self._refusal(turn, last, desk) or await self._look(turn, asked, desk)
        return None

    async def _recognise(self, turn: Turn, text: str, desk: Desk) -> Answer:
        found = await self._meaning.of(text, desk)
        about_it = request_about_it(plain(text), desk.memory)
        if about_it is not None:
            found = replace(found, name=about_it, confidence=1.0, mood=Mood.REQUEST, ordered=1.0)
        elif (
            found.mood in (Mood.REQUEST, Mood.QUESTION)
            and (named := await self._of_what_is_kept(text, desk)) is not None
        ):
            found = replace(found, name=named, confidence=1.0)
        if found.mood is Mood.QUESTION and (said := await self._about_the_card(turn, text, desk)) is not None:
            return Answer((said,), found.name, found.confidence, mood=found.mood, outcome=Outcome.LOOK)
        handler = self._handlers.get(found.name or "")
        outcome = outcome_of(found, text, Risk.ACTS)
        if handler is not None:
            outcome = outcome_of(found, text, handler.risk, handler.moods)
        overheard = isinstance(turn.what, Said) and turn.what.overheard
        if overheard and outcome in (Outcome.ASK, Outcome.LEAVE):
            return Answer((), None, found.confidence, mood=found.mood, outcome=outcome)
        answer = await self._take(turn, found, text, desk, outcome)
        language = None if desk.has_model else foreign_language(text)
        replies = in_english(answer.replies, language) if language else answer.replies
        return replace(answer, replies=replies, mood=found.mood)

    async def _of_what_is_kept(self, text: str, desk: Desk) -> str | None:
        """The request that these words mean for what they name stands in its books; None without one."""
        for handler in self._handlers.values():
            if handler.means is not None and await handler.means(text, desk):
                return handler.name
        return None

    async def _about_the_card(self, turn: Turn, text: str, desk: Desk) -> Reply | None:
        """The answer to a question about what stands on the thread's card."""
        if isinstance(may_request(turn.person, "status", desk.modes), Refused):
            return None
        for handler in self._handlers.values():
            if handler.about is not None and (said := await handler.about(turn, text, desk)) is not None:
                return said
        return None

    async def _take(self, turn: Turn, found: Recognition, text: str, desk: Desk, outcome: Outcome) -> Answer:
        if found.name is None or outcome is Outcome.ASK:
            return self._ask_back(turn, found, text, desk)
        asked = Asked(found.name, text, found.confidence, found.mood, spoken=found.spoken)
        if outcome is Outcome.ACT:
            return await self._act(turn, asked, desk)
        if refusal := await self._refusal(turn, asked.name, desk):
            return refusal
        if outcome is Outcome.LEAVE:
            if asked.name not in self._handlers and asked.mood is not Mood.NEGATION:
                return await self._not_built(turn, asked, desk, outcome)
            reply = left_alone(request_of(asked.name), asked.mood, text)
            return Answer((reply,), asked.name, asked.confidence, outcome=outcome)
        return await self._look(turn, asked, desk)

    def _ask_back(self, turn: Turn, found: Recognition, text: str, desk: Desk) -> Answer:
        if found.name is None and (said := small_talk(text, found.mood, desk.memory)) is not None:
            return Answer((said,), None, found.confidence, outcome=Outcome.ASK)
        names = dict.fromkeys([*filter(None, [found.name]), *(name for name, _ in found.nearest)])
        nearest = [request_of(name) for name in names if self._offered(turn, name, desk)]
        reply = not_understood(text, nearest[:_OFFERED])
        return Answer((reply,), None, found.confidence, outcome=Outcome.ASK)

    async def _act(self, turn: Turn, asked: Asked, desk: Desk) -> Answer:
        """Do what is ordered, as far as the rules let it."""
        if refusal := await self._refusal(turn, asked.name, desk):
            return refusal
        desk.memory.intent = asked.name
        handler = self._handlers.get(asked.name)
        if handler is None:
            return await self._not_built(turn, asked, desk, Outcome.ACT)
        try:
            reply = await handler.answer(turn, asked, replace(desk, ordered=True))
        except CannotAnswer as cannot:
            reply = cannot.reply(asked.name, asked.text)
        except Away as away:
            if handler.risk is not Risk.LOOKS:
                raise  # something may be changed already: the whole turn is to leave nothing behind
            reply = did_not_answer(away, asked.name, asked.text)
        return Answer((reply,), asked.name, asked.confidence, outcome=Outcome.ACT)

    async def _look(self, turn: Turn, asked: Asked, desk: Desk) -> Answer:
        """Answer without changing anything. What would have been changed becomes a button."""
        handler = self._handlers.get(asked.name)
        if handler is None:
            return await self._not_built(turn, asked, desk, Outcome.LOOK)
        desk.memory.intent = asked.name
        try:
            reply = await self._looked(handler, turn, asked, desk)
        except CannotAnswer as cannot:
            # A button that names a thing would act on it, and nothing was ordered.
            looks = handler.risk is Risk.LOOKS
            reply = cannot.reply(asked.name, asked.text) if looks else Reply(text=str(cannot))
        except Away as away:
            reply = did_not_answer(away, asked.name, asked.text)
        except (NotOrdered, WriteRefused) as unordered:
            reply = one_click(request_of(asked.name), asked.mood, asked.text, str(unordered))
        return Answer((reply,), asked.name, asked.confidence, outcome=Outcome.LOOK)

    async def _looked(self, handler: Handler, turn: Turn, asked: Asked, desk: Desk) -> Reply:
        if handler.risk is Risk.LOOKS:
            return await handler.answer(turn, asked, desk)
        files = HeldFiles()
        async with read_only(desk.tx):
            reply = await (handler.look or handler.answer)(turn, asked, replace(desk, files=files))
        await files.hand_over(desk.tx, desk.files)
        return reply

    async def _not_built(self, turn: Turn, asked: Asked, desk: Desk, outcome: Outcome) -> Answer:
        reply = not_built(request_of(asked.name), await helps_now(turn, desk, asked.name, asked.text))
        return Answer((reply,), asked.name, asked.confidence, outcome=outcome)

    def _offered(self, turn: Turn, name: str, desk: Desk) -> bool:
        """Whether to offer this to somebody who was not understood: it is there, and they may ask for it."""
        return name in self._handlers and not isinstance(may_request(turn.person, name, desk.modes), Refused)

    async def _refusal(self, turn: Turn, name: str, desk: Desk) -> Answer | None:
        allowed = may_request(turn.person, name, desk.modes)
        if not isinstance(allowed, Refused):
            return None  # whether they may act, or only look, the handler asks again where it acts
        roles = [role for role in Role if role.label in allowed.who_may] if turn.person is not None else []
        who = [person.name for person in await holders(desk.tx, roles)]
        return Answer((not_permitted(request_of(name), allowed, who),), name, 1.0, refused=allowed.why)


async def _is_own(turn: Turn, pressed: Clicked, handler: Handler, desk: Desk) -> bool:
    """Whether somebody may press a button of what is theirs, though they may not ask for such a thing."""
    owns, person = handler.own.get(pressed.verb), turn.person
    return (
        owns is not None
        and person is not None
        and person.active
        and await owns(desk.tx, person.id, pressed.subject)
    )
