"""What the recogniser learns from: sample utterances of each request, and lines of chat with their moods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from handlers.catalogue import NAMES
from handlers.language.mood import Mood

FOLDER = Path(__file__).resolve().parent.parent / "utterances"
LINES = Path(__file__).resolve().parent / "lines"
NONE = "none"

_ASIDE = 10
"""Every tenth line of a hand is kept aside: thresholds are set on these, and they judge what is learnt."""

LEARNT_WHOLE = frozenset({"chat", "second_look"})
"""Files of which no line is kept aside: their writers had seen what they were to mend."""

_MOODS: Mapping[str, Mood] = {
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


class UtterancesIncomplete(LookupError):
    """A catalogue name without sample utterances, or a file of utterances for no catalogue name."""


@dataclass(frozen=True, slots=True)
class Line:
    """One message with the name of what it is about, and its mood where that was noted."""

    text: str
    name: str
    mood: Mood | None


def read_utterances(folder: Path = FOLDER) -> Mapping[str, tuple[str, ...]]:
    """Utterances by name, `none` for what is outside the catalogue. One a line; empty lines do not count.

    Raises UtterancesIncomplete if the files are not exactly the catalogue's names and `none`.
    """
    found = {
        file.stem: tuple(line.strip() for line in file.read_text("utf-8").splitlines() if line.strip())
        for file in sorted(folder.glob("*.txt"))
    }
    expected = NAMES | {NONE}
    if odd := expected.symmetric_difference(name for name, lines in found.items() if lines):
        raise UtterancesIncomplete(f"utterances and catalogue differ in {', '.join(sorted(odd))}")
    return found


def read_lines(folder: Path = LINES) -> tuple[Sequence[Line], Sequence[Line]]:
    """The lines to learn from, and those that are kept aside, of every hand (a file each).

    `# name` heads what is about one request; below it a letter for the mood, a space, the message. Raises
    UtterancesIncomplete for a name that the catalogue does not have.
    """
    learnt: list[Line] = []
    aside: list[Line] = []
    for file in sorted(folder.glob("*.txt")):
        for number, line in enumerate(read_hand(file)):
            is_aside = number % _ASIDE == _ASIDE - 1 and file.stem not in LEARNT_WHOLE
            (aside if is_aside else learnt).append(line)
    return learnt, aside


def read_hand(file: Path) -> list[Line]:
    """The lines of one file, in their order."""
    found: list[Line] = []
    name = NONE
    for written in file.read_text("utf-8").splitlines():
        if written.startswith("#"):
            name = written[1:].strip()
            if name not in NAMES and name != NONE:
                raise UtterancesIncomplete(f"{file.name}: {name} is nothing in the catalogue")
        elif written.strip():
            found.append(Line(written[2:].strip(), name, _MOODS[written[0]]))
    return found
