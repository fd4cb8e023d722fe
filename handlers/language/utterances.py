"""What the recogniser learns from: sample utterances of each request, and lines of chat with their moods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from handlers.language.mood import Mood
from handlers.worlds import request_folders, request_names

OUTSIDE = Path(__file__).resolve().parent / "none.txt"
"""What people say that is outside the catalogue."""
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
    """A request without sample utterances, or lines for a name that no request has."""


@dataclass(frozen=True, slots=True)
class Line:
    """One message with the name of what it is about, and its mood where that was noted."""

    text: str
    name: str
    mood: Mood | None


def read_utterances(folders: Mapping[str, Path] | None = None) -> Mapping[str, tuple[str, ...]]:
    """Utterances by name, `none` for what is outside the catalogue: the `utterances.txt` in the folders of
    requests (by default, of all). One a line; empty lines do not count.

    Raises UtterancesIncomplete if a request has none.
    """
    folders = request_folders() if folders is None else folders
    files = {name: folder / "utterances.txt" for name, folder in folders.items()} | {NONE: OUTSIDE}
    found = {
        name: tuple(line.strip() for line in file.read_text("utf-8").splitlines() if line.strip())
        for name, file in sorted(files.items())
        if file.exists()
    }
    if without := [name for name in files if not found.get(name)]:
        raise UtterancesIncomplete(f"no sample utterances of {', '.join(sorted(without))}")
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
            if name not in request_names() and name != NONE:
                raise UtterancesIncomplete(f"{file.name}: {name} is nothing in the catalogue")
        elif written.strip():
            found.append(Line(written[2:].strip(), name, _MOODS[written[0]]))
    return found
