"""A statement of a document with what it was read as, and what people or a model say of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from agents.planning.reading.judge import Sense
from agents.planning.reading.units import Unit

Account = Literal[
    "requirement",
    "constraint",
    "later",
    "out of scope",
    "detail",
    "order",
    "question",
    "context",
    "goal",
    "date",
    "not read",
]
"""What became of a statement. `not read` always has a reason."""


ACCOUNTS: Mapping[Sense, Account] = {
    "in": "requirement",
    "constraint": "constraint",
    "later": "later",
    "out": "out of scope",
    "detail": "detail",
}
INTRODUCTION = "it introduces a list"
"""Why a line such as `Not part of it:` is read as it is."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement with what it was read as, and why. `source` are the document's words where its unit has a
    model's English."""

    unit: Unit
    sense: Sense
    account: Account
    why: str
    sureness: float
    told_forbids: bool | None = None
    source: str = ""

    @property
    def key(self) -> str:
        """By which corrections know it: the document's own words, also where a model put them into English."""
        return key_of(self.source or self.unit.text)


BY_MODEL = "read by the model"
"""Who says so where a model read a document in another language."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a person, or a model, says that a statement is. `forbids` is None where they do not say; `words` are
    English for what is in another language; `by` is who says so, for people to read."""

    sense: Sense
    by: str
    forbids: bool | None = None
    words: str = ""


Corrections = Mapping[str, Told]
"""A statement's text, flattened (`key_of`), to what was told of it."""


def corrected(told: Corrections, by_people: Corrections) -> Corrections:
    """What a model says, with what people say of it: theirs is the sense, its English stays."""
    return {
        **told,
        **{
            key: replace(told[key], sense=said.sense, by=said.by) if key in told else said
            for key, said in by_people.items()
        },
    }


def key_of(text: str) -> str:
    """A statement's text as corrections know it: small letters and single spaces."""
    return re.sub(r"\W+", " ", text).strip().lower()
