"""Word and character n-grams of a message: the surface half of what the recogniser looks at."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

_WORD = re.compile(r"[\w']+")
_CHARACTER_SIZES = (2, 3, 4)

# What a slot looks like says what kind of request it is; its exact value does not.
_SHAPES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\bprd[-_ ]?[\w-]*\d[\w-]*", re.IGNORECASE), " shapeprd "),
    (re.compile(r"\bcve-\d{4}-\d+\b", re.IGNORECASE), " shapecve "),
    (re.compile(r"\b[a-z]{2,6}-\d+\b", re.IGNORECASE), " shapeticket "),
    (re.compile(r"\bv?\d+\.\d+(\.\d+)*\b", re.IGNORECASE), " shapeversion "),
    (re.compile(r"\bp[0-3]\b", re.IGNORECASE), " shapepriority "),
    (re.compile(r"\b(q[1-4]|h[12])\b( ?20\d\d)?", re.IGNORECASE), " shapequarter "),
    (re.compile(r"[$€£] ?\d[\d,.]*k?\b", re.IGNORECASE), " shapemoney "),
    (re.compile(r"\b\d+\b"), " shapenumber "),
)


@dataclass(frozen=True, slots=True)
class Features:
    """Counts of word n-grams and of character n-grams of one message."""

    words: Mapping[str, int]
    characters: Mapping[str, int]


def features(text: str) -> Features:
    """Word uni- and bigrams, and character 2- to 4-grams within words, slots replaced by their shape."""
    shaped = text.lower()
    for pattern, shape in _SHAPES:
        shaped = pattern.sub(shape, shaped)
    words = _WORD.findall(shaped)
    pairs = [f"{first} {second}" for first, second in pairwise(words)]
    characters = (gram for word in words for gram in _within(f" {word} "))
    return Features(Counter(words + pairs), Counter(characters))


def _within(word: str) -> Iterable[str]:
    for size in _CHARACTER_SIZES:
        yield from (word[at : at + size] for at in range(max(1, len(word) - size + 1)))


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """N-grams with their index and inverse document frequency: words first, then characters."""

    words: Mapping[str, int]
    characters: Mapping[str, int]
    idf: Sequence[float]

    def vector(self, found: Features) -> dict[int, float]:
        """TF-IDF by index (sublinear tf); the word part and the character part each have length 1."""
        return self._part(found.words, self.words) | self._part(found.characters, self.characters)

    def _part(self, counts: Mapping[str, int], index: Mapping[str, int]) -> dict[int, float]:
        weights = {
            index[gram]: (1 + math.log(count)) * self.idf[index[gram]]
            for gram, count in counts.items()
            if gram in index
        }
        length = math.sqrt(sum(value * value for value in weights.values()))
        return {at: value / length for at, value in weights.items()}


def learn_vocabulary(documents: Sequence[Features]) -> Vocabulary:
    """Every word n-gram, and every character n-gram that occurs in two messages or more.

    The inverse document frequency is smoothed: ln((1 + n) / (1 + df)) + 1.
    """
    words = Counter(gram for document in documents for gram in document.words)
    characters = Counter(gram for document in documents for gram in document.characters)
    characters = Counter({gram: count for gram, count in characters.items() if count > 1})
    word_index = {gram: at for at, gram in enumerate(sorted(words))}
    character_index = {gram: at + len(word_index) for at, gram in enumerate(sorted(characters))}
    frequencies = [words[gram] for gram in word_index] + [characters[gram] for gram in character_index]
    idf = tuple(math.log((1 + len(documents)) / (1 + frequency)) + 1 for frequency in frequencies)
    return Vocabulary(word_index, character_index, idf)
