"""What a recogniser answers, and what every recogniser is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from handlers.language.mood import Mood

ARGUMENTS = ("what", "who", "when", "amount", "why")
"""What a request may say, each in its own words."""


@dataclass(frozen=True, slots=True)
class Recognition:
    """Which catalogue name a message means, and what the message does with it.

    `name` is None when nothing in the catalogue is meant or it is too unsure to act on. `confidence`
    in [0, 1] is how sure the recogniser is of `name` (of "none" when `name` is None). `nearest` are
    the three likeliest names with their probabilities, best first: what "did you mean" offers.
    `mood` is the likeliest mood, `ordered` the probability that something is asked to be done at all.
    `spoken` are the words for single arguments (`ARGUMENTS`) where a model told them apart; they are read like
    any others.
    """

    name: str | None
    confidence: float
    nearest: tuple[tuple[str, float], ...]
    mood: Mood
    ordered: float
    spoken: Mapping[str, str] = field(default_factory=dict)


class Recognises(Protocol):
    """Anything that can tell what a message means: the embedded recogniser, or a model behind an API."""

    async def recognise(self, text: str) -> Recognition:
        """What `text` means. Never raises for any text, however odd."""
