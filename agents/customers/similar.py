"""Requests that ask for the same in other words: words by their stems, parts of words, titles by themselves,
and what one says in its title and the other further on.

The score of two texts is a weighted sum of cosine similarities of TF-IDF vectors (Salton and Buckley, 1988):
stems of the whole with the title counted three times; parts of words (3 to 5 characters) of the beginning,
and of the titles alone; and the stems of each one's title against the other's rest. On public duplicate
reports this finds as much as stems with sentence vectors besides, in a tenth of the time
(`bench/similar_requests.py`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from agents.planning.terms import content_stems

TITLE_TIMES = 3
_OF_PARTS, _OF_TITLE, _ACROSS = 0.5, 0.5, 0.4
_WHOLE = 1.0 + _OF_PARTS + _OF_TITLE
"""What two equal titles without more come to."""

_LONGEST, _BEGINNING = 20_000, 500
"""Characters of a text that are compared, and of its rest by parts of words."""

_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Described:
    """Something that was asked for: a title, and what more is known of it."""

    title: str
    body: str = ""


@dataclass(frozen=True, slots=True)
class Near:
    """One of the texts by its place, and how much it says the same, 0 to 1."""

    place: int
    likeness: float


class SimilarTexts:
    """Texts that can be asked for those most like another. Building takes a second for 1,000 long ones; asking,
    some milliseconds among 10,000: both belong into a thread."""

    def __init__(self, texts: Sequence[Described]) -> None:
        import numpy as np
        from sklearn.feature_extraction.text import TfidfVectorizer

        self.texts = tuple(texts)
        parts: dict[str, Any] = {"analyzer": "char_wb", "ngram_range": (3, 5), "dtype": np.float32}
        self._stems = TfidfVectorizer(analyzer=_as_they_are, sublinear_tf=True)
        self._parts = TfidfVectorizer(sublinear_tf=True, **parts)
        self._titles_parts = TfidfVectorizer(sublinear_tf=True, **parts)
        titles, bodies = [stems(one.title) for one in texts], [stems(one.body) for one in texts]
        self._whole = self._stems.fit_transform(
            [TITLE_TIMES * title + body for title, body in zip(titles, bodies, strict=True)]
        )
        self._title, self._body = self._stems.transform(titles), self._stems.transform(bodies)
        self._beginnings = self._parts.fit_transform([_beginning(one) for one in texts])
        self._short = self._titles_parts.fit_transform([_title(one) for one in texts])

    def likeness(self, asked: Described) -> Any:
        """How much each text says the same, in their order; an array, 0 to 1."""
        import numpy as np

        title, body = stems(asked.title), stems(asked.body)
        scores = _product(self._whole, self._stems, TITLE_TIMES * title + body)
        scores += _OF_PARTS * _product(self._beginnings, self._parts, _beginning(asked))
        scores += _OF_TITLE * _product(self._short, self._titles_parts, _title(asked))
        scores += _ACROSS * _product(self._body, self._stems, title)
        scores += _ACROSS * _product(self._title, self._stems, body)
        return np.minimum(scores / _WHOLE, 1.0)

    def nearest(self, asked: Described, most: int) -> tuple[Near, ...]:
        """At most `most` of the texts, most similar first; of equals the earlier one."""
        import numpy as np

        scores = self.likeness(asked)
        first = np.argsort(-scores, kind="stable")[:most]
        return tuple(Near(int(place), float(scores[place])) for place in first if scores[place] > 0)


@lru_cache(maxsize=4)
def index_of(texts: tuple[Described, ...]) -> SimilarTexts:
    """The index of these texts, kept for as long as they stay the same. CPU-bound: call it from a thread."""
    return SimilarTexts(texts)


def stems(text: str) -> list[str]:
    """The stems of a text as often as they stand there; joined words ("sign in") count as one. A text of
    nothing but filling words has one that no other text is told by."""
    found = [stem for word in _WORD.findall(text[:_LONGEST]) for stem in content_stems(word)]
    joined = [one for one in sorted(content_stems(text[:_LONGEST])) if one not in set(found)]
    return found + joined or ["-"]


def _product(vectors: Any, made: Any, asked: Any) -> Any:
    """Cosine similarities, as a dense vector: with a sparse one every stored value is looked up in it."""
    return vectors @ made.transform([asked]).toarray().ravel()


def _as_they_are(stemmed: list[str]) -> list[str]:
    return stemmed


def _beginning(one: Described) -> str:
    return f"{(one.title[:_LONGEST] + ' ') * TITLE_TIMES}{one.body[:_BEGINNING]}"


def _title(one: Described) -> str:
    return one.title[:_LONGEST]
