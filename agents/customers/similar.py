"""Requests that ask for the same in other words: words by their stems, parts of words, and titles by
themselves.

The score of two texts is the sum of three cosine similarities of TF-IDF vectors (Salton and Buckley, 1988),
each weighted: stems of the whole with the title counted three times, parts of words (3 to 5 characters) of
the same, and parts of words of the titles alone. Where sentence vectors are at hand, they put the nearest
fifty of these into a better order. On public duplicate reports this finds more than stems alone do
(`bench/similar_requests.py`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from agents.planning.terms import content_stems

Embed = Callable[[Sequence[str]], Any]
"""Sentence vectors, a row each."""

TITLE_TIMES = 3
_OF_PARTS, _OF_TITLE, _OF_MEANING = 0.3, 0.5, 0.3
LOOKED_AT = 50
"""The nearest by words, whose meaning is looked at besides."""

_FIRST = 500
"""Characters of a text whose parts of words are compared."""

_BEGINNING = 80
"""Characters of which a sentence vector is made: what is asked is told first, and more would take longer."""

_LONGEST = 4_000
"""Characters of a text that are compared."""

_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Described:
    """Something that was asked for: a title, and what more is known of it."""

    title: str
    body: str = ""

    @property
    def whole(self) -> str:
        """The title as often as it counts, and the rest."""
        return f"{(self.title[:_LONGEST] + ' ') * TITLE_TIMES}{self.body[:_LONGEST]}"

    @property
    def beginning(self) -> str:
        """What its sentence vector is made of."""
        return f"{self.title}. {self.body}"[:_BEGINNING]


@dataclass(frozen=True, slots=True)
class Near:
    """One of the texts by its place, and how much it says the same, 0 to 1."""

    place: int
    likeness: float


class SimilarTexts:
    """Texts that can be asked for those most like another. Building takes a second for 3,000; asking, some
    milliseconds for 10,000: both belong into a thread."""

    def __init__(self, texts: Sequence[Described]) -> None:
        import numpy as np
        from sklearn.feature_extraction.text import TfidfVectorizer

        self.texts = tuple(texts)
        self._embedded: dict[str, Any] = {}
        parts: dict[str, Any] = {
            "analyzer": "char_wb",
            "ngram_range": (3, 5),
            "sublinear_tf": True,
            "dtype": np.float32,
        }
        self._ways = (
            (1.0, _whole, TfidfVectorizer(analyzer=stems, sublinear_tf=True)),
            (_OF_PARTS, _first, TfidfVectorizer(**parts)),
            (_OF_TITLE, _title, TfidfVectorizer(**parts)),
        )
        self._vectors = [made.fit_transform([of(one) for one in self.texts]) for _, of, made in self._ways]

    def likeness(self, asked: Described) -> Any:
        """How much each text says the same by its words, in their order; an array, 0 to 1."""
        total = sum(weight for weight, _, _ in self._ways)
        scores = 0.0
        for (weight, of, made), vectors in zip(self._ways, self._vectors, strict=True):
            own = made.transform([of(asked)]).toarray().ravel()
            scores = scores + (vectors @ own) * (weight / total)
        return scores

    def nearest(self, asked: Described, most: int, embed: Embed | None = None) -> tuple[Near, ...]:
        """At most `most` of the texts, most similar first; of equals the earlier one. With `embed` what its
        vectors say of the nearest by words counts as well."""
        import numpy as np

        scores = self.likeness(asked)
        first = np.argsort(-scores, kind="stable")[: max(most, LOOKED_AT)]
        first = first[scores[first] > 0]
        if embed is not None and len(first) > 1:
            meant = self._meant(asked, first.tolist(), embed)
            scores[first] = (scores[first] + _OF_MEANING * meant) / (1 + _OF_MEANING)
            first = first[np.argsort(-scores[first], kind="stable")]
        return tuple(Near(int(place), max(0.0, float(scores[place]))) for place in first[:most])

    def forget(self, asked: Described) -> None:
        """Let the sentence vector of a text be made anew: for measuring."""
        self._embedded.pop(asked.beginning, None)

    def _meant(self, asked: Described, places: Sequence[int], embed: Embed) -> Any:
        """How much these texts mean the same: cosine similarities of sentence vectors from which the mean of
        all looked at is taken, for sentences of one trade all point into one direction."""
        import numpy as np

        keys = [self.texts[place].beginning for place in places]
        missing = [key for key in dict.fromkeys((asked.beginning, *keys)) if key not in self._embedded]
        if missing:
            self._embedded |= dict(zip(missing, embed(missing), strict=True))
        rows = np.asarray([self._embedded[key] for key in keys])
        middle = rows.mean(axis=0)
        rows, own = rows - middle, self._embedded[asked.beginning] - middle
        lengths = np.linalg.norm(rows, axis=1) * np.linalg.norm(own)
        return (rows @ own) / np.maximum(lengths, 1e-9)


@lru_cache(maxsize=4)
def index_of(texts: tuple[Described, ...]) -> SimilarTexts:
    """The index of these texts, kept for as long as they stay the same. CPU-bound: call it from a thread."""
    return SimilarTexts(texts)


def _whole(one: Described) -> str:
    return one.whole


def _first(one: Described) -> str:
    return f"{(one.title[:_LONGEST] + ' ') * TITLE_TIMES}{one.body[:_FIRST]}"


def _title(one: Described) -> str:
    return one.title[:_LONGEST] or " "


def stems(text: str) -> list[str]:
    """The stems of a text as often as they stand there; joined words ("sign in") count as one."""
    found = [stem for word in _WORD.findall(text) for stem in content_stems(word)]
    joined = [one for one in content_stems(text) if one not in found]
    return found + joined or ["-"]  # a text of nothing but filling words is like no other
