"""What the recogniser made of a message, overheard on its way to the router."""

from __future__ import annotations

from pathlib import Path

from handlers.language.recogniser import Recogniser
from handlers.language.recognition import Recognition


class Listening:
    """The embedded recogniser, which keeps what it answered: the nearest names are in no answer of the
    router's. The same words are worked out once."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._recogniser = Recogniser.load(folder)
        self._known: dict[str, Recognition] = {}
        self._asked: list[Recognition] = []

    async def recognise(self, text: str) -> Recognition:
        """See Recognises.recognise."""
        if text not in self._known:
            self._known[text] = self._recogniser.recognise_all([text])[0]
        self._asked.append(self._known[text])
        return self._known[text]

    def begin(self, text: str) -> None:
        """Nothing is worked out ahead."""

    def take(self) -> tuple[Recognition, ...]:
        """What was answered since the last time, in order."""
        asked, self._asked = tuple(self._asked), []
        return asked
