"""What words mean: asked of the recogniser, or plain from what the thread is about."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial

from governance.standing import WindowMode
from handlers.conversation.desk import Desk
from handlers.conversation.memory import Memory
from handlers.conversation.outcome import SURE_OF_ANOTHER
from handlers.language.correction import Change, Correction, what_is_added
from handlers.language.mood import Mood
from handlers.language.recognition import Recognises, Recognition
from storage.look import look_of

_EXPLAINS, _ROADMAP = "explain_incident", "roadmap"
_OF_A_PLAN = re.compile(
    r"(?:(?:please|pls|ok|okay|now|and|can you|could you|then) )*"
    r"(?:pause|resume|unpause|continue|go on with|replan|re-plan|cancel) (?:it|this|that|the plan|this plan)"
    r"(?: (?:please|pls|now|again|today|for now|then|thanks))*"
)

_MORE_OF_AN_EXPLANATION = re.compile(
    r"(?:but |and |so )?why(?: (?:is|was) (?:that|it|this))?"
    r"|(?:(?:and|but|so) )?(?:(?:what|how) about |why )?(?:(?:in|on|at) )?(?:the )?"
    r"(?:staging|production|prod|errors?|error rates?|failures|failed requests|latency|latencies|slowness)"
    r"(?: there| then)?"
)
_MORE_OF_A_ROADMAP = re.compile(
    r"(?:(?:and|but|ok|okay|now|then|please|try it|again|what if we (?:did|do) it) )*"
    r"(?:(?:without|leave out|leaving out|drop|except(?: for)?) (?!approv|ask|me\b|us\b|you\b).+"
    r"|(?:with |assume |suppose |assuming )?(?:an?|another|\d+|one|two|three|four|five|six)"
    r" (?:more|fewer|extra|less) .+ (?:in|for|on|at) .+"
    r"|(?:with |at )?\d{1,3} ?% (?:of )?(?:the |our )?capacity"
    r"|(?:approve|adopt|accept) (?:it|this|that|(?:the|this|that) roadmap)|approved"
    r"|make (?:it|this|that|(?:the|this|that) roadmap) the plan of record)"
)

_GOES_ON = frozenset({"velocity", "risks"})
"""Requests that keep what was asked for, under their name, so that a few words ask for the same of another."""
_OF_ANOTHER = re.compile(
    r"(?:(?:ok|okay|so|now) )*(?:(?:and )?(?:(?:what|how) about|(?:the )?same (?:for|of|with)|for|of)|and)"
    r"(?: the)?(?: (?:team|feature))?(?: [\w-]+){1,3}"
)
_AND_ONE = re.compile(r"(?:(?:ok|okay|so|now) )*and (?:the )?(?:team )?[\w-]+(?: (?:team|squad))?")
"""Without a question mark more words behind "and" may order something: "and freeze orders"."""
_IN_ANOTHER_FORM = re.compile(
    r"(?:(?:and|please|pls|now|can i have (?:it|that)|give me (?:it|that)) )*(?:as|in|per) (?:a )?"
    r"(?:csv|spreadsheet|hours|agent-hours|(?:story )?points|stories)(?: file)?(?: (?:please|pls|too|thanks))*"
)


def request_about_it(said: str, memory: Memory) -> str | None:
    """The catalogue's name of what is asked for of “it”; None if it is not that plain. `said` is plain text."""
    words = said.strip(" .!?")
    if "plan" in memory.topic and _OF_A_PLAN.fullmatch(words):
        return "plan"
    if memory.intent == _EXPLAINS and "explained" in memory.topic and _MORE_OF_AN_EXPLANATION.fullmatch(words):
        return _EXPLAINS
    if memory.intent in _GOES_ON and memory.intent in memory.topic:
        asks = (
            said.rstrip().endswith("?")
            or not words.startswith("and ")
            or words.startswith(("and for ", "and of "))
        )
        goes_on = _AND_ONE.fullmatch(words) or _IN_ANOTHER_FORM.fullmatch(words)
        goes_on = goes_on or (_OF_ANOTHER.fullmatch(words) if asks else None)
        return memory.intent if goes_on else None
    if memory.intent == _ROADMAP and "roadmap" in memory.topic and _MORE_OF_A_ROADMAP.fullmatch(words):
        return _ROADMAP
    return None


@dataclass(frozen=True, slots=True)
class Meaning:
    """Tells what words mean: the `recogniser` does, and in a demo window `predictable`, which asks no model.

    `asks` names whom the `recogniser` asks outside this installation, if it asks anybody.
    """

    recogniser: Recognises
    predictable: Recognises
    asks: str | None

    async def of(self, text: str, desk: Desk) -> Recognition:
        """What these words mean by themselves."""
        if WindowMode.DEMO in desk.modes:
            return await self.predictable.recognise(text)
        if self.asks is None:
            return await self.recogniser.recognise(text)
        meant = partial(self.recogniser.recognise, text)
        return await look_of(desk.tx).at(("meaning", text), self.asks, meant)

    async def asks_anew(self, text: str, correction: Correction, request: str, desk: Desk) -> bool:
        """Whether "and …" is a whole request of another kind by itself, not more of the last one.

        A bare name is none ("and checkout too"): what is added asks for the same without the words around it,
        and is a request or a question there.
        """
        found = await self.of(text, desk)
        if found.name in (None, request) or found.confidence < SURE_OF_ANOTHER:
            return False
        if correction.change is not Change.ADD:
            return True
        added = await self.of(what_is_added(correction.text), desk)
        return added.name == found.name and added.mood in (Mood.REQUEST, Mood.QUESTION)
