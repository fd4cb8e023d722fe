"""The embedded recogniser: which request a message means, and in which mood, worked out on this machine."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from handlers.language import stored_weights
from handlers.language.classifier import Classifier, fit
from handlers.language.command import read_command, without_prefix
from handlers.language.embedding import embed, embed_known
from handlers.language.encoder import Encoder, Heads, read_encoder
from handlers.language.mood import ORDERING, Mood
from handlers.language.recognition import Recognition
from handlers.language.utterances import NONE, read_utterances
from handlers.worlds import request_names

MOST_CHARACTERS = 600
"""Of a longer message the beginning is read: what is wanted is said there, and time stays bounded."""

_NEAREST = 3


@dataclass(frozen=True, slots=True)
class Recogniser:
    """Says what a message means. Safe to use from several threads at once.

    `encoder` and `heads` were trained on the catalogue; `added` knows requests that came later, by their
    utterances alone, and is asked only where there are such.
    """

    encoder: Encoder
    heads: Heads
    added: Classifier | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def load(cls, folder: Path) -> Recogniser:
        """The recogniser of the catalogue. What it learns of added requests is kept in `folder`.

        Reading takes a second: call it in a thread. Raises UtterancesIncomplete, and OSError if `folder`
        cannot be written.
        """
        heads = _heads()
        added = _learn(folder) if request_names() - set(heads.names.classes) else None
        return cls(_encoder(), heads, added)

    def warm(self) -> None:
        """Run the model once now, so that the first message does not wait for it."""
        self.encoder.encode("warm")

    async def recognise(self, text: str) -> Recognition:
        """As `recognise_all` for one text, off the event loop."""
        return (await asyncio.to_thread(self.recognise_all, [text]))[0]

    def recognise_all(self, texts: Sequence[str]) -> list[Recognition]:
        """What each text means. A typed command has confidence 1; a text without a word means nothing."""
        return [self._recognise(text) for text in texts]

    def _recognise(self, text: str) -> Recognition:
        command = read_command(text)
        if command is not None:
            return Recognition(command.name, 1.0, ((command.name, 1.0),), Mood.REQUEST, 1.0)
        speech = " ".join(without_prefix(text[: 2 * MOST_CHARACTERS]).split())[:MOST_CHARACTERS]
        if not any(character.isalpha() for character in speech):
            return Recognition(None, 1.0, (), Mood.SMALL_TALK, 0.0)
        with self._lock:
            vector = self.encoder.encode(speech)
        moods = dict(
            zip(self.heads.moods.classes, self.heads.moods.probabilities(vector).tolist(), strict=True)
        )
        mood, ordered = Mood(max(moods, key=moods.__getitem__)), sum(moods[one] for one in ORDERING)
        names = dict(
            zip(self.heads.names.classes, self.heads.names.probabilities(vector).tolist(), strict=True)
        )
        ranked = sorted(self._with_added(names, speech).items(), key=lambda pair: -pair[1])
        nearest = tuple(pair for pair in ranked if pair[0] != NONE)[:_NEAREST]
        name, confidence = ranked[0]
        if name != NONE and confidence >= self.heads.threshold:
            return Recognition(name, confidence, nearest, mood, ordered)
        return Recognition(None, 1 - nearest[0][1], nearest, mood, ordered)

    def _with_added(self, names: dict[str, float], speech: str) -> dict[str, float]:
        """The probabilities with those of added requests, which take theirs from all others."""
        if self.added is None:
            return names
        row = self.added.probabilities([speech], embed)[0]
        late = {name: p for name, p in zip(self.added.names, row.tolist(), strict=True) if name not in names}
        left = 1 - sum(late.values())
        return {name: p * left for name, p in names.items()} | late


@cache
def _heads() -> Heads:
    return Heads.read()


@cache
def _encoder() -> Encoder:
    return read_encoder()


def _learn(folder: Path) -> Classifier:
    utterances = read_utterances()
    key = stored_weights.key_of(utterances)
    stored = stored_weights.read(folder, key)
    if stored is None:
        stored = fit([(name, text) for name, lines in utterances.items() for text in lines], embed_known)
        stored_weights.write(folder, key, stored)
    return stored
