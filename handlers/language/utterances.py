"""The sample utterances, one file a catalogue name, that the embedded recogniser learns from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from handlers.catalogue import NAMES

FOLDER = Path(__file__).resolve().parent.parent / "utterances"
NONE = "none"


class UtterancesIncomplete(LookupError):
    """A catalogue name without sample utterances, or a file of utterances for no catalogue name."""


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
