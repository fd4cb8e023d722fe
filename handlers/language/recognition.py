"""What a recogniser answers, and what every recogniser is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Recognition:
    """Which catalogue name a message means.

    `name` is None when nothing in the catalogue is meant or it is too unsure to act on. `confidence`
    in [0, 1] is how sure the recogniser is of `name` (of "none" when `name` is None). `nearest` are
    the three likeliest names with their probabilities, best first: what "did you mean" offers.
    """

    name: str | None
    confidence: float
    nearest: tuple[tuple[str, float], ...]


class Recognises(Protocol):
    """Anything that can tell what a message means: the embedded recogniser, or a model behind an API."""

    async def recognise(self, text: str) -> Recognition:
        """What `text` means. Never raises for any text, however odd."""
