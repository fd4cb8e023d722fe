"""A handler: one thing that people can ask for, as a module of `handlers/` declares it."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cache
from typing import Any

import handlers
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
Amends = Callable[[Turn, Desk, ActRow, Correction], Awaitable[Reply]]


class Risk(Enum):
    """What words to a handler may set going: nothing, something that others notice, or something that stops
    people's work or opens production, which takes more than a likely reading."""

    LOOKS = "looks"
    ACTS = "acts"
    DANGEROUS = "dangerous"


@dataclass(frozen=True, slots=True)
class Handler:
    """`answer` answers words; `presses` answer buttons, by verb. `name` is the catalogue's, and the
    permission that `governance/permissions.py` gives or withholds for both.

    `risk` says what its words may change, `moods` in which moods they order it: a request, and for a few
    whatever people say in its stead ("when SSO is done, tell me" is a condition; what is told is feedback).
    `look` answers words in which nothing is ordered; without one, `answer` runs with a desk that lets nothing
    be changed, and what it would have done becomes a button. `amend` corrects what this person last did by
    this request: an act that was noted, or an action of one of the types `corrects`. `about` answers questions
    about the card that the thread is about, if it is one of this request's, from what stands on it.
    """

    name: str
    answer: Answers
    presses: Mapping[str, Presses] = field(default_factory=dict)
    risk: Risk = Risk.LOOKS
    moods: frozenset[Mood] = frozenset({Mood.REQUEST})
    look: Answers | None = None
    amend: Amends | None = None
    corrects: frozenset[str] = frozenset()
    about: About | None = None


class CannotAnswer(Exception):
    """A request that cannot be met as it stands. The text is the answer: what is missing, and the next step."""

    def reply(self, _request: str, _text: str) -> Reply:
        """The answer to a request (by its name) in these words."""
        return Reply(text=str(self))


@cache
def find_handlers() -> Mapping[str, Handler]:
    """Every handler, by name: each module of `handlers/` that has a `HANDLER`."""
    found: dict[str, Handler] = {}
    for module in pkgutil.iter_modules(handlers.__path__, "handlers."):
        if module.ispkg:
            continue
        declared: Any = getattr(importlib.import_module(module.name), "HANDLER", None)
        if isinstance(declared, Handler):
            found[declared.name] = declared
    return found
