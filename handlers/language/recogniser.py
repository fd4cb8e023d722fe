"""The embedded recogniser: which catalogue name a message means, worked out on this machine."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from handlers.language import stored_weights
from handlers.language.classifier import Classifier, Fitted, fit
from handlers.language.command import read_command, without_prefix
from handlers.language.embedding import embed
from handlers.language.mood import Mood, cues
from handlers.language.precomputed import embed_known
from handlers.language.recognition import Recognition
from handlers.language.utterances import NONE, read_utterances

MOST_CHARACTERS = 600
"""Of a longer message the beginning is read: what is wanted is said there, and time stays bounded."""

_NEAREST = 3


@dataclass(frozen=True, slots=True)
class Recogniser:
    """Says what a message means. Safe to use from several threads at once.

    A name less probable than `threshold` is not acted on; the three nearest are then offered.
    """

    classifier: Classifier
    threshold: float

    @classmethod
    def load(cls, folder: Path) -> Recogniser:
        """The recogniser of the catalogue's utterances, its weights read from `folder` or fitted and put there.

        Fitting takes seconds and reading a tenth of one: call it in a thread. Raises
        UtterancesIncomplete, and OSError if `folder` cannot be written.
        """
        utterances = read_utterances()
        key = stored_weights.key_of(utterances)
        stored = stored_weights.read(folder, key)
        if stored is not None:
            return cls(*stored)
        fitted = fit([(name, text) for name, lines in utterances.items() for text in lines], embed_known)
        recogniser = cls(fitted.classifier, threshold_of(fitted))
        stored_weights.write(folder, key, recogniser.classifier, recogniser.threshold)
        return recogniser

    def warm(self) -> None:
        """Load the sentence model now, so that the first message does not wait for it."""
        embed(["warm"])

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
        row = self.classifier.probabilities([speech], embed)[0]
        ranked = sorted(zip(self.classifier.names, row.tolist(), strict=True), key=lambda pair: -pair[1])
        nearest = tuple(pair for pair in ranked if pair[0] != NONE)[:_NEAREST]
        name, confidence = ranked[0]
        if name != NONE and confidence >= self.threshold:
            return Recognition(name, confidence, nearest, *self._mood(speech))
        return Recognition(None, 1 - nearest[0][1], nearest, *self._mood(speech))

    def _mood(self, speech: str) -> tuple[Mood, float]:
        found = cues(speech)
        return (min(found), 0.0) if found else (Mood.REQUEST, 1.0)


def threshold_of(fitted: Fitted) -> float:
    """The probability under which answering does more harm than good on the left-out examples.

    Every threshold is scored by right answers less wrong ones (`none` answered is neither; anything
    answered to an out-of-scope example is wrong); the best one counts.
    """
    none = fitted.classifier.names.index(NONE)
    chosen = fitted.unseen.argmax(axis=1)
    answered = chosen != none
    confidence = fitted.unseen.max(axis=1)[answered]
    gain = np.where((chosen == fitted.classes)[answered], 1, -1)
    order = np.argsort(-confidence)
    best = int(np.argmax(np.cumsum(gain[order])))
    return float(confidence[order][best])
