"""Finding by words among things that are few enough to be held in memory: best first, misspellings forgiven."""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import TypeVar

from rapidfuzz import fuzz

MOST_WORDS = 200
"""Words of a text that are looked for; what stands behind them is not."""

_WORD = re.compile(r"[^\W_]+")
_SHORTEST_MISSPELT = 4
_ALIKE = 70.0
T = TypeVar("T")


def words_of(text: str) -> tuple[str, ...]:
    """The words of a text or name, each once, case folded: letters and digits, all else separates."""
    spelt = unicodedata.normalize("NFKC", text).casefold()
    return tuple(dict.fromkeys(_WORD.findall(spelt)))


def asked_words(text: str) -> tuple[str, ...]:
    """The words by which a text asks for a name; two that stand together also count as one ("check out")."""
    said = words_of(text)[:MOST_WORDS]
    return tuple(dict.fromkeys((*said, *(first + second for first, second in pairwise(said)))))


def likeness(one: str, other: str) -> float:
    """How far two words may be the same, in 0 to 1: 1 if they are, 0 if nobody would take one for the other."""
    if one == other:
        return 1.0
    if min(len(one), len(other)) < _SHORTEST_MISSPELT:
        return 0.6 if one.removesuffix("s") == other.removesuffix("s") else 0.0
    if one.startswith(other) or other.startswith(one):
        return max(0.6, min(len(one), len(other)) / max(len(one), len(other)))
    return fuzz.ratio(one, other, score_cutoff=_ALIKE) / 100


def best(text: str, things: Iterable[tuple[T, Sequence[str]]], limit: int) -> list[T]:
    """At most `limit` things that share a word with the text, or one like it, best first; ties in their own
    order.

    Each comes with its names. A rare word tells more than one that many names have, and a name that is said
    whole more than a part of a longer one.
    """
    named = [(thing, [words for name in names if (words := words_of(name))]) for thing, names in things]
    spread = Counter(word for _, names in named for word in {word for name in names for word in name})
    asked = asked_words(text)
    near = {word: max((likeness(one, word) for one in asked), default=0.0) for word in spread}
    telling = {word: near[word] * math.log(1 + len(named) / count) for word, count in spread.items()}

    def score(names: Sequence[Sequence[str]]) -> float:
        return max((sum(telling[word] for word in name) / math.sqrt(len(name)) for name in names), default=0.0)

    scored = [(score(names), thing) for thing, names in named]
    return [thing for found, thing in sorted(scored, key=lambda pair: -pair[0]) if found > 0][:limit]
