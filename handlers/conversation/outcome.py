"""What is made of a message that was read: done, looked up, offered by one button, or asked back.

This is where mood comes before action. `outcome_of` is the one place that decides, for the embedded
recogniser's reading and for a model's alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from handlers.conversation.cards import Reply
from handlers.conversation.handler import Risk
from handlers.language.mood import ORDERING, Mood, cues
from handlers.language.recognition import Recognition

SURE_OF_NAME = {Risk.LOOKS: 0.0, Risk.ACTS: 0.5, Risk.DANGEROUS: 0.6}
"""The least confidence in a name for what it does to be done without asking back."""

SURE_OF_ANOTHER = 0.85
"""The confidence from which "and …" is a request of another kind, and not more of the last one."""

SURE_OF_NAME_UNASKED = 0.65
"""The same where it is ordered in another mood than a request."""

SURE_OF_ORDER = {Risk.LOOKS: 0.0, Risk.ACTS: 0.7, Risk.DANGEROUS: 0.75}
"""The least probability that something is asked to be done at all."""

_DOUBTS = frozenset({Mood.QUESTION, Mood.NEGATION, Mood.CONDITION, Mood.QUOTATION})
"""Signs that leave what is dangerous to a click, however sure the reading is."""


class Outcome(StrEnum):
    """ACT: do it. LOOK: answer, and change nothing; what would be changed is one button away.
    LEAVE: say that nothing was done, with the button. ASK: offer the nearest requests."""

    ACT = "act"
    LOOK = "look"
    LEAVE = "leave"
    ASK = "ask"


_ANSWERED = frozenset({Mood.QUESTION, Mood.WISH, *ORDERING})
"""Moods to which looking is an answer, whatever is spoken of."""


def outcome_of(
    found: Recognition, text: str, risk: Risk, moods: frozenset[Mood] = frozenset({Mood.REQUEST})
) -> Outcome:
    """What to make of `text`, read as `found`; `risk` and `moods` are its handler's. Pure, and never ACT in
    another mood than those. (A correction of what stands is taken before; one of nothing orders nothing.)"""
    if found.name is None:
        return Outcome.ASK
    if risk is Risk.LOOKS:
        return Outcome.LEAVE if found.mood is Mood.NEGATION else Outcome.LOOK
    if found.mood in moods and is_surely_ordered(found, text, risk):
        return Outcome.ACT
    return Outcome.LOOK if found.mood in _ANSWERED else Outcome.LEAVE


def is_surely_ordered(found: Recognition, text: str, risk: Risk) -> bool:
    """Whether name and order are both read surely enough for what this risks. Anything in the words that is
    a sign of another mood leaves what is dangerous to a click."""
    if found.mood is not Mood.REQUEST:
        return found.confidence >= SURE_OF_NAME_UNASKED
    if found.confidence < SURE_OF_NAME[risk] or found.ordered < SURE_OF_ORDER[risk]:
        return False
    return risk is not Risk.DANGEROUS or cues(text).isdisjoint(_DOUBTS)


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
