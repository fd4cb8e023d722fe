"""Reading the data: messages, dialogues and conditions, as their folder's README describes them.

What does not fit the description is a fault of the data and ends the run: a line that is passed over would be
counted as if it had been understood.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from handlers.language.mood import Mood
from handlers.worlds import request_names

NOTHING = "none"
"""The intent of what is nothing that the catalogue has."""

MOODS: Mapping[str, Mood] = {
    "request": Mood.REQUEST,
    "question": Mood.QUESTION,
    "negation": Mood.NEGATION,
    "report": Mood.REPORT,
    "conditional": Mood.CONDITION,
    "quote": Mood.QUOTATION,
    "wish/complaint": Mood.WISH,
    "correction": Mood.CORRECTION,
    "smalltalk": Mood.SMALL_TALK,
    "other": Mood.OTHER,
}
"""The data's names of moods."""

FILES = ("moods.tsv", "moods_extra.tsv", "dialogues.jsonl", "conditions.tsv")


class DataError(ValueError):
    """A file is not as its README says. The text names the file and the line."""


@dataclass(frozen=True)
class Message:
    """One message that stands for itself. `intents` are all that are right, the best first; `before` is what
    its speaker said and had carried out, for a correction."""

    number: int
    text: str
    speaker: str
    mood: Mood
    intents: tuple[str, ...]
    may_act: bool
    before: str

    @property
    def intent(self) -> str:
        """The name that it is about, or NOTHING."""
        return self.intents[0]


@dataclass(frozen=True)
class Expected:
    """What is right at one turn of a dialogue, in people's words but for the intent."""

    intent: str
    acts: str
    answer_must: tuple[str, ...]
    must_not: tuple[str, ...]


@dataclass(frozen=True)
class DialogueTurn:
    """One thing said in a dialogue."""

    speaker: str
    say: str
    expect: Expected


@dataclass(frozen=True)
class Dialogue:
    """A conversation in one thread; `given` says what stands before it."""

    id: str
    speaker: str
    given: str
    turns: tuple[DialogueTurn, ...]


@dataclass(frozen=True)
class WrittenCondition:
    """A condition in somebody's words, and its meaning in the grammar, or None where it is to be asked back."""

    text: str
    meaning: str | None


def read_messages(folder: Path) -> tuple[Message, ...]:
    """The messages of `moods.tsv` with what `moods_extra.tsv` adds. Raises DataError, OSError."""
    extras = dict(_extra(where, columns) for where, columns in _columns(folder / "moods_extra.tsv"))
    messages = []
    for number, (where, columns) in enumerate(_columns(folder / "moods.tsv"), 1):
        if len(columns) != 5:
            raise DataError(f"{where}: five columns are wanted, and there are {len(columns)}")
        text, speaker, mood, intent, may_act = columns
        alike, before = extras.get(number, ((), ""))
        intents = tuple(_intent(where, name) for name in (intent, *alike))
        if mood not in MOODS or may_act not in ("yes", "no"):
            raise DataError(f"{where}: a mood and yes or no are wanted, not {mood!r} and {may_act!r}")
        messages.append(Message(number, text, speaker, MOODS[mood], intents, may_act == "yes", before))
    return tuple(messages)


def _extra(where: str, columns: list[str]) -> tuple[int, tuple[tuple[str, ...], str]]:
    number, _, alike, before = (*columns, "", "", "")[:4]
    if not number.isdigit():
        raise DataError(f"{where}: a line's number is wanted, not {number!r}")
    return int(number), (tuple(alike.replace(",", " ").split()), before)


def read_dialogues(folder: Path) -> tuple[Dialogue, ...]:
    """The dialogues of `dialogues.jsonl`. Raises DataError, OSError."""
    dialogues = []
    for where, line in _lines(folder / "dialogues.jsonl"):
        try:
            dialogues.append(_dialogue(where, json.loads(line)))
        except (json.JSONDecodeError, KeyError, TypeError, AttributeError) as fault:
            raise DataError(f"{where}: this is no dialogue ({fault!r})") from fault
    return tuple(dialogues)


def _dialogue(where: str, read: Mapping[str, Any]) -> Dialogue:
    turns = tuple(_turn(where, turn, read["speaker"]) for turn in read["turns"])
    if not turns:
        raise DataError(f"{where}: a dialogue has turns")
    return Dialogue(read["id"], read["speaker"], read.get("given", ""), turns)


def _turn(where: str, read: Mapping[str, Any], speaker: str) -> DialogueTurn:
    expect = read["expect"]
    expected = Expected(
        _intent(where, expect["intent"]),
        expect["acts"],
        tuple(expect.get("answer_must", ())),
        tuple(expect.get("must_not", ())),
    )
    return DialogueTurn(read.get("speaker") or speaker, read["say"], expected)


def read_conditions(folder: Path) -> tuple[WrittenCondition, ...]:
    """The conditions of `conditions.tsv`. Raises DataError, OSError."""
    conditions = []
    for where, columns in _columns(folder / "conditions.tsv", comments=True):
        if len(columns) != 2:
            raise DataError(f"{where}: two columns are wanted, and there are {len(columns)}")
        text, meaning = columns
        conditions.append(WrittenCondition(text, None if meaning == "ask_back" else meaning))
    return tuple(conditions)


def _intent(where: str, name: str) -> str:
    if name != NOTHING and name not in request_names():
        raise DataError(f"{where}: {name!r} is no name of the catalogue")
    return name


def _columns(path: Path, *, comments: bool = False) -> Iterator[tuple[str, list[str]]]:
    for where, line in _lines(path):
        if not (comments and line.startswith("#")):
            yield where, [column.strip() for column in line.split("\t")]


def _lines(path: Path) -> Iterator[tuple[str, str]]:
    for number, line in enumerate(path.read_text("utf-8").split("\n"), 1):
        if line.strip():
            yield f"{path.name}, line {number}", line.rstrip("\r")
