"""A request: one thing that people can ask for, as the `handler.py` of its folder declares it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum

from sqlalchemy.ext.asyncio import AsyncSession

from governance.permissions import Permission
from handlers.conversation.cards import Reply
from handlers.conversation.desk import Desk
from handlers.conversation.tables import ActRow
from handlers.conversation.turn import Turn
from handlers.language.correction import Correction
from handlers.language.mood import Mood


@dataclass(frozen=True, slots=True)
class Asked:
    """What was recognised in a turn's words: `text` is the part of the message that is this request, `spoken`
    the words for single arguments where they were told apart."""

    name: str
    text: str
    confidence: float
    mood: Mood = Mood.REQUEST
    exact: bool = False
    spoken: Mapping[str, str] = field(default_factory=dict)

    def words(self, argument: str) -> str:
        """The words in which an argument (of `ARGUMENTS`) is to be looked for: its own where a model told them
        apart, else the whole text."""
        return self.spoken.get(argument) or self.text


Answers = Callable[[Turn, Asked, Desk], Awaitable[Reply]]
Presses = Callable[[Turn, Desk], Awaitable[Reply]]
About = Callable[[Turn, str, Desk], Awaitable[Reply | None]]
Means = Callable[[str, Desk], Awaitable[bool]]
Owns = Callable[[AsyncSession, str, str], Awaitable[bool]]
Amends = Callable[[Turn, Desk, ActRow, Correction], Awaitable[Reply]]


class Risk(Enum):
    """What words to a handler may set going: nothing, something that others notice, or something that stops
    people's work or opens production, which takes more than a likely reading."""

    LOOKS = "looks"
    ACTS = "acts"
    DANGEROUS = "dangerous"


class Group(StrEnum):
    """What a request is for, as `help` sorts them."""

    PLAN = "Plan and build"
    SEE = "See where things stand"
    DECIDE = "Decide, and see what was decided"
    STOP = "Stop, change and hurry things"
    CHECK = "Check and prove"
    US = "You and me"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One thing that people can ask for. By itself it is understood and not there yet; a `Handler` answers it.

    `name` is that of its folder, `purpose` what it is for in people's words, `example` how somebody may say it.
    `permission` says who may ask, in words and by its buttons. `arguments` are the words of a message that it
    reads apart from the rest (of `recognition.ARGUMENTS`).
    """

    name: str
    purpose: str
    example: str
    group: Group
    permission: Permission
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Handler(Request):
    """A request with its answer: `answer` answers words, `presses` answer buttons, by verb.

    `risk` says what its words may change, `moods` in which moods they order it: a request, and for a few
    whatever people say in its stead ("when SSO is done, tell me" is a condition; what is told is feedback).
    `look` answers words in which nothing is ordered; without one, `answer` runs with a desk that lets nothing
    be changed, and what it would have done becomes a button. `amend` corrects what this person last did by
    this request: an act that was noted, or an action of one of the types `corrects`. `means` tells whether
    words mean this request whatever they sound like, for they name what it keeps. `about` answers questions
    about the card that the thread is about, if it is one of this request's, from what stands on it. `own` are
    verbs that somebody may press without the permission where the subject is their own, by a person's id and
    the subject.
    """

    answer: Answers
    presses: Mapping[str, Presses] = field(default_factory=dict)
    risk: Risk = Risk.LOOKS
    moods: frozenset[Mood] = frozenset({Mood.REQUEST})
    look: Answers | None = None
    amend: Amends | None = None
    corrects: frozenset[str] = frozenset()
    about: About | None = None
    means: Means | None = None
    own: Mapping[str, Owns] = field(default_factory=dict)


class CannotAnswer(Exception):
    """A request that cannot be met as it stands. The text is the answer: what is missing, and the next step."""

    def reply(self, _request: str, _text: str) -> Reply:
        """The answer to a request (by its name) in these words."""
        return Reply(text=str(self))
