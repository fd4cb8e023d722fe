"""Lines of the product's own that are kept aside from what it learns: every tenth message of each hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.conversations.data import NOTHING, DataError
from bench.conversations.heard import Listening
from handlers.language.mood import Mood
from handlers.language.utterances import LEARNT_WHOLE
from handlers.worlds import request_names

LETTERS: Mapping[str, Mood] = {
    "r": Mood.REQUEST,
    "q": Mood.QUESTION,
    "n": Mood.NEGATION,
    "p": Mood.REPORT,
    "c": Mood.CONDITION,
    "k": Mood.QUOTATION,
    "w": Mood.WISH,
    "x": Mood.CORRECTION,
    "s": Mood.SMALL_TALK,
    "o": Mood.OTHER,
}
"""How the files write moods down."""

_EVERY = 10


@dataclass(frozen=True)
class Line:
    """A message that one hand wrote, under a name of the catalogue or NOTHING."""

    hand: str
    name: str
    mood: Mood
    text: str


@dataclass(frozen=True)
class Scores:
    """Shares of lines of which the name, one of the three nearest names, and the mood are right."""

    lines: int
    intent: float
    nearest3: float
    mood: float

    def shares(self) -> Mapping[str, float]:
        """The shares by their names."""
        return {"intent": self.intent, "nearest3": self.nearest3, "mood": self.mood}


def read_lines(folder: Path) -> Mapping[str, tuple[Line, ...]]:
    """Every message by the hand that wrote it, in the order of its file. Raises DataError, OSError."""
    files = sorted(folder.glob("*.txt"))
    if not files:
        raise DataError(f"{folder}: there are no lines")
    return {file.stem: tuple(_read(file)) for file in files if file.stem not in LEARNT_WHOLE}


def _read(file: Path) -> Iterator[Line]:
    name = ""
    for number, line in enumerate(file.read_text("utf-8").splitlines(), 1):
        if line.startswith("# "):
            name = line[2:].strip()
            if name != NOTHING and name not in request_names():
                raise DataError(f"{file.name}, line {number}: {name!r} is no name of the catalogue")
        elif line.strip():
            letter, _, text = line.strip().partition(" ")
            if letter not in LETTERS or not name or not text:
                raise DataError(f"{file.name}, line {number}: a mood's letter and a text are wanted")
            yield Line(file.stem, name, LETTERS[letter], text.strip())


def kept_aside(lines: Mapping[str, Sequence[Line]]) -> tuple[Line, ...]:
    """Every tenth message of each hand."""
    return tuple(line for hand in lines.values() for line in hand[_EVERY - 1 :: _EVERY])


async def score(recogniser: Listening, lines: Sequence[Line]) -> Scores:
    """How well the recogniser alone does on these."""
    named = near = felt = 0
    for line in lines:
        found = await recogniser.recognise(line.text)
        right = (found.name or NOTHING) == line.name
        named += right
        near += right or line.name in [name for name, _ in found.nearest]
        felt += found.mood is line.mood
    count = len(lines)
    return Scores(count, named / count, near / count, felt / count)
